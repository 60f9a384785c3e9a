//! `reduce`: several arrays reduced together over some axes by a function of the user's.
//!
//! The sub-jaxpr takes the accumulators, then one element of each operand, all scalars, and gives the
//! new accumulators. The operands of the equation are the arrays, then the initial accumulators:
//!
//! ```text
//! c:f64[2] d:i64[2] = reduce[
//!   dimensions=(1,)
//!   jaxpr={ lambda ; e:f64[] f:i64[] g:f64[] h:i64[]. let
//!       i:f64[] = add e g
//!       j:i64[] = mul f h
//!     in (i, j) }
//! ] a b 0.0:f64[] 1:i64[]
//! ```
//!
//! The function must be associative, as XLA and JAX demand: engines may group elements as they like.
//! The order of the elements is kept, and each initial value enters once, before the first element
//! (XLA demands that it be the identity; here it need not). The interpreter goes from the first
//! element to the last.
//!
//! For derivatives, and for initial values that differ along a batch, the reduction is spelled out
//! as a balanced tree (`prim/tree.rs`): n applications of the sub-jaxpr in about log2 n groups, each
//! batched over its whole group. That tree is made of ordinary equations, so the jvp is linear in
//! the tangents and transposes, and can be differentiated again. A function that is not associative
//! gets the derivative of the tree.

use super::classes::batched_axis;
use super::typing::ascending_axes;
use super::*;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::ensure;
use crate::interp;
use crate::param::Param;
use crate::shape::{Axes, indices, numel, ravel, strides, without_axes};
use crate::transform;
use smallvec::smallvec;

/// `reduce[dimensions=… jaxpr=…] operands… inits…`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ReduceWith {
    /// Combines accumulators and elements.
    pub jaxpr: Jaxpr,
    /// The axes that go away, in ascending order.
    pub dimensions: Axes,
}

impl Primitive for ReduceWith {
    fn names() -> &'static [&'static str] {
        &["reduce"]
    }

    fn name(&self) -> &str {
        "reduce"
    }

    fn params(&self) -> Params {
        smallvec![
            ("dimensions", Param::usizes(&self.dimensions)),
            ("jaxpr", Param::Jaxpr(self.jaxpr.clone())),
        ]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<ReduceWith, Fault> {
        let mut dimensions = params.usizes("dimensions")?;
        dimensions.sort_unstable();
        params.ignore(&["computation", "out_sharding"]);
        Ok(ReduceWith { jaxpr: params.jaxpr("jaxpr")?, dimensions })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let n = ins.len() / 2;
        ensure!(
            n > 0 && ins.len() == 2 * n,
            "it takes arrays, then as many initial values, not {} operands",
            ins.len()
        );
        let (arrays, inits) = ins.split_at(n);
        ascending_axes("dimension", &self.dimensions, arrays[0].rank())?;
        ensure!(
            arrays.iter().all(|t| t.shape() == arrays[0].shape()),
            "the shapes of the arrays must be equal"
        );
        let scalars: Vec<Type> = arrays.iter().map(|t| Type::scalar(t.dtype())).collect();
        ensure!(
            inits == scalars.as_slice(),
            "the initial values must be {}",
            crate::types::show_types(&scalars)
        );
        let wanted: Vec<Type> = scalars.iter().chain(&scalars).cloned().collect();
        ensure!(
            self.jaxpr.in_types() == wanted.as_slice(),
            "the function must take {}: the accumulators, then one element of each array",
            crate::types::show_types(&wanted)
        );
        ensure!(
            self.jaxpr.out_types() == scalars,
            "the function must give {}, the new accumulators",
            crate::types::show_types(&scalars)
        );
        ensure!(self.jaxpr.effects() == Effects::NONE, "the function must not have effects");
        let shape = without_axes(arrays[0].shape(), &self.dimensions);
        Ok(arrays.iter().map(|t| t.with_shape(&shape)).collect())
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (arrays, inits) = ins.split_at(ins.len() / 2);
        let shape = arrays[0].shape();
        let kept = without_axes(shape, &self.dimensions);
        let mut kept_strides = strides(&kept).into_iter();
        let to_result: Axes = (0..shape.len())
            .map(|i| {
                let reduced = self.dimensions.contains(&i);
                if reduced { 0 } else { kept_strides.next().unwrap_or(0) }
            })
            .collect();
        let mut accs: Vec<Vec<Value>> = vec![inits.to_vec(); numel(&kept)];
        for (i, index) in indices(shape).enumerate() {
            let acc = &mut accs[ravel(&index, &to_result)];
            let mut args = std::mem::take(acc);
            args.extend(arrays.iter().map(|a| element(a, i)));
            *acc = interp::eval(&self.jaxpr, &args)?;
        }
        let collect = |k: usize| {
            crate::dispatch!(arrays[k].dtype(), T => {
                let data: Vec<T> = accs.iter().map(|acc| acc[k].slice::<T>()[0]).collect();
                Value::new(kept.clone(), data)
            })
        };
        Ok((0..arrays.len()).map(collect).collect())
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let outs = b.bind(self.clone(), primals)?;
        let types: Vec<Type> = primals.iter().map(|&x| b.ty(x)).collect();
        let wanted: Vec<bool> = tangents.iter().map(Option::is_some).collect();
        let tree = transform::jvp(&self.spelled_out(&types)?, &wanted)?;
        let args: Atoms = primals.iter().copied().chain(tangents.iter().copied().flatten()).collect();
        let results = b.inline(&tree.jaxpr, &args);
        let mut ts = results[outs.len()..].iter().copied();
        let outs_t = tree.out_tangents.iter().map(|&has| if has { ts.next() } else { None });
        Ok((outs, outs_t.collect()))
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear(self.name())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let n = batch.ins.len() / 2;
        let Batch { size, axis, ins, dims } = batch;
        if dims[n..].iter().any(Option::is_some) {
            let types: Vec<Type> = ins
                .iter()
                .zip(dims)
                .map(|(&x, d)| d.map_or(b.ty(x), |d| b.ty(x).without_axis(d)))
                .collect();
            let tree = self.spelled_out(&types)?;
            let tree = transform::vmap(&tree, size, dims, axis, transform::OutDims::Any)?;
            return Ok((b.inline(&tree.jaxpr, ins), tree.out_dims.into()));
        }
        let first = dims[0];
        let agreed = dims[..n].iter().all(|&d| d == first);
        let dim = if agreed { first.unwrap_or(0) } else { 0 };
        let mut all: Atoms = ins.into();
        if !agreed {
            for (x, &d) in all.iter_mut().zip(&dims[..n]) {
                *x = b.batch_to_front(*x, d, size);
            }
        }
        let dimensions: Axes =
            self.dimensions.iter().map(|&a| batched_axis(a, Some(dim))).collect();
        let before = dimensions.iter().filter(|&&a| a < dim).count();
        let outs = b.bind(ReduceWith { jaxpr: self.jaxpr.clone(), dimensions }, &all)?;
        let dims = smallvec![Some(dim - before); outs.len()];
        Ok((outs, dims))
    }

    fn samples() -> Vec<Sample> {
        use DType::*;
        let reduce = |jaxpr: &Jaxpr, dimensions: &[usize]| ReduceWith {
            jaxpr: jaxpr.clone(),
            dimensions: dimensions.into(),
        };
        let sample = |jaxpr: &Jaxpr, dtypes: &[DType], shape: &[usize], axes: &[usize]| {
            let domain = |d: DType| if d.is_float() { Domain::Range(0.3, 1.5) } else { Domain::Bits };
            let arrays = dtypes.iter().map(|&d| (Type::of(d, shape), domain(d)));
            let inits = dtypes.iter().map(|&d| (Type::scalar(d), domain(d)));
            Sample::new(reduce(jaxpr, axes), arrays.chain(inits).collect())
        };
        let product = combining(&[F64], |b, a| smallvec![b.mul(a[0], a[1])]);
        let halves = combining(&[F16], |b, a| smallvec![b.add(a[0], a[1])]);
        let counts = combining(&[F64, I64], |b, a| smallvec![b.add(a[0], a[2]), b.mul(a[1], a[3])]);
        // The affine maps x ↦ p·x + q, composed: associative, not commutative.
        let affine = combining(&[F64, F64], |b, a| {
            let (p, q, r, s) = (a[0], a[1], a[2], a[3]);
            smallvec![b.mul(p, r), b.add(b.mul(q, r), s)]
        });
        let last = combining(&[F64], |_, a| smallvec![a[1]]);
        let constant = combining(&[F64], |b, _| smallvec![b.lit(F64, 2.0)]);
        vec![
            sample(&product, &[F64], &[5], &[0]),
            sample(&product, &[F64], &[2, 3, 4], &[0, 2]),
            sample(&product, &[F64], &[3, 0], &[1]),
            sample(&product, &[F64], &[2, 1], &[1]),
            sample(&product, &[F64], &[2], &[]),
            sample(&counts, &[F64, I64], &[2, 3], &[1]),
            sample(&affine, &[F64, F64], &[5], &[0]),
            sample(&affine, &[F64, F64], &[3, 2], &[0]),
            sample(&halves, &[F16], &[4], &[0]),
            sample(&last, &[F64], &[3, 2], &[0]),
            sample(&constant, &[F64], &[2, 2], &[0]),
        ]
    }
}

impl ReduceWith {
    /// The reduction as a balanced tree of batched applications of the function.
    fn spelled_out(&self, types: &[Type]) -> Result<Jaxpr, Error> {
        let n = types.len() / 2;
        let (b, ins) = Builder::with_inputs(types);
        let kept = without_axes(types[0].shape(), &self.dimensions);
        let lanes = numel(&kept);
        let length: usize = self.dimensions.iter().map(|&a| types[0].shape()[a]).product();
        if length == 0 {
            let outs: Atoms = ins[n..].iter().map(|&init| b.broadcast_to(init, &kept)).collect();
            return Ok(b.finish(outs));
        }
        let arrays: Atoms = ins[..n]
            .iter()
            .map(|&x| b.reshape(tree::flatten_to_front(&b, x, &self.dimensions), &[length, lanes]))
            .collect();
        let reduced = tree::reduce(&b, arrays, &|b, xs, ys| self.apply(b, xs, ys))?;
        let inits: Atoms = ins[n..].iter().map(|&x| b.broadcast_to(x, &[lanes])).collect();
        let outs = self.apply(&b, &inits, &reduced)?;
        let outs: Atoms = outs.iter().map(|&y| b.reshape(y, &kept)).collect();
        Ok(b.finish(outs))
    }

    /// The function, elementwise on arrays of one shape.
    fn apply(&self, b: &Builder, accs: &[Atom], elements: &[Atom]) -> Result<Atoms, Error> {
        let ty = b.ty(accs[0]);
        let size = ty.numel();
        let args: Atoms = accs.iter().chain(elements).map(|&x| b.reshape(x, &[size])).collect();
        let dims: BatchDims = smallvec![Some(0); args.len()];
        let batched = transform::vmap(&self.jaxpr, size, &dims, None, transform::OutDims::Front)?;
        let outs = b.inline(&batched.jaxpr, &args);
        Ok(outs.iter().map(|&y| b.reshape(y, ty.shape())).collect())
    }
}

/// One element as a scalar.
fn element(x: &Value, i: usize) -> Value {
    crate::dispatch!(x.dtype(), T => Value::scalar(x.slice::<T>()[i]))
}

/// A sub-jaxpr for accumulators of these dtypes.
fn combining(dtypes: &[DType], body: impl Fn(&Builder, &[Atom]) -> Atoms) -> Jaxpr {
    let types: Vec<Type> = dtypes.iter().chain(dtypes).map(|&d| Type::scalar(d)).collect();
    let (b, ins) = Builder::with_inputs(&types);
    let outs = body(&b, &ins);
    b.finish(outs)
}
