//! Tests of what the golden numbers do not show: dtypes, structure, batches, errors.

use crate::*;
use pullback::{Array, DType, Func, array, grad, jit, make_jaxpr, vmap};

type Pair = (Array, Array);

#[test]
fn every_leaf_keeps_its_dtype() {
    let p = (array![1.0f32, -2.0], array![3.0f64]);
    let half = p.0.cast(DType::F16);
    fn run<T: GradientTransformation>(opt: T, p: &(Array, Array, Array)) {
        let mut s = opt.init(p);
        let mut q = pullback::tree::map(|x| x.clone(), p);
        for _ in 0..3 {
            (q, s) = step(&opt, &q, p, &s);
        }
        let dtypes = [DType::F32, DType::F64, DType::F16];
        assert_eq!([q.0.dtype(), q.1.dtype(), q.2.dtype()], dtypes);
        assert!(q.0.to_vec::<f32>()[0] < 1.0 && q.1.to_vec::<f64>()[0] < 3.0);
    }
    let p = (p.0, p.1, half);
    run(sgd(0.1), &p);
    run(momentum(0.1, 0.9), &p);
    run(nesterov(0.1, 0.9), &p);
    run(adam(0.1), &p);
    run(adamw(0.1, 0.1), &p);
    run(rmsprop(0.1), &p);
    run(adagrad(0.1).initial(0.1), &p);
    run(
        (clip_by_global_norm(1.0), scale_by_schedule(schedule::linear(1.0, 0.5, 2)), scale(-0.1)),
        &p,
    );
}

#[test]
fn clipping_keeps_small_gradients() {
    let g = (array![3.0, 4.0], array![0.0f32]);
    assert_eq!(global_norm(&g).item::<f64>(), 5.0);
    let clipped = |max| clip_by_global_norm(max).update(&g, &(), &g).0.0.to_vec::<f64>();
    assert_eq!(clipped(6.0), [3.0, 4.0]);
    assert_eq!(clipped(5.0), [3.0, 4.0]);
    assert_eq!(clipped(2.5), [1.5, 2.0]);
    let zero = (array![0.0], array![f64::NAN]);
    let (c, ()) = clip_by_global_norm(1.0).update(&(zero.0.clone(), zero.0.clone()), &(), &zero);
    assert_eq!(c.0.to_vec::<f64>(), [0.0]);
    let (c, ()) = clip_by_global_norm(1.0).update(&zero, &(), &zero);
    assert!(c.0.to_vec::<f64>()[0].is_nan());
}

#[test]
fn ensembles_by_vmap() {
    let opt = adam(0.05);
    let loss = |x: &Array| (x - 1.0).square().sum();
    let train: Func<dyn Fn(&Array, &AdamState<Array>) -> (Array, AdamState<Array>) + Send + Sync> =
        vmap(move |x: &Array, s: &AdamState<Array>| step(&opt, x, &grad(loss)(x), s));
    let xs = array![[0.0, 3.0], [5.0, -1.0]];
    let mut s = vmap(move |x: &Array| opt.init(x))(&xs);
    let mut all = xs.clone();
    for _ in 0..4 {
        (all, s) = train(&all, &s);
    }
    for row in 0..2 {
        let mut x = Array::from_slice(&xs.to_vec::<f64>()[2 * row..2 * row + 2], 2);
        let mut s = opt.init(&x);
        for _ in 0..4 {
            (x, s) = step(&opt, &x, &grad(loss)(&x), &s);
        }
        assert_eq!(x.to_vec::<f64>(), all.to_vec::<f64>()[2 * row..2 * row + 2]);
    }
}

#[test]
fn a_training_step_has_derivatives() {
    // The derivative of the result by the gradient scale, through three steps of momentum.
    let opt = momentum(0.1, 0.5);
    let run = move |c: &Array| {
        let mut x = Array::from(1.0);
        let mut s = opt.init(&x);
        for _ in 0..3 {
            (x, s) = step(&opt, &x, &(&x * c), &s);
        }
        x
    };
    let at = |c: f64| run(&Array::from(c)).item::<f64>();
    let slope = (at(2.0 + 1e-6) - at(2.0 - 1e-6)) / 2e-6;
    assert!((grad(run)(&Array::from(2.0)).item::<f64>() - slope).abs() < 1e-8);
}

#[test]
fn new_steps_and_rates_compile_nothing() {
    let text = |rate: f64| {
        let opt = sgd(schedule::exponential(rate, 0.5, 10));
        let f = move |p: &Pair, g: &Pair, s: &Step| step(&opt, p, g, s);
        let p = (array![1.0f32], Array::from(1.0));
        make_jaxpr(f)(&p, &p, &Step::zero()).to_string()
    };
    assert_eq!(text(0.1), text(0.2));
}

#[test]
fn the_counter_stops_at_the_end() {
    let last = Step { count: Array::from(i32::MAX) };
    assert_eq!(last.next().count.item::<i32>(), i32::MAX);
    assert_eq!(Step::zero().next().next().count.item::<i32>(), 2);
}

#[test]
#[should_panic(expected = "`adam` needs gradients, parameters and state of one structure")]
fn structures_must_agree() {
    let p = vec![array![1.0]];
    let s = adam(0.1).init(&p);
    adam(0.1).update(&vec![array![1.0], array![1.0]], &s, &p);
}

#[test]
#[should_panic(expected = "holds a key")]
fn keys_are_no_parameters() {
    adam(0.1).init(&(array![1.0], pullback::Key::new(0)));
}

#[test]
fn a_row_of_none_changes_nothing() {
    let g = (array![1.0], array![2.0f32]);
    let (u, ()) = ().update(&g, &(), &g);
    assert_eq!(u.0.to_vec::<f64>(), [1.0]);
    let f = jit(|g: &Pair| chain((scale(2.0),)).update(g, &((),), g).0);
    assert_eq!(f(&g).1.to_vec::<f32>(), [4.0]);
}
