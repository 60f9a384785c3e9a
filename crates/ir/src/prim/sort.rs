//! `sort`: several arrays sorted together along an axis.
//!
//! ```text
//! c:f32[2,3] d:i32[2,3] = sort[dimension=1 is_stable=True num_keys=1] a b
//! ```
//!
//! The first `num_keys` operands are keys, compared lexicographically; the others move along. Floats
//! have the order −∞ … −0 = 0 … ∞, then NaN, all NaN equal; false is before true. Equal keys keep
//! their order here whether or not `is_stable` asks for it.
//!
//! The tangents are gathered by the permutation of the primals, which an extra operand, 0, 1, …,
//! records. At ties that is JAX's convention too: the stable permutation is taken.

use super::classes::batched_axis;
use super::typing::axis_in_range;
use super::*;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::ensure;
use crate::param::Param;
use crate::scalar::OrdScalar;
use crate::shape::{Shape, around_axis};
use smallvec::smallvec;
use std::cmp::Ordering;

/// `sort[dimension=… is_stable=… num_keys=…] operands…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Sort {
    /// The axis to sort along.
    pub dimension: usize,
    /// Whether ties keep their order.
    pub is_stable: bool,
    /// How many leading operands are keys, most significant first.
    pub num_keys: usize,
}

impl Primitive for Sort {
    fn names() -> &'static [&'static str] {
        &["sort"]
    }

    fn name(&self) -> &str {
        "sort"
    }

    fn params(&self) -> Params {
        smallvec![
            ("dimension", Param::Int(self.dimension as i64)),
            ("is_stable", Param::Bool(self.is_stable)),
            ("num_keys", Param::Int(self.num_keys as i64)),
        ]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Sort, Fault> {
        Ok(Sort {
            dimension: params.usize("dimension")?,
            is_stable: params.bool_or("is_stable", true)?,
            num_keys: params.usize("num_keys")?,
        })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let n = ins.len();
        ensure!(
            (1..=n).contains(&self.num_keys),
            "num_keys = {} must be at least 1 and at most the number of operands, {n}",
            self.num_keys
        );
        axis_in_range("dimension", self.dimension, ins[0].rank())?;
        ensure!(ins.iter().all(|t| t.shape() == ins[0].shape()), "the shapes must be equal");
        Ok(ins.iter().cloned().collect())
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (before, n, after) = around_axis(ins[0].shape(), self.dimension);
        // Row-major sources of the elements of the result.
        let mut sources = vec![0; ins[0].len()];
        let mut lane: Vec<usize> = Vec::new();
        for i in 0..before {
            for j in 0..after {
                let at = |k: usize| (i * n + k) * after + j;
                lane.clear();
                lane.extend((0..n).map(at));
                lane.sort_by(|&p, &q| compare(&ins[..self.num_keys], p, q));
                for (k, &source) in lane.iter().enumerate() {
                    sources[at(k)] = source;
                }
            }
        }
        let sorted = ins.iter().map(|x| {
            crate::dispatch!(x.dtype(), T => {
                let x_data = x.slice::<T>();
                let data: Vec<T> = sources.iter().map(|&s| x_data[s]).collect();
                Value::new(Shape::from_slice(x.shape()), data)
            })
        });
        Ok(sorted.collect())
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let ty = b.ty(primals[0]);
        let fits = i32::try_from(ty.shape()[self.dimension]).is_ok();
        let dtype = if fits { DType::I32 } else { DType::I64 };
        let mut ins = Atoms::from_slice(primals);
        ins.push(b.iota(dtype, ty.shape(), self.dimension));
        let mut outs = b.bind(*self, &ins)?;
        let Some(permutation) = outs.pop() else { unreachable!("as many results as operands") };
        let ts = tangents.iter();
        let ts = ts.map(|t| t.map(|t| b.take_along_axis(t, permutation, self.dimension)));
        Ok((outs, ts.collect()))
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear(self.name())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let first = batch.dims[0];
        if batch.dims.iter().all(|&d| d == first) {
            let dimension = batched_axis(self.dimension, first);
            let outs = b.bind(Sort { dimension, ..*self }, batch.ins)?;
            return Ok((outs, batch.dims.into()));
        }
        let prim = Sort { dimension: self.dimension + 1, ..*self };
        classes::batched_at_front(b, batch, |ins| b.bind(prim, ins))
    }

    fn samples() -> Vec<Sample> {
        use DType::*;
        let sample = |dimension, num_keys, shape: &[usize], args: &[(DType, Domain)]| {
            let prim = Sort { dimension, is_stable: true, num_keys };
            Sample::new(prim, args.iter().map(|&(d, domain)| (Type::of(d, shape), domain)).collect())
        };
        let distinct = (F64, Domain::Distinct);
        let other = (F64, Domain::Range(-2.0, 2.0));
        let mut unstable = sample(0, 1, &[5], &[distinct, other]);
        unstable.prim = Sort { dimension: 0, is_stable: false, num_keys: 1 }.into();
        vec![
            unstable,
            sample(0, 1, &[6], &[distinct]),
            sample(1, 1, &[2, 5], &[distinct]),
            sample(0, 1, &[4, 2], &[distinct, other]),
            sample(1, 2, &[2, 3, 2], &[distinct, other, other]),
            // Ties of the first key, an integer, are decided by the second.
            sample(0, 2, &[6], &[(I32, Domain::Bits), distinct, other]),
            sample(0, 1, &[6], &[(Bool, Domain::Bits), other]),
            sample(1, 1, &[3, 0], &[distinct, other]),
            sample(1, 1, &[3, 1], &[distinct]),
            sample(0, 1, &[5], &[(F64, Domain::Bits), other]).rough(),
            sample(0, 1, &[5], &[(BF16, Domain::Distinct)]).rough(),
            sample(1, 1, &[2, 4], &[(U8, Domain::AnyBits), (I64, Domain::AnyBits)]),
            sample(0, 1, &[5], &[(F32, Domain::Distinct), (U64, Domain::AnyBits)]),
        ]
    }
}

/// The lexicographic order of the elements at two positions.
fn compare(keys: &[Value], p: usize, q: usize) -> Ordering {
    let mut orders = keys.iter().map(|key| {
        crate::dispatch!(key.dtype(), T => {
            let x = key.slice::<T>();
            x[p].sort_cmp(x[q])
        })
    });
    orders.find(|o| o.is_ne()).unwrap_or(Ordering::Equal)
}
