//! Powers.

use super::coefficients::*;
use super::exp::{self, Reduced};
use super::lanes::{Lanes, Narrow};
use super::log::frexp;

/// xʸ on f32 lanes: 2 to y·log2 |x|, with the logarithm and the product as unevaluated sums.
#[inline(always)]
pub(crate) fn pow_f32<L: Narrow>(l: &mut L, x: L::F, y: L::F) -> L::F {
    // |x| = 2ᵉ·m; c is close to 1/m, with so few bits that f = m·c − 1 is exact.
    let (e, m) = (l.exponent(x), l.mantissa(x));
    let bits = l.bits(m);
    let place = l.shr(bits, 18);
    let (c, log, log_low) =
        (l.lookup(&INVERSE, place), l.lookup(&LOG2, place), l.lookup(&LOG2_LOW, place));
    let minus_one = l.f(-1.0);
    let f = l.fma(m, c, minus_one);
    // e − log2 c is exact, and −part is log2 e times f in two parts.
    let whole = l.add(e, log);
    let [log2_e, log2_e_low] = LOG2_E_32;
    let part = l.mulk(f, -log2_e);
    let low = l.kfma(f, log2_e, part);
    let low = l.kfma(f, log2_e_low, low);
    let low = l.add(low, log_low);
    let high = l.sub(whole, part);
    let rest = l.sub(high, whole);
    let rest = l.add(rest, part);
    let low = l.sub(low, rest);
    let square = l.mul(f, f);
    let q = l.poly(&LOG2_32, f);
    let low = l.fma(square, q, low);
    // The sum is NaN for zeros and infinities, whose logarithm is the exponent, and for NaN.
    let sum = l.add(high, low);
    let number = l.eq(sum, sum);
    let log = l.select(number, sum, e);
    let rest = l.sub(log, high);
    let low = l.sub(low, rest);

    let v = l.mul(y, log);
    let minus = l.neg(v);
    let v_low = l.fma(y, log, minus);
    let v_low = l.fma(y, low, v_low);
    // Beyond the limits the result is an end, however wrong the rest; it may be NaN.
    let v = l.at_least(v, -153.0);
    let v = l.at_most(v, 131.0);
    let (up, down) = (l.f(1.0), l.f(-1.0));
    let v_low = l.max(v_low, down);
    let v_low = l.min(v_low, up);
    let n = l.round_even(v);
    let r = l.sub(v, n);
    let r = l.add(r, v_low);
    let q = l.poly(&EXP2_32, r);
    let p = l.fmak(q, r, 1.0);
    let magnitude = l.scale_by(p, n);
    finish(l, x, y, magnitude)
}

/// xʸ on f64 lanes.
#[inline(always)]
pub(crate) fn pow_f64<L: Lanes<Scalar = f64>>(l: &mut L, x: L::F, y: L::F) -> L::F {
    let a = l.abs(x);
    let (high, low) = log_pair(l, a);
    let high = log_ends(l, a, high);
    let (v, v_low) = l.two_product(y, high);
    let v_low = l.fma(y, low, v_low);
    let v = l.at_least(v, -746.0);
    let v = l.at_most(v, 710.0);
    // Beyond the limits, and for infinite factors, the rest is nonsense and the result an end.
    let (above, below) = (l.gtk(v, -746.0), l.ltk(v, 710.0));
    let inside = l.and_m(above, below);
    let zero = l.f(0.0);
    let v_low = l.select(inside, v_low, zero);
    let Reduced { t, r, r_low } = exp::reduce(l, v);
    let low = l.add(r_low, v_low);
    let (r, low) = l.two_sum(r, low);
    let q = exp::tail(l, r);
    let square = l.mul(r, r);
    let rest = l.fma(square, q, low);
    let rest = l.fma(low, r, rest);
    let rest = l.add(r, rest);
    let p = l.addk(rest, 1.0);
    let magnitude = l.scale(p, t);
    finish(l, x, y, magnitude)
}

/// log a for a > 0 to some 65 bits.
#[inline(always)]
fn log_pair<L: Lanes<Scalar = f64>>(l: &mut L, a: L::F) -> (L::F, L::F) {
    let (m, e) = frexp(l, a);
    // s = (m − 1)/(m + 1), |s| < 0.172.
    let (one, zero, n) = (l.f(1.0), l.f(0.0), l.subk(m, 1.0));
    let d = l.two_sum(m, one);
    let (s, s_low) = l.quotient((n, zero), d);
    let (s, s_low) = l.fast_two_sum(s, s_low);
    let (z, z_low) = l.two_product(s, s);
    let twice = l.add(s, s);
    let z_low = l.fma(twice, s_low, z_low);
    // log m = 2s + s³(2/3 + z·Q(z)).
    let (cube, cube_low) = l.two_product(z, s);
    let cube_low = l.fma(z, s_low, cube_low);
    let cube_low = l.fma(z_low, s, cube_low);
    let q = l.poly(&LOG_ODD_64, z);
    let q = l.mul(q, z);
    let third = l.f(TWO_THIRDS[0]);
    let (k, k_low) = l.fast_two_sum(third, q);
    let k_low = l.addk(k_low, TWO_THIRDS[1]);
    let (p, p_low) = l.two_product(cube, k);
    let p_low = l.fma(cube, k_low, p_low);
    let p_low = l.fma(cube_low, k, p_low);
    // e·log 2 + 2s + p.
    let whole = l.mulk(e, LN2_64[0]);
    let (high, low) = l.fast_two_sum(whole, twice);
    let (high, more) = l.fast_two_sum(high, p);
    let low = l.add(low, more);
    let low = l.add(low, p_low);
    let low = l.kfma(s_low, 2.0, low);
    let low = l.kfma(e, LN2_64[1], low);
    l.fast_two_sum(high, low)
}

/// `log` where 0 < a < ∞, and −∞, ∞ or NaN for 0, ∞ and NaN.
#[inline(always)]
fn log_ends<L: Lanes>(l: &mut L, a: L::F, log: L::F) -> L::F {
    let finite = l.ltk(a, f64::INFINITY);
    let log = l.select(finite, log, a);
    let zero = l.eqk(a, 0.0);
    let pole = l.f(f64::NEG_INFINITY);
    l.select(zero, pole, log)
}

/// The power, from that of |x|: signs, and the cases that C's pow singles out.
#[inline(always)]
fn finish<L: Lanes>(l: &mut L, x: L::F, y: L::F, magnitude: L::F) -> L::F {
    // x⁰ = 1ʸ = 1 even for NaN, and (−1)^±∞ = 1.
    let (a, one, zero) = (l.abs(x), l.f(1.0), l.f(0.0));
    let (y_other, a_other) = (l.ne(y, zero), l.ne(a, one));
    let other = l.and_m(y_other, a_other);
    let magnitude = l.select(other, magnitude, one);
    // The sign of x counts for odd y, also that of zeros.
    let floor = l.floor(y);
    let integer = l.eq(floor, y);
    let half = l.mulk(y, 0.5);
    let half_floor = l.floor(half);
    let odd = l.ne(half_floor, half);
    let odd = l.and_m(integer, odd);
    let bits = l.bits(x);
    let sign = l.iandk(bits, !L::MAGNITUDE);
    let sign = l.from_bits(sign);
    let sign = l.select(odd, sign, zero);
    let (bits, sign) = (l.bits(magnitude), l.bits(sign));
    let power = l.ior(bits, sign);
    let power = l.from_bits(power);
    // Negative numbers have no power of a fraction, nor of NaN; −∞ has.
    let (negative, finite, fraction) = (l.lt(x, zero), l.gtk(x, f64::NEG_INFINITY), l.ne(floor, y));
    let outside = l.and_m(negative, finite);
    let outside = l.and_m(outside, fraction);
    let nan = l.f(f64::NAN);
    l.select(outside, nan, power)
}
