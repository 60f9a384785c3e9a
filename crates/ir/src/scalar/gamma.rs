//! The logarithm of the gamma function and its derivatives, in f64.

use std::f64::consts::PI;

/// log|Γ(x)|.
pub(super) fn lgamma(x: f64) -> f64 {
    if x == f64::NEG_INFINITY { f64::INFINITY } else { libm::lgamma(x) }
}

/// ψ(x) by recurrence up to x ≥ 12 and the asymptotic series DLMF 5.11.2; by reflection (5.5.4) for x < 0.
pub(super) fn digamma(x: f64) -> f64 {
    if x <= 0.0 {
        if x == x.floor() {
            return f64::NAN;
        }
        let r = x - x.round();
        return digamma(1.0 - x) - PI / (PI * r).tan();
    }
    let (mut x, mut sum) = (x, 0.0);
    while x < 12.0 {
        sum -= 1.0 / x;
        x += 1.0;
    }
    let z = 1.0 / (x * x);
    let mut series = 0.0;
    for (k, b) in BERNOULLI.iter().enumerate().take(8).rev() {
        series = series * z + b / (2 * k + 2) as f64;
    }
    sum + x.ln() - 0.5 / x - series * z
}

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

/// ζ(s, q) by Euler–Maclaurin summation (DLMF 25.11.5 with n = 10 or more terms summed directly).
pub(super) fn zeta(s: f64, q: f64) -> f64 {
    if s == 1.0 {
        return f64::INFINITY;
    }
    if s < 1.0 || s.is_nan() || q.is_nan() {
        return f64::NAN;
    }
    if q <= 0.0 {
        if q == q.floor() {
            return if s % 2.0 == 0.0 { f64::INFINITY } else { f64::NAN };
        }
        if s != s.floor() {
            return f64::NAN;
        }
    }
    let (mut a, mut sum) = (q, 0.0);
    for _ in 0..10_000 {
        let term = a.powf(-s);
        sum += term;
        a += 1.0;
        if a > 10.0 && (a > 20.0 || term.abs() < 1e-17 * f64::abs(sum)) {
            break;
        }
    }
    let power = a.powf(-s);
    sum += power * (a / (s - 1.0) + 0.5);
    // The k-th correction is B₂ₖ/(2k)! · s(s+1)…(s+2k−2) · a^(−s−2k+1).
    let (mut factor, mut k) = (power * s / a / 2.0, 0.0);
    for b in BERNOULLI {
        sum += b * factor;
        factor *= (s + k + 1.0) * (s + k + 2.0) / ((k + 3.0) * (k + 4.0) * a * a);
        k += 2.0;
    }
    sum
}

/// ψ⁽ⁿ⁾(x).
pub(super) fn polygamma(n: f64, x: f64) -> f64 {
    if n < 0.0 || n != n.floor() {
        return f64::NAN;
    }
    if n == 0.0 {
        return digamma(x);
    }
    let magnitude = libm::tgamma(n + 1.0) * zeta(n + 1.0, x);
    if n % 2.0 == 0.0 { -magnitude } else { magnitude }
}
