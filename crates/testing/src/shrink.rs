//! Smaller versions of a failing program.
//!
//! A program is cut at equations: what comes before a cut is replaced by inputs that have the values
//! computed so far, what comes after it by results. So a failure that lies in one primitive is found
//! with that primitive alone, on the very operands on which it fails.

use crate::program::Program;
use pullback_ir::transform;
use pullback_ir::{Atom, Atoms, Builder, Jaxpr, Value, interp};

/// Yields the smaller versions of one program, each once, the boldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shrinker {
    next: usize,
}

/// One way to make a program smaller.
enum Step {
    /// The results of this equation are the results.
    EndAt(usize),
    /// Values before this equation are inputs.
    StartAt(usize),
    /// The results of this equation are inputs.
    Cut(usize),
    /// Only this result.
    OneResult(usize),
    /// All but this result.
    WithoutResult(usize),
    /// Calls are written out.
    Inline,
    /// Arguments with few digits.
    RoundArgs,
}

impl Shrinker {
    pub(crate) fn next_smaller(&mut self, p: &Program) -> Option<Program> {
        let before = size(p);
        loop {
            let step = step(&p.jaxpr, self.next)?;
            self.next += 1;
            if let Some(smaller) = take(p, &step).filter(|s| size(s) < before) {
                return Some(smaller);
            }
        }
    }
}

/// The n-th step for a jaxpr.
fn step(jaxpr: &Jaxpr, mut n: usize) -> Option<Step> {
    let (eqns, outs) = (jaxpr.eqns().len(), jaxpr.outs().len());
    let kinds: [(usize, &dyn Fn(usize) -> Step); 7] = [
        (eqns, &Step::EndAt),
        (eqns, &|i| Step::StartAt(eqns - 1 - i)),
        (outs, &Step::OneResult),
        (eqns, &Step::Cut),
        (outs, &Step::WithoutResult),
        (1, &|_| Step::Inline),
        (1, &|_| Step::RoundArgs),
    ];
    for (count, make) in kinds {
        if n < count {
            return Some(make(n));
        }
        n -= count;
    }
    None
}

/// What shrinking makes smaller: equations in all, results, inputs, and digits of the arguments.
fn size(p: &Program) -> (usize, usize, usize, usize) {
    fn equations(jaxpr: &Jaxpr) -> usize {
        let of = |j: &Jaxpr| equations(j);
        jaxpr.eqns().iter().map(|e| 1 + e.prim.sub_jaxprs().iter().map(of).sum::<usize>()).sum()
    }
    let digits = |x: f64| if x.is_finite() { format!("{x}").len() } else { 3 };
    let digits = p.args.iter().flat_map(Value::to_f64s).map(digits).sum();
    (equations(&p.jaxpr), p.jaxpr.outs().len(), p.args.len(), digits)
}

fn take(p: &Program, step: &Step) -> Option<Program> {
    let jaxpr = &p.jaxpr;
    let nothing = vec![false; jaxpr.n_vars()];
    match *step {
        Step::EndAt(k) => {
            let outs: Vec<Atom> = jaxpr.eqns()[k].outs().map(Atom::Var).collect();
            rebuild(p, &nothing, &outs)
        }
        Step::StartAt(k) => {
            let first = jaxpr.eqns()[k].first_out as usize;
            let cut: Vec<bool> = (0..jaxpr.n_vars()).map(|v| v < first).collect();
            rebuild(p, &cut, jaxpr.outs())
        }
        Step::Cut(k) => {
            let mut cut = nothing;
            jaxpr.eqns()[k].outs().for_each(|v| cut[v.index()] = true);
            rebuild(p, &cut, jaxpr.outs())
        }
        Step::OneResult(i) => rebuild(p, &nothing, &jaxpr.outs()[i..=i]),
        Step::WithoutResult(i) => {
            let mut outs = jaxpr.outs().to_vec();
            outs.remove(i);
            rebuild(p, &nothing, &outs)
        }
        Step::Inline => Some(p.with_jaxpr(transform::inline_calls(&inline_checkpoints(jaxpr)))),
        Step::RoundArgs => {
            let round = |v: &Value| {
                let xs: Vec<f64> = v.to_f64s().iter().map(|x| (x * 8.0).round() / 8.0).collect();
                let few = v.dtype().is_float();
                if few { Value::from_f64s(v.dtype(), v.shape(), &xs) } else { v.clone() }
            };
            Some(Program { jaxpr: jaxpr.clone(), args: p.args.iter().map(round).collect() })
        }
    }
}

/// The program with other results, in which the variables of `cut` are inputs; without what it then
/// does not need.
fn rebuild(p: &Program, cut: &[bool], outs: &[Atom]) -> Option<Program> {
    let jaxpr = &p.jaxpr;
    let all: Vec<Atom> =
        (0..jaxpr.n_vars() as u32).map(|v| Atom::Var(pullback_ir::Var(v))).collect();
    let whole =
        Jaxpr::from_parts(jaxpr.n_ins(), jaxpr.types().to_vec(), jaxpr.eqns().to_vec(), all);
    let values = interp::eval(&whole, &p.args).ok()?;
    let b = Builder::new();
    let mut args = p.args.clone();
    let mut env: Vec<Atom> = jaxpr.in_types().iter().map(|t| b.input(t.clone())).collect();
    for eqn in jaxpr.eqns() {
        let read = |&a: &Atom| a.var().map_or(a, |v| env[v.index()]);
        let ins: Atoms = eqn.inputs.iter().map(read).collect();
        let made = b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn));
        for (v, out) in eqn.outs().zip(made) {
            env.push(if cut[v.index()] {
                args.push(values[v.index()].clone());
                b.input(jaxpr.ty(v.into()))
            } else {
                out
            });
        }
    }
    let outs: Vec<Atom> = outs.iter().map(|&a| a.var().map_or(a, |v| env[v.index()])).collect();
    let full = b.finish(outs);
    let pruned =
        transform::dce_with(&full, &vec![true; full.outs().len()], &vec![false; full.n_ins()]);
    let args =
        args.into_iter().zip(&pruned.used_ins).filter(|(_, u)| **u).map(|(a, _)| a).collect();
    Some(Program { jaxpr: pruned.jaxpr, args })
}

/// Writes out the checkpoints of a jaxpr, not those inside other calls.
fn inline_checkpoints(jaxpr: &Jaxpr) -> Jaxpr {
    let (b, mut env) = Builder::with_inputs(jaxpr.in_types());
    for eqn in jaxpr.eqns() {
        let read = |&a: &Atom| a.var().map_or(a, |v| env[v.index()]);
        let ins: Atoms = eqn.inputs.iter().map(read).collect();
        env.extend(match &eqn.prim {
            pullback_ir::Prim::Checkpoint(call) => b.inline(&call.jaxpr, &ins),
            prim => b.push(prim.clone(), ins, jaxpr.eqn_out_types(eqn)),
        });
    }
    let outs: Vec<Atom> =
        jaxpr.outs().iter().map(|&a| a.var().map_or(a, |v| env[v.index()])).collect();
    b.finish(outs)
}
