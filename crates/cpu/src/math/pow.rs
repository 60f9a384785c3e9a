//! Powers.

use super::coefficients::*;
use super::exp::{self, Reduced};
use super::lanes::{Lanes, Narrow};
use super::log::frexp;

/// xʸ on f32 lanes: |x|ʸ in f64, where a few bits more than those of f32 are enough.
#[inline(always)]
pub(crate) fn pow_f32<L: Narrow>(l: &mut L, x: L::F, y: L::F) -> L::F {
    let a = l.abs(x);
    let (a, wide_y) = (l.widen(a), l.widen(y));
    let w = l.wide();
    let (m, e) = frexp(w, a);
    let f = w.subk(m, 1.0);
    let q = w.poly(&LOG_SHORT, f);
    let square = w.mul(f, f);
    let log = w.fma(square, q, f);
    let log = w.kfma(e, std::f64::consts::LN_2, log);
    let log = log_ends(w, a, log);
    let v = w.mul(log, wide_y);
    // Far outside of f32, far inside of f64.
    let v = w.at_least(v, -200.0);
    let v = w.at_most(v, 200.0);
    let Reduced { t, r, .. } = exp::reduce(w, v);
    let q = w.poly(&EXP_SHORT, r);
    let q = w.fmak(q, r, 1.0);
    let p = w.fmak(q, r, 1.0);
    let bits = w.bits(t);
    let bits = w.shl(bits, 52);
    let bits = w.iaddk(bits, 1023 << 52);
    let power = w.from_bits(bits);
    let magnitude = w.mul(p, power);
    let magnitude = l.narrow(magnitude);
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
    let (one, infinity) = (l.f(1.0), l.f(f64::INFINITY));
    // x⁰ = 1ʸ = 1 even for NaN, and (−1)^±∞ = 1.
    let (y_zero, x_one, minus_one) = (l.eqk(y, 0.0), l.eqk(x, 1.0), l.eqk(x, -1.0));
    let y_magnitude = l.abs(y);
    let y_infinite = l.eq(y_magnitude, infinity);
    let minus_one = l.and_m(minus_one, y_infinite);
    let unit = l.or_m(y_zero, x_one);
    let unit = l.or_m(unit, minus_one);
    let magnitude = l.select(unit, one, magnitude);
    // The sign of x counts for odd y, also that of zeros.
    let floor = l.floor(y);
    let integer = l.eq(floor, y);
    let half = l.mulk(y, 0.5);
    let half_floor = l.floor(half);
    let odd = l.ne(half_floor, half);
    let odd = l.and_m(odd, integer);
    let positive = l.abs(x);
    let signed = l.select(odd, x, positive);
    let power = l.copysign(magnitude, signed);
    // Negative numbers have no power of a fraction; −∞ has.
    let (negative, finite) = (l.ltk(x, 0.0), l.gtk(x, f64::NEG_INFINITY));
    let fraction = l.not_m(integer);
    let outside = l.and_m(negative, finite);
    let outside = l.and_m(outside, fraction);
    let nan = l.f(f64::NAN);
    let power = l.select(outside, nan, power);
    l.select(unit, one, power)
}
