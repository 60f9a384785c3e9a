//! [`IntScalar`]: integer arithmetic as XLA defines it.

use std::fmt::Debug;
use std::hash::Hash;
use std::ops::{BitAnd, BitOr, BitXor, Not};

/// An integer element: u8, i8, i32, u32, i64 or u64. Everything wraps; nothing panics.
pub trait IntScalar:
    Copy
    + Debug
    + Eq
    + PartialOrd
    + Hash
    + Send
    + Sync
    + Not<Output = Self>
    + BitAnd<Output = Self>
    + BitOr<Output = Self>
    + BitXor<Output = Self>
    + 'static
{
    /// x + y modulo 2ʷ.
    fn wrapping_add(self, y: Self) -> Self;
    /// x − y modulo 2ʷ.
    fn wrapping_sub(self, y: Self) -> Self;
    /// x · y modulo 2ʷ.
    fn wrapping_mul(self, y: Self) -> Self;
    /// −x modulo 2ʷ.
    fn wrapping_neg(self) -> Self;
    /// |x|, with |MIN| = MIN.
    fn wrapping_abs(self) -> Self;
    /// The quotient truncated towards zero; x/0 = −1 (all bits set), MIN/−1 = MIN.
    fn div(self, y: Self) -> Self;
    /// The remainder with the sign of x; rem(x, 0) = x, rem(MIN, −1) = 0.
    fn rem(self, y: Self) -> Self;
    /// xʸ, wrapping; for y < 0 the truncated quotient: 1 for x = 1, ±1 for x = −1, else 0.
    fn pow(self, y: Self) -> Self;
    /// xⁿ, wrapping; for n < 0 as [`IntScalar::pow`].
    fn integer_pow(self, n: i32) -> Self;
    /// −1, 0 or 1.
    fn sign(self) -> Self;
    /// The larger of two numbers.
    fn larger(self, y: Self) -> Self;
    /// The smaller of two numbers.
    fn smaller(self, y: Self) -> Self;
    /// x · 2ᵏ modulo 2ʷ; 0 for k ≥ w and for k < 0.
    fn shift_left(self, k: Self) -> Self;
    /// The bits of x moved right, zeros entering; 0 for k ≥ w and for k < 0.
    fn shift_right_logical(self, k: Self) -> Self;
    /// The bits of x moved right, copies of the top bit entering; all top bits for k ≥ w and for k < 0.
    ///
    /// As in XLA the top bit of an unsigned type counts as its sign.
    fn shift_right_arithmetic(self, k: Self) -> Self;
}

macro_rules! int {
    ($t:ident, $unsigned:ident, $signed:ident, $is_negative:expr) => {
        impl IntScalar for $t {
            fn wrapping_add(self, y: Self) -> Self {
                <$t>::wrapping_add(self, y)
            }
            fn wrapping_sub(self, y: Self) -> Self {
                <$t>::wrapping_sub(self, y)
            }
            fn wrapping_mul(self, y: Self) -> Self {
                <$t>::wrapping_mul(self, y)
            }
            fn wrapping_neg(self) -> Self {
                <$t>::wrapping_neg(self)
            }
            fn wrapping_abs(self) -> Self {
                if $is_negative(self) { <$t>::wrapping_neg(self) } else { self }
            }
            fn div(self, y: Self) -> Self {
                if y == 0 { !0 } else { <$t>::wrapping_div(self, y) }
            }
            fn rem(self, y: Self) -> Self {
                if y == 0 { self } else { <$t>::wrapping_rem(self, y) }
            }
            fn pow(self, y: Self) -> Self {
                if $is_negative(y) {
                    // The reciprocal of x^|y|, truncated; 0 has none and XLA says 0.
                    return match self {
                        1 => 1,
                        _ if self == (0 as $t).wrapping_sub(1) => {
                            if y & 1 == 1 {
                                self
                            } else {
                                1
                            }
                        }
                        _ => 0,
                    };
                }
                let (mut x, mut y, mut product) = (self, y, 1 as $t);
                while y != 0 {
                    if y & 1 == 1 {
                        product = <$t>::wrapping_mul(product, x);
                    }
                    x = <$t>::wrapping_mul(x, x);
                    y >>= 1;
                }
                product
            }
            fn integer_pow(self, n: i32) -> Self {
                if n < 0 {
                    return match self {
                        1 => 1,
                        _ if $is_negative(self) && <$t>::wrapping_neg(self) == 1 => {
                            if n & 1 == 1 {
                                self
                            } else {
                                1
                            }
                        }
                        _ => 0,
                    };
                }
                <$t>::wrapping_pow(self, n.unsigned_abs())
            }
            fn sign(self) -> Self {
                if $is_negative(self) { !0 } else { (self != 0) as $t }
            }
            fn larger(self, y: Self) -> Self {
                Ord::max(self, y)
            }
            fn smaller(self, y: Self) -> Self {
                Ord::min(self, y)
            }
            fn shift_left(self, k: Self) -> Self {
                let k = k as $unsigned;
                if k >= <$t>::BITS as $unsigned { 0 } else { self << k }
            }
            fn shift_right_logical(self, k: Self) -> Self {
                let k = k as $unsigned;
                if k >= <$t>::BITS as $unsigned { 0 } else { ((self as $unsigned) >> k) as $t }
            }
            fn shift_right_arithmetic(self, k: Self) -> Self {
                let k = (k as $unsigned).min(<$t>::BITS as $unsigned - 1);
                ((self as $signed) >> k) as $t
            }
        }
    };
}

int!(u8, u8, i8, |_| false);
int!(u32, u32, i32, |_| false);
int!(u64, u64, i64, |_| false);
int!(i8, u8, i8, |x| x < 0);
int!(i32, u32, i32, |x| x < 0);
int!(i64, u64, i64, |x| x < 0);
