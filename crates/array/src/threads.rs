//! How many threads a computation uses.

use crate::error::{catching, ok};

/// Runs a function whose array operations share `n` threads, whatever the machine, `PULLBACK_THREADS` and
/// `RAYON_NUM_THREADS` say. Results have the same bits for every `n`.
///
/// For one thread the function runs right here, and no thread is started. Otherwise it runs on one of the
/// `n`, which are started once for each `n` and kept. A computation inside of another transformation
/// belongs to the thread of that one, so `with_threads` goes around whole calls: around `grad(f)(&x)`, not
/// into `f`.
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
    // Errors go on from here, on the thread that `try_call` may be waiting on.
    ok(ok(pullback_cpu::with_threads(n, || catching(f))))
}
