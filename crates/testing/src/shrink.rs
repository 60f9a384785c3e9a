//! Smaller versions of a failing program.
//!
//! A program is cut at equations: what comes before a cut is replaced by inputs that have the values
//! computed so far, what comes after it by results. So a failure that lies in one primitive is found
//! with that primitive alone, on the very operands on which it fails. Calls are written out, or are
//! made smaller inside.

use crate::program::Program;
use pullback_ir::prim::checkpoint::Checkpoint;
use pullback_ir::prim::jit::Jit;
use pullback_ir::transform;
use pullback_ir::{Atom, Atoms, Builder, Jaxpr, Prim, Value, Var, interp};

/// Yields the smaller versions of one program, each once, the boldest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Shrinker {
    edits: Option<std::vec::IntoIter<Edit>>,
}

impl Shrinker {
    pub(crate) fn next_smaller(&mut self, p: &Program) -> Option<Program> {
        let before = size(p);
        let edits = self.edits.get_or_insert_with(|| edits(&p.jaxpr, true).into_iter());
        edits.find_map(|e| apply(p, &e).filter(|smaller| size(smaller) < before))
    }
}

/// One way to make a program smaller.
#[derive(Clone, Debug)]
enum Edit {
    /// Nothing that the results do not need.
    Dce,
    /// The results of this equation are the results.
    EndAt(usize),
    /// Values before this equation are inputs.
    StartAt(usize),
    /// The results of this equation are inputs.
    Cut(usize),
    /// These results only.
    Results(Vec<usize>),
    /// A call is written out.
    Inline(usize),
    /// An edit of a callee that keeps its results.
    Inside(usize, Box<Edit>),
    /// Arguments with few digits.
    RoundArgs,
}

/// The edits of a program; those of a callee keep its results.
fn edits(jaxpr: &Jaxpr, outermost: bool) -> Vec<Edit> {
    let (n, n_outs) = (jaxpr.eqns().len(), jaxpr.outs().len());
    let mut edits = Vec::new();
    if outermost {
        edits.push(Edit::Dce);
        edits.extend((0..n).map(Edit::EndAt));
    }
    edits.extend((0..n).rev().map(Edit::StartAt));
    if outermost && n_outs > 1 {
        edits.extend((0..n_outs).map(|i| Edit::Results(vec![i])));
        edits.extend((0..n_outs).map(|i| Edit::Results((0..n_outs).filter(|&k| k != i).collect())));
    }
    edits.extend((0..n).map(Edit::Cut));
    for (k, eqn) in jaxpr.eqns().iter().enumerate() {
        if let Some(callee) = callee(&eqn.prim) {
            edits.push(Edit::Inline(k));
            edits.extend(self::edits(callee, false).into_iter().map(|e| Edit::Inside(k, e.into())));
        }
    }
    if outermost {
        edits.push(Edit::RoundArgs);
    }
    edits
}

fn callee(prim: &Prim) -> Option<&Jaxpr> {
    match prim {
        Prim::Jit(call) => Some(&call.jaxpr),
        Prim::Checkpoint(call) => Some(&call.jaxpr),
        _ => None,
    }
}

fn with_callee(prim: &Prim, jaxpr: Jaxpr) -> Option<Prim> {
    Some(match prim {
        Prim::Jit(call) => Jit { name: call.name.clone(), jaxpr }.into(),
        Prim::Checkpoint(call) => {
            let (policy, differentiated) = (call.policy.clone(), call.differentiated);
            Checkpoint { jaxpr, policy, differentiated }.into()
        }
        _ => return None,
    })
}

/// What shrinking makes smaller: equations in all, results, inputs, and digits of the arguments.
fn size(p: &Program) -> (usize, usize, usize, usize) {
    fn equations(jaxpr: &Jaxpr) -> usize {
        let inside = |prim: &Prim| prim.sub_jaxprs().iter().map(equations).sum::<usize>();
        jaxpr.eqns().iter().map(|e| 1 + inside(&e.prim)).sum()
    }
    let digits = |x: f64| if x.is_finite() { format!("{x}").len() } else { 3 };
    let digits = p.args.iter().flat_map(Value::to_f64s).map(digits).sum();
    (equations(&p.jaxpr), p.jaxpr.outs().len(), p.args.len(), digits)
}

fn apply(p: &Program, edit: &Edit) -> Option<Program> {
    match edit {
        Edit::Dce => {
            let (outs, ins) = (vec![true; p.jaxpr.outs().len()], vec![false; p.jaxpr.n_ins()]);
            let pruned = transform::dce_with(&p.jaxpr, &outs, &ins);
            let used = p.args.iter().zip(&pruned.used_ins).filter(|(_, u)| **u);
            Some(Program { jaxpr: pruned.jaxpr, args: used.map(|(a, _)| a.clone()).collect() })
        }
        Edit::RoundArgs => {
            let round = |v: &Value| {
                if !v.dtype().is_float() {
                    return v.clone();
                }
                let xs: Vec<f64> = v.to_f64s().iter().map(|x| (x * 8.0).round() / 8.0).collect();
                Value::from_f64s(v.dtype(), v.shape(), &xs)
            };
            Some(Program { jaxpr: p.jaxpr.clone(), args: p.args.iter().map(round).collect() })
        }
        edit => {
            let (jaxpr, sources) = rebuild(&p.jaxpr, &p.args, edit)?;
            let args = sources.into_iter().map(|s| match s {
                Source::Input(i) => p.args[i].clone(),
                Source::Value(v) => v,
            });
            Some(Program { jaxpr, args: args.collect() })
        }
    }
}

/// Where an input of an edited jaxpr comes from.
enum Source {
    /// An input of the jaxpr before.
    Input(usize),
    /// A variable that is cut, which has this value.
    Value(Value),
}

/// An edited jaxpr under construction. A variable that no equation defines any more becomes an input
/// when it is read.
struct Rebuild {
    b: Builder,
    env: Vec<Option<Atom>>,
    values: Vec<Value>,
    n_ins: usize,
    sources: Vec<Source>,
}

impl Rebuild {
    fn read(&mut self, atom: Atom) -> Atom {
        let Atom::Var(v) = atom else { return atom };
        let value = &self.values[v.index()];
        *self.env[v.index()].get_or_insert_with(|| {
            self.sources.push(match v.index() < self.n_ins {
                true => Source::Input(v.index()),
                false => Source::Value(value.clone()),
            });
            self.b.input(value.ty().clone())
        })
    }
}

fn rebuild(jaxpr: &Jaxpr, args: &[Value], edit: &Edit) -> Option<(Jaxpr, Vec<Source>)> {
    let all = (0..jaxpr.n_vars() as u32).map(|v| Atom::Var(Var(v))).collect();
    let (types, eqns) = (jaxpr.types().to_vec(), jaxpr.eqns().to_vec());
    let values = interp::eval(&Jaxpr::from_parts(jaxpr.n_ins(), types, eqns, all), args).ok()?;
    let env = vec![None; jaxpr.n_vars()];
    let mut r =
        Rebuild { b: Builder::new(), env, values, n_ins: jaxpr.n_ins(), sources: Vec::new() };
    for (k, eqn) in jaxpr.eqns().iter().enumerate() {
        let dropped = match *edit {
            Edit::EndAt(end) => k > end,
            Edit::StartAt(start) => k < start,
            Edit::Cut(cut) => k == cut,
            _ => false,
        };
        if dropped {
            continue;
        }
        let mut ins: Atoms = eqn.inputs.iter().map(|&a| r.read(a)).collect();
        let outs = match (edit, callee(&eqn.prim)) {
            (Edit::Inline(at), Some(callee)) if *at == k => r.b.inline(callee, &ins),
            (Edit::Inside(at, inner), Some(callee)) if *at == k => {
                let given: Vec<Value> = eqn
                    .inputs
                    .iter()
                    .map(|a| match *a {
                        Atom::Var(v) => r.values[v.index()].clone(),
                        Atom::Lit(l) => l.value(),
                    })
                    .collect();
                let (callee, sources) = rebuild(callee, &given, inner)?;
                ins = sources
                    .into_iter()
                    .map(|s| match s {
                        Source::Input(i) => ins[i],
                        Source::Value(v) => {
                            r.sources.push(Source::Value(v.clone()));
                            r.b.input(v.ty().clone())
                        }
                    })
                    .collect();
                r.b.push(with_callee(&eqn.prim, callee)?, ins, jaxpr.eqn_out_types(eqn))
            }
            _ => r.b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn)),
        };
        for (v, out) in eqn.outs().zip(outs) {
            r.env[v.index()] = Some(out);
        }
    }
    let outs: Vec<Atom> = match edit {
        Edit::EndAt(end) => jaxpr.eqns()[*end].outs().map(Atom::Var).collect(),
        Edit::Results(kept) => kept.iter().map(|&i| jaxpr.outs()[i]).collect(),
        _ => jaxpr.outs().to_vec(),
    };
    let outs: Vec<Atom> = outs.into_iter().map(|a| r.read(a)).collect();
    Some((r.b.finish(outs), r.sources))
}
