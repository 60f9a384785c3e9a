//! Learning rates that depend on the step.
//!
//! A schedule maps the number of steps taken so far, an `i32[]` that starts at 0, to an `f64[]`. A plain
//! `f64` is the constant schedule, and so is every function `Fn(&Array) -> Array` a schedule.
//!
//! ```
//! use pullback::Array;
//! use pullback_optim::schedule::{Schedule, cosine, warm_up};
//!
//! let rate = warm_up(10, cosine(1e-3, 1000, 0.0));
//! let at = |step: i32| rate.at(&Array::from(step)).item::<f64>();
//! assert_eq!(at(0), 0.0); // the first step of a warm-up moves nothing
//! assert_eq!((at(5), at(10)), (5e-4, 1e-3));
//! assert!((at(510) - 5e-4).abs() < 1e-12);
//! assert_eq!(at(5000), 0.0);
//! ```

use crate::trees::number;
use pullback::{Array, DType, select};
use std::f64::consts::PI;

/// A number for each step.
pub trait Schedule: Send + Sync + 'static {
    /// The value as `f64[]`, after the number of steps given as `i32[]`.
    fn at(&self, step: &Array) -> Array;
}

impl Schedule for f64 {
    fn at(&self, _: &Array) -> Array {
        number(*self)
    }
}

impl<F> Schedule for F
where
    F: Fn(&Array) -> Array + Send + Sync + 'static,
{
    #[track_caller]
    fn at(&self, step: &Array) -> Array {
        self(step)
    }
}

fn steps_f64(step: &Array) -> Array {
    step.cast(DType::F64)
}

/// Always the same.
#[derive(Clone, Copy, Debug)]
pub struct Constant {
    value: f64,
}

/// Always `value`; the number itself does as well.
pub fn constant(value: f64) -> Constant {
    Constant { value }
}

impl Schedule for Constant {
    fn at(&self, _: &Array) -> Array {
        number(self.value)
    }
}

/// See [`step`].
#[derive(Clone, Copy, Debug)]
pub struct StepDecay {
    initial: f64,
    factor: f64,
    every: usize,
}

/// `initial · factor^⌊t / every⌋`: multiplied by `factor` after every so many steps.
///
/// # Panics
/// If `every` is 0.
#[track_caller]
pub fn step(initial: f64, factor: f64, every: usize) -> StepDecay {
    assert!(every > 0, "`schedule::step` needs a number of steps, not 0");
    StepDecay { initial, factor, every }
}

impl Schedule for StepDecay {
    #[track_caller]
    fn at(&self, step: &Array) -> Array {
        let times = (steps_f64(step) / self.every as f64).floor();
        number(self.initial) * number(self.factor).pow(times)
    }
}

/// See [`exponential`].
#[derive(Clone, Copy, Debug)]
pub struct Exponential {
    initial: f64,
    factor: f64,
    per: usize,
}

/// `initial · factor^(t / per)`: like [`step`] but without jumps.
///
/// # Panics
/// If `per` is 0.
#[track_caller]
pub fn exponential(initial: f64, factor: f64, per: usize) -> Exponential {
    assert!(per > 0, "`schedule::exponential` needs a number of steps, not 0");
    Exponential { initial, factor, per }
}

impl Schedule for Exponential {
    #[track_caller]
    fn at(&self, step: &Array) -> Array {
        number(self.initial) * number(self.factor).pow(steps_f64(step) / self.per as f64)
    }
}

/// See [`linear`].
#[derive(Clone, Copy, Debug)]
pub struct Linear {
    from: f64,
    to: f64,
    steps: usize,
}

/// From `from` at step 0 in a straight line to `to` at step `steps`, and constant from there on.
///
/// # Panics
/// If `steps` is 0.
#[track_caller]
pub fn linear(from: f64, to: f64, steps: usize) -> Linear {
    assert!(steps > 0, "`schedule::linear` needs a number of steps, not 0");
    Linear { from, to, steps }
}

impl Schedule for Linear {
    #[track_caller]
    fn at(&self, step: &Array) -> Array {
        let done = (steps_f64(step) / self.steps as f64).minimum(1.0);
        done * (self.to - self.from) + self.from
    }
}

/// See [`cosine`].
#[derive(Clone, Copy, Debug)]
pub struct Cosine {
    initial: f64,
    steps: usize,
    end: f64,
}

/// From `initial` down to `end · initial` along half a cosine in `steps` steps, and constant from there
/// on: `initial · (end + (1 − end) · (1 + cos(π t / steps)) / 2)` (Loshchilov and Hutter 2017, without
/// restarts).
///
/// # Panics
/// If `steps` is 0.
#[track_caller]
pub fn cosine(initial: f64, steps: usize, end: f64) -> Cosine {
    assert!(steps > 0, "`schedule::cosine` needs a number of steps, not 0");
    Cosine { initial, steps, end }
}

impl Schedule for Cosine {
    #[track_caller]
    fn at(&self, step: &Array) -> Array {
        let done = (steps_f64(step) / self.steps as f64).minimum(1.0);
        let wave = ((done * PI).cos() + 1.0) * (0.5 * (1.0 - self.end));
        (wave + self.end) * self.initial
    }
}

/// See [`warm_up`].
#[derive(Clone, Copy, Debug)]
pub struct WarmUp<S> {
    steps: usize,
    then: S,
}

/// From 0 in a straight line to the first value of `then` at step `steps`; from there on `then`, with
/// its steps counted from there.
pub fn warm_up<S: Schedule>(steps: usize, then: S) -> WarmUp<S> {
    WarmUp { steps, then }
}

impl<S: Schedule> Schedule for WarmUp<S> {
    #[track_caller]
    fn at(&self, step: &Array) -> Array {
        let after = step - self.steps as i32;
        let then = self.then.at(&after.maximum(0));
        let part = steps_f64(step) / self.steps.max(1) as f64;
        select(after.lt(0), part * &then, &then)
    }
}
