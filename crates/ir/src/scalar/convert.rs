//! Conversions between all dtypes, as XLA:CPU does them.
//!
//! Float → integer truncates towards zero and saturates, and NaN becomes 0; integer → integer wraps;
//! everything → bool is "≠ 0" (so NaN is true); everything → float rounds once to nearest even.

use half::{bf16, f16};

/// A number that can become a `T`.
pub trait ConvertTo<T>: Copy {
    /// The number as a `T`, by the rules of this module.
    fn convert_to(self) -> T;
}

/// The number `x` as a `T`, by the rules of this module.
pub fn convert<S: ConvertTo<T>, T>(x: S) -> T {
    x.convert_to()
}

/// `impl ConvertTo<T> for S` with the given expression, for several pairs.
macro_rules! conversions {
    ($($s:ty => $($t:ty),+: |$x:ident| $e:expr;)*) => {
        $(conversions!(@each $s, [$($t),+], $x, $e);)*
    };
    (@each $s:ty, [$($t:ty),+], $x:ident, $e:expr) => {
        $(impl ConvertTo<$t> for $s {
            fn convert_to(self) -> $t {
                let $x = self;
                $e
            }
        })+
    };
}

/// Everything that Rust's `as` does rightly: number → number without the 16-bit floats.
macro_rules! plain {
    ($($s:ty),*: $targets:tt) => { $(plain!(@one $s, $targets);)* };
    (@one $s:ty, [$($t:ty),*]) => {
        $(impl ConvertTo<$t> for $s {
            fn convert_to(self) -> $t {
                self as $t
            }
        })*
        impl ConvertTo<bool> for $s {
            fn convert_to(self) -> bool {
                self != 0 as $s
            }
        }
        impl ConvertTo<$s> for bool {
            fn convert_to(self) -> $s {
                u8::from(self) as $s
            }
        }
    };
}
plain!(u8, i8, u32, i32, u64, i64, f32, f64: [u8, i8, u32, i32, u64, i64, f32, f64]);

conversions! {
    bool => bool: |x| x;
}

/// The 16-bit floats: out through f32, which is exact, and in through an f32 rounded to odd.
macro_rules! narrow {
    ($($h:ty),*) => {
        $(
            narrow!(@out $h: u8, i8, u32, i32, u64, i64, f32, f64);
            conversions! {
                $h => bool: |x| x.to_f32() != 0.0;
                bool => $h: |x| <$h>::from_f32(f32::from(u8::from(x)));
                u8 => $h: |x| <$h>::from_f32(f32::from(x));
                i8 => $h: |x| <$h>::from_f32(f32::from(x));
                u32 => $h: |x| <$h>::from_f32(odd_f32(f64::from(x)));
                i32 => $h: |x| <$h>::from_f32(odd_f32(f64::from(x)));
                u64 => $h: |x| <$h>::from_f32(odd_f32(odd_f64(x)));
                i64 => $h: |x| {
                    let magnitude = <$h>::from_f32(odd_f32(odd_f64(x.unsigned_abs())));
                    if x < 0 { -magnitude } else { magnitude }
                };
                f32 => $h: |x| <$h>::from_f32(x);
                f64 => $h: |x| <$h>::from_f32(odd_f32(x));
            }
        )*
    };
    (@out $h:ty: $($t:ty),*) => {
        $(impl ConvertTo<$t> for $h {
            fn convert_to(self) -> $t {
                self.to_f32() as $t
            }
        })*
    };
}
narrow!(f16, bf16);

conversions! {
    f16 => f16: |x| x;
    bf16 => bf16: |x| x;
    f16 => bf16: |x| bf16::from_f32(x.to_f32());
    bf16 => f16: |x| f16::from_f32(x.to_f32());
}

/// `x` as f32, rounded to odd: inexact values take the neighbour whose last bit is 1.
///
/// A further rounding to a format with at least two bits less then gives what a single rounding would
/// (Boldo and Melquiond 2008), where rounding to nearest twice would not.
fn odd_f32(x: f64) -> f32 {
    let nearest = x as f32;
    if f64::from(nearest) == x || x.is_nan() {
        return nearest;
    }
    let outward = f64::from(nearest).abs() > x.abs();
    f32::from_bits((nearest.to_bits() - u32::from(outward)) | 1)
}

/// `x` as f64, rounded to odd.
fn odd_f64(x: u64) -> f64 {
    let excess = (u64::BITS - x.leading_zeros()).saturating_sub(f64::MANTISSA_DIGITS);
    let kept = x >> excess;
    let sticky = u64::from(kept << excess != x);
    ((kept | sticky) << excess) as f64
}
