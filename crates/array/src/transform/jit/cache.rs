//! What one `jit` remembers: programs by the types and structure of the arguments.

use super::executables::lift_literals;
use super::{Compiled, Entry, Inspect, Stats, executables, sites};
use crate::array::Array;
use crate::error::Error;
use crate::func::Flat;
use crate::transform::call::At;
use pullback_ir::{Jaxpr, transform};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a `jit` remembers.
pub(super) struct Cache<O> {
    pub(super) name: String,
    made_at: At,
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
    pub(super) fn new(name: &str, made_at: At) -> Cache<O> {
        let state = State { entries: Vec::new(), stats: Stats::default(), last_miss: None };
        Cache { name: name.to_owned(), made_at, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State<O>> {
        // Nothing panics while the state is half changed.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn find(&self, flat: &Flat<'_>) -> Option<Arc<Entry<O>>> {
        let mut s = self.lock();
        s.stats.calls += 1;
        s.entries.iter().find(|e| e.fits(flat)).cloned()
    }

    /// Remembers what was traced; `path` names a leaf of the arguments.
    pub(super) fn insert(&self, entry: Entry<O>, path: impl Fn(usize) -> String) -> Arc<Entry<O>> {
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

    pub(super) fn compile(&self, jaxpr: &Jaxpr) -> Result<Compiled, Error> {
        let (program, scalars) = lift_literals(&transform::inline_calls(jaxpr));
        let (executable, fresh) = executables::get(&program)?;
        if fresh {
            let mut s = self.lock();
            s.stats.compiles += 1;
            let last_miss = s.last_miss.clone();
            drop(s);
            sites::compiled(&self.name, self.made_at, last_miss.as_deref());
        }
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
