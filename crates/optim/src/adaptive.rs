//! Optimisers that scale every number by the history of its gradients.

use crate::compose::GradientTransformation;
use crate::scaling::Step;
use crate::schedule::Schedule;
use crate::trees::{as_leaf, each};
use pullback::{Array, DType, Tree, tree};

/// See [`adam`] and [`adamw`].
#[derive(Clone, Copy, Debug)]
pub struct Adam<S = f64> {
    learning_rate: S,
    betas: (f64, f64),
    eps: f64,
    weight_decay: f64,
}

/// The state of [`adam`] and [`adamw`].
#[derive(Tree)]
pub struct AdamState<P> {
    /// How many steps were taken.
    pub step: Step,
    /// m, the running mean of gradients, like the parameters; zero at first.
    pub mean: P,
    /// v, the running mean of their squares.
    pub square: P,
}

/// Adam (Kingma and Ba 2015), with β₁ = 0.9, β₂ = 0.999, ε = 10⁻⁸:
///
/// m ← β₁ m + (1 − β₁) g, v ← β₂ v + (1 − β₂) g²,
/// update −lr · m̂ / (√v̂ + ε) where m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).
pub fn adam<S: Schedule>(learning_rate: S) -> Adam<S> {
    Adam { learning_rate, betas: (0.9, 0.999), eps: 1e-8, weight_decay: 0.0 }
}

/// Adam with decoupled weight decay (Loshchilov and Hutter 2019): [`adam`]'s update − lr · `weight_decay`
/// · p. PyTorch's default decay is 0.01.
pub fn adamw<S: Schedule>(learning_rate: S, weight_decay: f64) -> Adam<S> {
    Adam { weight_decay, ..adam(learning_rate) }
}

impl<S> Adam<S> {
    /// Other decays of the two running means.
    #[must_use]
    pub fn betas(self, beta1: f64, beta2: f64) -> Adam<S> {
        Adam { betas: (beta1, beta2), ..self }
    }

    /// Another ε, in the unit of the gradients.
    #[must_use]
    pub fn eps(self, eps: f64) -> Adam<S> {
        Adam { eps, ..self }
    }
}

/// 1 − βᵗ in f64, accurate for β near 1.
#[track_caller]
fn bias(beta: f64, step: &Step) -> Array {
    -(step.count.cast(DType::F64) * beta.ln()).expm1()
}

impl<S: Schedule> GradientTransformation for Adam<S> {
    type State<P: Tree> = AdamState<P>;

    #[track_caller]
    fn init<P: Tree>(&self, params: &P) -> AdamState<P> {
        let zeros = || tree::zeros_like(params);
        AdamState { step: Step::zero(), mean: zeros(), square: zeros() }
    }

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, state: &AdamState<P>, params: &P) -> (P, AdamState<P>) {
        let (beta1, beta2) = self.betas;
        let step = state.step.next();
        // The bias corrections as two numbers for all leaves, as PyTorch has them:
        // −lr / (1 − β₁ᵗ) · m / (√v / √(1 − β₂ᵗ) + ε).
        let rate = -self.learning_rate.at(&state.step.count);
        let of_mean = &rate / bias(beta1, &step);
        let of_root = bias(beta2, &step).rsqrt();
        let decay = (self.weight_decay != 0.0).then(|| &rate * self.weight_decay);
        let trees = [grads, &state.mean, &state.square, params];
        let [updates, mean, square] = each("adam", trees, |[g, m, v, p]| {
            let m = m * beta1 + g * (1.0 - beta1);
            let v = v * beta2 + g.square() * (1.0 - beta2);
            let root = v.sqrt() * as_leaf(&of_root, g) + self.eps;
            let mut update = &m * as_leaf(&of_mean, g) / root;
            if let Some(decay) = &decay {
                update += p * as_leaf(decay, g);
            }
            [update, m, v]
        });
        (updates, AdamState { step, mean, square })
    }
}

/// See [`rmsprop`].
#[derive(Clone, Copy, Debug)]
pub struct Rmsprop<S = f64> {
    learning_rate: S,
    decay: f64,
    eps: f64,
}

/// The state of [`rmsprop`].
#[derive(Tree)]
pub struct RmspropState<P> {
    /// How many steps were taken.
    pub step: Step,
    /// v, the running mean of squared gradients, like the parameters; zero at first.
    pub square: P,
}

/// RMSProp (Tieleman and Hinton 2012), as PyTorch's, with α = 0.99, ε = 10⁻⁸:
///
/// v ← α v + (1 − α) g², update −lr · g / (√v + ε).
pub fn rmsprop<S: Schedule>(learning_rate: S) -> Rmsprop<S> {
    Rmsprop { learning_rate, decay: 0.99, eps: 1e-8 }
}

impl<S> Rmsprop<S> {
    /// Another decay α of the running mean.
    #[must_use]
    pub fn decay(self, decay: f64) -> Rmsprop<S> {
        Rmsprop { decay, ..self }
    }

    /// Another ε, in the unit of the gradients.
    #[must_use]
    pub fn eps(self, eps: f64) -> Rmsprop<S> {
        Rmsprop { eps, ..self }
    }
}

impl<S: Schedule> GradientTransformation for Rmsprop<S> {
    type State<P: Tree> = RmspropState<P>;

    #[track_caller]
    fn init<P: Tree>(&self, params: &P) -> RmspropState<P> {
        RmspropState { step: Step::zero(), square: tree::zeros_like(params) }
    }

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, state: &RmspropState<P>, _: &P) -> (P, RmspropState<P>) {
        let rate = -self.learning_rate.at(&state.step.count);
        let [updates, square] = each("rmsprop", [grads, &state.square], |[g, v]| {
            let v = v * self.decay + g.square() * (1.0 - self.decay);
            [g * as_leaf(&rate, g) / (v.sqrt() + self.eps), v]
        });
        (updates, RmspropState { step: state.step.next(), square })
    }
}

/// See [`adagrad`].
#[derive(Clone, Copy, Debug)]
pub struct Adagrad<S = f64> {
    learning_rate: S,
    initial: f64,
    eps: f64,
}

/// The state of [`adagrad`].
#[derive(Tree)]
pub struct AdagradState<P> {
    /// How many steps were taken.
    pub step: Step,
    /// s, the sum of squared gradients, like the parameters.
    pub sum: P,
}

/// Adagrad (Duchi, Hazan and Singer 2011), as PyTorch's, with ε = 10⁻¹⁰:
///
/// s ← s + g², update −lr · g / (√s + ε).
pub fn adagrad<S: Schedule>(learning_rate: S) -> Adagrad<S> {
    Adagrad { learning_rate, initial: 0.0, eps: 1e-10 }
}

impl<S> Adagrad<S> {
    /// The value of s before the first step, 0 by default.
    #[must_use]
    pub fn initial(self, initial: f64) -> Adagrad<S> {
        Adagrad { initial, ..self }
    }

    /// Another ε, in the unit of the gradients.
    #[must_use]
    pub fn eps(self, eps: f64) -> Adagrad<S> {
        Adagrad { eps, ..self }
    }
}

impl<S: Schedule> GradientTransformation for Adagrad<S> {
    type State<P: Tree> = AdagradState<P>;

    #[track_caller]
    fn init<P: Tree>(&self, params: &P) -> AdagradState<P> {
        let [sum] = each("adagrad", [params], |[p]| [pullback::full_like(p, self.initial)]);
        AdagradState { step: Step::zero(), sum }
    }

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, state: &AdagradState<P>, _: &P) -> (P, AdagradState<P>) {
        let rate = -self.learning_rate.at(&state.step.count);
        let [updates, sum] = each("adagrad", [grads, &state.sum], |[g, s]| {
            let s = s + g.square();
            [g * as_leaf(&rate, g) / (s.sqrt() + self.eps), s]
        });
        (updates, AdagradState { step: state.step.next(), sum })
    }
}
