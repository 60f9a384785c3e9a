//! The scalar functions behind the elementwise primitives.
//!
//! The interpreter, constant folding and the eager kernels all call these, so that one primitive means
//! one thing everywhere. [`RealScalar`] covers f16, bf16, f32 and f64, [`IntScalar`] the integers, and
//! [`mod@convert`] the conversions between all dtypes. Where C's libm and XLA disagree (integer division by
//! zero, shifts by too much, conversions out of range), XLA's meaning is taken.
//!
//! The budget is 1 ulp for the elementary functions in f64 and 2 ulp in f32; the special functions have
//! 4 ulp away from their zeros. `tests.rs` holds golden points computed with 50 digits.
//!
//! Call the methods through a type parameter or as `RealScalar::exp(x)`: on a variable whose type is
//! literally `f64`, `x.exp()` means std's inherent method, which is less accurate for some functions.

use std::fmt::Debug;
use std::ops::{Add, Div, Mul, Neg, Sub};

pub mod convert;
mod dd;
mod erf;
mod float;
mod gamma;
mod hyperbolic;
mod int;
mod num;
pub mod random;
#[cfg(test)]
mod tests;

pub use convert::{ConvertTo, convert};
pub use int::IntScalar;
pub use num::{NumScalar, OrdScalar};

/// A floating-point element: f16, bf16, f32 or f64.
///
/// f16 and bf16 compute in f32 and round once at the end. Nothing here raises or panics: outside a
/// function's domain the value is NaN, and every function maps NaN to NaN unless it says otherwise.
pub trait RealScalar:
    Copy
    + Debug
    + PartialOrd
    + Send
    + Sync
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + 'static
{
    /// eˣ, for all x; exp(−∞) = 0.
    fn exp(self) -> Self;
    /// 2ˣ, for all x; exact at integers.
    fn exp2(self) -> Self;
    /// eˣ − 1 without cancellation near 0; expm1(±0) = ±0, expm1(−∞) = −1.
    fn expm1(self) -> Self;
    /// The natural logarithm, x ≥ 0; log(±0) = −∞.
    fn log(self) -> Self;
    /// log(1 + x) without cancellation near 0, x ≥ −1; log1p(−1) = −∞, log1p(±0) = ±0.
    fn log1p(self) -> Self;
    /// √x, x ≥ 0, correctly rounded; sqrt(−0) = −0.
    fn sqrt(self) -> Self;
    /// 1/√x, x ≥ 0; rsqrt(±0) = ±∞, rsqrt(∞) = 0.
    fn rsqrt(self) -> Self;
    /// ∛x, for all x, odd.
    fn cbrt(self) -> Self;
    /// sin x in radians, with argument reduction for huge x; sin(±∞) is NaN.
    fn sin(self) -> Self;
    /// cos x in radians, with argument reduction for huge x; cos(±∞) is NaN.
    fn cos(self) -> Self;
    /// tan x in radians, with argument reduction for huge x; tan(±∞) is NaN.
    fn tan(self) -> Self;
    /// arcsin x in [−π/2, π/2], |x| ≤ 1.
    fn asin(self) -> Self;
    /// arccos x in [0, π], |x| ≤ 1.
    fn acos(self) -> Self;
    /// arctan x in [−π/2, π/2], for all x.
    fn atan(self) -> Self;
    /// (eˣ − e⁻ˣ)/2, for all x, odd.
    fn sinh(self) -> Self;
    /// (eˣ + e⁻ˣ)/2, for all x, even.
    fn cosh(self) -> Self;
    /// sinh x / cosh x, for all x, odd; tanh(±∞) = ±1.
    fn tanh(self) -> Self;
    /// log(x + √(x² + 1)), for all x, odd.
    fn asinh(self) -> Self;
    /// log(x + √(x² − 1)) ≥ 0, x ≥ 1.
    fn acosh(self) -> Self;
    /// ½ log((1 + x)/(1 − x)), |x| ≤ 1, odd; atanh(±1) = ±∞.
    fn atanh(self) -> Self;
    /// 1/(1 + e⁻ˣ), for all x, without overflow on either side.
    fn logistic(self) -> Self;
    /// 2/√π ∫₀ˣ exp(−t²) dt, for all x, odd; erf(±∞) = ±1.
    fn erf(self) -> Self;
    /// 1 − erf x without cancellation for large x; erfc(−∞) = 2, erfc(∞) = 0.
    fn erfc(self) -> Self;
    /// The inverse of erf, |x| ≤ 1, odd; erf_inv(±1) = ±∞.
    fn erf_inv(self) -> Self;
    /// log|Γ(x)|, for all x; +∞ at 0, −1, −2, … and at ±∞.
    fn lgamma(self) -> Self;
    /// ψ(x) = Γ'(x)/Γ(x); NaN at 0, −1, −2, … (as `jax.lax.digamma`) and at −∞; digamma(∞) = ∞.
    fn digamma(self) -> Self;
    /// ψ⁽ⁿ⁾(x), the n-th derivative of digamma, where `self` is n (as in `jax.lax.polygamma(m, x)`).
    ///
    /// ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹ n! ζ(n + 1, x) (DLMF 5.15 with 25.11.12). NaN where n is negative or no
    /// integer, and at −∞. At x = 0, −1, −2, … it is +∞ for odd n and NaN for even n, where the sides
    /// differ.
    fn polygamma(self, x: Self) -> Self;
    /// ζ(s, q) = Σₖ (q + k)⁻ˢ, the Hurwitz zeta function, where `self` is s (`jax.lax.zeta(s, q)`).
    ///
    /// ζ(1, q) = ∞; NaN for s < 1 and for q < 0 with s no integer. At q = 0, −1, −2, … it is +∞ for
    /// even s and NaN otherwise.
    fn zeta(self, q: Self) -> Self;
    /// xʸ as C's pow: x⁰ = 1 and 1ʸ = 1 even for NaN; NaN for x < 0 with y no integer.
    fn pow(self, y: Self) -> Self;
    /// The angle of the point (x, `self`) in [−π, π]; the signs of zeros choose the quadrant as in C.
    fn atan2(self, x: Self) -> Self;
    /// The next representable number after `self` in the direction of `y`; `y` where both are equal.
    fn nextafter(self, y: Self) -> Self;
    /// The remainder of the division truncated towards zero (C's fmod), with the sign of `self`.
    ///
    /// NaN for `y` = 0 or `self` = ±∞; `self` for `y` = ±∞. Exact.
    fn rem(self, y: Self) -> Self;
    /// The largest integer ≤ x.
    fn floor(self) -> Self;
    /// The smallest integer ≥ x.
    fn ceil(self) -> Self;
    /// The nearest integer, halves away from zero (JAX's `AWAY_FROM_ZERO`).
    fn round_half_away(self) -> Self;
    /// The nearest integer, halves to even (JAX's `TO_NEAREST_EVEN`).
    fn round_half_even(self) -> Self;
    /// |x|, which clears the sign of zeros and NaN.
    fn abs(self) -> Self;
    /// −1, ±0, 1 or NaN.
    fn sign(self) -> Self;
    /// Neither NaN nor ±∞.
    fn is_finite(self) -> bool;
    /// The larger of two numbers, NaN if either is; +0 counts as larger than −0 (IEEE 754 maximum).
    fn larger(self, y: Self) -> Self;
    /// The smaller of two numbers, NaN if either is; −0 counts as smaller than +0 (IEEE 754 minimum).
    fn smaller(self, y: Self) -> Self;
    /// xⁿ by repeated squaring from the lowest bit; 1/x^|n| for n < 0 and 1 for n = 0, as JAX lowers it.
    ///
    /// The order of the products is fixed, so the result does not depend on platform or caller.
    fn integer_pow(self, n: i32) -> Self;
    /// log(eˣ + eʸ) = max(x, y) + log1p(exp(−|x − y|)), right for infinities of either sign.
    fn logaddexp(self, y: Self) -> Self;
    /// Rounds to a format with the given exponent and mantissa widths, and back (XLA's ReducePrecision).
    ///
    /// The mantissa rounds to nearest even; what overflows becomes ±∞; what is subnormal in a format with
    /// a narrower exponent becomes ±0. NaN stays NaN. Widths above the type's own change nothing;
    /// `exponent_bits` must be at least 1.
    fn reduce_precision(self, exponent_bits: u32, mantissa_bits: u32) -> Self;
}
