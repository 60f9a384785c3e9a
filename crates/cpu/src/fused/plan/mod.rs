//! Which equations run as one kernel.
//!
//! Equations are taken in order. An elementwise one joins the open group of its size, a reduction that
//! of its operand's size; a group is closed, and runs, right before the first equation outside of it
//! that reads one of its values. So members need not be neighbours, as in a step of an optimiser that
//! is written tree by tree.
//!
//! A group has *full* values, one element a place, and after a reduction along the trailing axes *row*
//! values, one element a row, which may spread over the rows again: softmax is one group. A reduction
//! along other axes (*column*) ends a group: its result is read outside only.
//!
//! What only rearranges is a [`View`] and is computed where something else than a kernel reads it.
//!
//! Here are groups and the walk over the equations. [`rearrange`] makes views and the arrays behind them,
//! [`join`] takes elementwise equations into groups, [`reduce`] reductions; [`lines`] says how a view
//! lies along the lines of a group. Then [`recompute`](mod@recompute) lets groups compute again what others would have to
//! write for them, [`draw`](mod@draw) lets them draw the random bits that nothing else reads, [`epilogue`]
//! puts groups behind the products whose results they read, and [`indices`](mod@indices) those within gathers and
//! scatters that compute their indices.

mod draw;
mod epilogue;
mod indices;
mod join;
mod lines;
mod rearrange;
mod recompute;
mod reduce;

use super::view::{Dims, View};
pub(super) use lines::with_line;
use pullback_ir::{Atom, DType, Jaxpr, Lit, Value, Var};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A step of the plan.
#[derive(Debug)]
pub(crate) enum Node {
    /// One equation, by its position.
    One(usize),
    Group(Group),
}

/// What a member gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Level {
    Full,
    Row,
    /// A reduction of full values to row values.
    RowFold,
    /// A reduction of full values along leading axes.
    ColFold,
}

/// An equation of a group.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) eqn: usize,
    pub(super) level: Level,
    /// What it reads: values of the group by their variable, other arrays as views.
    pub(super) operands: SmallVec<[Operand; 3]>,
    /// Another group gives this value to who reads it; here it is computed again.
    pub(super) again: bool,
}

impl Member {
    /// The variable that it gives.
    pub(super) fn out(&self, jaxpr: &Jaxpr) -> Var {
        Var(jaxpr.eqns()[self.eqn].first_out)
    }
}

/// Equations that run as one kernel.
#[derive(Debug)]
pub(crate) struct Group {
    pub(super) members: Vec<Member>,
    /// Elements of full values.
    pub(super) n: usize,
    /// Dimensions of the places, as fine as all members need.
    pub(super) dims: Dims,
    /// Elements of a line that is reduced.
    pub(super) line: Option<usize>,
    /// For column reductions: what stays outside, what goes, what stays inside.
    pub(super) columns: Option<[usize; 3]>,
    /// The product on whose parts the group works.
    pub(crate) behind: Option<Behind>,
    /// The gather or scatter whose indices the group computes.
    pub(crate) within: Option<Box<Windows>>,
    views: Vec<View>,
    /// Random bits that are no array: lines draw what they read.
    drawn: Vec<Drawn>,
}

/// Random bits of a group.
#[derive(Debug)]
struct Drawn {
    eqn: usize,
    bits: Var,
    key: Var,
}

/// A product whose value one group alone reads, which works on each part of it as soon as that is finished.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behind {
    /// The equation, by its position.
    pub(crate) eqn: usize,
    /// Its value.
    pub(crate) value: Var,
    /// Columns of the product, which are a line of the group.
    pub(super) cols: usize,
}

/// A gather or scatter whose indices nobody else reads.
#[derive(Debug)]
pub(crate) struct Windows {
    /// The equation, by its position, and the one that shapes the indices for it.
    pub(crate) eqn: usize,
    pub(crate) reshape: Option<usize>,
    /// The group's value.
    pub(crate) indices: Var,
}

/// What is known of a variable.
#[derive(Clone, Debug)]
enum Place {
    /// An array, now or when its group has run.
    Array,
    /// Not computed unless it is asked for.
    View(Box<View>),
    /// A value of the group of this number.
    Full(u32),
    Row(u32),
    Column(u32),
}

/// An operand of a member.
#[derive(Clone, Debug)]
pub(super) enum Operand {
    Lit(Lit),
    /// A value of the same group.
    Inner(Var),
    /// An array that is there when the group runs.
    View(View),
}

/// The steps of a program, and arrays that it needs beside its inputs.
pub(crate) struct Plan {
    pub(crate) nodes: Vec<Node>,
    /// Arrays behind variables from `jaxpr.n_vars()` on.
    pub(crate) constants: Vec<Value>,
}

impl Group {
    /// The arrays from outside that the group reads, its product among them, keys instead of what is drawn
    /// from them.
    pub(crate) fn reads(&self) -> impl Iterator<Item = Var> {
        let operands = self.members.iter().flat_map(|m| &m.operands);
        let bases = operands
            .filter_map(|o| if let Operand::View(view) = o { view.base.var() } else { None });
        bases.map(|v| self.key_of(v).unwrap_or(v))
    }

    /// The key of random bits that the group draws.
    pub(super) fn key_of(&self, bits: Var) -> Option<Var> {
        self.drawn.iter().find(|d| d.bits == bits).map(|d| d.key)
    }

    /// What the product or the windows that it belongs to read besides.
    pub(crate) fn others<'a>(&self, jaxpr: &'a Jaxpr) -> impl Iterator<Item = Var> + use<'a> {
        let product = self.behind.map(|b| &jaxpr.eqns()[b.eqn].inputs[..]);
        let windows = self.within.as_ref().map(|w| &jaxpr.eqns()[w.eqn].inputs);
        let windows = windows.into_iter().flat_map(|inputs| inputs[..1].iter().chain(&inputs[2..]));
        product.into_iter().flatten().chain(windows).filter_map(|a| a.var())
    }

    /// The equations, by their position.
    pub(crate) fn eqns(&self) -> impl Iterator<Item = usize> {
        self.drawn.iter().map(|d| d.eqn).chain(self.members.iter().map(|m| m.eqn))
    }

    /// True if a view can be read along the group's lines.
    fn reads_along(&self, view: &View, shape: &[usize]) -> bool {
        lines::readable_by(view, shape, self.line, self.columns)
    }
}

struct Planner<'a> {
    jaxpr: &'a Jaxpr,
    places: Vec<Place>,
    /// The equation of each view that is not an array yet.
    made_by: FxHashMap<Var, usize>,
    open: FxHashMap<u32, Group>,
    /// The open group for full values of each size.
    by_size: FxHashMap<usize, u32>,
    n_groups: u32,
    nodes: Vec<Node>,
    constants: Vec<Value>,
    iotas: FxHashMap<(DType, usize), Var>,
}

impl Plan {
    pub(crate) fn new(jaxpr: &Jaxpr) -> Plan {
        let mut p = Planner {
            jaxpr,
            places: vec![Place::Array; jaxpr.n_vars()],
            made_by: FxHashMap::default(),
            open: FxHashMap::default(),
            by_size: FxHashMap::default(),
            n_groups: 0,
            nodes: Vec::new(),
            constants: Vec::new(),
            iotas: FxHashMap::default(),
        };
        for i in 0..jaxpr.eqns().len() {
            p.equation(i);
        }
        let outs: Vec<Var> = jaxpr.outs().iter().filter_map(|a| a.var()).collect();
        outs.into_iter().for_each(|v| p.array(v));
        let mut rest: Vec<u32> = p.open.keys().copied().collect();
        rest.sort_unstable();
        rest.into_iter().for_each(|g| p.close(g));
        recompute::recompute(jaxpr, &mut p.nodes);
        draw::draw(jaxpr, &mut p.nodes);
        epilogue::epilogues(jaxpr, &mut p.nodes);
        indices::indices(jaxpr, &mut p.nodes);
        Plan { nodes: p.nodes, constants: p.constants }
    }
}

impl Planner<'_> {
    fn shape(&self, atom: Atom) -> &[usize] {
        match atom {
            Atom::Lit(_) => &[],
            Atom::Var(v) => self.jaxpr.types()[v.index()].shape(),
        }
    }

    fn equation(&mut self, i: usize) {
        let jaxpr = self.jaxpr;
        let eqn = &jaxpr.eqns()[i];
        if self.arranges(i, eqn) || self.reduces(i, eqn) || self.elementwise(i, eqn) {
            return;
        }
        for v in eqn.inputs.iter().filter_map(|a| a.var()) {
            self.array(v);
        }
        self.nodes.push(Node::One(i));
    }

    /// The view that an operand is; of its own variable where it is no other.
    fn view(&self, atom: Atom) -> View {
        match atom {
            Atom::Var(v) => match &self.places[v.index()] {
                Place::View(view) => (**view).clone(),
                _ => View::of(atom, self.shape(atom)),
            },
            Atom::Lit(_) => View::of(atom, &[]),
        }
    }

    /// The open group that gives the array behind a view, and its level there.
    fn giver(&self, view: &View) -> Option<(u32, Level)> {
        let (group, level) = match self.places.get(view.base.var()?.index())? {
            Place::Full(g) => (*g, Level::Full),
            Place::Row(g) => (*g, Level::Row),
            Place::Column(g) => (*g, Level::ColFold),
            Place::Array | Place::View(_) => return None,
        };
        self.open.contains_key(&group).then_some((group, level))
    }

    fn close(&mut self, g: u32) {
        if let Some(group) = self.open.remove(&g) {
            if self.by_size.get(&group.n) == Some(&g) {
                self.by_size.remove(&group.n);
            }
            self.nodes.push(Node::Group(group));
        }
    }

    fn close_size(&mut self, n: usize) {
        if let Some(&g) = self.by_size.get(&n) {
            self.close(g);
        }
    }

    /// The open group for full values of a shape, or a new one.
    fn group_for(&mut self, n: usize, dims: Dims) -> u32 {
        if let Some(&g) = self.by_size.get(&n) {
            return g;
        }
        let g = self.n_groups;
        self.n_groups += 1;
        let group = Group {
            members: Vec::new(),
            n,
            dims,
            line: None,
            columns: None,
            behind: None,
            within: None,
            views: Vec::new(),
            drawn: Vec::new(),
        };
        self.open.insert(g, group);
        self.by_size.insert(n, g);
        g
    }
}

/// The node that reads each variable, if there is but one and the caller does not.
fn readers(jaxpr: &Jaxpr, nodes: &[Node]) -> FxHashMap<Var, Option<usize>> {
    let mut readers: FxHashMap<Var, Option<usize>> = FxHashMap::default();
    let mut read = |v: Var, at: usize| {
        let known = readers.entry(v).or_insert(Some(at));
        if *known != Some(at) {
            *known = None;
        }
    };
    for (at, node) in nodes.iter().enumerate() {
        match node {
            Node::One(i) => {
                jaxpr.eqns()[*i].inputs.iter().filter_map(|a| a.var()).for_each(|v| read(v, at));
            }
            Node::Group(group) => {
                let others = group.others(jaxpr);
                group.reads().chain(others).for_each(|v| read(v, at));
            }
        }
    }
    for v in jaxpr.outs().iter().filter_map(|a| a.var()) {
        readers.insert(v, None);
    }
    readers
}
