//! `jit`: trace once, compile once, then run.
//!
//! Two levels. A `jit` remembers argument types → program and skips tracing. A process-wide table maps
//! the structure of a program → executable, so that a `jit` made anew in a loop costs a trace and not
//! a compilation. The structure abstracts over float literals (all but 0, ±1, 2 and ½), which become
//! scalar inputs: a learning rate that changes does not compile again.

use super::call::ok_at;
use super::linear::trace_tree;
use crate::array::{Array, bind_all};
use crate::error::Error;
use crate::func::{Flat, Func, Info, IntoFunc, Signature, leaf_path};
use crate::trace::TraceAs;
use crate::tree::{Leaves, Structure, Tree};
use pullback_cpu::Executable;
use pullback_ir::prim::jit::Jit;
use pullback_ir::{Atom, Jaxpr, Lit, Type, Value, transform};
use std::collections::VecDeque;
use std::panic::Location;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

/// What a `jit` has done so far.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stats {
    /// Calls, also those that were recorded into an outer trace.
    pub calls: u64,
    /// Calls that had to trace.
    pub traces: u64,
    /// Programs that had to be compiled because no `jit` had compiled their structure before.
    pub compiles: u64,
}

/// What a `Func` asks its `jit`.
pub(crate) trait Inspect: Send + Sync {
    fn stats(&self) -> Stats;
    fn explain_last_miss(&self) -> Option<String>;
}

/// Compiles a function on its first call for each set of argument types.
///
/// Arguments and captured arrays are inputs of the program, never constants in it: new values do not
/// compile again. Static leaves (`usize`, `bool`, `#[tree(skip)]`) are part of the key. Under another
/// transformation it records one `jit` equation.
#[track_caller]
pub fn jit<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<<F::Dyn as Signature<'c>>::Out>>
where
    F: IntoFunc<'c, M>,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("jit({})", f.name());
    let cache = Arc::new(Cache::new(f.name()));
    let inspect: Arc<dyn Inspect> = cache.clone();
    let call = F::Dyn::make(move |args| {
        let flat = Flat::of::<<F::Dyn as Signature<'c>>::Args>(args);
        let entry = match cache.find(&flat) {
            Some(entry) => entry,
            None => {
                let path = |leaf| leaf_path::<<F::Dyn as Signature<'c>>::Args>(args, leaf);
                let how = TraceAs { what: "jit", knows_values: false, made_at: at };
                let call = ok_at(trace_tree(&*f, args, how), "jit", at);
                let entry = Entry {
                    structure: flat.flat.structure().clone(),
                    captured: call.traced.captured,
                    jaxpr: call.traced.jaxpr,
                    types: call.types,
                    out: call.out,
                    compiled: OnceLock::new(),
                };
                cache.insert(entry, path)
            }
        };
        let leaves = ok_at(entry.call(&flat, &cache), "jit", at);
        entry.out.unflatten(&mut Leaves::new(leaves))
    });
    Func { call, info: Arc::new(Info { name, jit: Some(inspect) }) }
}

/// A program for one set of argument types.
struct Entry<O> {
    types: Vec<Type>,
    structure: Structure,
    jaxpr: Jaxpr,
    captured: Vec<Array>,
    /// The result with placeholders for leaves.
    out: O,
    compiled: OnceLock<Result<Compiled, Error>>,
}

/// An executable and the scalars that its structure abstracts over.
struct Compiled {
    executable: Executable,
    scalars: Vec<Value>,
}

impl<O> Entry<O> {
    fn fits(&self, flat: &Flat<'_>) -> bool {
        let leaves = flat.flat.leaves();
        leaves.len() == self.types.len()
            && *flat.flat.structure() == self.structure
            && leaves
                .iter()
                .zip(&self.types)
                .all(|(a, t)| a.dtype() == t.dtype() && a.shape() == t.shape())
    }

    fn call(&self, flat: &Flat<'_>, cache: &Cache<O>) -> Result<Vec<Array>, Error> {
        let leaves = flat.flat.leaves();
        let inputs = leaves.iter().copied().chain(&self.captured);
        if inputs.clone().any(Array::is_traced) {
            let inputs: Vec<&Array> = inputs.collect();
            let call = Jit { name: cache.name.as_str().into(), jaxpr: self.jaxpr.clone() };
            return Ok(bind_all(call, &inputs).into_vec());
        }
        let compiled = self.compiled.get_or_init(|| cache.compile(&self.jaxpr));
        let compiled = compiled.as_ref().map_err(Clone::clone)?;
        let args = inputs.map(Array::force).chain(compiled.scalars.iter().cloned());
        let outs = compiled.executable.run_owned(args)?;
        Ok(outs.into_iter().map(Array::from_value).collect())
    }
}

/// What a `jit` remembers.
struct Cache<O> {
    name: String,
    state: Mutex<State<O>>,
}

struct State<O> {
    entries: Vec<Arc<Entry<O>>>,
    stats: Stats,
    last_miss: Option<String>,
}

/// Beyond this many programs the oldest one of a `jit` is dropped: a function that is called with
/// ever new shapes would otherwise grow without bound.
const MAX_ENTRIES: usize = 128;

impl<O> Cache<O> {
    fn new(name: &str) -> Cache<O> {
        let state = State { entries: Vec::new(), stats: Stats::default(), last_miss: None };
        Cache { name: name.to_owned(), state: Mutex::new(state) }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State<O>> {
        // Nothing panics while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, flat: &Flat<'_>) -> Option<Arc<Entry<O>>> {
        let mut s = self.lock();
        s.stats.calls += 1;
        s.entries.iter().find(|e| e.fits(flat)).cloned()
    }

    fn insert(&self, entry: Entry<O>, path: impl Fn(usize) -> String) -> Arc<Entry<O>> {
        let entry = Arc::new(entry);
        let mut s = self.lock();
        s.stats.traces += 1;
        let miss = s.entries.last().map(|old| explain(old, &entry, path));
        s.last_miss = miss.or(s.last_miss.take());
        // A closure that captured a value of an outer trace is traced at every call: the value
        // belongs to that trace.
        if !entry.captured.iter().any(Array::is_traced) {
            if s.entries.len() == MAX_ENTRIES {
                s.entries.remove(0);
            }
            s.entries.push(entry.clone());
        }
        entry
    }

    fn compile(&self, jaxpr: &Jaxpr) -> Result<Compiled, Error> {
        let (program, scalars) = lift_literals(&transform::inline_calls(jaxpr));
        let (executable, fresh) = EXECUTABLES.get(&program)?;
        self.lock().stats.compiles += fresh as u64;
        Ok(Compiled { executable, scalars })
    }
}

impl<O: Send + Sync> Inspect for Cache<O> {
    fn stats(&self) -> Stats {
        self.lock().stats
    }

    fn explain_last_miss(&self) -> Option<String> {
        self.lock().last_miss.clone()
    }
}

/// Names the first difference between what is known and what came.
fn explain<O>(old: &Entry<O>, new: &Entry<O>, path: impl Fn(usize) -> String) -> String {
    if old.types.len() == new.types.len() {
        for (i, (a, b)) in old.types.iter().zip(&new.types).enumerate() {
            if a != b {
                return format!("{} was {a} and is now {b}", path(i));
            }
        }
    }
    if old.structure != new.structure || old.types.len() != new.types.len() {
        return "the structure of the arguments changed: a length, a variant or a static value"
            .into();
    }
    "the function captures a value of an outer trace, so it is traced at every call".into()
}

/// Float literals become trailing scalar inputs, except for those that simplification looks for.
fn lift_literals(jaxpr: &Jaxpr) -> (Jaxpr, Vec<Value>) {
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

/// The process-wide table from programs to executables. It is bounded, least recently used first
/// out, and holds no arrays.
struct Executables(Mutex<VecDeque<(Jaxpr, Executable)>>);

/// How many programs the table keeps.
const MAX_EXECUTABLES: usize = 256;

static EXECUTABLES: Executables = Executables(Mutex::new(VecDeque::new()));

impl Executables {
    /// The executable of a program, and whether it had to be made.
    fn get(&self, program: &Jaxpr) -> Result<(Executable, bool), Error> {
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(i) = table.iter().position(|(p, _)| p == program) {
            let hit = table.remove(i).expect("the position is in range");
            let executable = hit.1.clone();
            table.push_back(hit);
            return Ok((executable, false));
        }
        drop(table);
        // Compiled outside of the lock: two threads may do the same work, neither waits.
        let executable = pullback_cpu::compile(program)?;
        let mut table = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if table.len() == MAX_EXECUTABLES {
            table.pop_front();
        }
        table.push_back((program.clone(), executable.clone()));
        Ok((executable, true))
    }
}
