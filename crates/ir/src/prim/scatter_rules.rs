//! Derivatives of the scatters.
//!
//! Let p(u) be the place where update u lands, if it is in bounds. Reading the places back is a
//! gather with the same axes; it is how what happened at p(u) returns to u.
//!
//! - `scatter-add`, `scatter-sub`: linear in operand and updates; an update's cotangent is the
//!   result's at p(u).
//! - `scatter`: linear in what survives. To find it, scatter the updates' numbers 1, 2, … into
//!   zeros and read them back: u has won where it finds its own number, and an operand's element
//!   survives where 0 is left. This needs no promise about the indices.
//! - `scatter-mul`: y = x · Π u. The derivative by u is x times the product of the *other* updates at
//!   its place. Dividing by u would be wrong at zeros and would lose higher derivatives there;
//!   instead updates are sorted by place, and the products before and after each one within its
//!   place are built by doubling: log₂ n steps, right with any number of zeros, to any order.
//! - `scatter-min`, `scatter-max`: everything at a place that equals the result shares the tangent
//!   equally, the operand's element included, as in JAX.

use super::gather::Gather;
use super::scatter::{Scatter, ScatterDims, ScatterOp};
use super::windows::IndexMode;
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, numel};
use smallvec::smallvec;

/// A scatter and its operands.
pub(crate) struct Scattering<'a> {
    pub(crate) prim: &'a Scatter,
    pub(crate) b: &'a Builder,
    pub(crate) x: Atom,
    pub(crate) indices: Atom,
    pub(crate) updates: Atom,
}

impl Scattering<'_> {
    /// ẏ of `scatter`: tangents of what survives.
    pub(crate) fn tangent_of_set(&self, dx: Tangent, du: Tangent) -> Atom {
        let b = self.b;
        let dx = b.instantiate(dx, self.x);
        let du = b.instantiate(du, self.updates);
        if self.prim.unique_indices {
            return self.scatter(ScatterOp::Set, dx, du);
        }
        let zero = b.lit_like(dx, 0.0);
        let (overwritten, won) = winners(self.prim, b, &b.ty(self.x), self.indices, &b.ty(du));
        let kept = b.select(overwritten, zero, dx);
        self.scatter(ScatterOp::Add, kept, b.select(won, du, zero))
    }

    /// ẏ of `scatter-mul`: ẋ Π u + Σ u̇ x Π (other u).
    pub(crate) fn tangent_of_product(&self, dx: Tangent, du: Tangent) -> Tangent {
        let b = self.b;
        let by_x = dx.map(|dx| self.scatter(ScatterOp::Mul, dx, self.updates));
        let Some(du) = du else { return by_x };
        let x_there = self.read(self.x);
        let others = if self.prim.unique_indices {
            x_there
        } else {
            b.mul(x_there, self.products_of_others())
        };
        let start = b.instantiate(by_x, self.x);
        Some(self.scatter(ScatterOp::Add, start, b.mul(du, others)))
    }

    /// ẏ of `scatter-min` and `scatter-max`: the mean of the tangents of all that equal y.
    pub(crate) fn tangent_of_extremum(&self, y: Atom, dx: Tangent, du: Tangent) -> Atom {
        let b = self.b;
        // NaN counts as equal to the result, which is NaN too then.
        let same = |v: Atom, y: Atom| b.or(b.eq(v, y), b.ne(v, v));
        let x_counts = same(self.x, y);
        let u_counts = same(self.updates, self.read(y));
        let (zero, one) = (b.lit_like(y, 0.0), b.lit_like(y, 1.0));
        let chosen = |mask: Atom, v: Atom, like: Atom| {
            b.select(mask, b.broadcast_to(v, b.ty(like).shape()), b.full_like(like, 0.0))
        };
        let share = |x: Atom, u: Atom| {
            let start = chosen(x_counts, x, self.x);
            self.scatter(ScatterOp::Add, start, chosen(u_counts, u, self.updates))
        };
        let sum = share(dx.unwrap_or(zero), du.unwrap_or(zero));
        b.div(sum, share(one, one))
    }

    /// The same scatter of other arrays of the operand's and the updates' shapes.
    fn scatter(&self, op: ScatterOp, x: Atom, updates: Atom) -> Atom {
        self.b.op(self.prim.with_op(op), &[x, self.indices, updates])
    }

    fn read(&self, y: Atom) -> Atom {
        read(self.prim, self.b, y, self.indices, &self.b.ty(self.updates))
    }

    /// For each update, the product of the other updates at its place.
    fn products_of_others(&self) -> Atom {
        let b = self.b;
        let ty = b.ty(self.updates);
        let n = ty.numel();
        if n < 2 {
            return b.full(&ty, 1.0);
        }
        // Places are numbered from 1 on; what is out of bounds lies at 0 and counts as 1, lest its
        // product becomes infinite and meets a zero.
        let operand = b.ty(self.x);
        let numbers = b.offset(b.iota(DType::I64, &[operand.numel()], 0), 1.0);
        let place = self.read(b.reshape(numbers, operand.shape()));
        let nowhere = b.eq(place, b.lit_like(place, 0.0));
        let updates = b.select(nowhere, b.lit_like(self.updates, 1.0), self.updates);
        let sort = sort::Sort { dimension: 0, is_stable: true, num_keys: 1 };
        let order = b.iota(DType::I64, &[n], 0);
        let sorted = b.ops(sort, &[b.reshape(place, &[n]), order]);
        let (place, permutation) = (sorted[0], sorted[1]);
        let inverse = b.ops(sort, &[permutation, order])[1];
        let updates = b.take_along_axis(b.reshape(updates, &[n]), permutation, 0);
        let before = products_before(b, place, updates, n);
        let back = |v: Atom| b.rev(v, &[0]);
        let after = back(products_before(b, back(place), back(updates), n));
        let others = b.take_along_axis(b.mul(before, after), inverse, 0);
        b.reshape(others, ty.shape())
    }
}

/// For sorted places, the product of all earlier values at the same place.
///
/// After the step for k, `product` holds the product of the k values before, as far as they are at
/// the same place; the next step multiplies by the product of the k values before those.
fn products_before(b: &Builder, place: Atom, values: Atom, n: usize) -> Atom {
    let later =
        |v: Atom, k: usize, fill: f64| b.pad(v, b.lit_like(v, fill), &[(k as i64, -(k as i64), 0)]);
    let from_same_place = |v: Atom, k: usize| {
        let same = b.eq(later(place, k, -1.0), place);
        b.select(same, later(v, k, 1.0), b.lit_like(v, 1.0))
    };
    let mut product = from_same_place(values, 1);
    let mut k = 1;
    while k < n {
        product = b.mul(product, from_same_place(product, k));
        k *= 2;
    }
    product
}

/// The elements of an array of the operand's shape at the places of the updates, zeros where those
/// are out of bounds.
fn read(prim: &Scatter, b: &Builder, y: Atom, indices: Atom, updates: &Type) -> Atom {
    let ty = b.ty(y);
    let slice_sizes = prim.window_sizes(ty.shape(), updates.shape());
    if slice_sizes.iter().zip(ty.shape()).any(|(size, n)| size > n) {
        // Nothing fits into an empty operand.
        return b.full(&updates.with_dtype(ty.dtype()), 0.0);
    }
    let fills = prim.mode == IndexMode::FillOrDrop;
    let gather = Gather {
        dims: prim.dims.to_gather(),
        slice_sizes,
        mode: prim.mode,
        fill_value: fills.then(|| Lit::new(0.0f64)),
    };
    b.op(gather, &[y, indices])
}

/// Which elements of the operand are overwritten, and which updates are the last at their place.
fn winners(
    prim: &Scatter,
    b: &Builder,
    operand: &Type,
    indices: Atom,
    updates: &Type,
) -> (Atom, Atom) {
    // One number for each window is enough: within a window no two elements meet.
    let axes: Axes = prim.dims.to_gather().index_axes(updates.rank());
    let batch: Vec<usize> = axes.iter().map(|&i| updates.shape()[i]).collect();
    let n = numel(&batch);
    let dtype = if n < i32::MAX as usize { DType::I32 } else { DType::I64 };
    let numbers = b.reshape(b.offset(b.iota(dtype, &[n], 0), 1.0), &batch);
    let numbers = b.broadcast_in_dim(numbers, updates.shape(), &axes);
    let zeros = b.full(&operand.with_dtype(dtype), 0.0);
    let last = b.op(prim.with_op(ScatterOp::Set), &[zeros, indices, numbers]);
    let overwritten = b.ne(last, b.lit(dtype, 0.0));
    (overwritten, b.eq(read(prim, b, last, indices, updates), numbers))
}

/// The cotangents of a scatter's linear operands.
pub(crate) fn transpose(
    prim: &Scatter,
    b: &Builder,
    ct: Atom,
    indices: Atom,
    operands: &[Operand],
) -> TransposeOut {
    let updates = operands[2].ty(b);
    let mut cts: Tangents = smallvec![None; 3];
    let known = (operands[0].known(), operands[2].known());
    match prim.op {
        ScatterOp::Add | ScatterOp::Sub => {
            cts[0] = Some(ct);
            let there = read(prim, b, ct, indices, &updates);
            cts[2] = Some(if prim.op == ScatterOp::Sub { b.neg(there) } else { there });
        }
        ScatterOp::Set => {
            cts[0] = Some(b.op(prim.clone(), &[ct, indices, b.full(&updates, 0.0)]));
            let there = read(prim, b, ct, indices, &updates);
            cts[2] = Some(if prim.unique_indices {
                there
            } else {
                let (_, won) = winners(prim, b, &operands[0].ty(b), indices, &updates);
                b.select(won, there, b.lit_like(there, 0.0))
            });
        }
        // y = x Π u is linear in x; in a single u at each place, as well.
        ScatterOp::Mul => match known {
            (None, Some(u)) => cts[0] = Some(b.op(prim.clone(), &[ct, indices, u])),
            (Some(x), None) if prim.unique_indices => {
                cts[2] = Some(read(prim, b, b.mul(ct, x), indices, &updates));
            }
            _ => return classes::not_linear(prim.name()),
        },
        ScatterOp::Min | ScatterOp::Max => return classes::not_linear(prim.name()),
    }
    for (ct, operand) in cts.iter_mut().zip(operands) {
        if !operand.is_linear() {
            *ct = None;
        }
    }
    Ok(cts)
}

/// Every op with rows, columns, elements, overlapping windows and batching axes; updates that meet
/// and that miss.
pub(crate) fn samples() -> Vec<Sample> {
    use IndexMode::{Clip, FillOrDrop, PromiseInBounds};
    use ScatterOp::{Add, Max, Min, Mul, Set, Sub};
    struct Case<'a> {
        x: &'a [usize],
        indices: &'a [usize],
        updates: &'a [usize],
        dims: [&'a [usize]; 5],
        range: (f64, f64),
    }
    let rows = Case {
        x: &[4, 3],
        indices: &[3, 1],
        updates: &[3, 3],
        dims: [&[1], &[0], &[0], &[], &[]],
        range: (-1.0, 4.0),
    };
    let columns = Case {
        x: &[2, 4],
        indices: &[3, 1],
        updates: &[2, 3],
        dims: [&[0], &[1], &[1], &[], &[]],
        range: (-1.0, 4.0),
    };
    let elements = Case {
        x: &[3, 2],
        indices: &[2, 3, 2],
        updates: &[2, 3],
        dims: [&[], &[0, 1], &[1, 0], &[], &[]],
        range: (-1.0, 2.0),
    };
    let windows = Case {
        x: &[5, 2],
        indices: &[3, 1],
        updates: &[3, 2, 1],
        dims: [&[1, 2], &[], &[0], &[], &[]],
        range: (-1.0, 4.0),
    };
    let batched = Case {
        x: &[3, 2, 2],
        indices: &[2, 2, 3, 1],
        updates: &[2, 2, 3],
        dims: [&[], &[2], &[2], &[0, 1], &[2, 0]],
        range: (-1.0, 2.0),
    };
    let single = Case {
        x: &[4],
        indices: &[1],
        updates: &[2],
        dims: [&[0], &[], &[0], &[], &[]],
        range: (0.0, 4.0),
    };
    let nothing = Case {
        x: &[3],
        indices: &[0, 1],
        updates: &[0],
        dims: [&[], &[0], &[0], &[], &[]],
        range: (0.0, 2.0),
    };
    let into_nothing = Case {
        x: &[0],
        indices: &[2, 1],
        updates: &[2],
        dims: [&[], &[0], &[0], &[], &[]],
        range: (0.0, 2.0),
    };
    let make = |op: ScatterOp, dtype, case: &Case<'_>, mode, index, unique_indices| {
        let [window, inserted, map, batching, paired] = case.dims.map(SmallVec::from_slice);
        let dims = ScatterDims {
            update_window_dims: window,
            inserted_window_dims: inserted,
            scatter_dims_to_operand_dims: map,
            operand_batching_dims: batching,
            scatter_indices_batching_dims: paired,
        };
        // Distinct values have no ties, at which minima and maxima have kinks; the operand's are
        // drawn from elsewhere than the updates'.
        let (x, u) = match (dtype, op) {
            (DType::Bool, _) => (Domain::Bits, Domain::Bits),
            (DType::F64, Min | Max) => (Domain::Range(-3.0, 3.0), Domain::Distinct),
            _ => (Domain::Range(-2.0, 2.0), Domain::Range(-2.0, 2.0)),
        };
        let args = vec![
            (Type::of(dtype, case.x), x),
            (Type::of(index, case.indices), Domain::Range(case.range.0, case.range.1)),
            (Type::of(dtype, case.updates), u),
        ];
        Sample::new(Scatter { op, dims, mode, unique_indices }, args)
    };
    let (f64, i32, i64) = (DType::F64, DType::I32, DType::I64);
    let mut samples = Vec::new();
    for op in [Set, Add, Sub, Mul, Min, Max] {
        samples.extend([
            make(op, f64, &rows, FillOrDrop, i32, false),
            make(op, f64, &elements, Clip, i64, false),
            make(op, f64, &windows, FillOrDrop, DType::I8, false),
            make(op, f64, &batched, Clip, i32, false),
            make(op, f64, &single, Clip, DType::U8, true),
            make(op, DType::F32, &columns, FillOrDrop, i32, false),
            make(op, i32, &rows, FillOrDrop, i32, false),
        ]);
    }
    for op in [Set, Add, Mul] {
        samples.push(make(op, f64, &nothing, FillOrDrop, i32, false));
        samples.push(make(op, f64, &into_nothing, FillOrDrop, i32, false));
    }
    let inside = Case { range: (0.0, 3.0), ..rows };
    samples.extend([
        make(Add, f64, &columns, Clip, DType::U32, false),
        make(Add, f64, &inside, PromiseInBounds, i32, false),
        make(Add, DType::BF16, &rows, Clip, i32, false),
        make(Mul, DType::F16, &rows, Clip, i32, false),
        make(Set, DType::Bool, &rows, FillOrDrop, i32, false),
        make(Max, DType::Bool, &rows, FillOrDrop, i32, false),
        make(Set, DType::U8, &windows, Clip, i32, false),
        make(Mul, i64, &windows, Clip, i32, false),
    ]);
    samples
}
