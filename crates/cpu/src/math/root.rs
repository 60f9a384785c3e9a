//! Roots.

use super::coefficients::*;
use super::lanes::Lanes;
use super::log::frexp;

const TWO_54: f64 = (1u64 << 54) as f64;
const TWO_108: f64 = TWO_54 * TWO_54;

/// 1/√x.
#[inline(always)]
pub(crate) fn rsqrt<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let one = l.f(1.0);
    if !L::WIDE {
        let root = l.sqrt(x);
        return l.div(one, root);
    }
    // So small that the errors below would be subnormal.
    let small = l.ltk(x, 1e-290);
    let larger = l.mulk(x, TWO_108);
    let z = l.select(small, larger, x);
    let root = l.sqrt(z);
    let y = l.div(one, root);
    // What the roundings of root and quotient took away: x − root², 1 − y·root.
    let of_root = l.nfma(root, root, z);
    let of_quotient = l.nfma(y, root, one);
    let half = l.mulk(of_root, -0.5);
    let slope = l.mul(y, y);
    let error = l.fma(half, slope, of_quotient);
    let better = l.fma(y, error, y);
    // For 0 and ∞ the error is NaN.
    let sound = l.eq(error, error);
    let y = l.select(sound, better, y);
    let factor = l.choose(small, TWO_54, 1.0);
    l.mul(y, factor)
}

/// ∛x.
#[inline(always)]
pub(crate) fn cbrt<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let a = l.abs(x);
    let (m, e) = frexp(l, a);
    // e = 3k + j with j = −1, 0 or 1.
    let magic = l.f(L::MAGIC);
    let t = l.kfma(e, 1.0 / 3.0, magic);
    let k = l.sub(t, magic);
    let j = l.kfma(k, -3.0, e);
    let (up, down) = (l.gtk(j, 0.5), l.ltk(j, -0.5));
    let factor = l.choose(up, 2.0, 1.0);
    let half = l.f(0.5);
    let factor = l.select(down, half, factor);
    let z = l.mul(m, factor);
    // z^(−1/3) to some 14 bits, then one step of the series of (1 − e)^(−1/3), e = 1 − z·y³.
    let root = l.choose(up, 0.7937005259840998, 1.0);
    let root_of_two = l.f(1.2599210498948732);
    let root = l.select(down, root_of_two, root);
    let y = l.poly(&RCBRT, m);
    let y = l.mul(y, root);
    let square = l.mul(y, y);
    let zy = l.mul(z, y);
    let one = l.f(1.0);
    let error = l.nfma(zy, square, one);
    let series = [1.0 / 3.0, 2.0 / 9.0, 14.0 / 81.0];
    let p = if L::WIDE { l.poly(&series, error) } else { l.poly(&series[..2], error) };
    let p = l.mul(p, error);
    let y = l.fma(y, p, y);
    // c = z·y², and Newton's step for c³ = z with 1/c² = y².
    let square = l.mul(y, y);
    let c = l.mul(z, square);
    let (c2, c2_low) = l.two_product(c, c);
    let rest = l.nfma(c2, c, z);
    let rest = l.nfma(c2_low, c, rest);
    // y² ≈ z^(−2/3) = 1/c².
    let step = l.mul(rest, square);
    let c = l.kfma(step, 1.0 / 3.0, c);
    // 2ᵏ.
    let bits = l.bits(t);
    let bits = l.shl(bits, L::MANTISSA);
    let bits = l.iaddk(bits, L::ONE);
    let power = l.from_bits(bits);
    let y = l.mul(c, power);
    let y = l.copysign(y, x);
    // 0, ∞ and NaN are their own roots.
    let (zero, infinity) = (l.f(0.0), l.f(f64::INFINITY));
    let (positive, finite) = (l.gt(a, zero), l.lt(a, infinity));
    let ordinary = l.and_m(positive, finite);
    l.select(ordinary, y, x)
}
