//! `jit`: trace once, compile once, then run.
//!
//! Two levels. A `jit` remembers argument types → program and skips tracing. A process-wide table maps
//! the structure of a program → executable, so that a `jit` made anew in a loop costs a trace and not
//! a compilation. The structure abstracts over float literals (all but 0, ±1, 2 and ½), which become
//! scalar inputs: a learning rate that changes does not compile again.

mod cache;
mod executables;
mod sites;

use super::call::{At, ok_at};
use super::linear::trace_tree;
use crate::array::{Array, bind_all};
use crate::error::Error;
use crate::func::{Args, Flat, Func, Info, IntoFunc, Signature, leaf_path};
use crate::trace::TraceAs;
use crate::tree::{Leaves, Structure, Tree};
use cache::Cache;
pub(super) use executables::lift_literals;
use pullback_cpu::Executable;
use pullback_ir::prim::jit::Jit;
use pullback_ir::{Jaxpr, Type, Value};
use std::panic::Location;
use std::sync::{Arc, OnceLock};

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
/// ```
/// # use pullback_array::{array, grad, jit, Array};
/// let step = jit(|x: &Array| x - grad(|x: &Array| x.square().sum())(x) * 0.25);
/// let x = step(&step(&array![4.0, -8.0]));
/// assert_eq!(x.to_vec::<f64>(), [1.0, -2.0]);
/// assert_eq!((step.stats().calls, step.stats().traces), (2, 1));
/// ```
///
/// Arguments and captured arrays are inputs of the program, never constants in it: new values do not
/// compile again. Static leaves (`usize`, `bool`, `#[tree(skip)]`) are part of the key. Under another
/// transformation it records one `jit` equation.
///
/// [`call_owned`](Func::call_owned) gives the arguments away, so that results are written into their
/// memory. Where one `jit(..)` in the source has compiled more than 16 programs, a warning goes to
/// stderr once, with what changed last; the environment variable `PULLBACK_JIT_WARNINGS=0` silences it.
#[track_caller]
pub fn jit<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<<F::Dyn as Signature<'c>>::Out>>
where
    F: IntoFunc<'c, M>,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("jit({})", f.name());
    let cache = Arc::new(Cache::new(f.name(), at));
    let inspect: Arc<dyn Inspect> = cache.clone();
    let program = Arc::new(Program::<F::Dyn> { f, cache, at });
    let by_value = program.clone();
    let call = F::Dyn::make(move |args| {
        let flat = Flat::of::<ArgsOf<'c, F::Dyn>>(args);
        let entry = program.entry(args, &flat);
        let leaves = flat.flat.leaves();
        let traced = leaves.iter().any(|a| a.is_traced());
        program.run(&entry, leaves.iter().map(|&a| a.clone()), traced)
    });
    let by_value = <F::Dyn as Signature<'c>>::With::make_by_value(move |args| {
        let (entry, leaves) = {
            let refs = <ArgsOf<'c, F::Dyn>>::refs(&args);
            let flat = Flat::of::<ArgsOf<'c, F::Dyn>>(refs);
            (by_value.entry(refs, &flat), flat.arrays())
        };
        // From here on the leaves are the only holders of buffers that nobody else holds.
        drop(args);
        let traced = leaves.iter().any(Array::is_traced);
        by_value.run(&entry, leaves.into_iter(), traced)
    });
    Func { call, by_value: Some(by_value), info: Arc::new(Info { name, jit: Some(inspect) }) }
}

type ArgsOf<'c, D> = <D as Signature<'c>>::Args;
type OutOf<'c, D> = <D as Signature<'c>>::Out;

/// The function behind a `jit`, with what is remembered of it.
struct Program<'c, D: Signature<'c> + ?Sized> {
    f: Func<D>,
    cache: Arc<Cache<D::Out>>,
    at: At,
}

impl<'c, D: Signature<'c> + ?Sized> Program<'c, D>
where
    D::Out: Tree,
{
    /// The traced program for these arguments.
    fn entry(
        &self,
        args: <D::Args as Args>::Refs<'_>,
        flat: &Flat<'_>,
    ) -> Arc<Entry<OutOf<'c, D>>> {
        if let Some(entry) = self.cache.find(flat) {
            return entry;
        }
        let how = TraceAs { what: "jit", knows_values: false, made_at: self.at };
        let call = ok_at(trace_tree(&*self.f, args, how), "jit", self.at);
        let entry = Entry {
            structure: flat.flat.structure().clone(),
            captured: call.traced.captured,
            jaxpr: call.traced.jaxpr,
            types: call.types,
            out: call.out,
            compiled: OnceLock::new(),
        };
        self.cache.insert(entry, |leaf| leaf_path::<D::Args>(args, leaf))
    }

    fn run(
        &self,
        entry: &Entry<OutOf<'c, D>>,
        leaves: impl Iterator<Item = Array>,
        traced: bool,
    ) -> D::Out {
        let leaves = ok_at(entry.call(leaves, traced, &self.cache), "jit", self.at);
        entry.out.unflatten(&mut Leaves::new(leaves))
    }
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

    /// Runs the program on the leaves of the arguments, or records it if any is `traced`. Buffers of
    /// leaves that nothing else holds may become those of results.
    fn call(
        &self,
        leaves: impl Iterator<Item = Array>,
        traced: bool,
        cache: &Cache<O>,
    ) -> Result<Vec<Array>, Error> {
        let inputs = leaves.chain(self.captured.iter().cloned());
        if traced || self.captured.iter().any(Array::is_traced) {
            let inputs: Vec<Array> = inputs.collect();
            let call = Jit { name: cache.name.as_str().into(), jaxpr: self.jaxpr.clone() };
            return Ok(bind_all(call, &inputs.iter().collect::<Vec<_>>()).into_vec());
        }
        let compiled = self.compiled.get_or_init(|| cache.compile(&self.jaxpr));
        let compiled = compiled.as_ref().map_err(Clone::clone)?;
        let args = inputs.map(Array::into_value).chain(compiled.scalars.iter().cloned());
        let outs = compiled.executable.run_owned(args)?;
        Ok(outs.into_iter().map(Array::from_value).collect())
    }
}
