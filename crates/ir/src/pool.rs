//! Memory of large arrays is kept and given out again.
//!
//! The system hands out fresh memory page by page, on first touch: at 10⁷ elements that takes longer
//! than most kernels (2.9 against 0.6 ns an element, measured in 2026 on a Zen 4 server). So the buffers of
//! large arrays go here when the last array that shares them is dropped, and come from here when a kernel
//! needs room. A buffer keeps its dtype, so that all of it is safe code.
//!
//! Large arrays begin where a cache line does, which a vector need not: its elements are then the last ones of
//! the vector, behind a few others. From an allocator for 16 bytes, every vector of 64 would lie in two lines,
//! and a row of 512 bytes in nine: an embedding took a twentieth longer (measured in 2026 on a Zen 5 server).
//!
//! The pool holds at most [`limit`] bytes; what does not fit is freed, the longest kept first.

use crate::dtype::{DType, Element};
use crate::value::Data;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Buffers of fewer bytes are left to the allocator, which is quick for them.
pub const SMALLEST: usize = 128 << 10;

/// Bytes of a cache line, of which less are in front of a large array.
pub const LINE: usize = 64;

/// What the pool holds if nobody says otherwise.
const DEFAULT_LIMIT: usize = 2 << 30;

struct Pool {
    /// The longest kept first.
    buffers: Vec<(Data, usize)>,
    bytes: usize,
    limit: usize,
}

static POOL: Mutex<Pool> = Mutex::new(Pool { buffers: Vec::new(), bytes: 0, limit: DEFAULT_LIMIT });

fn lock() -> MutexGuard<'static, Pool> {
    // Nothing panics while the pool is half changed.
    POOL.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A vector with room for `n` elements, and whether its memory was used before. What is in a large one are
/// those in front of the line where the first element goes; see [`Value::of_last`](crate::Value::of_last).
pub fn take<T: Element>(n: usize) -> (Vec<T>, bool) {
    let bytes = n.saturating_mul(size_of::<T>());
    if bytes < SMALLEST {
        return (Vec::with_capacity(n), false);
    }
    let kept = lock().take::<T>(bytes);
    let used = kept.is_some();
    let mut v = kept.unwrap_or_else(|| Vec::with_capacity(n.saturating_add(LINE / size_of::<T>())));
    let in_front = v.as_ptr().align_offset(LINE).min(v.capacity() - n);
    v.resize(in_front, T::default());
    (v, used)
}

/// Keeps the memory of an array that nobody uses any more.
pub fn give(mut data: Data) {
    let bytes = crate::dispatch!(data.dtype(), T => match T::vec_mut(&mut data) {
        Some(v) => {
            v.clear();
            v.capacity() * size_of::<T>()
        }
        None => 0,
    });
    let freed = lock().give(data, bytes);
    drop(freed);
}

/// Sets how many bytes the pool holds at most, for the whole process; 0 turns it off. What is above that is
/// freed at once. At first it is 2 GiB.
pub fn set_limit(bytes: usize) {
    let mut pool = lock();
    pool.limit = bytes;
    let freed = pool.shrink();
    drop(pool);
    drop(freed);
}

/// How many bytes the pool holds at most.
pub fn limit() -> usize {
    lock().limit
}

/// How many bytes the pool holds now, for arrays to come; those of arrays that are alive are not in it.
pub fn held() -> usize {
    lock().bytes
}

impl Pool {
    /// The buffer that fits best, and wastes at most a quarter; if there is one, with room in front.
    fn take<T: Element>(&mut self, bytes: usize) -> Option<Vec<T>> {
        let fits = |&(_, (data, size)): &(usize, &(Data, usize))| {
            data.dtype() == T::DTYPE && (bytes..=bytes + bytes / 4).contains(size)
        };
        // Of equal ones the last that came, whose lines may still be in a cache.
        let all = self.buffers.iter().enumerate().rev();
        let (at, _) =
            all.filter(fits).min_by_key(|(_, (_, size))| (*size < bytes + LINE, *size))?;
        let (mut data, size) = self.buffers.remove(at);
        self.bytes -= size;
        T::vec_mut(&mut data).map(std::mem::take)
    }

    /// Adds a buffer; gives those to be freed, which is done outside of the lock.
    fn give(&mut self, data: Data, bytes: usize) -> Vec<(Data, usize)> {
        self.bytes += bytes;
        self.buffers.push((data, bytes));
        self.shrink()
    }

    fn shrink(&mut self) -> Vec<(Data, usize)> {
        let mut n = 0;
        while self.bytes > self.limit && n < self.buffers.len() {
            self.bytes -= self.buffers[n].1;
            n += 1;
        }
        self.buffers.drain(..n).collect()
    }
}

impl DType {
    /// Whether an array of so many elements is large enough for the pool.
    pub(crate) fn is_pooled(self, n: usize) -> bool {
        n.saturating_mul(self.size()) >= SMALLEST
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    #[test]
    fn large_arrays_begin_at_a_line() {
        for n in [SMALLEST, SMALLEST + 1, 3 * SMALLEST + 7] {
            let (bytes, words) = (take::<u8>(n).0, take::<u32>(n).0);
            assert_eq!(bytes.as_ptr().wrapping_add(bytes.len()).align_offset(LINE), 0);
            assert_eq!(words.as_ptr().wrapping_add(words.len()).align_offset(LINE), 0);
            assert!(bytes.capacity() - bytes.len() >= n && words.capacity() - words.len() >= n);
        }
        assert!(take::<u8>(SMALLEST - 1).0.is_empty());
    }

    // One test, because the pool is one for the process.
    #[test]
    fn memory_is_used_again() {
        let n = 300_001;
        let x = Value::full([n].as_slice(), 1.5f64);
        let (p, shared) = (x.slice::<f64>().as_ptr(), x.clone());
        drop(x);
        assert_eq!(shared.slice::<f64>()[n - 1], 1.5, "a shared buffer stays");
        drop(shared);
        let (other, _) = take::<f32>(2 * n);
        assert_ne!(other.as_ptr().cast(), p, "another dtype");
        let (mut again, used) = take::<f64>(n - 1000);
        assert!(
            used && again.as_ptr() == p
                && again.as_ptr().wrapping_add(again.len()).align_offset(LINE) == 0
        );
        again.resize(again.len() + n - 1000, 0.0);
        drop(Value::of_last(&[n - 1000], Data::F64(again)));
        let (whole, used) = take::<f64>(n);
        assert!(used && whole.as_ptr() == p && whole.is_empty(), "without room in front");
        give(Data::F64(whole));
        assert!(held() >= 8 * n);
        let before = limit();
        set_limit(0);
        assert_eq!(held(), 0);
        drop(Value::full([n].as_slice(), 1.5f64));
        assert_eq!(held(), 0, "nothing is kept beyond the limit");
        set_limit(before);
    }
}
