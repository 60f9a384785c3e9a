//! The logarithm of the gamma function and its derivative: on f32 lanes through f64, and on f64 lanes.

use super::coefficients::{DIGAMMA, DIGAMMA_ROOT, LGAMMA, SIN_PI};
use super::lanes::{Lanes, Narrow};
use super::log::log;
use pullback_ir::scalar::RealScalar;
use std::f64::consts::PI;

/// B₂ₖ/(2k (2k − 1)), from k = 1: Stirling's series (DLMF 5.11.1).
const STIRLING: [f64; 8] = [
    1.0 / 12.0,
    -1.0 / 360.0,
    1.0 / 1260.0,
    -1.0 / 1680.0,
    1.0 / 1188.0,
    -691.0 / 360360.0,
    1.0 / 156.0,
    -3617.0 / 122400.0,
];
/// B₂ₖ/2k, from k = 1: its derivative (DLMF 5.11.2).
const DERIVATIVE: [f64; 9] = [
    1.0 / 12.0,
    -1.0 / 120.0,
    1.0 / 252.0,
    -1.0 / 240.0,
    1.0 / 132.0,
    -691.0 / 32760.0,
    1.0 / 12.0,
    -3617.0 / 8160.0,
    43867.0 / 14364.0,
];
/// ½ log 2π.
const HALF_LOG_2PI: f64 = 0.918_938_533_204_672_8;

/// An argument reflected to y ≥ ½ and, where that is small, shifted by 8 to where the series converge.
struct Shifted<L: Lanes> {
    /// x < ½, and y = 1 − x.
    reflected: L::M,
    small: L::M,
    /// y or y + 8.
    z: L::F,
    /// 2y + 7.
    slope: L::F,
    /// w = y² + 7y: y(y + 1) … (y + 7) = w(w + 6)(w + 10)(w + 12).
    w: L::F,
}

#[inline(always)]
fn shift<L: Lanes>(l: &mut L, x: L::F) -> Shifted<L> {
    let reflected = l.ltk(x, 0.5);
    let other = l.ksub(1.0, x);
    let y = l.select(reflected, other, x);
    let small = l.ltk(y, 8.0);
    let shifted = l.addk(y, 8.0);
    let z = l.select(small, shifted, y);
    let more = l.addk(y, 7.0);
    let w = l.mul(y, more);
    Shifted { reflected, small, z, slope: l.add(y, more), w }
}

/// sin πr for |r| ≤ ½.
#[inline(always)]
fn sin_pi<L: Lanes>(l: &mut L, r: L::F) -> L::F {
    let square = l.mul(r, r);
    let p = l.poly(&SIN_PI, square);
    l.mul(r, p)
}

/// x minus the nearest integer.
#[inline(always)]
fn fraction<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let whole = l.round_even(x);
    l.sub(x, whole)
}

/// log |Γ(x)|.
#[inline(always)]
pub(crate) fn lgamma_f32<L: Narrow>(l: &mut L, x: L::F) -> L::F {
    let x = l.widen(x);
    let y = lgamma_wide(l.wide(), x);
    l.narrow(y)
}

#[inline(always)]
fn lgamma_wide<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let Shifted { reflected, small, z, w, .. } = shift(l, x);
    // log Γ(z) = (z − ½) log z − z + ½ log 2π + …
    let log_z = log(l, z);
    let one = l.f(1.0);
    let inverse = l.div(one, z);
    let square = l.mul(inverse, inverse);
    let series = l.poly(&STIRLING, square);
    let less = l.subk(z, 0.5);
    let constant = l.ksub(HALF_LOG_2PI, z);
    let rest = l.fma(series, inverse, constant);
    let stirling = l.fma(less, log_z, rest);
    // Γ(y) = Γ(z)/product, and |Γ(x)| = π/(|sin πx| Γ(1 − x)): one logarithm for both factors.
    let product = w;
    let product = [6.0, 10.0, 12.0].into_iter().fold(product, |product, k| {
        let factor = l.addk(w, k);
        l.mul(product, factor)
    });
    let product = l.select(small, product, one);
    let r = fraction(l, x);
    let sin = sin_pi(l, r);
    let sin = l.abs(sin);
    let n = l.mulk(product, PI);
    let quotient = l.div(n, sin);
    let factor = l.select(reflected, quotient, product);
    let log_factor = log(l, factor);
    let minus = l.neg(stirling);
    let minus_log = l.neg(log_factor);
    let a = l.select(reflected, log_factor, stirling);
    let b = l.select(reflected, minus, minus_log);
    let y = l.add(a, b);
    // Without this the roots would have the value of the rounding errors.
    let (first, second, zero) = (l.eqk(x, 1.0), l.eqk(x, 2.0), l.f(0.0));
    let root = l.or_m(first, second);
    let y = l.select(root, zero, y);
    let magnitude = l.abs(x);
    let infinity = l.f(f64::INFINITY);
    let infinite = l.eq(magnitude, infinity);
    l.select(infinite, infinity, y)
}

/// Γ'(x)/Γ(x); NaN at the poles.
#[inline(always)]
pub(crate) fn digamma_f32<L: Narrow>(l: &mut L, x: L::F) -> L::F {
    let x = l.widen(x);
    let y = digamma_wide(l.wide(), x);
    l.narrow(y)
}

#[inline(always)]
fn digamma_wide<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let Shifted { reflected, small, z, slope, w } = shift(l, x);
    // ψ(z) = log z − 1/2z − …
    let log_z = log(l, z);
    let one = l.f(1.0);
    let inverse = l.div(one, z);
    let square = l.mul(inverse, inverse);
    let series = l.poly(&DERIVATIVE[..8], square);
    let series = l.mul(series, square);
    let rest = l.kfma(inverse, 0.5, series);
    let psi = l.sub(log_z, rest);
    // The logarithmic derivative of the product, as the derivative by w times that of w.
    let n = l.poly(&[720.0, 504.0, 84.0, 4.0], w);
    let d = l.poly(&[0.0, 720.0, 252.0, 28.0, 1.0], w);
    let n = l.mul(n, slope);
    let sum = l.div(n, d);
    let zero = l.f(0.0);
    let sum = l.select(small, sum, zero);
    let psi = l.sub(psi, sum);
    // ψ(x) = ψ(1 − x) − π cot πx.
    let r = fraction(l, x);
    let sin = sin_pi(l, r);
    let a = l.abs(r);
    let a = l.ksub(0.5, a);
    let cos = sin_pi(l, a);
    let cos = l.mulk(cos, PI);
    let cot = l.div(cos, sin);
    let other = l.sub(psi, cot);
    let nan = l.f(f64::NAN);
    let pole = l.eq(r, zero);
    let other = l.select(pole, nan, other);
    l.select(reflected, other, psi)
}

/// log |Γ(x)|.
#[inline(always)]
pub(crate) fn lgamma_f64<L: Lanes<Scalar = f64>>(l: &mut L, x: L::F) -> L::F {
    // With x = k + t for an integer k, Γ(x) = Γ(2 + t)·(x − 1) … (x − k + 2) for k > 2, and
    // Γ(2 + t) = x·Γ(x) for k = 1, x·(x + 1)·Γ(x) for k = 0. On both sides of the roots at 1 and 2 the two
    // logarithms have different signs; with −0.7 < t < 0.3 they cancel least.
    let k = l.addk(x, 0.2);
    let k = l.round_even(k);
    let t = l.sub(x, k);
    let one = l.f(1.0);
    let up = l.ltk(k, 2.0);
    let mut product = l.select(up, x, one);
    let more = l.fma(x, x, x);
    let zeroth = l.ltk(k, 1.0);
    product = l.select(zeroth, more, product);
    for j in 1..=6 {
        let factor = l.subk(x, f64::from(j));
        let longer = l.mul(product, factor);
        let has_factor = l.gtk(k, f64::from(j) + 1.5);
        product = l.select(has_factor, longer, product);
    }
    let large = l.gtk(k, 8.5);
    let of = l.select(large, x, product);
    let log = log(l, of);
    let minus = l.neg(log);
    let signed = l.select(up, minus, log);
    let p = l.poly(&LGAMMA, t);
    let near = l.fma(t, p, signed);
    // (x − ½)·(log x − 1) + ½ log 2π − ½ + …
    let inverse = l.div(one, x);
    let square = l.mul(inverse, inverse);
    let series = l.poly(&STIRLING, square);
    let constant = l.f(HALF_LOG_2PI - 0.5);
    let rest = l.fma(series, inverse, constant);
    let (less, log) = (l.subk(x, 0.5), l.subk(log, 1.0));
    let far = l.fma(less, log, rest);
    let y = l.select(large, far, near);
    // Between its poles it has zeros, about which the terms of a reflection cancel.
    let negative = l.ltk(x, 0.0);
    l.rare(negative, RealScalar::lgamma, x, y)
}

/// Γ'(x)/Γ(x); NaN at the poles.
#[inline(always)]
pub(crate) fn digamma_f64<L: Lanes<Scalar = f64>>(l: &mut L, x: L::F) -> L::F {
    // ψ(x) = ψ(r) + 1/(x − 1) + … + 1/r for r = x − k up to 2.2, or ψ(x + 1) − 1/x: the sum is n/d.
    let below = l.ltk(x, 1.0);
    let (zero, one) = (l.f(0.0), l.f(1.0));
    let mut n = l.choose(below, -1.0, 0.0);
    let mut d = l.select(below, x, one);
    let mut r = x;
    for j in 1..=6 {
        let next = l.subk(x, f64::from(j));
        let has_term = l.gtk(next, 1.2);
        let (longer, product) = (l.fma(n, next, d), l.mul(d, next));
        n = l.select(has_term, longer, n);
        d = l.select(has_term, product, d);
        r = l.select(has_term, next, r);
    }
    let large = l.gtk(x, 8.0);
    let (n, d) = (l.select(large, one, n), l.select(large, x, d));
    let quotient = l.div(n, d);
    let [root, low] = DIGAMMA_ROOT;
    // That of ψ(x + 1) is one less, which is exact.
    let root = l.choose(below, root - 1.0, root);
    let t = l.sub(r, root);
    let t = l.subk(t, low);
    let p = l.poly(&DIGAMMA, t);
    let near = l.fma(t, p, quotient);
    // ψ(x) = log x − 1/2x − …
    let log = log(l, x);
    let square = l.mul(quotient, quotient);
    let series = l.poly(&DERIVATIVE, square);
    let series = l.mul(series, square);
    let rest = l.kfma(quotient, 0.5, series);
    let far = l.sub(log, rest);
    let y = l.select(large, far, near);
    // As above.
    let other = l.le(x, zero);
    l.rare(other, RealScalar::digamma, x, y)
}
