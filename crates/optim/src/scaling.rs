//! Transformations that scale, clip, or add to gradients.

use crate::compose::GradientTransformation;
use crate::schedule::Schedule;
use crate::trees::{as_leaf, each, map, number};
use pullback::{Array, DType, Tree, select, tree};

/// How many steps were taken, as an `i32[]`.
#[derive(Tree, Clone)]
pub struct Step {
    /// Counts from 0 and stops at the largest number.
    pub count: Array,
}

impl Step {
    /// Before the first step.
    pub fn zero() -> Step {
        Step { count: pullback::full::<i32>((), 0) }
    }

    /// After one more.
    #[must_use]
    #[track_caller]
    pub fn next(&self) -> Step {
        Step { count: self.count.minimum(i32::MAX - 1) + 1 }
    }
}

/// See [`scale`].
#[derive(Clone, Copy, Debug)]
pub struct Scale {
    factor: f64,
}

/// Multiplies by a number: `factor · g`.
pub fn scale(factor: f64) -> Scale {
    Scale { factor }
}

impl GradientTransformation for Scale {
    type State<P: Tree> = ();

    fn init<P: Tree>(&self, _: &P) {}

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, _: &(), _: &P) -> (P, ()) {
        (map("scale", grads, |g| g * self.factor), ())
    }
}

/// See [`scale_by_schedule`].
#[derive(Clone, Copy, Debug)]
pub struct ScaleBySchedule<S> {
    schedule: S,
}

/// Multiplies by a schedule: `schedule(t) · g`. A learning rate is minus its schedule.
pub fn scale_by_schedule<S: Schedule>(schedule: S) -> ScaleBySchedule<S> {
    ScaleBySchedule { schedule }
}

impl<S: Schedule> GradientTransformation for ScaleBySchedule<S> {
    type State<P: Tree> = Step;

    fn init<P: Tree>(&self, _: &P) -> Step {
        Step::zero()
    }

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, state: &Step, _: &P) -> (P, Step) {
        let factor = self.schedule.at(&state.count);
        (map("scale_by_schedule", grads, |g| g * as_leaf(&factor, g)), state.next())
    }
}

/// See [`add_decayed_weights`].
#[derive(Clone, Copy, Debug)]
pub struct AddDecayedWeights {
    decay: f64,
}

/// Weight decay, `g + decay · p`: before an optimiser it is the gradient of `decay/2 · |p|²` (PyTorch's
/// `weight_decay`), between an optimiser's scaling and the learning rate the decoupled decay of
/// [`adamw`](crate::adamw).
pub fn add_decayed_weights(decay: f64) -> AddDecayedWeights {
    AddDecayedWeights { decay }
}

impl GradientTransformation for AddDecayedWeights {
    type State<P: Tree> = ();

    fn init<P: Tree>(&self, _: &P) {}

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, _: &(), params: &P) -> (P, ()) {
        let [updates] = each("add_decayed_weights", [grads, params], |[g, p]| [g + p * self.decay]);
        (updates, ())
    }
}

/// The Euclidean norm of all float leaves together, as `f64[]`. Each leaf's squares are added in its
/// own dtype (f32 for f16 and bf16).
#[track_caller]
pub fn global_norm<P: Tree>(tree: &P) -> Array {
    let mut total = number(0.0);
    for leaf in tree::leaves(tree).iter().filter(|l| l.dtype().is_float()) {
        let leaf = match leaf.dtype() {
            DType::F16 | DType::BF16 => leaf.cast(DType::F32),
            _ => leaf.clone(),
        };
        total += leaf.square().sum().cast(DType::F64);
    }
    total.sqrt()
}

/// See [`clip_by_global_norm`].
#[derive(Clone, Copy, Debug)]
pub struct ClipByGlobalNorm {
    max_norm: f64,
}

/// Scales all gradients together so that their [`global_norm`] is at most `max_norm` (Pascanu et al.
/// 2013); smaller ones stay as they are. A NaN anywhere makes all NaN.
pub fn clip_by_global_norm(max_norm: f64) -> ClipByGlobalNorm {
    ClipByGlobalNorm { max_norm }
}

impl GradientTransformation for ClipByGlobalNorm {
    type State<P: Tree> = ();

    fn init<P: Tree>(&self, _: &P) {}

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, _: &(), _: &P) -> (P, ()) {
        let norm = global_norm(grads);
        let factor = select(norm.le(self.max_norm), 1.0, number(self.max_norm) / &norm);
        (map("clip_by_global_norm", grads, |g| g * as_leaf(&factor, g)), ())
    }
}
