//! Exponentials.

use super::coefficients::*;
use super::lanes::Lanes;

/// An argument as n·log 2 + r + r_low with |r| ≤ ½ log 2.
pub(super) struct Reduced<F> {
    /// n + [`Lanes::MAGIC`].
    pub(super) t: F,
    pub(super) r: F,
    pub(super) r_low: F,
}

/// Reduces |x| < 2000.
#[inline(always)]
pub(super) fn reduce<L: Lanes>(l: &mut L, x: L::F) -> Reduced<L::F> {
    let magic = l.f(L::MAGIC);
    let t = l.kfma(x, LOG2_E, magic);
    let n = l.sub(t, magic);
    let [high, low] = l.by(LN2_32, LN2_64);
    // n·high has few bits, and the difference is exact.
    let h = l.kfma(n, -high, x);
    let r = l.kfma(n, -low, h);
    let rest = l.sub(h, r);
    let r_low = l.kfma(n, -low, rest);
    Reduced { t, r, r_low }
}

/// (eʳ − 1 − r)/r².
#[inline(always)]
pub(super) fn tail<L: Lanes>(l: &mut L, r: L::F) -> L::F {
    if L::WIDE { l.poly(&EXP_64, r) } else { l.poly(&EXP_32, r) }
}

/// eˣ = p·2ⁿ, as p and n + [`Lanes::MAGIC`], for |x| < 2000.
#[inline(always)]
pub(super) fn parts<L: Lanes>(l: &mut L, x: L::F) -> (L::F, L::F) {
    let Reduced { t, r, .. } = reduce(l, x);
    let q = tail(l, r);
    let q = l.fmak(q, r, 1.0);
    (l.fmak(q, r, 1.0), t)
}

/// eˣ.
#[inline(always)]
pub(crate) fn exp<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    // Beyond these limits the result is 0 or ∞ all the same.
    let x = l.at_least(x, l.by(-104.0, -746.0));
    let x = l.at_most(x, l.by(89.0, 710.0));
    let (p, t) = parts(l, x);
    l.scale(p, t)
}

/// 2ˣ, exact where x is an integer.
#[inline(always)]
pub(crate) fn exp2<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let x = l.at_least(x, l.by(-151.0, -1076.0));
    let x = l.at_most(x, l.by(129.0, 1025.0));
    let t = l.addk(x, L::MAGIC);
    let n = l.subk(t, L::MAGIC);
    let r = l.sub(x, n);
    let q = if L::WIDE { l.poly(&EXP2_64, r) } else { l.poly(&EXP2_32, r) };
    let p = l.fmak(q, r, 1.0);
    l.scale(p, t)
}

/// eˣ − 1.
#[inline(always)]
pub(crate) fn expm1<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    // Below the limit the result is −1.
    let a = l.at_least(x, l.by(-18.0, -38.0));
    let a = l.at_most(a, l.by(89.0, 710.0));
    let Reduced { t, r, r_low } = reduce(l, a);
    let q = tail(l, r);
    let square = l.mul(r, r);
    // The derivative eʳ, to first order.
    let rest = l.fma(r_low, r, r_low);
    let rest = l.fma(square, q, rest);
    // Half of 2ⁿ − 1 + 2ⁿ r + 2ⁿ·rest, because 2ⁿ itself may be too large.
    let bits = l.bits(t);
    let bits = l.shl(bits, L::MANTISSA);
    let bits = l.iaddk(bits, (L::BIAS - 1) << L::MANTISSA);
    let s = l.from_bits(bits);
    let (whole, part) = (l.subk(s, 0.5), l.mul(s, r));
    let (high, low) = l.fast_two_sum(whole, part);
    let low = l.fma(s, rest, low);
    let y = l.add(high, low);
    let y = l.add(y, y);
    // Half of a subnormal number may not be one.
    let magnitude = l.abs(x);
    let tiny = l.ltk(magnitude, l.by(1e-8, 1e-17));
    l.select(tiny, x, y)
}

/// 1/(1 + e⁻ˣ).
#[inline(always)]
pub(crate) fn logistic<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let a = l.abs(x);
    let a = l.neg(a);
    let e = exp(l, a);
    let one = l.f(1.0);
    let negative = l.ltk(x, 0.0);
    let n = l.select(negative, e, one);
    let d = l.fast_two_sum(one, e);
    let zero = l.f(0.0);
    let (high, low) = l.quotient((n, zero), d);
    l.add(high, low)
}
