//! Sorting. Floats have the order −∞ … ∞, then NaN; −0 and 0 are equal; equal elements keep their
//! order. Derivatives go where the elements go.

use super::axes::{self, Int};
use super::operand::{nullary_beside, refuse};
use crate::array::{Array, bind, bind_all};
use pullback_ir::error::fault;
use pullback_ir::prim::iota::Iota;
use pullback_ir::prim::sort::Sort;
use pullback_ir::prim::top_k::TopK;
use pullback_ir::{DType, Shape};
use std::borrow::Borrow;

/// Arrays of one shape sorted together along an axis, by the first of them; ties of it go by the
/// second, and so on for `keys` of them. The rest moves along.
///
/// # Panics
/// If shapes differ, or there are fewer than `keys` arrays.
#[track_caller]
pub fn sort_together<A: Borrow<Array>>(
    arrays: impl IntoIterator<Item = A>,
    keys: usize,
    axis: impl Int,
) -> Vec<Array> {
    let arrays: Vec<Array> = arrays.into_iter().map(|a| a.borrow().clone()).collect();
    let all: Vec<&Array> = arrays.iter().collect();
    let Some(first) = all.first() else { return Vec::new() };
    let dimension = axes::axis("sort_together", first, axis);
    bind_all(Sort { dimension, is_stable: true, num_keys: keys }, &all).into_iter().collect()
}

/// Sorting. Floats have the order −∞ … ∞, then NaN; −0 and 0 are equal; equal elements keep their
/// order. Derivatives go where the elements go.
///
/// ```
/// # use pullback_array::array;
/// let x = array![3.0, 1.0, 2.0];
/// assert_eq!(x.sort(-1).to_vec::<f64>(), [1.0, 2.0, 3.0]);
/// assert_eq!(x.argsort(0).to_vec::<i32>(), [1, 2, 0]);
/// let (values, indices) = x.top_k(2);
/// assert_eq!((values.to_vec::<f64>(), indices.to_vec::<i32>()), (vec![3.0, 2.0], vec![0, 2]));
/// ```
impl Array {
    /// The elements along an axis in ascending order.
    #[track_caller]
    pub fn sort(&self, axis: impl Int) -> Array {
        let dimension = axes::axis("sort", self, axis);
        bind(Sort { dimension, is_stable: true, num_keys: 1 }, &[self])
    }

    /// The i32 indices that sort the elements along an axis.
    #[track_caller]
    pub fn argsort(&self, axis: impl Int) -> Array {
        let dimension = axes::axis("argsort", self, axis);
        if i32::try_from(self.shape()[dimension]).is_err() {
            refuse("argsort", &[self], fault!("indices into axis {dimension} do not fit i32"));
        }
        let shape = Shape::from_slice(self.shape());
        let index = nullary_beside(&[self], Iota { dtype: DType::I32, shape, dimension }, &[]);
        bind_all(Sort { dimension, is_stable: true, num_keys: 1 }, &[self, &index]).swap_remove(1)
    }

    /// The k largest elements along the last axis, largest first, and their i32 indices. NaN counts as
    /// the largest.
    ///
    /// # Panics
    /// If the axis has fewer than k elements.
    #[track_caller]
    pub fn top_k(&self, k: usize) -> (Array, Array) {
        self.top_k_over(k, -1)
    }

    /// [`Array::top_k`] along any axis.
    #[track_caller]
    pub fn top_k_over(&self, k: usize, axis: impl Int) -> (Array, Array) {
        let axis = axes::axis("top_k", self, axis);
        let mut outs = bind_all(TopK { k, axis }, &[self]);
        let indices = outs.swap_remove(1);
        (outs.swap_remove(0), indices)
    }
}
