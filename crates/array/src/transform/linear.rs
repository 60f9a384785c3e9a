//! `jvp`, `vjp`, `linearize` and `linear_transpose`.

use super::call::{At, ok_at, trace_call, types_of, zeros};
use crate::array::Array;
use crate::error::Error;
use crate::func::{Args, Flat, Func, IntoFunc, Signature};
use crate::random::Key;
use crate::trace::{TraceAs, Traced, apply};
use crate::tree::{Flatten, Leaves, Tree, template};
use pullback_ir::{Jaxpr, Type, transform};
use std::panic::Location;
use std::sync::Arc;

type Out<'c, D> = <D as Signature<'c>>::Out;
type Primal<'c, D> = <<D as Signature<'c>>::Args as Args>::Primal;

/// A linear function that `vjp` or `linearize` gives.
pub(crate) type LinearFn<A, B> = dyn Fn(&A) -> B + Send + Sync + 'static;

/// A traced call whose result is a tree.
pub(crate) struct Call<O> {
    pub(crate) traced: Traced,
    /// Types of the argument leaves.
    pub(crate) types: Vec<Type>,
    /// The arguments' leaves, then what was captured.
    pub(crate) inputs: Vec<Array>,
    /// The result, its leaves replaced by placeholders.
    pub(crate) out: O,
}

impl<O> Call<O> {
    /// Which inputs carry a tangent: float leaves of the arguments.
    pub(crate) fn float_mask(&self) -> Vec<bool> {
        let mut mask: Vec<bool> = self.types.iter().map(Type::is_float).collect();
        mask.resize(self.inputs.len(), false);
        mask
    }
}

/// Traces a call whose result is a tree.
pub(crate) fn trace_tree<'c, D>(
    f: &D,
    args: <D::Args as Args>::Refs<'_>,
    how: TraceAs,
) -> Result<Call<D::Out>, Error>
where
    D: Signature<'c> + ?Sized,
    D::Out: Tree,
{
    let flat = Flat::of::<D::Args>(args);
    let types = types_of(&flat);
    let (traced, out) = trace_call(f, args, &flat, &types, how, |out: D::Out| {
        (Flatten::of(&out).to_arrays(), template(&out))
    })?;
    let mut inputs = flat.arrays();
    inputs.extend(traced.captured.iter().cloned());
    Ok(Call { traced, types, inputs, out })
}

/// Checks that tangents or cotangents have the types of what they belong to; gives those of floats.
fn float_leaves<T: Tree>(what: &str, given: &T, types: &[Type]) -> Result<Vec<Array>, Error> {
    let flat = Flatten::of(given);
    let leaves = flat.leaves();
    let fault = |i: usize| {
        let flat = Flatten::with_paths(given);
        let path = flat.paths().get(i).cloned().unwrap_or_default();
        let at = if path.is_empty() { String::new() } else { format!(" at {path}") };
        let got = leaves.get(i).map_or("nothing".into(), |a| a.ty().to_string());
        let want = types.get(i).map_or("nothing".into(), Type::to_string);
        Error::msg(format!("the {what}{at} is {got}, but must have the type {want}"))
    };
    if leaves.len() != types.len() {
        return Err(fault(leaves.len().min(types.len())));
    }
    let mut floats = Vec::new();
    for (i, (leaf, ty)) in leaves.iter().zip(types).enumerate() {
        if !ty.is_float() {
            continue;
        }
        if leaf.dtype() != ty.dtype() || leaf.shape() != ty.shape() {
            return Err(fault(i));
        }
        floats.push((*leaf).clone());
    }
    Ok(floats)
}

/// The Jacobian–vector product: `jvp(f)(&x, &t)` gives `(f(x), ∂f(x)·t)`; for several arguments
/// `jvp(f)(&(x, y), &(tx, ty))`. Tangents have the types of their primals; those of integer leaves
/// are ignored, and integer results have zeros as tangents.
///
/// One pass, whatever the sizes, at two to three times the cost of `f`; nothing is kept.
///
/// ```
/// # use pullback_array::{array, jvp, Array};
/// let (y, t) = jvp(|x: &Array| x.square())(&array![1.0, 2.0], &array![1.0, -1.0]);
/// assert_eq!((y.to_vec::<f64>(), t.to_vec::<f64>()), (vec![1.0, 4.0], vec![2.0, -4.0]));
/// ```
///
/// # Panics
/// The returned function panics where a tangent has another type than its primal.
#[track_caller]
pub fn jvp<'c, M, F>(
    f: F,
) -> Func<<F::Dyn as Signature<'c>>::Pair<Primal<'c, F::Dyn>, (Out<'c, F::Dyn>, Out<'c, F::Dyn>)>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("jvp({})", f.name());
    let call = F::Dyn::make_pair(move |primal, tangent, key| {
        ok_at(run_jvp(&*f, primal, tangent, key, at), "jvp", at)
    });
    Func::new(call, name)
}

fn run_jvp<'c, D>(
    f: &D,
    primal: &Primal<'c, D>,
    tangent: &Primal<'c, D>,
    key: Option<&Key>,
    at: At,
) -> Result<(D::Out, D::Out), Error>
where
    D: Signature<'c> + ?Sized,
    D::Out: Tree,
{
    let how = TraceAs { what: "jvp", knows_values: true, made_at: at };
    let call = trace_tree(f, D::Args::from_primal(primal, key), how)?;
    let n_primal = Flatten::of(primal).leaves().len();
    let tangents = float_leaves("tangent", tangent, &call.types[..n_primal])?;
    let mut mask = call.float_mask();
    // A key behind the primals has no tangent.
    mask[n_primal..].fill(false);
    let j = transform::jvp(&call.traced.jaxpr, &mask)?;
    let mut inputs = call.inputs;
    inputs.extend(tangents);
    let mut outs = apply(&j.jaxpr, &inputs, at)?;
    let mut ts = outs.split_off(j.out_tangents.len()).into_iter();
    let ts = outs
        .iter()
        .zip(&j.out_tangents)
        .map(|(o, has)| if *has { ts.next() } else { None }.unwrap_or_else(|| zeros(&o.ty())))
        .collect();
    Ok((call.out.unflatten(&mut Leaves::new(outs)), call.out.unflatten(&mut Leaves::new(ts))))
}

/// A linearised call, applied: its result and residuals at hand.
struct AtPoint<P, O> {
    out: O,
    /// Tangents of float arguments, residuals → tangents of results that have one.
    tangent: Jaxpr,
    residuals: Vec<Array>,
    out_tangents: Vec<bool>,
    /// Templates and types of arguments and results.
    primal: P,
    in_types: Vec<Type>,
    out_template: O,
    out_types: Vec<Type>,
}

fn linearize_at<'c, D>(
    what: &'static str,
    f: &D,
    args: <D::Args as Args>::Refs<'_>,
    at: At,
) -> Result<AtPoint<Primal<'c, D>, D::Out>, Error>
where
    D: Signature<'c> + ?Sized,
    D::Out: Tree,
{
    let how = TraceAs { what, knows_values: true, made_at: at };
    let call = trace_tree(f, args, how)?;
    let blank = Flat::of::<D::Args>(args).arrays();
    let primal = D::Args::into_primal(D::Args::unflatten(args, &mut Leaves::new(blank)));
    let primal = template(&primal);
    let n_primal = Flatten::of(&primal).leaves().len();
    let mut mask = call.float_mask();
    mask[n_primal..].fill(false);
    let lin = transform::linearize(&call.traced.jaxpr, &mask)?;
    let out_types = call.traced.jaxpr.out_types();
    let mut outs = apply(&lin.primal, &call.inputs, at)?;
    let residuals = outs.split_off(out_types.len());
    Ok(AtPoint {
        out: call.out.unflatten(&mut Leaves::new(outs)),
        tangent: lin.tangent,
        residuals,
        out_tangents: lin.out_tangents,
        primal,
        in_types: call.types[..n_primal].to_vec(),
        out_template: call.out,
        out_types,
    })
}

/// A function at a point and its derivative there: `linearize(f)(&x)` gives `(f(x), t ↦ ∂f(x)·t)`. The
/// second is a [`Func`] that runs only the linear part, as often as it is called: use it where one
/// point has many directions, as in conjugate gradients. Tangents have the type of the argument,
/// results that of the result.
///
/// ```
/// # use pullback_array::{array, linearize, Array};
/// let (_, df) = linearize(|x: &Array| x.square())(&array![1.0, 2.0]);
/// assert_eq!(df(&array![1.0, 1.0]).to_vec::<f64>(), [2.0, 4.0]);
/// assert_eq!(df(&array![0.0, 1.0]).to_vec::<f64>(), [0.0, 4.0]);
/// ```
///
/// # Panics
/// The second function panics where the tangent has another type than the argument.
#[track_caller]
pub fn linearize<'c, M, F>(
    f: F,
) -> Func<
    <F::Dyn as Signature<'c>>::With<(
        Out<'c, F::Dyn>,
        Func<LinearFn<Primal<'c, F::Dyn>, Out<'c, F::Dyn>>>,
    )>,
>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("linearize({})", f.name());
    let call = F::Dyn::make(move |args| {
        let p = ok_at(linearize_at("linearize", &*f, args, at), "linearize", at);
        let AtPoint {
            out,
            tangent,
            residuals,
            out_tangents,
            in_types,
            out_template,
            out_types,
            ..
        } = p;
        let pushforward = move |t: &Primal<'c, F::Dyn>| {
            let result = (|| {
                let mut inputs = float_leaves("tangent", t, &in_types)?;
                inputs.extend(residuals.iter().cloned());
                let mut ts = apply(&tangent, &inputs, at)?.into_iter();
                let leaves = out_types
                    .iter()
                    .zip(&out_tangents)
                    .map(|(ty, has)| {
                        if *has { ts.next() } else { None }.unwrap_or_else(|| zeros(ty))
                    })
                    .collect();
                Ok(out_template.unflatten(&mut Leaves::new(leaves)))
            })();
            ok_at(result, "linearize", at)
        };
        let pushforward: Arc<LinearFn<_, _>> = Arc::new(pushforward);
        (out, Func::new(pushforward, "pushforward".into()))
    });
    Func::new(call, name)
}

/// A function at a point and its pullback there: `vjp(f)(&x)` gives `(f(x), ct ↦ ∂f(x)ᵀ·ct)`. The
/// second takes a cotangent like the result and gives one like the argument (for several arguments a
/// tuple); it can be called any number of times. Integer leaves of the argument get zeros of their own
/// dtype. The values that the backward pass needs live as long as the pullback does.
///
/// ```
/// # use pullback_array::{array, vjp, Array};
/// let (y, back) = vjp(|x: &Array, a: &Array| x * a)(&array![1.0, 2.0], &Array::from(3.0));
/// let (dx, da) = back(&array![1.0, 10.0]); // for several arguments a tuple
/// assert_eq!(y.to_vec::<f64>(), [3.0, 6.0]);
/// assert_eq!((dx.to_vec::<f64>(), da.item::<f64>()), (vec![3.0, 30.0], 21.0));
/// ```
///
/// # Panics
/// The pullback panics where the cotangent has another type than the result.
#[track_caller]
pub fn vjp<'c, M, F>(
    f: F,
) -> Func<
    <F::Dyn as Signature<'c>>::With<(
        Out<'c, F::Dyn>,
        Func<LinearFn<Out<'c, F::Dyn>, Primal<'c, F::Dyn>>>,
    )>,
>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("vjp({})", f.name());
    let call = F::Dyn::make(move |args| {
        let p = ok_at(linearize_at("vjp", &*f, args, at), "vjp", at);
        let (out, back) = ok_at(p.transposed(), "vjp", at);
        (out, pullback("vjp", back, at))
    });
    Func::new(call, name)
}

/// A transposed linear map, with its residuals.
struct Back<P> {
    jaxpr: Jaxpr,
    residuals: Vec<Array>,
    out_tangents: Vec<bool>,
    primal: P,
    in_types: Vec<Type>,
    out_types: Vec<Type>,
}

impl<P, O> AtPoint<P, O> {
    fn transposed(self) -> Result<(O, Back<P>), Error> {
        let n_lin = self.in_types.iter().filter(|t| t.is_float()).count();
        let linear: Vec<bool> = (0..self.tangent.n_ins()).map(|i| i < n_lin).collect();
        let jaxpr = transform::transpose(&self.tangent, &linear)?;
        let back = Back {
            jaxpr,
            residuals: self.residuals,
            out_tangents: self.out_tangents,
            primal: self.primal,
            in_types: self.in_types,
            out_types: self.out_types,
        };
        Ok((self.out, back))
    }
}

fn pullback<P: Tree, O: Tree>(what: &'static str, back: Back<P>, at: At) -> Func<LinearFn<O, P>> {
    let call = move |ct: &O| {
        let result = (|| {
            let cts = float_leaves("cotangent", ct, &back.out_types)?;
            let floats =
                back.out_types.iter().zip(&back.out_tangents).filter(|(t, _)| t.is_float());
            let cts = cts.into_iter().zip(floats).filter(|(_, (_, has))| **has).map(|(c, _)| c);
            let inputs: Vec<Array> = back.residuals.iter().cloned().chain(cts).collect();
            let mut cts = apply(&back.jaxpr, &inputs, at)?.into_iter();
            let leaves = back
                .in_types
                .iter()
                .map(|ty| {
                    if ty.is_float() { cts.next() } else { None }.unwrap_or_else(|| zeros(ty))
                })
                .collect();
            Ok(back.primal.unflatten(&mut Leaves::new(leaves)))
        })();
        ok_at(result, what, at)
    };
    let call: Arc<LinearFn<O, P>> = Arc::new(call);
    Func::new(call, "pullback".into())
}

/// The transpose of a linear function: `linear_transpose(f)(&x)` gives `ct ↦ fᵀ(ct)`, where `x` only
/// tells the types of the arguments.
///
/// ```
/// # use pullback_array::{array, linear_transpose, Array};
/// let differences = |x: &Array| x.get(1..) - x.get(..-1);
/// let t = linear_transpose(differences)(&array![0.0, 0.0, 0.0]);
/// assert_eq!(t(&array![1.0, 10.0]).to_vec::<f64>(), [-1.0, -9.0, 10.0]);
/// ```
///
/// # Panics
/// The returned function panics where `f` is not linear; the message names the operation.
#[track_caller]
pub fn linear_transpose<'c, M, F>(
    f: F,
) -> Func<<F::Dyn as Signature<'c>>::With<Func<LinearFn<Out<'c, F::Dyn>, Primal<'c, F::Dyn>>>>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("linear_transpose({})", f.name());
    let call = F::Dyn::make(move |args| {
        let result = (|| {
            let how = TraceAs { what: "linear_transpose", knows_values: false, made_at: at };
            let call = trace_tree(&*f, args, how)?;
            let mask = call.float_mask();
            let jaxpr = transform::transpose(&call.traced.jaxpr, &mask)?;
            let known = call.inputs.iter().zip(&mask).filter(|(_, m)| !**m);
            let residuals = known.map(|(a, _)| a.clone()).collect();
            let blank = Flat::of::<<F::Dyn as Signature<'c>>::Args>(args).arrays();
            let owned =
                <<F::Dyn as Signature<'c>>::Args as Args>::unflatten(args, &mut Leaves::new(blank));
            let primal = template(&<<F::Dyn as Signature<'c>>::Args as Args>::into_primal(owned));
            let n_primal = Flatten::of(&primal).leaves().len();
            let out_types = call.traced.jaxpr.out_types();
            let out_tangents = vec![true; out_types.len()];
            let in_types = call.types[..n_primal].to_vec();
            Ok(Back { jaxpr, residuals, out_tangents, primal, in_types, out_types })
        })();
        pullback("linear_transpose", ok_at(result, "linear_transpose", at), at)
    });
    Func::new(call, name)
}
