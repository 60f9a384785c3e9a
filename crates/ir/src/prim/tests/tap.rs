//! What a callback sees, under every transformation.

use super::*;
use crate::DType;
use crate::prim::tap::{Callback, Tap};
use crate::transform::{self, OutDims};
use std::sync::{Arc, Mutex};

type Seen = Arc<Mutex<Vec<Vec<f64>>>>;

/// A tap and what it has seen.
fn tap() -> (Tap, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    (Tap::new(Callback::new("look", move |x| log.lock().unwrap().push(x.to_f64s()))), seen)
}

fn take(seen: &Seen) -> Vec<Vec<f64>> {
    std::mem::take(&mut seen.lock().unwrap())
}

/// Σ sin(tap x), for x of 2 elements.
fn program(prim: impl Into<Prim>) -> Jaxpr {
    let (b, ins) = Builder::with_inputs([&Type::of(DType::F64, &[2])]);
    let seen = b.op(prim, &[ins[0]]);
    let sum = b.reduce_sum(b.sin(seen), &[0]);
    b.finish([sum])
}

#[test]
fn primals_are_seen_once() {
    let (prim, seen) = tap();
    let plain = program(prim.clone());
    let x = vector(&[1.0, 2.0]);
    let inside = Prim::from(jit::Jit { name: "f".into(), jaxpr: plain.clone() });
    let (b, ins) = Builder::with_inputs([x.ty()]);
    let out = b.op(inside, &ins);
    for j in [plain, b.finish([out])] {
        interp::eval(&j, std::slice::from_ref(&x)).unwrap();
        assert_eq!(take(&seen), [[1.0, 2.0]]);
        let forward = transform::jvp(&j, &[true]).unwrap().jaxpr;
        interp::eval(&forward, &[x.clone(), vector(&[0.5, 0.5])]).unwrap();
        assert_eq!(take(&seen), [[1.0, 2.0]]);
        let grad = transform::grad(&j, &[true]).unwrap();
        let second = transform::hvp(&j, &[true]).unwrap();
        interp::eval(&grad, std::slice::from_ref(&x)).unwrap();
        assert_eq!(take(&seen), [[1.0, 2.0]]);
        interp::eval(&second, &[x.clone(), vector(&[1.0, 0.0])]).unwrap();
        assert_eq!(take(&seen), [[1.0, 2.0]]);
    }
}

#[test]
fn nothing_removes_or_merges_a_tap() {
    let (prim, seen) = tap();
    let (b, ins) = Builder::with_inputs([&Type::of(DType::F64, &[2])]);
    for _ in 0..2 {
        b.op(prim.clone(), &ins);
    }
    let j = transform::dce(&transform::cse(&transform::simplify(&b.finish([ins[0]]))));
    interp::eval(&j, &[vector(&[1.0, 2.0])]).unwrap();
    assert_eq!(take(&seen), [[1.0, 2.0], [1.0, 2.0]]);
    // In a call whose results nobody reads, split into known and unknown.
    let call = jit::Jit { name: "f".into(), jaxpr: j };
    let (b, ins) = Builder::with_inputs([&Type::of(DType::F64, &[2])]);
    b.op(call, &ins);
    let out = b.reduce_sum(ins[0], &[0]);
    let grad = transform::grad(&b.finish([out]), &[true]).unwrap();
    interp::eval(&grad, &[vector(&[1.0, 2.0])]).unwrap();
    assert_eq!(take(&seen).len(), 2, "{grad}");
}

#[test]
fn recomputation_is_silent() {
    let (prim, seen) = tap();
    let call = checkpoint::Checkpoint {
        jaxpr: program(prim),
        policy: checkpoint::Policy::Nothing,
        differentiated: false,
    };
    let (b, ins) = Builder::with_inputs([&Type::of(DType::F64, &[2])]);
    let out = b.op(call, &ins);
    let j = b.finish([out]);
    let grad = transform::grad(&j, &[true]).unwrap();
    let got = interp::eval(&grad, &[vector(&[1.0, 2.0])]).unwrap();
    assert_eq!(got[0].to_f64s(), [1f64.cos(), 2f64.cos()]);
    assert_eq!(take(&seen), [[1.0, 2.0]], "{grad}");
    let hvp = transform::hvp(&j, &[true]).unwrap();
    interp::eval(&hvp, &[vector(&[1.0, 2.0]), vector(&[1.0, 1.0])]).unwrap();
    assert_eq!(take(&seen), [[1.0, 2.0]], "{hvp}");
}

#[test]
fn members_of_a_batch_are_seen_one_by_one() {
    let (prim, seen) = tap();
    let j = program(prim);
    let once = transform::vmap(&j, 3, &[Some(1)], None, OutDims::Front).unwrap().jaxpr;
    let x: Vec<f64> = (0..6).map(f64::from).collect();
    interp::eval(&once, &[Value::new(&[2, 3][..], x.clone())]).unwrap();
    assert_eq!(take(&seen), [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]);
    // The outer batch is in front: its first member's members come first.
    let twice = transform::vmap(&once, 2, &[Some(0)], None, OutDims::Front).unwrap().jaxpr;
    let xs = [x.clone(), x.iter().map(|x| x + 10.0).collect()].concat();
    interp::eval(&twice, &[Value::new(&[2, 2, 3][..], xs)]).unwrap();
    assert_eq!(take(&seen)[..4], [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0], [10.0, 13.0]]);
    let alone = transform::vmap(&j, 3, &[None], None, OutDims::Front).unwrap().jaxpr;
    interp::eval(&alone, &[vector(&[1.0, 2.0])]).unwrap();
    assert_eq!(take(&seen), [[1.0, 2.0]]);
}
