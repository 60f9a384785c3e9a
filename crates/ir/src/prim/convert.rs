//! Conversions of element types and precisions.
//!
//! ```text
//! b:i32[3] = convert_element_type[new_dtype=int32] a
//! c:u32[3] = bitcast_convert_type[new_dtype=uint32] a
//! d:f32[3] = reduce_precision[exponent_bits=5 mantissa_bits=10] a
//! ```
//!
//! `convert_element_type` keeps the number: floats become integers by truncation, saturating, NaN as
//! 0; integers wrap; bool is "not 0"; everything rounds once to nearest even. `bitcast_convert_type`
//! keeps the bits: to a narrower dtype it appends an axis with the parts of each element, least
//! significant first, to a wider one it joins the elements of the last axis. `reduce_precision` rounds
//! floats to a format with fewer bits and keeps their dtype.
//!
//! Between floats `convert_element_type` is linear, and its transpose is the conversion back; to or
//! from other dtypes it has no tangent. `reduce_precision` counts as linear with itself as transpose,
//! as in JAX, though only its image is that coarse.

use super::classes;
use super::typing::{self, Class};
use super::*;
use crate::dtype::{DType, Element};
use crate::error::{ensure, fault};
use crate::param::Param;
use crate::scalar::{ConvertTo, RealScalar};
use crate::shape::{Shape, show};
use smallvec::smallvec;

/// Conversions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Convert {
    /// `convert_element_type[new_dtype=…]`.
    ElementType {
        /// The target.
        new_dtype: DType,
    },
    /// `bitcast_convert_type[new_dtype=…]`.
    Bitcast {
        /// The target.
        new_dtype: DType,
    },
    /// `reduce_precision[exponent_bits=… mantissa_bits=…]`.
    ReducePrecision {
        /// Bits of the exponent, at least 1.
        exponent_bits: u32,
        /// Bits of the mantissa.
        mantissa_bits: u32,
    },
}

/// The array converted to a dtype, as `convert_element_type` does.
pub fn convert_value(x: &Value, new_dtype: DType) -> Value {
    if x.dtype() == new_dtype {
        return x.clone();
    }
    crate::dispatch!(x.dtype(), S => crate::dispatch!(new_dtype, T => {
        classes::map::<S, T>(x, <S as ConvertTo<T>>::convert_to)
    }))
}

/// The shape after reading the same bits as another dtype.
fn bitcast_shape(x: &Type, new_dtype: DType) -> Result<Shape, Fault> {
    let (old, new) = (x.dtype(), new_dtype);
    let mut shape = Shape::from_slice(x.shape());
    if old == new {
        return Ok(shape);
    }
    ensure!(
        old != DType::Bool && new != DType::Bool,
        "bool has no bit pattern of its own: convert it with `.cast(..)`"
    );
    if old.size() > new.size() {
        shape.push(old.size() / new.size());
    } else if old.size() < new.size() {
        let parts = new.size() / old.size();
        ensure!(
            shape.pop() == Some(parts),
            "{parts} elements of {old} make one of {new}, so the last axis of {} must have size {parts}",
            show(x.shape())
        );
    }
    Ok(shape)
}

/// The same bits as another dtype.
fn bitcast(x: &Value, new_dtype: DType) -> Result<Value, Fault> {
    let shape = bitcast_shape(x.ty(), new_dtype)?;
    let old = x.dtype();
    if old == new_dtype {
        return Ok(x.clone());
    }
    let bytes: Vec<u8> = crate::dispatch!(old, S => x
        .slice::<S>()
        .iter()
        .flat_map(|&x| Element::to_bits(x).to_le_bytes().into_iter().take(old.size()))
        .collect());
    Ok(crate::dispatch!(new_dtype, T => {
        let join = |part: &[u8]| part.iter().rev().fold(0u64, |bits, &byte| bits << 8 | u64::from(byte));
        let data = bytes.chunks_exact(new_dtype.size()).map(|c| <T as Element>::from_bits(join(c)));
        Value::new(shape, data.collect())
    }))
}

impl Primitive for Convert {
    fn names() -> &'static [&'static str] {
        &["convert_element_type", "bitcast_convert_type", "reduce_precision"]
    }

    fn name(&self) -> &str {
        match self {
            Convert::ElementType { .. } => "convert_element_type",
            Convert::Bitcast { .. } => "bitcast_convert_type",
            Convert::ReducePrecision { .. } => "reduce_precision",
        }
    }

    fn params(&self) -> Params {
        match *self {
            Convert::ElementType { new_dtype } | Convert::Bitcast { new_dtype } => {
                smallvec![("new_dtype", Param::DType(new_dtype))]
            }
            Convert::ReducePrecision { exponent_bits, mantissa_bits } => smallvec![
                ("exponent_bits", Param::Int(exponent_bits.into())),
                ("mantissa_bits", Param::Int(mantissa_bits.into())),
            ],
        }
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        params.ignore(&["weak_type", "sharding"]);
        let bits = |params: &mut ParamMap, name: &str| {
            let bits = params.usize(name)?;
            u32::try_from(bits).map_err(|_| fault!("`{name}` is too large: {bits}"))
        };
        match name {
            "convert_element_type" => {
                Ok(Convert::ElementType { new_dtype: params.dtype("new_dtype")? })
            }
            "bitcast_convert_type" => Ok(Convert::Bitcast { new_dtype: params.dtype("new_dtype")? }),
            _ => Ok(Convert::ReducePrecision {
                exponent_bits: bits(params, "exponent_bits")?,
                mantissa_bits: bits(params, "mantissa_bits")?,
            }),
        }
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = typing::operands(ins)?;
        Ok(smallvec![match *self {
            Convert::ElementType { new_dtype } => x.with_dtype(new_dtype),
            Convert::Bitcast { new_dtype } => Type::new(new_dtype, bitcast_shape(x, new_dtype)?),
            Convert::ReducePrecision { exponent_bits, .. } => {
                typing::check_class(x.dtype(), &[Class::Float])?;
                ensure!(exponent_bits > 0, "`exponent_bits` is at least 1");
                x.clone()
            }
        }])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let x = &ins[0];
        let out = match *self {
            Convert::ElementType { new_dtype } => convert_value(x, new_dtype),
            Convert::Bitcast { new_dtype } => bitcast(x, new_dtype)?,
            Convert::ReducePrecision { exponent_bits: e, mantissa_bits: m } => {
                crate::dispatch!(float x.dtype(), T => {
                    classes::map::<T, T>(x, |x| RealScalar::reduce_precision(x, e, m))
                }, else => return Err(fault!("it does not take {}", x.dtype())))
            }
        };
        Ok(vec![out])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        match self {
            Convert::ElementType { new_dtype } if !new_dtype.is_float() => {
                classes::zero(*self, b, primals, "the result is not a float")
            }
            Convert::Bitcast { .. } => classes::zero(*self, b, primals, "bits are not numbers"),
            _ => classes::linear_in_first(*self, b, primals, tangents),
        }
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let back = |o: &Operand, ct: Atom| match self {
            Convert::ReducePrecision { .. } => b.op(*self, &[ct]),
            _ => b.convert(ct, o.ty(b).dtype()),
        };
        match self {
            Convert::Bitcast { .. } => classes::not_linear(self.name()),
            _ => classes::each_linear(operands, |_, o| cts[0].map(|ct| back(o, ct))),
        }
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        match self {
            // A bitcast may consume or append the last axis, so the batch dimension must not be it.
            Convert::Bitcast { .. } => {
                classes::batched_at_front(b, batch, |ins| b.bind(*self, ins))
            }
            _ => classes::elementwise(*self, b, batch),
        }
    }

    fn samples() -> Vec<Sample> {
        let sample = |prim: Convert, dtype, shape: &[usize], domain| {
            Sample::new(prim, vec![(Type::of(dtype, shape), domain)])
        };
        let to = |new_dtype| Convert::ElementType { new_dtype };
        let bits = |new_dtype| Convert::Bitcast { new_dtype };
        let wide = Domain::Range(-3.0, 3.0);
        let mut samples = vec![
            sample(to(DType::F64), DType::F64, &[2, 3], wide),
            sample(to(DType::F64), DType::F32, &[], wide).rough(),
            sample(to(DType::F16), DType::F32, &[3], wide).rough(),
            sample(to(DType::BF16), DType::F16, &[2, 2], wide).rough(),
            sample(to(DType::I32), DType::F64, &[4], Domain::Range(1.1, 1.9)),
            sample(to(DType::Bool), DType::F64, &[2], Domain::Range(0.5, 2.0)),
            sample(to(DType::F64), DType::Bool, &[2], Domain::Bits),
            sample(to(DType::F64), DType::I8, &[0, 2], Domain::AnyBits),
            sample(to(DType::U8), DType::I64, &[5], Domain::AnyBits),
            sample(to(DType::F16), DType::U64, &[2, 1, 2], Domain::AnyBits),
            sample(bits(DType::I64), DType::F64, &[2, 3], wide).rough(),
            sample(bits(DType::F32), DType::U32, &[2], Domain::Range(0.0, 9.0)),
            sample(bits(DType::U8), DType::U32, &[3], Domain::AnyBits),
            sample(bits(DType::U64), DType::U8, &[2, 8], Domain::AnyBits),
            sample(bits(DType::I32), DType::I32, &[], wide),
        ];
        // In f64 only what loses nothing, because there the laws hold to rounding.
        for (exponent_bits, mantissa_bits, dtype) in
            [(11, 52, DType::F64), (8, 7, DType::F32), (5, 10, DType::BF16), (4, 0, DType::F16)]
        {
            let prim = Convert::ReducePrecision { exponent_bits, mantissa_bits };
            samples.push(sample(prim, dtype, &[3], wide).rough());
        }
        samples
    }
}
