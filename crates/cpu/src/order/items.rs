//! What is sorted, and which way.

use super::radix;
use crate::memory::room;
use crate::threads::{Shared, for_ranges};
use pullback_ir::{Data, pool};
use std::marker::PhantomData;
use std::mem::MaybeUninit;
use std::ops::{Deref, DerefMut, Range};

/// A key, and what moves along with it.
pub(super) trait Item: Copy + Send + Sync {
    /// Whether its bits as an unsigned integer order as sorting wants it, and say all of the item: then it
    /// need not be stable.
    const IS_INTEGER: bool;
    /// An item.
    fn new(key: u64, load: u64) -> Self;
    /// The key.
    fn key(self) -> u64;
    /// What moves along.
    fn load(self) -> u64;
}

/// A key alone.
macro_rules! alone {
    ($($t:ident)*) => {$(
        impl Item for $t {
            const IS_INTEGER: bool = true;
            #[inline(always)]
            fn new(key: u64, _: u64) -> $t {
                key as $t
            }
            #[inline(always)]
            fn key(self) -> u64 {
                u64::from(self)
            }
            #[inline(always)]
            fn load(self) -> u64 {
                0
            }
        }
    )*};
}
alone!(u32 u64);

/// A key above a load that grows from item to item, so that the order of the whole is the stable one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked(u64);

impl Item for Ranked {
    const IS_INTEGER: bool = true;
    #[inline(always)]
    fn new(key: u64, load: u64) -> Ranked {
        Ranked(key << 32 | load)
    }
    #[inline(always)]
    fn key(self) -> u64 {
        self.0 >> 32
    }
    #[inline(always)]
    fn load(self) -> u64 {
        self.0 & u64::from(u32::MAX)
    }
}

/// A key with what moves along, each up to the width of the integer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair<K> {
    key: K,
    load: K,
}

macro_rules! pairs {
    ($($t:ident)*) => {$(
        impl Item for Pair<$t> {
            const IS_INTEGER: bool = false;
            #[inline(always)]
            fn new(key: u64, load: u64) -> Pair<$t> {
                Pair { key: key as $t, load: load as $t }
            }
            #[inline(always)]
            fn key(self) -> u64 {
                u64::from(self.key)
            }
            #[inline(always)]
            fn load(self) -> u64 {
                u64::from(self.load)
            }
        }
    )*};
}
pairs!(u32 u64);

/// Items in memory that is kept for the next ones.
pub(super) struct Items<I> {
    words: Vec<u64>,
    len: usize,
    of: PhantomData<I>,
}

impl<I: Item> Items<I> {
    /// Room for so many items, none of which may be read before it is written.
    pub(super) fn room(len: usize) -> Items<I> {
        const { assert!(align_of::<I>() <= align_of::<u64>()) };
        let bytes = len * size_of::<I>();
        Items { words: room(bytes.div_ceil(size_of::<u64>())), len, of: PhantomData }
    }

    /// The items that `body` writes: all of the range that it is called with.
    pub(super) fn fill(
        len: usize,
        probe: usize,
        body: impl Fn(Range<usize>, &mut [MaybeUninit<I>]) + Sync,
    ) -> Items<I> {
        let mut items = Items::<I>::room(len);
        let to = Shared(items.ptr().cast::<MaybeUninit<I>>());
        for_ranges(len, probe, |range| {
            // SAFETY: ranges are within the room and do not meet.
            let out =
                unsafe { std::slice::from_raw_parts_mut(to.get().add(range.start), range.len()) };
            body(range, out);
        });
        items
    }

    /// The items that a function gives, one after the other.
    pub(super) fn from_fn(len: usize, item: impl Fn(usize) -> I + Sync) -> Items<I> {
        Items::fill(len, usize::MAX / 2, |range, out| {
            out.iter_mut().zip(range).for_each(|(out, i)| _ = out.write(item(i)));
        })
    }

    /// The first item.
    pub(super) fn ptr(&mut self) -> *mut I {
        self.words.spare_capacity_mut().as_mut_ptr().cast()
    }
}

impl<I> Drop for Items<I> {
    fn drop(&mut self) {
        if size_of_val(self.words.spare_capacity_mut()) >= pool::SMALLEST {
            pool::give(Data::U64(std::mem::take(&mut self.words)));
        }
    }
}

impl<I> Deref for Items<I> {
    type Target = [I];

    fn deref(&self) -> &[I] {
        // SAFETY: the spare capacity is that of so many items, and those who make the room write all of them
        // before they read one.
        unsafe {
            let first = self.words.as_ptr().add(self.words.len());
            std::slice::from_raw_parts(first.cast(), self.len)
        }
    }
}

impl<I> DerefMut for Items<I> {
    fn deref_mut(&mut self) -> &mut [I] {
        // SAFETY: as above.
        unsafe {
            let first = self.words.as_mut_ptr().add(self.words.len());
            std::slice::from_raw_parts_mut(first.cast(), self.len)
        }
    }
}

/// Items below which nothing is faster than comparing one by one.
const FEW: usize = 32;

/// Items from which on counting beats comparing.
const RADIX: usize = 512;

/// Sorts items by the low `bits` of their keys, which are all that is in them; equal ones keep their
/// order.
pub(super) fn sort<I: Item>(items: &mut Items<I>, bits: u32) {
    if items.len() < FEW {
        return items.sort_by_key(|x| x.key());
    }
    // One or two digits are counted sooner than vectors are split.
    #[cfg(target_arch = "x86_64")]
    if I::IS_INTEGER && bits > 16 && super::quick::is_available() {
        let mut aside = Items::<I>::room(items.len());
        let (at, aside, n) = (items.ptr(), aside.ptr(), items.len());
        // SAFETY: an item is an integer of its size, and there is room for as many aside.
        return unsafe {
            match size_of::<I>() {
                4 => super::quick::sort_words(at.cast(), aside.cast(), n),
                _ => super::quick::sort_longs(at.cast(), aside.cast(), n),
            }
        };
    }
    if items.len() < RADIX {
        return items.sort_by_key(|x| x.key());
    }
    radix::sort(items, bits);
}
