//! `reshape`, `squeeze`, `expand_dims`: the same elements in the same row-major order under another
//! shape.
//!
//! ```text
//! b:f64[3,2] = reshape[dimensions=None new_sizes=(3, 2)] a:f64[2,3]
//! b:f64[2,3] = squeeze[dimensions=(0,)] a:f64[1,2,3]
//! b:f64[2,1,3] = expand_dims[dimensions=(1,)] a:f64[2,3]
//! ```
//!
//! All three are linear and each one's transpose is the way back. `squeeze` removes axes of size 1,
//! numbered as in the operand; `expand_dims`, which JAX does not have, inserts axes of size 1,
//! numbered as in the result.

use super::structural::{first_of, one, only_dim, shifted, shifted_all};
use super::typing::{ascending_axes, operands};
use super::*;
use crate::dtype::DType;
use crate::error::{ensure, fault};
use crate::param::Param;
use crate::shape::{Axes, Shape, checked_numel, numel, show, without_axes};
use smallvec::smallvec;

/// Changes of shape that keep the elements' order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reshape {
    /// `reshape[new_sizes=…]`
    Reshape {
        /// Shape of the result.
        new_sizes: Shape,
    },
    /// `squeeze[dimensions=…]`: removes dimensions of size 1.
    Squeeze {
        /// Which, of the operand, ascending.
        dimensions: Axes,
    },
    /// `expand_dims[dimensions=…]`: inserts dimensions of size 1.
    ExpandDims {
        /// Which, of the result, ascending.
        dimensions: Axes,
    },
}

impl Primitive for Reshape {
    fn names() -> &'static [&'static str] {
        &["reshape", "squeeze", "expand_dims"]
    }

    fn name(&self) -> &str {
        match self {
            Reshape::Reshape { .. } => "reshape",
            Reshape::Squeeze { .. } => "squeeze",
            Reshape::ExpandDims { .. } => "expand_dims",
        }
    }

    fn params(&self) -> Params {
        match self {
            Reshape::Reshape { new_sizes } => {
                smallvec![("dimensions", Param::None), ("new_sizes", Param::usizes(new_sizes))]
            }
            Reshape::Squeeze { dimensions } | Reshape::ExpandDims { dimensions } => {
                smallvec![("dimensions", Param::usizes(dimensions))]
            }
        }
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        if name == "reshape" {
            params.ignore(&["sharding"]);
            let permuted = params.usizes_opt("dimensions")?;
            if let Some(permutation) = permuted {
                return Err(fault!(
                    "a reshape that permutes its operand first is not read: write \
                     `transpose[permutation={}]` before it and `dimensions=None` here",
                    crate::text::print_param(&Param::usizes(&permutation))
                ));
            }
            return Ok(Reshape::Reshape { new_sizes: params.usizes("new_sizes")? });
        }
        let mut dimensions = params.usizes("dimensions")?;
        dimensions.sort_unstable();
        Ok(match name {
            "squeeze" => Reshape::Squeeze { dimensions },
            _ => Reshape::ExpandDims { dimensions },
        })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        match self {
            Reshape::Reshape { new_sizes } => {
                let n = checked_numel(new_sizes)?;
                ensure!(
                    n == x.numel(),
                    "{} elements do not fill the shape {} of {n}",
                    x.numel(),
                    show(new_sizes)
                );
            }
            Reshape::Squeeze { dimensions } => {
                ascending_axes("`dimensions` axis", dimensions, x.rank())?;
                for &d in dimensions {
                    let n = x.shape()[d];
                    ensure!(n == 1, "axis {d} has size {n}; only axes of size 1 are removed");
                }
            }
            Reshape::ExpandDims { dimensions } => {
                ascending_axes("`dimensions` axis", dimensions, x.rank() + dimensions.len())?;
            }
        }
        Ok(one(x.dtype(), &self.shape_of(x.shape())))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        Ok(vec![ins[0].reshaped(self.shape_of(ins[0].shape()))])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(self.clone(), b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None]) };
        let back = match self {
            Reshape::Reshape { .. } => b.reshape(ct, operands[0].ty(b).shape()),
            Reshape::Squeeze { dimensions } => b.expand_dims(ct, dimensions),
            Reshape::ExpandDims { dimensions } => b.squeeze(ct, dimensions),
        };
        Ok(first_of(back, 1))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let (x, d) = (batch.ins[0], only_dim(&batch));
        match self {
            Reshape::Reshape { new_sizes } => {
                // The batch dimension may stay where as many elements precede it as before.
                let before = numel(&b.ty(x).shape()[..d]);
                let stay = (0..=new_sizes.len()).find(|&k| numel(&new_sizes[..k]) == before);
                let (x, at) = match stay {
                    Some(at) => (x, at),
                    None => (b.move_axis(x, d, 0), 0),
                };
                let mut new_sizes = new_sizes.clone();
                new_sizes.insert(at, batch.size);
                Ok((b.bind(Reshape::Reshape { new_sizes }, &[x])?, smallvec![Some(at)]))
            }
            Reshape::Squeeze { dimensions } => {
                let at = d - dimensions.iter().filter(|&&k| k < d).count();
                let prim = Reshape::Squeeze { dimensions: shifted_all(dimensions, d) };
                Ok((b.bind(prim, &[x])?, smallvec![Some(at)]))
            }
            Reshape::ExpandDims { dimensions } => {
                let rank = b.ty(x).rank() - 1 + dimensions.len();
                let mut kept = (0..rank).filter(|k| !dimensions.contains(k));
                let at = if d == 0 { 0 } else { kept.nth(d - 1).map_or(rank, |k| k + 1) };
                let dimensions = dimensions.iter().map(|&k| shifted(k, at)).collect();
                Ok((b.bind(Reshape::ExpandDims { dimensions }, &[x])?, smallvec![Some(at)]))
            }
        }
    }

    fn samples() -> Vec<Sample> {
        let sample = |prim: Reshape, dtype, from: &[usize]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            Sample::new(prim, vec![(Type::of(dtype, from), domain)])
        };
        let reshape = |s: &[usize]| Reshape::Reshape { new_sizes: s.into() };
        let squeeze = |d: &[usize]| Reshape::Squeeze { dimensions: d.into() };
        let expand = |d: &[usize]| Reshape::ExpandDims { dimensions: d.into() };
        vec![
            sample(reshape(&[6]), DType::F64, &[2, 3]),
            sample(reshape(&[3, 2]), DType::F64, &[2, 3]),
            sample(reshape(&[2, 3, 2]), DType::F64, &[2, 6]),
            sample(reshape(&[4, 3]), DType::F64, &[2, 2, 3]),
            sample(reshape(&[1]), DType::F64, &[]),
            sample(reshape(&[]), DType::F64, &[1, 1]),
            sample(reshape(&[3, 0]), DType::F64, &[0, 2]),
            sample(reshape(&[2, 2]), DType::F32, &[4]),
            sample(reshape(&[4]), DType::Bool, &[2, 2]),
            sample(reshape(&[2, 2]), DType::I64, &[4]),
            sample(squeeze(&[0]), DType::F64, &[1]),
            sample(squeeze(&[1]), DType::F64, &[2, 1, 3]),
            sample(squeeze(&[0, 2]), DType::F64, &[1, 2, 1]),
            sample(squeeze(&[]), DType::F64, &[2, 1]),
            sample(squeeze(&[1]), DType::F16, &[3, 1]),
            sample(expand(&[0]), DType::F64, &[]),
            sample(expand(&[0, 2]), DType::F64, &[3, 2]),
            sample(expand(&[2]), DType::F64, &[3, 2]),
            sample(expand(&[1, 2]), DType::F64, &[0]),
            sample(expand(&[1]), DType::U32, &[3, 2]),
        ]
    }
}

impl Reshape {
    /// The shape of the result for an operand that fits.
    fn shape_of(&self, from: &[usize]) -> Shape {
        match self {
            Reshape::Reshape { new_sizes } => new_sizes.clone(),
            Reshape::Squeeze { dimensions } => without_axes(from, dimensions),
            Reshape::ExpandDims { dimensions } => {
                let mut shape = Shape::from_slice(from);
                for &d in dimensions {
                    shape.insert(d, 1);
                }
                shape
            }
        }
    }
}
