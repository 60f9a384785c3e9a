//! `select_n which case0 case1 …`: each element is taken from one of the cases.
//!
//! ```text
//! d:f32[3] = select_n c a b         c:bool[3]: a where c is false, b where it is true
//! e:f32[3] = select_n i a b d       i:i32[]: a for 0, b for 1, d for 2
//! ```
//!
//! The predicate is `bool` with two cases or `i32` with one or more; its shape is that of the cases,
//! or rank 0 to choose a whole. The cases have one type, which is the result's. As in XLA, a number
//! below 0 chooses the first case and one beyond the last the last.
//!
//! The primitive is linear in its cases: the tangent selects among the tangents, and the cotangent of
//! a case is that of the result where the case was chosen, else 0.

use super::classes;
use super::*;
use crate::dtype::DType;
use crate::error::ensure;
use smallvec::smallvec;

/// `select_n which case0 case1 …`: picks elementwise among cases.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SelectN;

impl Primitive for SelectN {
    fn names() -> &'static [&'static str] {
        &["select_n"]
    }

    fn name(&self) -> &str {
        "select_n"
    }

    fn params(&self) -> Params {
        smallvec![]
    }

    fn parse(_: &str, _: &mut ParamMap) -> Result<Self, Fault> {
        Ok(SelectN)
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [which, case, others @ ..] = ins else {
            return Err("it takes a predicate and at least one case".into());
        };
        match which.dtype() {
            DType::Bool => ensure!(
                others.len() == 1,
                "a bool predicate chooses between two cases, not {}",
                ins.len() - 1
            ),
            other => ensure!(
                other == DType::I32,
                "the predicate is bool or i32, not {other}: convert it with `.cast(..)`"
            ),
        }
        for other in others {
            ensure!(other == case, "the cases have one type, but {case} and {other} differ");
        }
        ensure!(
            which.rank() == 0 || which.shape() == case.shape(),
            "the predicate has the shape of the cases or rank 0"
        );
        Ok(smallvec![case.clone()])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (which, cases) = (&ins[0], &ins[1..]);
        let last = cases.len() as i64 - 1;
        let chosen: Vec<usize> =
            which.to_f64s().iter().map(|&w| (w as i64).clamp(0, last) as usize).collect();
        if which.shape().is_empty() {
            return Ok(vec![cases[chosen[0]].clone()]);
        }
        let out = crate::dispatch!(cases[0].dtype(), T => {
            let cases: Vec<&[T]> = cases.iter().map(Value::slice::<T>).collect();
            Value::new(which.shape(), chosen.iter().enumerate().map(|(i, &c)| cases[c][i]).collect())
        });
        Ok(vec![out])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let out = b.bind(SelectN, primals)?;
        if tangents[1..].iter().all(Option::is_none) {
            return Ok((out, smallvec![None]));
        }
        let mut ins: Atoms = smallvec![primals[0]];
        ins.extend(primals[1..].iter().zip(&tangents[1..]).map(|(&x, &t)| b.instantiate(t, x)));
        let out_t = b.bind(SelectN, &ins)?[0];
        Ok((out, smallvec![Some(out_t)]))
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let (Some(ct), Some(which)) = (cts[0], operands[0].known()) else {
            return classes::not_linear("select_n");
        };
        let zeros = b.full_like(ct, 0.0);
        let last = operands.len() as i32 - 2;
        let chosen = |i: i32| match b.ty(which).dtype() {
            DType::Bool => which,
            // Numbers out of range choose the first and the last case.
            _ if i == 0 => b.le(which, b.lit(DType::I32, 0.0)),
            _ if i == last => b.ge(which, b.lit(DType::I32, last.into())),
            _ => b.eq(which, b.lit(DType::I32, i.into())),
        };
        classes::each_linear(operands, |i, _| {
            let case = i as i32 - 1;
            let ct = match b.ty(which).dtype() {
                _ if last == 0 => ct,
                DType::Bool if case == 0 => b.select(which, zeros, ct),
                _ => b.select(chosen(case), ct, zeros),
            };
            Some(ct)
        })
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        // A scalar predicate stays one when it is the same for all examples.
        if batch.dims[0].is_none() && b.ty(batch.ins[0]).rank() == 0 {
            let cases = Batch { ins: &batch.ins[1..], dims: &batch.dims[1..], ..batch };
            let (cases, dim) = classes::align_all(b, cases);
            let mut ins: Atoms = smallvec![batch.ins[0]];
            ins.extend(cases);
            return Ok((b.bind(SelectN, &ins)?, smallvec![Some(dim)]));
        }
        let (ins, dim) = classes::align_all(b, batch);
        Ok((b.bind(SelectN, &ins)?, smallvec![Some(dim)]))
    }

    fn samples() -> Vec<Sample> {
        let wide = Domain::Range(-2.0, 2.0);
        let sample = |which: Type, domain, case: Type, n| {
            let mut args = vec![(which, domain)];
            args.extend(std::iter::repeat_n((case, wide), n));
            Sample::new(SelectN, args)
        };
        let (bits, few) = (Domain::Bits, Domain::Range(-1.0, 4.0));
        let of = |dtype, shape: &[usize]| Type::of(dtype, shape);
        vec![
            sample(of(DType::Bool, &[4]), bits, of(DType::F64, &[4]), 2),
            sample(of(DType::Bool, &[]), bits, of(DType::F64, &[2, 3]), 2),
            sample(of(DType::Bool, &[]), bits, of(DType::F64, &[]), 2),
            sample(of(DType::Bool, &[2, 0]), bits, of(DType::F64, &[2, 0]), 2),
            sample(of(DType::I32, &[2, 3]), few, of(DType::F64, &[2, 3]), 3),
            sample(of(DType::I32, &[]), few, of(DType::F64, &[3]), 4),
            sample(of(DType::I32, &[3]), few, of(DType::F64, &[3]), 1),
            sample(of(DType::I32, &[2, 1, 3]), few, of(DType::I64, &[2, 1, 3]), 2),
            sample(of(DType::Bool, &[3]), bits, of(DType::Bool, &[3]), 2),
            sample(of(DType::Bool, &[3]), bits, of(DType::BF16, &[3]), 2).rough(),
        ]
    }
}
