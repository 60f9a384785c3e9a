//! `dot_general` as batches of matrix products.
//!
//! Batch, free and contracting axes become one stride each where their strides allow it, so that
//! transposed operands are read as they lie; otherwise the operand is copied once. The product itself
//! is [`crate::product`]'s.

use crate::memory::{build, raw};
use crate::pools::count;
use crate::product::{Done, Matrix, Number, Product, product};
use crate::strided::{Strides, copy, row_major};
use crate::threads::{Shared, for_ranges, several};
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::{Axes, DType, Element, Type, Value, dispatch};
use smallvec::SmallVec;
use std::ops::Range;

/// Evaluates a product, unless the dtype has none here.
pub(crate) fn dot_general(prim: &DotGeneral, x: &Value, y: &Value, out: &Type) -> Option<Value> {
    let acc = prim.accumulator(x.dtype());
    if acc == DType::Bool {
        return None;
    }
    let z = if acc == x.dtype().accumulator() {
        dispatch!(number x.dtype(), T => typed::<T>(prim, x, y, out), else => return None)
    } else {
        // A wider type was asked for, which holds the operands exactly.
        let (x, y) = (&converted(x, acc), &converted(y, acc));
        dispatch!(number acc, T => typed::<T>(prim, x, y, out), else => return None)
    };
    Some(if out.dtype() == acc { z } else { converted(&z, out.dtype()) })
}

/// Writes a product, whose dtype is that in which it is summed, and calls `done` with the rows and columns of
/// parts that are finished. The matrices of a batch are below one another.
///
/// # Safety
/// There is room for the result.
pub(crate) unsafe fn dot_general_in_parts(
    prim: &DotGeneral,
    x: &Value,
    y: &Value,
    to: *mut u8,
    done: &Done<'_>,
) {
    assert!(prim.accumulator(x.dtype()) == x.dtype().accumulator());
    dispatch!(number x.dtype(), T => {
        let sizes = Sizes::new(prim, x, y);
        // SAFETY: the caller's promise.
        unsafe { write::<T>(prim, &sizes, x, y, to.cast(), Some(done)) }
    }, else => unreachable!("products of bool have no parts"))
}

fn converted(x: &Value, dtype: DType) -> Value {
    use pullback_ir::prim::convert::Convert;
    let prim = Convert::ElementType { new_dtype: dtype }.into();
    match crate::kernel::kernel(&prim, &[x.dtype()]) {
        Some(kernel) => {
            let out = Type::of(dtype, x.shape());
            crate::elementwise::apply(&kernel, &mut [crate::Operand::Shared(x)], &out)
        }
        None => x.converted(dtype),
    }
}

/// An operand as a batch of matrices.
struct View {
    value: Value,
    batch: Strides,
    /// Strides of the free axis and of the contracting axis.
    free: isize,
    contract: isize,
}

/// The stride of some axes taken as one, if there is one.
fn merged(shape: &[usize], strides: &[isize], axes: &[usize]) -> Option<isize> {
    let mut stride = None;
    let mut size = 1;
    for &a in axes.iter().rev().filter(|&&a| shape[a] != 1) {
        match stride {
            None => stride = Some(strides[a]),
            Some(s) if strides[a] == s * size => {}
            Some(_) => return None,
        }
        size *= shape[a] as isize;
    }
    Some(stride.unwrap_or(1))
}

fn view(x: &Value, batch: &[usize], free: &[usize], contract: &[usize]) -> View {
    let (shape, strides) = (x.shape(), row_major(x.shape()));
    let merge = |axes: &[usize]| merged(shape, &strides, axes);
    if let (Some(f), Some(c)) = (merge(free), merge(contract)) {
        let batch = batch.iter().map(|&a| strides[a]).collect();
        return View { value: x.clone(), batch, free: f, contract: c };
    }
    // Copied with the axes in the order batch, free and contracting; of the latter two those last that have the
    // last axis, so that its elements stay neighbours.
    let free_last = free.contains(&(shape.len() - 1));
    let [first, second] = if free_last { [contract, free] } else { [free, contract] };
    let axes: Axes = batch.iter().chain(first).chain(second).copied().collect();
    let sizes: Axes = axes.iter().map(|&a| shape[a]).collect();
    let from_strides: Strides = axes.iter().map(|&a| strides[a]).collect();
    let (from, _) = raw(x);
    // SAFETY: the axes are a permutation of the operand's, so the copy is of all of its elements.
    let value = unsafe {
        build(x.dtype(), &sizes, |to| {
            copy(x.dtype().size(), &sizes, from, &from_strides, to, &row_major(&sizes));
        })
    };
    let strides = row_major(&sizes);
    let batch = strides[..batch.len()].into();
    let row = second.iter().map(|&a| shape[a]).product::<usize>() as isize;
    let (free, contract) = if free_last { (1, row) } else { (row, 1) };
    View { value, batch, free, contract }
}

/// Batch axes of two operands: size, stride in one and in the other. Axes that can be taken as one are.
fn batches(sizes: &[usize], x: &[isize], y: &[isize]) -> SmallVec<[(usize, isize, isize); 4]> {
    let mut axes: SmallVec<[(usize, isize, isize); 4]> = SmallVec::new();
    for ((&size, &x), &y) in sizes.iter().zip(x).zip(y).filter(|&((&size, _), _)| size != 1) {
        let whole = size as isize;
        match axes.last_mut() {
            Some(last) if (last.1, last.2) == (x * whole, y * whole) => {
                *last = (last.0 * size, x, y);
            }
            _ => axes.push((size, x, y)),
        }
    }
    axes
}

/// The sizes of a batch of products.
struct Sizes {
    batch: Axes,
    x_free: Axes,
    y_free: Axes,
    n_batch: usize,
    m: usize,
    k: usize,
    n: usize,
}

impl Sizes {
    fn new(prim: &DotGeneral, x: &Value, y: &Value) -> Sizes {
        let (x, y) = (x.shape(), y.shape());
        let same = |x_axes: &[usize], y_axes: &[usize]| {
            x_axes.len() == y_axes.len() && x_axes.iter().zip(y_axes).all(|(&a, &b)| x[a] == y[b])
        };
        assert!(
            same(&prim.lhs_contract, &prim.rhs_contract) && same(&prim.lhs_batch, &prim.rhs_batch)
        );
        let size =
            |shape: &[usize], axes: &[usize]| axes.iter().map(|&a| shape[a]).product::<usize>();
        let (x_free, y_free) = (prim.lhs_free(x.len()), prim.rhs_free(y.len()));
        let batch: Axes = prim.lhs_batch.iter().map(|&a| x[a]).collect();
        Sizes {
            n_batch: batch.iter().product(),
            m: size(x, &x_free),
            k: size(x, &prim.lhs_contract),
            n: size(y, &y_free),
            batch,
            x_free,
            y_free,
        }
    }
}

fn typed<T: Number<Acc: Element>>(prim: &DotGeneral, x: &Value, y: &Value, out: &Type) -> Value {
    let sizes = Sizes::new(prim, x, y);
    assert!(sizes.n_batch * sizes.m * sizes.n == out.numel());
    // SAFETY: the products make up the result.
    unsafe {
        build(T::Acc::DTYPE, out.shape(), |to| {
            write::<T>(prim, &sizes, x, y, to.cast(), None);
        })
    }
}

/// Writes the products of a batch.
///
/// # Safety
/// The sizes are those of the operands, and there is room for all products.
unsafe fn write<T: Number>(
    prim: &DotGeneral,
    sizes: &Sizes,
    x: &Value,
    y: &Value,
    to: *mut T::Acc,
    done: Option<&Done<'_>>,
) {
    let &Sizes { ref batch, ref x_free, ref y_free, n_batch, m, k, n } = sizes;
    if n_batch * m * n == 0 {
        return;
    }
    let x = view(x, &prim.lhs_batch, x_free, &prim.lhs_contract);
    let y = view(y, &prim.rhs_batch, y_free, &prim.rhs_contract);
    let axes = batches(batch, &x.batch, &y.batch);
    let (p, q) = (x.value.slice::<T>().as_ptr(), y.value.slice::<T>().as_ptr());
    let ends = Shared((p, q, to));
    let one = |b: usize, parallel: bool| {
        let (p, q, to) = ends.get();
        let (mut rest, mut at_x, mut at_y) = (b, 0, 0);
        for &(size, x_stride, y_stride) in axes.iter().rev() {
            let i = (rest % size) as isize;
            rest /= size;
            at_x += i * x_stride;
            at_y += i * y_stride;
        }
        // SAFETY: each product writes its `m` by `n` elements, for which there is room; the strides are those
        // of the operands' axes, so all reads are within them.
        unsafe {
            let matrices = Product {
                sizes: [m, k, n],
                x: Matrix { at: p.offset(at_x), row: x.free, col: x.contract },
                y: Matrix { at: q.offset(at_y), row: y.contract, col: y.free },
                out: to.add(b * m * n),
                out_row: n,
            };
            match done {
                None => product(&matrices, parallel, None),
                Some(done) => {
                    let below = |rows: Range<usize>, cols: Range<usize>| {
                        done(b * m + rows.start..b * m + rows.end, cols);
                    };
                    product(&matrices, parallel, Some(&below));
                }
            }
        }
    };
    // Threads share the batch, or each product if the batch is small and they are large.
    let work = m * n * k.max(1);
    let few = several() && n_batch < 2 * count() && work >= LARGE;
    if n_batch == 1 || few {
        (0..n_batch).for_each(|b| one(b, true));
    } else {
        let probe = (1usize << 16).div_ceil(work);
        for_ranges(n_batch, probe, |range| range.for_each(|b| one(b, false)));
    }
}

/// Multiplications of a product that is worth several threads.
const LARGE: usize = 1 << 21;
