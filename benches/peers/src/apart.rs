//! How far apart two processors are.

use std::sync::atomic::AtomicU32;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Instant;

/// Times that a number goes to another thread and comes back, in a batch.
const TIMES: u32 = 2_000;
const BATCHES: u32 = 10;

/// Nanoseconds that a number takes to another thread and back, at best.
///
/// Two processors that share a cache take some 40, two whose caches are connected by the memory's way ten times
/// as many, and then data that one wrote is slow to read for the other. A virtual machine may have the ones today and
/// the others tomorrow, or change within a minute.
pub(crate) fn round_trip_ns() -> f64 {
    let ball = AtomicU32::new(0);
    let wait = |for_it: u32| {
        let mut looks = 0u32;
        while ball.load(Acquire) != for_it {
            looks += 1;
            // Both may be on one processor at first.
            if looks > 10_000 { std::thread::yield_now() } else { std::hint::spin_loop() }
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for i in 0..TIMES * BATCHES {
                wait(2 * i + 1);
                ball.store(2 * i + 2, Release);
            }
        });
        let batch = |k: u32| {
            let start = Instant::now();
            for i in k * TIMES..(k + 1) * TIMES {
                ball.store(2 * i + 1, Release);
                wait(2 * i + 2);
            }
            start.elapsed().as_secs_f64() * 1e9 / f64::from(TIMES)
        };
        (0..BATCHES).map(batch).fold(f64::INFINITY, f64::min)
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_number_comes_back() {
        let ns = super::round_trip_ns();
        assert!(ns > 1.0 && ns.is_finite(), "{ns}");
    }
}
