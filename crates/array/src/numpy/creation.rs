//! Creating arrays without data: the dtype is a type parameter, `zeros::<f32>([2, 3])`, or a
//! [`DType`] where it is only known at run time.

use super::axes::{self, IntoSizes};
use super::operand::{Number, Scalar, full_beside, nullary_beside};
use crate::array::{Array, bind, bind_in};
use crate::error::{Error, fail};
use crate::trace::In;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::broadcast::BroadcastInDim;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::iota::Iota;
use pullback_ir::{Axes, DType, Element, Lit, Shape, Value};
use std::ops::Range;

/// An array with all elements alike, symbolic where it is large.
#[track_caller]
fn filled(lit: Lit, shape: Shape) -> Array {
    let prim = BroadcastInDim { shape, broadcast_dimensions: Axes::new() };
    bind_in(prim, &[In::Lit(lit)])
}

#[track_caller]
fn lit_of(op: &str, x: Number, dtype: DType) -> Lit {
    match x.lit(dtype) {
        Ok(lit) => lit,
        Err(rule) => fail(Error::msg(format!("`{op}` failed: {rule}"))),
    }
}

/// Zeros (`false` for bool).
///
/// Large ones stay symbolic until their elements are read: captured by a function that is being
/// transformed they are equations, never inputs.
///
/// ```
/// # use pullback_array::*;
/// assert_eq!(zeros::<f32>([2, 3]).shape(), [2, 3]);
/// assert_eq!(full([2], 7).to_vec::<i32>(), [7, 7]);
/// assert_eq!(arange(1..4).to_vec::<i32>(), [1, 2, 3]);
/// assert_eq!(arange_step(0.0, 1.0, 0.25).to_vec::<f64>(), [0.0, 0.25, 0.5, 0.75]);
/// assert_eq!(linspace(0.0f32, 1.0, 3).to_vec::<f32>(), [0.0, 0.5, 1.0]);
/// assert_eq!(eye::<f32>(2).to_vec::<f32>(), [1.0, 0.0, 0.0, 1.0]);
/// assert_eq!(tri::<i32>(2, 3, 0).to_vec::<i32>(), [1, 0, 0, 1, 1, 0]);
/// ```
#[track_caller]
pub fn zeros<T: Element>(shape: impl IntoSizes) -> Array {
    zeros_of(T::DTYPE, shape)
}

/// Zeros of a dtype that is only known at run time.
#[track_caller]
pub fn zeros_of(dtype: DType, shape: impl IntoSizes) -> Array {
    filled(Lit::from_f64(dtype, 0.0), axes::shape("zeros", shape))
}

/// Zeros of the dtype and shape of an array.
#[track_caller]
pub fn zeros_like(x: &Array) -> Array {
    full_beside(&[x], Lit::from_f64(x.dtype(), 0.0), x.shape())
}

/// Ones (`true` for bool).
#[track_caller]
pub fn ones<T: Element>(shape: impl IntoSizes) -> Array {
    ones_of(T::DTYPE, shape)
}

/// Ones of a dtype that is only known at run time.
#[track_caller]
pub fn ones_of(dtype: DType, shape: impl IntoSizes) -> Array {
    filled(Lit::from_f64(dtype, 1.0), axes::shape("ones", shape))
}

/// Ones of the dtype and shape of an array.
#[track_caller]
pub fn ones_like(x: &Array) -> Array {
    full_beside(&[x], Lit::from_f64(x.dtype(), 1.0), x.shape())
}

/// An array with all elements alike.
#[track_caller]
pub fn full<T: Element>(shape: impl IntoSizes, value: T) -> Array {
    filled(Lit::new(value), axes::shape("full", shape))
}

/// All elements alike, in a dtype that is only known at run time.
///
/// # Panics
/// If the value cannot be of that dtype.
#[track_caller]
pub fn full_of(dtype: DType, shape: impl IntoSizes, value: impl Scalar) -> Array {
    filled(lit_of("full_of", value.scalar_number(), dtype), axes::shape("full_of", shape))
}

/// All elements alike, with the dtype and shape of an array.
///
/// # Panics
/// If the value cannot be of that dtype.
#[track_caller]
pub fn full_like(x: &Array, value: impl Scalar) -> Array {
    full_beside(&[x], lit_of("full_like", value.scalar_number(), x.dtype()), x.shape())
}

/// The numbers 0, 1, …, n − 1.
#[track_caller]
pub fn iota<T: Element>(n: usize) -> Array {
    iota_of(T::DTYPE, n)
}

/// The numbers 0, 1, …, n − 1 in a dtype that is only known at run time.
#[track_caller]
pub fn iota_of(dtype: DType, n: usize) -> Array {
    bind_in(Iota { dtype, shape: axes::shape("iota", n), dimension: 0 }, &[])
}

/// The numbers from start to before end, in steps of 1: `arange(0..10)` is i32, `arange(0.0..3.0)` f64.
#[track_caller]
pub fn arange<T: Element + Scalar>(range: Range<T>) -> Array {
    arange_step(range.start, range.end, T::from_f64(1.0))
}

/// The numbers start, start + step, …, before stop (after it, for negative steps). There are
/// ⌈(stop − start)/step⌉; with fractional steps rounding decides whether the last one is there, so
/// [`linspace`] is the better choice there.
///
/// # Panics
/// If the step is 0 or NaN, a bound is not finite, or there are too many elements.
#[track_caller]
pub fn arange_step<T: Element + Scalar>(start: T, stop: T, step: T) -> Array {
    if !T::DTYPE.is_number() {
        fail(Error::msg("`arange` makes numbers, not bool"));
    }
    let n = match (start.scalar_number(), stop.scalar_number(), step.scalar_number()) {
        (Number::Int(a), Number::Int(b), Number::Int(s)) if s != 0 => {
            // ⌈(b − a)/s⌉, without overflow because T has at most 64 bits.
            let n =
                if s > 0 { (b - a + s - 1).div_euclid(s) } else { (a - b - s - 1).div_euclid(-s) };
            i64::try_from(n.max(0)).unwrap_or(i64::MAX)
        }
        (a, b, s) => {
            let [a, b, s] = [a, b, s].map(|x| match x {
                Number::Float(x) => x,
                Number::Int(i) => i as f64,
                Number::Bool(b) => f64::from(b),
            });
            let n = ((b - a) / s).ceil();
            if s == 0.0 || !a.is_finite() || !b.is_finite() || n.is_nan() {
                fail(Error::msg(format!(
                    "`arange` from {a} to {b} in steps of {s}: bounds are finite and the step is not 0"
                )));
            }
            n.max(0.0) as i64
        }
    };
    let shape = axes::shape("arange", n);
    let numbers = bind_in(Iota { dtype: T::DTYPE, shape, dimension: 0 }, &[]);
    let scaled = match step.to_f64() == 1.0 {
        true => numbers,
        false => bind_in(Binary::Mul, &[In::Array(&numbers), In::Lit(Lit::new(step))]),
    };
    match start.to_f64() == 0.0 {
        true => scaled,
        false => bind_in(Binary::Add, &[In::Array(&scaled), In::Lit(Lit::new(start))]),
    }
}

/// `n` numbers at equal distances from start to stop, both included. Floats only; computed in f64 and
/// rounded once.
#[track_caller]
pub fn linspace<T: Element>(start: T, stop: T, n: usize) -> Array {
    if !T::DTYPE.is_float() {
        fail(Error::msg(format!(
            "`linspace` makes floats, not {}: write the bounds as floats",
            T::DTYPE
        )));
    }
    let (a, b) = (start.to_f64(), stop.to_f64());
    let step = (b - a) / (n.max(2) - 1) as f64;
    let shape = axes::shape("linspace", n);
    let mut data: Vec<T> = (0..n).map(|i| T::from_f64(a + i as f64 * step)).collect();
    if let (Some(last), true) = (data.last_mut(), n > 1) {
        *last = stop;
    }
    Array::from_value(Value::new(shape, data))
}

/// The identity matrix of size n.
#[track_caller]
pub fn eye<T: Element>(n: usize) -> Array {
    eye_at::<T>(n, n, 0)
}

/// The identity matrix of size n, another name of [`eye`].
#[track_caller]
pub fn identity<T: Element>(n: usize) -> Array {
    eye::<T>(n)
}

/// The n×m matrix with ones on a diagonal: 0 is the main one, k > 0 lies above it.
#[track_caller]
pub fn eye_at<T: Element>(n: usize, m: usize, k: i64) -> Array {
    diagonal_compare(Compare::Eq, "eye", &[n, m], k, &[]).astype::<T>()
}

/// The n×m matrix with ones on and below a diagonal, zeros above.
#[track_caller]
pub fn tri<T: Element>(n: usize, m: usize, k: i64) -> Array {
    diagonal_compare(Compare::Ge, "tri", &[n, m], k, &[]).astype::<T>()
}

/// Compares row + k with column, for the last two axes of a shape, beside arrays.
#[track_caller]
pub(crate) fn diagonal_compare(
    compare: Compare,
    op: &str,
    shape: &[usize],
    k: i64,
    beside: &[&Array],
) -> Array {
    let matrix = axes::shape(op, &shape[shape.len() - 2..]);
    // Beyond the matrix one diagonal is like the next, and i32 holds every index of a matrix that is
    // not symbolic for ever.
    let (n, m) = (matrix[0] as i64, matrix[1] as i64);
    let k = k.clamp(-n, m);
    let dtype = if n.max(m) < i64::from(i32::MAX) / 2 { DType::I32 } else { DType::I64 };
    let count =
        |dimension| nullary_beside(beside, Iota { dtype, shape: matrix.clone(), dimension }, &[]);
    let rows = match k {
        0 => count(0),
        _ => count(0) + k,
    };
    bind(compare, &[&rows, &count(1)])
}
