//! The processor's caches.

use crate::threads::several;
use std::sync::OnceLock;

/// What the last cache is taken to have where the processor does not say.
const USUAL: usize = 32 << 20;

/// The largest cache of this processor, in bytes.
fn largest() -> usize {
    static SIZE: OnceLock<usize> = OnceLock::new();
    *SIZE.get_or_init(|| sizes().into_iter().max().unwrap_or(USUAL))
}

/// Caches by the processor's description of itself: leaf 4 of Intel's, 8000001Dh of AMD's.
#[cfg(target_arch = "x86_64")]
#[allow(
    unused_unsafe,
    reason = "newer compilers than the oldest that is supported know that it is safe"
)]
fn sizes() -> Vec<usize> {
    // SAFETY: every x86-64 has the instruction; leaves that there are not give anything.
    let cpuid = |leaf, k| unsafe { std::arch::x86_64::__cpuid_count(leaf, k) };
    let leaves = [(0, 4), (0x8000_0000, 0x8000_001d)];
    let there = leaves.into_iter().filter(|&(first, leaf)| cpuid(first, 0).eax >= leaf);
    let described = there.flat_map(|(_, leaf)| (0..8).map(move |k| cpuid(leaf, k)));
    let caches = described.filter(|c| c.eax & 31 != 0);
    let bits = |x: u32, from: u32, count: u32| (x >> from & ((1 << count) - 1)) as usize + 1;
    caches
        .map(|c| {
            bits(c.ebx, 0, 12) * bits(c.ebx, 12, 10) * bits(c.ebx, 22, 10) * (c.ecx as usize + 1)
        })
        .collect()
}

#[cfg(not(target_arch = "x86_64"))]
fn sizes() -> Vec<usize> {
    Vec::new()
}

/// Whether loops over so many bytes, read and written, should store past the caches on one thread.
pub(crate) fn may_overflow(bytes: usize) -> bool {
    bytes >= largest() / 3 * 2
}

/// The same on as many threads as share work now. What a loop leaves in a cache, the next one finds there;
/// stores past the caches are as slow as memory, however many threads there are. Measured in November 2026 with
/// a cache of 32 MiB, `a·a − a` on two threads takes 77 µs for 8 MiB, past the caches 191, and for 32 MiB 1.0 ms,
/// past them 0.9; on one thread 154 and 200 µs, 1.2 and 1.0 ms.
pub(crate) fn overflows(bytes: usize) -> bool {
    if several() { bytes >= largest() / 4 * 5 } else { may_overflow(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_have_a_size() {
        assert!((256 << 10..1 << 34).contains(&largest()), "{}", largest());
    }
}
