//! What a gradient transformation is, and how several make one.

use crate::trees::each;
use pullback::{Array, Tree, tree};

/// A pair of pure functions that turns gradients into updates.
///
/// The last one of a row, an optimiser such as [`sgd`](crate::sgd) or [`adam`](crate::adam), gives
/// updates that are added to the parameters. Others (clipping, weight decay) come before it. A new one
/// is a struct with this trait.
pub trait GradientTransformation: Send + Sync + 'static {
    /// What is carried from step to step, for parameters of type `P`: `()` if nothing is.
    type State<P: Tree>: Tree;

    /// The state before the first step.
    ///
    /// # Panics
    /// If the parameters hold a key.
    fn init<P: Tree>(&self, params: &P) -> Self::State<P>;

    /// The updates for these gradients, and the next state.
    ///
    /// # Panics
    /// If gradients, state and parameters differ in structure, shapes or dtypes.
    fn update<P: Tree>(&self, grads: &P, state: &Self::State<P>, params: &P)
    -> (P, Self::State<P>);
}

/// The parameters plus the updates; leaves that are no floats stay as they are.
///
/// # Panics
/// If the two differ in structure, shapes or dtypes.
#[track_caller]
pub fn apply_updates<P: Tree>(params: &P, updates: &P) -> P {
    tree::zip(|p, u| if p.dtype().is_float() { p + u } else { p.clone() }, params, updates)
}

/// One step: the parameters and the state after `update` and [`apply_updates`].
///
/// # Panics
/// As [`GradientTransformation::update`].
#[track_caller]
pub fn step<T: GradientTransformation, P: Tree>(
    transformation: &T,
    params: &P,
    grads: &P,
    state: &T::State<P>,
) -> (P, T::State<P>) {
    let (updates, state) = transformation.update(grads, state, params);
    (apply_updates(params, &updates), state)
}

/// Transformations one after the other: the updates of one are the gradients of the next. The tuple
/// itself does the same; this function only says so.
pub fn chain<T: GradientTransformation>(transformations: T) -> T {
    transformations
}

macro_rules! tuple_chain {
    ($($T:ident $i:tt),+) => {
        impl<$($T: GradientTransformation),+> GradientTransformation for ($($T,)+) {
            type State<Params_: Tree> = ($($T::State<Params_>,)+);

            #[track_caller]
            fn init<Params_: Tree>(&self, params: &Params_) -> Self::State<Params_> {
                ($(self.$i.init(params),)+)
            }

            #[track_caller]
            fn update<Params_: Tree>(
                &self,
                grads: &Params_,
                state: &Self::State<Params_>,
                params: &Params_,
            ) -> (Params_, Self::State<Params_>) {
                let mut updates: Option<Params_> = None;
                let states = ($({
                    let (next, state) =
                        self.$i.update(updates.as_ref().unwrap_or(grads), &state.$i, params);
                    updates = Some(next);
                    state
                },)+);
                (updates.expect("a tuple has a first element"), states)
            }
        }
    };
}

tuple_chain!(A 0);
tuple_chain!(A 0, B 1);
tuple_chain!(A 0, B 1, C 2);
tuple_chain!(A 0, B 1, C 2, D 3);
tuple_chain!(A 0, B 1, C 2, D 3, E 4);
tuple_chain!(A 0, B 1, C 2, D 3, E 4, F 5);

/// Nothing: the updates are the gradients.
impl GradientTransformation for () {
    type State<P: Tree> = ();

    fn init<P: Tree>(&self, _: &P) {}

    #[track_caller]
    fn update<P: Tree>(&self, grads: &P, _: &(), _: &P) -> (P, ()) {
        let [same] = each("chain", [grads], |[g]: [&Array; 1]| [g.clone()]);
        (same, ())
    }
}
