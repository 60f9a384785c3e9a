//! Linearisation: jvp, then partial evaluation with the primals known.
//!
//! ```text
//! { lambda ; a:f32[]. let b:f32[] = sin a in (b,) }
//! ```
//! becomes a program that computes the result and the residuals, and a linear one
//! ```text
//! { lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = cos a in (b, c) }
//! { lambda ; a:f32[] b:f32[]. let c:f32[] = mul a b in (c,) }
//! ```
//! This is the only place where derivatives are split from values: reverse mode is this, transposed.

use super::jvp::jvp;
use super::partial_eval::partial_eval;
use crate::error::Error;
use crate::jaxpr::Jaxpr;

/// What [`linearize`] gives.
#[derive(Clone, Debug)]
pub struct Linearized {
    /// Inputs → results, then residuals.
    pub primal: Jaxpr,
    /// Tangents of the inputs asked for, then residuals → tangents of the results that have one.
    pub tangent: Jaxpr,
    /// Which results have a tangent; the others' are zero.
    pub out_tangents: Vec<bool>,
    /// The number of residuals.
    pub n_residuals: usize,
}

/// Linearises a jaxpr with respect to the inputs that `wrt` marks.
///
/// # Errors
/// A user's rule fails.
pub fn linearize(jaxpr: &Jaxpr, wrt: &[bool]) -> Result<Linearized, Error> {
    let n_out = jaxpr.outs().len();
    let mut j = jvp(jaxpr, wrt)?;
    let mut known = vec![true; jaxpr.n_ins()];
    known.resize(j.jaxpr.n_ins(), false);
    let part = partial_eval(&j.jaxpr, &known)?;
    debug_assert!(part.out_known[..n_out].iter().all(|k| *k), "primal results are known");
    // A tangent that does not depend on the tangents going in is zero, because the map is linear: a
    // rule gave an explicit array of zeros. It is dropped from both halves.
    let tangent_known = &part.out_known[n_out..];
    let mut flags = tangent_known.iter();
    for t in j.out_tangents.iter_mut().filter(|t| **t) {
        *t = !*flags.next().expect("one flag a tangent");
    }
    let n_zero = tangent_known.iter().filter(|k| **k).count();
    let mut primal = part.known;
    if n_zero > 0 {
        let mut keep = vec![true; primal.outs().len()];
        keep[n_out..n_out + n_zero].fill(false);
        primal = super::dce_with(&primal, &keep, &vec![true; primal.n_ins()]).jaxpr;
    }
    Ok(Linearized {
        primal,
        tangent: part.unknown,
        out_tangents: j.out_tangents,
        n_residuals: part.n_residuals,
    })
}
