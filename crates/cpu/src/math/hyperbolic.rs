//! Hyperbolic functions and their inverses.

use super::coefficients::*;
use super::exp::{Reduced, reduce};
use super::lanes::Lanes;
use super::log::log1p_of;

/// Halves of sinh a and cosh a, as unevaluated sums, for 0 ≤ a.
///
/// With a = n·log 2 + r, A = sinh(n·log 2) and B = cosh(n·log 2): sinh a = A cosh r + B sinh r and
/// cosh a = B cosh r + A sinh r. Nothing cancels, and nothing is divided.
#[inline(always)]
fn halves<L: Lanes>(l: &mut L, a: L::F) -> [(L::F, L::F); 2] {
    let Reduced { t, r, r_low } = reduce(l, a);
    let bits = l.bits(t);
    let bits = l.shl(bits, L::MANTISSA);
    let up = l.iaddk(bits, (L::BIAS - 2) << L::MANTISSA);
    let sum = l.i((2 * L::BIAS - 4) << L::MANTISSA);
    let down = l.isub(sum, up);
    let (up, down, zero) = (l.from_bits(up), l.from_bits(down), l.f(0.0));
    // Where 2⁻ⁿ is no normal number its bits are negative here, and it does not count.
    let down = l.max(down, zero);
    let minus = l.neg(down);
    let ((s, s_low), (c, c_low)) = (l.fast_two_sum(up, minus), l.fast_two_sum(up, down));

    let z = l.mul(r, r);
    let cosh = if L::WIDE { l.poly(&COSH_64, z) } else { l.poly(&COSH_32, z) };
    let cosh = l.mul(cosh, z);
    let sinh = if L::WIDE { l.poly(&SINH_64, z) } else { l.poly(&SINH_32, z) };
    let cube = l.mul(z, r);
    let sinh = l.fma(cube, sinh, r_low);
    // s + c·r + (s·(cosh r − 1) + c·(sinh r − r)).
    let mut side = |s, s_low, c| {
        let (part, part_low) = l.two_product(c, r);
        let (high, low) = l.fast_two_sum(s, part);
        let low = l.add(low, part_low);
        let low = l.add(low, s_low);
        let low = l.fma(c, sinh, low);
        (high, l.fma(s, cosh, low))
    };
    [side(s, s_low, c), side(c, c_low, s)]
}

/// `y` with the sign of x, and x where it is so small that the function is the identity.
#[inline(always)]
fn odd<L: Lanes>(l: &mut L, x: L::F, a: L::F, y: L::F) -> L::F {
    let y = l.copysign(y, x);
    let tiny = l.ltk(a, l.by(1e-5, 1e-10));
    l.select(tiny, x, y)
}

/// sinh x.
#[inline(always)]
pub(crate) fn sinh<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let a = l.abs(x);
    // The results overflow shortly before these limits.
    let limited = l.at_most(a, l.by(89.5, 710.6));
    let [(high, low), _] = halves(l, limited);
    let y = l.add(high, low);
    let y = l.add(y, y);
    odd(l, x, a, y)
}

/// cosh x.
#[inline(always)]
pub(crate) fn cosh<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let a = l.abs(x);
    let limited = l.at_most(a, l.by(89.5, 710.6));
    let [_, (high, low)] = halves(l, limited);
    let y = l.add(high, low);
    l.add(y, y)
}

/// tanh x.
#[inline(always)]
pub(crate) fn tanh<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let a = l.abs(x);
    // Here it is 1.
    let limited = l.at_most(a, l.by(9.02, 20.0));
    if !L::WIDE {
        let (y, x) = (tanh_32(l, a, limited), l.bits(x));
        let (y, sign) = (l.bits(y), l.iandk(x, !L::MAGNITUDE));
        let y = l.ior(y, sign);
        return l.from_bits(y);
    }
    let [sinh, cosh] = halves(l, limited).map(|(high, low)| l.fast_two_sum(high, low));
    let (high, low) = l.quotient(sinh, cosh);
    let y = l.add(high, low);
    odd(l, x, a, y)
}

/// tanh a to f32's accuracy: a polynomial up to artanh ½; beyond, 1 − 2/(e²ᵃ + 1), where the quotient is
/// less than half of the result, and so are its errors.
#[inline(always)]
fn tanh_32<L: Lanes>(l: &mut L, a: L::F, limited: L::F) -> L::F {
    // a = n·½log 2 + r, e²ᵃ = 2ⁿ e²ʳ. For large n, when n·½log 2 is not exact, the quotient is small.
    let magic = l.f(L::MAGIC);
    let t = l.kfma(limited, 2.0 * LOG2_E, magic);
    let n = l.sub(t, magic);
    let r = l.kfma(n, -0.5 * std::f64::consts::LN_2, limited);
    // The coefficients for 2r, exactly.
    let mut c = EXP_32;
    c.iter_mut().enumerate().for_each(|(k, c)| *c *= (4 << k) as f64);
    let p = l.poly(&c, r);
    let p = l.fmak(p, r, 2.0);
    let p = l.fmak(p, r, 1.0);
    let bits = l.bits(t);
    let bits = l.shl(bits, L::MANTISSA);
    let bits = l.iaddk(bits, L::ONE);
    let power = l.from_bits(bits);
    let d = l.fmak(power, p, 1.0);
    let two = l.f(2.0);
    let q = l.div(two, d);
    let large = l.ksub(1.0, q);

    let z = l.mul(a, a);
    let p = l.poly(&TANH_32, z);
    let cube = l.mul(a, z);
    let small = l.fma(cube, p, a);
    let is_small = l.ltk(a, 0.5493);
    l.select(is_small, small, large)
}

/// Where a is so large that 1 + a² is a²; then arguments of logarithms are halved.
#[inline(always)]
fn large<L: Lanes>(l: &mut L, a: L::F) -> (L::M, L::F) {
    let large = l.gtk(a, l.by(3e7, 1e16));
    (large, l.choose(large, 1.0, 0.0))
}

/// The argument `a`, or where that is large 2a: log(1 + 2a) = log(1 + a) + log 2 there.
#[inline(always)]
fn log_of_sum<L: Lanes>(l: &mut L, a: L::F, sum: (L::F, L::F)) -> L::F {
    let (large, more) = large(l, a);
    let zero = l.f(0.0);
    let high = l.select(large, a, sum.0);
    let low = l.select(large, zero, sum.1);
    log1p_of(l, (high, low), more)
}

/// arsinh x = log(1 + a + a²/(1 + √(1 + a²))) for a = x ≥ 0.
#[inline(always)]
pub(crate) fn asinh<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let a = l.abs(x);
    let square = l.mul(a, a);
    let root = l.fmak(a, a, 1.0);
    let root = l.sqrt(root);
    let d = l.addk(root, 1.0);
    let more = l.div(square, d);
    let sum = l.fast_two_sum(a, more);
    let y = log_of_sum(l, a, sum);
    l.copysign(y, x)
}

/// arcosh x = log(1 + t + √(2t + t²)), t = x − 1.
#[inline(always)]
pub(crate) fn acosh<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let minus_one = l.f(-1.0);
    let (t, t_low) = l.two_sum(x, minus_one);
    let twice = l.add(t, t);
    let root = l.fma(t, t, twice);
    let root = l.sqrt(root);
    let (high, low) = l.fast_two_sum(root, t);
    let low = l.add(low, t_low);
    let y = log_of_sum(l, x, (high, low));
    let (one, nan) = (l.f(1.0), l.f(f64::NAN));
    let inside = l.ge(x, one);
    l.select(inside, y, nan)
}

/// artanh x = ½ log(1 + 2x/(1 − x)).
#[inline(always)]
pub(crate) fn atanh<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let (a, one, zero) = (l.abs(x), l.f(1.0), l.f(0.0));
    let minus = l.neg(a);
    let d = l.two_sum(one, minus);
    let n = l.add(a, a);
    let q = l.quotient((n, zero), d);
    let y = log1p_of(l, q, zero);
    let y = l.mulk(y, 0.5);
    l.copysign(y, x)
}
