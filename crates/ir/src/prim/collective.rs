//! Collectives: what the members of a named axis tell each other.
//!
//! A named axis is one that `vmap_named` binds; its members are the examples of the batch. Types are
//! those of one member:
//!
//! ```text
//! b:f32[3] = psum[axis=7 size=4] a                    the sum over the members
//! c:f32[4,3] = all_gather[axis=7 size=4] a            the values of all members
//! d:i32[] = axis_index[axis=7 size=4]                 the member's number
//! ```
//!
//! `pmax` and `pmin` are like `psum`. Only the `vmap` that binds the axis gives a collective its
//! meaning: its batching turns `psum` into a sum over the batch dimension. For every other `vmap` it
//! is an elementwise operation. Evaluated outside, it is an error.
//!
//! The members together are one linear map with one cotangent each. Every member's result of `psum`
//! depends on every member's operand, so the transpose of `psum` is `psum`; that of `all_gather` is
//! the sum of the cotangents, of which each member takes its own part. Ties of `pmax` share equally.

use super::typing::operands;
use super::*;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::{ensure, fault};
use crate::jaxpr::Lit;
use crate::param::Param;
use crate::prim::dynamic_slice::DynamicSlice;
use crate::shape::Shape;
use smallvec::smallvec;

/// What a collective does over a named axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CollectiveOp {
    /// `psum`
    Sum,
    /// `pmax`
    Max,
    /// `pmin`
    Min,
    /// `all_gather`: the values of all members along a new first axis.
    AllGather,
    /// `axis_index`: no operand, i32 result.
    Index,
}

impl CollectiveOp {
    const ALL: [CollectiveOp; 5] = [
        CollectiveOp::Sum,
        CollectiveOp::Max,
        CollectiveOp::Min,
        CollectiveOp::AllGather,
        CollectiveOp::Index,
    ];

    const NAMES: [&str; 5] = ["psum", "pmax", "pmin", "all_gather", "axis_index"];
}

/// `psum[axis=… size=…] x` and its kin: over the batch axis that a `vmap_named` binds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Collective {
    /// What to do.
    pub op: CollectiveOp,
    /// Over which axis.
    pub axis: AxisId,
    /// The size of the axis.
    pub size: usize,
}

impl Collective {
    /// Another collective over the same axis.
    fn with(self, op: CollectiveOp) -> Collective {
        Collective { op, ..self }
    }

    /// The collective over the batch dimension that its axis has become. No result is batched but
    /// the index.
    fn over_batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        ensure!(
            batch.size == self.size,
            "`{}` over an axis of size {} in a batch of {}",
            self.name(),
            self.size,
            batch.size
        );
        if self.op == CollectiveOp::Index {
            return Ok((smallvec![b.iota(DType::I32, &[self.size], 0)], smallvec![Some(0)]));
        }
        let (x, dim) = (batch.ins[0], batch.dims[0]);
        let y = match (self.op, dim) {
            (CollectiveOp::Sum, Some(d)) => b.reduce_sum(x, &[d]),
            (CollectiveOp::Max, Some(d)) => b.reduce_max(x, &[d]),
            (CollectiveOp::Min, Some(d)) => b.reduce_min(x, &[d]),
            // All members hold the same value; their number wraps as their sum would.
            (CollectiveOp::Sum, None) => {
                let dtype = b.ty(x).dtype();
                let n = if dtype.is_int() {
                    Lit::from_bits(dtype, self.size as u64)
                } else {
                    Lit::from_f64(dtype, self.size as f64)
                };
                b.mul(x, Atom::Lit(n))
            }
            (CollectiveOp::AllGather, _) => b.batch_to_front(x, dim, self.size),
            (CollectiveOp::Max | CollectiveOp::Min | CollectiveOp::Index, _) => x,
        };
        Ok((smallvec![y], smallvec![None]))
    }
}

impl Primitive for Collective {
    fn names() -> &'static [&'static str] {
        &CollectiveOp::NAMES
    }

    fn name(&self) -> &str {
        CollectiveOp::NAMES[self.op as usize]
    }

    fn params(&self) -> Params {
        smallvec![
            ("axis", Param::Int(self.axis.0 as i64)),
            ("size", Param::Int(self.size as i64)),
        ]
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<Collective, Fault> {
        let op = CollectiveOp::ALL.into_iter().zip(CollectiveOp::NAMES).find(|(_, n)| *n == name);
        let (op, _) = op.ok_or_else(|| fault!("`{name}` is no collective"))?;
        let axis = AxisId(params.int("axis")? as u64);
        Ok(Collective { op, axis, size: params.usize("size")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        if self.op == CollectiveOp::Index {
            let [] = operands(ins)?;
            ensure!(i32::try_from(self.size).is_ok(), "the axis size {} exceeds i32", self.size);
            return Ok(smallvec![Type::scalar(DType::I32)]);
        }
        let [x] = operands(ins)?;
        match self.op {
            CollectiveOp::AllGather => Ok(smallvec![x.with_axis(0, self.size)]),
            _ => {
                ensure!(
                    x.dtype().is_number(),
                    "it takes numbers, not bool: convert with `.cast(..)`"
                );
                Ok(smallvec![x.clone()])
            }
        }
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, _: &[Value]) -> Result<Vec<Value>, Fault> {
        Err(fault!("the axis is not bound: use it inside its `vmap_named`"))
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        match self.op {
            CollectiveOp::Sum | CollectiveOp::AllGather => {
                classes::linear(*self, b, primals, tangents)
            }
            CollectiveOp::Index => classes::zero(*self, b, primals, "an index has no operand"),
            CollectiveOp::Max | CollectiveOp::Min => {
                let (x, Some(t)) = (primals[0], tangents[0]) else {
                    return classes::zero(*self, b, primals, "no tangent");
                };
                // As in a reduction: dy = Σ [x = y] dx / Σ [x = y], over the members.
                let y = b.bind(*self, primals)?[0];
                let attained = b.convert(b.eq(x, y), b.ty(x).dtype());
                let psum = |a| b.op(self.with(CollectiveOp::Sum), &[a]);
                let dt = b.div(psum(b.mul(t, attained)), psum(attained));
                Ok((smallvec![y], smallvec![Some(dt)]))
            }
        }
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let psum = |a| b.op(self.with(CollectiveOp::Sum), &[a]);
        match self.op {
            CollectiveOp::Sum => Ok(smallvec![cts[0].map(psum)]),
            CollectiveOp::AllGather => {
                let own = cts[0].map(|ct| {
                    let shape = operands[0].ty(b);
                    let mut slice_sizes: Shape = smallvec![1];
                    slice_sizes.extend_from_slice(shape.shape());
                    let index = b.op(self.with(CollectiveOp::Index), &[]);
                    let mut ins: Atoms = smallvec![psum(ct), index];
                    ins.resize(slice_sizes.len() + 1, b.lit(DType::I32, 0.0));
                    let slice = b.op(DynamicSlice { slice_sizes }, &ins);
                    b.squeeze(slice, &[0])
                });
                Ok(smallvec![own])
            }
            CollectiveOp::Max | CollectiveOp::Min | CollectiveOp::Index => {
                classes::not_linear(self.name())
            }
        }
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        if batch.axis == Some(self.axis) {
            return self.over_batch(b, batch);
        }
        let outs = b.bind(*self, batch.ins)?;
        let dim = batch.dims.first().copied().flatten();
        let new_axes = usize::from(self.op == CollectiveOp::AllGather);
        Ok((outs, smallvec![dim.map(|d| d + new_axes)]))
    }

    /// None: alone, a collective has no value. Its tests batch it.
    fn samples() -> Vec<Sample> {
        Vec::new()
    }
}
