//! Groups that compute indices of a gather or a scatter, which looks for its windows a piece at a time: so the
//! indices are computed, and are no array.
//!
//! `x.take(i, 0)` counts negative indices from the end, so nearly every gather has such a group in front.

use super::{Group, Level, Node, Windows, readers};
use crate::fused::layout::Layout;
use pullback_ir::{Atom, Eqn, Jaxpr, Prim, Var};
use rustc_hash::FxHashMap;

/// Moves groups into the gathers and scatters that alone read them.
pub(super) fn indices(jaxpr: &Jaxpr, nodes: &mut Vec<Node>) {
    let found: Vec<(usize, usize, Var)> = nodes
        .iter()
        .enumerate()
        .filter_map(|(at, node)| {
            let Node::One(eqn) = *node else { return None };
            Some((at, eqn, read_once(&jaxpr.eqns()[eqn])?))
        })
        .collect();
    if found.is_empty() {
        return;
    }
    let readers = readers(jaxpr, nodes);
    let mut givers: FxHashMap<Var, usize> = FxHashMap::default();
    for (at, node) in nodes.iter().enumerate() {
        match node {
            Node::One(i) => givers.extend(jaxpr.eqns()[*i].outs().map(|v| (v, at))),
            Node::Group(group) => {
                givers
                    .extend(group.members.iter().filter(|m| !m.again).map(|m| (m.out(jaxpr), at)));
            }
        }
    }
    let mut gone = vec![false; nodes.len()];
    for (at, eqn, v) in found {
        let reads_alone = |v: Var, reader: usize| readers.get(&v) == Some(&Some(reader));
        let Some(&giver) = givers.get(&v).filter(|_| reads_alone(v, at)) else { continue };
        // Index vectors are an axis of their own, so the indices are given another shape in between.
        let (indices, reshape, from) = match nodes[giver] {
            Node::One(reshape) => {
                match (&jaxpr.eqns()[reshape].prim, jaxpr.eqns()[reshape].inputs.as_slice()) {
                    (Prim::Reshape(_), &[Atom::Var(v)]) if reads_alone(v, giver) => {
                        (v, Some(reshape), givers.get(&v).copied())
                    }
                    // A constant, say, which has no operands.
                    _ => continue,
                }
            }
            Node::Group(_) => (v, None, Some(giver)),
        };
        let Some(from) = from.filter(|&from| !gone[from]) else { continue };
        match &mut nodes[from] {
            Node::Group(group) if fits(jaxpr, group, indices, |v| readers.contains_key(&v)) => {
                group.within = Some(Box::new(Windows { eqn, reshape, indices }));
            }
            _ => continue,
        }
        nodes.swap(at, from);
        (gone[from], gone[giver]) = (true, true);
    }
    let mut gone = gone.into_iter();
    nodes.retain(|_| gone.next() != Some(true));
}

/// The indices of a gather or scatter, if it does not read them as something else as well.
fn read_once(eqn: &Eqn) -> Option<Var> {
    if !matches!(eqn.prim, Prim::Gather(_) | Prim::Scatter(_)) {
        return None;
    }
    let others = eqn.inputs.iter().enumerate().filter(|&(k, _)| k != 1);
    eqn.inputs[1].var().filter(|&v| others.into_iter().all(|(_, &a)| a != Atom::Var(v)))
}

/// Whether a group is one line of elementwise values of which this one alone is read.
fn fits(jaxpr: &Jaxpr, group: &Group, value: Var, is_read: impl Fn(Var) -> bool) -> bool {
    let others = group.members.iter().filter(|m| !m.again && m.out(jaxpr) != value);
    group.drawn.is_empty()
        && group.line.is_none()
        && group.columns.is_none()
        && group.behind.is_none()
        && group.members.iter().all(|m| m.level == Level::Full)
        && others.into_iter().all(|m| !is_read(m.out(jaxpr)))
        && jaxpr.ty(Atom::Var(value)).numel() == group.n
        && Layout::new(group).n() == group.n
}
