//! `constant`: an array that is part of the program.
//!
//! ```text
//! a:f32[2,2] = constant[data=(1.0, -0.0, inf, nan) dtype=float32 shape=(2, 2)]
//! ```
//!
//! Tracing lifts captured arrays into inputs; this primitive serves where there are none, as in
//! the rules of custom functions. Constants are equal when their bits are: NaN equals itself, 0
//! differs from -0. The data stand in row-major order. In the text form, a NaN other than the
//! default one is written by its bits, `Bits(pattern=-1)`, and so is a `u64` above the largest `i64`.
//! There are no operands, so nothing to differentiate or to batch.

use super::classes;
use super::typing;
use super::*;
use crate::dtype::{DType, Element};
use crate::error::ensure;
use crate::jaxpr::Lit;
use crate::param::{Param, as_lit, as_seq};
use crate::shape::{checked_numel, show};
use smallvec::smallvec;
use std::hash::{Hash, Hasher};

/// `constant[data=… dtype=… shape=…]`: an array in the program. Compared by bit pattern.
#[derive(Clone, Debug)]
pub struct Constant(pub Value);

impl PartialEq for Constant {
    fn eq(&self, other: &Self) -> bool {
        self.0.bits_eq(&other.0)
    }
}

impl Eq for Constant {}

impl Hash for Constant {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.dtype().hash(state);
        self.0.shape().hash(state);
        crate::dispatch!(self.0.dtype(), T => {
            self.0.slice::<T>().iter().for_each(|&x| Element::to_bits(x).hash(state));
        });
    }
}

/// The name of the form in which bit patterns are written.
const BITS: &str = "Bits";

/// An element as a parameter that reads back to the same bits.
fn param_of(x: Lit) -> Param {
    match x.dtype() {
        DType::Bool => Param::Bool(x.bits() != 0),
        DType::U64 => match i64::try_from(x.bits()) {
            Ok(i) => Param::Int(i),
            Err(_) => bits_param(x),
        },
        d if d.is_int() => Param::Int(crate::dispatch!(d, T => {
            crate::scalar::convert::<T, i64>(<T as Element>::from_bits(x.bits()))
        })),
        _ if x.to_f64().is_nan() && !x.is(f64::NAN) => bits_param(x),
        _ => Param::Float(x.to_f64()),
    }
}

fn bits_param(x: Lit) -> Param {
    Param::Struct(BITS.into(), vec![("pattern".into(), Param::Int(x.bits() as i64))])
}

/// The element that a parameter stands for.
fn lit_of(p: &Param, dtype: DType) -> Result<Lit, Fault> {
    match p {
        Param::Struct(name, fields) if name == BITS => match fields.as_slice() {
            [(field, Param::Int(bits))] if field == "pattern" => {
                Ok(Lit::from_bits(dtype, *bits as u64))
            }
            _ => Err("`Bits` has one integer, `pattern`".into()),
        },
        Param::Int(i) if dtype.is_int() => {
            let x = Lit::from_bits(dtype, *i as u64);
            ensure!(param_of(x) == *p, "{i} is no {dtype}");
            Ok(x)
        }
        _ => {
            ensure!(
                !dtype.is_int() && matches!(p, Param::Bool(_)) == (dtype == DType::Bool),
                "`data` of {dtype} has an element of another kind"
            );
            as_lit("data", p, dtype)
        }
    }
}

impl Primitive for Constant {
    fn names() -> &'static [&'static str] {
        &["constant"]
    }

    fn name(&self) -> &str {
        "constant"
    }

    fn params(&self) -> Params {
        let Constant(value) = self;
        let data = crate::dispatch!(value.dtype(), T => {
            value.slice::<T>().iter().map(|&x| param_of(Lit::new(x))).collect()
        });
        smallvec![
            ("data", Param::Tuple(data)),
            ("dtype", Param::DType(value.dtype())),
            ("shape", Param::usizes(value.shape())),
        ]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        let (dtype, shape) = (params.dtype("dtype")?, params.usizes("shape")?);
        let data = params.any("data")?;
        let data = as_seq("data", &data)?;
        ensure!(
            checked_numel(&shape)? == data.len(),
            "`data` has {} elements, but the shape is {}",
            data.len(),
            show(&shape)
        );
        let lits = data.iter().map(|p| lit_of(p, dtype)).collect::<Result<Vec<_>, Fault>>()?;
        Ok(Constant(crate::dispatch!(dtype, T => {
            Value::new(shape, lits.iter().map(|x| <T as Element>::from_bits(x.bits())).collect())
        })))
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        typing::operands::<0>(ins)?;
        Ok(smallvec![self.0.ty().clone()])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, _: &[Value]) -> Result<Vec<Value>, Fault> {
        Ok(vec![self.0.clone()])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], _: &[Tangent]) -> JvpOut {
        classes::zero(self.clone(), b, primals, "there is no operand")
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        Ok(smallvec![])
    }

    fn batch(&self, b: &Builder, _: Batch<'_>) -> BatchOut {
        Ok((b.bind(self.clone(), &[])?, smallvec![None]))
    }

    fn samples() -> Vec<Sample> {
        let specials = [0.0, -0.0, 1.5, -2.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -f64::NAN];
        let mut values: Vec<Value> =
            DType::FLOATS.map(|dtype| Value::from_f64s(dtype, &[2, 4][..], &specials)).into();
        values.extend([
            Value::new(&[3][..], vec![u64::MAX, 1 << 63, 7]),
            Value::new(&[2, 1][..], vec![i64::MIN, i64::MAX]),
            Value::new(&[2][..], vec![u8::MAX, 0]),
            Value::new(&[2][..], vec![i8::MIN, -1]),
            Value::new(&[2][..], vec![i32::MIN, i32::MAX]),
            Value::new(&[1][..], vec![u32::MAX]),
            Value::new(&[2][..], vec![true, false]),
            Value::new(&[0, 3][..], Vec::<f32>::new()),
            Value::scalar(0.1f32),
        ]);
        values.into_iter().map(|value| Sample::new(Constant(value), vec![])).collect()
    }
}
