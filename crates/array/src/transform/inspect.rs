//! `make_jaxpr` and `eval_shape`.

use super::call::ok_at;
use super::linear::trace_tree;
use crate::func::{Args, Func, IntoFunc, Signature};
use crate::trace::TraceAs;
use crate::tree::{Flatten, Tree};
use pullback_ir::{Jaxpr, Type, transform};
use std::fmt;
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

/// Types of the leaves of a result, with their paths.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shapes {
    /// `(path, type)` of each leaf.
    pub leaves: Vec<(String, Type)>,
}

impl fmt::Display for Shapes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, (path, ty)) in self.leaves.iter().enumerate() {
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

/// The types of a function's results without computing them. Arguments made by `zeros` are symbolic,
/// so that they cost no memory whatever their size.
#[track_caller]
pub fn eval_shape<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<Shapes>>
where
    F: IntoFunc<'c, M>,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("eval_shape({})", f.name());
    let call = F::Dyn::make(move |args| {
        let how = TraceAs { what: "eval_shape", knows_values: false, made_at: at };
        let call = ok_at(trace_tree(&*f, args, how), "eval_shape", at);
        let flat = Flatten::with_paths(&call.out);
        let leaves = flat.paths().iter().cloned().zip(call.traced.jaxpr.out_types()).collect();
        Shapes { leaves }
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

/// What an engine runs for a jaxpr.
pub(crate) fn lowered(jaxpr: &Jaxpr) -> Jaxpr {
    transform::dce(&transform::cse(&transform::simplify(&transform::inline_calls(jaxpr))))
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
