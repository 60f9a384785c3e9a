//! Continuous distributions.

use super::Key;
use super::bits::{Float, between, parameter, unit, working};
use crate::array::{Array, Repr};
use crate::numpy::{IntoOperand, IntoSizes, axes};
use pullback_ir::{DType, Lit, Shape};
use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// Computes what is only described so far: unlike bits, these numbers are dear enough that a program
/// which captures them should not compute them again.
#[track_caller]
fn computed(x: Array) -> Array {
    match x.0 {
        Repr::Lazy(_) => Array::from_value(x.force()),
        _ => x,
    }
}

/// The standard distributions, and how a number in (0, 1) becomes one of theirs.
#[derive(Clone, Copy)]
enum Standard {
    Normal,
    Exponential,
    Gumbel,
    Laplace,
}

#[track_caller]
fn standard(op: &str, which: Standard, dtype: DType, key: Key, shape: Shape) -> Array {
    let work = working(dtype);
    let x = transformed(op, which, work, key, shape);
    computed(if dtype == work { x } else { x.cast(dtype) })
}

#[track_caller]
fn transformed(op: &str, which: Standard, dtype: DType, key: Key, shape: Shape) -> Array {
    let scalar = |x: f64| Array::from_value(Lit::from_f64(dtype, x).value());
    match which {
        Standard::Normal => {
            let (lo, hi) = (scalar(above_minus_one(dtype)), scalar(1.0));
            between(op, dtype, key, shape, &lo, &hi).erf_inv() * SQRT_2
        }
        Standard::Exponential => -(-unit(op, dtype, key, shape)).log1p(),
        Standard::Gumbel => gumbel_from(&unit(op, dtype, key, shape)),
        Standard::Laplace => {
            let (lo, hi) = (scalar(above_minus_one(dtype)), scalar(1.0));
            let u = between(op, dtype, key, shape, &lo, &hi);
            u.sign() * (-u.abs()).log1p()
        }
    }
}

/// −log(−log u), with the smallest normal number instead of 0.
#[track_caller]
pub(super) fn gumbel_from(u: &Array) -> Array {
    let tiny = match u.dtype() {
        DType::F64 => f64::MIN_POSITIVE,
        _ => f64::from(f32::MIN_POSITIVE),
    };
    -(-u.maximum(tiny).log()).log()
}

/// The number after −1, so that an interval is open at both ends.
fn above_minus_one(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => -1.0 + f64::EPSILON / 2.0,
        _ => -1.0 + f64::from(f32::EPSILON) / 2.0,
    }
}

macro_rules! distributions {
    ($($(#[$doc:meta])* $name:ident $of:ident $text:literal $variant:ident;)*) => {$(
        $(#[$doc])*
        #[track_caller]
        pub fn $name<T: Float>(key: Key, shape: impl IntoSizes) -> Array {
            $of(T::DTYPE, key, shape)
        }

        #[doc = concat!("[`", $text, "`] of a dtype that is only known at run time.")]
        ///
        /// # Panics
        /// If it is no float.
        #[track_caller]
        pub fn $of(dtype: DType, key: Key, shape: impl IntoSizes) -> Array {
            standard($text, Standard::$variant, dtype, key, axes::shape($text, shape))
        }
    )*};
}

distributions! {
    /// Numbers of the standard normal distribution, mean 0 and standard deviation 1, by inversion: √2 · erf⁻¹(u)
    /// for u uniform in (−1, 1), as JAX does. In f32 they lie within ±5.5, in f64 within ±8.3.
    normal normal_of "normal" Normal;
    /// Numbers of the exponential distribution with rate 1, density exp(−x) for x ≥ 0, by inversion:
    /// −log(1 − u) for u uniform in [0, 1).
    exponential exponential_of "exponential" Exponential;
    /// Numbers of the standard Gumbel distribution, P(X ≤ x) = exp(−exp(−x)), mean 0.5772…, by inversion:
    /// −log(−log u) for u uniform in (0, 1).
    gumbel gumbel_of "gumbel" Gumbel;
    /// Numbers of the standard Laplace distribution, density exp(−|x|)/2, by inversion: sign(u) ·
    /// log(1 − |u|) for u uniform in (−1, 1).
    laplace laplace_of "laplace" Laplace;
}

/// [`normal`] with the dtype and shape of an array.
#[track_caller]
pub fn normal_like(key: Key, x: &Array) -> Array {
    standard("normal_like", Standard::Normal, x.dtype(), key, Shape::from_slice(x.shape()))
}

macro_rules! location_scale {
    ($($(#[$doc:meta])* $name:ident $variant:ident $loc:ident $scale:ident;)*) => {$(
        $(#[$doc])*
        /// Both are scalars or arrays that broadcast to the shape, with derivatives.
        ///
        /// # Panics
        /// If a parameter is an array of another dtype or does not broadcast to the shape.
        #[track_caller]
        pub fn $name<T: Float>(
            key: Key,
            shape: impl IntoSizes,
            $loc: impl IntoOperand,
            $scale: impl IntoOperand,
        ) -> Array {
            let op = stringify!($name);
            let shape = axes::shape(op, shape);
            let $loc = parameter(op, T::DTYPE, &shape, stringify!($loc), $loc);
            let $scale = parameter(op, T::DTYPE, &shape, stringify!($scale), $scale);
            standard(op, Standard::$variant, T::DTYPE, key, shape) * $scale + $loc
        }
    )*};
}

location_scale! {
    /// Numbers of a normal distribution with a mean and a standard deviation (not a variance):
    /// `mean + std * normal`.
    normal_with Normal mean std;
    /// Numbers of a Gumbel distribution: `loc + scale * gumbel`.
    gumbel_with Gumbel loc scale;
    /// Numbers of a Laplace distribution: `loc + scale * laplace`.
    laplace_with Laplace loc scale;
}

/// Numbers of an exponential distribution of mean 1/rate: `exponential / rate`, with derivatives by the rate, a scalar
/// or an array that broadcasts to the shape.
///
/// # Panics
/// As [`normal_with`].
#[track_caller]
pub fn exponential_with<T: Float>(
    key: Key,
    shape: impl IntoSizes,
    rate: impl IntoOperand,
) -> Array {
    let op = "exponential_with";
    let shape = axes::shape(op, shape);
    let rate = parameter(op, T::DTYPE, &shape, "rate", rate);
    standard(op, Standard::Exponential, T::DTYPE, key, shape) / rate
}

/// Numbers of the standard normal distribution cut off at `lo` and `hi`: √2 · erf⁻¹(u) for u uniform
/// between erf(lo/√2) and erf(hi/√2). The bounds are scalars or arrays that broadcast to the shape;
/// derivatives by them go through this formula. Bounds far out on one side (beyond 4 in f32, 7 in
/// f64) leave too few numbers between the two values of erf: draw from the other side and negate, or
/// use f64.
///
/// # Panics
/// If a bound is an array of another dtype or does not broadcast to the shape.
#[track_caller]
pub fn truncated_normal<T: Float>(
    key: Key,
    shape: impl IntoSizes,
    lo: impl IntoOperand,
    hi: impl IntoOperand,
) -> Array {
    truncated_normal_of(T::DTYPE, key, shape, lo, hi)
}

/// [`truncated_normal`] of a dtype that is only known at run time.
#[track_caller]
pub fn truncated_normal_of(
    dtype: DType,
    key: Key,
    shape: impl IntoSizes,
    lo: impl IntoOperand,
    hi: impl IntoOperand,
) -> Array {
    let op = "truncated_normal";
    let shape = axes::shape(op, shape);
    let work = working(dtype);
    let lo = parameter(op, dtype, &shape, "lo", lo).cast(work);
    let hi = parameter(op, dtype, &shape, "hi", hi).cast(work);
    let below = |x: &Array| (x * FRAC_1_SQRT_2).erf();
    let u = between(op, work, key, shape, &below(&lo), &below(&hi));
    // Rounding must not lead out of the interval, and has no derivative.
    let x = u.erf_inv() * SQRT_2;
    let inside = x.clip(lo.stop_gradient(), hi.stop_gradient());
    computed(inside.cast(dtype))
}
