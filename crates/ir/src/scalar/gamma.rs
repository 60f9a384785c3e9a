//! The logarithm of the gamma function and its derivatives, in f64.

use super::dd::{Dd, PI, sin_cos_pi, two_sum};

/// B₂, B₄, …, B₂₄ (DLMF 24.2).
const BERNOULLI: [f64; 12] = [
    1.0 / 6.0,
    -1.0 / 30.0,
    1.0 / 42.0,
    -1.0 / 30.0,
    5.0 / 66.0,
    -691.0 / 2730.0,
    7.0 / 6.0,
    -3617.0 / 510.0,
    43867.0 / 798.0,
    -174611.0 / 330.0,
    854513.0 / 138.0,
    -236364091.0 / 2730.0,
];

/// ½ log 2π.
const HALF_LOG_2PI: Dd = Dd { hi: 0.918_938_533_204_672_8, lo: -3.8782941580672414e-17 };

/// log|Γ(x)|.
pub(super) fn lgamma(x: f64) -> f64 {
    if x == f64::NEG_INFINITY {
        f64::INFINITY
    } else if -20.0 < x && x < -1.0 && x != x.floor() {
        lgamma_negative(x)
    } else {
        // Beyond −20 the zeros lie closer to the poles than the next number does.
        libm::lgamma(x)
    }
}

/// log|Γ(x)| for −20 < x < −1, where it has zeros: accurate to a relative 1e-18 of its terms.
///
/// Reflection |Γ(x) Γ(a)| = π/(a |sin πa|) with a = −x (DLMF 5.5.3), Γ(a) = Γ(b)/(a (a+1) … (b−1)) with
/// b ≥ 20, and Stirling's series (5.11.1) for log Γ(b).
fn lgamma_negative(x: f64) -> f64 {
    let a = -x;
    let (sin, _) = sin_cos_pi(a - a.round());
    let sin = if sin.hi < 0.0 { -sin } else { sin };
    let mut quotient = PI / sin;
    // The product without its first factor, which the reflection cancels.
    let mut b = two_sum(a, 1.0);
    while b.hi < 20.0 {
        quotient = quotient * b;
        b = b + Dd::from(1.0);
    }
    let stirling = (b - Dd::from(0.5)) * b.log() - b + HALF_LOG_2PI;
    let z = 1.0 / (b.hi * b.hi);
    let mut tail = 0.0;
    for k in (1..=8).rev() {
        let n = 2.0 * k as f64;
        tail = BERNOULLI[k - 1] / (n * (n - 1.0)) + z * tail;
    }
    (quotient.log() - stirling - Dd::from(tail / b.hi)).value()
}

/// ψ(x), by reflection (DLMF 5.5.4) for x ≤ 0.
pub(super) fn digamma(x: f64) -> f64 {
    if x == f64::INFINITY {
        x
    } else if x > 0.0 {
        digamma_positive(x.into()).value()
    } else if x == x.floor() || x.is_nan() {
        f64::NAN
    } else {
        // ψ(x) = ψ(1 − x) − π cot πx, where cot has period 1.
        let r = x - x.round();
        if r.abs() < 1e-25 {
            // Both other terms are below half an ulp of the pole's −1/x.
            return -1.0 / r;
        }
        let (sin, cos) = sin_cos_pi(r);
        (digamma_positive(two_sum(1.0, -x)) - PI * cos / sin).value()
    }
}

/// ψ(x) for x > 0: recurrence up to x ≥ 12 and the asymptotic series DLMF 5.11.2.
fn digamma_positive(mut x: Dd) -> Dd {
    let mut sum = Dd::from(0.0);
    while x.hi < 12.0 {
        if x.hi < 1e-30 {
            return Dd::from(-1.0 / x.hi);
        }
        sum = sum - Dd::from(1.0) / x;
        x = x + Dd::from(1.0);
    }
    if x.hi > 1e17 {
        return Dd::from(x.hi.ln());
    }
    let z = 1.0 / (x.hi * x.hi);
    let mut series = 0.0;
    for k in (1..=9).rev() {
        series = BERNOULLI[k - 1] / (2.0 * k as f64) + z * series;
    }
    sum + x.log() - Dd::from(0.5) / x - Dd::from(series * z)
}

/// ζ(s, q).
pub(super) fn zeta(s: f64, q: f64) -> f64 {
    if s.is_nan() || q.is_nan() || s < 1.0 {
        return f64::NAN;
    }
    if s == 1.0 {
        return f64::INFINITY;
    }
    if q == f64::INFINITY {
        return 0.0;
    }
    if q <= 0.0 {
        if q == q.floor() {
            return if s % 2.0 == 0.0 { f64::INFINITY } else { f64::NAN };
        }
        if s != s.floor() {
            return f64::NAN;
        }
        if q < -30.0 {
            // The sum over all k ∈ ℤ, which has period 1 in q, without its left part.
            let sign = if s % 2.0 == 0.0 { 1.0 } else { -1.0 };
            let (left, right) = (q - q.floor(), q.ceil() - q);
            return zeta(s, left) + sign * (zeta(s, right) - zeta(s, 1.0 - q));
        }
    }
    let (scaled, unit) = scaled_zeta(s, q);
    if unit == q { q.powf(-s) * scaled } else { scaled }
}

/// (qˢ ζ(s, q), q) for q > 0, else (ζ(s, q), 1): Euler–Maclaurin summation (DLMF 25.11.5).
///
/// Scaled by the first term, nothing under- or overflows that the caller's product would not.
fn scaled_zeta(s: f64, q: f64) -> (f64, f64) {
    let unit = if q > 0.0 { q } else { 1.0 };
    let (mut a, mut sum, mut k) = (q, 0.0, 0.0);
    // Up to a ≥ s, so that the corrections fall at least by (2π)⁻² each.
    while a < 12.0 + s {
        // For a large q the quotient would lose k, and the loop its end.
        let term = if q > 1e9 { (-s * (k / q).ln_1p()).exp() } else { (a / unit).powf(-s) };
        sum += term;
        // The rest is below the integral of the terms, term · a/(s − 1).
        if sum.is_nan() || a > 0.0 && term * (a / (s - 1.0) + 1.0) < 1e-18 * f64::abs(sum) {
            return (sum, unit);
        }
        k += 1.0;
        a = q + k;
    }
    let power = (a / unit).powf(-s);
    sum += power * (a / (s - 1.0) + 0.5);
    // The j-th correction is B₂ⱼ/(2j)! · s (s+1) … (s+2j−2) · a^(−s−2j+1).
    let mut factor = power * s / a / 2.0;
    let mut j = 2.0;
    for b in BERNOULLI {
        let correction = b * factor;
        sum += correction;
        if correction.abs() < 1e-18 * sum.abs() {
            break;
        }
        factor *= (s + j - 1.0) / ((j + 1.0) * a) * ((s + j) / ((j + 2.0) * a));
        j += 2.0;
    }
    (sum, unit)
}

/// ψ⁽ⁿ⁾(x).
pub(super) fn polygamma(n: f64, x: f64) -> f64 {
    // Towards −∞ it runs through the poles for ever and has no limit.
    if n.is_nan() || x.is_nan() || n < 0.0 || n != n.floor() || x == f64::NEG_INFINITY {
        return f64::NAN;
    }
    if n == 0.0 {
        return digamma(x);
    }
    if x == f64::INFINITY {
        return if n % 2.0 == 0.0 { -0.0 } else { 0.0 };
    }
    let magnitude = if x > 0.0 {
        // n!/xⁿ as one product, because both parts leave the range of f64 long before it does. The
        // scaled sum is about 1 for small x and x/n for large x, so that the last x belongs to it.
        factorial_over_power(n, x) * (scaled_zeta(n + 1.0, x).0 / x)
    } else {
        factorial_over_power(n, 1.0) * zeta(n + 1.0, x)
    };
    if n % 2.0 == 0.0 { -magnitude } else { magnitude }
}

/// n!/xⁿ.
fn factorial_over_power(n: f64, x: f64) -> f64 {
    if n > 300.0 {
        return (libm::lgamma(n + 1.0) - n * x.ln()).exp();
    }
    let (mut product, mut k) = (1.0, 1.0);
    while k <= n {
        product *= k / x;
        k += 1.0;
    }
    product
}
