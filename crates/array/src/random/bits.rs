//! Bits, and the numbers in [0, 1) that other samplers start from.

use super::Key;
use crate::array::{Array, bind, bind_in};
use crate::error::{Error, fail};
use crate::numpy::operand::expand;
use crate::numpy::{IntoOperand, IntoSizes, axes};
use crate::trace::In;
use pullback_ir::half::{bf16, f16};
use pullback_ir::prim::Prim;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::convert::Convert;
use pullback_ir::prim::random::Random;
use pullback_ir::{DType, Element, Lit, Shape};

/// dtypes of random bits: u8, u32, u64.
pub trait Bits: Element {}
impl Bits for u8 {}
impl Bits for u32 {}
impl Bits for u64 {}

/// dtypes of continuous distributions: f16, bf16, f32, f64.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no float dtype",
    note = "continuous distributions are drawn as f16, bf16, f32 or f64: `normal::<f32>(key, [3])`"
)]
pub trait Float: Element {}
impl Float for f16 {}
impl Float for bf16 {}
impl Float for f32 {}
impl Float for f64 {}

/// Random bits, `bits::<u32>(key, [3])`: all values of u8, u32 or u64 equally likely.
///
/// # Panics
/// For a batch of keys outside `vmap`, as every sampler.
#[track_caller]
pub fn bits<T: Bits>(key: Key, shape: impl IntoSizes) -> Array {
    bits_of(T::DTYPE, key, shape)
}

/// [`bits`] of a dtype that is only known at run time.
///
/// # Panics
/// If it is not u8, u32 or u64.
#[track_caller]
pub fn bits_of(dtype: DType, key: Key, shape: impl IntoSizes) -> Array {
    draw("bits", dtype, key, axes::shape("bits", shape))
}

#[track_caller]
pub(super) fn draw(op: &str, dtype: DType, key: Key, shape: Shape) -> Array {
    bind(Random::Bits { dtype, shape }, &[key.one(op)])
}

/// A primitive of an array and a scalar.
#[track_caller]
pub(super) fn with(prim: impl Into<Prim>, x: &Array, lit: Lit) -> Array {
    bind_in(prim, &[In::Array(x), In::Lit(lit)])
}

/// Uniform numbers in [0, 1).
#[track_caller]
pub fn uniform<T: Float>(key: Key, shape: impl IntoSizes) -> Array {
    uniform_of(T::DTYPE, key, shape)
}

/// [`uniform`] of a dtype that is only known at run time.
///
/// # Panics
/// If it is no float.
#[track_caller]
pub fn uniform_of(dtype: DType, key: Key, shape: impl IntoSizes) -> Array {
    unit("uniform", dtype, key, axes::shape("uniform", shape))
}

/// [`uniform`] with the dtype and shape of an array.
#[track_caller]
pub fn uniform_like(key: Key, x: &Array) -> Array {
    unit("uniform_like", x.dtype(), key, Shape::from_slice(x.shape()))
}

/// Uniform numbers in [lo, hi): `lo + (hi - lo) * u` for u in [0, 1). `lo` and `hi` are scalars or
/// arrays that broadcast to the shape, with derivatives. Where the sum rounds up, `hi` itself comes
/// out.
///
/// # Panics
/// If a bound is an array of another dtype or does not broadcast to the shape.
#[track_caller]
pub fn uniform_in<T: Float>(
    key: Key,
    shape: impl IntoSizes,
    lo: impl IntoOperand,
    hi: impl IntoOperand,
) -> Array {
    uniform_in_of(T::DTYPE, key, shape, lo, hi)
}

/// [`uniform_in`] of a dtype that is only known at run time.
#[track_caller]
pub fn uniform_in_of(
    dtype: DType,
    key: Key,
    shape: impl IntoSizes,
    lo: impl IntoOperand,
    hi: impl IntoOperand,
) -> Array {
    let shape = axes::shape("uniform_in", shape);
    let lo = parameter("uniform_in", dtype, &shape, "lo", lo);
    let hi = parameter("uniform_in", dtype, &shape, "hi", hi);
    between("uniform_in", dtype, key, shape, &lo, &hi)
}

/// `lo + (hi - lo) * u`.
#[track_caller]
pub(super) fn between(
    op: &str,
    dtype: DType,
    key: Key,
    shape: Shape,
    lo: &Array,
    hi: &Array,
) -> Array {
    let u = unit(op, dtype, key, shape);
    u * (hi - lo) + lo
}

/// Uniform in [0, 1).
#[track_caller]
pub(super) fn unit(op: &str, dtype: DType, key: Key, shape: Shape) -> Array {
    // The dtype of the bits, how many digits, and the pattern of 1 where it has as many bits.
    let (words, digits, one) = match dtype {
        DType::F64 => (DType::U64, 52, Some(1f64.to_bits())),
        DType::F32 => (DType::U32, 23, Some(u64::from(1f32.to_bits()))),
        DType::F16 => (DType::U32, 10, None),
        DType::BF16 => (DType::U32, 7, None),
        _ => fail(Error::msg(format!("`{op}` draws floats, not {dtype}: f16, bf16, f32 or f64"))),
    };
    let lit = |x: u64| Lit::from_bits(words, x);
    let shift = 8 * words.size() as u64 - digits;
    let kept = with(Binary::ShiftRightLogical, &draw(op, words, key, shape), lit(shift));
    match one {
        // The digits as the mantissa of a number in [1, 2).
        Some(one) => {
            let bits = with(Binary::Or, &kept, lit(one));
            let x = bind(Convert::Bitcast { new_dtype: dtype }, &[&bits]);
            with(Binary::Sub, &x, Lit::from_f64(dtype, 1.0))
        }
        // Both steps are exact: at most ten bits, and a power of two.
        None => {
            let x = bind(Convert::ElementType { new_dtype: dtype }, &[&kept]);
            with(Binary::Mul, &x, Lit::from_f64(dtype, 0.5f64.powi(digits as i32)))
        }
    }
}

/// The dtype in which a continuous distribution is computed.
pub(super) fn working(dtype: DType) -> DType {
    match dtype {
        DType::F16 | DType::BF16 => DType::F32,
        other => other,
    }
}

/// A parameter of a distribution as an array of the distribution's dtype, of rank 0 or of the shape.
#[track_caller]
pub(super) fn parameter(
    op: &str,
    dtype: DType,
    shape: &[usize],
    name: &str,
    value: impl IntoOperand,
) -> Array {
    use crate::numpy::operand::Operand;
    let array = match value.as_operand() {
        Operand::Array(a) => a.clone(),
        Operand::Scalar(n, _) => match n.lit(dtype) {
            Ok(lit) => Array::from_value(lit.value()),
            Err(rule) => fail(Error::msg(format!("`{op}` cannot take {name} = {n}: {rule}"))),
        },
    };
    let ty = array.ty();
    if array.dtype() != dtype {
        fail(Error::msg(format!(
            "`{op}` draws {dtype} and {name} is {ty}: convert it with `.cast(..)`, or draw {}",
            array.dtype()
        )));
    }
    let own = array.shape();
    let lead = shape.len().checked_sub(own.len());
    let fits =
        lead.is_some_and(|lead| own.iter().zip(&shape[lead..]).all(|(a, b)| *a == 1 || a == b));
    if !fits {
        fail(Error::msg(format!(
            "`{op}` cannot draw the shape {shape:?} with {name} of type {ty}: parameters broadcast to \
             the shape that is drawn, so ask for one that has their axes"
        )));
    }
    if own.is_empty() { array } else { expand(&array, shape) }
}
