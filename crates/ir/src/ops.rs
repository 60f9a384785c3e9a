//! The vocabulary in which rules are written: one short method a primitive.
//!
//! These methods panic on ill-typed operands, because then a rule is wrong; code that handles
//! operands from outside uses [`Builder::bind`]. Operands of elementwise ops have equal shapes or
//! rank 0.

use crate::builder::Builder;
use crate::dtype::DType;
use crate::jaxpr::{Atom, Lit};
use crate::prim::binary::Binary;
use crate::prim::broadcast::BroadcastInDim;
use crate::prim::compare::Compare;
use crate::prim::concat::Concatenate;
use crate::prim::convert::Convert;
use crate::prim::cumulative::{Cumulative, CumulativeOp};
use crate::prim::dot::DotGeneral;
use crate::prim::integer_pow::IntegerPow;
use crate::prim::iota::Iota;
use crate::prim::pad::Pad;
use crate::prim::permute::Transpose;
use crate::prim::reduce::{Reduce, ReduceOp};
use crate::prim::reshape::Reshape;
use crate::prim::rev::Rev;
use crate::prim::select::SelectN;
use crate::prim::slice::Slice;
use crate::prim::unary::Unary;
use crate::prim::{Tangent, identity::Identity};
use crate::shape::{Axes, Shape};
use crate::types::Type;
use smallvec::SmallVec;

macro_rules! unary_ops {
    ($($name:ident $variant:ident),* $(,)?) => {
        impl Builder {
            $(
                #[doc = concat!("`", stringify!($name), " x`, elementwise.")]
                pub fn $name(&self, x: Atom) -> Atom {
                    self.op(Unary::$variant, &[x])
                }
            )*
        }
    };
}

unary_ops!(neg Neg, sign Sign, abs Abs, exp Exp, log Log, log1p Log1p, expm1 Expm1, sqrt Sqrt, rsqrt Rsqrt,
    cbrt Cbrt, square Square, sin Sin, cos Cos, tan Tan, sinh Sinh, cosh Cosh, tanh Tanh, logistic Logistic,
    digamma Digamma, not Not, is_finite IsFinite, floor Floor, exp2 Exp2, lgamma Lgamma);

macro_rules! binary_ops {
    ($($name:ident $prim:expr),* $(,)?) => {
        impl Builder {
            $(
                #[doc = concat!("`", stringify!($name), " x y`, elementwise.")]
                pub fn $name(&self, x: Atom, y: Atom) -> Atom {
                    self.op($prim, &[x, y])
                }
            )*
        }
    };
}

binary_ops!(add Binary::Add, sub Binary::Sub, mul Binary::Mul, div Binary::Div, rem Binary::Rem, pow Binary::Pow,
    max Binary::Max, min Binary::Min, and Binary::And, or Binary::Or, xor Binary::Xor, polygamma Binary::Polygamma,
    eq Compare::Eq, ne Compare::Ne, lt Compare::Lt, le Compare::Le, gt Compare::Gt, ge Compare::Ge);

impl Builder {
    /// A scalar literal of a dtype.
    pub fn lit(&self, dtype: DType, x: f64) -> Atom {
        Atom::Lit(Lit::from_f64(dtype, x))
    }

    /// A scalar literal with the dtype of an operand.
    pub fn lit_like(&self, like: Atom, x: f64) -> Atom {
        self.lit(self.ty(like).dtype(), x)
    }

    /// An array of a type, all elements alike.
    pub fn full(&self, ty: &Type, x: f64) -> Atom {
        self.broadcast_to(self.lit(ty.dtype(), x), ty.shape())
    }

    /// An array like an operand, all elements alike.
    pub fn full_like(&self, like: Atom, x: f64) -> Atom {
        self.full(&self.ty(like), x)
    }

    /// The tangent, or zeros of the primal's type for a symbolic zero.
    pub fn instantiate(&self, t: Tangent, primal: Atom) -> Atom {
        t.unwrap_or_else(|| self.full_like(primal, 0.0))
    }

    /// The (co)tangent, or zeros of a type for a symbolic zero.
    pub fn instantiate_as(&self, t: Tangent, ty: &Type) -> Atom {
        t.unwrap_or_else(|| self.full(ty, 0.0))
    }

    /// The sum of two tangents, zeros left out.
    pub fn add_tangents(&self, s: Tangent, t: Tangent) -> Tangent {
        match (s, t) {
            (Some(s), Some(t)) => Some(self.add(s, t)),
            (s, t) => s.or(t),
        }
    }

    /// c · x for a number c.
    pub fn scale(&self, c: f64, x: Atom) -> Atom {
        self.mul(x, self.lit_like(x, c))
    }

    /// x + c for a number c.
    pub fn offset(&self, x: Atom, c: f64) -> Atom {
        self.add(x, self.lit_like(x, c))
    }

    /// c - x for a number c.
    pub fn sub_from(&self, c: f64, x: Atom) -> Atom {
        self.sub(self.lit_like(x, c), x)
    }

    /// x to an integer power.
    pub fn integer_pow(&self, x: Atom, y: i32) -> Atom {
        self.op(IntegerPow { y }, &[x])
    }

    /// `on_true` where the predicate holds, else `on_false`; a predicate of rank 0 picks a whole,
    /// and cases of rank 0 are broadcast.
    pub fn select(&self, pred: Atom, on_true: Atom, on_false: Atom) -> Atom {
        let full = [on_true, on_false, pred].map(|a| self.ty(a)).into_iter().find(|t| t.rank() > 0);
        let [f, t] = [on_false, on_true]
            .map(|case| full.as_ref().map_or(case, |full| self.broadcast_to(case, full.shape())));
        self.op(SelectN, &[pred, f, t])
    }

    /// The operand converted to a dtype, itself if it has it.
    pub fn convert(&self, x: Atom, dtype: DType) -> Atom {
        if self.ty(x).dtype() == dtype {
            return x;
        }
        self.op(Convert::ElementType { new_dtype: dtype }, &[x])
    }

    /// The operand cut off from derivatives.
    pub fn stop_gradient(&self, x: Atom) -> Atom {
        self.op(Identity::StopGradient, &[x])
    }

    /// Numbers 0, 1, … along a dimension.
    pub fn iota(&self, dtype: DType, shape: &[usize], dimension: usize) -> Atom {
        self.op(Iota { dtype, shape: Shape::from_slice(shape), dimension }, &[])
    }

    fn reduce(&self, op: ReduceOp, x: Atom, axes: &[usize]) -> Atom {
        let mut axes = Axes::from_slice(axes);
        axes.sort_unstable();
        self.op(Reduce { op, axes }, &[x])
    }

    /// Sum over axes.
    pub fn reduce_sum(&self, x: Atom, axes: &[usize]) -> Atom {
        if axes.is_empty() {
            return x;
        }
        self.reduce(ReduceOp::Sum, x, axes)
    }

    /// Product over axes.
    pub fn reduce_prod(&self, x: Atom, axes: &[usize]) -> Atom {
        self.reduce(ReduceOp::Prod, x, axes)
    }

    /// Maximum over axes.
    pub fn reduce_max(&self, x: Atom, axes: &[usize]) -> Atom {
        self.reduce(ReduceOp::Max, x, axes)
    }

    /// Minimum over axes.
    pub fn reduce_min(&self, x: Atom, axes: &[usize]) -> Atom {
        self.reduce(ReduceOp::Min, x, axes)
    }

    /// Running sum along an axis.
    pub fn cumsum(&self, x: Atom, axis: usize, reverse: bool) -> Atom {
        self.op(Cumulative { op: CumulativeOp::Sum, axis, reverse }, &[x])
    }

    /// `dot_general` with contracting and batch axes; the result has `preferred` as its dtype.
    pub fn dot_general(
        &self,
        x: Atom,
        y: Atom,
        contract: (&[usize], &[usize]),
        batch: (&[usize], &[usize]),
        preferred: Option<DType>,
    ) -> Atom {
        let prim = DotGeneral {
            lhs_contract: contract.0.into(),
            rhs_contract: contract.1.into(),
            lhs_batch: batch.0.into(),
            rhs_batch: batch.1.into(),
            preferred,
        };
        self.op(prim, &[x, y])
    }

    /// Broadcasts to a shape: dimension i of the operand becomes `dims[i]` of the result.
    pub fn broadcast_in_dim(&self, x: Atom, shape: &[usize], dims: &[usize]) -> Atom {
        let ty = self.ty(x);
        if ty.shape() == shape && dims.iter().enumerate().all(|(i, &d)| i == d) {
            return x;
        }
        self.op(BroadcastInDim { shape: shape.into(), broadcast_dimensions: dims.into() }, &[x])
    }

    /// Broadcasts a scalar to a shape; an operand that has the shape is given back.
    pub fn broadcast_to(&self, x: Atom, shape: &[usize]) -> Atom {
        let ty = self.ty(x);
        if ty.shape() == shape { x } else { self.broadcast_in_dim(x, shape, &[]) }
    }

    /// Broadcasts a reduction's result back along the axes that it removed.
    pub fn broadcast_back(&self, x: Atom, shape: &[usize], axes: &[usize]) -> Atom {
        let kept: Axes = (0..shape.len()).filter(|i| !axes.contains(i)).collect();
        self.broadcast_in_dim(x, shape, &kept)
    }

    /// The same elements under another shape.
    pub fn reshape(&self, x: Atom, shape: &[usize]) -> Atom {
        if self.ty(x).shape() == shape {
            return x;
        }
        self.op(Reshape::Reshape { new_sizes: shape.into() }, &[x])
    }

    /// Removes dimensions of size 1.
    pub fn squeeze(&self, x: Atom, dims: &[usize]) -> Atom {
        self.op(Reshape::Squeeze { dimensions: dims.into() }, &[x])
    }

    /// Inserts dimensions of size 1, numbered as in the result.
    pub fn expand_dims(&self, x: Atom, dims: &[usize]) -> Atom {
        self.op(Reshape::ExpandDims { dimensions: dims.into() }, &[x])
    }

    /// Permutes axes: axis i of the result is axis `perm[i]` of the operand.
    pub fn transpose(&self, x: Atom, perm: &[usize]) -> Atom {
        if perm.iter().enumerate().all(|(i, &p)| i == p) {
            return x;
        }
        self.op(Transpose { permutation: perm.into() }, &[x])
    }

    /// Moves one axis, keeping the order of the others.
    pub fn move_axis(&self, x: Atom, from: usize, to: usize) -> Atom {
        let mut perm: Axes = (0..self.ty(x).rank()).filter(|&i| i != from).collect();
        perm.insert(to, from);
        self.transpose(x, &perm)
    }

    /// Brings a batch dimension to the front; an unbatched operand is repeated along a new one.
    pub fn batch_to_front(&self, x: Atom, dim: Option<usize>, size: usize) -> Atom {
        match dim {
            Some(d) => self.move_axis(x, d, 0),
            None => {
                let ty = self.ty(x).with_axis(0, size);
                let dims: Axes = (1..ty.rank()).collect();
                self.broadcast_in_dim(x, ty.shape(), &dims)
            }
        }
    }

    /// Reverses axes.
    pub fn rev(&self, x: Atom, dims: &[usize]) -> Atom {
        self.op(Rev { dimensions: dims.into() }, &[x])
    }

    /// A strided slice.
    pub fn slice(&self, x: Atom, start: &[usize], limit: &[usize], strides: &[usize]) -> Atom {
        let prim = Slice { start: start.into(), limit: limit.into(), strides: strides.into() };
        self.op(prim, &[x])
    }

    /// A contiguous slice along one axis.
    pub fn slice_axis(&self, x: Atom, axis: usize, start: usize, limit: usize) -> Atom {
        let ty = self.ty(x);
        let mut starts: Axes = SmallVec::from_elem(0, ty.rank());
        let mut limits = Axes::from_slice(ty.shape());
        starts[axis] = start;
        limits[axis] = limit;
        let ones: Axes = SmallVec::from_elem(1, ty.rank());
        self.slice(x, &starts, &limits, &ones)
    }

    /// Pads with a scalar: (low, high, interior) for each axis.
    pub fn pad(&self, x: Atom, value: Atom, config: &[(i64, i64, i64)]) -> Atom {
        self.op(Pad { config: config.into() }, &[x, value])
    }

    /// Joins along an axis; one operand alone is given back.
    pub fn concatenate(&self, xs: &[Atom], dimension: usize) -> Atom {
        if let [x] = xs {
            return *x;
        }
        self.op(Concatenate { dimension }, xs)
    }
}
