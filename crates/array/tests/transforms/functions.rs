//! Derivatives, batches, checkpoints and custom rules of Rust functions.

use crate::support::*;
use pullback_array::ir::prim::{binary::Binary, unary::Unary};
use pullback_array::*;

fn f(x: &Array) -> Array {
    sum(&mul(&sin(x), x))
}

#[test]
fn grad_of_a_function() {
    let x = arr(&[0.5, 1.0, 2.0]);
    let want: Vec<f64> = [0.5f64, 1.0, 2.0].iter().map(|x| x.cos() * x + x.sin()).collect();
    close(&grad(f)(&x), &want);
    close(&jit(grad(f))(&x), &want);
    close(&grad(jit(f))(&x), &want);
    let (v, g) = value_and_grad(f)(&x);
    close(&v, &[[0.5f64, 1.0, 2.0].iter().map(|x| x * x.sin()).sum()]);
    close(&g, &want);
}

#[test]
fn derivatives_nest() {
    let s = |x: &Array| sin(x);
    let x = scalar(0.7);
    close(&grad(grad(s))(&x), &[-(0.7f64.sin())]);
    close(&grad(grad(grad(s)))(&x), &[-(0.7f64.cos())]);
    close(&jit(grad(jit(grad(s))))(&x), &[-(0.7f64.sin())]);
    let xs = arr(&[0.1, 0.2, 0.3]);
    let want: Vec<f64> = [0.1f64, 0.2, 0.3].iter().map(|x| -x.sin()).collect();
    close(&vmap(grad(grad(s)))(&xs), &want);
    close(&jit(vmap(grad(grad(s))))(&xs), &want);
    close(&grad(|x: &Array| sum(&vmap(grad(s))(x)))(&xs), &want);
    let (_, t) = jvp(grad(s))(&x, &scalar(1.0));
    close(&t, &[-(0.7f64.sin())]);
    close(&hessian(s)(&x), &[-(0.7f64.sin())]);
    close(&hvp(s)(&x, &scalar(2.0)), &[-2.0 * 0.7f64.sin()]);
}

#[test]
fn closures_capture_concrete_and_traced_arrays() {
    let k = arr(&[1.0, 2.0, 3.0]);
    let g = grad(|x: &Array| sum(&mul(x, &k)));
    close(&g(&arr(&[0.0, 0.0, 0.0])), &[1.0, 2.0, 3.0]);
    // d/dy of (d/dz z·y at y) = 1.
    let outer = grad(|y: &Array| grad(|z: &Array| mul(z, y))(y));
    close(&outer(&scalar(5.0)), &[1.0]);
    // Perturbations stay apart: d/dx x·d/dy(x + y) = 1.
    let apart = grad(|x: &Array| mul(x, &grad(|y: &Array| add(x, y))(&scalar(1.0))));
    close(&apart(&scalar(1.0)), &[1.0]);
    // A jit inside captures the outer trace's value.
    let inner = grad(|y: &Array| jit(|z: &Array| mul(z, y))(&scalar(3.0)));
    close(&inner(&scalar(5.0)), &[3.0]);
}

#[test]
fn jit_caches_by_types_and_lifts_literals() {
    let g = jit(|x: &Array| sin(x));
    g(&scalar(1.0));
    g(&scalar(2.0));
    assert_eq!((g.stats().calls, g.stats().traces), (2, 1));
    g(&arr(&[1.0]));
    assert_eq!(g.stats().traces, 2);
    assert_eq!(g.explain_last_miss().unwrap(), "argument 0 was f64[] and is now f64[1]");
}

#[test]
fn several_arguments_and_selection() {
    let f = |x: &Array, y: &Array| mul(&mul(x, y), y);
    let (x, y) = (scalar(2.0), scalar(3.0));
    close(&grad(f)(&x, &y), &[9.0]);
    close(&grad_wrt(arg::<1>(), f)(&x, &y), &[12.0]);
    let (gx, gy) = grad_wrt((arg::<0>(), arg::<1>()), f)(&x, &y);
    close(&gx, &[9.0]);
    close(&gy, &[12.0]);
    let (o, t) = jvp(f)(&(x.clone(), y.clone()), &(scalar(1.0), scalar(0.0)));
    close(&o, &[18.0]);
    close(&t, &[9.0]);
    let (o, pullback) = vjp(f)(&x, &y);
    close(&o, &[18.0]);
    let (gx, gy) = pullback(&scalar(2.0));
    close(&gx, &[18.0]);
    close(&gy, &[24.0]);
    let (_, push) = linearize(f)(&x, &y);
    close(&push(&(scalar(1.0), scalar(1.0))), &[21.0]);
    close(&vmap_axes([Some(0), None], f)(&arr(&[1.0, 2.0]), &y), &[9.0, 18.0]);
}

#[test]
fn auxiliary_output() {
    let f = |x: &Array| (sum(x), Aux(sin(x)));
    let (g, aux) = grad(f)(&arr(&[1.0, 2.0]));
    close(&g, &[1.0, 1.0]);
    close(&aux, &[1f64.sin(), 2f64.sin()]);
    let ((v, _), _) = value_and_grad(f)(&arr(&[1.0, 2.0]));
    close(&v, &[3.0]);
    let ((v, _), g) = jit(value_and_grad(f))(&arr(&[1.0, 2.0]));
    close(&v, &[3.0]);
    close(&g, &[1.0, 1.0]);
}

#[test]
fn jacobians_both_ways() {
    let f = |x: &Array| mul(&sin(x), &mul(x, x));
    let x = arr(&[0.3, 0.6]);
    let d = |x: f64| x.cos() * x * x + 2.0 * x * x.sin();
    let want = [d(0.3), 0.0, 0.0, d(0.6)];
    close(&jacrev(f)(&x), &want);
    close(&jacfwd(f)(&x), &want);
    assert_eq!(jacfwd(f)(&x).shape(), [2, 2]);
    let g = |x: &Array| sum(&mul(&mul(x, x), x));
    close(&hessian(g)(&x), &[1.8, 0.0, 0.0, 3.6]);
    close(&jacrev(jacrev(g))(&x), &[1.8, 0.0, 0.0, 3.6]);
    close(&jit(hessian(g))(&x), &[1.8, 0.0, 0.0, 3.6]);
    let trees = jacrev(|x: &Array| (sin(x), vec![sum(x)]))(&x);
    close(&trees.1[0], &[1.0, 1.0]);
}

#[test]
fn checkpoint_changes_no_value() {
    let f = |x: &Array| sum(&sin(&sin(&sin(x))));
    let x = arr(&[0.3, 0.6]);
    let plain = grad(f)(&x).to_vec::<f64>();
    close(&grad(checkpoint(f))(&x), &plain);
    close(&jit(grad(checkpoint(f)))(&x), &plain);
    close(&grad(checkpoint_with(Policy::Dots, f))(&x), &plain);
    let named = |x: &Array| sum(&sin(&checkpoint_name(&sin(&sin(x)), "h")));
    close(&grad(checkpoint_with(Policy::Names(vec!["h".into()]), named))(&x), &plain);
    let plain = hessian(f)(&x).to_vec::<f64>();
    close(&hessian(checkpoint(f))(&x), &plain);
    let text = make_jaxpr(grad(checkpoint(f)))(&x).to_string();
    assert!(text.contains("differentiated=True"), "{text}");
}

#[test]
fn custom_rules() {
    // A rule that is visibly not the derivative: twice it.
    let f = custom_jvp(
        |x: &Array| sin(x),
        |x: &Array, t: &Array| {
            let d = mul(&op(Unary::Cos, &[x]), t);
            (sin(x), add(&d, &d))
        },
    );
    let x = scalar(0.4);
    close(&f(&x), &[0.4f64.sin()]);
    close(&grad(&f)(&x), &[2.0 * 0.4f64.cos()]);
    close(&jit(grad(&f))(&x), &[2.0 * 0.4f64.cos()]);
    close(&grad(grad(&f))(&x), &[-2.0 * 0.4f64.sin()]);
    let xs = arr(&[0.4, 0.5]);
    close(&vmap(grad(&f))(&xs), &[2.0 * 0.4f64.cos(), 2.0 * 0.5f64.cos()]);
    let fm = f.clone();
    close(
        &grad(move |x: &Array| sum(&vmap(&fm)(x)))(&xs),
        &[2.0 * 0.4f64.cos(), 2.0 * 0.5f64.cos()],
    );

    let g = custom_vjp(
        |x: &Array| sin(x),
        |x: &Array| (sin(x), x.clone()),
        |x: &Array, ct: &Array| {
            let d = mul(&op(Unary::Cos, &[x]), ct);
            add(&add(&d, &d), &d)
        },
    );
    close(&grad(&g)(&x), &[3.0 * 0.4f64.cos()]);
    close(&vmap(grad(&g))(&xs), &[3.0 * 0.4f64.cos(), 3.0 * 0.5f64.cos()]);
    close(&jit(grad(grad(&g)))(&x), &[-3.0 * 0.4f64.sin()]);
    // Forward mode transposes the backward pass, which is linear here.
    let (_, t) = jvp(&g)(&x, &scalar(1.0));
    close(&t, &[3.0 * 0.4f64.cos()]);
    close(&hessian(&g)(&x), &[-3.0 * 0.4f64.sin()]);

    // A backward pass that is not linear works in reverse, and is an error forwards.
    let clipped = custom_vjp(
        |x: &Array| mul(x, x),
        |x: &Array| (mul(x, x), x.clone()),
        |_: &Array, ct: &Array| sin(ct),
    );
    close(&grad(&clipped)(&x), &[1f64.sin()]);
    let e = jvp(&clipped).try_call(&x, &scalar(1.0)).err().unwrap().to_string();
    assert!(e.contains("backward"), "{e}");
}

#[test]
fn values_are_known_in_unjitted_derivatives() {
    let f = |x: &Array| if x.item::<f64>() > 0.0 { mul(x, x) } else { sin(x) };
    close(&grad(f)(&scalar(3.0)), &[6.0]);
    close(&grad(f)(&scalar(-3.0)), &[(-3f64).cos()]);
    // In nested ones as well, and for values that depend on the arguments.
    let g = |x: &Array| if mul(x, x).item::<f64>() > 1.0 { mul(&mul(x, x), x) } else { x.clone() };
    close(&grad(grad(g))(&scalar(3.0)), &[18.0]);
    let e = jit(f).try_call(&scalar(1.0)).err().unwrap().to_string();
    assert!(e.contains("not known") && e.contains("select"), "{e}");
    assert!(vmap(f).try_call(&arr(&[1.0])).is_err());
}

#[test]
fn faults_are_errors() {
    let x = arr(&[1.0, 2.0]);
    let e = grad(|x: &Array| sin(x)).try_call(&x).err().unwrap().to_string();
    assert!(e.contains("scalar") && e.contains(".sum()"), "{e}");
    let ints = Array::from_value(Value::new(&[2][..], vec![1i32, 2]));
    let e = grad(|x: &Array| sum(x)).try_call(&ints).err().unwrap().to_string();
    assert!(e.contains("integer"), "{e}");
    // A tracer used after its trace.
    let leak = std::sync::Mutex::new(None);
    grad(|x: &Array| {
        *leak.lock().unwrap() = Some(x.clone());
        sum(x)
    })(&x);
    let leaked = leak.into_inner().unwrap().unwrap();
    let e = jit(move |y: &Array| add(y, &leaked)).try_call(&x).err().unwrap().to_string();
    assert!(e.contains("has ended"), "{e}");
    let e = vmap(|x: &Array, y: &Array| add(x, y)).try_call(&x, &arr(&[1.0])).err().unwrap();
    assert!(e.to_string().contains("batch sizes"), "{e}");
    let e = vmap(|x: &Array| sin(x)).try_call(&scalar(1.0)).err().unwrap().to_string();
    assert!(e.contains("axis 0"), "{e}");
}

#[test]
fn named_axes() {
    let x = arr(&[1.0, 2.0, 6.0]);
    close(&vmap_named(|ax: &Axis, x: &Array| ax.pmean(x))(&x), &[3.0, 3.0, 3.0]);
    let centred = vmap_named(|ax: &Axis, x: &Array| op(Binary::Sub, &[x, &ax.pmean(x)]));
    close(&centred(&x), &[-2.0, -1.0, 3.0]);
    close(&vmap_named(|ax: &Axis, x: &Array| ax.pmax(x))(&x), &[6.0, 6.0, 6.0]);
    assert_eq!(vmap_named(|ax: &Axis, _: &Array| ax.index())(&x).to_vec::<i32>(), [0, 1, 2]);
    assert_eq!(vmap_named(|ax: &Axis, x: &Array| ax.all_gather(x))(&x).shape(), [3, 3]);
    // The derivative of the sum over members reaches every member.
    let g = grad(|x: &Array| sum(&vmap_named(|ax: &Axis, x: &Array| mul(&ax.psum(x), x))(x)));
    close(&g(&x), &[18.0, 18.0, 18.0]);
}

#[test]
fn chunks_and_out_axes() {
    let x = Array::from_value(Value::new(&[5, 2][..], (0..10).map(f64::from).collect()));
    let f = |x: &Array| mul(x, x);
    let whole = vmap(f)(&x).to_vec::<f64>();
    close(&Vmap::axes([Some(0)]).chunk_size(2).of(f)(&x), &whole);
    assert_eq!(Vmap::axes([Some(0)]).out_axis(1).of(f)(&x).shape(), [2, 5]);
    assert_eq!(Vmap::axes([Some(1)]).of(f)(&x).shape(), [2, 5]);
    let constant = Vmap::axes([Some(0)]).out_axis(None).of(|_: &Array| scalar(1.0));
    assert_eq!(constant(&x).shape(), [0usize; 0]);
    assert!(Vmap::axes([Some(0)]).out_axis(None).of(f).try_call(&x).is_err());
}

#[test]
fn funcs_are_values() {
    fn g(x: &Array) -> Array {
        sum(x)
    }
    let stored: Vec<Func<dyn Fn(&Array) -> Array + Send + Sync>> = vec![grad(f), jit(f), grad(g)];
    assert_eq!(format!("{:?}", stored[0]), "Func(grad(f))");
    close(&stored[2](&arr(&[1.0, 2.0])), &[1.0, 1.0]);
    let t = linear_transpose(|x: &Array| add(x, x))(&scalar(0.0));
    close(&t(&scalar(3.0)), &[6.0]);
    assert!(linear_transpose(|x: &Array| sin(x)).try_call(&scalar(0.0)).is_err());
}

#[test]
fn a_hessian_names_itself_in_messages() {
    let e = hessian(|x: &Array| sin(x)).try_call(&arr(&[1.0, 2.0])).err().unwrap().to_string();
    assert!(e.contains("needs a function with a scalar result, not f64[2]"), "{e}");
    assert!(e.contains("in the function made by `hessian` at"), "{e}");
}
