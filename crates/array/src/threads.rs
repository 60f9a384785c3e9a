//! How many threads a computation uses.

use crate::error::ok;

/// Runs a function whose array operations share `n` threads, whatever the machine, `PULLBACK_THREADS` and
/// `RAYON_NUM_THREADS` say. Results have the same bits for every `n`.
///
/// The function runs on the thread that calls it, which is one of the `n`. The others are started when work
/// is shared for the first time, once for each `n`, and kept; for one thread, none is. For 0.3 ms after each
/// piece of shared work they look for the next one, which takes time of their cores. A jitted function's
/// operations run where it is called, so `with_threads` goes around that call.
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
pub fn with_threads<R>(n: usize, f: impl FnOnce() -> R) -> R {
    ok(pullback_cpu::with_threads(n, f))
}
