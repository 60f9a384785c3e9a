//! `grad` and `value_and_grad`.

use super::call::{At, ok_at, trace_call, types_of, zeros};
use crate::array::Array;
use crate::error::Error;
use crate::func::{Args, Flat, Func, IntoFunc, Loss, Signature, leaf_path};
use crate::trace::{TraceAs, apply};
use crate::tree::{Flatten, Leaves, Tree};
use pullback_ir::transform;
use std::panic::Location;

/// Selects argument `I`, for [`grad_wrt`].
#[derive(Clone, Copy, Debug, Default)]
pub struct Arg<const I: usize>;

/// Selects argument `I`, for [`grad_wrt`].
pub fn arg<const I: usize>() -> Arg<I> {
    Arg
}

/// A choice of arguments: [`Arg`], or a tuple of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` selects no argument of this function",
    note = "use `arg::<0>()` for the first argument, or a tuple such as `(arg::<0>(), arg::<2>())`; the \
            function must have that many arguments, not counting a key"
)]
pub trait Select<P>: Send + Sync + 'static {
    /// The selected arguments as a tree.
    type Tree: Tree;
    /// Their positions.
    fn positions() -> Vec<usize>;
    /// The selected arguments with other leaves.
    fn unflatten(primal: &P, leaves: &mut Leaves) -> Self::Tree;
}

macro_rules! select_arg {
    ($i:tt; $($A:ident),+; $T:ident) => {
        impl<$($A: Tree),+> Select<($($A,)+)> for Arg<$i> {
            type Tree = $T;
            fn positions() -> Vec<usize> {
                vec![$i]
            }
            fn unflatten(primal: &($($A,)+), leaves: &mut Leaves) -> $T {
                primal.$i.unflatten(leaves)
            }
        }
    };
}
macro_rules! select_args {
    ([$($A:ident),+]; $($T:ident $i:tt),+) => { select_args!(@ [$($A),+] $($T $i),+); };
    (@ $all:tt $($T:ident $i:tt),+) => { $(select_args!(@one $all $T $i);)+ };
    (@one [$($A:ident),+] $T:ident $i:tt) => { select_arg!($i; $($A),+; $T); };
}
select_args!([A, B]; A 0, B 1);
select_args!([A, B, C]; A 0, B 1, C 2);
select_args!([A, B, C, D]; A 0, B 1, C 2, D 3);
select_args!([A, B, C, D, E]; A 0, B 1, C 2, D 3, E 4);
select_args!([A, B, C, D, E, F]; A 0, B 1, C 2, D 3, E 4, F 5);
select_args!([A, B, C, D, E, F, G]; A 0, B 1, C 2, D 3, E 4, F 5, G 6);
select_args!([A, B, C, D, E, F, G, H]; A 0, B 1, C 2, D 3, E 4, F 5, G 6, H 7);

macro_rules! select_tuple {
    ($($S:ident),+) => {
        impl<P, $($S: Select<P>),+> Select<P> for ($($S,)+) {
            type Tree = ($($S::Tree,)+);
            fn positions() -> Vec<usize> {
                [$($S::positions()),+].concat()
            }
            fn unflatten(primal: &P, leaves: &mut Leaves) -> Self::Tree {
                ($($S::unflatten(primal, leaves),)+)
            }
        }
    };
}
select_tuple!(S0);
select_tuple!(S0, S1);
select_tuple!(S0, S1, S2);
select_tuple!(S0, S1, S2, S3);
select_tuple!(S0, S1, S2, S3, S4);
select_tuple!(S0, S1, S2, S3, S4, S5);
select_tuple!(S0, S1, S2, S3, S4, S5, S6);
select_tuple!(S0, S1, S2, S3, S4, S5, S6, S7);

type Out<'c, D> = <D as Signature<'c>>::Out;
type First<'c, D> = <<D as Signature<'c>>::Args as Args>::First;
type Primal<'c, D> = <<D as Signature<'c>>::Args as Args>::Primal;
type Chosen<'c, S, D> = <S as Select<Primal<'c, D>>>::Tree;

/// The gradient of a scalar function with respect to its first argument.
///
/// The result takes the same arguments and returns a tree like the first one: for a float leaf of
/// shape `s` the gradient has dtype and shape of the leaf, in units of the result over units of the
/// leaf; integer and boolean leaves get zeros of their own type. With [`Aux`](crate::Aux)iliary output
/// it returns `(gradient, aux)`.
///
/// By reverse mode: the linearised program, transposed (Radul et al. 2023, "You Only Linearize Once").
/// It takes a small multiple of the function's time, whatever the number of leaves (Griewank and
/// Walther 2008, ch. 4). At kinks and ties the derivative is JAX's: see `docs/derivatives.md`.
///
/// ```
/// # use pullback_array::{array, grad, Array};
/// let loss = |w: &Array, x: &Array| (w * x).square().sum();
/// let g = grad(loss)(&array![1.0, 2.0], &array![3.0, 4.0]); // 2 w x²
/// assert_eq!(g.to_vec::<f64>(), [18.0, 64.0]);
/// let third = grad(grad(grad(|x: &Array| x.powi(4)))); // any order
/// assert_eq!(third(&Array::from(2.0)).item::<f64>(), 48.0);
/// ```
///
/// # Panics
/// The returned function panics where the result is no float scalar, or the first argument holds a
/// [`Key`](crate::Key). [`try_call`](Func::try_call) gives an `Err` instead.
#[track_caller]
pub fn grad<'c, M, F>(
    f: F,
) -> Func<<F::Dyn as Signature<'c>>::With<<Out<'c, F::Dyn> as Loss>::WithGrad<First<'c, F::Dyn>>>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Loss,
{
    grad_as("grad", f)
}

/// [`grad`] for a transformation that begins with one, and whose name messages carry.
#[track_caller]
pub(super) fn grad_as<'c, M, F>(
    what: &'static str,
    f: F,
) -> Func<<F::Dyn as Signature<'c>>::With<<Out<'c, F::Dyn> as Loss>::WithGrad<First<'c, F::Dyn>>>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Loss,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("{what}({})", f.name());
    let call = F::Dyn::make(move |args| {
        let first = <<F::Dyn as Signature<'c>>::Args as Args>::first(args);
        let (_, aux, leaves) = run(what, &*f, args, &[0], false, at);
        let grad = first.unflatten(&mut Leaves::new(leaves));
        <Out<'c, F::Dyn> as Loss>::with_grad(aux, grad)
    });
    Func::new(call, name)
}

/// The value and the gradient of a scalar function with respect to its first argument, computed
/// together: returns `(value, gradient)`, or `((value, aux), gradient)` with [`Aux`](crate::Aux).
///
/// ```
/// # use pullback_array::{array, value_and_grad, Array, Aux};
/// let loss = |w: &Array, x: &Array| {
///     let y = w * x;
///     (y.square().sum(), Aux(y))
/// };
/// let ((value, y), g) = value_and_grad(loss)(&array![1.0, 2.0], &array![3.0, 4.0]);
/// assert_eq!((value.item::<f64>(), y.to_vec::<f64>()), (73.0, vec![3.0, 8.0]));
/// assert_eq!(g.to_vec::<f64>(), [18.0, 64.0]);
/// ```
///
/// # Panics
/// As [`grad`].
#[track_caller]
pub fn value_and_grad<'c, M, F>(
    f: F,
) -> Func<
    <F::Dyn as Signature<'c>>::With<<Out<'c, F::Dyn> as Loss>::ValueWithGrad<First<'c, F::Dyn>>>,
>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Loss,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("value_and_grad({})", f.name());
    let call = F::Dyn::make(move |args| {
        let first = <<F::Dyn as Signature<'c>>::Args as Args>::first(args);
        let (loss, aux, leaves) = run("value_and_grad", &*f, args, &[0], true, at);
        let grad = first.unflatten(&mut Leaves::new(leaves));
        let loss = loss.expect("the value was asked for");
        <Out<'c, F::Dyn> as Loss>::value_with_grad(loss, aux, grad)
    });
    Func::new(call, name)
}

/// The gradient with respect to the arguments that a selector names: `grad_wrt(arg::<1>(), f)`, or
/// `grad_wrt((arg::<0>(), arg::<2>()), f)` for a tuple of gradients. Checked at compile time.
///
/// # Panics
/// As [`grad`].
#[track_caller]
pub fn grad_wrt<'c, S, M, F>(
    _select: S,
    f: F,
) -> Func<<F::Dyn as Signature<'c>>::With<<Out<'c, F::Dyn> as Loss>::WithGrad<Chosen<'c, S, F::Dyn>>>>
where
    F: IntoFunc<'c, M>,
    S: Select<Primal<'c, F::Dyn>>,
    Out<'c, F::Dyn>: Loss,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("grad_wrt({:?}, {})", S::positions(), f.name());
    let call = F::Dyn::make(move |args| {
        let (_, aux, leaves) = run("grad_wrt", &*f, args, &S::positions(), false, at);
        let grad = chosen::<F::Dyn, S>(args, leaves);
        <Out<'c, F::Dyn> as Loss>::with_grad(aux, grad)
    });
    Func::new(call, name)
}

/// [`value_and_grad`] with respect to the arguments that a selector names, see [`grad_wrt`].
///
/// # Panics
/// As [`grad`].
#[track_caller]
pub fn value_and_grad_wrt<'c, S, M, F>(
    _select: S,
    f: F,
) -> Func<
    <F::Dyn as Signature<'c>>::With<
        <Out<'c, F::Dyn> as Loss>::ValueWithGrad<Chosen<'c, S, F::Dyn>>,
    >,
>
where
    F: IntoFunc<'c, M>,
    S: Select<Primal<'c, F::Dyn>>,
    Out<'c, F::Dyn>: Loss,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("value_and_grad_wrt({:?}, {})", S::positions(), f.name());
    let call = F::Dyn::make(move |args| {
        let (loss, aux, leaves) = run("value_and_grad_wrt", &*f, args, &S::positions(), true, at);
        let grad = chosen::<F::Dyn, S>(args, leaves);
        let loss = loss.expect("the value was asked for");
        <Out<'c, F::Dyn> as Loss>::value_with_grad(loss, aux, grad)
    });
    Func::new(call, name)
}

/// The selected arguments with gradients as their leaves.
fn chosen<'c, D: Signature<'c> + ?Sized, S: Select<Primal<'c, D>>>(
    args: <D::Args as Args>::Refs<'_>,
    leaves: Vec<Array>,
) -> Chosen<'c, S, D> {
    let all = Flat::of::<D::Args>(args).arrays();
    let primal = D::Args::into_primal(D::Args::unflatten(args, &mut Leaves::new(all)));
    S::unflatten(&primal, &mut Leaves::new(leaves))
}

/// The gradient of a call: loss, auxiliary output, and the leaves of the gradients.
fn run<'c, D: Signature<'c> + ?Sized>(
    what: &'static str,
    f: &D,
    args: <D::Args as Args>::Refs<'_>,
    wrt: &[usize],
    with_value: bool,
    at: At,
) -> (Option<Array>, <D::Out as Loss>::Aux, Vec<Array>)
where
    D::Out: Loss,
{
    let flat = Flat::of::<D::Args>(args);
    let types = types_of(&flat);
    let how = TraceAs { what, knows_values: true, made_at: at };
    let result = (|| {
        for &leaf in flat.flat.keys() {
            if wrt.contains(&flat.argument_of(leaf)) {
                return Err(Error::msg(format!(
                    "`{what}` cannot differentiate with respect to a key: {} is one; pass it as an \
                     argument of its own",
                    leaf_path::<D::Args>(args, leaf)
                )));
            }
        }
        let (traced, aux) = trace_call(f, args, &flat, &types, how, |out: D::Out| {
            let (loss, aux) = out.into_parts();
            let mut arrays = vec![loss];
            arrays.extend(Flatten::of(&aux).to_arrays());
            (arrays, aux)
        })?;
        // Which leaves belong to the selected arguments, in the order of the selection.
        let mut selected = Vec::new();
        for &argument in wrt {
            let start = if argument == 0 { 0 } else { flat.ends[argument - 1] };
            selected.extend(start..flat.ends[argument]);
        }
        let mut mask = vec![false; traced.jaxpr.n_ins()];
        for &leaf in &selected {
            mask[leaf] = types[leaf].is_float();
        }
        let program = match with_value {
            true => transform::value_and_grad(&traced.jaxpr, &mask)?,
            false => transform::grad(&traced.jaxpr, &mask)?,
        };
        let mut inputs = flat.arrays();
        inputs.extend(traced.captured);
        let mut outs = apply(&program, &inputs, at)?.into_iter();
        let loss = if with_value { outs.next() } else { None };
        let n_aux = Flatten::of(&aux).leaves().len();
        let aux_leaves: Vec<Array> = outs.by_ref().take(n_aux).collect();
        let aux = aux.unflatten(&mut Leaves::new(aux_leaves));
        // Gradients come in the order of the inputs.
        let mut by_leaf: Vec<Option<Array>> = vec![None; types.len()];
        for leaf in (0..types.len()).filter(|&i| mask[i]) {
            by_leaf[leaf] = outs.next();
        }
        let leaves = selected
            .into_iter()
            .map(|leaf| by_leaf[leaf].clone().unwrap_or_else(|| zeros(&types[leaf])))
            .collect();
        Ok((loss, aux, leaves))
    })();
    ok_at(result, what, at)
}
