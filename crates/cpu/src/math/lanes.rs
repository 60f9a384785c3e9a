//! The operations from which the functions are made.
//!
//! All are exact in the sense of IEEE 754 (one rounding, to nearest even), so every implementation gives
//! the same bits: the scalar one of this crate, compiled for any instruction set, and machine code.

use pullback_ir::scalar::RealScalar;

/// Operations on lanes of one float width, with integers of the same width.
///
/// Conversions between floats and integers are left out, because AVX2 has none for 64 bits; adding
/// [`MAGIC`](Lanes::MAGIC) leaves the nearest integer in the low bits. 64-bit products and arithmetic
/// shifts are left out for the same reason.
pub(crate) trait Lanes {
    /// Floats.
    type F: Copy;
    /// Integers of the floats' width, in two's complement.
    type I: Copy;
    /// Truth values.
    type M: Copy;
    /// One lane.
    type Scalar: RealScalar;

    /// f64 lanes, not f32.
    const WIDE: bool;
    /// Bits of the mantissa without the leading one.
    const MANTISSA: u32 = if Self::WIDE { 52 } else { 23 };
    /// The exponent field of 1.
    const BIAS: i64 = if Self::WIDE { 1023 } else { 127 };
    /// The bits of 1.
    const ONE: i64 = Self::BIAS << Self::MANTISSA;
    /// All bits of a lane but the sign.
    const MAGNITUDE: i64 = if Self::WIDE { i64::MAX } else { i32::MAX as i64 };
    /// 1.5·2²³ or 1.5·2⁵²: added to a float it rounds to an integer n and leaves n in the low bits.
    const MAGIC: f64 = if Self::WIDE { 6755399441055744.0 } else { 12582912.0 };

    /// A constant, rounded to the lanes' width.
    fn f(&mut self, x: f64) -> Self::F;
    /// A constant, of which the low bits count.
    fn i(&mut self, x: i64) -> Self::I;

    fn add(&mut self, a: Self::F, b: Self::F) -> Self::F;
    fn sub(&mut self, a: Self::F, b: Self::F) -> Self::F;
    fn mul(&mut self, a: Self::F, b: Self::F) -> Self::F;
    fn div(&mut self, a: Self::F, b: Self::F) -> Self::F;
    /// a·b + c, rounded once.
    fn fma(&mut self, a: Self::F, b: Self::F, c: Self::F) -> Self::F;
    /// The sign bit inverted.
    fn neg(&mut self, a: Self::F) -> Self::F;
    /// The sign bit cleared.
    fn abs(&mut self, a: Self::F) -> Self::F;
    fn sqrt(&mut self, a: Self::F) -> Self::F;
    fn floor(&mut self, a: Self::F) -> Self::F;
    fn round_even(&mut self, a: Self::F) -> Self::F;
    /// a < b ? a : b, as x86 has it: b where either is NaN, and where both are zeros.
    fn min(&mut self, a: Self::F, b: Self::F) -> Self::F;
    /// a > b ? a : b, as x86 has it: b where either is NaN, and where both are zeros.
    fn max(&mut self, a: Self::F, b: Self::F) -> Self::F;

    fn lt(&mut self, a: Self::F, b: Self::F) -> Self::M;
    fn le(&mut self, a: Self::F, b: Self::F) -> Self::M;
    fn gt(&mut self, a: Self::F, b: Self::F) -> Self::M;
    fn ge(&mut self, a: Self::F, b: Self::F) -> Self::M;
    fn eq(&mut self, a: Self::F, b: Self::F) -> Self::M;
    /// Also true where either is NaN.
    fn ne(&mut self, a: Self::F, b: Self::F) -> Self::M;
    fn and_m(&mut self, a: Self::M, b: Self::M) -> Self::M;
    fn or_m(&mut self, a: Self::M, b: Self::M) -> Self::M;
    fn select(&mut self, m: Self::M, if_true: Self::F, if_false: Self::F) -> Self::F;

    fn bits(&mut self, a: Self::F) -> Self::I;
    #[expect(clippy::wrong_self_convention, reason = "the lanes are not what is converted")]
    fn from_bits(&mut self, a: Self::I) -> Self::F;
    fn iadd(&mut self, a: Self::I, b: Self::I) -> Self::I;
    fn isub(&mut self, a: Self::I, b: Self::I) -> Self::I;
    fn iand(&mut self, a: Self::I, b: Self::I) -> Self::I;
    fn ior(&mut self, a: Self::I, b: Self::I) -> Self::I;
    fn ixor(&mut self, a: Self::I, b: Self::I) -> Self::I;
    fn shl(&mut self, a: Self::I, n: u32) -> Self::I;
    /// Zeros move in from above.
    fn shr(&mut self, a: Self::I, n: u32) -> Self::I;
    fn ieq(&mut self, a: Self::I, b: Self::I) -> Self::M;

    /// Where `m` holds, `f(x)` one lane at a time; elsewhere `y`.
    ///
    /// For arguments so rare that their cost does not matter, and too intricate for lanes.
    fn rare(
        &mut self,
        m: Self::M,
        f: fn(Self::Scalar) -> Self::Scalar,
        x: Self::F,
        y: Self::F,
    ) -> Self::F;

    /// y·2ⁿ with one rounding, where t is n + [`MAGIC`](Lanes::MAGIC), 0.01 < |y| < 2 and |n| < 2·bias.
    ///
    /// Where it is one instruction, that takes n.
    #[inline(always)]
    fn scale(&mut self, y: Self::F, t: Self::F) -> Self::F {
        // In two steps, because 2ⁿ need not be a float. The first is exact. Shifting drops the bits of
        // MAGIC.
        let b = self.bits(t);
        let half = self.shr(b, 1);
        let half = self.shl(half, Self::MANTISSA);
        let whole = self.shl(b, Self::MANTISSA);
        let rest = self.isub(whole, half);
        let half = self.iaddk(half, Self::ONE);
        let rest = self.iaddk(rest, Self::ONE);
        let (half, rest) = (self.from_bits(half), self.from_bits(rest));
        let y = self.mul(y, half);
        self.mul(y, rest)
    }

    /// The same with n itself. AVX-512 has an instruction for it, with the same result.
    #[inline(always)]
    fn scale_by(&mut self, y: Self::F, n: Self::F) -> Self::F {
        let t = self.addk(n, Self::MAGIC);
        self.scale(y, t)
    }

    // Operations with a constant.

    #[inline(always)]
    fn addk(&mut self, a: Self::F, k: f64) -> Self::F {
        let k = self.f(k);
        self.add(a, k)
    }
    #[inline(always)]
    fn subk(&mut self, a: Self::F, k: f64) -> Self::F {
        let k = self.f(k);
        self.sub(a, k)
    }
    /// k − a.
    #[inline(always)]
    fn ksub(&mut self, k: f64, a: Self::F) -> Self::F {
        let k = self.f(k);
        self.sub(k, a)
    }
    #[inline(always)]
    fn mulk(&mut self, a: Self::F, k: f64) -> Self::F {
        let k = self.f(k);
        self.mul(a, k)
    }
    /// a·b + k.
    #[inline(always)]
    fn fmak(&mut self, a: Self::F, b: Self::F, k: f64) -> Self::F {
        let k = self.f(k);
        self.fma(a, b, k)
    }
    /// a·k + b.
    #[inline(always)]
    fn kfma(&mut self, a: Self::F, k: f64, b: Self::F) -> Self::F {
        let k = self.f(k);
        self.fma(a, k, b)
    }
    /// c − a·b.
    #[inline(always)]
    fn nfma(&mut self, a: Self::F, b: Self::F, c: Self::F) -> Self::F {
        let a = self.neg(a);
        self.fma(a, b, c)
    }
    #[inline(always)]
    fn ltk(&mut self, a: Self::F, k: f64) -> Self::M {
        let k = self.f(k);
        self.lt(a, k)
    }
    #[inline(always)]
    fn gtk(&mut self, a: Self::F, k: f64) -> Self::M {
        let k = self.f(k);
        self.gt(a, k)
    }
    #[inline(always)]
    fn eqk(&mut self, a: Self::F, k: f64) -> Self::M {
        let k = self.f(k);
        self.eq(a, k)
    }
    /// The smaller of a and k; NaN stays NaN.
    #[inline(always)]
    fn at_most(&mut self, a: Self::F, k: f64) -> Self::F {
        let k = self.f(k);
        self.min(k, a)
    }
    /// The larger of a and k; NaN stays NaN.
    #[inline(always)]
    fn at_least(&mut self, a: Self::F, k: f64) -> Self::F {
        let k = self.f(k);
        self.max(k, a)
    }
    /// One of two constants.
    #[inline(always)]
    fn choose(&mut self, m: Self::M, if_true: f64, if_false: f64) -> Self::F {
        let (a, b) = (self.f(if_true), self.f(if_false));
        self.select(m, a, b)
    }
    #[inline(always)]
    fn iaddk(&mut self, a: Self::I, k: i64) -> Self::I {
        let k = self.i(k);
        self.iadd(a, k)
    }
    #[inline(always)]
    fn iandk(&mut self, a: Self::I, k: i64) -> Self::I {
        let k = self.i(k);
        self.iand(a, k)
    }

    // What the formulas have in common.

    /// A number that depends on the width.
    #[inline(always)]
    fn by<T>(&self, single: T, double: T) -> T {
        if Self::WIDE { double } else { single }
    }

    /// c₀ + c₁x + c₂x² + …
    #[inline(always)]
    fn poly(&mut self, c: &[f64], x: Self::F) -> Self::F {
        let mut sum = self.f(c[c.len() - 1]);
        for &c in c[..c.len() - 1].iter().rev() {
            sum = self.fmak(sum, x, c);
        }
        sum
    }

    /// The magnitude of a with the sign of b.
    #[inline(always)]
    fn copysign(&mut self, a: Self::F, b: Self::F) -> Self::F {
        let (a, b) = (self.bits(a), self.bits(b));
        let magnitude = self.iandk(a, Self::MAGNITUDE);
        let sign = self.iandk(b, !Self::MAGNITUDE);
        let bits = self.ior(magnitude, sign);
        self.from_bits(bits)
    }

    /// a + b and what rounding took away, where |a| ≥ |b| or a = 0 (Dekker).
    #[inline(always)]
    fn fast_two_sum(&mut self, a: Self::F, b: Self::F) -> (Self::F, Self::F) {
        let sum = self.add(a, b);
        let part = self.sub(sum, a);
        (sum, self.sub(b, part))
    }

    /// a + b and what rounding took away (Knuth).
    #[inline(always)]
    fn two_sum(&mut self, a: Self::F, b: Self::F) -> (Self::F, Self::F) {
        let sum = self.add(a, b);
        let b_part = self.sub(sum, a);
        let a_part = self.sub(sum, b_part);
        let (da, db) = (self.sub(a, a_part), self.sub(b, b_part));
        (sum, self.add(da, db))
    }

    /// a·b and what rounding took away.
    #[inline(always)]
    fn two_product(&mut self, a: Self::F, b: Self::F) -> (Self::F, Self::F) {
        let product = self.mul(a, b);
        let negative = self.neg(product);
        (product, self.fma(a, b, negative))
    }

    /// The quotient of two unevaluated sums, as an unevaluated sum, with one division. The second terms
    /// must be within some roundings of the first.
    #[inline(always)]
    fn quotient(
        &mut self,
        (n, n_low): (Self::F, Self::F),
        (d, d_low): (Self::F, Self::F),
    ) -> (Self::F, Self::F) {
        let one = self.f(1.0);
        let inverse = self.div(one, d);
        let q = self.mul(n, inverse);
        let rest = self.nfma(q, d, n);
        let rest = self.add(rest, n_low);
        let rest = self.nfma(q, d_low, rest);
        (q, self.mul(rest, inverse))
    }
}

/// f32 lanes: they widen to f64 lanes, for functions whose f32 version is simplest in f64, and have
/// operations that AVX-512 has as single instructions.
pub(crate) trait Narrow: Lanes<Scalar = f32> {
    type Wide: Lanes<Scalar = f64>;
    /// Where operations on the wide lanes go.
    fn wide(&mut self) -> &mut Self::Wide;
    fn widen(&mut self, x: Self::F) -> <Self::Wide as Lanes>::F;
    /// Rounds to nearest even.
    fn narrow(&mut self, x: <Self::Wide as Lanes>::F) -> Self::F;
    /// The number in a table at the place that the lowest five bits say.
    fn lookup(&mut self, table: &'static [f32; 32], i: Self::I) -> Self::F;

    /// |x| times a power of two that makes it normal, and where that is not 1.
    #[inline(always)]
    fn normal(&mut self, x: Self::F) -> (Self::F, Self::M) {
        let subnormal = self.ltk(x, f64::from(f32::MIN_POSITIVE));
        let larger = self.mulk(x, (1 << 24) as f64);
        (self.select(subnormal, larger, x), subnormal)
    }

    /// ⌊log2 |x|⌋, −∞ of zeros, ∞ of infinities.
    #[inline(always)]
    fn exponent(&mut self, x: Self::F) -> Self::F {
        let a = self.abs(x);
        let (normal, subnormal) = self.normal(a);
        // In the mantissa of 2²³ the field counts units.
        let bits = self.bits(normal);
        let field = self.shr(bits, 23);
        let unit = self.i((127 + 23) << 23);
        let field = self.ior(field, unit);
        let field = self.from_bits(field);
        let bias = self.choose(subnormal, 8388608.0 + 127.0 + 24.0, 8388608.0 + 127.0);
        let e = self.sub(field, bias);
        let zero = self.eqk(a, 0.0);
        let pole = self.f(f64::NEG_INFINITY);
        let e = self.select(zero, pole, e);
        let finite = self.ltk(a, f64::INFINITY);
        self.select(finite, e, a)
    }

    /// |x| over 2 to its exponent; 1 of zeros and infinities.
    #[inline(always)]
    fn mantissa(&mut self, x: Self::F) -> Self::F {
        let a = self.abs(x);
        let (normal, _) = self.normal(a);
        let bits = self.bits(normal);
        let bits = self.iandk(bits, (1 << 23) - 1);
        let one = self.i(Self::ONE);
        let bits = self.ior(bits, one);
        let m = self.from_bits(bits);
        let number = self.eq(a, a);
        self.select(number, m, a)
    }
}
