//! Discrete distributions.

use super::Key;
use super::bits::{draw, parameter, unit, with, working};
use super::continuous::gumbel_from;
use crate::array::{Array, bind_in};
use crate::error::{Error, fail};
use crate::numpy::operand::{Number, Operand};
use crate::numpy::{Int, IntoOperand, IntoSizes, axes, select};
use crate::trace::In;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::convert::Convert;
use pullback_ir::{DType, Element, Lit, Shape};

/// `true` with probability `p`, as bool: where a uniform number is less than `p`.
///
/// `p` is a scalar, or an array of floats that broadcasts to the shape. The uniform number is an f32
/// (f64 beside an f64 array), so probabilities count in steps of 2⁻²³ (2⁻⁵²).
///
/// # Panics
/// If a scalar `p` is not in [0, 1], if an array is not of floats or does not broadcast to the shape.
#[track_caller]
pub fn bernoulli(key: Key, p: impl IntoOperand, shape: impl IntoSizes) -> Array {
    let op = "bernoulli";
    let shape = axes::shape(op, shape);
    let (dtype, p) = match p.as_operand() {
        Operand::Array(a) if a.dtype().is_float() => {
            (working(a.dtype()), parameter(op, a.dtype(), &shape, "p", a))
        }
        Operand::Array(a) => fail(Error::msg(format!(
            "`bernoulli` takes a probability, and p is {}: convert it with `.cast(..)`",
            a.ty()
        ))),
        Operand::Scalar(n, _) => {
            let Some(p) = n.float().filter(|p| (0.0..=1.0).contains(p)) else {
                fail(Error::msg(format!("`bernoulli` takes a probability in [0, 1], and p is {n}")))
            };
            (DType::F32, parameter(op, DType::F32, &shape, "p", p as f32))
        }
    };
    unit(op, dtype, key, shape).lt(p.cast(dtype))
}

/// −1 or 1, equally likely, in any signed dtype: `rademacher::<f32>(key, [3])`.
#[track_caller]
pub fn rademacher<T: Element>(key: Key, shape: impl IntoSizes) -> Array {
    rademacher_of(T::DTYPE, key, shape)
}

/// [`rademacher`] of a dtype that is only known at run time.
///
/// # Panics
/// For bool and unsigned integers, which have no −1.
#[track_caller]
pub fn rademacher_of(dtype: DType, key: Key, shape: impl IntoSizes) -> Array {
    let op = "rademacher";
    if dtype == DType::Bool || dtype.is_unsigned() {
        fail(Error::msg(format!("`{op}` draws -1 and 1, and {dtype} has no -1")));
    }
    let bits = draw(op, DType::U8, key, axes::shape(op, shape));
    let upper = with(Compare::Ge, &bits, Lit::new(128u8));
    select(&upper, one(dtype, 1.0), one(dtype, -1.0))
}

fn one(dtype: DType, x: f64) -> Array {
    Array::from_value(Lit::from_f64(dtype, x).value())
}

/// An index along an axis for each of the remaining elements, with probabilities proportional to
/// exp(logits), as i32: the largest of the logits plus Gumbel noise (Gumbel 1954; Maddison et al.
/// 2014). The logits need not be normalised; −∞ is probability 0.
///
/// # Panics
/// If the logits are no floats, or the axis is out of range or empty.
#[track_caller]
pub fn categorical(key: Key, logits: &Array, axis: impl Int) -> Array {
    let op = "categorical";
    if !logits.dtype().is_float() {
        fail(Error::msg(format!(
            "`{op}` takes logits, floats, not {}: convert them with `.cast(..)`",
            logits.ty()
        )));
    }
    let work = working(logits.dtype());
    let noise = gumbel_from(&unit(op, work, key, Shape::from_slice(logits.shape())));
    (logits.cast(work) + noise).argmax_over(axis)
}

/// dtypes of [`randint`].
pub trait Integer: Element {}
impl Integer for u8 {}
impl Integer for i8 {}
impl Integer for u32 {}
impl Integer for i32 {}
impl Integer for u64 {}
impl Integer for i64 {}

/// Integers in [lo, hi), `randint::<i32>(key, [3], 0, 10)`. The bounds are scalars, or arrays of the
/// dtype that broadcast to the shape. As a scalar, `hi` may be one more than the largest number of the
/// dtype. Where arrays leave nothing in between, `lo` comes out.
///
/// With n = hi − lo, the result is lo plus the upper word of the product of n and a random 64-bit word
/// (Lemire 2019 without its rejections), so the probability of each number is off from 1/n by less
/// than 2⁻⁶⁴.
///
/// # Panics
/// If scalar bounds do not fit the dtype or leave nothing in between.
#[track_caller]
pub fn randint<T: Integer>(
    key: Key,
    shape: impl IntoSizes,
    lo: impl IntoOperand,
    hi: impl IntoOperand,
) -> Array {
    randint_of(T::DTYPE, key, shape, lo, hi)
}

/// [`randint`] of a dtype that is only known at run time.
///
/// # Panics
/// As [`randint`], and if the dtype is no integer.
#[track_caller]
pub fn randint_of(
    dtype: DType,
    key: Key,
    shape: impl IntoSizes,
    lo: impl IntoOperand,
    hi: impl IntoOperand,
) -> Array {
    let op = "randint";
    if !dtype.is_int() {
        fail(Error::msg(format!("`{op}` draws integers, not {dtype}")));
    }
    let shape = axes::shape(op, shape);
    let bits = draw(op, DType::U64, key, shape.clone());
    let narrow = dtype.size() <= 4;
    let offset = match (integer(lo.as_operand()), integer(hi.as_operand())) {
        (Some(low), Some(high)) => {
            let (first, last) = range(dtype);
            if low < first || high > last + 1 || low >= high {
                fail(Error::msg(format!(
                    "`{op}` draws from lo to hi - 1, and from {low} to {high} there is nothing, or \
                     {dtype} does not reach so far"
                )));
            }
            let low_bits = Lit::from_bits(DType::U64, low as u64);
            match u64::try_from(high - low) {
                Ok(n) => {
                    let n = Array::from_value(Lit::from_bits(DType::U64, n).value());
                    with(Binary::Add, &scaled(&bits, &n, narrow), low_bits)
                }
                // All numbers of 64 bits.
                Err(_) => with(Binary::Add, &bits, low_bits),
            }
        }
        _ => {
            let lo = parameter(op, dtype, &shape, "lo", bound(op, dtype, "lo", lo.as_operand()));
            let hi = parameter(op, dtype, &shape, "hi", bound(op, dtype, "hi", hi.as_operand()));
            let some = hi.gt(&lo);
            let lo = lo.cast(DType::U64);
            let n = hi.cast(DType::U64) - &lo;
            let one = Array::from_value(Lit::new(1u64).value());
            let n = select(&some, &n, &one);
            scaled(&bits, &n, narrow) + lo
        }
    };
    bind_in(Convert::ElementType { new_dtype: dtype }, &[In::Array(&offset)])
}

/// The value of an integer scalar.
fn integer(operand: Operand<'_>) -> Option<i128> {
    match operand {
        Operand::Scalar(n, _) => n.integer(),
        Operand::Array(_) => None,
    }
}

/// A bound of [`randint`] beside one that is an array.
#[track_caller]
fn bound(op: &str, dtype: DType, name: &str, operand: Operand<'_>) -> Array {
    match operand {
        Operand::Array(a) => a.clone(),
        Operand::Scalar(n, _) => match n.lit(dtype) {
            Ok(lit) => Array::from_value(lit.value()),
            Err(rule) => fail(Error::msg(format!("`{op}` cannot take {name} = {n}: {rule}"))),
        },
    }
}

/// The smallest and the largest number of an integer dtype.
fn range(dtype: DType) -> (i128, i128) {
    let bits = 8 * dtype.size() as u32;
    if dtype.is_unsigned() {
        (0, (1 << bits) - 1)
    } else {
        (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
    }
}

/// The upper word of the product of 64-bit numbers; `narrow` if n is at most 2³².
#[track_caller]
fn scaled(bits: &Array, n: &Array, narrow: bool) -> Array {
    let half = Lit::new(32u64);
    let mask = Lit::new(u64::from(u32::MAX));
    let upper = |x: &Array| with(Binary::ShiftRightLogical, x, half);
    let lower = |x: &Array| with(Binary::And, x, mask);
    let (b1, b0) = (upper(bits), lower(bits));
    if narrow {
        // n · b / 2⁶⁴ = (n · b₁ + n · b₀ / 2³²) / 2³²; no sum or product reaches 2⁶⁴.
        return upper(&(&b1 * n + upper(&(&b0 * n))));
    }
    let (n1, n0) = (upper(n), lower(n));
    let cross = &b1 * &n0 + upper(&(&b0 * &n0));
    &b1 * &n1 + upper(&cross) + upper(&(&b0 * &n1 + lower(&cross)))
}

impl Number {
    /// As an integer, if it is one.
    pub(super) fn integer(self) -> Option<i128> {
        match self {
            Number::Int(i) => Some(i),
            Number::Float(_) | Number::Bool(_) => None,
        }
    }

    /// As a float, if it is a number.
    pub(super) fn float(self) -> Option<f64> {
        match self {
            Number::Int(i) => Some(i as f64),
            Number::Float(x) => Some(x),
            Number::Bool(_) => None,
        }
    }
}
