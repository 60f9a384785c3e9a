//! Random bits that one group alone reads, element by element: its lines draw them, and there is no array to
//! write and read again.
//!
//! Left outside are bits of several keys (a batch, where each key begins to count anew), and bits that groups read
//! in another order or in part, or that somebody else reads, too: drawing them twice costs more than an array.

use super::{Drawn, Group, Level, Node, Operand, readers};
use crate::random::draws;
use pullback_ir::prim::random::Random;
use pullback_ir::shape::numel;
use pullback_ir::{Atom, Jaxpr, Prim, Var};

/// Moves random bits into the groups that read them.
pub(super) fn draw(jaxpr: &Jaxpr, nodes: &mut Vec<Node>) {
    let bits: Vec<(usize, Drawn)> = nodes
        .iter()
        .enumerate()
        .filter_map(|(at, node)| Some((at, one_key(jaxpr, node)?)))
        .collect();
    if bits.is_empty() {
        return;
    }
    let readers = readers(jaxpr, nodes);
    let mut moved = vec![false; nodes.len()];
    for (at, drawn) in bits {
        let Some(&Some(reader)) = readers.get(&drawn.bits) else { continue };
        if let Node::Group(group) = &mut nodes[reader]
            && plainly(group, drawn.bits)
        {
            group.drawn.push(drawn);
            moved[at] = true;
        }
    }
    let mut moved = moved.into_iter();
    nodes.retain(|_| moved.next() != Some(true));
}

/// The bits of one key that a node gives.
fn one_key(jaxpr: &Jaxpr, node: &Node) -> Option<Drawn> {
    let Node::One(i) = node else { return None };
    let eqn = &jaxpr.eqns()[*i];
    let Prim::Random(Random::Bits { dtype, .. }) = &eqn.prim else { return None };
    let key = eqn.inputs[0].var()?;
    let one = jaxpr.types()[key.index()].shape().len() == 1;
    (one && draws(*dtype)).then_some(Drawn { eqn: *i, bits: Var(eqn.first_out), key })
}

/// Whether a group reads an array as it is, at each place its element.
fn plainly(group: &Group, v: Var) -> bool {
    group.members.iter().all(|m| {
        m.operands.iter().all(|o| match o {
            Operand::View(view) if view.base == Atom::Var(v) => {
                m.level != Level::Row && view.is_plain() && numel(&view.shape) == group.n
            }
            _ => true,
        })
    })
}
