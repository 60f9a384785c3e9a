//! `make_jaxpr` and `eval_shape`.

use super::call::ok_at;
use super::linear::trace_tree;
use crate::func::{Args, Func, IntoFunc, Signature};
use crate::trace::{TraceAs, types_only};
use crate::tree::{Flatten, Leaves, Tree};
use pullback_ir::{Jaxpr, Type};
use std::fmt;
use std::ops::Deref;
use std::panic::Location;

/// The jaxpr of a function: `println!("{}", make_jaxpr(f)(&x))`. Inputs are the leaves of the
/// arguments, then captured arrays.
#[track_caller]
pub fn make_jaxpr<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<Jaxpr>>
where
    F: IntoFunc<'c, M>,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("make_jaxpr({})", f.name());
    let call = F::Dyn::make(move |args| {
        let how = TraceAs { what: "make_jaxpr", knows_values: false, made_at: at };
        ok_at(trace_tree(&*f, args, how), "make_jaxpr", at).traced.jaxpr
    });
    Func::new(call, name)
}

/// The types of a function's result: the tree that the function returns, whose arrays have a dtype and
/// a shape and no elements. Fields are read through it, `shapes.w.shape()`; it prints as a list.
pub struct Shapes<T> {
    tree: T,
}

impl<T: Tree> Shapes<T> {
    /// The path and type of each leaf.
    pub fn leaves(&self) -> Vec<(String, Type)> {
        let flat = Flatten::with_paths(&self.tree);
        flat.paths().iter().cloned().zip(flat.leaves().iter().map(|a| a.ty())).collect()
    }

    /// The tree itself, for instance to make one of zeros with [`tree::zeros_like`](crate::tree::zeros_like)
    /// or to ask for the shapes of the next function.
    pub fn into_tree(self) -> T {
        self.tree
    }
}

impl<T> Deref for Shapes<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.tree
    }
}

impl<T: Tree> fmt::Display for Shapes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (path, ty)) in self.leaves().iter().enumerate() {
            if i > 0 {
                f.write_str(", ")?;
            }
            match path.is_empty() {
                true => write!(f, "{ty}")?,
                false => write!(f, "{path}: {ty}")?,
            }
        }
        Ok(())
    }
}

impl<T: Tree> fmt::Debug for Shapes<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Shapes({self})")
    }
}

type Out<'c, D> = <D as Signature<'c>>::Out;

/// The types of a function's results without computing them. Arguments made by `zeros` are symbolic,
/// so that they cost no memory whatever their size.
///
/// ```
/// # use pullback_array::{eval_shape, zeros, Array};
/// let f = |x: &Array, w: &Array| (x.dot(w), vec![x.sum()]);
/// let shapes = eval_shape(f)(&zeros::<f32>([1_000_000, 1000]), &zeros::<f32>([1000, 10]));
/// assert_eq!(shapes.0.shape(), [1_000_000, 10]);
/// assert_eq!(shapes.to_string(), "[0]: f32[1000000,10], [1][0]: f32[]");
/// ```
///
/// # Panics
/// Reading elements of the result's arrays, or computing with them, is an error that says so.
#[track_caller]
pub fn eval_shape<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<Shapes<Out<'c, F::Dyn>>>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("eval_shape({})", f.name());
    let call = F::Dyn::make(move |args| {
        let how = TraceAs { what: "eval_shape", knows_values: false, made_at: at };
        let call = ok_at(trace_tree(&*f, args, how), "eval_shape", at);
        let leaves = types_only(how, call.traced.jaxpr.out_types());
        Shapes { tree: call.out.unflatten(&mut Leaves::new(leaves)) }
    });
    Func::new(call, name)
}

/// The jaxpr of one call.
#[track_caller]
pub(crate) fn jaxpr_of<'c, D>(f: &Func<D>, args: <D::Args as Args>::Refs<'_>) -> Jaxpr
where
    D: Signature<'c> + ?Sized,
    D::Out: Tree,
{
    let at = Location::caller();
    let how = TraceAs { what: "make_jaxpr", knows_values: false, made_at: at };
    ok_at(trace_tree(&*f.call, args, how), "jaxpr", at).traced.jaxpr
}

/// A jaxpr as a function: takes the inputs as a `Vec`, gives the results as one. It can be transformed
/// like any other function, so that text from elsewhere becomes a citizen.
///
/// # Panics
/// The returned function panics where arguments do not have the types of the inputs.
#[track_caller]
pub fn from_jaxpr(
    jaxpr: &Jaxpr,
) -> Func<dyn Fn(&Vec<crate::Array>) -> Vec<crate::Array> + Send + Sync> {
    let at = Location::caller();
    let jaxpr = jaxpr.clone();
    let call = move |args: &Vec<crate::Array>| {
        let types: Vec<Type> = args.iter().map(crate::Array::ty).collect();
        if types != jaxpr.in_types() {
            let e = crate::Error::msg(format!(
                "the jaxpr takes {}, not {}",
                pullback_ir::types::show_types(jaxpr.in_types()),
                pullback_ir::types::show_types(&types)
            ));
            return ok_at(Err(e), "from_jaxpr", at);
        }
        ok_at(crate::trace::apply(&jaxpr, args, at), "from_jaxpr", at)
    };
    Func::new(std::sync::Arc::new(call), "from_jaxpr".into())
}
