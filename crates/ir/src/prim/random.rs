//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// Random bits from keys (`u32[…,8]`, a 256-bit ChaCha key in the last axis).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Random {
    /// `random_bits[dtype=uint32 shape=(2,)] key`: `[…,8]` to `[…,shape]`.
    Bits {
        /// `u8`, `u32` or `u64`.
        dtype: DType,
        /// Shape for each key.
        shape: Shape,
    },
    /// `random_split[shape=(n,)] key`: `[…,8]` to `[…,shape,8]`.
    Split {
        /// Shape of the batch of new keys.
        shape: Shape,
    },
    /// `random_fold_in key data`: `[…,8]` and `u64[…]` to `[…,8]`.
    FoldIn,
    /// `random_permutation[n=…] key`: `[…,8]` to `i32[…,n]`, a permutation of 0..n.
    Permutation {
        /// How many.
        n: usize,
    },
}

stub!(Random, ["random_bits", "random_split", "random_fold_in", "random_permutation"]);
