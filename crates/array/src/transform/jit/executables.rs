//! The process-wide table from the structure of programs to executables.

use crate::error::Error;
use pullback_cpu::Executable;
use pullback_ir::{Atom, Jaxpr, Lit, Type, Value};
use rustc_hash::FxHashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

/// How many programs the table keeps. It holds no arrays.
const MAX_EXECUTABLES: usize = 256;

#[derive(Default)]
struct Table {
    /// Executables, and when each was used last.
    known: FxHashMap<Jaxpr, (Executable, u64)>,
    /// Counts uses.
    clock: u64,
}

static TABLE: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

/// The executable of a program, and whether it had to be made.
pub(super) fn get(program: &Jaxpr) -> Result<(Executable, bool), Error> {
    if let Some(executable) = with_table(|t| t.find(program)) {
        return Ok((executable, false));
    }
    // Compiled outside of the lock: two threads may do the same work, neither waits.
    let executable = pullback_cpu::compile(program)?;
    with_table(|t| t.insert(program.clone(), executable.clone()));
    Ok((executable, true))
}

fn with_table<R>(f: impl FnOnce(&mut Table) -> R) -> R {
    // Nothing panics while the table is half changed.
    f(&mut TABLE.lock().unwrap_or_else(PoisonError::into_inner))
}

impl Table {
    fn find(&mut self, program: &Jaxpr) -> Option<Executable> {
        self.clock += 1;
        let (executable, used) = self.known.get_mut(program)?;
        *used = self.clock;
        Some(executable.clone())
    }

    /// Adds an executable. What was not used for the longest time gives way to it: a search, but one
    /// that costs nothing beside the compilation before it.
    fn insert(&mut self, program: Jaxpr, executable: Executable) {
        if self.known.len() >= MAX_EXECUTABLES && !self.known.contains_key(&program) {
            let oldest = self.known.iter().min_by_key(|(_, (_, used))| *used);
            if let Some(oldest) = oldest.map(|(program, _)| program.clone()) {
                self.known.remove(&oldest);
            }
        }
        self.clock += 1;
        self.known.insert(program, (executable, self.clock));
    }
}

/// Float literals become trailing scalar inputs, except for those that simplification looks for.
pub(in crate::transform) fn lift_literals(jaxpr: &Jaxpr) -> (Jaxpr, Vec<Value>) {
    let lifted = |a: &Atom| match a {
        Atom::Lit(l) if l.dtype().is_float() => {
            ![0.0, -0.0, 1.0, -1.0, 2.0, 0.5].iter().any(|x| l.is(*x))
        }
        _ => false,
    };
    let mut lits: Vec<Lit> = Vec::new();
    let mut types: Vec<Type> = Vec::new();
    for eqn in jaxpr.eqns() {
        for a in eqn.inputs.iter().filter(|a| lifted(a)) {
            let lit = a.lit().expect("only literals are lifted");
            types.push(Type::scalar(lit.dtype()));
            lits.push(lit);
        }
    }
    if lits.is_empty() {
        return (jaxpr.clone(), Vec::new());
    }
    let b = pullback_ir::Builder::new();
    let mut env: Vec<Atom> = jaxpr.in_types().iter().map(|t| b.input(t.clone())).collect();
    let mut inputs = types.into_iter().map(|t| b.input(t)).collect::<Vec<_>>().into_iter();
    for eqn in jaxpr.eqns() {
        b.set_loc(eqn.loc);
        let ins = eqn
            .inputs
            .iter()
            .map(|a| match a {
                Atom::Var(v) => env[v.index()],
                lit if lifted(lit) => inputs.next().expect("one input a lifted literal"),
                lit => *lit,
            })
            .collect();
        env.extend(b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn)));
    }
    let outs: Vec<Atom> = jaxpr
        .outs()
        .iter()
        .map(|a| match a {
            Atom::Var(v) => env[v.index()],
            lit => *lit,
        })
        .collect();
    (b.finish(outs), lits.into_iter().map(Lit::value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pullback_ir::{Builder, DType};

    fn program(n: usize) -> Jaxpr {
        let (b, ins) = Builder::with_inputs(&[Type::of(DType::F32, &[n])]);
        let out = b.sin(ins[0]);
        b.finish([out])
    }

    #[test]
    fn the_least_recently_used_program_gives_way() {
        let executable = pullback_cpu::compile(&program(1)).unwrap();
        let mut table = Table::default();
        for n in 0..MAX_EXECUTABLES {
            table.insert(program(n), executable.clone());
        }
        assert!(table.find(&program(0)).is_some());
        table.insert(program(MAX_EXECUTABLES), executable.clone());
        assert_eq!(table.known.len(), MAX_EXECUTABLES);
        assert!(table.find(&program(0)).is_some(), "used just before");
        assert!(table.find(&program(1)).is_none(), "the oldest one");
        // A program that is there already pushes nothing out.
        table.insert(program(2), executable);
        assert_eq!(table.known.len(), MAX_EXECUTABLES);
    }
}
