//! Gradient descent, with and without momentum.

use crate::compose::GradientTransformation;
use crate::scaling::Step;
use crate::schedule::Schedule;
use crate::trees::{as_leaf, each, map};
use pullback::{Tree, tree};

/// See [`sgd`].
#[derive(Clone, Copy, Debug)]
pub struct Sgd<S = f64> {
    learning_rate: S,
}

/// Gradient descent: the update is `−lr · g`.
pub fn sgd<S: Schedule>(learning_rate: S) -> Sgd<S> {
    Sgd { learning_rate }
}

impl<S: Schedule> GradientTransformation for Sgd<S> {
    type State<P: Tree> = Step;

    fn init<P: Tree>(&self, _: &P) -> Step {
        Step::zero()
    }

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, state: &Step, _: &P) -> (P, Step) {
        let rate = -self.learning_rate.at(&state.count);
        (map("sgd", grads, |g| g * as_leaf(&rate, g)), state.next())
    }
}

/// See [`momentum`] and [`nesterov`].
#[derive(Clone, Copy, Debug)]
pub struct Momentum<S = f64> {
    learning_rate: S,
    mu: f64,
    nesterov: bool,
}

/// The state of [`momentum`] and [`nesterov`].
#[derive(Tree)]
pub struct MomentumState<P> {
    /// How many steps were taken.
    pub step: Step,
    /// v, like the parameters; zero at first.
    pub velocity: P,
}

/// Gradient descent with heavy-ball momentum (Polyak 1964), as PyTorch's:
///
/// v ← μ v + g, update −lr · v.
pub fn momentum<S: Schedule>(learning_rate: S, mu: f64) -> Momentum<S> {
    Momentum { learning_rate, mu, nesterov: false }
}

/// Gradient descent with Nesterov's momentum (Nesterov 1983 in the form of Sutskever et al. 2013), as
/// PyTorch's:
///
/// v ← μ v + g, update −lr · (g + μ v).
pub fn nesterov<S: Schedule>(learning_rate: S, mu: f64) -> Momentum<S> {
    Momentum { learning_rate, mu, nesterov: true }
}

impl<S: Schedule> GradientTransformation for Momentum<S> {
    type State<P: Tree> = MomentumState<P>;

    #[track_caller]
    fn init<P: Tree>(&self, params: &P) -> MomentumState<P> {
        MomentumState { step: Step::zero(), velocity: tree::zeros_like(params) }
    }

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, state: &MomentumState<P>, _: &P) -> (P, MomentumState<P>) {
        let rate = -self.learning_rate.at(&state.step.count);
        let [updates, velocity] = each("momentum", [grads, &state.velocity], |[g, v]| {
            let v = v * self.mu + g;
            let rate = as_leaf(&rate, g);
            let update = if self.nesterov { (g + &v * self.mu) * rate } else { &v * rate };
            [update, v]
        });
        (updates, MomentumState { step: state.step.next(), velocity })
    }
}
