//! Random orders and choices.

use super::Key;
use super::bits::{unit, working};
use super::continuous::gumbel_from;
use super::discrete::randint_of;
use crate::array::{Array, bind, bind_all};
use crate::error::{Error, fail};
use crate::numpy::{IntoSizes, axes, select};
use pullback_ir::prim::cumulative::{Cumulative, CumulativeOp};
use pullback_ir::prim::gather::{Gather, GatherDims, IndexMode};
use pullback_ir::prim::random::Random;
use pullback_ir::prim::top_k::TopK;
use pullback_ir::{Axes, DType, Lit, Shape};

/// The numbers 0 to n − 1 in random order, `i32[n]`: the shuffle of Fisher and Yates, whose partners are
/// drawn without bias (Lemire 2019).
///
/// # Panics
/// If n does not fit i32.
#[track_caller]
pub fn permutation(key: Key, n: usize) -> Array {
    bind(Random::Permutation { n }, &[key.one("permutation")])
}

/// An array with its rows (elements along axis 0) in random order, `rows[permutation]`.
///
/// # Panics
/// If the array has no axis.
#[track_caller]
pub fn shuffle(key: Key, x: &Array) -> Array {
    let Some(&n) = x.shape().first() else {
        fail(Error::msg(format!("`shuffle` takes rows, and {} has none", x.ty())))
    };
    take_rows(x, &permutation(key, n))
}

/// What [`choice`] chooses from: the numbers 0 to n − 1, or the rows of an array.
pub trait Population {
    #[doc(hidden)]
    fn count(&self) -> usize;
    #[doc(hidden)]
    fn rows(&self) -> Option<&Array>;
}

impl Population for usize {
    fn count(&self) -> usize {
        *self
    }
    fn rows(&self) -> Option<&Array> {
        None
    }
}

impl Population for i32 {
    fn count(&self) -> usize {
        usize::try_from(*self).unwrap_or(0)
    }
    fn rows(&self) -> Option<&Array> {
        None
    }
}

impl Population for &Array {
    fn count(&self) -> usize {
        self.shape().first().copied().unwrap_or(0)
    }
    fn rows(&self) -> Option<&Array> {
        Some(self)
    }
}

/// A random choice of the given shape: `choice(key, 10, [3], true, None)` gives i32 numbers below 10,
/// `choice(key, &x, [3], false, Some(&p))` rows of an array.
///
/// With `replace` each element is chosen by itself, else no row is chosen twice. `p` gives the
/// probabilities of the rows, a vector of floats that need not add up to 1, all equal if it is `None`;
/// without replacement each further row is chosen among the rest in proportion to `p` (Efraimidis and
/// Spirakis 2006, by Gumbel noise). Rows with probability 0 come last.
///
/// # Panics
/// If there is nothing to choose from, if more is asked for than there is without replacement, or if
/// `p` is no vector of floats with an element for each row.
#[track_caller]
pub fn choice<P: Population>(
    key: Key,
    from: P,
    shape: impl IntoSizes,
    replace: bool,
    p: Option<&Array>,
) -> Array {
    let shape = axes::shape("choice", shape);
    let (n, m) = (from.count(), shape.iter().product::<usize>());
    if m > 0 && n == 0 {
        fail(Error::msg("`choice` has nothing to choose from"));
    }
    if !replace && m > n {
        fail(Error::msg(format!(
            "`choice` cannot choose {m} of {n} without replacement: pass `replace = true`, or ask for \
             fewer"
        )));
    }
    if let Some(p) = p.filter(|p| p.shape() != [n] || !p.dtype().is_float()) {
        fail(Error::msg(format!(
            "`choice` needs one probability, a float, for each of the {n} rows, and p is {}",
            p.ty()
        )));
    }
    let p = p.map(|p| p.cast(working(p.dtype())));
    let chosen = match (&p, replace) {
        (None, true) => {
            let hi = i32::try_from(n.max(1)).unwrap_or_else(|_| {
                fail(Error::msg(format!("`choice` counts in i32, which {n} does not fit")))
            });
            randint_of(DType::I32, key, &shape, 0, hi)
        }
        (None, false) => first(&permutation(key, n), m).reshape(&shape),
        (Some(_), true) if m == 0 => crate::numpy::zeros_of(DType::I32, &shape),
        (Some(p), true) => search(key, p, &shape),
        (Some(p), false) => {
            let noisy =
                p.log() + gumbel_from(&unit("choice", p.dtype(), key, [n].as_slice().into()));
            bind_all(TopK { k: m, axis: 0 }, &[&noisy]).swap_remove(1).reshape(&shape)
        }
    };
    match from.rows() {
        Some(rows) => take_rows(rows, &chosen),
        None => chosen,
    }
}

/// The first m elements of a vector.
#[track_caller]
fn first(x: &Array, m: usize) -> Array {
    let axes = |i: usize| Axes::from_slice(&[i]);
    bind(pullback_ir::prim::slice::Slice { start: axes(0), limit: axes(m), strides: axes(1) }, &[x])
}

/// For each element the first row at which the running sum of `p` exceeds a uniform part of the whole.
#[track_caller]
fn search(key: Key, p: &Array, shape: &Shape) -> Array {
    let n = p.size();
    let sums = bind(Cumulative { op: CumulativeOp::Sum, axis: 0, reverse: false }, &[p]);
    let whole = take_rows(&sums, &index(n - 1));
    let target = unit("choice", p.dtype(), key, shape.clone()) * whole;
    // How many sums are at most the target, by bisection: one more bit of the answer at a time.
    let mut count = crate::numpy::full_of(DType::I32, shape, 0);
    let mut step = n.next_power_of_two();
    while step > 0 {
        let next = &count + step as i32;
        let within = next.le(n as i32);
        let last = select(&within, &next, n as i32) - 1;
        let sum = take_rows(&sums, &last);
        count = select(&(within & sum.le(&target)), &next, &count);
        step /= 2;
    }
    // Rounding may put the target on the last sum.
    count.minimum(n as i32 - 1)
}

fn index(i: usize) -> Array {
    Array::from_value(Lit::new(i as i32).value())
}

/// `x[indices]` along axis 0, for indices within bounds.
#[track_caller]
fn take_rows(x: &Array, indices: &Array) -> Array {
    let (rank, lead) = (x.ndim(), indices.ndim());
    if x.shape()[0] == 0 {
        // No rows to read from, so there are no indices either; a gather wants a row.
        let shape = [indices.shape(), &x.shape()[1..]].concat();
        return crate::numpy::zeros_of(x.dtype(), shape);
    }
    let mut slice_sizes = Shape::from_slice(x.shape());
    slice_sizes[0] = 1;
    let dims = GatherDims {
        offset_dims: (lead..lead + rank - 1).collect(),
        collapsed_slice_dims: Axes::from_slice(&[0]),
        start_index_map: Axes::from_slice(&[0]),
        ..GatherDims::default()
    };
    let prim = Gather { dims, slice_sizes, mode: IndexMode::Clip, fill_value: None };
    bind(prim, &[x, &indices.expand_dims(lead)])
}
