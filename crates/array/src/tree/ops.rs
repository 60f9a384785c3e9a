//! Functions on trees.
//!
//! `map`, `zip`, leaves with paths, one flat vector and back.

use super::{Flatten, Leaves, Tree};
use crate::array::Array;
use crate::error::{Error, fail};

/// Applies a function to every leaf.
#[track_caller]
pub fn map<T: Tree>(f: impl FnMut(&Array) -> Array, tree: &T) -> T {
    let flat = Flatten::of(tree);
    let leaves = flat.leaves().iter().copied().map(f).collect();
    tree.unflatten(&mut Leaves::new(leaves))
}

/// Applies a function to corresponding leaves of two trees of the same structure.
///
/// # Panics
/// If the structures differ.
#[track_caller]
pub fn zip<T: Tree>(mut f: impl FnMut(&Array, &Array) -> Array, a: &T, b: &T) -> T {
    let (fa, fb) = (Flatten::of(a), Flatten::of(b));
    if fa.structure() != fb.structure() || fa.leaves().len() != fb.leaves().len() {
        fail(Error::msg(
            "`tree::zip` needs two trees of the same structure: these differ in a length, a variant \
             or a static value",
        ));
    }
    let leaves = fa.leaves().iter().zip(fb.leaves()).map(|(x, y)| f(x, y)).collect();
    a.unflatten(&mut Leaves::new(leaves))
}

/// The leaves in order.
pub fn leaves<T: Tree>(tree: &T) -> Vec<Array> {
    Flatten::of(tree).to_arrays()
}

/// The leaves with their paths, such as `layers[2].w`.
pub fn leaves_with_paths<T: Tree>(tree: &T) -> Vec<(String, Array)> {
    let flat = Flatten::with_paths(tree);
    flat.paths().iter().cloned().zip(flat.to_arrays()).collect()
}
