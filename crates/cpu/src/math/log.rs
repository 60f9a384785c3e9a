//! Logarithms.

use super::coefficients::*;
use super::lanes::Lanes;

/// A positive normal number as m·2ᵉ with √½ ≤ m < √2.
pub(super) struct Parts<L: Lanes> {
    pub(super) m: L::F,
    /// e + bias, as an integer.
    pub(super) field: L::I,
}

#[inline(always)]
pub(super) fn split<L: Lanes>(l: &mut L, x: L::F) -> Parts<L> {
    // The bits of √½.
    let root = l.by(0x3f35_04f3, 0x3fe6_a09e_667f_3bcd);
    let bits = l.bits(x);
    let shifted = l.iaddk(bits, L::ONE - root);
    let mantissa = l.iandk(shifted, (1 << L::MANTISSA) - 1);
    let m = l.iaddk(mantissa, root);
    Parts { m: l.from_bits(m), field: l.shr(shifted, L::MANTISSA) }
}

/// The integer `field` < 2²⁰ minus `bias`, as a float.
#[inline(always)]
fn exponent<L: Lanes>(l: &mut L, field: L::I, bias: L::F) -> L::F {
    // In the mantissa of 2²³ or 2⁵² the field counts units.
    let unit = l.i((L::BIAS + i64::from(L::MANTISSA)) << L::MANTISSA);
    let bits = l.ior(field, unit);
    let e = l.from_bits(bits);
    l.sub(e, bias)
}

/// The float from which [`exponent`] subtracts `k`.
fn biased<L: Lanes>(k: i64) -> f64 {
    ((1i64 << L::MANTISSA) + k) as f64
}

/// |x| as m·2ᵉ with √½ ≤ m < √2, also where it is subnormal; anything for 0, ∞ and NaN.
#[inline(always)]
pub(super) fn frexp<L: Lanes>(l: &mut L, x: L::F) -> (L::F, L::F) {
    // A multiple of 3, for cbrt.
    let k = l.by(24, 54);
    let subnormal = l.ltk(x, l.by(f64::from(f32::MIN_POSITIVE), f64::MIN_POSITIVE));
    let larger = l.mulk(x, (1i64 << k) as f64);
    let x = l.select(subnormal, larger, x);
    let bias = l.choose(subnormal, biased::<L>(L::BIAS + k), biased::<L>(L::BIAS));
    let Parts { m, field } = split(l, x);
    (m, exponent(l, field, bias))
}

/// e·log 2 + log(1 + f + low), where √½ ≤ 1 + f < √2.
#[inline(always)]
fn combine<L: Lanes>(l: &mut L, e: L::F, f: L::F, low: Option<L::F>) -> L::F {
    let q = if L::WIDE { l.poly(&LOG_64, f) } else { l.poly(&LOG_32, f) };
    let square = l.mul(f, f);
    let [ln2, ln2_low] = l.by(LN2_32, LN2_64);
    let whole = l.mulk(e, ln2);
    let (high, rest) = l.fast_two_sum(whole, f);
    let mut rest = l.kfma(e, ln2_low, rest);
    if let Some(low) = low {
        // Times the derivative 1/(1 + f), roughly.
        let slope = l.ksub(1.0, f);
        rest = l.fma(low, slope, rest);
    }
    let rest = l.fma(square, q, rest);
    l.add(high, rest)
}

/// log x for x > 0, finite.
#[inline(always)]
pub(super) fn log_positive<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let (m, e) = frexp(l, x);
    let f = l.subk(m, 1.0);
    combine(l, e, f, None)
}

/// `y` where `from` < x < ∞; −∞ at `from`, NaN below, x itself for ∞ and NaN.
#[inline(always)]
fn ends<L: Lanes>(l: &mut L, x: L::F, from: f64, y: L::F) -> L::F {
    let below_infinity = l.ltk(x, f64::INFINITY);
    let y = l.select(below_infinity, y, x);
    let at_pole = l.eqk(x, from);
    let outside = l.choose(at_pole, f64::NEG_INFINITY, f64::NAN);
    let inside = l.gtk(x, from);
    l.select(inside, y, outside)
}

/// log x.
#[inline(always)]
pub(crate) fn log<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let y = log_positive(l, x);
    ends(l, x, 0.0, y)
}

/// log(1 + x).
#[inline(always)]
pub(crate) fn log1p<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let zero = l.f(0.0);
    log1p_of(l, (x, zero), zero)
}

/// log(1 + x + low) + e·log 2, where `low` is a rounding error of x.
#[inline(always)]
pub(super) fn log1p_of<L: Lanes>(l: &mut L, (x, low): (L::F, L::F), more: L::F) -> L::F {
    let one = l.f(1.0);
    let (u, rest) = l.two_sum(one, x);
    let rest = l.add(rest, low);
    let Parts { m, field } = split(l, u);
    // 2⁻ᵉ, or zero where that is no normal number and the rest is of no account.
    let shifted = l.shl(field, L::MANTISSA);
    let two = l.i(2 * L::ONE);
    let bits = l.isub(two, shifted);
    let (s, zero) = (l.from_bits(bits), l.f(0.0));
    let s = l.max(s, zero);
    let (f, rest) = (l.subk(m, 1.0), l.mul(rest, s));
    let (f, rest) = l.fast_two_sum(f, rest);
    let bias = l.f(biased::<L>(L::BIAS));
    let e = exponent(l, field, bias);
    let e = l.add(e, more);
    let y = combine(l, e, f, Some(rest));
    let magnitude = l.abs(x);
    let tiny = l.ltk(magnitude, l.by(1e-8, 1e-17));
    let y = l.select(tiny, x, y);
    ends(l, x, -1.0, y)
}
