//! How functions are called: keys, arguments that are given away, types without values.

use crate::support::*;
use pullback_array::*;

#[test]
fn functions_of_a_key_alone() {
    let draw = |key: Key| random::normal::<f64>(key, [4]);
    let want = draw(Key::new(3));
    close(&jit(draw)(Key::new(3)), &want.to_vec::<f64>());
    close(&checkpoint(draw)(Key::new(3)), &want.to_vec::<f64>());
    let program = make_jaxpr(draw)(Key::new(3));
    assert_eq!(program.in_types()[0], Type::of(DType::U32, &[8]));
    let rows = vmap(draw)(Key::new(3).split_n(5));
    assert_eq!(rows.shape(), [5, 4]);
    let again = jit(vmap(draw))(Key::new(3).split_n(5));
    close(&again, &rows.to_vec::<f64>());
    let f = jit(draw);
    assert_eq!(f.jaxpr(Key::new(1)).in_types(), program.in_types());
    close(&f.call_owned(Key::new(3)), &want.to_vec::<f64>());
    close(&f.try_call(Key::new(3)).unwrap(), &want.to_vec::<f64>());
    // The jaxpr was asked for through a call, too.
    assert_eq!((f.stats().calls, f.stats().traces), (3, 1));
    let e = grad(|key: Key| random::normal::<f64>(key, 1)).try_call(Key::new(0)).err().unwrap();
    assert!(e.to_string().contains("argument 0 is one"), "{e}");
}

#[test]
fn a_key_in_the_last_place_changes_no_method() {
    let f = jit(|x: &Array, key: Key| add(x, &random::normal::<f64>(key, [2])));
    let x = arr(&[1.0, 2.0]);
    let y = f(&x, Key::new(7)).to_vec::<f64>();
    close(&f.call_owned(x.clone(), Key::new(7)), &y);
    close(&f.try_call(&x, Key::new(7)).unwrap(), &y);
    let types = [x.ty(), Type::of(DType::U32, &[8])];
    assert_eq!(f.jaxpr(&x, Key::new(7)).in_types()[..2], types);
    assert_eq!(f.lower(&x, Key::new(7)).jaxpr().in_types()[..2], types);
    assert_eq!(f.stats().traces, 1);
    assert_eq!(f.name(), "jit(<lambda>)");
}

fn address(x: &Array) -> usize {
    x.value().unwrap().slice::<f64>().as_ptr() as usize
}

/// Only the kernels write in place; the interpreter makes every value anew, by chance at an address that
/// has just become free.
fn writes_in_place() -> bool {
    std::env::var("PULLBACK_ENGINE").map_or(true, |engine| engine != "reference")
}

#[test]
fn arguments_given_away_become_results() {
    let f = jit(|x: &Array| add(x, &scalar(1.0)));
    let large = || Array::from_value(Value::full(&[100_000][..], 1.0f64));
    // The first call traces, the second finds the program: both give the buffer away.
    for _ in 0..2 {
        let x = large();
        let from = address(&x);
        let y = f.call_owned(x);
        assert_eq!(y.to_vec::<f64>()[99_999], 2.0);
        assert!(address(&y) == from || !writes_in_place());
    }
    // A buffer that somebody else holds is left alone.
    let x = large();
    let y = f.call_owned(x.clone());
    assert_ne!(address(&y), address(&x));
    assert_eq!(x.to_vec::<f64>()[0], 1.0);
    // So are arguments that are lent, and those of functions that are no `jit`.
    assert_ne!(address(&f(&x)), address(&x));
    close(&grad(|x: &Array| sum(&mul(x, x))).call_owned(arr(&[1.0, 2.0])), &[2.0, 4.0]);
}

#[test]
fn trees_given_away_become_results() {
    let step = jit(|p: &(Array, Vec<Array>), g: &Array| (add(&p.0, g), p.1.clone()));
    let large = || Array::from_value(Value::full(&[50_000][..], 3.0f64));
    let (p, g) = ((large(), vec![large()]), large());
    let from = [address(&p.0), address(&p.1[0])];
    let q = step.call_owned(p, g.clone());
    assert_eq!((q.0.to_vec::<f64>()[1], q.1[0].to_vec::<f64>()[1]), (6.0, 3.0));
    assert!([address(&q.0), address(&q.1[0])] == from || !writes_in_place());
    // Inside another function the call is recorded; there is nothing to give away.
    let f = jit(move |x: &Array| step.call_owned((x.clone(), vec![]), x.clone()).0);
    close(&f(&arr(&[1.0, 2.0])), &[2.0, 4.0]);
}

#[test]
fn operands_given_away_become_results() {
    let large = |x: f64| Array::from_value(Value::full(&[50_000][..], x));
    let in_place = |x: Array, f: &dyn Fn(Array) -> Array, want: f64| {
        let from = address(&x);
        let y = f(x);
        assert_eq!(y.to_vec::<f64>()[7], want);
        address(&y) == from
    };
    let y = large(5.0);
    assert!(in_place(large(2.0), &|x| x + &y, 7.0) || !writes_in_place());
    assert!(in_place(large(2.0), &|x| &y - x, 3.0) || !writes_in_place());
    assert!(in_place(large(2.0), &|x| x * 4.0, 8.0) || !writes_in_place());
    assert!(in_place(large(2.0), &|x| 1.0 - x, -1.0) || !writes_in_place());
    assert!(in_place(large(2.0), &|x| -x, -2.0) || !writes_in_place());
    let assign = |mut x: Array| {
        x -= &y;
        x /= 2.0;
        x
    };
    assert!(in_place(large(2.0), &assign, -1.5) || !writes_in_place());
    // A clone keeps its elements.
    let x = large(2.0);
    let kept = x.clone();
    assert_ne!(address(&(x + &y)), address(&kept));
    assert_eq!(kept.to_vec::<f64>()[0], 2.0);
    // A fault leaves the operand as it was.
    let mut x = arr(&[1.0, 2.0]);
    let fault = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| x += &large(1.0)));
    assert!(fault.is_err());
    close(&x, &[1.0, 2.0]);
    // Smaller operands grow by broadcasting, as ever.
    close(&(scalar(1.0) + arr(&[1.0, 2.0])), &[2.0, 3.0]);
}

#[test]
fn shapes_are_trees_of_types() {
    let f = |x: &Array| (sin(x), vec![sum(x)]);
    let shapes = eval_shape(f)(&arr(&[1.0, 2.0]));
    assert_eq!(shapes.to_string(), "[0]: f64[2], [1][0]: f64[]");
    assert_eq!(format!("{shapes:?}"), "Shapes([0]: f64[2], [1][0]: f64[])");
    assert_eq!(shapes.leaves()[1], ("[1][0]".to_string(), Type::scalar(DType::F64)));
    assert_eq!((shapes.0.shape(), shapes.1[0].ndim()), (&[2][..], 0));
    close(&tree::zeros_like(&*shapes).0, &[0.0, 0.0]);
    // Types of types: nothing is computed on the way.
    let then = eval_shape(|p: &(Array, Vec<Array>)| mul(&p.0, &p.1[0]))(&shapes);
    assert_eq!(then.to_string(), "f64[2]");
    for fault in [shapes.0.value().err(), jit(|x: &Array| sin(x)).try_call(&shapes.0).err()] {
        let e = fault.unwrap().to_string();
        assert!(e.contains("has a type but no elements") && e.contains("zeros_like"), "{e}");
    }
}

#[test]
fn a_collective_of_an_inner_value_stays_inside() {
    // d/dy of Σ over members of y², at each member.
    let f = vmap_named(|ax: &Axis, x: &Array| grad(|y: &Array| ax.psum(&mul(y, y)))(x));
    let plain = vmap_named(|ax: &Axis, x: &Array| mul(&ax.psum(&scalar(2.0)), x));
    let x = arr(&[1.0, 2.0, 3.0]);
    close(&f(&x), &plain(&x).to_vec::<f64>());
}

#[test]
fn values_do_not_escape_to_a_call_around() {
    let inner = std::sync::Mutex::new(None);
    let f = |x: &Array| {
        grad(|y: &Array| {
            *inner.lock().unwrap() = Some(mul(y, y));
            sum(y)
        })(x);
        inner.lock().unwrap().take().unwrap()
    };
    let e = jit(f).try_call(&arr(&[1.0])).err().unwrap().to_string();
    assert!(e.contains("has ended") && e.contains("`grad`"), "{e}");
}

#[test]
fn threads_change_no_bit_and_pass_errors_on() {
    let x = Array::from_value(Value::new(
        &[100_000][..],
        (0..100_000).map(|i| (i as f64).sin()).collect::<Vec<_>>(),
    ));
    let f = jit(|x: &Array| sum(&mul(&sin(x), x)));
    let bits = |n| with_threads(n, || grad(&f)(&x).to_vec::<f64>());
    assert!([1, 3, 8].into_iter().all(|n| bits(n) == bits(2)));
    let bad = |x: &Array| with_threads(2, || x.reshape(7));
    let e = func::tupled(bad).try_call(&x).err().unwrap().to_string();
    assert!(e.contains("reshape"), "{e}");
    assert!(std::panic::catch_unwind(|| with_threads(0, || ())).is_err());
}
