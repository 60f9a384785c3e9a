//! The engines agree.
//!
//! End to end, rounding may flip a comparison and then anything follows. So each equation is run on
//! the reference's own operands and compared within the budget; and whole executables, with their
//! reuse of buffers, are compared to the bit with the same engine equation by equation.

use super::compare::{close_beside, same};
use super::{Law, for_all};
use pullback_cpu::{Engine, Operand};
use pullback_ir::{Atom, Error, Jaxpr, Prim, Type, Value};
use pullback_testing::{Program, programs};

/// How many units in the last place, of numbers of the size of the largest, the engines may differ in
/// one equation.
const BUDGET: f64 = 16.0;

fn text(e: Error) -> String {
    e.to_string()
}

fn execute(
    engine: Engine,
    prim: &Prim,
    ins: &[Value],
    types: &[Type],
) -> Result<Vec<Value>, Error> {
    if let Some(inner) = body(prim) {
        return equation_by_equation(engine, &planned(engine, &inner), ins);
    }
    let mut operands: Vec<Operand<'_>> = ins.iter().map(Operand::from).collect();
    Ok(engine.execute(prim, &mut operands, types)?.into_vec())
}

/// What a call computes.
fn body(prim: &Prim) -> Option<Jaxpr> {
    match prim {
        Prim::Jit(p) => Some(p.jaxpr.clone()),
        Prim::Checkpoint(p) => Some(p.jaxpr.clone()),
        Prim::CustomJvp(p) => Some(p.jaxpr.clone()),
        Prim::CustomVjp(p) => Some(p.jaxpr.clone()),
        _ => None,
    }
}

/// The program that an engine runs for a jaxpr.
fn planned(engine: Engine, jaxpr: &Jaxpr) -> Jaxpr {
    match engine {
        Engine::Reference => jaxpr.clone(),
        _ => pullback_cpu::optimised(jaxpr),
    }
}

fn operands(env: &[Value], atoms: &[Atom]) -> Vec<Value> {
    let read = |a: &Atom| match a {
        Atom::Var(v) => env[v.index()].clone(),
        Atom::Lit(l) => l.value(),
    };
    atoms.iter().map(read).collect()
}

fn equation_by_equation(
    engine: Engine,
    jaxpr: &Jaxpr,
    args: &[Value],
) -> Result<Vec<Value>, Error> {
    let mut env = args.to_vec();
    for eqn in jaxpr.eqns() {
        let ins = operands(&env, &eqn.inputs);
        env.extend(execute(engine, &eqn.prim, &ins, jaxpr.eqn_out_types(eqn))?);
    }
    Ok(operands(&env, jaxpr.outs()))
}

fn equations_agree(jaxpr: &Jaxpr, args: &[Value]) -> Law {
    let mut env = args.to_vec();
    for eqn in jaxpr.eqns() {
        let ins = operands(&env, &eqn.inputs);
        let types = jaxpr.eqn_out_types(eqn);
        if let Some(inner) = body(&eqn.prim) {
            equations_agree(&inner, &ins)?;
        }
        let want = execute(Engine::Reference, &eqn.prim, &ins, types).map_err(text)?;
        if body(&eqn.prim).is_none() {
            let got = execute(Engine::Cpu, &eqn.prim, &ins, types).map_err(text)?;
            // A sum may cancel: its rounding is that of its terms.
            let terms = if sums(&eqn.prim) { ins.as_slice() } else { &[] };
            close_beside(&got, &want, terms, BUDGET)
                .map_err(|e| format!("`{}`: {e}", eqn.prim.name()))?;
        }
        env.extend(want);
    }
    Ok(())
}

/// True where results are sums, whose order engines may choose.
fn sums(prim: &Prim) -> bool {
    matches!(prim, Prim::Reduce(_) | Prim::Cumulative(_))
}

#[test]
fn every_equation_within_the_budget() {
    for_all(programs(), 250, |p, _| equations_agree(&p.jaxpr, &p.args));
}

#[test]
fn executables_are_their_equations() {
    for_all(programs(), 250, |p: &Program, _| {
        for engine in Engine::ALL {
            let planned = planned(engine, &p.jaxpr);
            let want = equation_by_equation(engine, &planned, &p.args).map_err(text)?;
            let executable = engine.compile(&p.jaxpr).map_err(text)?;
            let named = |e| format!("{}: {e}", engine.name());
            same(&executable.run(&p.args).map_err(text)?, &want).map_err(named)?;
            same(&executable.run_owned(p.args.iter().cloned()).map_err(text)?, &want)
                .map_err(named)?;
        }
        Ok(())
    });
}
