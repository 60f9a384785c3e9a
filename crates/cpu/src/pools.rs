//! Which threads there are.
//!
//! Work is shared on the pool of rayon that the calling thread belongs to, else on rayon's global pool.
//! Asking rayon for its size starts that one, so where one thread is all that is wanted rayon is not asked.

// The one place that asks rayon.
#![allow(clippy::disallowed_methods)]

use pullback_ir::Error;
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{env, thread};

/// The environment variable that says how many threads share work.
const VARIABLE: &str = "PULLBACK_THREADS";

thread_local! {
    /// Whether this thread works alone. It decides how fast results come, not what they are.
    static ALONE: Cell<bool> = const { Cell::new(false) };
}

/// How many threads share the work of this one. The first call that needs more than one starts them.
#[inline]
pub(crate) fn count() -> usize {
    if ALONE.get() {
        1
    } else if rayon::current_thread_index().is_some() {
        rayon::current_num_threads()
    } else {
        global()
    }
}

/// Threads outside of any pool: those of the global one, which is started unless it would have one.
fn global() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        // What is no number was reported when the engine was chosen.
        let ours = configured().ok().flatten();
        let rayons = || env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|n| *n > 0);
        let machine = || thread::available_parallelism().map_or(1, |n| n.get());
        if ours.or_else(rayons).unwrap_or_else(machine) == 1 {
            return 1;
        }
        if let Some(n) = ours {
            // It fails where the program has made the global pool itself: then that one's size holds.
            let _ = ThreadPoolBuilder::new().num_threads(n).build_global();
        }
        rayon::current_num_threads()
    })
}

/// What `PULLBACK_THREADS` says.
///
/// # Errors
/// It is no number of threads.
pub(crate) fn configured() -> Result<Option<usize>, Error> {
    let Some(text) = env::var_os(VARIABLE) else { return Ok(None) };
    match text.to_str().and_then(|t| t.parse().ok()) {
        Some(n) if n > 0 => Ok(Some(n)),
        _ => Err(Error::msg(format!(
            "the environment variable {VARIABLE}: `{}` is no number of threads, which is 1 at least",
            text.to_string_lossy()
        ))),
    }
}

/// Runs a function whose work is shared by `n` threads, whatever the machine and the environment say. One
/// thread is the caller's own, and starts none; more are started once for each `n` and kept.
///
/// # Errors
/// `n` is 0, or the system gives no threads.
pub fn with_threads<R: Send>(n: usize, f: impl FnOnce() -> R + Send) -> Result<R, Error> {
    match n {
        0 => Err(Error::msg("`with_threads` needs at least 1 thread")),
        1 => Ok(set_alone(true, f)),
        // On a thread of that pool `f` runs in place, where a call around this one may be alone.
        _ => Ok(pool(n)?.install(|| set_alone(false, f))),
    }
}

fn set_alone<R>(alone: bool, f: impl FnOnce() -> R) -> R {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            ALONE.set(self.0);
        }
    }
    let _restore = Restore(ALONE.replace(alone));
    f()
}

/// The pool of `n` threads.
fn pool(n: usize) -> Result<Arc<ThreadPool>, Error> {
    static POOLS: Mutex<BTreeMap<usize, Arc<ThreadPool>>> = Mutex::new(BTreeMap::new());
    let mut pools = POOLS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(pool) = pools.get(&n) {
        return Ok(pool.clone());
    }
    let made = ThreadPoolBuilder::new().num_threads(n).build();
    let pool = Arc::new(made.map_err(|e| Error::msg(format!("{n} threads cannot be had: {e}")))?);
    pools.insert(n, pool.clone());
    Ok(pool)
}
