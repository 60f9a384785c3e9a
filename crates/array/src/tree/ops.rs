//! Functions on trees.
//!
//! `map`, `zip`, leaves with paths, one flat vector and back. They refuse trees that hold keys, since
//! they would make a second key with the same bits.

use super::{Flatten, Leaves, Tree, template};
use crate::array::{Array, bind};
use crate::error::{Error, fail};
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::broadcast::BroadcastInDim;
use pullback_ir::prim::concat::Concatenate;
use pullback_ir::prim::reduce::{Reduce, ReduceOp};
use pullback_ir::prim::reshape::Reshape;
use pullback_ir::prim::slice::Slice;
use pullback_ir::prim::unary::Unary;
use pullback_ir::{Axes, Lit, Shape, Type, Value};
use std::fmt;

/// Puts a tree together from leaves that are not its own.
#[track_caller]
fn rebuild<T: Tree>(op: &str, like: &T, flat: &Flatten<'_>, leaves: Vec<Array>) -> T {
    if let Some(&key) = flat.keys().first() {
        let path = Flatten::with_paths(like).paths()[key].clone();
        fail(Error::msg(format!(
            "`tree::{op}` cannot make a tree that holds a key (at `{path}`): there would be two keys \
             with the same bits. Keep keys apart from the arrays, or `split` them yourself"
        )));
    }
    like.unflatten(&mut Leaves::new(leaves))
}

/// Applies a function to every leaf.
///
/// # Panics
/// If the tree holds a key.
#[track_caller]
pub fn map<T: Tree>(f: impl FnMut(&Array) -> Array, tree: &T) -> T {
    let flat = Flatten::of(tree);
    let leaves = flat.leaves().iter().copied().map(f).collect();
    rebuild("map", tree, &flat, leaves)
}

/// Applies a function to corresponding leaves of two trees of the same structure.
///
/// # Panics
/// If the structures differ, or if the trees hold keys.
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
    rebuild("zip", a, &fa, leaves)
}

/// A tree of the structure of `like` with other leaves, in the order of [`leaves`].
///
/// # Panics
/// If their number differs from that of `like`, or if `like` holds a key.
#[track_caller]
pub fn from_leaves<T: Tree>(like: &T, leaves: Vec<Array>) -> T {
    let flat = Flatten::of(like);
    let (n, given) = (flat.leaves().len(), leaves.len());
    if n != given {
        fail(Error::msg(format!("`tree::from_leaves` got {given} leaves for a tree of {n}")));
    }
    rebuild("from_leaves", like, &flat, leaves)
}

/// Zeros of the types of the leaves; `false` for booleans.
///
/// # Panics
/// If the tree holds a key.
#[track_caller]
pub fn zeros_like<T: Tree>(tree: &T) -> T {
    map(|x| zeros(&x.ty()), tree)
}

/// Zeros that are computed when they are read.
#[track_caller]
fn zeros(ty: &Type) -> Array {
    let zero = Lit::from_f64(ty.dtype(), 0.0);
    if ty.rank() == 0 {
        return Array::from_value(zero.value());
    }
    let shape = Shape::from_slice(ty.shape());
    let prim = BroadcastInDim { shape, broadcast_dimensions: Axes::new() };
    crate::array::bind_in(prim, &[crate::trace::In::Lit(zero)])
}

/// How many numbers a tree holds in all its leaves.
pub fn size<T: Tree>(tree: &T) -> usize {
    Flatten::of(tree).leaves().iter().map(|x| x.size()).sum()
}

/// Whether no number of a tree is NaN or infinite, as a `bool[]`; integers and booleans are finite.
#[track_caller]
pub fn all_finite<T: Tree>(tree: &T) -> Array {
    let flat = Flatten::of(tree);
    let floats = flat.leaves().iter().filter(|x| x.dtype().is_float());
    let each = floats.map(|x| {
        let axes = (0..x.ndim()).collect();
        bind(Reduce { op: ReduceOp::And, axes }, &[&bind(Unary::IsFinite, &[x])])
    });
    each.reduce(|a, b| bind(Binary::And, &[&a, &b]))
        .unwrap_or_else(|| Array::from_value(Value::scalar(true)))
}

/// The numbers of all leaves as one vector, and the way back.
///
/// The leaves follow each other in the order of [`leaves`], each in row-major order. Both directions
/// can be differentiated and compiled, so that a solver for vectors serves for any tree.
///
/// # Panics
/// If the leaves are not all of one float dtype, or if there is none; the message names the field. If
/// the tree holds a key.
#[track_caller]
pub fn ravel<T: Tree>(tree: &T) -> (Array, Unravel<T>) {
    let flat = Flatten::with_paths(tree);
    let Some(first) = flat.leaves().first() else {
        fail(Error::msg(
            "`tree::ravel` needs at least one array: without one the vector has no dtype",
        ))
    };
    for (leaf, path) in flat.leaves().iter().zip(flat.paths()) {
        if !leaf.dtype().is_float() || leaf.dtype() != first.dtype() {
            fail(Error::msg(format!(
                "`tree::ravel` needs leaves of one float dtype: `{path}` is {} and `{}` is {}. Convert \
                 with `.cast(..)`, or leave the field out",
                leaf.ty(),
                flat.paths()[0],
                first.ty()
            )));
        }
    }
    let flattened: Vec<Array> = flat.leaves().iter().map(|x| reshape(x, &[x.size()])).collect();
    let vector = match flattened.as_slice() {
        [one] => one.clone(),
        all => bind(Concatenate { dimension: 0 }, &all.iter().collect::<Vec<_>>()),
    };
    // The check for keys happens here, in `rebuild`, before anybody has a vector with a key in it.
    let blank = Array::from_value(Value::scalar(false));
    let like = rebuild("ravel", tree, &flat, vec![blank; flat.leaves().len()]);
    (vector, Unravel { like, types: flat.leaves().iter().map(|x| x.ty()).collect() })
}

/// From a vector back to the tree: see [`ravel`].
pub struct Unravel<T> {
    like: T,
    types: Vec<Type>,
}

impl<T: Tree> Unravel<T> {
    /// The tree whose leaves are pieces of the vector.
    ///
    /// # Panics
    /// If the vector has not the length and dtype that [`ravel`] gave.
    #[track_caller]
    pub fn call(&self, vector: &Array) -> T {
        let n: usize = self.types.iter().map(Type::numel).sum();
        let expected = Type::of(self.types[0].dtype(), &[n]);
        if vector.ty() != expected {
            fail(Error::msg(format!(
                "this tree is made from {expected}, not from {}",
                vector.ty()
            )));
        }
        let mut start = 0;
        let pieces = self.types.iter().map(|ty| {
            let end = start + ty.numel();
            let piece = if self.types.len() == 1 {
                vector.clone()
            } else {
                let axes = |i: usize| [i].as_slice().into();
                bind(Slice { start: axes(start), limit: axes(end), strides: axes(1) }, &[vector])
            };
            start = end;
            reshape(&piece, ty.shape())
        });
        let pieces = pieces.collect();
        self.like.unflatten(&mut Leaves::new(pieces))
    }
}

impl<T: Tree> Clone for Unravel<T> {
    fn clone(&self) -> Self {
        Unravel { like: template(&self.like), types: self.types.clone() }
    }
}

impl<T: Tree> fmt::Debug for Unravel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let flat = Flatten::with_paths(&self.like);
        f.debug_map()
            .entries(flat.paths().iter().zip(self.types.iter().map(Type::to_string)))
            .finish()
    }
}

#[track_caller]
fn reshape(x: &Array, sizes: &[usize]) -> Array {
    if x.shape() == sizes {
        return x.clone();
    }
    bind(Reshape::Reshape { new_sizes: sizes.into() }, &[x])
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
