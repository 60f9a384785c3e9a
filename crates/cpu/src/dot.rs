//! `dot_general` as batches of matrix products.
//!
//! Batch, free and contracting axes become one stride each where their strides allow it, so that
//! transposed operands are read as they lie; otherwise the operand is copied once. The product itself
//! is [`crate::product`]'s.

use crate::memory::{build, raw};
use crate::product::{Matrix, product};
use crate::strided::{Strides, copy, row_major};
use crate::threads::{Shared, for_ranges};
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::shape::numel;
use pullback_ir::{Axes, DType, Type, Value, dispatch};

/// Evaluates a product, unless the dtype has none here.
pub(crate) fn dot_general(prim: &DotGeneral, x: &Value, y: &Value, out: &Type) -> Option<Value> {
    let acc = prim.accumulator(x.dtype());
    if acc == DType::Bool {
        return None;
    }
    let (p, q);
    let (x, y) = match x.dtype() == acc {
        true => (x, y),
        // The narrow floats are exact in f32, and integers in the wider type.
        false => {
            (p, q) = (converted(x, acc), converted(y, acc));
            (&p, &q)
        }
    };
    let z = dispatch!(number acc, T => typed::<T>(prim, x, y, out), else => return None);
    Some(if out.dtype() == acc { z } else { converted(&z, out.dtype()) })
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
    // Copied with the axes in the order batch, free, contracting.
    let axes: Axes = batch.iter().chain(free).chain(contract).copied().collect();
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
    let k: usize = contract.iter().map(|&a| shape[a]).product();
    View { value, batch: strides[..batch.len()].into(), free: k as isize, contract: 1 }
}

fn typed<T: crate::product::Number>(prim: &DotGeneral, x: &Value, y: &Value, out: &Type) -> Value {
    let (x_shape, y_shape) = (x.shape(), y.shape());
    let x_free = prim.lhs_free(x_shape.len());
    let y_free = prim.rhs_free(y_shape.len());
    let size = |shape: &[usize], axes: &[usize]| axes.iter().map(|&a| shape[a]).product::<usize>();
    let batch: Axes = prim.lhs_batch.iter().map(|&a| x_shape[a]).collect();
    let (m, n) = (size(x_shape, &x_free), size(y_shape, &y_free));
    let k = size(x_shape, &prim.lhs_contract);
    let n_batch = numel(&batch);
    let same = |x_axes: &[usize], y_axes: &[usize]| {
        x_axes.len() == y_axes.len()
            && x_axes.iter().zip(y_axes).all(|(&a, &b)| x_shape[a] == y_shape[b])
    };
    assert!(same(&prim.lhs_contract, &prim.rhs_contract) && same(&prim.lhs_batch, &prim.rhs_batch));
    assert!(n_batch * m * n == out.numel());
    let x = view(x, &prim.lhs_batch, &x_free, &prim.lhs_contract);
    let y = view(y, &prim.rhs_batch, &y_free, &prim.rhs_contract);
    let (p, q) = (x.value.slice::<T>().as_ptr(), y.value.slice::<T>().as_ptr());
    // SAFETY: each product writes its `m` by `n` elements, and the batch makes up the result; the
    // strides are those of the operands' axes, so all reads are within them.
    unsafe {
        build(T::DTYPE, out.shape(), |to| {
            if n_batch * m * n == 0 {
                return;
            }
            let ends = Shared((p, q, to.cast::<T>()));
            let offsets = Shared((&x.batch, &y.batch));
            // Work that several threads share within one product if there is only one.
            let probe = (1usize << 16).div_ceil((m * n * k).max(1)).max(1);
            for_ranges(n_batch, probe, |range| {
                let ((p, q, to), (p_strides, q_strides)) = (ends.get(), offsets.get());
                for b in range {
                    let at = |strides: &[isize]| -> isize {
                        let mut rest = b;
                        let mut offset = 0;
                        for (&size, &stride) in batch.iter().zip(strides).rev() {
                            offset += (rest % size) as isize * stride;
                            rest /= size;
                        }
                        offset
                    };
                    product(
                        [m, k, n],
                        Matrix { at: p.offset(at(p_strides)), row: x.free, col: x.contract },
                        Matrix { at: q.offset(at(q_strides)), row: y.contract, col: y.free },
                        to.add(b * m * n),
                        n_batch == 1,
                    );
                }
            });
        })
    }
}
