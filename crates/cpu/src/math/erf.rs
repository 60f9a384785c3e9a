//! The error function, its complement and its inverse.

use super::coefficients::*;
use super::exp;
use super::lanes::Lanes;

/// erfc a for a ≥ 0: exp(−a²)·P(t)/(1 + 2a), where t = (a − k)/(a + k) maps the half line to [−1, 1).
#[inline(always)]
fn complement<L: Lanes>(l: &mut L, a: L::F) -> L::F {
    // Beyond the limit the result is 0 all the same.
    let a = l.at_most(a, l.by(10.5, 27.5));
    let k = l.by(2.0, 4.0);
    let (n, d) = (l.subk(a, k), l.addk(a, k));
    let t = l.div(n, d);
    let p = if L::WIDE { l.poly(&ERFC_64, t) } else { l.poly(&ERFC_32, t) };
    let twice = l.add(a, a);
    let d = l.addk(twice, 1.0);
    let p = l.div(p, d);
    // exp(−a²) feels the rounding of a² as a factor.
    let (square, low) = l.two_product(a, a);
    let square = l.neg(square);
    let (e, n) = exp::parts(l, square);
    let product = l.mul(e, p);
    let y = l.nfma(product, low, product);
    l.scale(y, n)
}

/// erf x for |x| ≤ 1, and a little beyond in f64.
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
        let t = l.subk(a, 2.5);
        l.poly(&ERF_TAIL_32, t)
    };
    let far = l.ksub(1.0, tail);
    let far = l.copysign(far, x);
    let centre = l.ltk(a, l.by(1.0, 1.1));
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
    let near = centre(l, x);
    let near = l.ksub(1.0, near);
    let centre = l.ltk(a, 0.5);
    l.select(centre, near, far)
}
