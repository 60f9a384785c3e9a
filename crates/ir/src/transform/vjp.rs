//! Reverse mode: linearise, then transpose.
//!
//! ```text
//! { lambda ; a:f32[]. let b:f32[] = sin a in (b,) }
//! ```
//! with [`value_and_grad`] becomes
//! ```text
//! { lambda ; a:f32[]. let
//!     b:f32[] = sin a
//!     c:f32[] = cos a
//!     d:f32[] = mul 1.0:f32[] c
//!   in (b, d) }
//! ```

use super::linearize::linearize;
use super::transpose::transpose_used;
use crate::builder::Builder;
use crate::check::debug_check;
use crate::error::Error;
use crate::jaxpr::{Atom, Jaxpr};
use crate::prim::Tangent;
use crate::types::Type;

/// Vector–Jacobian product: inputs, then one cotangent for each float result → results, then one
/// cotangent for each input that `wrt` marks.
///
/// # Errors
/// A user's rule fails.
pub fn vjp(jaxpr: &Jaxpr, wrt: &[bool]) -> Result<Jaxpr, Error> {
    let (b, ins) = Builder::with_inputs(jaxpr.in_types());
    let out_types = jaxpr.out_types();
    let cts = out_types.iter().map(|t| t.is_float().then(|| b.input(t.clone()))).collect();
    finish(b, jaxpr, wrt, &ins, cts)
}

/// Value and gradient of result 0, a float scalar: inputs → results, then one gradient for each
/// input that `wrt` marks. Further results are auxiliary.
///
/// # Errors
/// Result 0 is no float scalar, or a user's rule fails.
pub fn value_and_grad(jaxpr: &Jaxpr, wrt: &[bool]) -> Result<Jaxpr, Error> {
    let out_types = jaxpr.out_types();
    check_loss(&out_types)?;
    let (b, ins) = Builder::with_inputs(jaxpr.in_types());
    let mut cts: Vec<Tangent> = vec![None; out_types.len()];
    cts[0] = Some(b.lit(out_types[0].dtype(), 1.0));
    finish(b, jaxpr, wrt, &ins, cts)
}

/// The gradient of result 0, a float scalar: inputs → auxiliary results, then gradients.
///
/// # Errors
/// As [`value_and_grad`].
pub fn grad(jaxpr: &Jaxpr, wrt: &[bool]) -> Result<Jaxpr, Error> {
    let full = value_and_grad(jaxpr, wrt)?;
    let mut keep = vec![true; full.outs().len()];
    keep[0] = false;
    Ok(super::dce_with(&full, &keep, &vec![true; full.n_ins()]).jaxpr)
}

/// Refuses losses without a gradient.
fn check_loss(out_types: &[Type]) -> Result<(), Error> {
    let Some(loss) = out_types.first() else {
        return Err(Error::msg("`grad` needs a function with a result"));
    };
    if !loss.is_float() {
        return Err(Error::msg(format!(
            "`grad` needs a function with a float result, not {loss}: integers carry no derivative, \
             so convert to a float with `.cast(..)` before the steps to be differentiated"
        )));
    }
    if loss.rank() != 0 {
        return Err(Error::msg(format!(
            "`grad` needs a function with a scalar result, not {loss}: reduce it, e.g. with `.sum()`, \
             or use `jacrev` or `vjp`"
        )));
    }
    Ok(())
}

fn finish(
    b: Builder,
    jaxpr: &Jaxpr,
    wrt: &[bool],
    ins: &[Atom],
    cts: Vec<Tangent>,
) -> Result<Jaxpr, Error> {
    let n_out = jaxpr.outs().len();
    let lin = linearize(jaxpr, wrt)?;
    let primal = b.inline(&lin.primal, ins);
    let (values, residuals) = primal.split_at(n_out);
    // Cotangents of results without a tangent have nothing to flow into.
    let cts: Vec<Tangent> =
        cts.into_iter().zip(&lin.out_tangents).filter(|(_, t)| **t).map(|(c, _)| c).collect();
    let n_lin = wrt.iter().filter(|w| **w).count();
    let linear: Vec<bool> = (0..lin.tangent.n_ins()).map(|i| i < n_lin).collect();
    let used: Vec<bool> = cts.iter().map(Option::is_some).collect();
    let back = transpose_used(&lin.tangent, &linear, &used)?;
    let args: Vec<Atom> = residuals.iter().copied().chain(cts.into_iter().flatten()).collect();
    let mut got = b.inline(&back.jaxpr, &args).into_iter();
    let wanted = jaxpr.in_types().iter().zip(wrt).filter(|(_, w)| **w).map(|(t, _)| t);
    let grads: Vec<Atom> = wanted
        .zip(&back.nonzero)
        .map(|(t, &nz)| b.instantiate_as(if nz { got.next() } else { None }, t))
        .collect();
    let jaxpr = super::dce(&b.finish(values.iter().copied().chain(grads)));
    debug_check(&jaxpr);
    Ok(jaxpr)
}

/// Hessian–vector product of result 0, a float scalar, forward over reverse: inputs, then tangents of
/// the inputs that `wrt` marks → one product for each of those inputs.
///
/// # Errors
/// As [`value_and_grad`].
pub fn hvp(jaxpr: &Jaxpr, wrt: &[bool]) -> Result<Jaxpr, Error> {
    let n_aux = jaxpr.outs().len().saturating_sub(1);
    let g = grad(jaxpr, wrt)?;
    let (b, ins) = Builder::with_inputs(g.in_types());
    let ts: Vec<Tangent> =
        g.in_types().iter().zip(wrt).map(|(t, &w)| w.then(|| b.input(t.clone()))).collect();
    let (outs, outs_t) = super::jvp::jvp_into(&b, &g, &ins, &ts)?;
    let products: Vec<Atom> =
        outs.iter().zip(outs_t).skip(n_aux).map(|(&o, t)| b.instantiate(t, o)).collect();
    let jaxpr = super::dce(&b.finish(products));
    debug_check(&jaxpr);
    Ok(jaxpr)
}
