//! Lowering: from a jaxpr to a flat program over slots.
//!
//! Calls are inlined and the jaxpr is simplified; then each variable gets a slot, slots of dead
//! variables go to later ones, and each operand is marked if it dies where it is read. All of it is
//! linear in the number of equations and without recursion, but for calls that are kept.

use crate::fused::plan::{Node, Plan};
use crate::fused::stages::{self, How};
use crate::program::{Executable, Op, Program, Source, Step};
use pullback_ir::prim::HigherOrder;
use pullback_ir::{Atom, Eqn, Error, Jaxpr, Prim, Shape, Type, transform};
use smallvec::SmallVec;

/// Slots that are free to be given out again.
#[derive(Default)]
struct Allocator {
    free: Vec<u32>,
    n_slots: u32,
}

impl Allocator {
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.n_slots += 1;
            self.n_slots - 1
        })
    }
}

/// When a variable that nothing reads is read last.
const NEVER: u32 = u32::MAX;

/// A node of the schedule with what it reads and gives.
struct Item {
    op: Op,
    ins: SmallVec<[Atom; 4]>,
    outs: SmallVec<[u32; 1]>,
    /// Its equations, by their position.
    eqns: Box<[u32]>,
}

pub(crate) fn lower(jaxpr: &Jaxpr, how: How) -> Result<Program, Error> {
    plan(&optimised(jaxpr), how)
}

/// The program that is planned for a jaxpr: calls inlined, simplified, transposes and sums folded into
/// products, equal equations merged, dead ones gone. Equation by equation it gives the same bits as the
/// executable.
pub fn optimised(jaxpr: &Jaxpr) -> Jaxpr {
    let jaxpr = transform::cse(&transform::simplify(&transform::inline_calls(jaxpr)));
    transform::dce(&transform::fold_products(&jaxpr))
}

/// The program of a jaxpr as it stands.
fn plan(jaxpr: &Jaxpr, how: How) -> Result<Program, Error> {
    let plan = Plan::new(jaxpr);
    let constants = plan.constants.clone();
    let items = items(jaxpr, plan, how)?;
    let mut last_use = vec![NEVER; jaxpr.n_vars() + constants.len()];
    for (i, item) in items.iter().enumerate() {
        for v in item.ins.iter().filter_map(|a| a.var()) {
            last_use[v.index()] = i as u32;
        }
    }
    for v in jaxpr.outs().iter().filter_map(|a| a.var()) {
        last_use[v.index()] = items.len() as u32;
    }
    let mut slots = Allocator::default();
    let mut slot_of = vec![0u32; jaxpr.n_vars()];
    for v in jaxpr.ins() {
        slot_of[v.index()] = slots.take();
    }
    let mut program = Program {
        in_types: jaxpr.in_types().to_vec(),
        consts: constants,
        steps: Vec::with_capacity(items.len()),
        types: Vec::with_capacity(items.len()),
        outs: Vec::with_capacity(jaxpr.outs().len()),
        n_slots: 0,
        jaxpr: jaxpr.clone(),
        eqns: Vec::with_capacity(items.len()),
    };
    for (i, item) in items.into_iter().enumerate() {
        let mut step = Step {
            op: item.op,
            ins: SmallVec::new(),
            outs: SmallVec::new(),
            drops: SmallVec::new(),
            first_type: program.types.len() as u32,
        };
        let mut freed: SmallVec<[u32; 4]> = SmallVec::new();
        for (k, &atom) in item.ins.iter().enumerate() {
            let source = match atom {
                Atom::Lit(lit) => constant(&mut program, lit.value()),
                Atom::Var(v) if v.index() >= jaxpr.n_vars() => {
                    Source::Const((v.index() - jaxpr.n_vars()) as u32)
                }
                Atom::Var(v) if last_use[v.index()] != i as u32 => Source::Slot(slot_of[v.index()]),
                Atom::Var(v) => {
                    // An operand that occurs twice is read twice and then dropped.
                    let slot = slot_of[v.index()];
                    let (before, after) = (&item.ins[..k], &item.ins[k + 1..]);
                    match (before.contains(&atom), after.contains(&atom)) {
                        (false, false) => {
                            freed.push(slot);
                            Source::Last(slot)
                        }
                        (false, true) => {
                            step.drops.push(slot);
                            Source::Slot(slot)
                        }
                        (true, _) => Source::Slot(slot),
                    }
                }
            };
            step.ins.push(source);
        }
        // Operands are moved out before results are stored, so a result may take their slot.
        slots.free.extend(freed);
        for &v in &item.outs {
            let slot = slots.take();
            slot_of[v as usize] = slot;
            step.outs.push(slot);
            program.types.push(jaxpr.types()[v as usize].clone());
            if last_use[v as usize] == NEVER {
                step.drops.push(slot);
            }
        }
        slots.free.extend(&step.drops);
        program.steps.push(step);
        program.eqns.push(item.eqns);
    }
    for (k, &atom) in jaxpr.outs().iter().enumerate() {
        let source = match atom {
            Atom::Lit(lit) => constant(&mut program, lit.value()),
            Atom::Var(v) if jaxpr.outs()[k + 1..].contains(&atom) => {
                Source::Slot(slot_of[v.index()])
            }
            Atom::Var(v) => Source::Last(slot_of[v.index()]),
        };
        program.outs.push(source);
    }
    program.n_slots = slots.n_slots as usize;
    Ok(program)
}

/// The plan with kernels made.
fn items(jaxpr: &Jaxpr, plan: Plan, how: How) -> Result<Vec<Item>, Error> {
    let n_vars = jaxpr.n_vars() + plan.constants.len();
    // The variables that other nodes or the caller read.
    let mut escapes = vec![false; n_vars];
    for v in jaxpr.outs().iter().filter_map(|a| a.var()) {
        escapes[v.index()] = true;
    }
    for node in &plan.nodes {
        match node {
            Node::One(i) => {
                let inputs = jaxpr.eqns()[*i].inputs.iter().filter_map(|a| a.var());
                inputs.for_each(|v| escapes[v.index()] = true);
            }
            Node::Group(group) => {
                let indices = group.within.as_ref().map(|w| w.indices);
                let all = group.reads().chain(group.others(jaxpr)).chain(indices);
                all.for_each(|v| escapes[v.index()] = true);
            }
        }
    }
    let items = plan.nodes.iter().map(|node| match node {
        Node::One(i) => {
            let eqn = &jaxpr.eqns()[*i];
            let outs = eqn.outs().map(|v| v.0).collect();
            let (op, ins) = (lower_op(jaxpr, eqn, how)?, SmallVec::from_slice(&eqn.inputs));
            Ok(Item { op, ins, outs, eqns: [*i as u32].into() })
        }
        Node::Group(group) => {
            let built = stages::build(jaxpr, group, &plan.constants, |v| escapes[v.index()], how);
            let outs = built.outs.iter().map(|v| v.0).collect();
            let mut ins: SmallVec<[Atom; 4]> = built.ins.into_iter().map(Atom::Var).collect();
            let kernel = Box::new(built.kernel);
            if let Some(within) = &group.within {
                // The operands of the gather or scatter, without the indices.
                let eqn = &jaxpr.eqns()[within.eqn];
                let shape = Shape::from_slice(jaxpr.ty(eqn.inputs[1]).shape());
                ins.insert_from_slice(0, &eqn.inputs[..1]);
                ins.insert_from_slice(1, &eqn.inputs[2..]);
                let op = Op::Windows(Box::new(eqn.prim.clone()), shape, kernel);
                let eqns = group.eqns().chain(within.reshape).chain([within.eqn]);
                let (outs, eqns) =
                    (eqn.outs().map(|v| v.0).collect(), eqns.map(|i| i as u32).collect());
                return Ok(Item { op, ins, outs, eqns });
            }
            let Some(behind) = group.behind else {
                let eqns = group.eqns().map(|i| i as u32).collect();
                return Ok(Item { op: Op::Fused(kernel), ins, outs, eqns });
            };
            // The operands of the product, in the place of its value.
            let eqn = &jaxpr.eqns()[behind.eqn];
            let Prim::DotGeneral(dot) = &eqn.prim else { unreachable!("it is a product") };
            ins.remove(0);
            ins.insert_from_slice(0, &eqn.inputs);
            let op = Op::Product(dot.clone(), kernel);
            let eqns = std::iter::once(behind.eqn).chain(group.eqns()).map(|i| i as u32).collect();
            Ok(Item { op, ins, outs, eqns })
        }
    });
    items.collect()
}

fn constant(program: &mut Program, value: pullback_ir::Value) -> Source {
    program.consts.push(value);
    Source::Const(program.consts.len() as u32 - 1)
}

fn lower_op(jaxpr: &Jaxpr, eqn: &Eqn, how: How) -> Result<Op, Error> {
    Ok(match eqn.prim.higher_order() {
        Some(HigherOrder::Jit(call)) => Op::Call(Executable::lower(&call.jaxpr, how)?),
        Some(HigherOrder::Checkpoint(call)) => Op::Call(Executable::lower(&call.jaxpr, how)?),
        None => match &eqn.prim {
            Prim::Custom(prim) => {
                let types: Vec<Type> = eqn.inputs.iter().map(|&a| jaxpr.ty(a)).collect();
                Op::Custom(prim.clone(), Executable::lower(&prim.expansion(&types)?, how)?)
            }
            prim => Op::Prim(Box::new(prim.clone())),
        },
    })
}
