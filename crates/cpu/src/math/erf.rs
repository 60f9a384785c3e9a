//! The error function, its complement and its inverse.

use super::coefficients::*;
use super::exp;
use super::lanes::Lanes;
use super::log::log_positive;
use std::f64::consts::FRAC_2_SQRT_PI;

/// erfc a for a ≥ 0: exp(−a²)·P(t)/(1 + ca), where t = (a − k)/(a + k) maps the half line to [−1, 1).
#[inline(always)]
fn complement<L: Lanes>(l: &mut L, a: L::F) -> L::F {
    // Beyond the limit the result is 0 all the same.
    let a = l.at_most(a, l.by(10.5, 27.5));
    let k = l.by(1.96875, 4.0);
    let (n, d) = (l.subk(a, k), l.addk(a, k));
    let t = l.div(n, d);
    let p = if L::WIDE { l.poly(&ERFC_64, t) } else { l.poly(&ERFC_32, t) };
    let (c, one) = (l.f(l.by(1.375, 2.0)), l.f(1.0));
    let d = l.fma(a, c, one);
    let p = l.div(p, d);
    // exp(−a²) feels the rounding of a² as a factor.
    let (square, low) = l.two_product(a, a);
    let square = l.neg(square);
    let (e, n) = exp::parts(l, square);
    // Both roundings so far were large ones of the sum: the product keeps its own.
    let (product, rest) = l.two_product(e, p);
    let rest = l.nfma(product, low, rest);
    let y = l.add(product, rest);
    l.scale(y, n)
}

/// erf x for |x| < 1.2 (f32) or 1.1 (f64).
#[inline(always)]
fn centre<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let z = l.mul(x, x);
    let p = if L::WIDE { l.poly(&ERF_64, z) } else { l.poly(&ERF_32, z) };
    l.fma(x, p, x)
}

/// erf x.
#[inline(always)]
pub(crate) fn erf<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let near = centre(l, x);
    let a = l.abs(x);
    let tail = if L::WIDE {
        complement(l, a)
    } else {
        // Beyond 3.93 the result is 1.
        let a = l.at_most(a, 3.95);
        let t = l.subk(a, ERF_TAIL_CENTRE);
        l.poly(&ERF_TAIL_32, t)
    };
    let far = l.ksub(1.0, tail);
    let far = l.copysign(far, x);
    let centre = l.ltk(a, l.by(1.2, 1.0));
    l.select(centre, near, far)
}

/// 1 − erf x.
#[inline(always)]
pub(crate) fn erfc<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let a = l.abs(x);
    let right = complement(l, a);
    let left = l.ksub(2.0, right);
    let negative = l.ltk(x, 0.0);
    let far = l.select(negative, left, right);
    if !L::WIDE {
        // P(−1) is 1, and so is erfc 0.
        return far;
    }
    let near = centre(l, x);
    let near = l.ksub(1.0, near);
    let centre = l.ltk(a, 0.5);
    l.select(centre, near, far)
}

/// The inverse of erf to some 21 bits. Giles (2012), "Approximating the erfinv function", has the
/// variables w = −log(1 − x²) and √w.
#[inline(always)]
fn inverse<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let one = l.f(1.0);
    let rest = l.nfma(x, x, one);
    let w = log_positive(l, rest);
    let w = l.neg(w);
    let t = l.subk(w, ERF_INV_CENTRE_AT);
    let near = l.poly(&ERF_INV_CENTRE, t);
    let near = l.mul(near, x);
    let root = l.sqrt(w);
    let t = l.subk(root, ERF_INV_TAIL_AT);
    let far = l.poly(&ERF_INV_TAIL, t);
    let far = l.copysign(far, x);
    let centre = l.ltk(w, 6.25);
    l.select(centre, near, far)
}

/// The inverse of erf.
#[inline(always)]
pub(crate) fn erf_inv<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let mut y = inverse(l, x);
    let a = l.abs(x);
    if L::WIDE {
        // One step of Halley's iteration, on erf or on erfc, where 1 − |x| is exact.
        let b = l.abs(y);
        let near = centre(l, b);
        let near = l.sub(near, a);
        let far = complement(l, b);
        let rest = l.ksub(1.0, a);
        let far = l.sub(rest, far);
        let is_near = l.ltk(b, 0.9);
        let residual = l.select(is_near, near, far);
        let square = l.mul(b, b);
        let square = l.neg(square);
        let slope = exp::exp(l, square);
        let slope = l.mulk(slope, FRAC_2_SQRT_PI);
        let step = l.div(residual, slope);
        let one = l.f(1.0);
        let d = l.fma(b, step, one);
        let step = l.div(step, d);
        let b = l.sub(b, step);
        y = l.copysign(b, x);
    }
    // erf is linear here.
    let tiny = l.ltk(a, l.by(1e-20, 1e-9));
    let linear = l.mulk(x, 1.0 / FRAC_2_SQRT_PI);
    let y = l.select(tiny, linear, y);
    let end = l.eqk(a, 1.0);
    let infinity = l.f(f64::INFINITY);
    let infinity = l.copysign(infinity, x);
    let y = l.select(end, infinity, y);
    let (one, nan) = (l.f(1.0), l.f(f64::NAN));
    let inside = l.le(a, one);
    l.select(inside, y, nan)
}
