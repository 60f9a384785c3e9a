use super::*;
use crate::dtype::DType;
use crate::prim::sort::Sort;
use crate::prim::top_k::TopK;

const NAN: f64 = f64::NAN;
const INF: f64 = f64::INFINITY;

fn sort(num_keys: usize) -> Sort {
    Sort { dimension: 0, is_stable: true, num_keys }
}

#[test]
fn operands_are_checked() {
    let (x, y) = (Type::of(DType::F32, &[2]), Type::of(DType::F32, &[3]));
    assert_eq!(
        refusal(sort(1), &[x.clone(), y]),
        "`sort` cannot take f32[2] and f32[3]: the shapes must be equal"
    );
    assert!(refusal(sort(2), std::slice::from_ref(&x)).contains("num_keys = 2 must be at least 1"));
    assert!(refusal(sort(0), std::slice::from_ref(&x)).contains("num_keys = 0 must be at least 1"));
    assert!(refusal(sort(1), &[]).contains("num_keys = 1 must be"));
    assert!(refusal(sort(1), &[Type::of(DType::F32, &[])]).contains("out of range for rank 0"));
    assert_eq!(
        refusal(TopK { k: 3, axis: 0 }, &[x]),
        "`top_k` cannot take f32[2]: k = 3 is more than axis 0 has, 2"
    );
}

#[test]
fn order_of_floats_and_stability() {
    // As jax.lax.sort of JAX 0.10.2: zeros of both signs are equal, so are NaN of both signs.
    let keys = vector(&[0.0, -0.0, 0.0, -0.0, NAN, -NAN, INF, -INF]);
    let places = vector(&[0, 1, 2, 3, 4, 5, 6, 7i32]);
    let sorted = call(sort(1), &[keys, places]);
    assert_eq!(sorted[1], vector(&[7, 0, 1, 2, 3, 6, 4, 5i32]));
    assert_eq!(sorted[0].to_f64s()[..6], [-INF, 0.0, -0.0, 0.0, -0.0, INF]);
}

#[test]
fn keys_are_lexicographic() {
    let major = vector(&[true, false, true, false]);
    let minor = vector(&[1u8, 9, 0, 3]);
    let carried = vector(&[0i64, 1, 2, 3]);
    let sorted = call(sort(2), &[major, minor, carried]);
    assert_eq!(sorted[0], vector(&[false, false, true, true]));
    assert_eq!(sorted[1], vector(&[3u8, 9, 0, 1]));
    assert_eq!(sorted[2], vector(&[3i64, 1, 2, 0]));
}

#[test]
fn largest_elements() {
    let top = |k, xs: &[f64]| call(TopK { k, axis: 0 }, &[vector(xs)]);
    // Indices as jax.lax.top_k of JAX 0.10.2 gives them.
    assert_eq!(top(6, &[-0.0, 0.0, -0.0, 0.0, 1.0, 1.0])[1], vector(&[4, 5, 1, 3, 0, 2i32]));
    let first = top(3, &[1.0, -NAN, INF, NAN]);
    assert_eq!(first[1], vector(&[1, 3, 2i32]));
    let columns = matrix(3, 2, &[1i32, 6, 3, 4, 2, 5]);
    let best = call(TopK { k: 2, axis: 0 }, &[columns]);
    assert_eq!(best[0], matrix(2, 2, &[3, 6, 2, 5]));
    assert_eq!(best[1], matrix(2, 2, &[1, 0, 2, 2]));
}

/// More lanes than one would count, each without elements.
#[test]
fn empty_lanes() {
    let x = Value::new([1 << 40, 0].as_slice(), Vec::<f64>::new());
    let along = |dimension| Sort { dimension, is_stable: true, num_keys: 1 };
    for axis in 0..2 {
        assert_eq!(call(along(axis), std::slice::from_ref(&x))[0], x);
    }
    let top = call(TopK { k: 0, axis: 1 }, std::slice::from_ref(&x));
    assert_eq!(top.iter().map(Value::len).sum::<usize>(), 0);
}
