//! `integer_pow`: xⁿ with an exponent that is part of the program.
//!
//! ```text
//! b:f32[3] = integer_pow[y=3] a
//! ```
//!
//! By repeated squaring; x⁰ = 1 for all x, NaN included. Integers wrap and take no negative
//! exponents. The derivative is n xⁿ⁻¹, with nothing left of x for n = 0 and n = 1, so that derivatives
//! of every order are right at x = 0.

use super::classes;
use super::typing::{self, Class};
use super::*;
use crate::dtype::DType;
use crate::error::{ensure, fault};
use crate::param::Param;
use crate::scalar::{IntScalar, RealScalar};
use smallvec::smallvec;

/// `integer_pow[y=2] x`: a power with a static integer exponent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IntegerPow {
    /// The exponent.
    pub y: i32,
}

impl Primitive for IntegerPow {
    fn names() -> &'static [&'static str] {
        &["integer_pow"]
    }

    fn name(&self) -> &str {
        "integer_pow"
    }

    fn params(&self) -> Params {
        smallvec![("y", Param::Int(self.y.into()))]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        let y = params.int("y")?;
        let y = i32::try_from(y).map_err(|_| fault!("the exponent {y} is no i32"))?;
        Ok(IntegerPow { y })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = typing::operands(ins)?;
        typing::check_class(x.dtype(), &[Class::Float, Class::Int])?;
        ensure!(
            self.y >= 0 || x.is_float(),
            "integers have no negative powers: convert with `.cast(..)`"
        );
        // The derivative's exponent must be an i32 too.
        ensure!(self.y > i32::MIN, "the exponent {} is too small", self.y);
        Ok(smallvec![x.clone()])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (x, n) = (&ins[0], self.y);
        let out = crate::dispatch!(float x.dtype(),
            T => classes::map::<T, T>(x, |x| RealScalar::integer_pow(x, n)),
            else => crate::dispatch!(int x.dtype(),
                T => classes::map::<T, T>(x, |x| IntScalar::integer_pow(x, n)),
                else => return Err(fault!("it does not take bool"))));
        Ok(vec![out])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let (x, n) = (primals[0], self.y);
        classes::sum_of_terms(*self, b, primals, tangents, |_, t, _| match n {
            0 => None,
            1 => Some(t),
            2 => Some(b.mul(t, b.scale(2.0, x))),
            _ => Some(b.mul(t, b.scale(n.into(), b.integer_pow(x, n - 1)))),
        })
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear("integer_pow")
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        classes::elementwise(*self, b, batch)
    }

    fn samples() -> Vec<Sample> {
        let sample = |y, dtype, shape: &[usize], domain| {
            Sample::new(IntegerPow { y }, vec![(Type::of(dtype, shape), domain)])
        };
        let (wide, positive) = (Domain::Range(-2.0, 2.0), Domain::Range(0.5, 2.0));
        let mut samples: Vec<Sample> =
            (0..6).map(|y| sample(y, DType::F64, &[2, 2], wide)).collect();
        samples.extend([-1, -2, -3].map(|y| sample(y, DType::F64, &[3], positive)));
        samples.extend([
            sample(7, DType::F32, &[], wide).rough(),
            sample(3, DType::BF16, &[2], wide).rough(),
            sample(3, DType::I32, &[4], wide),
            sample(5, DType::U8, &[4], Domain::AnyBits),
            sample(0, DType::I64, &[2], wide),
            sample(2, DType::F64, &[0, 3], wide),
        ]);
        samples
    }
}
