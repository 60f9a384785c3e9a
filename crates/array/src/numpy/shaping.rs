//! Changes of shape that keep all elements: reshape, transpose, axes of size 1, broadcasting.

use super::axes::{self, Int, IntoSizes, checked_shape, distinct, distinct_in};
use super::operand::{broadcast_shapes, expand, refuse};
use crate::array::{Array, bind};
use pullback_ir::error::{Fault, fault};
use pullback_ir::prim::permute::Transpose;
use pullback_ir::prim::reshape::Reshape;
use pullback_ir::shape::show;
use pullback_ir::{Axes, Shape};

/// The shape for a number of elements; one size may be −1.
pub(crate) fn resolve(sizes: &[i64], numel: usize) -> Result<Shape, Fault> {
    let unknown = sizes.iter().filter(|&&n| n == -1).count();
    if unknown > 1 {
        return Err(fault!("only one size can be -1"));
    }
    let known: Vec<i64> = sizes.iter().copied().filter(|&n| n != -1).collect();
    let given = checked_shape(&known)?;
    let product: usize = given.iter().product();
    let fill = match (unknown, product) {
        (0, _) => 0,
        (_, 0) => return Err(fault!("a size of 0 leaves no one size for -1")),
        (_, p) => numel / p,
    };
    let total = if unknown == 0 { product } else { product * fill };
    if total != numel {
        return Err(match unknown {
            0 => fault!("the shape {} has {total} elements, not {numel}", show(&given)),
            _ => fault!("{numel} elements are no multiple of {product}"),
        });
    }
    Ok(sizes.iter().map(|&n| if n == -1 { fill } else { n as usize }).collect())
}

/// Changes of shape that keep all elements: reshape, transpose, axes of size 1, broadcasting.
///
/// ```
/// # use pullback_array::{iota, array};
/// let x = iota::<f32>(24).reshape([2, 3, -1]);
/// assert_eq!(x.shape(), [2, 3, 4]);
/// assert_eq!(x.t().shape(), [4, 3, 2]);
/// assert_eq!(x.permute([1, 0, 2]).shape(), [3, 2, 4]);
/// assert_eq!(x.swap_axes(0, -1).shape(), [4, 3, 2]);
/// assert_eq!(x.move_axis(0, -1).shape(), [3, 4, 2]);
/// assert_eq!(x.expand_dims(1).squeeze(1).shape(), [2, 3, 4]);
/// assert_eq!(array![1, 2].broadcast_to([3, 2]).to_vec::<i32>(), [1, 2, 1, 2, 1, 2]);
/// ```
impl Array {
    /// The same elements in row-major order under another shape; one size may be −1 and is computed.
    ///
    /// # Panics
    /// If the number of elements differs.
    #[track_caller]
    pub fn reshape(&self, sizes: impl IntoSizes) -> Array {
        match resolve(&sizes.into_sizes(), self.size()) {
            Ok(shape) => self.reshaped(shape),
            Err(rule) => refuse("reshape", &[self], rule),
        }
    }

    #[track_caller]
    pub(crate) fn reshaped(&self, new_sizes: Shape) -> Array {
        if self.shape() == &new_sizes[..] {
            return self.clone();
        }
        bind(Reshape::Reshape { new_sizes }, &[self])
    }

    /// All elements in row-major order, as a vector.
    #[track_caller]
    pub fn ravel(&self) -> Array {
        self.reshaped(Shape::from_slice(&[self.size()]))
    }

    /// The axes in reverse order: a matrix transposed.
    #[track_caller]
    pub fn t(&self) -> Array {
        self.permuted((0..self.ndim()).rev().collect())
    }

    /// The axes in reverse order, another name of [`Array::t`].
    #[track_caller]
    pub fn transpose(&self) -> Array {
        self.t()
    }

    /// The axes in another order: axis i of the result is axis `axes[i]` of this.
    ///
    /// # Panics
    /// If `axes` is no permutation.
    #[track_caller]
    pub fn permute(&self, axes: impl IntoSizes) -> Array {
        let permutation = distinct("permute", self, &axes.into_sizes());
        if permutation.len() != self.ndim() {
            let rule = fault!("a permutation names each of the {} axes once", self.ndim());
            refuse("permute", &[self], rule);
        }
        self.permuted(permutation)
    }

    #[track_caller]
    pub(crate) fn permuted(&self, permutation: Axes) -> Array {
        if permutation.is_sorted() {
            return self.clone();
        }
        bind(Transpose { permutation }, &[self])
    }

    /// Two axes exchanged.
    #[track_caller]
    pub fn swap_axes(&self, a: impl Int, b: impl Int) -> Array {
        let (a, b) = (axes::axis("swap_axes", self, a), axes::axis("swap_axes", self, b));
        let mut permutation: Axes = (0..self.ndim()).collect();
        permutation.swap(a, b);
        self.permuted(permutation)
    }

    /// One axis moved to another place, the others in their order.
    #[track_caller]
    pub fn move_axis(&self, from: impl Int, to: impl Int) -> Array {
        let (from, to) = (axes::axis("move_axis", self, from), axes::axis("move_axis", self, to));
        let mut permutation: Axes = (0..self.ndim()).filter(|&i| i != from).collect();
        permutation.insert(to, from);
        self.permuted(permutation)
    }

    /// New axes of size 1, numbered as in the result: `x.expand_dims(0)`, `x.expand_dims([0, -1])`.
    #[track_caller]
    pub fn expand_dims(&self, axes: impl IntoSizes) -> Array {
        let axes = axes.into_sizes();
        match distinct_in(&axes, self.ndim() + axes.len()) {
            Ok(dims) if dims.is_empty() => self.clone(),
            Ok(mut dimensions) => {
                dimensions.sort_unstable();
                bind(Reshape::ExpandDims { dimensions }, &[self])
            }
            Err(rule) => refuse("expand_dims", &[self], rule),
        }
    }

    /// Without the given axes, which must have size 1: `x.squeeze(-1)`. See [`Array::squeeze_all`].
    #[track_caller]
    pub fn squeeze(&self, axes: impl IntoSizes) -> Array {
        let mut dimensions = distinct("squeeze", self, &axes.into_sizes());
        if dimensions.is_empty() {
            return self.clone();
        }
        dimensions.sort_unstable();
        if let Some(&a) = dimensions.iter().find(|&&a| self.shape()[a] != 1) {
            let rule = fault!("axis {a} has size {}, not 1", self.shape()[a]);
            refuse("squeeze", &[self], rule);
        }
        bind(Reshape::Squeeze { dimensions }, &[self])
    }

    /// Without any axis of size 1.
    #[track_caller]
    pub fn squeeze_all(&self) -> Array {
        let ones: Vec<usize> = (0..self.ndim()).filter(|&a| self.shape()[a] == 1).collect();
        self.squeeze(ones)
    }

    /// Repeated along new leading axes and along axes of size 1.
    ///
    /// # Panics
    /// If the shape does not broadcast to that one.
    #[track_caller]
    pub fn broadcast_to(&self, sizes: impl IntoSizes) -> Array {
        let shape = match checked_shape(&sizes.into_sizes()) {
            Ok(shape) => shape,
            Err(rule) => refuse("broadcast_to", &[self], rule),
        };
        match broadcast_shapes([self.shape(), &shape]) {
            Ok(common) if common == shape => expand(self, &shape),
            _ => {
                let rule = fault!("{} does not broadcast to {}", show(self.shape()), show(&shape));
                refuse("broadcast_to", &[self], rule)
            }
        }
    }
}
