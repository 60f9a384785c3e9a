//! Trees: nested Rust values whose leaves are arrays.
//!
//! Parameters, batches, states and results are trees: arrays, tuples, `Vec`, `Option`, maps, and structs
//! and enums with `#[derive(Tree)]`. Transformations flatten a tree to its leaves and put it together
//! again; what is no array (a `usize`, a `bool`, a `#[tree(skip)]` field) is static: part of the
//! structure, and so of the key under which `jit` remembers a program.

mod flatten;
mod impls;
mod ops;
mod rows;
#[cfg(test)]
mod tests;

pub use flatten::{Flatten, Leaves, Paths, Structure};
pub use impls::Static;
pub use ops::*;
pub(crate) use rows::template;
pub use rows::{Rows, count};

use crate::array::Array;

/// A nested value whose leaves are arrays. Derive it for structs and enums.
///
/// Trees are arrays, keys, tuples, `Vec`, `[T; N]`, `Option`, `Box`, `BTreeMap` and what derives it; integers,
/// `bool` and `String` are static, part of the structure. Arguments and results of transformed functions
/// are trees, and a gradient is a tree like what it belongs to.
///
/// ```
/// # use pullback_array::{Array, Tree, array, grad, tree};
/// #[derive(Tree)]
/// # #[tree(crate = "pullback_array")]
/// struct Params {
///     w: Array,
///     b: Array,
/// }
///
/// let p = Params { w: array![1.0, 2.0], b: Array::from(0.5) };
/// let g = grad(|p: &Params| (&p.w * &p.b).sum())(&p);
/// assert_eq!((g.w.to_vec::<f64>(), g.b.item::<f64>()), (vec![0.5, 0.5], 3.0));
/// let next = tree::zip(|p, g| p - g * 0.5, &p, &g);
/// assert_eq!(next.b.item::<f64>(), -1.0);
/// ```
///
/// `Tree` does not imply `Clone`, so that a struct may hold a [`Key`](crate::Key).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a tree of arrays",
    label = "not a tree",
    note = "add `#[derive(Tree)]` to the struct or enum",
    note = "numbers that should be differentiated or traced are arrays: use `Array` instead of `f32` or `f64`",
    note = "a field that is no array and should stay constant is marked `#[tree(skip)]`"
)]
pub trait Tree: Sized + Send + Sync + 'static {
    /// The type of the derivative of a `Self`-valued function by an `A`: an `A` for each leaf.
    type Jac<A: Tree>: Tree;

    /// Visits the leaves in order, and describes the structure around them.
    fn flatten<'a>(&'a self, out: &mut Flatten<'a>);

    /// A tree of the same structure with other leaves, taken in order.
    fn unflatten(&self, leaves: &mut Leaves) -> Self;

    /// The Jacobian from one `A` for each leaf, taken in order.
    fn make_jac<A: Tree>(&self, rows: &mut dyn FnMut() -> A) -> Self::Jac<A>;
}

impl Tree for Array {
    type Jac<A: Tree> = A;

    fn flatten<'a>(&'a self, out: &mut Flatten<'a>) {
        out.leaf(self);
    }

    fn unflatten(&self, leaves: &mut Leaves) -> Self {
        leaves.next()
    }

    fn make_jac<A: Tree>(&self, rows: &mut dyn FnMut() -> A) -> A {
        rows()
    }
}
