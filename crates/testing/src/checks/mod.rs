//! Checks of derivatives and batching of Rust functions.
//!
//! For a function f with Jacobian J at x, directions t and cotangents ct:
//!
//! - adjointness, ⟨ct, J t⟩ = ⟨Jᵀ ct, t⟩: forward and reverse mode are one linear map. It needs no step,
//!   so it is exact but for rounding, and it is checked first;
//! - differences, J t ≈ (f(x + h t) − f(x − h t)) / 2h: both are the derivative of f. Two steps, h and
//!   h/2, are combined to (4 D(h/2) − D(h)) / 3, whose error is of the order h⁴;
//! - `vmap(f)` gives the stacked results of f on each member.
//!
//! A custom rule with a wrong sign passes the first and fails the second.

mod batching;
mod derivatives;
mod flat;
mod mismatch;
#[cfg(test)]
mod tests;
mod tolerance;

pub use mismatch::Mismatch;

use flat::Flat;
use pullback_array::Tree;
use pullback_array::func::{Args, IntoFunc, Keyless, Signature};

type ArgsOf<'c, D> = <D as Signature<'c>>::Args;
type Primal<'c, D> = <<D as Signature<'c>>::Args as Args>::Primal;

/// How to check. Methods give a [`Mismatch`] instead of panicking; see also [`check_grads`].
///
/// ```
/// use pullback_array::{Array, array};
/// use pullback_testing::Checks;
///
/// // A kink at 0.05: a step of 0.001 stays on one side, one of 0.1 would not.
/// let f = |x: &Array| (x - 0.05).abs().sum();
/// Checks::new().step(1e-3).rtol(1e-8).grads(f, &array![0.2, -0.1], 1).unwrap();
/// assert!(Checks::new().step(0.2).grads(f, &array![0.06], 1).is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Checks {
    rtol: Option<f64>,
    atol: Option<f64>,
    step: Option<f64>,
    directions: usize,
    seed: u64,
    forward: bool,
    reverse: bool,
}

impl Default for Checks {
    fn default() -> Checks {
        Checks {
            rtol: None,
            atol: None,
            step: None,
            directions: 2,
            seed: 0,
            forward: true,
            reverse: true,
        }
    }
}

impl Checks {
    /// Two random directions, forward and reverse mode, and tolerances and step by the least precise
    /// float dtype among arguments and results:
    ///
    /// | dtype | difference | adjointness, `vmap` | step |
    /// |---|---|---|---|
    /// | f64 | 1e-6 | 1e-9 | 1e-3 |
    /// | f32 | 2e-3 | 1e-4 | 2e-2 |
    /// | f16 | 5e-2 | 2e-2 | 1e-1 |
    /// | bf16 | 2e-1 | 1e-1 | 2.5e-1 |
    ///
    /// A tolerance is relative to the size of the numbers and absolute below 1.
    pub fn new() -> Checks {
        Checks::default()
    }

    /// The relative tolerance of all comparisons.
    #[must_use]
    pub fn rtol(self, rtol: f64) -> Checks {
        Checks { rtol: Some(rtol), ..self }
    }

    /// The absolute tolerance of all comparisons.
    #[must_use]
    pub fn atol(self, atol: f64) -> Checks {
        Checks { atol: Some(atol), ..self }
    }

    /// The step h of central differences, as a multiple of directions with elements in [−1, 1].
    #[must_use]
    pub fn step(self, step: f64) -> Checks {
        Checks { step: Some(step), ..self }
    }

    /// How many random directions are tried.
    #[must_use]
    pub fn directions(self, n: usize) -> Checks {
        Checks { directions: n, ..self }
    }

    /// Other random directions.
    #[must_use]
    pub fn seed(self, seed: u64) -> Checks {
        Checks { seed, ..self }
    }

    /// Only forward mode: for functions whose reverse mode is meant to be something else.
    #[must_use]
    pub fn forward_only(self) -> Checks {
        Checks { forward: true, reverse: false, ..self }
    }

    /// Only reverse mode: for a `custom_vjp` whose backward pass is not linear, such as a clipped one.
    #[must_use]
    pub fn reverse_only(self) -> Checks {
        Checks { forward: false, reverse: true, ..self }
    }

    /// [`check_jvp`] with these settings.
    ///
    /// # Errors
    /// They disagree, or f fails.
    pub fn jvp<'c, M, F>(&self, f: F, args: &Primal<'c, F::Dyn>) -> Result<(), Mismatch>
    where
        F: IntoFunc<'c, M>,
        ArgsOf<'c, F::Dyn>: Keyless,
        <F::Dyn as Signature<'c>>::Out: Tree,
    {
        derivatives::jvp(self, &Flat::new(f, args)?)
    }

    /// [`check_vjp`] with these settings.
    ///
    /// # Errors
    /// They disagree, or f fails.
    pub fn vjp<'c, M, F>(&self, f: F, args: &Primal<'c, F::Dyn>) -> Result<(), Mismatch>
    where
        F: IntoFunc<'c, M>,
        ArgsOf<'c, F::Dyn>: Keyless,
        <F::Dyn as Signature<'c>>::Out: Tree,
    {
        derivatives::vjp(self, &Flat::new(f, args)?)
    }

    /// [`check_grads`] with these settings.
    ///
    /// # Errors
    /// They disagree, or f fails.
    pub fn grads<'c, M, F>(
        &self,
        f: F,
        args: &Primal<'c, F::Dyn>,
        order: usize,
    ) -> Result<(), Mismatch>
    where
        F: IntoFunc<'c, M>,
        ArgsOf<'c, F::Dyn>: Keyless,
        <F::Dyn as Signature<'c>>::Out: Tree,
    {
        derivatives::grads(self, &Flat::new(f, args)?, order)
    }

    /// [`check_vmap`] with these settings.
    ///
    /// # Errors
    /// They disagree, or f fails.
    pub fn vmap<'c, M, F>(&self, f: F, args: &Primal<'c, F::Dyn>) -> Result<(), Mismatch>
    where
        F: IntoFunc<'c, M>,
        ArgsOf<'c, F::Dyn>: Keyless,
        <F::Dyn as Signature<'c>>::Out: Tree,
    {
        batching::vmap(self, &Flat::new(f, args)?)
    }
}

/// Forward mode agrees with central differences: J t ≈ (f(x + h t) − f(x − h t)) / 2h in random
/// directions t, for every element of every float result. Tangents of other results are zeros.
///
/// `args` is the argument, or the tuple of several. A function of a key is wrapped in a closure that
/// makes the key, so that every evaluation draws the same numbers.
///
/// # Panics
/// They disagree; the message names the argument, the element of the result, both numbers, the tolerance
/// and the direction.
#[track_caller]
pub fn check_jvp<'c, M, F>(f: F, args: &Primal<'c, F::Dyn>)
where
    F: IntoFunc<'c, M>,
    ArgsOf<'c, F::Dyn>: Keyless,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    passed(Checks::new().jvp(f, args));
}

/// Reverse mode agrees with central differences: ⟨Jᵀ ct, t⟩ ≈ ⟨ct, (f(x + h t) − f(x − h t)) / 2h⟩ for
/// random directions t and cotangents ct. Cotangents of integer arguments are zeros.
///
/// # Panics
/// As [`check_jvp`].
#[track_caller]
pub fn check_vjp<'c, M, F>(f: F, args: &Primal<'c, F::Dyn>)
where
    F: IntoFunc<'c, M>,
    ArgsOf<'c, F::Dyn>: Keyless,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    passed(Checks::new().vjp(f, args));
}

/// All derivatives up to an order: adjointness, ⟨ct, J t⟩ = ⟨Jᵀ ct, t⟩, then forward and reverse mode
/// against central differences; from order 2 on the same for `jvp(f)` and the pullback of `vjp(f)` as
/// functions of arguments and directions.
///
/// ```
/// use pullback_array::{Array, array, custom_jvp};
/// use pullback_testing::{Checks, check_grads};
///
/// check_grads(|x: &Array, y: &Array| (x * y).sin(), &(array![0.1, 0.2], array![0.3, 0.4]), 2);
///
/// let wrong = custom_jvp(|x: &Array| x.sin(), |x: &Array, t: &Array| (x.sin(), t * x.cos() * 2.0));
/// let e = Checks::new().grads(wrong, &array![0.5], 1).unwrap_err();
/// assert!(e.to_string().contains("argument 0"));
/// ```
///
/// # Panics
/// As [`check_jvp`]; for order 0.
#[track_caller]
pub fn check_grads<'c, M, F>(f: F, args: &Primal<'c, F::Dyn>, order: usize)
where
    F: IntoFunc<'c, M>,
    ArgsOf<'c, F::Dyn>: Keyless,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    passed(Checks::new().grads(f, args, order));
}

/// `vmap(f)` gives what f gives on each member of the batch, stacked: all arguments batched in front,
/// and each leaf alone along each axis, in batches of 3, 1 and 0. `args` is one example; members are
/// made from it by moving floats by up to 0.1.
///
/// # Panics
/// They disagree; the message names the batched argument, the member, the element, both numbers and the
/// tolerance.
#[track_caller]
pub fn check_vmap<'c, M, F>(f: F, args: &Primal<'c, F::Dyn>)
where
    F: IntoFunc<'c, M>,
    ArgsOf<'c, F::Dyn>: Keyless,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    passed(Checks::new().vmap(f, args));
}

#[track_caller]
fn passed(result: Result<(), Mismatch>) {
    if let Err(e) = result {
        panic!("{e}");
    }
}
