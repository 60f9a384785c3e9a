//! Reductions and scans spelled out as trees of elementwise operations.
//!
//! The derivative of a product over an axis, of a running maximum, of a reduction by a user's
//! function is that of the balanced tree which computes it: n - 1 applications of the operation in
//! about log2 n equations of shrinking size. The tangents stay linear at every node, so that the
//! tree transposes, and it consists of ordinary equations, so that it can be differentiated again.
//! There is no division, so zeros need no care. The operation must be associative; operands keep
//! their order.

use crate::builder::Builder;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms};
use crate::shape::Axes;
use smallvec::SmallVec;

/// An associative operation on tuples of arrays of one shape, elementwise.
pub(super) type Combine<'a> = &'a dyn Fn(&Builder, &[Atom], &[Atom]) -> Result<Atoms, Error>;

/// Brings axes to the front, in their order, as one axis.
pub(super) fn flatten_to_front(b: &Builder, x: Atom, axes: &[usize]) -> Atom {
    let ty = b.ty(x);
    let kept = (0..ty.rank()).filter(|i| !axes.contains(i));
    let perm: Axes = axes.iter().copied().chain(kept.clone()).collect();
    let n = axes.iter().map(|&a| ty.shape()[a]).product();
    let shape: Axes = std::iter::once(n).chain(kept.map(|i| ty.shape()[i])).collect();
    b.reshape(b.transpose(x, &perm), &shape)
}

/// Elements `start`, `start + 2`, … along axis 0, below `limit`.
fn every_second(b: &Builder, x: Atom, start: usize, limit: usize) -> Atom {
    let ty = b.ty(x);
    let mut starts: Axes = SmallVec::from_elem(0, ty.rank());
    let mut limits = Axes::from_slice(ty.shape());
    let mut strides: Axes = SmallVec::from_elem(1, ty.rank());
    (starts[0], limits[0], strides[0]) = (start.min(limit), limit, 2);
    b.slice(x, &starts, &limits, &strides)
}

/// Reduces axis 0 of all operands together, which must not be empty.
pub(super) fn reduce(b: &Builder, mut xs: Atoms, combine: Combine<'_>) -> Result<Atoms, Error> {
    loop {
        let n = b.ty(xs[0]).shape()[0];
        if n == 1 {
            return Ok(xs.iter().map(|&x| b.squeeze(x, &[0])).collect());
        }
        let even = n - n % 2;
        let pick = |start| xs.iter().map(|&x| every_second(b, x, start, even)).collect::<Atoms>();
        let pairs = combine(b, &pick(0), &pick(1))?;
        xs = if even == n {
            pairs
        } else {
            let last = |x| b.slice_axis(x, 0, even, n);
            pairs.iter().zip(&xs).map(|(&p, &x)| b.concatenate(&[p, last(x)], 0)).collect()
        };
    }
}

/// Running reduction along axis 0 of all operands together (Blelloch 1990, the order of JAX's
/// `associative_scan`, on which the derivative at ties depends).
///
/// Element i of the result combines elements 0 to i.
pub(super) fn scan(b: &Builder, xs: &[Atom], combine: Combine<'_>) -> Result<Atoms, Error> {
    let n = b.ty(xs[0]).shape()[0];
    if n < 2 {
        return Ok(xs.into());
    }
    let even = n - n % 2;
    let pick = |ys: &[Atom], start, limit| -> Atoms {
        ys.iter().map(|&y| every_second(b, y, start, limit)).collect()
    };
    // Results at odd positions are the scan of the pairs; those at even positions after the first
    // combine the odd result before with their own element.
    let pairs = combine(b, &pick(xs, 0, even), &pick(xs, 1, even))?;
    let odd = scan(b, &pairs, combine)?;
    let first: Atoms = xs.iter().map(|&x| b.slice_axis(x, 0, 0, 1)).collect();
    let later = pick(xs, 2, n);
    let n_later = b.ty(later[0]).shape()[0];
    let even_results: Atoms = if n_later == 0 {
        first
    } else {
        let before: Atoms = odd.iter().map(|&o| b.slice_axis(o, 0, 0, n_later)).collect();
        let combined = combine(b, &before, &later)?;
        first.iter().zip(&combined).map(|(&f, &c)| b.concatenate(&[f, c], 0)).collect()
    };
    Ok(even_results.iter().zip(&odd).map(|(&e, &o)| interleave(b, e, o)).collect())
}

/// Elements of `x` and `y` in turn along axis 0; `x` has as many as `y` or one more.
fn interleave(b: &Builder, x: Atom, y: Atom) -> Atom {
    let (tx, ty) = (b.ty(x), b.ty(y));
    let (nx, ny) = (tx.shape()[0], ty.shape()[0]);
    let pairs = {
        let head = if nx == ny { x } else { b.slice_axis(x, 0, 0, ny) };
        let both = b.concatenate(&[b.expand_dims(head, &[1]), b.expand_dims(y, &[1])], 1);
        let mut shape = Axes::from_slice(ty.shape());
        shape[0] = 2 * ny;
        b.reshape(both, &shape)
    };
    if nx == ny { pairs } else { b.concatenate(&[pairs, b.slice_axis(x, 0, ny, nx)], 0) }
}
