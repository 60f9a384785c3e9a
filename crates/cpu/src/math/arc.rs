//! Inverse trigonometric functions.

use super::coefficients::*;
use super::lanes::Lanes;

/// asin and acos: |x| ≤ ½ itself, and √((1 − |x|)/2) beyond, where asin |x| = π/2 − 2·asin of that.
struct Arc<L: Lanes> {
    beyond: L::M,
    /// What the polynomial is applied to.
    root: L::F,
    /// asin(root) − root, and the rounding error of the root.
    tail: L::F,
}

#[inline(always)]
fn arc<L: Lanes>(l: &mut L, x: L::F) -> Arc<L> {
    let a = l.abs(x);
    let beyond = l.gtk(a, 0.5);
    let square = l.mul(a, a);
    let rest = l.ksub(1.0, a);
    let rest = l.mulk(rest, 0.5);
    let z = l.select(beyond, rest, square);
    let root = l.sqrt(z);
    let low = if L::WIDE {
        let low = l.nfma(root, root, z);
        let twice = l.add(root, root);
        let twice = l.at_least(twice, 1e-300);
        let low = l.div(low, twice);
        let zero = l.f(0.0);
        l.select(beyond, low, zero)
    } else {
        l.f(0.0)
    };
    let root = l.select(beyond, root, a);
    let p = if L::WIDE { l.poly(&ASIN_64, z) } else { l.poly(&ASIN_32, z) };
    let cube = l.mul(root, z);
    Arc { beyond, root, tail: l.fma(cube, p, low) }
}

/// asin x.
#[inline(always)]
pub(crate) fn asin<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let Arc { beyond, root, tail } = arc(l, x);
    let near = l.add(root, tail);
    let [right, right_low, _] = l.by(FRAC_PI_2_32, FRAC_PI_2_64);
    let (right, minus) = (l.f(right), l.mulk(root, -2.0));
    let (high, low) = l.fast_two_sum(right, minus);
    let low = l.addk(low, right_low);
    let low = l.kfma(tail, -2.0, low);
    let far = l.add(high, low);
    let y = l.select(beyond, far, near);
    l.copysign(y, x)
}

/// acos x = c − (v + tail): π/2 − asin x, 2·asin of the root, or π minus that.
#[inline(always)]
pub(crate) fn acos<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let Arc { beyond, root, tail } = arc(l, x);
    let [right, right_low, _] = l.by(FRAC_PI_2_32, FRAC_PI_2_64);
    let positive = l.gtk(x, 0.0);
    // Twice for roots, with the sign that the arcsine has here.
    let factor = l.choose(beyond, 2.0, 1.0);
    let minus = l.neg(factor);
    let sign_near = l.select(positive, minus, factor);
    let sign_far = l.select(positive, factor, minus);
    let sign = l.select(beyond, sign_far, sign_near);
    let v = l.mul(root, sign);
    let tail = l.mul(tail, sign);
    let (c, c_low) =
        (l.choose(positive, 0.0, 2.0 * right), l.choose(positive, 0.0, 2.0 * right_low));
    let (middle, middle_low) = (l.f(right), l.f(right_low));
    let (c, c_low) = (l.select(beyond, c, middle), l.select(beyond, c_low, middle_low));
    let (high, low) = l.fast_two_sum(c, v);
    let low = l.add(low, c_low);
    let low = l.add(low, tail);
    l.add(high, low)
}

/// tan(π/8), where the interval of [`ATAN_64`] ends.
const TAN_PI_8: f64 = 0.414_213_562_373_095_05;

/// atan(n/d) for 0 ≤ n ≤ d as an unevaluated sum; n + d must be finite.
#[inline(always)]
fn atan_quotient<L: Lanes>(l: &mut L, n: L::F, d: L::F) -> (L::F, L::F) {
    if !L::WIDE {
        let t = l.div(n, d);
        let z = l.mul(t, t);
        let p = l.poly(&ATAN_32, z);
        let cube = l.mul(t, z);
        return (t, l.mul(cube, p));
    }
    // Beyond π/8: π/4 + atan((n − d)/(n + d)).
    let end = l.mulk(d, TAN_PI_8);
    let beyond = l.gt(n, end);
    let zero = l.f(0.0);
    let minus = l.neg(d);
    let ((difference, difference_low), (sum, sum_low)) = (l.two_sum(n, minus), l.two_sum(n, d));
    let n = (l.select(beyond, difference, n), l.select(beyond, difference_low, zero));
    let d = (l.select(beyond, sum, d), l.select(beyond, sum_low, zero));
    let (t, t_low) = l.quotient(n, d);
    let z = l.mul(t, t);
    let p = l.poly(&ATAN_64, z);
    let cube = l.mul(t, z);
    let tail = l.fma(cube, p, t_low);
    let [right, right_low, _] = FRAC_PI_2_64;
    let base = l.choose(beyond, right / 2.0, 0.0);
    let base_low = l.choose(beyond, right_low / 2.0, 0.0);
    let (high, low) = l.fast_two_sum(base, t);
    let low = l.add(low, base_low);
    (high, l.add(low, tail))
}

/// base − angle, where base is `k` right angles.
#[inline(always)]
fn from_axis<L: Lanes>(l: &mut L, k: f64, angle: (L::F, L::F)) -> (L::F, L::F) {
    let [right, right_low, _] = l.by(FRAC_PI_2_32, FRAC_PI_2_64);
    let base = l.f(k * right);
    let minus = l.neg(angle.0);
    let (high, low) = l.fast_two_sum(base, minus);
    let low = l.addk(low, k * right_low);
    (high, l.sub(low, angle.1))
}

#[inline(always)]
fn select2<L: Lanes>(l: &mut L, m: L::M, a: (L::F, L::F), b: (L::F, L::F)) -> (L::F, L::F) {
    (l.select(m, a.0, b.0), l.select(m, a.1, b.1))
}

/// atan x.
#[inline(always)]
pub(crate) fn atan<L: Lanes>(l: &mut L, x: L::F) -> L::F {
    let a = l.abs(x);
    // Further out the result is π/2, and 1/x must not be subnormal.
    let a = l.at_most(a, l.by(1e10, 1e20));
    let (one, steep) = (l.f(1.0), l.gtk(a, 1.0));
    let n = l.select(steep, one, a);
    let d = l.select(steep, a, one);
    let angle = atan_quotient(l, n, d);
    let other = from_axis(l, 1.0, angle);
    let (high, low) = select2(l, steep, other, angle);
    let y = l.add(high, low);
    l.copysign(y, x)
}

/// The angle of the point (x, y).
#[inline(always)]
pub(crate) fn atan2<L: Lanes>(l: &mut L, y: L::F, x: L::F) -> L::F {
    let (ax, ay) = (l.abs(x), l.abs(y));
    let steep = l.gt(ay, ax);
    let (n, d) = (l.select(steep, ax, ay), l.select(steep, ay, ax));
    // Far from overflow, and from where errors would be subnormal.
    let large = l.gtk(d, l.by(1e30, 1e290));
    let small = l.ltk(d, l.by(1e-18, 1e-250));
    let (up, down) =
        (l.by((1u64 << 60) as f64, 2.0 * TWO_180), l.by(1.0 / (1u64 << 60) as f64, 1.0 / TWO_180));
    let factor = l.choose(large, down, 1.0);
    let up = l.f(up);
    let factor = l.select(small, up, factor);
    let (n, d) = (l.mul(n, factor), l.mul(d, factor));
    // ∞ counts as 1 beside what is finite, and 0/0 as 0.
    let (zero, one, infinity) = (l.f(0.0), l.f(1.0), l.f(f64::INFINITY));
    let (n_infinite, d_infinite) = (l.eq(n, infinity), l.eq(d, infinity));
    let n_finite = l.select(d_infinite, zero, n);
    let n = l.select(n_infinite, one, n_finite);
    let d_zero = l.eq(d, zero);
    let unit = l.or_m(d_infinite, d_zero);
    let d = l.select(unit, one, d);

    let angle = atan_quotient(l, n, d);
    let other = from_axis(l, 1.0, angle);
    let angle = select2(l, steep, other, angle);
    // The sign bit of x counts, also that of −0.
    let with_sign = l.copysign(one, x);
    let left = l.ltk(with_sign, 0.0);
    let other = from_axis(l, 2.0, angle);
    let (high, low) = select2(l, left, other, angle);
    let angle = l.add(high, low);
    let angle = l.copysign(angle, y);
    let sum = l.add(x, y);
    let (x_sound, y_sound) = (l.eq(x, x), l.eq(y, y));
    let sound = l.and_m(x_sound, y_sound);
    l.select(sound, angle, sum)
}

const TWO_180: f64 = (1u128 << 90) as f64 * (1u128 << 90) as f64;
