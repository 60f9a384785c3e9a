//! One lane at a time, in plain Rust: loops over it are vectorised by the compiler.

use super::lanes::{Lanes, Narrow};

/// Scalar operations on f64.
///
/// With `EXACT`, [`rare`](Lanes::rare) calls its function. Without, it would stand in the way of
/// vectorising; it only notes that the call was due, and the loop's driver does the block once more.
#[derive(Default)]
pub(super) struct F64<const EXACT: bool> {
    /// Not zero if a rare lane was met.
    pub(super) hit: i64,
}

/// Scalar operations on f32.
#[derive(Default)]
pub(super) struct F32<const EXACT: bool> {
    /// Not zero if a rare lane was met.
    pub(super) hit: i32,
    pub(super) wide: F64<EXACT>,
}

macro_rules! scalar {
    ($name:ident, $f:ident, $i:ident, $u:ident, $wide:literal) => {
        impl<const EXACT: bool> Lanes for $name<EXACT> {
            type F = $f;
            type I = $i;
            type M = bool;
            type Scalar = $f;
            const WIDE: bool = $wide;

            scalar! { $f, $i:
                add(a: F, b: F) -> F { a + b }
                sub(a: F, b: F) -> F { a - b }
                mul(a: F, b: F) -> F { a * b }
                div(a: F, b: F) -> F { a / b }
                fma(a: F, b: F, c: F) -> F { a.mul_add(b, c) }
                neg(a: F) -> F { -a }
                abs(a: F) -> F { a.abs() }
                sqrt(a: F) -> F { a.sqrt() }
                floor(a: F) -> F { a.floor() }
                round_even(a: F) -> F { a.round_ties_even() }
                min(a: F, b: F) -> F { if a < b { a } else { b } }
                max(a: F, b: F) -> F { if a > b { a } else { b } }
                lt(a: F, b: F) -> M { a < b }
                le(a: F, b: F) -> M { a <= b }
                gt(a: F, b: F) -> M { a > b }
                ge(a: F, b: F) -> M { a >= b }
                eq(a: F, b: F) -> M { a == b }
                ne(a: F, b: F) -> M { a != b }
                and_m(a: M, b: M) -> M { a & b }
                or_m(a: M, b: M) -> M { a | b }
                select(m: M, a: F, b: F) -> F { if m { a } else { b } }
                bits(a: F) -> I { a.to_bits() as $i }
                from_bits(a: I) -> F { $f::from_bits(a as $u) }
                iadd(a: I, b: I) -> I { a.wrapping_add(b) }
                isub(a: I, b: I) -> I { a.wrapping_sub(b) }
                iand(a: I, b: I) -> I { a & b }
                ior(a: I, b: I) -> I { a | b }
                ixor(a: I, b: I) -> I { a ^ b }
                ieq(a: I, b: I) -> M { a == b }
            }
            #[inline(always)]
            fn f(&mut self, x: f64) -> $f {
                x as $f
            }
            #[inline(always)]
            fn i(&mut self, x: i64) -> $i {
                x as $i
            }
            #[inline(always)]
            fn shl(&mut self, a: $i, n: u32) -> $i {
                a << n
            }
            #[inline(always)]
            fn shr(&mut self, a: $i, n: u32) -> $i {
                ((a as $u) >> n) as $i
            }
            #[inline(always)]
            fn rare(&mut self, m: bool, f: fn($f) -> $f, x: $f, y: $f) -> $f {
                if EXACT {
                    if m { f(x) } else { y }
                } else {
                    self.hit |= $i::from(m);
                    y
                }
            }
        }
    };
    ($f:ident, $i:ident: $($name:ident($($arg:ident: $t:ident),*) -> $out:ident $body:block)*) => {
        $(
            #[inline(always)]
            fn $name(&mut self $(, $arg: Self::$t)*) -> Self::$out $body
        )*
    };
}
scalar!(F64, f64, i64, u64, true);
scalar!(F32, f32, i32, u32, false);

impl<const EXACT: bool> Narrow for F32<EXACT> {
    type Wide = F64<EXACT>;
    #[inline(always)]
    fn wide(&mut self) -> &mut F64<EXACT> {
        &mut self.wide
    }
    #[inline(always)]
    fn widen(&mut self, x: f32) -> f64 {
        f64::from(x)
    }
    #[inline(always)]
    fn narrow(&mut self, x: f64) -> f32 {
        x as f32
    }
    #[inline(always)]
    fn lookup(&mut self, table: &'static [f32; 32], i: i32) -> f32 {
        table[(i & 31) as usize]
    }
}

// Single operations, for who interprets them.

/// [`Narrow::exponent`].
#[inline(always)]
pub(crate) fn exponent(x: f32) -> f32 {
    F32::<true>::default().exponent(x)
}

/// [`Narrow::mantissa`].
#[inline(always)]
pub(crate) fn mantissa(x: f32) -> f32 {
    F32::<true>::default().mantissa(x)
}

/// x·2ⁿ, as [`Lanes::scale_by`] has it.
#[inline(always)]
pub(crate) fn scale_f32(x: f32, n: f32) -> f32 {
    F32::<true>::default().scale_by(x, n)
}

/// x·2ⁿ, as [`Lanes::scale_by`] has it.
#[inline(always)]
pub(crate) fn scale_f64(x: f64, n: f64) -> f64 {
    F64::<true>::default().scale_by(x, n)
}
