//! Sine, cosine and tangent.

use super::coefficients::*;
use super::lanes::Lanes;
use pullback_ir::scalar::RealScalar;
use std::f64::consts::FRAC_2_PI;

/// An argument as q·π/2 + r + low with |r| ≤ π/4.
struct Reduced<L: Lanes> {
    /// q in its low bits.
    q: L::I,
    r: L::F,
    low: L::F,
}

/// The largest argument for which three pieces of π/2 (Cody and Waite) are enough.
fn limit<L: Lanes>(l: &L) -> f64 {
    l.by(1e5, 1e9)
}

/// With `LOW`, r has no error to speak of; without, r_low is zero and r has 1 ulp.
#[inline(always)]
fn reduce<L: Lanes, const LOW: bool>(l: &mut L, x: L::F) -> Reduced<L> {
    let magic = l.f(L::MAGIC);
    let t = l.kfma(x, FRAC_2_PI, magic);
    let q = l.sub(t, magic);
    let [first, second, third] = l.by(FRAC_PI_2_32, FRAC_PI_2_64);
    // Exact: a multiple of the last bit of `first`, and smaller than that is large.
    let r = l.kfma(q, -first, x);
    let (r, low) = if LOW {
        let second = l.f(-second);
        let (part, part_low) = l.two_product(q, second);
        let (r, low) = l.two_sum(r, part);
        let low = l.add(low, part_low);
        (r, l.kfma(q, -third, low))
    } else {
        let r = l.kfma(q, -second, r);
        (l.kfma(q, -third, r), l.f(0.0))
    };
    Reduced { q: l.bits(t), r, low }
}

/// sin(r + low) − r.
#[inline(always)]
fn sin_tail<L: Lanes, const LOW: bool>(l: &mut L, r: L::F, low: L::F, z: L::F) -> L::F {
    let p = if L::WIDE { l.poly(&SIN_64, z) } else { l.poly(&SIN_32, z) };
    let cube = l.mul(r, z);
    if LOW {
        // The derivative by r.
        let minus_half = l.f(-0.5);
        let slope = l.fmak(minus_half, z, 1.0);
        let low = l.mul(low, slope);
        l.fma(cube, p, low)
    } else {
        l.mul(cube, p)
    }
}

/// cos(r + low) as an unevaluated sum, with `LOW`.
#[inline(always)]
fn cos_pair<L: Lanes>(l: &mut L, r: L::F, low: L::F, z: L::F) -> (L::F, L::F) {
    let p = if L::WIDE { l.poly(&COS_64, z) } else { l.poly(&COS_32, z) };
    let one = l.f(1.0);
    let half = l.mulk(z, -0.5);
    let (high, rest) = l.fast_two_sum(one, half);
    let rest = l.nfma(r, low, rest);
    let fourth = l.mul(z, z);
    (high, l.fma(fourth, p, rest))
}

/// sin (x + `quarter`·π/2), for `quarter` 0 or 1.
#[inline(always)]
fn sin_from<L: Lanes, const LOW: bool>(l: &mut L, x: L::F, quarter: i64) -> L::F {
    let Reduced { q, r, low } = reduce::<L, LOW>(l, x);
    let z = l.mul(r, r);
    let tail = sin_tail::<L, LOW>(l, r, low, z);
    let sin = l.add(r, tail);
    let cos = if LOW {
        let (high, low) = cos_pair(l, r, low, z);
        l.add(high, low)
    } else {
        let p = if L::WIDE { l.poly(&COS_64, z) } else { l.poly(&COS_32, z) };
        let p = l.fmak(p, z, -0.5);
        l.fmak(p, z, 1.0)
    };
    let q = if quarter == 0 { q } else { l.iaddk(q, quarter) };
    let (lowest, zero) = (l.iandk(q, 1), l.i(0));
    let even = l.ieq(lowest, zero);
    let y = l.select(even, sin, cos);
    // Quarters 2 and 3 are the negatives of 0 and 1.
    let sign = l.iandk(q, 2);
    let sign = l.shl(sign, L::by(l, 30, 62));
    let bits = l.bits(y);
    let bits = l.ixor(bits, sign);
    l.from_bits(bits)
}

/// The lanes whose argument is beyond [`limit`].
#[inline(always)]
fn huge<L: Lanes>(l: &mut L, x: L::F) -> L::M {
    let a = l.abs(x);
    let limit = limit(l);
    l.gtk(a, limit)
}

/// sin x.
#[inline(always)]
pub(crate) fn sin<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let y = if L::WIDE { sin_from::<L, true>(l, x, 0) } else { sin_from::<L, false>(l, x, 0) };
    // −0 has lost its sign.
    let zero = l.eqk(x, 0.0);
    let y = l.select(zero, x, y);
    let huge = huge(l, x);
    l.rare(huge, RealScalar::sin, x, y)
}

/// cos x.
#[inline(always)]
pub(crate) fn cos<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let y = if L::WIDE { sin_from::<L, true>(l, x, 1) } else { sin_from::<L, false>(l, x, 1) };
    let huge = huge(l, x);
    l.rare(huge, RealScalar::cos, x, y)
}

/// tan x.
#[inline(always)]
pub(crate) fn tan<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let Reduced { q, r, low } = reduce::<L, true>(l, x);
    let z = l.mul(r, r);
    let tail = sin_tail::<L, true>(l, r, low, z);
    let (cos, cos_low) = cos_pair(l, r, low, z);
    // Of r² only the halves' first terms feel that it was rounded.
    let minus = l.neg(z);
    let z_low = l.fma(r, r, minus);
    let cos_low = l.kfma(z_low, -0.5, cos_low);
    let (sin, sin_low) = l.fast_two_sum(r, tail);
    let (cos, cos_low) = l.fast_two_sum(cos, cos_low);
    let (lowest, zero) = (l.iandk(q, 1), l.i(0));
    let even = l.ieq(lowest, zero);
    let (minus, minus_low) = (l.neg(cos), l.neg(cos_low));
    let n = (l.select(even, sin, minus), l.select(even, sin_low, minus_low));
    let d = (l.select(even, cos, sin), l.select(even, cos_low, sin_low));
    let (high, low) = l.quotient(n, d);
    let y = l.add(high, low);
    // −0 and subnormal numbers.
    let a = l.abs(x);
    let tiny = l.ltk(a, l.by(1e-5, 1e-10));
    let y = l.select(tiny, x, y);
    let huge = huge(l, x);
    l.rare(huge, RealScalar::tan, x, y)
}
