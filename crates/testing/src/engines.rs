//! The engines agree.
//!
//! End to end, rounding may flip a comparison and then anything follows. So each equation is run on
//! the reference's own operands and compared within the budget; and whole executables, with their
//! reuse of buffers, are compared to the bit with the same engine equation by equation.

use crate::compare::{close_beside, same};
use crate::{Law, Program};
use pullback_cpu::{Engine, Executable, Operand};
use pullback_ir::{Atom, Error, Jaxpr, Prim, Type, Value};

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

/// Checks that the engine agrees with the reference in every equation, on the reference's operands.
///
/// # Errors
/// The fault: the primitive and the numbers.
pub fn equations_agree(p: &Program) -> Law {
    agree(&p.jaxpr, &p.args)
}

fn agree(jaxpr: &Jaxpr, args: &[Value]) -> Law {
    let mut env = args.to_vec();
    for eqn in jaxpr.eqns() {
        let ins = operands(&env, &eqn.inputs);
        let types = jaxpr.eqn_out_types(eqn);
        if let Some(inner) = body(&eqn.prim) {
            agree(&inner, &ins)?;
        }
        let want = execute(Engine::Reference, &eqn.prim, &ins, types).map_err(text)?;
        if body(&eqn.prim).is_none() {
            let got = execute(Engine::Cpu, &eqn.prim, &ins, types).map_err(text)?;
            let (terms, n) = terms(&eqn.prim, &ins);
            close_beside(&got, &want, &terms, BUDGET * (n as f64).sqrt())
                .map_err(|e| format!("`{}`: {e}", eqn.prim.name()))?;
        }
        env.extend(want);
    }
    Ok(())
}

/// For sums, whose order engines may choose: numbers as large as the terms, as these may cancel, and how
/// many there are at most, whose roundings add up like the steps of a random walk.
fn terms(prim: &Prim, ins: &[Value]) -> (Vec<Value>, usize) {
    match prim {
        Prim::Reduce(_) | Prim::Cumulative(_) => (ins.to_vec(), ins[0].len().max(1)),
        Prim::DotGeneral(_) => {
            let largest = |x: &Value| {
                let finite = x.to_f64s().into_iter().filter(|x| x.is_finite());
                finite.fold(0.0, |m: f64, x| m.max(x.abs()))
            };
            let product = largest(&ins[0]) * largest(&ins[1]);
            (vec![Value::scalar(product)], ins[0].len().min(ins[1].len()).max(1))
        }
        _ => (Vec::new(), 1),
    }
}

/// Checks for every engine that its executable gives what its equations give one by one, to the bit, also
/// when it may take the arguments' memory.
///
/// # Errors
/// The fault: the engine and the numbers.
pub fn executables_are_their_equations(p: &Program) -> Law {
    executables_agree(p, Engine::compile)
}

/// The same where every line counts as long, as few are in small arrays: lines compute values of their rows
/// themselves.
///
/// # Errors
/// As [`executables_are_their_equations`].
pub fn executables_of_long_lines(p: &Program) -> Law {
    executables_agree(p, |engine, jaxpr| engine.compile_long_from(jaxpr, 1))
}

fn executables_agree(
    p: &Program,
    compile: impl Fn(Engine, &Jaxpr) -> Result<Executable, Error>,
) -> Law {
    for engine in Engine::ALL {
        let planned = planned(engine, &p.jaxpr);
        let want = equation_by_equation(engine, &planned, &p.args).map_err(text)?;
        let executable = compile(engine, &p.jaxpr).map_err(text)?;
        let named = |e| format!("{}: {e}", engine.name());
        same(&executable.run(&p.args).map_err(text)?, &want).map_err(named)?;
        same(&executable.run_owned(p.args.iter().cloned()).map_err(text)?, &want).map_err(named)?;
    }
    Ok(())
}
