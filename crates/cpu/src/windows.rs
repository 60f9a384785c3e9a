//! Gather, scatter, dynamic slices: windows at computed positions.
//!
//! For each index vector a window is one strided copy, which for rows is one `memcpy` and for single
//! elements one load. Updates of a scatter are applied in the order of their elements, as the
//! definition has it; where that is not the order of index vectors, the interpreter serves.

use crate::memory::{build, raw};
use crate::operand::Operand;
use crate::strided::{Strides, copy, row_major};
use crate::threads::{Shared, for_ranges};
use pullback_ir::prim::gather::{Gather, GatherDims, IndexMode};
use pullback_ir::prim::scatter::{Scatter, ScatterOp};
use pullback_ir::scalar::{NumScalar, OrdScalar, convert};
use pullback_ir::shape::numel;
use pullback_ir::{DType, Element, Shape, Type, Value, dispatch};

/// Elements of an integer array; what is beyond `i64` is out of any bounds.
fn numbers(x: &Value) -> Vec<i64> {
    if x.dtype() == DType::U64 {
        return x.slice::<u64>().iter().map(|&i| i64::try_from(i).unwrap_or(i64::MAX)).collect();
    }
    dispatch!(int x.dtype(), T => x.slice::<T>().iter().map(|&i| convert(i)).collect(),
        else => unreachable!("indices are integers"))
}

/// Where windows are, in the operand and in the windowed array.
struct Windows {
    /// The first element of each window in the operand; `None` for windows out of bounds.
    starts: Vec<Option<usize>>,
    /// The first element of each window in the windowed array.
    places: Vec<usize>,
    /// Sizes of a window, its strides in the operand and in the windowed array.
    sizes: Shape,
    inside: Strides,
    outside: Strides,
}

impl Windows {
    fn new(
        dims: &GatherDims,
        operand: &[usize],
        slice_sizes: &[usize],
        indices: &Value,
        windowed: &[usize],
        clip: bool,
    ) -> Windows {
        let index_shape = indices.shape();
        let batch = &index_shape[..index_shape.len() - 1];
        let components = dims.start_index_map.len();
        let vectors = numbers(indices);
        let (steps, out_steps) = (row_major(operand), row_major(windowed));
        let index_axes: Shape =
            (0..windowed.len()).filter(|i| !dims.offset_dims.contains(i)).collect();
        let gone = |i: &usize| {
            dims.collapsed_slice_dims.contains(i) || dims.operand_batching_dims.contains(i)
        };
        let kept: Shape = (0..operand.len()).filter(|i| !gone(i)).collect();
        let n = numel(batch);
        let (mut starts, mut places) = (Vec::with_capacity(n), Vec::with_capacity(n));
        let mut at: Shape = Shape::from_elem(0, batch.len());
        for nth in 0..n {
            let vector = &vectors[nth * components..][..components];
            starts.push(Self::start(dims, operand, slice_sizes, &steps, vector, &at, clip));
            let place = index_axes.iter().zip(&at).map(|(&i, &a)| out_steps[i] as usize * a);
            places.push(place.sum());
            for (a, &size) in at.iter_mut().zip(batch).rev() {
                *a += 1;
                if *a < size {
                    break;
                }
                *a = 0;
            }
        }
        Windows {
            starts,
            places,
            sizes: kept.iter().map(|&i| slice_sizes[i]).collect(),
            inside: kept.iter().map(|&i| steps[i]).collect(),
            outside: dims.offset_dims.iter().map(|&i| out_steps[i]).collect(),
        }
    }

    fn start(
        dims: &GatherDims,
        operand: &[usize],
        slice_sizes: &[usize],
        steps: &[isize],
        vector: &[i64],
        at: &[usize],
        clip: bool,
    ) -> Option<usize> {
        let paired = dims.operand_batching_dims.iter().zip(&dims.start_indices_batching_dims);
        let mut start: usize = paired.map(|(&o, &i)| at[i] * steps[o] as usize).sum();
        for (&axis, &i) in dims.start_index_map.iter().zip(vector) {
            let last = operand[axis].checked_sub(slice_sizes[axis])?;
            let i = if clip { i.clamp(0, last as i64) } else { i };
            start += usize::try_from(i).ok().filter(|&i| i <= last)? * steps[axis] as usize;
        }
        Some(start)
    }

    /// The elements of a window.
    fn len(&self) -> usize {
        numel(&self.sizes)
    }

    /// The offset of the last element of a window.
    fn reach(&self, strides: &[isize]) -> usize {
        let each = self.sizes.iter().zip(strides).map(|(&n, &s)| n.saturating_sub(1) * s as usize);
        each.sum()
    }

    /// Checks that every window is within both arrays.
    fn assert_within(&self, operand: usize, windowed: usize) {
        if self.len() == 0 {
            return;
        }
        let (inside, outside) = (self.reach(&self.inside), self.reach(&self.outside));
        assert!(self.starts.iter().flatten().all(|s| s + inside < operand));
        assert!(self.places.iter().all(|p| p + outside < windowed));
    }
}

pub(crate) fn gather(prim: &Gather, x: &Value, indices: &Value, out: &Type) -> Option<Value> {
    let clip = prim.mode != IndexMode::FillOrDrop;
    let fill = prim.fill(x.dtype()).ok()?.value();
    let shape = out.shape();
    let w = Windows::new(&prim.dims, x.shape(), &prim.slice_sizes, indices, shape, clip);
    w.assert_within(x.len(), out.numel());
    assert!(w.places.len() * w.len() == out.numel() && x.dtype() == out.dtype());
    let size = x.dtype().size();
    let ((from, _), (fill, _)) = (raw(x), raw(&fill));
    let probe = (1usize << 14).div_ceil(w.len().max(1));
    let single = w.len() == 1;
    // SAFETY: windows are within the arrays, as was checked, and those of the result do not meet: they
    // are the boxes that fixing its index axes leaves. Together they make up the result.
    unsafe {
        Some(build(out.dtype(), shape, |to| {
            let ends = Shared((from, fill, to));
            for_ranges(w.places.len(), probe, |range| {
                let (from, fill, to) = ends.get();
                for k in range {
                    let to = to.add(w.places[k] * size);
                    let from = w.starts[k].map(|s| from.add(s * size));
                    match from {
                        _ if single => one(size, from.unwrap_or(fill), to),
                        Some(from) => copy(size, &w.sizes, from, &w.inside, to, &w.outside),
                        None => {
                            let zeros = Strides::from_elem(0, w.sizes.len());
                            copy(size, &w.sizes, fill, &zeros, to, &w.outside);
                        }
                    }
                }
            });
        }))
    }
}

/// Copies one element.
///
/// # Safety
/// Both pointers are to elements of this size.
#[inline(always)]
unsafe fn one(size: usize, from: *const u8, to: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe {
        match size {
            1 => *to = *from,
            2 => *to.cast::<u16>() = *from.cast(),
            4 => *to.cast::<u32>() = *from.cast(),
            _ => *to.cast::<u64>() = *from.cast(),
        }
    }
}

pub(crate) fn scatter(prim: &Scatter, ins: &mut [Operand<'_>]) -> Option<Value> {
    let [x, indices, updates] = ins else { return None };
    let (indices, updates) = (indices.value(), updates.value());
    let operand = Shape::from_slice(x.value().shape());
    let sizes = prim.window_sizes(&operand, updates.shape());
    let dims = prim.dims.to_gather();
    let clip = prim.mode == IndexMode::Clip;
    let w = Windows::new(&dims, &operand, &sizes, indices, updates.shape(), clip);
    // Updates come in the order of index vectors if windows are the innermost axes, or if an element of
    // the operand has one place in all windows, because they span their axes.
    let innermost = dims.offset_dims.iter().rev().enumerate();
    let innermost = innermost.into_iter().all(|(k, &i)| i + k + 1 == updates.shape().len());
    let gone =
        |i: &usize| dims.collapsed_slice_dims.contains(i) || dims.operand_batching_dims.contains(i);
    let spanning = (0..operand.len()).filter(|i| !gone(i)).all(|i| sizes[i] == operand[i]);
    let dtype = x.dtype();
    let combines = match (prim.op, dtype) {
        (ScatterOp::Set, _) | (_, DType::F32 | DType::F64) => true,
        // The narrow floats accumulate in f32, and bool has operations of its own.
        (ScatterOp::Sub, _) | (_, DType::Bool | DType::F16 | DType::BF16) => false,
        _ => true,
    };
    if !(innermost || spanning) || !combines || updates.dtype() != dtype {
        return None;
    }
    w.assert_within(numel(&operand), updates.len());
    let mut y = x.take();
    macro_rules! with {
        ($T:ty, $f:expr) => {
            scatter_with::<$T>(&mut y, &w, updates, $f)
        };
    }
    match (prim.op, dtype) {
        (ScatterOp::Set, _) => dispatch!(dtype, T => with!(T, |_, u| u)),
        (ScatterOp::Sub, DType::F32) => with!(f32, |x, u| x - u),
        (ScatterOp::Sub, DType::F64) => with!(f64, |x, u| x - u),
        _ => dispatch!(number dtype, T => match prim.op {
            ScatterOp::Add => with!(T, T::plus),
            ScatterOp::Mul => with!(T, T::times),
            ScatterOp::Min => with!(T, T::lesser),
            ScatterOp::Max => with!(T, T::greater),
            ScatterOp::Set | ScatterOp::Sub => unreachable!("handled above"),
        }, else => unreachable!("bool is refused above")),
    }
    Some(y)
}

/// Applies the updates, in place if nothing else holds the buffer.
fn scatter_with<T: Element>(y: &mut Value, w: &Windows, updates: &Value, f: impl Fn(T, T) -> T) {
    if y.slice_mut::<T>().is_none() {
        *y = Value::new(y.shape(), y.slice::<T>().to_vec());
    }
    let Some(to) = y.slice_mut::<T>() else { unreachable!("the copy is unique") };
    let from = updates.slice::<T>();
    for (start, &place) in w.starts.iter().zip(&w.places) {
        if let Some(start) = *start {
            apply(
                &mut to[start..],
                &from[place.min(from.len())..],
                &w.sizes,
                &w.inside,
                &w.outside,
                &f,
            );
        }
    }
}

/// Applies one window of updates, in row-major order.
fn apply<T: Copy>(
    to: &mut [T],
    from: &[T],
    sizes: &[usize],
    inside: &[isize],
    outside: &[isize],
    f: &impl Fn(T, T) -> T,
) {
    match sizes {
        [] => to[0] = f(to[0], from[0]),
        [n] if inside[0] == 1 && outside[0] == 1 => {
            for (x, &u) in to[..*n].iter_mut().zip(&from[..*n]) {
                *x = f(*x, u);
            }
        }
        [n, rest @ ..] => {
            for i in 0..*n {
                let (x, u) = (i * inside[0] as usize, i * outside[0] as usize);
                apply(&mut to[x..], &from[u..], rest, &inside[1..], &outside[1..], f);
            }
        }
    }
}

/// The start of a dynamic slice, moved inside, as an offset in elements.
fn offset(operand: &[usize], window: &[usize], starts: &[Operand<'_>]) -> usize {
    let steps = row_major(operand);
    let mut offset = 0;
    for (axis, start) in starts.iter().enumerate() {
        let last = operand[axis] - window[axis];
        let i = numbers(start.value())[0].clamp(0, last as i64) as usize;
        offset += i * steps[axis] as usize;
    }
    offset
}

pub(crate) fn dynamic_slice(ins: &mut [Operand<'_>], out: &Type) -> Value {
    let (x, starts) = ins.split_at_mut(1);
    if x[0].value().shape() == out.shape() {
        return x[0].take();
    }
    let x = x[0].value();
    let start = offset(x.shape(), out.shape(), starts);
    crate::shape_ops::view(x, out, start as isize, &row_major(x.shape()))
}

pub(crate) fn dynamic_update_slice(ins: &mut [Operand<'_>]) -> Value {
    let (first, rest) = ins.split_at_mut(2);
    let [x, update] = first else { unreachable!("two operands") };
    let start = offset(x.value().shape(), update.value().shape(), rest);
    let mut y = x.take();
    let update = update.value();
    assert!(y.dtype() == update.dtype());
    let steps = row_major(y.shape());
    let own = row_major(update.shape());
    dispatch!(y.dtype(), T => {
        if y.slice_mut::<T>().is_none() {
            y = Value::new(y.shape(), y.slice::<T>().to_vec());
        }
        let Some(to) = y.slice_mut::<T>() else { unreachable!("the copy is unique") };
        if !update.is_empty() {
            apply(&mut to[start..], update.slice::<T>(), update.shape(), &steps, &own, &|_, u| u);
        }
    });
    y
}
