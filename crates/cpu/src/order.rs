//! Sorting, and the largest elements.

use crate::scan::around;
use pullback_ir::prim::sort::Sort;
use pullback_ir::prim::top_k::TopK;
use pullback_ir::scalar::OrdScalar;
use pullback_ir::{Shape, Value, dispatch};
use rayon::slice::ParallelSliceMut;
use std::cmp::Ordering;

use crate::operand::{Operand, Values};
use smallvec::smallvec;

/// Elements from which on several threads sort.
const PARALLEL: usize = 1 << 14;

/// Sorts stably, so that the result is one and the same for any algorithm.
fn sort_by<T: Send>(x: &mut [T], compare: impl Fn(&T, &T) -> Ordering + Sync) {
    match x.len() < PARALLEL {
        true => x.sort_by(compare),
        false => x.par_sort_by(compare),
    }
}

/// Sorts by one key; the interpreter serves for several.
pub(crate) fn sort(prim: &Sort, ins: &mut [Operand<'_>]) -> Option<Values> {
    let (key, rest) = ins.split_first_mut()?;
    let [before, n, after] = around(key.value().shape(), prim.dimension);
    if prim.num_keys != 1 || u32::try_from(n).is_err() {
        return None;
    }
    if rest.is_empty() && after == 1 {
        let mut x = key.take();
        dispatch!(x.dtype(), T => {
            if x.slice_mut::<T>().is_none() {
                x = Value::new(x.shape(), x.slice::<T>().to_vec());
            }
            let data = x.slice_mut::<T>()?;
            for lane in data.chunks_exact_mut(n.max(1)) {
                sort_by(lane, |a, b| a.sort_cmp(*b));
            }
        });
        return Some(smallvec![x]);
    }
    // Row-major sources of the elements of the result.
    let key = key.value();
    let mut sources = vec![0usize; key.len()];
    dispatch!(key.dtype(), T => {
        let data = key.slice::<T>();
        let mut lane: Vec<(T, u32)> = Vec::with_capacity(n);
        for i in 0..before {
            for j in 0..after {
                let at = |k: usize| (i * n + k) * after + j;
                lane.clear();
                lane.extend((0..n).map(|k| (data[at(k)], k as u32)));
                sort_by(&mut lane, |a, b| a.0.sort_cmp(b.0));
                for (k, &(_, source)) in lane.iter().enumerate() {
                    sources[at(k)] = at(source as usize);
                }
            }
        }
    });
    let sorted = |x: &Value| {
        assert_eq!(x.len(), sources.len());
        dispatch!(x.dtype(), T => {
            let from = x.slice::<T>();
            Value::new(Shape::from_slice(x.shape()), sources.iter().map(|&s| from[s]).collect())
        })
    };
    let mut outs: Values = smallvec![sorted(key)];
    outs.extend(rest.iter().map(|x| sorted(x.value())));
    Some(outs)
}

pub(crate) fn top_k(prim: &TopK, x: &Value) -> Values {
    let [before, n, after] = around(x.shape(), prim.axis);
    let k = prim.k;
    let mut shape = Shape::from_slice(x.shape());
    shape[prim.axis] = k;
    dispatch!(x.dtype(), T => {
        let data = x.slice::<T>();
        let mut values = vec![T::default(); before * k * after];
        let mut indices = vec![0i32; values.len()];
        let mut lane: Vec<(T, i32)> = Vec::with_capacity(n);
        // Descending, the earlier of equals first: no two elements are equal in this order.
        let compare = |a: &(T, i32), b: &(T, i32)| b.0.rank_cmp(a.0).then(a.1.cmp(&b.1));
        for i in 0..before {
            for j in 0..after {
                lane.clear();
                lane.extend((0..n).map(|p| (data[(i * n + p) * after + j], p as i32)));
                if k < n && k > 0 {
                    lane.select_nth_unstable_by(k - 1, compare);
                }
                lane.truncate(k);
                lane.sort_unstable_by(compare);
                for (p, &(value, index)) in lane.iter().enumerate() {
                    let place = (i * k + p) * after + j;
                    values[place] = value;
                    indices[place] = index;
                }
            }
        }
        smallvec![Value::new(shape.clone(), values), Value::new(shape, indices)]
    })
}
