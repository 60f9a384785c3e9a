//! What taps see of functions that are transformed.

use crate::support::*;
use pullback_array::*;
use std::sync::{Arc, Mutex};

type Seen = Arc<Mutex<Vec<Vec<f64>>>>;

/// A function that shows sin x, and what was shown.
fn shown() -> (impl Fn(&Array) -> Array + Clone + Send + Sync + 'static, Seen) {
    let seen = Seen::default();
    let log = seen.clone();
    let f = move |x: &Array| {
        let log = log.clone();
        let y = sin(x).tap(move |y: &Array| log.lock().unwrap().push(y.to_vec::<f64>()));
        sum(&mul(&y, &y))
    };
    (f, seen)
}

#[test]
fn values_are_seen_once_under_every_transformation() {
    let (f, seen) = shown();
    let (x, ones) = (arr(&[0.5, 1.0]), arr(&[1.0, 1.0]));
    let want = vec![vec![0.5f64.sin(), 1f64.sin()]];
    let check = |what: &str| {
        let got = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(got, want, "{what}");
    };
    f(&x);
    check("eager");
    jit(f.clone())(&x);
    check("jit");
    grad(f.clone())(&x);
    check("grad");
    jit(grad(jit(f.clone())))(&x);
    check("jit(grad(jit))");
    jvp(f.clone())(&x, &ones);
    check("jvp");
    vjp(f.clone())(&x).1(&scalar(1.0));
    check("vjp");
    hvp(f.clone())(&x, &ones);
    check("hvp");
    jit(grad(checkpoint(f.clone())))(&x);
    check("checkpoint");
    vmap(f.clone())(&Array::from_value(Value::new(&[1, 2][..], vec![0.5, 1.0])));
    check("vmap");
    let reads = move |x: &Array| if f(x).item::<f64>() > 0.0 { f(x) } else { sum(x) };
    grad(reads)(&x);
    // Two calls of the function, and none for reading the value.
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[test]
fn a_jit_shows_every_call_and_members_of_batches() {
    let (f, seen) = shown();
    let f = jit(vmap(f));
    let x = Array::from_value(Value::new(&[3, 1][..], vec![0.0, 0.5, 1.0]));
    for _ in 0..2 {
        f(&x);
    }
    let want = [0.0, 0.5f64.sin(), 1f64.sin()];
    let got: Vec<f64> = seen.lock().unwrap().concat();
    assert_eq!(got, [want, want].concat());
    assert_eq!(f.stats().traces, 1);
}

#[test]
fn taps_print_as_closures() {
    fn look(_: &Array) {}
    let text = make_jaxpr(|x: &Array| x.tap(look).debug_print("y"))(&scalar(1.0)).to_string();
    assert!(text.contains("tap[batched=() callback=<fn look@"), "{text}");
    assert!(text.contains("callback=<fn y@"), "{text}");
}
