//! How many threads a computation uses.

use crate::error::{Error, catching, fail, ok};
use rayon::{ThreadPool, ThreadPoolBuilder};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Runs a function whose array operations share `n` threads, whatever the machine and
/// `RAYON_NUM_THREADS` say. Results have the same bits for every `n`.
///
/// The function runs on one of these threads. A computation inside of another transformation belongs to
/// the thread of that one, so `with_threads` goes around whole calls: around `grad(f)(&x)`, not into `f`.
/// Threads are started once for each `n` and kept.
///
/// ```
/// # use pullback_array::{iota, with_threads};
/// let x = iota::<f32>(1000);
/// let sums = [1, 2, 3].map(|n| with_threads(n, || x.sin().sum().item::<f32>()));
/// assert!(sums.iter().all(|s| *s == sums[0]));
/// ```
///
/// # Panics
/// If `n` is 0, or the system gives no threads; and where the function panics.
#[track_caller]
pub fn with_threads<R: Send>(n: usize, f: impl FnOnce() -> R + Send) -> R {
    if n == 0 {
        fail(Error::msg("`with_threads` needs at least 1 thread"));
    }
    // Errors go on from here, on the thread that `try_call` may be waiting on.
    ok(ok(pool(n)).install(|| catching(f)))
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
