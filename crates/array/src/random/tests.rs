//! Tests of keys and bits, and of samplers under transformations.

use super::*;
use crate::error::catching;
use crate::numpy::full;
use crate::{Array, DType, Tree, Value, grad, jit, make_jaxpr, tree, vmap_axes};

fn scalar(x: f64) -> Array {
    Array::from_value(Value::scalar(x))
}

fn words(key: Key) -> Vec<u32> {
    key.0.to_vec()
}

fn failure<T>(f: impl FnOnce() -> T) -> String {
    catching(f).err().expect("this fails").to_string()
}

/// The stream may never change: these words come from another implementation of ChaCha8.
#[test]
fn golden_bits() {
    let first = |seed| bits::<u32>(Key::new(seed), 4).to_vec::<u32>();
    assert_eq!(first(0), [0x2fef003e, 0xd6405f89, 0xe8b85b7f, 0xa1a5091f]);
    assert_eq!(first(0x123456789abcdef0), [0xa870430c, 0xacdb016c, 0xc5a74a7b, 0x7b08b9dd]);
    let [a, b] = Key::new(0).split();
    let child = [
        [0xb34b8f2b, 0xca068379, 0x7cd43051, 0xd14e8d4f],
        [0xcceda03a, 0x4269bec1, 0xecae0f09, 0x9b59d7a0],
        [0x61fef07f, 0xa05ab26b, 0xfdd63a15, 0x49958bc8],
        [0x2624c203, 0x7bb978d4, 0xb1f9b822, 0x06cf00db],
    ];
    assert_eq!(words(a), child[..2].concat());
    assert_eq!(words(b), child[2..].concat());
    assert_eq!(words(Key::new(0).split_n(2)), child.concat());
    let folded = [
        0xb3f99d54, 0x2d9dd076, 0xc2358310, 0x29f89824, 0x7631fd2d, 0x43223a61, 0xa284bbc2,
        0x413ee6df,
    ];
    assert_eq!(words(Key::new(0).fold_in(7)), folded);
    assert_eq!(words(Key::new(0).fold_in(Array::from_value(Value::scalar(7i32)))), folded);
    assert_eq!(
        words(Key::new(0).fold_in(-1)),
        words(Key::new(0).fold_in(u64::MAX)),
        "negative numbers are two's complement"
    );
}

#[test]
fn golden_uniform_numbers() {
    let w = [0x2fef003eu32, 0xd6405f89, 0xe8b85b7f, 0xa1a5091f];
    let digits = |n: u32| w.map(|w| f64::from(w >> (32 - n)) / f64::from(1 << n));
    let f32s = uniform::<f32>(Key::new(0), 4).to_vec::<f32>();
    assert_eq!(f32s.map_f64(), digits(23));
    assert_eq!(uniform::<half::f16>(Key::new(0), 4).cast(DType::F64).to_vec::<f64>(), digits(10));
    assert_eq!(uniform::<half::bf16>(Key::new(0), 4).cast(DType::F64).to_vec::<f64>(), digits(7));
    let long = u64::from(w[0]) | u64::from(w[1]) << 32;
    let want = (long >> 12) as f64 / (1u64 << 52) as f64;
    assert_eq!(uniform::<f64>(Key::new(0), ()).item::<f64>(), want);
    assert_eq!(bits::<u64>(Key::new(0), 1).to_vec::<u64>(), [long]);
    assert_eq!(bits::<u8>(Key::new(0), 5).to_vec::<u8>(), [0x3e, 0x00, 0xef, 0x2f, 0x89]);
}

trait MapF64 {
    fn map_f64(&self) -> Vec<f64>;
}
impl MapF64 for Vec<f32> {
    fn map_f64(&self) -> Vec<f64> {
        self.iter().map(|&x| f64::from(x)).collect()
    }
}

#[test]
fn elements_depend_on_their_place_alone() {
    let long = normal::<f32>(Key::new(3), [10, 100]).to_vec::<f32>();
    let short = normal::<f32>(Key::new(3), 17).to_vec::<f32>();
    assert_eq!(long[..17], short);
    assert_eq!(normal::<f32>(Key::new(3), [0, 4]).shape(), [0, 4]);
    assert!(long.iter().all(|x| x.is_finite()));
}

#[test]
fn keys_of_different_use_are_independent() {
    let [a, b, c] = Key::new(5).split();
    let kept = Key::new(5);
    let d = kept.fold_in(0);
    let e = kept.fold_in(1);
    let keys = [a, b, c, d, e, kept];
    let drawn: Vec<Vec<u32>> = keys.into_iter().map(|k| bits::<u32>(k, 64).to_vec()).collect();
    for (i, x) in drawn.iter().enumerate() {
        for y in &drawn[..i] {
            assert!(x.iter().zip(y).all(|(x, y)| x != y));
        }
    }
}

#[test]
fn batches_are_for_vmap() {
    let keys = Key::new(1).split_n(3);
    assert_eq!(keys.batch_shape(), [3]);
    let message = failure(|| normal::<f32>(keys, 2));
    assert!(
        message.starts_with("`normal` takes one key, and this is a batch of keys of shape [3]")
    );
    assert!(failure(|| Key::new(1).split_n(3).split::<2>()).contains("`split` takes one key"));
}

/// What a function of a scalar and a key gives for each key, stacked, and by `vmap`.
fn check_vmap(f: impl Fn(&Array, Key) -> Array + Send + Sync + Copy) {
    let n = 5;
    let children: [Key; 5] = Key::new(2).split();
    let x = Array::from_value(Value::scalar(0.5f32));
    let each = children.map(|k| f(&x, k));
    let all = vmap_axes([None, Some(0)], f)(&x, Key::new(2).split_n(n));
    let compiled = jit(vmap_axes([None, Some(0)], f))(&x, Key::new(2).split_n(n));
    assert_eq!(all.shape()[1..], *each[0].shape());
    assert_eq!(all.dtype(), each[0].dtype());
    let bytes = |a: &Array| format!("{:?}", a.value().unwrap());
    let stacked = stack(&each);
    assert_eq!(bytes(&all), bytes(&stacked));
    assert_eq!(bytes(&compiled), bytes(&stacked));
}

fn stack(rows: &[Array]) -> Array {
    let rows: Vec<Array> = rows.iter().map(|r| r.expand_dims(0)).collect();
    Array::apply(
        pullback_ir::prim::concat::Concatenate { dimension: 0 },
        &rows.iter().collect::<Vec<_>>(),
    )
    .unwrap()
    .remove(0)
}

#[test]
fn vmap_over_keys_is_the_loop() {
    check_vmap(|_, k| bits::<u64>(k, [2, 3]));
    check_vmap(|_, k| bits::<u8>(k, 70));
    check_vmap(|_, k| uniform::<f32>(k, 70));
    check_vmap(|x, k| uniform_in::<f32>(k, [3, 2], x, 2.0));
    check_vmap(|_, k| normal::<f64>(k, 70));
    check_vmap(|x, k| x * normal::<f32>(k, ()));
    check_vmap(|x, k| bernoulli(k, x, 70));
    check_vmap(|_, k| randint::<i32>(k, 70, -5, 100));
    check_vmap(|_, k| randint::<u64>(k, 3, 5, u64::MAX));
    check_vmap(|_, k| permutation(k, 9));
    check_vmap(|_, k| shuffle(k, &Array::from_vec((0..12i32).collect(), [6, 2])));
    check_vmap(|x, k| categorical(k, &(full::<f32>([3, 4], 0.0) * x), -1));
    check_vmap(|_, k| choice(k, 7, [2, 2], false, None));
    check_vmap(|_, k| choice(k, 7, 4, true, Some(&full::<f32>(7, 0.25))));
    check_vmap(|_, k| choice(k, 7, 4, false, Some(&full::<f32>(7, 0.25))));
    check_vmap(|_, k| truncated_normal::<f32>(k, 4, -1.0, 0.5));
    check_vmap(|_, k| {
        let [a, b] = k.split();
        rademacher::<f32>(a.fold_in(3), 4) * gumbel::<f32>(b, 4)
    });
}

#[test]
fn batches_of_batches() {
    let f = |x: &Array, k: Key| x + uniform::<f64>(k, 2);
    let keys = vmap_axes([None, Some(0)], |_: &Array, k: Key| k.split_n(3))(
        &scalar(0.0),
        Key::new(9).split_n(2),
    );
    assert_eq!(keys.batch_shape(), [2, 3]);
    let all = vmap_axes([None, Some(0)], vmap_axes([None, Some(0)], f))(&scalar(0.0), keys);
    let [_, second] = Key::new(9).split();
    let [_, _, third] = second.split();
    assert_eq!(all.to_vec::<f64>()[10..], uniform::<f64>(third, 2).to_vec::<f64>());
}

#[test]
fn jit_gives_the_same_bits() {
    let f = |x: &Array, k: Key| {
        let [a, b] = k.split();
        (x + uniform::<f64>(a, 100), permutation(b, 10))
    };
    let (x, p) = f(&scalar(1.0), Key::new(4));
    let (y, q) = jit(f)(&scalar(1.0), Key::new(4));
    assert_eq!(x.to_vec::<f64>(), y.to_vec::<f64>());
    assert_eq!(p.to_vec::<i32>(), q.to_vec::<i32>());
    let step = jit(|k: &Held, i: &Array| uniform::<f64>(k.key.fold_in(i), 3));
    let held = Held { key: Key::new(4), scale: scalar(1.0) };
    let i = Array::from_value(Value::scalar(11i32));
    let want = uniform::<f64>(Key::new(4).fold_in(11), 3).to_vec::<f64>();
    assert_eq!(step(&held, &i).to_vec::<f64>(), want);
    let text = make_jaxpr(|_: &Array, k: Key| bits::<u8>(k, 3))(&scalar(0.0), Key::new(0));
    assert!(text.to_string().contains("random_bits[dtype=uint8 shape=(3,)] b"), "{text}");
}

#[derive(Tree)]
#[tree(crate = "crate")]
struct Held {
    key: Key,
    scale: Array,
}

#[test]
fn keys_in_trees_stay_single() {
    let held = Held { key: Key::new(1), scale: scalar(1.0) };
    let message = failure(|| tree::map(|x| x.clone(), &held));
    assert!(message.contains("holds a key (at `key`)"), "{message}");
    let message = failure(|| tree::ravel(&held));
    assert!(message.contains("`key` is u32[8]") || message.contains("holds a key"), "{message}");
    let f = |h: &Held| &h.scale * uniform::<f64>(h.key.fold_in(0), ());
    let message = failure(|| grad(f)(&held));
    assert!(message.contains("key"), "{message}");
    assert_eq!(held.scale.item::<f64>(), 1.0);
}

#[test]
fn parameters_have_derivatives() {
    let x = |f: fn(&Array) -> Array, at: f64| grad(f)(&scalar(at)).item::<f64>();
    let key = || Key::new(8);
    let z = normal::<f64>(key(), ()).item::<f64>();
    let u = uniform::<f64>(key(), ()).item::<f64>();
    assert_eq!(x(|s| normal_with::<f64>(Key::new(8), (), 1.0, s), 2.0), z);
    assert_eq!(x(|m| normal_with::<f64>(Key::new(8), (), m, 3.0), 2.0), 1.0);
    assert_eq!(x(|hi| uniform_in::<f64>(Key::new(8), (), 0.0, hi), 2.0), u);
    assert!((x(|lo| uniform_in::<f64>(Key::new(8), (), lo, 1.0), 0.5) - (1.0 - u)).abs() < 1e-15);
    let e = exponential::<f64>(key(), ()).item::<f64>();
    let rate = x(|r| exponential_with::<f64>(Key::new(8), (), r), 2.0);
    assert!((rate + e / 4.0).abs() < 1e-15);
    // By central differences.
    let f = |lo: &Array| truncated_normal::<f64>(Key::new(8), (), lo, 0.7);
    let h = 1e-6;
    let slope =
        (f(&scalar(-0.5 + h)).item::<f64>() - f(&scalar(-0.5 - h)).item::<f64>()) / (2.0 * h);
    assert!((grad(f)(&scalar(-0.5)).item::<f64>() - slope).abs() < 1e-7);
}

#[test]
fn refusals_say_what_to_write() {
    let k = || Key::new(0);
    let x = scalar(1.0);
    let cases = [
        failure(|| uniform_in::<f32>(k(), 3, &x, 2.0)),
        failure(|| uniform_in::<f64>(k(), 3, &full::<f64>(2, 0.0), 2.0)),
        failure(|| uniform_of(DType::I32, k(), 3)),
        failure(|| bernoulli(k(), 1.5, 3)),
        failure(|| randint::<u8>(k(), 3, 0, 257)),
        failure(|| randint::<i32>(k(), 3, 4, 4)),
        failure(|| rademacher::<u8>(k(), 3)),
        failure(|| choice(k(), 3, 4, false, None)),
        failure(|| choice(k(), 0, 1, true, None)),
        failure(|| shuffle(k(), &x)),
        failure(|| k().fold_in(0.5)),
        failure(|| k().fold_in(&x)),
    ];
    let starts = [
        "`uniform_in` draws f32 and lo is f64[]: convert it with `.cast(..)`, or draw f64",
        "`uniform_in` cannot draw the shape [3] with lo of type f64[2]",
        "`uniform` draws floats, not i32",
        "`bernoulli` takes a probability in [0, 1], and p is 1.5",
        "`randint` draws from lo to hi - 1, and from 0 to 257",
        "`randint` draws from lo to hi - 1, and from 4 to 4",
        "`rademacher` draws -1 and 1, and u8 has no -1",
        "`choice` cannot choose 4 of 3 without replacement",
        "`choice` has nothing to choose from",
        "`shuffle` takes rows, and f64[] has none",
        "`fold_in` takes an integer of 64 bits, not 0.5",
        "`fold_in` takes a number: an integer array of rank 0, not f64[]",
    ];
    for (case, start) in cases.iter().zip(starts) {
        assert!(case.starts_with(start), "{case}");
    }
}
