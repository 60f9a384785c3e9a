//! Group `data`: sorting, scanning, moving, gathering, drawing.

use crate::workload::{Build, Inputs, Run, call};
use pullback::prelude::*;

pub(crate) fn find(name: &str) -> Option<Build> {
    Some(match name {
        "sort_1e6" => |i| unary(i, |x| x.sort(0)),
        "argsort_1e6" => |i| unary(i, |x| x.argsort(0)),
        "topk100_1e6" => top_k,
        "cumsum_1e7" => |i| unary(i, |x| x.cumsum(0)),
        "cumsum_axis1" => |i| unary(i, |x| x.cumsum(1)),
        "argmax_1e7" => |i| unary(i, |x| x.argmax()),
        "transpose_1e4x1e3" => |i| unary(i, |x| x.t()),
        "gather_1e6" => gather,
        "embedding_2e4x128" => gather,
        "embedding_grad_2e4x128" => embedding_grad,
        "scatter_add_1e6" => scatter_add,
        "bits_1e7" => |_| draw(|key| random::bits::<u32>(key, 10_000_000)),
        "uniform_1e7" => |_| draw(|key| uniform::<f32>(key, 10_000_000)),
        "normal_1e7" => |_| draw(|key| normal::<f32>(key, 10_000_000)),
        "permutation_1e6" => |_| draw(|key| permutation(key, 1_000_000)),
        _ => return None,
    })
}

fn unary(inputs: &Inputs, f: fn(&Array) -> Array) -> Box<dyn Run> {
    let x = inputs.get("x");
    let f = jit(f);
    call(move || f(&x))
}

fn top_k(inputs: &Inputs) -> Box<dyn Run> {
    let x = inputs.get("x");
    let f = jit(|x: &Array| x.top_k(100));
    call(move || f(&x))
}

/// Elements of a vector, or rows of a table.
fn gather(inputs: &Inputs) -> Box<dyn Run> {
    let [x, indices] = inputs.all(["x", "indices"]);
    let f = jit(|x: &Array, indices: &Array| x.take(indices, 0));
    call(move || f(&x, &indices))
}

/// The gradient by the table.
fn embedding_grad(inputs: &Inputs) -> Box<dyn Run> {
    let [table, indices, ct] = inputs.all(["x", "indices", "ct"]);
    let f =
        jit(grad(|table: &Array, indices: &Array, ct: &Array| (table.take(indices, 0) * ct).sum()));
    call(move || f(&table, &indices, &ct))
}

fn scatter_add(inputs: &Inputs) -> Box<dyn Run> {
    let [x, indices] = inputs.all(["x", "indices"]);
    let f = jit(|x: &Array, indices: &Array| zeros::<f32>(100_000).at(indices).add(x));
    call(move || f(&x, &indices))
}

/// New numbers in each call, from one key and the number of the call.
fn draw(f: fn(Key) -> Array) -> Box<dyn Run> {
    let key = Key::new(0);
    let f = jit(move |key: &Key, n: &Array| f(key.fold_in(n)));
    let mut n = 0i32;
    call(move || {
        n += 1;
        f(&key, &Array::from(n))
    })
}
