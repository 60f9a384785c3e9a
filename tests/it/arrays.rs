//! The vocabulary of arrays beside NumPy and JAX: values, gradients, and the same function under `vmap`
//! and `jit`. The numbers are in `tests/golden/arrays.json`, made by `make_arrays.py` beside it.

use pullback::prelude::*;
use pullback::{Element, Value, arange_step, eye_at};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// The arrays that expressions name.
struct Inputs(BTreeMap<String, Array>);

type Case = (&'static str, fn(&Inputs) -> Array);

/// Expressions of the Rust API as functions of the inputs, with their text.
macro_rules! expressions {
    (@one [$($name:ident)*] $e:expr) => {
        (stringify!($e), |inputs: &Inputs| {
            let ($($name,)*) = ($(&inputs.0[stringify!($name)],)*);
            let _ = ($($name,)*);
            $e
        })
    };
    ($names:tt $($e:expr;)*) => {
        vec![$(expressions!(@one $names $e)),*]
    };
}

fn cases() -> Vec<Case> {
    expressions! {
        [x b w c v n k i j u p]
        -x;
        x + v;
        1 - x * 2.0;
        v / x;
        n % k;
        n / k;
        n.remainder(k);
        n.floor_divide(k);
        x.remainder(v);
        x.floor_divide(v);
        n << 2;
        n >> 1;
        n & k | n ^ 5;
        !p;
        x.abs().sqrt();
        x.sin().exp();
        x.pow(3);
        x.abs().pow(1.5);
        x.abs().pow(v);
        n.powi(3);
        x.abs().log2();
        x.abs().log10();
        x.logaddexp(v);
        x.atan2(v);
        x.round();
        (x * 4.0).round();
        x.floor() + x.ceil();
        x.sign();
        x.reciprocal();
        x.sigmoid();
        x.relu();
        (x - x).relu();
        x.softplus();
        x.silu();
        x.gelu();
        x.clip(-0.5, 1.0);
        x.clip(x, 1.0);
        x.clip(v, 0.25);
        x.maximum(v);
        x.minimum(0.25);
        x.maximum(x);
        x.gt(v);
        n.le(2);
        n.eq(k);
        select(x.gt(0.0), x, v * 2.0);
        select(p.expand_dims(1), x, 0.0);
        x.cast(DType::F32);
        (x * 3.0).cast(DType::I32);
        x.sum();
        b.sum_over([0, -1]);
        b.sum_over(keep(1));
        n.sum_over(0);
        x.prod();
        (x * x.gt(0.0).cast(DType::F64)).prod_over(1);
        x.mean();
        x.mean_over(keep(0));
        x.var();
        x.var_over(1, 1);
        x.std_over(0, 0);
        x.max();
        x.min_over(-1);
        (x * 0.0).max_over(1);
        x.argmax();
        x.argmin_over(1);
        n.argmax_over(0);
        p.all();
        n.gt(0).any_over(1);
        n.count_nonzero();
        x.norm();
        x.norm_over(1, 1.0);
        x.norm_over(0, f64::INFINITY);
        x.norm_over(0, f64::NEG_INFINITY);
        x.norm_over(keep(1), 3.0);
        x.norm_over(1, 0.0);
        x.cumsum(0);
        x.cumprod(1);
        n.cumsum(1);
        x.cummax(1);
        x.cummin(0);
        x.cumlogsumexp(1);
        x.softmax(-1);
        x.log_softmax(0);
        x.logsumexp();
        b.logsumexp_over(keep([0, 2]));
        one_hot::<f64>(&u, 3);
        x.matmul(w);
        x.dot(w);
        x.dot(v);
        v.dot(w);
        v.dot(v);
        b.matmul(w);
        b.matmul(c);
        x.matmul(c);
        v.matmul(c);
        b.matmul(v);
        b.expand_dims(1).matmul(c);
        b.dot(w);
        x.dot(c);
        n.t().matmul(k);
        x.inner(v);
        x.vdot(x * 2.0);
        v.outer(v * x.get(0));
        b.tensordot(x, [1, 2], [0, 1]);
        b.tensordot(w, -1, 0);
        einsum("ij,jk->ik", [x, w]);
        einsum("ij,jk", [x, w]);
        einsum("ij,ij->", [x, x]);
        einsum("bij,bjk->kb", [b, c]);
        einsum("...ij,...jk->...ik", [x, c]);
        einsum("...i->...", [b]);
        einsum("ij->j", [x]);
        einsum("ba", [x]);
        einsum("ii->i", [&x.get((.., ..3))]);
        einsum("iij,kj->ik", [&b.get((.., ..2, ..)), x]);
        einsum("ij,jk,k,i->", [x, w, &w.get(0), &x.get((.., 0))]);
        einsum("i,j->ij", [v, v]);
        x.reshape([2, -1]);
        x.ravel();
        b.t();
        b.permute([1, -1, 0]);
        b.swap_axes(0, -1);
        b.move_axis(0, -1);
        x.expand_dims([0, -1]);
        v.broadcast_to([2, 3, 4]);
        stack([x, &(x * 2.0)], 1);
        stack([x, x], -1);
        concat([x, &b.get(0), x], 0);
        concat([&x.get((.., ..1)), x], -1);
        x.split(2, 1).remove(1);
        x.split_sizes([1, -1], 1).remove(1);
        x.tile([2, 1]);
        v.tile([2, 2]);
        x.tile(2);
        x.repeat(3, 1);
        x.roll(1, 0);
        x.roll(-6, 1);
        x.flip(..);
        x.flip(-1);
        x.pad(1, 0.5);
        x.pad([(0, 2), (1, 0)], 0);
        x.pad_with((2, 1), PadMode::Edge);
        x.pad_with((5, 4), PadMode::Reflect);
        x.pad_with((5, 4), PadMode::Symmetric);
        x.pad_with((5, 4), PadMode::Wrap);
        x.triu(0);
        x.triu(-1);
        b.tril(1);
        x.diagonal(1);
        x.diagonal(-2);
        b.diagonal_of(0, 0, 2);
        x.trace();
        x.get(0).diag(0);
        x.get(0).diag(-2);
        x.get(0).diag(1);
        x.diag(1);
        x.take(i, 0);
        x.take(j, 1);
        x.take(i.lt(1).cast(DType::I32) * 9, 0);
        x.take_along_axis(j, 1);
        x.take_along_axis(&x.argsort(1), 1);
        x.sort(0);
        x.argsort(1);
        n.argsort(-1);
        x.top_k(2).0;
        x.top_k(2).1;
        x.get(1);
        x.get((-1, 2));
        x.get((.., 1..3));
        x.get((.., -2..));
        x.get((..=1, s(..).step(2)));
        x.get((s(..).step(-1), s(3..0).step(-2)));
        x.get((s(-1..).step(-1), 5..9));
        b.get((Ellipsis, 0));
        b.get((0, Ellipsis, NewAxis));
        b.get((NewAxis, .., NewAxis, 1));
        x.get(i);
        x.get([2, 0, -1]);
        x.get((.., i));
        x.get((i, 1));
        x.get((i, i));
        x.get((i, j));
        b.get((0, .., i));
        b.get((.., i, i));
        b.get((i.clip(0, 1), .., j));
        b.get((.., NewAxis, i, NewAxis));
        b.get((1, NewAxis, i));
        b.get((.., i, 1..3));
        b.get((s(..).step(-1), i, s(3..0).step(-2)));
        b.get((u.get(..2), 1));
        x.get(p);
        x.get((p, i));
        x.get(n.gt(4));
        b.get((.., n.gt(4)));
        x.get((i * 4, 0));
        x.at((0, 1)).set(7.0);
        x.at(1).set(v);
        x.at((.., 1..3)).add(&x.get((.., ..2)));
        x.at((s(..).step(2), s(..).step(-3))).mul(10.0);
        x.at((.., s(..).step(-1))).set(v * x.get(0));
        x.at((.., 5..)).set(1.0);
        x.at((NewAxis, 0)).add(v.expand_dims(0));
        x.at(i).set(x.get((1.., ..)) * 2.0);
        x.at((.., u)).add(x);
        x.at((.., u)).mul(x);
        x.at((.., u)).max(0.25);
        x.at((.., u)).min(v);
        x.at((i, i)).sub(x.get((0, ..2)));
        x.at((i, [9, 1])).set(5.0);
        b.at((1, .., i)).set(v.get(..3));
        b.at((s(..).step(-1), i, 1..3)).add(2.0);
        x.at(p).set(0.0);
        n.at((.., u)).max(k);
        arange(2..7);
        arange_step(5, -4, -3);
        arange_step(0.5, 2.0, 0.25);
        linspace(-1.0, 2.0, 7);
        linspace(3.0f32, 3.5, 1);
        eye::<f32>(3);
        eye_at::<i32>(2, 4, -1);
        eye_at::<f64>(3, 4, 9);
        tri::<f64>(3, 4, 1);
        tri::<f64>(3, 2, -9);
    }
}

fn golden() -> Json {
    let text = include_str!("../golden/arrays.json");
    serde_json::from_str(text).expect("arrays.json is JSON")
}

fn array(json: &Json) -> Array {
    let dtype = json["dtype"].as_str().and_then(DType::from_name).expect("a dtype");
    let sizes = json["shape"].as_array().expect("a shape").iter();
    let shape: Vec<usize> = sizes.map(|n| n.as_u64().expect("a size") as usize).collect();
    let data = json["data"].as_array().expect("data");
    let value = pullback::ir::dispatch!(dtype, T => {
        Value::new(shape.as_slice(), data.iter().map(element::<T>).collect())
    });
    Array::from_value(value)
}

fn element<T: Element>(json: &Json) -> T {
    match json {
        Json::Bool(b) => T::from_f64(f64::from(u8::from(*b))),
        Json::String(s) => T::from_f64(s.parse().expect("NaN or Infinity")),
        Json::Number(n) if T::DTYPE.is_int() => match n.as_u64() {
            Some(u) => T::from_bits(u),
            None => T::from_bits(n.as_i64().expect("an integer") as u64),
        },
        other => T::from_f64(other.as_f64().expect("a number")),
    }
}

fn inputs(golden: &Json) -> Inputs {
    let named = golden["inputs"].as_object().expect("inputs");
    Inputs(named.iter().map(|(name, x)| (name.clone(), array(x))).collect())
}

/// The recorded cases by the text of their expressions.
fn recorded(golden: &Json) -> BTreeMap<String, &Json> {
    let all = golden["cases"].as_array().expect("cases").iter();
    all.map(|case| (case["rust"].as_str().expect("a text").to_owned(), case)).collect()
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The relative difference of elements, infinite where types differ.
fn distance(x: &Array, y: &Array) -> f64 {
    if x.ty() != y.ty() {
        return f64::INFINITY;
    }
    let (x, y) = (x.cast(DType::F64).to_vec::<f64>(), y.cast(DType::F64).to_vec::<f64>());
    let pairs = x.iter().zip(&y);
    let differ = pairs.filter(|(x, y)| x != y && !(x.is_nan() && y.is_nan()));
    differ
        .map(|(x, y)| (x - y).abs() / y.abs().max(1.0))
        .fold(0.0, |a, d| if d > a || d.is_nan() { d } else { a })
}

/// Collects what is wrong, so that one run shows all of it.
fn check(wrong: &mut Vec<String>, what: &str, ours: &Array, theirs: &Array) {
    if distance(ours, theirs) > 1e-12 || distance(ours, theirs).is_nan() {
        wrong.push(format!("{what}\n  here:  {ours:?}\n  there: {theirs:?}"));
    }
}

#[test]
fn values_are_numpys() {
    let golden = golden();
    let (recorded, inputs) = (recorded(&golden), inputs(&golden));
    let mut wrong = Vec::new();
    for (text, f) in cases() {
        match recorded.get(&without_spaces(text)) {
            None => wrong.push(format!("{text} is not in arrays.json")),
            Some(case) => check(&mut wrong, text, &f(&inputs), &array(&case["out"])),
        }
    }
    assert_eq!(recorded.len(), cases().len(), "cases of arrays.json that are not tested");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The inputs with another `x`.
fn with_x(inputs: &Inputs, x: &Array) -> Inputs {
    let mut all = inputs.0.clone();
    all.insert("x".to_owned(), x.clone());
    Inputs(all)
}

/// 1·y₀ + 2·y₁ + …
fn weighted(y: &Array) -> Array {
    (y.ravel() * (iota::<f64>(y.size()) + 1.0)).sum()
}

#[test]
fn gradients_are_jaxs() {
    let golden = golden();
    let (recorded, inputs) = (recorded(&golden), inputs(&golden));
    let mut wrong = Vec::new();
    for (text, f) in cases() {
        let Some(theirs) = recorded.get(&without_spaces(text)).and_then(|c| c.get("grad")) else {
            continue;
        };
        let loss = |x: &Array| weighted(&f(&with_x(&inputs, x)));
        check(&mut wrong, text, &grad(loss)(&inputs.0["x"]), &array(theirs));
        check(
            &mut wrong,
            &format!("jit: {text}"),
            &jit(grad(loss))(&inputs.0["x"]),
            &array(theirs),
        );
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn vmap_and_jit_change_nothing() {
    let inputs = inputs(&golden());
    let x = &inputs.0["x"];
    let batch = [x.clone(), x * -0.5, x.flip(..)];
    let mut wrong = Vec::new();
    for (text, f) in cases() {
        let f = |x: &Array| f(&with_x(&inputs, x));
        let one_by_one = stack(batch.iter().map(f), 0);
        check(&mut wrong, &format!("vmap: {text}"), &vmap(f)(&stack(&batch, 0)), &one_by_one);
        check(&mut wrong, &format!("jit: {text}"), &jit(f)(x), &f(x));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn arrays_are_printed_as_numpy_prints_them() {
    let mut wrong = Vec::new();
    for case in golden()["display"].as_array().expect("printed arrays") {
        let x = array(&case["array"]);
        let theirs = case["text"].as_str().expect("a text");
        if x.to_string() != theirs {
            wrong.push(format!("{}\nhere:\n{x}\nthere:\n{theirs}", x.ty()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
