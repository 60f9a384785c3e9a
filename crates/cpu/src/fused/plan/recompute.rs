//! Values that are computed again in the group that reads them, instead of being written by one group and
//! read by another: memory is slower than a few instructions.
//!
//! The gradient of a layer norm has three groups: statistics of rows, sums along columns, and the result.
//! Each computes the normalised rows from the input; only one number a row goes from group to group.

use super::join::{MOST_MEMBERS, MOST_VIEWS};
use super::{Group, Level, Member, Node, Operand};
use crate::explain::bytes;
use crate::fused::stages::cost;
use crate::fused::view::{Dims, View, refine};
use pullback_ir::shape::numel;
use pullback_ir::{Atom, Jaxpr, Var};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

/// What computing a value again may cost, in instructions for a vector: less than an elementary function.
const MOST_COST: u32 = 19;

/// The same where the value would have stayed in a cache.
const MOST_COST_SMALL: u32 = 4;

/// Bytes of a value from which it leaves the caches between two groups.
const LARGE: usize = 512 << 10;

struct Recompute<'a> {
    jaxpr: &'a Jaxpr,
    /// The node and the member that gives each value of a group.
    made_by: FxHashMap<Var, (usize, usize)>,
    /// What is an array whoever computes it: results, and operands of what is no kernel.
    arrays: FxHashSet<Var>,
}

/// What a group computes again.
#[derive(Default)]
struct Again {
    /// Values that the group reads no more.
    values: Vec<Var>,
    /// Members of other groups, operands first.
    members: Vec<(Var, Member)>,
    /// Arrays that it reads for that, of its full size.
    full: Vec<View>,
    /// All shapes of what it computes and reads.
    shapes: Vec<Dims>,
}

/// Lets groups compute again what is cheap, and takes out what nobody reads then.
pub(super) fn recompute(jaxpr: &Jaxpr, nodes: &mut Vec<Node>) {
    let mut r = Recompute { jaxpr, made_by: FxHashMap::default(), arrays: FxHashSet::default() };
    r.arrays.extend(jaxpr.outs().iter().filter_map(|a| a.var()));
    for (at, node) in nodes.iter().enumerate() {
        match node {
            Node::One(i) => {
                r.arrays.extend(jaxpr.eqns()[*i].inputs.iter().filter_map(|a| a.var()));
            }
            Node::Group(group) => r.give(at, group),
        }
    }
    let mut changed = false;
    for at in 0..nodes.len() {
        let Some(again) = r.again(nodes, at) else { continue };
        let Node::Group(group) = &mut nodes[at] else { continue };
        r.apply(group, again);
        r.give(at, group);
        changed = true;
    }
    if changed {
        prune(jaxpr, nodes);
    }
}

impl Recompute<'_> {
    fn give(&mut self, at: usize, group: &Group) {
        for (k, member) in group.members.iter().enumerate().filter(|(_, m)| !m.again) {
            self.made_by.insert(member.out(self.jaxpr), (at, k));
        }
    }

    fn shape(&self, v: Var) -> &[usize] {
        self.jaxpr.types()[v.index()].shape()
    }

    /// What the group at a node shall compute again.
    fn again(&self, nodes: &[Node], at: usize) -> Option<Again> {
        let Node::Group(group) = &nodes[at] else { return None };
        let mut again = Again::default();
        for v in self.candidates(nodes, at, group) {
            let before = (again.members.len(), again.full.len(), again.shapes.len());
            let mut left = match bytes(&self.jaxpr.types()[v.index()]) >= LARGE {
                true => MOST_COST,
                false => MOST_COST_SMALL,
            };
            if self.collect(nodes, v, &mut again, &mut left).is_some() {
                again.values.push(v);
            } else {
                again.members.truncate(before.0);
                again.full.truncate(before.1);
                again.shapes.truncate(before.2);
            }
        }
        // Arrays that are read anyway cost nothing. Each value that is not read was written, too.
        let mut reads: Vec<&View> = Vec::new();
        for view in views(&group.members) {
            if !reads.contains(&view) {
                reads.push(view);
            }
        }
        let new = again.full.iter().filter(|v| !reads.contains(v)).count();
        let fits = new <= again.values.len()
            && group.members.len() + again.members.len() <= MOST_MEMBERS
            && reads.len() + views(again.members.iter().map(|(_, m)| m)).count() <= MOST_VIEWS
            && self.dims(group, &again).is_some();
        (!again.values.is_empty() && fits).then_some(again)
    }

    /// Full values of groups before that this one reads element by element, and that need not be arrays.
    fn candidates(&self, nodes: &[Node], at: usize, group: &Group) -> Vec<Var> {
        let mut found = Vec::new();
        for v in group.reads() {
            let Some(&(giver, k)) = self.made_by.get(&v) else { continue };
            let Node::Group(from) = &nodes[giver] else { continue };
            let of = |o: &Operand| matches!(o, Operand::View(view) if view.base == Atom::Var(v));
            let readers = group.members.iter().filter(|m| m.operands.iter().any(of));
            let plainly = |m: &Member| {
                let plain = |o: &Operand| match o {
                    Operand::View(view) if of(o) => {
                        view.is_plain() && numel(&view.shape) == group.n
                    }
                    _ => true,
                };
                m.level != Level::Row && m.operands.iter().all(plain)
            };
            let fits = giver < at
                && from.members[k].level == Level::Full
                && from.n == group.n
                && !self.arrays.contains(&v)
                && !found.contains(&v);
            if fits && readers.into_iter().all(plainly) {
                found.push(v);
            }
        }
        found
    }

    /// Adds what a value is computed from; `None` if it costs too much.
    fn collect(&self, nodes: &[Node], v: Var, again: &mut Again, left: &mut u32) -> Option<()> {
        if again.members.iter().any(|(w, _)| *w == v) {
            return Some(());
        }
        let &(at, k) = self.made_by.get(&v)?;
        let Node::Group(group) = &nodes[at] else { return None };
        let member = &group.members[k];
        if member.level != Level::Full {
            return None;
        }
        // At least 1, so that the recursion ends.
        *left = left.checked_sub(cost(&self.jaxpr.eqns()[member.eqn]).max(1))?;
        let mut operands = SmallVec::new();
        for operand in &member.operands {
            operands.push(match operand {
                Operand::Lit(lit) => Operand::Lit(*lit),
                Operand::Inner(w) if self.is_row(nodes, *w) => {
                    let line = group.line?;
                    let shape = Dims::from_slice(&[group.n / line, line]);
                    let steps = SmallVec::from_slice(&[1, 0]);
                    again.shapes.push(shape.clone());
                    Operand::View(View { base: Atom::Var(*w), offset: 0, shape, steps })
                }
                Operand::Inner(w) if self.arrays.contains(w) => {
                    self.read(View::of(Atom::Var(*w), self.shape(*w)), group.n, again)
                }
                Operand::Inner(w) => {
                    self.collect(nodes, *w, again, left)?;
                    Operand::Inner(*w)
                }
                Operand::View(view) => self.read(view.clone(), group.n, again),
            });
        }
        again.shapes.push(self.shape(v).into());
        let member = Member { eqn: member.eqn, level: Level::Full, operands, again: true };
        again.members.push((v, member));
        Some(())
    }

    fn is_row(&self, nodes: &[Node], v: Var) -> bool {
        let (at, k) = self.made_by[&v];
        let Node::Group(group) = &nodes[at] else { return false };
        matches!(group.members[k].level, Level::Row | Level::RowFold)
    }

    fn read(&self, view: View, n: usize, again: &mut Again) -> Operand {
        // Counting vectors, which are small, have variables beyond those of the jaxpr.
        let ty = view.base.var().and_then(|v| self.jaxpr.types().get(v.index()));
        if ty.is_some_and(|ty| ty.numel() >= n) && !again.full.contains(&view) {
            again.full.push(view.clone());
        }
        Operand::View(view)
    }

    /// The dimensions of the places of a group that computes more; `None` if it cannot read along its
    /// lines what it needs for that.
    fn dims(&self, group: &Group, again: &Again) -> Option<Dims> {
        let mut dims = group.dims.clone();
        for shape in &again.shapes {
            dims = refine(&dims, shape)?;
        }
        let readable = |v: &View| group.reads_along(v, &v.shape);
        views(again.members.iter().map(|(_, m)| m)).all(readable).then_some(dims)
    }

    fn apply(&self, group: &mut Group, again: Again) {
        group.dims = self.dims(group, &again).unwrap_or_default();
        for operand in group.members.iter_mut().flat_map(|m| &mut m.operands) {
            if let Operand::View(View { base: Atom::Var(v), .. }) = operand
                && again.values.contains(v)
            {
                *operand = Operand::Inner(*v);
            }
        }
        group.members.splice(0..0, again.members.into_iter().map(|(_, member)| member));
    }
}

/// The arrays that members read.
fn views<'a>(members: impl IntoIterator<Item = &'a Member>) -> impl Iterator<Item = &'a View> {
    let operands = members.into_iter().flat_map(|m| &m.operands);
    operands.filter_map(|o| if let Operand::View(view) = o { Some(view) } else { None })
}

/// Takes out members whose values nobody reads, and groups without members.
fn prune(jaxpr: &Jaxpr, nodes: &mut Vec<Node>) {
    let mut read = vec![false; jaxpr.n_vars()];
    // Counting vectors have variables beyond those of the jaxpr.
    let mark = |read: &mut Vec<bool>, v: Var| {
        if let Some(read) = read.get_mut(v.index()) {
            *read = true;
        }
    };
    jaxpr.outs().iter().filter_map(|a| a.var()).for_each(|v| mark(&mut read, v));
    for node in nodes.iter_mut().rev() {
        match node {
            Node::One(i) => {
                let inputs = jaxpr.eqns()[*i].inputs.iter().filter_map(|a| a.var());
                inputs.for_each(|v| mark(&mut read, v));
            }
            Node::Group(group) => {
                let mut inner: FxHashSet<Var> = FxHashSet::default();
                let mut live: Vec<bool> = Vec::with_capacity(group.members.len());
                for member in group.members.iter().rev() {
                    let out = member.out(jaxpr);
                    let needed = inner.contains(&out) || (read[out.index()] && !member.again);
                    live.push(needed);
                    for operand in member.operands.iter().filter(|_| needed) {
                        match operand {
                            Operand::Inner(v) => _ = inner.insert(*v),
                            Operand::View(view) => {
                                view.base.var().into_iter().for_each(|v| mark(&mut read, v))
                            }
                            Operand::Lit(_) => {}
                        }
                    }
                }
                group.members.retain(|_| live.pop().unwrap_or(true));
            }
        }
    }
    nodes.retain(|node| !matches!(node, Node::Group(group) if group.members.is_empty()));
}

#[cfg(test)]
mod tests {
    use super::super::Plan;
    use super::*;
    use pullback_ir::text::parse;

    /// The variables that each kernel of a program writes for others, as their types.
    fn gives(text: &str) -> Vec<Vec<String>> {
        let jaxpr = parse(text).unwrap();
        let nodes = Plan::new(&jaxpr).nodes;
        let mut read: FxHashSet<Var> = jaxpr.outs().iter().filter_map(|a| a.var()).collect();
        for node in &nodes {
            match node {
                Node::One(i) => read.extend(jaxpr.eqns()[*i].inputs.iter().filter_map(|a| a.var())),
                Node::Group(group) => read.extend(group.reads()),
            }
        }
        let given = |group: &Group| {
            let own = group.members.iter().filter(|m| !m.again);
            own.map(|m| m.out(&jaxpr))
                .filter(|v| read.contains(v))
                .map(|v| jaxpr.types()[v.index()].to_string())
                .collect()
        };
        let groups = nodes.iter().filter_map(|node| match node {
            Node::Group(group) => Some(given(group)),
            Node::One(_) => None,
        });
        groups.collect()
    }

    /// Statistics of rows, a sum along columns and a result by rows: `middle` is what two of them need.
    fn program(middle: &str, also: &str) -> String {
        format!(
            "{{ lambda ; a:f32[600,400] b:f32[600,400]. let
                c:f32[600] = reduce_sum[axes=(1,)] a
                d:f32[600,400] = broadcast_in_dim[broadcast_dimensions=(0,) shape=(600, 400)] c
                e:f32[600,400] = sub a d
                f:f32[600,400] = {middle} e
                g:f32[400] = reduce_sum[axes=(0,)] b
                h:f32[600,400] = mul f b
                i:f32[400] = reduce_sum[axes=(0,)] h
                j:f32[600,400] = mul f 2.0:f32[]
                k:f32[600] = reduce_max[axes=(1,)] j
              in (g, i, k{also}) }}"
        )
    }

    #[test]
    fn groups_compute_again_what_is_cheap() {
        let rows = ["f32[600]"].map(String::from).to_vec();
        let columns = vec![String::from("f32[400]"); 2];
        assert_eq!(gives(&program("neg", "")), [rows.clone(), columns, rows]);
    }

    #[test]
    fn what_is_dear_or_an_array_anyway_is_read() {
        let kept = |middle, also| gives(&program(middle, also)).concat();
        let full = String::from("f32[600,400]");
        assert!(kept("exp", "").contains(&full));
        // A result is written by its group alone, and read by the last one, which needs no other array.
        let groups = gives(&program("neg", ", f"));
        assert_eq!(groups.concat().iter().filter(|ty| **ty == full).count(), 1, "{groups:?}");
    }

    /// Such as labels that become rows with a one, in a loss and again in its gradient.
    #[test]
    fn counting_vectors_are_read_again() {
        let text = "{ lambda ; a:i32[600] b:f32[600,400]. let
            c:i32[600,400] = iota[dimension=1 dtype=i32 shape=(600, 400) sharding=None]
            d:i32[600,400] = broadcast_in_dim[broadcast_dimensions=(0,) shape=(600, 400)] a
            e:bool[600,400] = eq c d
            f:f32[600,400] = select_n e b b
            g:f32[600] = reduce_sum[axes=(1,)] f
            h:f32[400] = reduce_sum[axes=(0,)] b
            i:f32[600,400] = select_n e b b
            j:f32[400] = reduce_sum[axes=(0,)] i
          in (g, h, j) }";
        assert_eq!(gives(text), [vec!["f32[600]"], vec!["f32[400]"; 2]]);
    }

    #[test]
    fn one_value_is_not_made_of_two_arrays() {
        let text = "{ lambda ; a:f32[600,400] b:f32[600,400]. let
            c:f32[600,400] = mul a b
            d:f32[600] = reduce_sum[axes=(1,)] c
            e:f32[400] = reduce_sum[axes=(0,)] c
          in (d, e) }";
        assert_eq!(gives(text)[0], ["f32[600,400]", "f32[600]"]);
    }
}
