//! Functions over the corresponding float leaves of several trees.

use pullback::{Array, DType, Tree, tree};

/// Applies a function to corresponding leaves of `N` trees of one structure and collects its `M`
/// results as trees. Leaves that are no floats are not passed: their results are zeros.
///
/// # Panics
/// If the structures differ.
#[track_caller]
pub(crate) fn each<P: Tree, const N: usize, const M: usize>(
    op: &str,
    trees: [&P; N],
    mut f: impl FnMut([&Array; N]) -> [Array; M],
) -> [P; M] {
    let flat = trees.map(tree::Flatten::of);
    for other in &flat[1..] {
        let same = other.structure() == flat[0].structure()
            && other.leaves().len() == flat[0].leaves().len();
        assert!(
            same,
            "`{op}` needs gradients, parameters and state of one structure: these differ in a length, \
             a variant or a static value; `init` makes a state for other parameters"
        );
    }
    let n = flat[0].leaves().len();
    let mut outs: [Vec<Array>; M] = std::array::from_fn(|_| Vec::with_capacity(n));
    for i in 0..n {
        let leaves: [&Array; N] = std::array::from_fn(|k| flat[k].leaves()[i]);
        let results = if leaves[0].dtype().is_float() {
            f(leaves)
        } else {
            std::array::from_fn(|_| pullback::zeros_like(leaves[0]))
        };
        for (out, result) in outs.iter_mut().zip(results) {
            out.push(result);
        }
    }
    outs.map(|leaves| tree::from_leaves(trees[0], leaves))
}

/// [`each`] for one tree and one result.
#[track_caller]
pub(crate) fn map<P: Tree>(op: &str, x: &P, mut f: impl FnMut(&Array) -> Array) -> P {
    let [y] = each(op, [x], |[x]| [f(x)]);
    y
}

/// A number of the source as an array of rank 0.
pub(crate) fn number(x: f64) -> Array {
    pullback::full::<f64>((), x)
}

/// A number computed in f64, in the dtype of a leaf.
pub(crate) fn as_leaf(x: &Array, leaf: &Array) -> Array {
    if leaf.dtype() == DType::F64 { x.clone() } else { x.cast(leaf.dtype()) }
}
