//! What a function to be differentiated may return.

use crate::array::Array;
use crate::tree::{Flatten, Leaves, Tree};

/// Auxiliary output: `-> (Array, Aux<T>)` returns the loss and something that is not differentiated.
#[derive(Clone, Debug, Default)]
pub struct Aux<T>(pub T);

impl<T: Tree> Tree for Aux<T> {
    type Jac<A: Tree> = Aux<T::Jac<A>>;

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        self.0.flatten(out);
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        Aux(self.0.unflatten(leaves))
    }

    fn make_jac<A: Tree>(&self, rows: &mut dyn FnMut() -> A) -> Self::Jac<A> {
        Aux(self.0.make_jac(rows))
    }
}

/// The result of a function that `grad` takes: a scalar [`Array`], or one with [`Aux`]iliary output.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no loss that can be differentiated",
    note = "return a scalar `Array`, or `(Array, Aux<T>)` to give more than the loss",
    note = "for functions with other results use `jacrev`, `jacfwd` or `vjp`",
    note = "write the types of a closure's parameters, as references: `|x: &Array| ..`; without them the \
            compiler may take it for a function of a `Key`"
)]
pub trait Loss: Send + Sync + 'static {
    /// The auxiliary output, `()` without.
    type Aux: Tree;
    /// What `grad` returns for a gradient `G`.
    type WithGrad<G: 'static>: 'static;
    /// What `value_and_grad` returns for a gradient `G`.
    type ValueWithGrad<G: 'static>: 'static;
    /// Takes the result apart.
    fn into_parts(self) -> (Array, Self::Aux);
    /// Puts together what `grad` returns.
    fn with_grad<G: 'static>(aux: Self::Aux, grad: G) -> Self::WithGrad<G>;
    /// Puts together what `value_and_grad` returns.
    fn value_with_grad<G: 'static>(loss: Array, aux: Self::Aux, grad: G) -> Self::ValueWithGrad<G>;
}

impl Loss for Array {
    type Aux = ();
    type WithGrad<G: 'static> = G;
    type ValueWithGrad<G: 'static> = (Array, G);

    fn into_parts(self) -> (Array, ()) {
        (self, ())
    }

    fn with_grad<G: 'static>(_: (), grad: G) -> G {
        grad
    }

    fn value_with_grad<G: 'static>(loss: Array, _: (), grad: G) -> (Array, G) {
        (loss, grad)
    }
}

impl<T: Tree> Loss for (Array, Aux<T>) {
    type Aux = T;
    type WithGrad<G: 'static> = (G, T);
    type ValueWithGrad<G: 'static> = ((Array, T), G);

    fn into_parts(self) -> (Array, T) {
        (self.0, self.1.0)
    }

    fn with_grad<G: 'static>(aux: T, grad: G) -> (G, T) {
        (grad, aux)
    }

    fn value_with_grad<G: 'static>(loss: Array, aux: T, grad: G) -> ((Array, T), G) {
        ((loss, aux), grad)
    }
}
