//! What every transformation does: trace a call, zeros for what has no derivative.

use crate::array::{Array, bind_in};
use crate::error::{Error, fail};
use crate::func::{Args, Flat, Signature};
use crate::trace::{In, TraceAs, Traced, trace};
use crate::tree::Leaves;
use pullback_ir::prim::broadcast::BroadcastInDim;
use pullback_ir::{Lit, Type};
use std::panic::Location;

/// A source line.
pub(crate) type At = &'static Location<'static>;

/// Traces a call of a function under its arguments' own types, or under `types` where those are seen
/// differently. `split` takes the result apart into flat arrays and what is left.
pub(crate) fn trace_call<'c, D: Signature<'c> + ?Sized, T>(
    f: &D,
    args: <D::Args as Args>::Refs<'_>,
    flat: &Flat<'_>,
    types: &[Type],
    how: TraceAs,
    split: impl FnOnce(D::Out) -> (Vec<Array>, T),
) -> Result<(Traced, T), Error> {
    let mut rest = None;
    let traced = trace(how, types, &flat.arrays(), |_, leaves| {
        let owned = D::Args::unflatten(args, &mut Leaves::new(leaves));
        let (arrays, t) = split(f.call(owned));
        rest = Some(t);
        arrays
    })?;
    Ok((traced, rest.expect("the traced function ran")))
}

/// The types of the leaves.
pub(crate) fn types_of(flat: &Flat<'_>) -> Vec<Type> {
    flat.flat.leaves().iter().map(|a| a.ty()).collect()
}

/// Zeros of a type, symbolic.
pub(crate) fn zeros(ty: &Type) -> Array {
    let lit = Lit::from_f64(ty.dtype(), 0.0);
    let prim = BroadcastInDim { shape: ty.shape().into(), broadcast_dimensions: [][..].into() };
    bind_in(prim, &[In::Lit(lit)])
}

/// The value, or a panic that names the transformation's line. The call of a `Func` cannot report its
/// own line, because closures cannot track their caller; the line where the transformation was made
/// is the closest that is known.
#[track_caller]
pub(crate) fn ok_at<T>(result: Result<T, Error>, what: &str, at: At) -> T {
    match result {
        Ok(x) => x,
        Err(e) => fail(Error::msg(format!("{e}\n  in the function made by `{what}` at {at}"))),
    }
}
