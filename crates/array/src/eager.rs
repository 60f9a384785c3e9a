//! Operations on concrete arrays, computed at once.

use crate::array::{Array, Repr};
use crate::error::Error;
use crate::lazy;
use crate::trace::{Arrays, In};
use pullback_cpu::Operand;
use pullback_ir::prim::{Prim, random::Random};
use pullback_ir::{Atom, Jaxpr, Type, Value};
use smallvec::SmallVec;

/// Adds the types of operands to a list. Lists here are filled where they stay, one by one: what has just been
/// written in parts and is moved as a whole waits until the parts are in the cache, and such waits were a third of what
/// a small operation costs. For the same reason each arm pushes for itself, results are looked at where they are, and
/// `collect` into short lists is avoided.
#[inline(always)]
fn push_types(types: &mut SmallVec<[Type; 4]>, ins: &[In<'_>]) {
    for i in ins {
        match i {
            In::Array(Array(Repr::Value(v))) => types.push(v.ty().clone()),
            In::Array(a) => types.push(a.ty()),
            In::Lit(l) => types.push(Type::scalar(l.dtype())),
        }
    }
}

#[inline(always)]
fn push_operands<'a>(operands: &mut SmallVec<[Operand<'a>; 4]>, ins: &[In<'a>]) {
    for &i in ins {
        match i {
            In::Array(Array(Repr::Value(v))) => operands.push(Operand::Shared(v)),
            In::Array(a) => operands.push(Operand::Owned(a.force())),
            In::Lit(l) => operands.push(Operand::Owned(l.value())),
        }
    }
}

/// Computes one operation with one result, or describes it where all operands are descriptions.
#[inline]
pub(crate) fn bind_one(prim: &Prim, ins: &[In<'_>]) -> Result<Array, Error> {
    let out_types = match ins {
        // A list of one is there already.
        [In::Array(Array(Repr::Value(v)))] => prim.check_types(std::slice::from_ref(v.ty())),
        _ => {
            let mut types = SmallVec::new();
            push_types(&mut types, ins);
            prim.check_types(&types)
        }
    };
    match &out_types {
        Ok(out_types) => compute_one(prim, ins, out_types),
        Err(error) => Err(error.clone().into()),
    }
}

/// [`bind_one`] for any number of results.
pub(crate) fn bind(prim: &Prim, ins: &[In<'_>]) -> Result<Arrays, Error> {
    let mut types = SmallVec::new();
    push_types(&mut types, ins);
    let out_types = prim.check_types(&types)?;
    if out_types.len() == 1 {
        return Ok(SmallVec::from_buf([compute_one(prim, ins, &out_types)?]));
    }
    let mut operands = SmallVec::new();
    push_operands(&mut operands, ins);
    let outs = pullback_cpu::execute(prim, &mut operands, &out_types)?;
    Ok(outs.into_iter().map(Array::from_value).collect())
}

#[inline(always)]
fn compute_one(prim: &Prim, ins: &[In<'_>], out_types: &[Type]) -> Result<Array, Error> {
    if lazy::is_worth_it(prim, out_types)
        && let Some(described) = describe(prim, ins, &out_types[0])
    {
        return Ok(described);
    }
    let mut operands = SmallVec::new();
    push_operands(&mut operands, ins);
    Ok(Array::from_value(pullback_cpu::execute_one(prim, &mut operands, &out_types[0])?))
}

/// The operation as a symbolic array, where every operand is symbolic or a scalar of the source.
fn describe(prim: &Prim, ins: &[In<'_>], out: &Type) -> Option<Array> {
    let from_key = matches!(prim, Prim::Random(Random::Bits { .. }));
    let operands: Option<SmallVec<[lazy::Operand<'_>; 4]>> = ins
        .iter()
        .map(|i| match i {
            In::Lit(l) => Some(lazy::Operand::Lit(*l)),
            In::Array(a) => match &a.0 {
                Repr::Lazy(l) => Some(lazy::Operand::Lazy(l)),
                Repr::Value(_) if from_key => Some(lazy::Operand::Small(a)),
                _ => None,
            },
        })
        .collect();
    lazy::extend(prim, &operands?, out)
}

/// Evaluates a jaxpr once, equation by equation, without preparing anything: what an un-jitted
/// transformation on concrete arrays does. Values are dropped after their last use, so that kernels
/// can write into their buffers.
pub(crate) fn run(jaxpr: &Jaxpr, args: Vec<Value>) -> Result<Vec<Value>, Error> {
    let last_use = last_uses(jaxpr);
    let mut env: Vec<Option<Value>> = Vec::with_capacity(jaxpr.n_vars());
    env.extend(args.into_iter().map(Some));
    for (i, eqn) in jaxpr.eqns().iter().enumerate() {
        let mut operands: SmallVec<[Operand<'_>; 4]> = SmallVec::new();
        for (k, a) in eqn.inputs.iter().enumerate() {
            operands.push(match a {
                Atom::Lit(l) => Operand::Owned(l.value()),
                Atom::Var(v) => {
                    let slot = &mut env[v.index()];
                    let again = eqn.inputs[k + 1..].contains(a);
                    let dies = last_use[v.index()] == i as u32 && !again;
                    let value = if dies { slot.take() } else { slot.clone() };
                    Operand::Owned(value.expect("a variable is defined before its use"))
                }
            });
        }
        let outs = pullback_cpu::execute(&eqn.prim, &mut operands, jaxpr.eqn_out_types(eqn))?;
        env.extend(outs.into_iter().map(Some));
    }
    Ok(jaxpr
        .outs()
        .iter()
        .map(|a| match a {
            Atom::Lit(l) => l.value(),
            Atom::Var(v) => env[v.index()].clone().expect("a result is defined"),
        })
        .collect())
}

/// The equation that reads each variable last; `u32::MAX` for results and what nothing reads.
pub(crate) fn last_uses(jaxpr: &Jaxpr) -> Vec<u32> {
    let mut last_use = vec![u32::MAX; jaxpr.n_vars()];
    for (i, eqn) in jaxpr.eqns().iter().enumerate() {
        for v in eqn.inputs.iter().filter_map(|a| a.var()) {
            last_use[v.index()] = i as u32;
        }
    }
    for v in jaxpr.outs().iter().filter_map(|a| a.var()) {
        last_use[v.index()] = u32::MAX;
    }
    last_use
}
