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

use super::emit;
use super::view::{Dims, View, refine};
use pullback_ir::prim::Prim;
use pullback_ir::shape::numel;
use pullback_ir::{Atom, DType, Eqn, Jaxpr, Lit, Type, Value, Var};
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
    views: Vec<View>,
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

/// Views that a group reads at most, so that their lines stay in the first-level cache.
const MOST_VIEWS: usize = 20;

/// Members of a group at most, so that code stays small.
const MOST_MEMBERS: usize = 160;

/// Counting vectors up to this length are kept with the program.
const LONGEST_IOTA: usize = 1 << 16;

impl Group {
    /// The arrays from outside that the group reads.
    pub(crate) fn reads(&self) -> impl Iterator<Item = Var> {
        let operands = self.members.iter().flat_map(|m| &m.operands);
        operands.filter_map(|o| if let Operand::View(view) = o { view.base.var() } else { None })
    }

    /// The equations, by their position.
    pub(crate) fn eqns(&self) -> impl Iterator<Item = usize> {
        self.members.iter().map(|m| m.eqn)
    }

    /// The elements of a line where reductions fix them.
    fn inner(&self) -> Option<usize> {
        self.line.or(self.columns.map(|c| c[2]))
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
        Plan { nodes: p.nodes, constants: p.constants }
    }
}

/// How a reduction lies in its operand.
enum Reduction {
    /// Of lines of this many elements.
    Lines(usize),
    Columns([usize; 3]),
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

    /// Equations that only rearrange.
    fn arranges(&mut self, i: usize, eqn: &Eqn) -> bool {
        if eqn.n_outs != 1 {
            return false;
        }
        let out = Var(eqn.first_out);
        let Type::Array { shape, .. } = &self.jaxpr.types()[out.index()] else { return false };
        if numel(shape) == 0 {
            return false;
        }
        let view = match &eqn.prim {
            Prim::Iota(p) if p.shape[p.dimension] <= LONGEST_IOTA => Some(self.counted(p)),
            Prim::BroadcastInDim(_) | Prim::Reshape(_) | Prim::Transpose(_) | Prim::Slice(_) => {
                self.view(eqn.inputs[0]).through(&eqn.prim, shape)
            }
            _ => None,
        };
        let Some(view) = view else { return false };
        self.places[out.index()] = Place::View(Box::new(view));
        self.made_by.insert(out, i);
        true
    }

    fn counted(&mut self, p: &pullback_ir::prim::iota::Iota) -> View {
        let n = p.shape[p.dimension];
        let next = self.jaxpr.n_vars() + self.constants.len();
        let base = *self.iotas.entry((p.dtype, n)).or_insert_with(|| {
            let numbers: Vec<f64> = (0..n).map(|k| k as f64).collect();
            self.constants.push(Value::from_f64s(p.dtype, [n].as_slice(), &numbers));
            Var(next as u32)
        });
        let mut view = View::of(Atom::Var(base), &p.shape);
        for (d, step) in view.steps.iter_mut().enumerate() {
            *step = isize::from(d == p.dimension);
        }
        view
    }

    /// Makes sure that a variable is an array before what comes next.
    fn array(&mut self, v: Var) {
        let mut chain: SmallVec<[(Var, usize); 4]> = SmallVec::new();
        let mut at = v;
        while let Some(&i) = self.made_by.get(&at) {
            chain.push((at, i));
            match self.jaxpr.eqns()[i].inputs.first().and_then(|a| a.var()) {
                Some(operand) => at = operand,
                None => break,
            }
        }
        if !self.made_by.contains_key(&at)
            && let Some((g, _)) = self.giver(&View::of(Atom::Var(at), &[]))
        {
            self.close(g);
        }
        for (v, i) in chain.into_iter().rev() {
            self.made_by.remove(&v);
            self.places[v.index()] = Place::Array;
            self.nodes.push(Node::One(i));
        }
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
        let group =
            Group { members: Vec::new(), n, dims, line: None, columns: None, views: Vec::new() };
        self.open.insert(g, group);
        self.by_size.insert(n, g);
        g
    }

    /// An elementwise equation.
    fn elementwise(&mut self, i: usize, eqn: &Eqn) -> bool {
        let jaxpr = self.jaxpr;
        if eqn.n_outs != 1 || eqn.inputs.is_empty() || eqn.inputs.len() > 3 {
            return false;
        }
        let out = Var(eqn.first_out);
        let Type::Array { shape, .. } = &jaxpr.types()[out.index()] else { return false };
        let mut dtypes: SmallVec<[DType; 3]> = SmallVec::new();
        for &a in &eqn.inputs {
            match a {
                Atom::Lit(l) => dtypes.push(l.dtype()),
                Atom::Var(v) => match &jaxpr.types()[v.index()] {
                    Type::Array { dtype, .. } => dtypes.push(*dtype),
                    Type::Stack(_) => return false,
                },
            }
        }
        let n = numel(shape);
        if n == 0 || !emit::emits(&eqn.prim, &dtypes) {
            return false;
        }
        // Values of rows stay with their group.
        let of_rows = eqn.inputs.iter().find_map(|&a| {
            let view = self.view(a);
            match self.giver(&view)? {
                (g, Level::Row) if view.is_plain() && numel(&view.shape) == n => Some(g),
                _ => None,
            }
        });
        if let Some(g) = of_rows
            && self.joins_rows(g, eqn, shape)
        {
            self.add(g, i, Level::Row, shape);
            self.places[out.index()] = Place::Row(g);
            return true;
        }
        if !self.joins_full(n, &eqn.inputs, shape) {
            self.close_size(n);
        }
        let g = self.group_for(n, refine(shape, &[n]).unwrap_or_default());
        self.add(g, i, Level::Full, shape);
        self.places[out.index()] = Place::Full(g);
        true
    }

    /// True if an equation whose result has one element a row may join.
    fn joins_rows(&mut self, g: u32, eqn: &Eqn, shape: &[usize]) -> bool {
        let Some(line) = self.open[&g].line else { return false };
        let group = &self.open[&g];
        let rows = group.n / line;
        if numel(shape) != rows
            || group.members.len() >= MOST_MEMBERS
            || refine(&group.dims, &with_line(shape, line)).is_none()
        {
            return false;
        }
        eqn.inputs.iter().all(|&a| {
            let view = self.view(a);
            match self.giver(&view) {
                Some((h, Level::Row)) if h == g => view.is_plain() && numel(&view.shape) == rows,
                Some((h, _)) if h == g => false,
                _ => readable(&spread(&view, shape), shape, None),
            }
        })
    }

    /// True if an equation over `n` places may join the open group, if there is one.
    fn joins_full(&mut self, n: usize, inputs: &[Atom], shape: &[usize]) -> bool {
        let Some(&g) = self.by_size.get(&n) else { return true };
        let group = &self.open[&g];
        let Some(dims) = refine(&group.dims, shape) else { return false };
        if group.members.len() >= MOST_MEMBERS || group.views.len() >= MOST_VIEWS {
            return false;
        }
        // Reading a value of an open group that reads one of this group's would be a circle.
        inputs.iter().all(|&a| {
            let view = self.view(a);
            match self.giver(&view) {
                Some((h, Level::Full)) if h == g => view.is_plain() && numel(&view.shape) == n,
                Some((h, Level::Row)) if h == g => {
                    group.line.is_some_and(|line| spreads_rows(&spread(&view, shape), &dims, line))
                }
                Some((h, Level::ColFold | Level::RowFold)) if h == g => false,
                _ => true,
            }
        })
    }

    /// Adds a member. Arrays that it cannot read along lines are made, groups that it reads closed.
    fn add(&mut self, g: u32, eqn: usize, level: Level, shape: &[usize]) {
        let jaxpr = self.jaxpr;
        let inputs = &jaxpr.eqns()[eqn].inputs;
        let operands = inputs.iter().map(|&a| self.resolve(g, level, shape, a)).collect();
        let Some(group) = self.open.get_mut(&g) else { return };
        let whole = match (level, group.line) {
            (Level::Row, Some(line)) => with_line(shape, line),
            _ => shape.into(),
        };
        group.dims = refine(&group.dims, &whole).unwrap_or_default();
        group.members.push(Member { eqn, level, operands });
    }

    fn resolve(&mut self, g: u32, level: Level, shape: &[usize], a: Atom) -> Operand {
        let mut view = spread(&self.view(a), shape);
        match (view.base, self.giver(&view)) {
            (Atom::Lit(lit), _) => return Operand::Lit(lit),
            (Atom::Var(v), Some((h, _))) if h == g => return Operand::Inner(v),
            (_, Some((h, _))) => self.close(h),
            _ => {}
        }
        if level != Level::Row {
            if let Some(v) = a.var()
                && !readable(&view, shape, self.open[&g].inner())
            {
                self.array(v);
                view = spread(&self.view(a), shape);
            }
            if let Some(group) = self.open.get_mut(&g)
                && !group.views.contains(&view)
            {
                group.views.push(view.clone());
            }
        }
        Operand::View(view)
    }

    /// A reduction.
    fn reduces(&mut self, i: usize, eqn: &Eqn) -> bool {
        let (Prim::Reduce(p), &[x]) = (&eqn.prim, eqn.inputs.as_slice()) else { return false };
        let (Some(v), Some(dtype)) = (x.var(), self.array_type(x)) else { return false };
        let shape: Dims = self.jaxpr.types()[v.index()].shape().into();
        let (n, out) = (numel(&shape), Var(eqn.first_out));
        let Some(how) = reduction(&shape, &p.axes) else { return false };
        if n == 0 || !super::fold::folds(p.op, dtype, matches!(how, Reduction::Columns(_))) {
            return false;
        }
        if !(self.joins_full(n, &[x], &shape) && self.may_reduce(n, &how)) {
            self.close_size(n);
        }
        let g = self.group_for(n, refine(&shape, &[n]).unwrap_or_default());
        let Some(group) = self.open.get_mut(&g) else { return false };
        let level = match how {
            Reduction::Lines(line) => {
                group.line = Some(line);
                group.dims = refine(&group.dims, &[n / line, line]).unwrap_or_default();
                Level::RowFold
            }
            Reduction::Columns(parts) => {
                group.columns = Some(parts);
                group.dims = refine(&group.dims, &parts).unwrap_or_default();
                Level::ColFold
            }
        };
        self.add(g, i, level, &shape);
        self.places[out.index()] = match level {
            Level::RowFold => Place::Row(g),
            _ => Place::Column(g),
        };
        true
    }

    fn array_type(&self, a: Atom) -> Option<DType> {
        match &self.jaxpr.types()[a.var()?.index()] {
            Type::Array { dtype, .. } => Some(*dtype),
            Type::Stack(_) => None,
        }
    }

    /// True if the open group of this size, if there is one, can reduce so.
    fn may_reduce(&self, n: usize, how: &Reduction) -> bool {
        let Some(group) = self.by_size.get(&n).map(|g| &self.open[g]) else { return true };
        let folds = group.members.iter().filter(|m| m.level == Level::RowFold).count();
        match *how {
            Reduction::Lines(line) => {
                group.columns.is_none()
                    && folds < super::stages::MOST_FOLDS
                    && group.line.is_none_or(|l| l == line)
                    && refine(&group.dims, &[n / line, line]).is_some()
                    && group.views.iter().all(|v| readable(v, &v.shape, Some(line)))
            }
            Reduction::Columns(parts) => {
                group.line.is_none()
                    && group.columns.is_none_or(|c| c == parts)
                    && refine(&group.dims, &parts).is_some()
                    && group.views.iter().all(|v| readable(v, &v.shape, Some(parts[2])))
            }
        }
    }
}

/// A view as an operand of an equation over this shape: a scalar serves all places.
pub(super) fn spread(view: &View, shape: &[usize]) -> View {
    if view.shape.as_slice() == shape || !view.shape.is_empty() {
        return view.clone();
    }
    View { shape: shape.into(), steps: SmallVec::from_elem(0, shape.len()), ..view.clone() }
}

/// The shape of full values whose rows have this shape.
pub(super) fn with_line(rows: &[usize], line: usize) -> Dims {
    let mut shape: Dims = rows.into();
    shape.push(line);
    shape
}

/// True if a view can be read along lines: of `line` elements, or of the last dimension's.
fn readable(view: &View, shape: &[usize], line: Option<usize>) -> bool {
    let steps = match line {
        None => Some(view.steps.clone()),
        Some(line) => line_shape(shape, line).and_then(|shape| view.steps_under(&shape)),
    };
    let Some(steps) = steps else { return false };
    let shape = line.and_then(|line| line_shape(shape, line)).unwrap_or_else(|| shape.into());
    let last = shape.iter().zip(&steps).rev().find(|&(&n, _)| n != 1);
    last.is_none_or(|(_, &s)| s == 0 || s == 1)
}

/// A shape of the same elements that ends in a dimension of `line`.
pub(super) fn line_shape(shape: &[usize], line: usize) -> Option<Dims> {
    let n = numel(shape);
    let mut dims = refine(shape, &[n / line, line])?;
    let mut product = 1;
    while product < line {
        product *= dims.pop()?;
    }
    dims.push(line);
    Some(dims)
}

/// True if a view repeats each row value along its line.
fn spreads_rows(view: &View, dims: &[usize], line: usize) -> bool {
    let Some(shape) = line_shape(dims, line) else { return false };
    let Some(steps) = view.steps_under(&shape) else { return false };
    let (inner, outer) = (steps[steps.len() - 1], &shape[..shape.len() - 1]);
    let natural = super::view::contiguous(outer);
    view.offset == 0
        && (line == 1 || inner == 0)
        && outer.iter().zip(&steps).zip(&natural).all(|((&n, s), t)| n == 1 || s == t)
}

fn reduction(shape: &[usize], axes: &[usize]) -> Option<Reduction> {
    let mut axes = axes.iter().copied().filter(|&d| shape[d] != 1);
    let first = axes.next()?;
    let mut last = first;
    for d in axes {
        if shape[last + 1..d].iter().any(|&n| n != 1) {
            return None;
        }
        last = d;
    }
    let size = |dims: &[usize]| dims.iter().product::<usize>();
    let (outer, goes, inner) =
        (size(&shape[..first]), size(&shape[first..=last]), size(&shape[last + 1..]));
    Some(if inner == 1 { Reduction::Lines(goes) } else { Reduction::Columns([outer, goes, inner]) })
}
