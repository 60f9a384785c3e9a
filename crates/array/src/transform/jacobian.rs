//! `jacfwd`, `jacrev`, `hessian` and `hvp`.

use super::call::{At, ok_at, types_of, zeros};
use super::differentiate::grad_as;
use super::linear::trace_tree;
use crate::array::{Array, bind};
use crate::error::Error;
use crate::func::{Args, Flat, Func, IntoFunc, Signature, leaf_path};
use crate::random::Key;
use crate::trace::{TraceAs, apply};
use crate::tree::{Flatten, Leaves, Tree};
use pullback_ir::prim::convert::Convert;
use pullback_ir::prim::permute::Transpose;
use pullback_ir::prim::reshape::Reshape;
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Axes, Builder, DType, Shape, Type};
use std::panic::Location;

type Out<'c, D> = <D as Signature<'c>>::Out;
type First<'c, D> = <<D as Signature<'c>>::Args as Args>::First;
type Primal<'c, D> = <<D as Signature<'c>>::Args as Args>::Primal;
type Jac<'c, D> = <Out<'c, D> as Tree>::Jac<First<'c, D>>;

/// The Jacobian with respect to the first argument, by reverse mode: one pass for each element of the
/// result, all batched. Good for functions with few results.
///
/// The result is a tree of trees: for `f: A → O` a tree like `O` with a tree like `A` in place of each
/// leaf. The block of a result of shape `r` and an argument of shape `a` has shape `r ++ a`.
///
/// ```
/// # use pullback_array::{array, jacrev, Array};
/// let j = jacrev(|x: &Array| x.square() * x.sum())(&array![1.0, 2.0]);
/// assert_eq!(j.shape(), [2, 2]); // [i, j] is ∂yᵢ/∂xⱼ
/// assert_eq!(j.to_vec::<f64>(), [7.0, 1.0, 4.0, 16.0]);
/// ```
///
/// # Panics
/// The returned function panics where the first argument holds a [`Key`](crate::Key).
#[track_caller]
pub fn jacrev<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<Jac<'c, F::Dyn>>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("jacrev({})", f.name());
    let call = F::Dyn::make(move |args| {
        ok_at(jacobian("jacrev", &*f, args, Mode::Reverse, at), "jacrev", at)
    });
    Func::new(call, name)
}

/// The Jacobian with respect to the first argument, by forward mode: one pass for each element of the
/// argument, all batched. Good for functions with few arguments. The result is as for [`jacrev`], and so
/// are the panics.
#[track_caller]
pub fn jacfwd<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<Jac<'c, F::Dyn>>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("jacfwd({})", f.name());
    let call = F::Dyn::make(move |args| {
        ok_at(jacobian("jacfwd", &*f, args, Mode::Forward, at), "jacfwd", at)
    });
    Func::new(call, name)
}

type GradFn<'c, D> = <D as Signature<'c>>::With<First<'c, D>>;

/// The Hessian of a scalar function with respect to its first argument, forward over reverse. For an
/// argument of shape `a` it has shape `a ++ a`; for a tree it is a tree of trees, `h.w().b` for the block
/// ∂²f/∂w∂b of a derived struct. Time and memory are n times those of a gradient for n elements: where
/// products with the Hessian suffice, [`hvp`] does without it.
///
/// ```
/// # use pullback_array::{array, hessian, Array};
/// let h = hessian(|x: &Array| x.get(0).square() * x.get(1))(&array![3.0, 5.0]);
/// assert_eq!(h.to_vec::<f64>(), [10.0, 6.0, 6.0, 0.0]);
/// ```
///
/// # Panics
/// As [`grad`](super::grad).
#[track_caller]
pub fn hessian<'c, M, F>(
    f: F,
) -> Func<
    <GradFn<'c, F::Dyn> as Signature<'c>>::With<
        <First<'c, F::Dyn> as Tree>::Jac<First<'c, F::Dyn>>,
    >,
>
where
    F: IntoFunc<'c, M>,
    F::Dyn: Signature<'c, Out = Array>,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("hessian({})", f.name());
    let g: Func<GradFn<'c, F::Dyn>> = grad_as("hessian", f);
    let call = GradFn::<'c, F::Dyn>::make(move |args| {
        ok_at(jacobian("hessian", &*g, args, Mode::Forward, at), "hessian", at)
    });
    Func::new(call, name)
}

/// The Hessian–vector product of a scalar function with respect to its first argument, forward over
/// reverse, without the Hessian: `hvp(f)(&x, &v)`; with several arguments `hvp(f)(&(x, y), &v)`, where
/// `v` is like the first one. It costs a small multiple of a gradient (Pearlmutter 1994).
///
/// ```
/// # use pullback_array::{array, hvp, Array};
/// let f = |x: &Array| x.get(0).square() * x.get(1);
/// assert_eq!(hvp(f)(&array![3.0, 5.0], &array![1.0, 0.0]).to_vec::<f64>(), [10.0, 6.0]);
/// ```
///
/// # Panics
/// As [`grad`](super::grad), and where `v` has another type than the argument.
#[track_caller]
pub fn hvp<'c, M, F>(
    f: F,
) -> Func<<F::Dyn as Signature<'c>>::Pair<First<'c, F::Dyn>, First<'c, F::Dyn>>>
where
    F: IntoFunc<'c, M>,
    F::Dyn: Signature<'c, Out = Array>,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("hvp({})", f.name());
    let call =
        F::Dyn::make_pair(move |primal, v, key| ok_at(run_hvp(&*f, primal, v, key, at), "hvp", at));
    Func::new(call, name)
}

fn run_hvp<'c, D>(
    f: &D,
    primal: &Primal<'c, D>,
    v: &First<'c, D>,
    key: Option<&Key>,
    at: At,
) -> Result<First<'c, D>, Error>
where
    D: Signature<'c, Out = Array> + ?Sized,
{
    let how = TraceAs { what: "hvp", knows_values: true, made_at: at };
    let call = trace_tree(f, D::Args::from_primal(primal, key), how)?;
    let flat = Flatten::of(v);
    let n = flat.leaves().len();
    let mut mask = vec![false; call.inputs.len()];
    let mut tangents = Vec::new();
    for (i, (leaf, ty)) in flat.leaves().iter().zip(&call.types).enumerate() {
        mask[i] = ty.is_float();
        if leaf.ty() != *ty {
            return Err(Error::msg(format!(
                "`hvp` needs a vector like the first argument: leaf {i} is {}, not {ty}",
                leaf.ty()
            )));
        }
        if mask[i] {
            tangents.push((*leaf).clone());
        }
    }
    let program = transform::hvp(&call.traced.jaxpr, &mask)?;
    let types = call.types[..n].to_vec();
    let mut inputs = call.inputs;
    inputs.extend(tangents);
    let mut outs = apply(&program, &inputs, at)?.into_iter();
    let leaves = types
        .iter()
        .map(|t| if t.is_float() { outs.next() } else { None }.unwrap_or_else(|| zeros(t)))
        .collect();
    Ok(v.unflatten(&mut Leaves::new(leaves)))
}

#[derive(Clone, Copy, PartialEq)]
enum Mode {
    Forward,
    Reverse,
}

/// The rows of unit vectors of a type, `[n, shape…]`.
fn basis(ty: &Type) -> Array {
    let n = ty.numel();
    let b = Builder::new();
    let eye = b.eq(b.iota(DType::I32, &[n, n], 0), b.iota(DType::I32, &[n, n], 1));
    let jaxpr = b.finish([eye]);
    let eye = crate::error::ok(apply(&jaxpr, &[], Location::caller())).remove(0);
    let eye = bind(Convert::ElementType { new_dtype: ty.dtype() }, &[&eye]);
    reshape(&eye, &[&[n], ty.shape()].concat())
}

fn reshape(x: &Array, shape: &[usize]) -> Array {
    bind(Reshape::Reshape { new_sizes: Shape::from_slice(shape) }, &[x])
}

fn jacobian<'c, D>(
    what: &'static str,
    f: &D,
    args: <D::Args as Args>::Refs<'_>,
    mode: Mode,
    at: At,
) -> Result<Jac<'c, D>, Error>
where
    D: Signature<'c> + ?Sized,
    D::Out: Tree,
{
    let flat = Flat::of::<D::Args>(args);
    let types = types_of(&flat);
    let n_first = flat.ends[0];
    if let Some(&leaf) = flat.flat.keys().iter().find(|&&leaf| leaf < n_first) {
        return Err(Error::msg(format!(
            "`{what}` cannot differentiate with respect to a key: {} is one",
            leaf_path::<D::Args>(args, leaf)
        )));
    }
    let how = TraceAs { what, knows_values: true, made_at: at };
    let call = trace_tree(f, args, how)?;
    let mut mask = vec![false; call.inputs.len()];
    for i in 0..n_first {
        mask[i] = types[i].is_float();
    }
    let lin = transform::linearize(&call.traced.jaxpr, &mask)?;
    let out_types = call.traced.jaxpr.out_types();
    let residuals = apply(&lin.primal, &call.inputs, at)?.split_off(out_types.len());
    let wrt: Vec<&Type> = types[..n_first].iter().filter(|t| t.is_float()).collect();
    // blocks[out][in], for results and float arguments that have a derivative.
    let mut blocks: Vec<Vec<Option<Array>>> = vec![vec![None; wrt.len()]; out_types.len()];
    match mode {
        Mode::Reverse => {
            let linear: Vec<bool> = (0..lin.tangent.n_ins()).map(|i| i < wrt.len()).collect();
            let with_tangent: Vec<usize> =
                (0..out_types.len()).filter(|&k| lin.out_tangents[k]).collect();
            for (position, &k) in with_tangent.iter().enumerate() {
                let used: Vec<bool> = (0..with_tangent.len()).map(|i| i == position).collect();
                let back = transform::transpose_used(&lin.tangent, &linear, &used)?;
                let n = out_types[k].numel();
                let mut dims = vec![None; residuals.len()];
                dims.push(Some(0));
                let batched = transform::vmap(&back.jaxpr, n, &dims, None, OutDims::Front)?;
                let mut inputs = residuals.clone();
                inputs.push(basis(&out_types[k]));
                let mut rows = apply(&batched.jaxpr, &inputs, at)?.into_iter();
                for (i, _) in back.nonzero.iter().enumerate().filter(|(_, nz)| **nz) {
                    let row = rows.next().expect("one result a nonzero cotangent");
                    let shape = [out_types[k].shape(), wrt[i].shape()].concat();
                    blocks[k][i] = Some(reshape(&row, &shape));
                }
            }
        }
        Mode::Forward => {
            for (i, ty) in wrt.iter().enumerate() {
                let n = ty.numel();
                let mut dims = vec![None; lin.tangent.n_ins()];
                dims[i] = Some(0);
                let batched = transform::vmap(&lin.tangent, n, &dims, None, OutDims::Front)?;
                let mut inputs: Vec<Array> = wrt.iter().map(|t| zeros(t)).collect();
                inputs[i] = basis(ty);
                inputs.extend(residuals.iter().cloned());
                let columns = apply(&batched.jaxpr, &inputs, at)?;
                let outs = (0..out_types.len()).filter(|&k| lin.out_tangents[k]);
                for (k, column) in outs.zip(columns) {
                    // [n, result…] to [result…, n].
                    let rank = column.ndim();
                    let permutation: Axes = (1..rank).chain([0]).collect();
                    let block = bind(Transpose { permutation }, &[&column]);
                    let shape = [out_types[k].shape(), ty.shape()].concat();
                    blocks[k][i] = Some(reshape(&block, &shape));
                }
            }
        }
    }
    let first = D::Args::first(args);
    let mut rows = out_types.iter().zip(blocks).map(|(out, blocks)| {
        let mut blocks = blocks.into_iter();
        let leaves = types[..n_first]
            .iter()
            .map(|ty| {
                let block = if ty.is_float() { blocks.next().flatten() } else { None };
                block.unwrap_or_else(|| {
                    zeros(&Type::new(ty.dtype(), [out.shape(), ty.shape()].concat()))
                })
            })
            .collect();
        first.unflatten(&mut Leaves::new(leaves))
    });
    Ok(call.out.make_jac(&mut || rows.next().expect("one row a leaf of the result")))
}
