//! Functions of a few operations.

use super::lanes::Lanes;

#[inline(always)]
pub(crate) fn neg<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    l.neg(x)
}

#[inline(always)]
pub(crate) fn abs<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    l.abs(x)
}

#[inline(always)]
pub(crate) fn sqrt<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    l.sqrt(x)
}

#[inline(always)]
pub(crate) fn square<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    l.mul(x, x)
}

#[inline(always)]
pub(crate) fn floor<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    l.floor(x)
}

#[inline(always)]
pub(crate) fn ceil<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let x = l.neg(x);
    let x = l.floor(x);
    l.neg(x)
}

#[inline(always)]
pub(crate) fn round_even<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    l.round_even(x)
}

/// Halves away from zero.
#[inline(always)]
pub(crate) fn round<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    // The number before ½: with ½ itself, that number would be rounded up to 1.
    let below_half = l.by(f64::from(0.5f32.next_down()), 0.5f64.next_down());
    let a = l.abs(x);
    let a = l.addk(a, below_half);
    let a = l.floor(a);
    l.copysign(a, x)
}

/// −1, ±0, 1 or NaN.
#[inline(always)]
pub(crate) fn sign<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let one = l.f(1.0);
    let one = l.copysign(one, x);
    let a = l.abs(x);
    let positive = l.gtk(a, 0.0);
    l.select(positive, one, x)
}
