//! [`OrdScalar`] and [`NumScalar`]: what reductions, scans, products and sorts need of an element.

use super::{IntScalar, RealScalar};
use crate::dtype::{DType, Element};
use half::{bf16, f16};
use std::cmp::Ordering;

/// An element with an order: every dtype, `bool` included (false < true).
pub trait OrdScalar: Element {
    /// The identity of the maximum: −∞, the lowest integer, false.
    const LOWEST: Self;
    /// The identity of the minimum: ∞, the highest integer, true.
    const HIGHEST: Self;
    /// The larger of two, NaN if either is.
    fn greater(self, y: Self) -> Self;
    /// The smaller of two, NaN if either is.
    fn lesser(self, y: Self) -> Self;
    /// True for NaN.
    fn is_nan(self) -> bool;
    /// The order of `sort`: −0 equals 0, all NaN are equal and come last.
    fn sort_cmp(self, y: Self) -> Ordering;
    /// The order of `top_k`: −0 is below 0, all NaN are equal and above everything.
    fn rank_cmp(self, y: Self) -> Ordering;
}

/// A number with the arithmetic of sums and products.
pub trait NumScalar: OrdScalar {
    /// The type in which long sums and products are kept: f32 for f16 and bf16, else the type itself.
    type Acc: NumScalar<Acc = Self::Acc>;
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// x + y; integers wrap.
    fn plus(self, y: Self) -> Self;
    /// x · y; integers wrap.
    fn times(self, y: Self) -> Self;
    /// The number as an accumulator, exactly.
    fn widen(self) -> Self::Acc;
    /// An accumulator rounded to this type.
    fn narrow(acc: Self::Acc) -> Self;
}

impl DType {
    /// The dtype in which long sums and products are kept: f32 for f16 and bf16, else itself.
    pub const fn accumulator(self) -> DType {
        match self {
            DType::F16 | DType::BF16 => DType::F32,
            other => other,
        }
    }
}

impl OrdScalar for bool {
    const LOWEST: bool = false;
    const HIGHEST: bool = true;
    fn greater(self, y: bool) -> bool {
        self | y
    }
    fn lesser(self, y: bool) -> bool {
        self & y
    }
    fn is_nan(self) -> bool {
        false
    }
    fn sort_cmp(self, y: bool) -> Ordering {
        self.cmp(&y)
    }
    fn rank_cmp(self, y: bool) -> Ordering {
        self.cmp(&y)
    }
}

macro_rules! ints {
    ($($t:ident),*) => {$(
        impl OrdScalar for $t {
            const LOWEST: $t = $t::MIN;
            const HIGHEST: $t = $t::MAX;
            fn greater(self, y: $t) -> $t {
                IntScalar::larger(self, y)
            }
            fn lesser(self, y: $t) -> $t {
                IntScalar::smaller(self, y)
            }
            fn is_nan(self) -> bool {
                false
            }
            fn sort_cmp(self, y: $t) -> Ordering {
                self.cmp(&y)
            }
            fn rank_cmp(self, y: $t) -> Ordering {
                self.cmp(&y)
            }
        }

        impl NumScalar for $t {
            type Acc = $t;
            const ZERO: $t = 0;
            const ONE: $t = 1;
            fn plus(self, y: $t) -> $t {
                self.wrapping_add(y)
            }
            fn times(self, y: $t) -> $t {
                self.wrapping_mul(y)
            }
            fn widen(self) -> $t {
                self
            }
            fn narrow(acc: $t) -> $t {
                acc
            }
        }
    )*};
}
ints!(u8, i8, i32, u32, i64, u64);

macro_rules! floats {
    ($($t:ident, $acc:ident, $zero:expr, $one:expr, $widen:expr, $narrow:expr;)*) => {$(
        impl OrdScalar for $t {
            const LOWEST: $t = $t::NEG_INFINITY;
            const HIGHEST: $t = $t::INFINITY;
            fn greater(self, y: $t) -> $t {
                RealScalar::larger(self, y)
            }
            fn lesser(self, y: $t) -> $t {
                RealScalar::smaller(self, y)
            }
            fn is_nan(self) -> bool {
                $t::is_nan(self)
            }
            fn sort_cmp(self, y: $t) -> Ordering {
                // Only NaN are not comparable.
                self.partial_cmp(&y).unwrap_or_else(|| $t::is_nan(self).cmp(&$t::is_nan(y)))
            }
            fn rank_cmp(self, y: $t) -> Ordering {
                match ($t::is_nan(self), $t::is_nan(y)) {
                    (false, false) => self.total_cmp(&y),
                    (x, y) => x.cmp(&y),
                }
            }
        }

        impl NumScalar for $t {
            type Acc = $acc;
            const ZERO: $t = $zero;
            const ONE: $t = $one;
            fn plus(self, y: $t) -> $t {
                self + y
            }
            fn times(self, y: $t) -> $t {
                self * y
            }
            fn widen(self) -> $acc {
                $widen(self)
            }
            fn narrow(acc: $acc) -> $t {
                $narrow(acc)
            }
        }
    )*};
}
floats! {
    f16, f32, f16::ZERO, f16::ONE, f16::to_f32, f16::from_f32;
    bf16, f32, bf16::ZERO, bf16::ONE, bf16::to_f32, bf16::from_f32;
    f32, f32, 0.0, 1.0, |x| x, |x| x;
    f64, f64, 0.0, 1.0, |x| x, |x| x;
}
