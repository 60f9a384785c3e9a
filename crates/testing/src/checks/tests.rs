//! Right functions pass; wrong rules are caught, and the message says where.

use super::*;
use pullback_array::ir::prim::custom::{Custom, CustomPrimitive};
use pullback_array::ir::prim::{Batch, BatchOut};
use pullback_array::ir::{Atom, Atoms, Builder, Error, Fault, Lit};
use pullback_array::{Array, DType, Key, Type, array, custom_jvp, custom_vjp, random};
use pullback_array::{jit, stop_gradient};

fn text(result: Result<(), Mismatch>) -> String {
    result.expect_err("this must be caught").to_string()
}

/// sin with a rule that multiplies cos by something.
fn sin_times(factor: f64) -> impl Fn(&Array) -> Array + Clone + Send + Sync {
    move |x: &Array| {
        let rule = move |x: &Array, t: &Array| (x.sin(), t * x.cos() * factor);
        custom_jvp(|x: &Array| x.sin(), rule)(x)
    }
}

#[test]
fn right_functions_pass() {
    let x = array![0.3, -0.7, 1.2];
    check_grads(|x: &Array| x.sin() * x.exp(), &x, 3);
    check_grads(sin_times(1.0), &x, 2);
    check_grads(|x: &Array, y: &Array| x.dot(y).tanh(), &(array![[1.0, 2.0]], array![0.1, 0.2]), 2);
    let trees = |p: &(Array, Vec<Array>)| (vec![p.0.square(), &p.1[0] * &p.0], p.1[1].log());
    check_grads(trees, &(array![1.0, 2.0], vec![array![3.0, 4.0], array![5.0]]), 2);
    let scale = array![2.0, 3.0, 4.0];
    check_grads(jit(|x: &Array| (x * &scale).softmax(0)), &x, 2);
    let noisy = |x: &Array| x * random::normal::<f64>(Key::new(1), 3);
    check_grads(noisy, &x, 2);
    check_jvp(noisy, &x);
    check_vjp(noisy, &x);
    check_vmap(noisy, &x);
    check_vmap(trees, &(array![1.0, 2.0], vec![array![3.0, 4.0], array![5.0]]));
}

#[test]
fn every_number_of_arguments() {
    let x = || array![0.5, 0.25];
    type A = Array;
    check_grads(|a: &A, b: &A, c: &A| a * b.sin() * c, &(x(), x(), x()), 2);
    check_vmap(|a: &A, b: &A, c: &A, d: &A| a * b * c - d, &(x(), x(), x(), x()));
    let eight = |a: &A, b: &A, c: &A, d: &A, e: &A, f: &A, g: &A, h: &A| {
        a * b + c * d + (e * f).sin() + g / (h + 1.0)
    };
    check_grads(eight, &(x(), x(), x(), x(), x(), x(), x(), x()), 1);
}

#[test]
fn other_dtypes() {
    let f = |x: &Array| (x.sin() * x).sum();
    check_grads(f, &array![0.3f32, -0.7, 1.2], 2);
    for dtype in [DType::F16, DType::BF16] {
        check_grads(f, &array![0.3f32, -0.7].cast(dtype), 1);
        check_vmap(f, &array![0.3f32, -0.7].cast(dtype));
    }
    // A factor of 1.1 is beyond the tolerance of f32.
    assert!(Checks::new().grads(sin_times(1.1), &array![0.5f32], 1).is_err());
    // Integers and truth values have zeros as tangents and cotangents.
    let mixed = |x: &Array, n: &Array, b: &Array| {
        (x * n.cast(DType::F64), n + 1, pullback_array::select(b, x, &x.square()))
    };
    let args = (array![0.5, 2.0], array![3i32, 4], array![true, false]);
    check_grads(mixed, &args, 2);
    check_vmap(mixed, &args);
    check_grads(|n: &Array| n + 1, &array![1i32], 1);
}

#[test]
fn a_wrong_sign_is_caught() {
    let x = array![[0.5, 1.0]];
    let f = |y: &Array, x: &Array| (y.square(), sin_times(-1.0)(x));
    let e = text(Checks::new().jvp(f, &(array![3.0], x.clone())));
    for part in [
        "jvp(<lambda>) is wrong at the result[1], element (0, 0), with respect to argument 1\n",
        "difference ",
        "(step 0.001: ",
        "tolerance ",
        "direction\n    argument 1: f64[1,2] [",
    ] {
        assert!(e.contains(part), "{part:?} is not in\n{e}");
    }
    assert!(!e.contains("argument 0"), "{e}");
    let e = text(Checks::new().vjp(f, &(array![3.0], x.clone())));
    assert!(e.contains("vjp(<lambda>) is wrong, with respect to argument 1"), "{e}");
    assert!(e.contains("<ct, difference>") && e.contains("the result[1]: f64[1,2]"), "{e}");
    // Forward and reverse mode agree on the wrong derivative.
    let e = text(Checks::new().grads(f, &(array![3.0], x), 1));
    assert!(e.contains("jvp(<lambda>) is wrong"), "{e}");
}

#[test]
fn a_missing_term_is_caught() {
    // The product rule without its second half.
    let f = custom_jvp(
        |x: &Array, y: &Array| x * y,
        |(x, y): &(Array, Array), (tx, _): &(Array, Array)| (x * y, tx * y),
    );
    let e = text(Checks::new().grads(&f, &(array![2.0], array![3.0]), 1));
    assert!(e.contains("with respect to argument 1\n"), "{e}");
    // A backward pass that forgets one argument.
    let f = custom_vjp(
        |x: &Array, y: &Array| x * y,
        |x: &Array, y: &Array| (x * y, (x.clone(), y.clone())),
        |(x, y): &(Array, Array), ct: &Array| (ct * y, ct * x * 0.0),
    );
    let e = text(Checks::new().reverse_only().grads(&f, &(array![2.0], array![3.0]), 1));
    assert!(e.contains("vjp(") && e.contains("argument 1") && !e.contains("argument 0"), "{e}");
}

#[test]
fn a_wrong_second_derivative_is_caught_at_order_2() {
    let f = custom_vjp(
        |x: &Array| x.exp(),
        |x: &Array| (x.exp(), x.clone()),
        |x: &Array, ct: &Array| ct * stop_gradient(x).exp(),
    );
    let x = array![0.5];
    Checks::new().grads(&f, &x, 1).unwrap();
    let e = text(Checks::new().grads(&f, &x, 2));
    assert!(e.contains("jvp(jvp(") || e.contains("vjp(jvp("), "{e}");
    assert!(e.contains("argument 0"), "{e}");
}

#[test]
fn a_backward_pass_need_not_be_linear() {
    // Clipped cotangents: exact below 1, which the cotangents of the check are.
    let clipped = custom_vjp(
        |x: &Array| x.square(),
        |x: &Array| (x.square(), x.clone()),
        |x: &Array, ct: &Array| ct.clip(-1.0, 1.0) * x * 2.0,
    );
    Checks::new().reverse_only().grads(&clipped, &array![0.5], 1).unwrap();
    let e = text(Checks::new().grads(&clipped, &array![0.5], 1));
    assert!(e.contains("fails") && e.contains("backward"), "{e}");
}

#[test]
fn settings_are_heeded() {
    let wrong = sin_times(1.01);
    let x = array![0.5];
    assert!(Checks::new().grads(&wrong, &x, 1).is_err());
    Checks::new().rtol(0.05).atol(0.0).grads(&wrong, &x, 1).unwrap();
    Checks::new().directions(0).grads(&wrong, &x, 1).unwrap();
    // A kink within the step shows in the two differences.
    let e =
        text(Checks::new().step(0.5).forward_only().grads(|x: &Array| x.abs(), &array![0.1], 1));
    assert!(e.contains("step 0.5") && e.contains("step 0.25"), "{e}");
    let e = text(Checks::new().grads(|x: &Array| x.log(), &array![-1.0], 1));
    assert!(e.contains("NaN") && e.contains("no derivative to check"), "{e}");
    let e = text(Checks::new().grads(|x: &Array| x + array![1.0f32], &x, 1));
    assert!(e.starts_with("<lambda> fails:"), "{e}");
}

/// x ↦ 2 x, whose batching rule forgets the 2 for the first member.
struct Doubled;

impl CustomPrimitive for Doubled {
    fn name(&self) -> &str {
        "doubled"
    }

    fn type_of(&self, ins: &[Type]) -> Result<Vec<Type>, Fault> {
        Ok(ins.to_vec())
    }

    fn expand(&self, b: &Builder, ins: &[Atom]) -> Result<Atoms, Error> {
        Ok(Atoms::from_slice(&[b.add(ins[0], ins[0])]))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> Option<BatchOut> {
        let (x, axis) = (batch.ins[0], batch.dims[0]?);
        let member = b.iota(DType::I32, b.ty(x).shape(), axis);
        let first = b.eq(member, Atom::Lit(Lit::new(0i32)));
        let y = b.select(first, x, b.add(x, x));
        Some(Ok((Atoms::from_slice(&[y]), [Some(axis)].into_iter().collect())))
    }
}

#[test]
fn a_wrong_batching_rule_is_caught() {
    let prim = Custom::new(Doubled);
    let f = move |x: &Array| Array::apply(prim.clone(), &[x]).unwrap().remove(0);
    let e = text(Checks::new().vmap(f, &array![1.0, 2.0]));
    assert!(e.contains("vmap(<lambda>) over axis 0 of argument 0 is wrong at the result"), "{e}");
    assert!(e.contains("member 0, element (0)"), "{e}");
    assert!(e.contains("alone") && e.contains("tolerance"), "{e}");
}

#[test]
#[should_panic(expected = "is wrong at the result")]
fn the_functions_panic() {
    check_jvp(sin_times(2.0), &array![0.5]);
}
