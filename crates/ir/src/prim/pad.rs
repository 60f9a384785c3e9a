//! `pad`: puts an array into a larger one (or, with negative padding, cuts it), with gaps.
//!
//! ```text
//! c:f64[4,5] = pad[padding_config=((1, 1, 0), (0, -1, 2))] a:f64[2,3] b:f64[]
//! ```
//!
//! Each axis has (low, high, interior): interior elements go between neighbours first, then low and
//! high elements are added at the ends, or taken away where they are negative. Along an axis, index
//! i of the operand lands at low + i·(interior + 1), if that is inside. Everything else is the
//! padding value, a scalar. The map is linear in both operands together: the transpose cuts the
//! operand's part out of the cotangent, and sums the rest for the padding value.

use super::structural::{check_one_an_axis, one, repeat_along};
use super::typing::{operands, same_dtype};
use super::*;
use crate::dtype::DType;
use crate::error::{ensure, fault};
use crate::param::{Param, as_int, as_seq};
use crate::shape::{Axes, Shape, checked_numel, indices, ravel, strides};
use smallvec::smallvec;

/// `pad[padding_config=((lo, hi, interior), …)] x value`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pad {
    /// (low, high, interior) for each axis; low and high may be negative.
    pub config: SmallVec<[(i64, i64, i64); 4]>,
}

impl Primitive for Pad {
    fn names() -> &'static [&'static str] {
        &["pad"]
    }

    fn name(&self) -> &str {
        "pad"
    }

    fn params(&self) -> Params {
        let axes = self.config.iter().map(|&(lo, hi, gaps)| Param::ints(&[lo, hi, gaps]));
        smallvec![("padding_config", Param::Tuple(axes.collect()))]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        let name = "padding_config";
        let config = params.any(name)?;
        let axes = as_seq(name, &config)?.iter().map(|axis| match as_seq(name, axis)? {
            [lo, hi, gaps] => Ok((as_int(name, lo)?, as_int(name, hi)?, as_int(name, gaps)?)),
            other => Err(fault!(
                "`{name}` has an entry with {} numbers; each axis has (low, high, interior)",
                other.len()
            )),
        });
        Ok(Pad { config: axes.collect::<Result<_, Fault>>()? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x, value] = operands(ins)?;
        same_dtype(ins)?;
        ensure!(value.rank() == 0, "the padding value must be a scalar, not {value}");
        check_one_an_axis("padding_config", self.config.len(), x.rank())?;
        let (mut shape, mut inner_shape) = (Shape::new(), Shape::new());
        for (axis, (&n, &(lo, hi, gaps))) in x.shape().iter().zip(&self.config).enumerate() {
            ensure!(gaps >= 0, "the interior padding of axis {axis} is negative: {gaps}");
            // Sizes and paddings are below 2⁶³, so nothing here leaves an i128.
            let inner = n as i128 + (n as i128 - 1).max(0) * gaps as i128;
            let size = inner + lo as i128 + hi as i128;
            ensure!(size >= 0, "the padding ({lo}, {hi}, {gaps}) takes axis {axis} below size 0");
            let fits = |n: i128| usize::try_from(n).ok().filter(|_| lo > i64::MIN && hi > i64::MIN);
            let overflow = || fault!("the padding ({lo}, {hi}, {gaps}) of axis {axis} overflows");
            inner_shape.push(fits(inner).ok_or_else(overflow)?);
            shape.push(fits(size).ok_or_else(overflow)?);
        }
        // The transpose passes through the shape before low and high padding.
        checked_numel(&inner_shape)?;
        Ok(one(x.dtype(), &shape))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let ty = self.type_of(&[ins[0].ty().clone(), ins[1].ty().clone()])?.remove(0);
        let steps = strides(ty.shape());
        let target = |index: &[usize]| -> Option<usize> {
            let mut at = Shape::new();
            for ((&i, &(lo, _, gaps)), &n) in index.iter().zip(&self.config).zip(ty.shape()) {
                let k = lo as i128 + i as i128 * (gaps as i128 + 1);
                at.push(usize::try_from(k).ok().filter(|&k| k < n)?);
            }
            Some(ravel(&at, &steps))
        };
        crate::dispatch!(ty.dtype(), T => {
            let mut out = vec![ins[1].slice::<T>()[0]; ty.numel()];
            for (index, &x) in indices(ins[0].shape()).zip(ins[0].slice::<T>()) {
                if let Some(k) = target(&index) {
                    out[k] = x;
                }
            }
            Ok(vec![Value::new(ty.shape(), out)])
        })
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(self.clone(), b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None, None]) };
        let x = operands[0].ty(b);
        classes::each_linear(operands, |i, _| {
            if i == 0 {
                Some(self.cut_out(b, ct, x.shape()))
            } else {
                // Selecting instead of subtracting the operand's part from the whole sum keeps the
                // result free of cancellation.
                let padding = self.is_padding(b, x.shape());
                let rest = b.select(padding, ct, b.lit_like(ct, 0.0));
                let axes: Axes = (0..x.rank()).collect();
                Some(b.reduce_sum(rest, &axes))
            }
        })
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let (x, value) = (batch.ins[0], batch.ins[1]);
        let at_axis = |d: usize| {
            let mut prim = self.clone();
            prim.config.insert(d, (0, 0, 0));
            prim
        };
        let Some(value_dim) = batch.dims[1] else {
            let d = batch.dims[0].unwrap_or(0);
            return Ok((b.bind(at_axis(d), batch.ins)?, smallvec![Some(d)]));
        };
        // Each row has its own padding value: pad with anything, then put the values in.
        let zero = b.lit_like(value, 0.0);
        let (padded, d) = match batch.dims[0] {
            Some(d) => (b.op(at_axis(d), &[x, zero]), d),
            None => (repeat_along(b, b.op(self.clone(), &[x, zero]), 0, batch.size), 0),
        };
        let row = match batch.dims[0] {
            Some(d) => b.ty(x).without_axis(d),
            None => b.ty(x),
        };
        let padding = repeat_along(b, self.is_padding(b, row.shape()), d, batch.size);
        debug_assert_eq!(value_dim, 0, "a batched scalar has one axis");
        let values = b.broadcast_in_dim(value, b.ty(padded).shape(), &[d]);
        Ok((smallvec![b.select(padding, values, padded)], smallvec![Some(d)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, from: &[usize], config: &[(i64, i64, i64)]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            let args = vec![(Type::of(dtype, from), domain), (Type::scalar(dtype), domain)];
            Sample::new(Pad { config: config.into() }, args)
        };
        vec![
            sample(DType::F64, &[], &[]),
            sample(DType::F64, &[3], &[(0, 0, 0)]),
            sample(DType::F64, &[3], &[(1, 2, 0)]),
            sample(DType::F64, &[3], &[(0, 0, 2)]),
            sample(DType::F64, &[3], &[(2, 1, 1)]),
            sample(DType::F64, &[5], &[(-1, -2, 0)]),
            sample(DType::F64, &[5], &[(-2, 3, 1)]),
            sample(DType::F64, &[3], &[(5, -4, 2)]),
            sample(DType::F64, &[3], &[(-3, 0, 0)]),
            sample(DType::F64, &[2], &[(-4, 6, 0)]),
            sample(DType::F64, &[0], &[(1, 2, 3)]),
            sample(DType::F64, &[1], &[(1, 0, 7)]),
            sample(DType::F64, &[2, 3], &[(1, 1, 0), (0, -1, 2)]),
            sample(DType::F64, &[2, 0], &[(1, 0, 0), (0, 2, 0)]),
            sample(DType::F64, &[2, 1, 2], &[(0, 1, 0), (1, 1, 1), (0, 0, 1)]),
            sample(DType::F32, &[2, 2], &[(1, 0, 1), (0, 1, 0)]),
            sample(DType::BF16, &[3], &[(1, 0, 1)]),
            sample(DType::I32, &[3], &[(1, -1, 0)]),
            sample(DType::Bool, &[3], &[(1, 0, 1)]),
        ]
    }
}

impl Pad {
    /// The operand's part of an array of the result's shape, zeros for what negative padding cut.
    fn cut_out(&self, b: &Builder, y: Atom, operand: &[usize]) -> Atom {
        let back: Vec<_> = self.config.iter().map(|&(lo, hi, _)| (-lo, -hi, 0)).collect();
        let inner = b.pad(y, b.lit_like(y, 0.0), &back);
        // An axis with fewer than two elements has no gaps, and its stride may be anything.
        let strides: Axes = operand
            .iter()
            .zip(&self.config)
            .map(|(&n, &(_, _, gaps))| if n > 1 { gaps as usize + 1 } else { 1 })
            .collect();
        let start: Axes = SmallVec::from_elem(0, operand.len());
        b.slice(inner, &start, b.ty(inner).shape(), &strides)
    }

    /// For each element of the result, whether it is the padding value.
    fn is_padding(&self, b: &Builder, operand: &[usize]) -> Atom {
        let inside = b.full(&Type::of(DType::Bool, operand), 0.0);
        b.pad(inside, b.lit(DType::Bool, 1.0), &self.config)
    }
}
