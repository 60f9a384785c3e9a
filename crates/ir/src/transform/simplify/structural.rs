//! Rules of primitives that move, repeat and reduce elements.

use super::{Rewrite, Simplifier};
use crate::dtype::{DType, Element};
use crate::jaxpr::{Atom, Atoms, Lit};
use crate::prim::Prim;
use crate::prim::binary::Binary;
use crate::prim::broadcast::BroadcastInDim;
use crate::prim::permute::Transpose;
use crate::prim::reduce::{Reduce, ReduceOp};
use crate::prim::reshape::Reshape;
use crate::prim::rev::Rev;
use crate::prim::slice::Slice;
use crate::shape::{Axes, Shape};
use crate::types::Type;
use Rewrite::{Full, Same};

impl Simplifier {
    pub(super) fn structural(&mut self, prim: &Prim, ins: &[Atom], ty: &Type) -> Option<Rewrite> {
        let x = *ins.first()?;
        self.unchanged(prim, ins, ty)
            .or_else(|| self.of_one_scalar(prim, ins))
            .or_else(|| self.joined(prim, x, ty))
            .or_else(|| match prim {
                Prim::Reduce(r) => self.reduce_of_ones(r, x, ty),
                _ => None,
            })
    }

    /// Movements that move nothing.
    fn unchanged(&self, prim: &Prim, ins: &[Atom], ty: &Type) -> Option<Rewrite> {
        let x = ins[0];
        let from = self.b.ty(x);
        let nothing = match prim {
            // The type says it: what has the shape of the result is the result.
            Prim::Reshape(_) | Prim::BroadcastInDim(_) | Prim::Tile(_) => true,
            Prim::Split(_) | Prim::Slice(_) | Prim::DynamicSlice(_) => true,
            Prim::Transpose(t) => t.permutation.iter().enumerate().all(|(i, &p)| i == p),
            Prim::Rev(r) => r.dimensions.iter().all(|&d| from.shape()[d] <= 1),
            Prim::Pad(p) => p.config.iter().all(|c| *c == (0, 0, 0)),
            // The update covers everything.
            Prim::DynamicUpdateSlice(_) => {
                return (self.b.ty(ins[1]) == *ty).then_some(Same(ins[1]));
            }
            Prim::Concatenate(_) => {
                // Parts without elements go.
                let parts: Atoms =
                    ins.iter().copied().filter(|&a| self.b.ty(a).numel() > 0).collect();
                return match parts[..] {
                    [part] if self.b.ty(part) == *ty => Some(Same(part)),
                    [] | [_] => None,
                    _ if parts.len() == ins.len() => None,
                    _ => Some(Rewrite::Eqn(prim.clone(), parts)),
                };
            }
            _ => false,
        };
        (nothing && from == *ty).then_some(Same(x))
    }

    /// Whatever is done with the elements of an array that repeats a scalar, they stay this scalar.
    fn of_one_scalar(&self, prim: &Prim, ins: &[Atom]) -> Option<Rewrite> {
        let x = ins[0];
        let s = self.scalar(x)?;
        let from = self.b.ty(x);
        match prim {
            // A broadcast of a scalar is what this leads to.
            Prim::BroadcastInDim(_) if from.rank() == 0 => None,
            Prim::Reshape(_)
            | Prim::Transpose(_)
            | Prim::BroadcastInDim(_)
            | Prim::Rev(_)
            | Prim::Slice(_)
            | Prim::DynamicSlice(_)
            | Prim::Tile(_) => Some(Full(s)),
            Prim::Concatenate(_) => {
                ins.iter().all(|&a| self.scalar(a) == Some(s)).then_some(Full(s))
            }
            Prim::Pad(_) => (ins[1] == s).then_some(Full(s)),
            Prim::Reduce(r) => {
                let n: usize = r.axes.iter().map(|&a| from.shape()[a]).product();
                match r.op {
                    _ if n == 0 => None,
                    ReduceOp::Max | ReduceOp::Min | ReduceOp::And | ReduceOp::Or => Some(Full(s)),
                    ReduceOp::Sum => exact_multiple(s.lit()?, n).map(|l| Full(Atom::Lit(l))),
                    ReduceOp::Prod => s.lit()?.is(1.0).then_some(Full(s)),
                    ReduceOp::Xor => None,
                }
            }
            _ => None,
        }
    }

    /// Two equations in one.
    fn joined(&self, prim: &Prim, x: Atom, ty: &Type) -> Option<Rewrite> {
        let (inner, inner_ins) = self.def(x)?;
        let y = *inner_ins.first()?;
        let prim: Prim = match (prim, inner) {
            (Prim::Transpose(outer), Prim::Transpose(inner)) => {
                let permutation = outer.permutation.iter().map(|&p| inner.permutation[p]).collect();
                Transpose { permutation }.into()
            }
            (Prim::Reshape(_), Prim::Reshape(_)) => {
                Reshape::Reshape { new_sizes: ty.shape().into() }.into()
            }
            (Prim::BroadcastInDim(outer), Prim::BroadcastInDim(inner)) => {
                let to = &outer.broadcast_dimensions;
                let dims = inner.broadcast_dimensions.iter().map(|&d| to[d]).collect();
                broadcast(ty, dims)
            }
            (
                Prim::BroadcastInDim(outer),
                Prim::Reshape(Reshape::ExpandDims { dimensions: inserted }),
            ) => {
                let to = outer.broadcast_dimensions.iter().enumerate();
                let kept = to.filter(|(i, _)| !inserted.contains(i)).map(|(_, &d)| d).collect();
                broadcast(ty, kept)
            }
            (Prim::Transpose(outer), Prim::BroadcastInDim(inner)) => {
                let place = |d: &usize| outer.permutation.iter().position(|p| p == d);
                let dims: Option<Axes> = inner.broadcast_dimensions.iter().map(place).collect();
                // Only where it does not permute the operand as well.
                broadcast(ty, dims.filter(|d| d.is_sorted())?)
            }
            (
                Prim::Reshape(Reshape::Squeeze { dimensions: removed }),
                Prim::BroadcastInDim(inner),
            ) => {
                let dims = &inner.broadcast_dimensions;
                if dims.iter().any(|d| removed.contains(d)) {
                    return None;
                }
                let before = |d: usize| removed.iter().filter(|&&r| r < d).count();
                broadcast(ty, dims.iter().map(|&d| d - before(d)).collect())
            }
            (Prim::Rev(outer), Prim::Rev(inner)) => {
                let (a, b) = (&outer.dimensions, &inner.dimensions);
                let once = |d: &usize| a.contains(d) != b.contains(d);
                Rev { dimensions: (0..ty.rank()).filter(once).collect() }.into()
            }
            (Prim::Slice(outer), Prim::Slice(inner)) if ty.numel() > 0 => {
                let axes = || (0..ty.rank()).map(|i| (inner.start[i], inner.strides[i], i));
                let start: Axes = axes().map(|(s, step, i)| s + step * outer.start[i]).collect();
                let strides = axes().map(|(_, step, i)| step * outer.strides[i]).collect();
                let limit =
                    axes().map(|(s, step, i)| s + step * (outer.limit[i] - 1) + 1).collect();
                Slice { start, limit, strides }.into()
            }
            (Prim::Reduce(outer), Prim::Reduce(inner)) if outer.op == inner.op => {
                let any_order = match outer.op {
                    ReduceOp::Sum | ReduceOp::Prod => ty.dtype().is_int(),
                    _ => true,
                };
                if !any_order {
                    return None;
                }
                // Axes of the inner operand that are left for the outer reduction.
                let rank = self.b.ty(y).rank();
                let left: Axes = (0..rank).filter(|a| !inner.axes.contains(a)).collect();
                let more = outer.axes.iter().map(|&a| left[a]);
                let mut axes: Axes = inner.axes.iter().copied().chain(more).collect();
                axes.sort_unstable();
                Reduce { op: outer.op, axes }.into()
            }
            _ => return None,
        };
        Some(Rewrite::eqn(prim, &[y]))
    }

    /// Reductions over axes of size 1 only.
    fn reduce_of_ones(&mut self, reduce: &Reduce, x: Atom, ty: &Type) -> Option<Rewrite> {
        let from = self.b.ty(x);
        if reduce.axes.iter().any(|&a| from.shape()[a] != 1) {
            return None;
        }
        let squeeze = Reshape::Squeeze { dimensions: reduce.axes.clone() };
        let squeezed = self.simplified(squeeze.into(), Atoms::from_slice(&[x]), ty);
        // A sum begins with 0, and 0 + −0 is 0.
        let begins = reduce.op == ReduceOp::Sum && ty.is_float();
        Some(match begins {
            true => {
                let zero = Atom::Lit(Lit::from_f64(ty.dtype(), 0.0));
                Rewrite::eqn(Binary::Add, &[squeezed, zero])
            }
            false => Same(squeezed),
        })
    }
}

fn broadcast(ty: &Type, broadcast_dimensions: Axes) -> Prim {
    BroadcastInDim { shape: Shape::from_slice(ty.shape()), broadcast_dimensions }.into()
}

/// n · c, if every sum c + c + … on the way is a number of the dtype that sums are taken in.
fn exact_multiple(c: Lit, n: usize) -> Option<Lit> {
    let dtype = c.dtype();
    if dtype.is_int() {
        let c = crate::dispatch!(int dtype, T => {
            crate::scalar::convert::<T, i64>(<T as Element>::from_bits(c.bits())) as u64
        }, else => return None);
        return Some(Lit::from_bits(dtype, (n as u64).wrapping_mul(c)));
    }
    let (bits, largest) = match dtype {
        DType::F64 => (53, f64::MAX),
        // f16 and bf16 are summed in f32.
        _ => (24, f64::from(f32::MAX)),
    };
    let x = c.to_f64();
    if x == 0.0 {
        // A sum begins with 0, so it is not −0.
        return Some(Lit::from_f64(dtype, 0.0));
    }
    // The digits of c as an odd integer: all sums are multiples of its last digit.
    let digits = (x.to_bits() & ((1 << 52) - 1)) | (1 << 52);
    let digits = (digits >> digits.trailing_zeros()) as f64;
    let total = x * n as f64;
    let exact = x.is_normal() && digits * n as f64 <= f64::from(bits).exp2();
    (exact && total.abs() <= largest).then(|| Lit::from_f64(dtype, total))
}
