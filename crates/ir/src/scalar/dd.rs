//! Double-double arithmetic: an unevaluated sum of two f64, good for about 100 bits.
//!
//! The functions whose terms cancel (digamma and lgamma near their zeros) or that must stay below 1 ulp
//! (sinh, cosh, tanh) need a few guard bits in the middle. The building blocks are Dekker's (1971), with
//! Veltkamp's splitting in place of a fused multiply-add, which is slow where the hardware has none.

use std::ops::{Add, Div, Mul, Neg, Sub};

/// The sum `hi + lo`, where `lo` is at most half an ulp of `hi`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dd {
    pub(super) hi: f64,
    pub(super) lo: f64,
}

pub(super) const PI: Dd = Dd { hi: std::f64::consts::PI, lo: 1.2246467991473532e-16 };

/// log 2 in three parts. The first has 32 bits, so its product with an exponent is exact.
const LN_2: (f64, f64, f64) = (0.6931471803691238, 1.9082149292705877e-10, 1.1612227229362532e-26);

/// The error-free sum of any two numbers (Knuth).
pub(super) fn two_sum(a: f64, b: f64) -> Dd {
    let hi = a + b;
    let b_part = hi - a;
    Dd { hi, lo: (a - (hi - b_part)) + (b - b_part) }
}

/// The error-free sum where |a| ≥ |b| (Dekker).
pub(super) fn fast_two_sum(a: f64, b: f64) -> Dd {
    let hi = a + b;
    Dd { hi, lo: b - (hi - a) }
}

/// The error-free product; the factors must stay below 2⁹⁹⁵ and the product above 2⁻⁹⁶⁹.
pub(super) fn two_product(a: f64, b: f64) -> Dd {
    let (hi, (a1, a0), (b1, b0)) = (a * b, split(a), split(b));
    Dd { hi, lo: ((a1 * b1 - hi) + a1 * b0 + a0 * b1) + a0 * b0 }
}

/// A number as the sum of two with 26 bits each (Veltkamp).
fn split(a: f64) -> (f64, f64) {
    let scaled = a * 134217729.0; // 2²⁷ + 1
    let high = scaled - (scaled - a);
    (high, a - high)
}

/// 2ᵏ for −1022 ≤ k ≤ 1023.
pub(super) fn power_of_two(k: i32) -> f64 {
    f64::from_bits(u64::from((k + 1023).unsigned_abs()) << 52)
}

impl Dd {
    /// The nearest f64.
    pub(super) fn value(self) -> f64 {
        self.hi + self.lo
    }

    /// `self` · 2ᵏ, for moderate k.
    pub(super) fn scaled(self, k: i32) -> Dd {
        let factor = power_of_two(k);
        Dd { hi: self.hi * factor, lo: self.lo * factor }
    }

    /// The natural logarithm with an absolute error near 2⁻⁶⁴, for normal numbers > 0.
    ///
    /// One Newton step on std's value y: log a = y + log(a e⁻ʸ), whose last term is tiny.
    pub(super) fn log(self) -> Dd {
        let y = self.hi.ln();
        let (k, e) = expm1_reduced(-y);
        // a ≈ eʸ, so the scaled `a` lies near 1 and nothing overflows after two half steps.
        let a = self.scaled(k / 2).scaled(k - k / 2);
        let residual = (a * e + (a + Dd::from(-1.0))).value();
        two_sum(y, residual - 0.5 * residual * residual)
    }
}

impl From<f64> for Dd {
    fn from(hi: f64) -> Dd {
        Dd { hi, lo: 0.0 }
    }
}

impl Add for Dd {
    type Output = Dd;
    fn add(self, b: Dd) -> Dd {
        let (high, low) = (two_sum(self.hi, b.hi), two_sum(self.lo, b.lo));
        let sum = fast_two_sum(high.hi, high.lo + low.hi);
        fast_two_sum(sum.hi, sum.lo + low.lo)
    }
}

impl Neg for Dd {
    type Output = Dd;
    fn neg(self) -> Dd {
        Dd { hi: -self.hi, lo: -self.lo }
    }
}

impl Sub for Dd {
    type Output = Dd;
    fn sub(self, b: Dd) -> Dd {
        self + -b
    }
}

impl Mul for Dd {
    type Output = Dd;
    fn mul(self, b: Dd) -> Dd {
        let product = two_product(self.hi, b.hi);
        fast_two_sum(product.hi, product.lo + (self.hi * b.lo + self.lo * b.hi))
    }
}

impl Div for Dd {
    type Output = Dd;
    fn div(self, b: Dd) -> Dd {
        let quotient = self.hi / b.hi;
        let product = two_product(quotient, b.hi);
        let rest = (self.hi - product.hi) - product.lo + self.lo - quotient * b.lo;
        fast_two_sum(quotient, rest / b.hi)
    }
}

/// (k, E) with eˣ = 2ᵏ (1 + E) and |E| < 0.42, with a relative error of E near 2⁻⁶⁵; |x| ≤ 745.
pub(super) fn expm1_reduced(x: f64) -> (i32, Dd) {
    let k = (x * std::f64::consts::LOG2_E).round();
    let rest = two_sum(x - k * LN_2.0, -k * LN_2.1);
    // The bits of k · LN_2.1 that the product lost are recovered from its error term.
    let lost = two_product(k, LN_2.1).lo + k * LN_2.2;
    let r = fast_two_sum(rest.hi, rest.lo - lost);
    // e^(r/16) − 1 by Taylor's series, its first two terms in double-double, and then four times
    // e²ˢ − 1 = E (2 + E).
    let s = r.scaled(-4);
    let h = s.hi;
    let mut tail = 0.0;
    for n in (3..=10).rev() {
        tail = INVERSE_FACTORIALS[n] + h * tail;
    }
    let mut e = (s * s).scaled(-1) + Dd::from(h * h * h * tail);
    e = s + e;
    for _ in 0..4 {
        e = e * (e + Dd::from(2.0));
    }
    (k as i32, e)
}

/// 1/n!.
const INVERSE_FACTORIALS: [f64; 11] = {
    let mut table = [1.0; 11];
    let mut n = 1;
    let mut factorial = 1.0;
    while n < 11 {
        factorial *= n as f64;
        table[n] = 1.0 / factorial;
        n += 1;
    }
    table
};

/// (sin πr, cos πr) for |r| ≤ ½, by Taylor's series in double-double.
pub(super) fn sin_cos_pi(r: f64) -> (Dd, Dd) {
    let x = PI * Dd::from(r);
    let z = -(x * x);
    let (mut sin, mut cos) = (Dd::from(1.0), Dd::from(1.0));
    // From the inside out: 1 + z/(n(n+1)) (1 + z/((n+2)(n+3)) (…)), where the last factor is below 2⁻⁷⁰.
    for n in (1..=14).rev() {
        let n = 2.0 * f64::from(n);
        cos = Dd::from(1.0) + z * cos / Dd::from(n * (n - 1.0));
        sin = Dd::from(1.0) + z * sin / Dd::from(n * (n + 1.0));
    }
    (x * sin, cos)
}
