//! Custom rules, and no others, are what derivatives come from.
//!
//! The samples of the custom calls have rules that are the derivatives of their functions, so that
//! the laws hold; a transformation that ignored such a rule would pass. The rules here are wrong on
//! purpose: f(x, y) = x y with ∂f/∂x = 10 y and ∂f/∂y = 100 x. They must come through every
//! order of `vmap`, `jvp` and `vjp`.

use crate::support::*;
use pullback_ir::prim::custom_jvp::CustomJvp;
use pullback_ir::prim::custom_vjp::CustomVjp;
use pullback_ir::prim::rule::Rule;
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Builder, DType, Jaxpr, Prim, Type, Value};

fn operand_types() -> [Type; 2] {
    [Type::of(DType::F64, &[3]), Type::scalar(DType::F64)]
}

/// f, called through a rule for its jvp, and through a pair of rules for its vjp.
fn calls() -> [Jaxpr; 2] {
    let [x, y] = operand_types();
    let f = {
        let (b, ins) = Builder::with_inputs([&x, &y]);
        let z = b.mul(ins[0], ins[1]);
        b.finish([z])
    };
    let jvp = Rule::new("jvp", {
        let types = [x.clone(), y.clone(), x.clone(), y.clone()];
        move || {
            let (b, ins) = Builder::with_inputs(&types);
            let by_x = b.mul(b.scale(10.0, ins[2]), ins[1]);
            let by_y = b.mul(b.scale(100.0, ins[0]), ins[3]);
            let (z, dz) = (b.mul(ins[0], ins[1]), b.add(by_x, by_y));
            Ok(b.finish([z, dz]))
        }
    });
    let fwd = Rule::new("fwd", {
        let types = [x.clone(), y.clone()];
        move || {
            let (b, ins) = Builder::with_inputs(&types);
            let z = b.mul(ins[0], ins[1]);
            Ok(b.finish([z, ins[0], ins[1]]))
        }
    });
    let bwd = Rule::new("bwd", {
        let types = [x.clone(), y.clone(), x.clone()];
        move || {
            let (b, ins) = Builder::with_inputs(&types);
            let ct_x = b.mul(b.scale(10.0, ins[2]), ins[1]);
            let ct_y = b.reduce_sum(b.mul(b.scale(100.0, ins[2]), ins[0]), &[0]);
            Ok(b.finish([ct_x, ct_y]))
        }
    });
    let prims: [Prim; 2] = [
        CustomJvp { name: "f".into(), jaxpr: f.clone(), n_consts: 0, jvp }.into(),
        CustomVjp { name: "f".into(), jaxpr: f, n_consts: 0, fwd, bwd }.into(),
    ];
    prims.map(|prim| single(&prim, &operand_types()))
}

/// Slice `i` of those values that have a batch dimension.
fn row(values: &[Value], dims: &[Option<usize>], i: usize) -> Vec<Value> {
    values.iter().zip(dims).map(|(v, d)| d.map_or(v.clone(), |d| take(v, d, i))).collect()
}

/// ż by the rules: 10 ẋ y + 100 x ẏ.
fn forward(x: &Value, y: &Value, dx: &Value, dy: &Value) -> Value {
    let (y, dy) = (y.to_f64s()[0], dy.to_f64s()[0]);
    let pairs = x.to_f64s().into_iter().zip(dx.to_f64s());
    Value::new([3].as_slice(), pairs.map(|(x, dx)| 10.0 * dx * y + 100.0 * x * dy).collect())
}

/// The cotangents by the rules: 10 c y and Σ 100 c x.
fn reverse(x: &Value, y: &Value, c: &Value) -> [Value; 2] {
    let y = y.to_f64s()[0];
    let ct_y: f64 = x.to_f64s().iter().zip(c.to_f64s()).map(|(x, c)| 100.0 * c * x).sum();
    let ct_x = c.to_f64s().iter().map(|c| 10.0 * c * y).collect();
    [Value::new([3].as_slice(), ct_x), Value::scalar(ct_y)]
}

#[test]
fn derivatives_come_from_the_rules() {
    let mut draw = Draw::new(7);
    let [x, y] = operand_types().map(|t| draw.tangent(&t));
    let [dx, dy] = operand_types().map(|t| draw.tangent(&t));
    let c = draw.tangent(&operand_types()[0]);
    for call in calls() {
        let jvp = transform::jvp(&call, &[true, true]).unwrap().jaxpr;
        let got = run(&jvp, &[x.clone(), y.clone(), dx.clone(), dy.clone()]);
        assert_close(&got[1], &forward(&x, &y, &dx, &dy), 1e-12, "jvp");
        let vjp = transform::vjp(&call, &[true, true]).unwrap();
        let got = run(&vjp, &[x.clone(), y.clone(), c.clone()]);
        for (g, w) in got[1..].iter().zip(reverse(&x, &y, &c)) {
            assert_close(g, &w, 1e-12, "vjp");
        }
        // With respect to one operand, the other is a constant.
        let jvp = transform::jvp(&call, &[false, true]).unwrap().jaxpr;
        let got = run(&jvp, &[x.clone(), y.clone(), dy.clone()]);
        let zero = Value::zeros(dx.ty());
        assert_close(&got[1], &forward(&x, &y, &zero, &dy), 1e-12, "jvp by y");
    }
}

#[test]
fn second_derivatives_come_from_the_rules() {
    let mut draw = Draw::new(8);
    let [x, y] = operand_types().map(|t| draw.tangent(&t));
    let [dx, dy] = operand_types().map(|t| draw.tangent(&t));
    let c = draw.tangent(&operand_types()[0]);
    // The cotangents 10 c y and Σ 100 c x are linear in y and in x.
    let want = [reverse(&x, &dy, &c)[0].clone(), reverse(&dx, &y, &c)[1].clone()];
    for call in calls() {
        let vjp = transform::vjp(&call, &[true, true]).unwrap();
        let jvp = transform::jvp(&vjp, &[true, true, false]).unwrap();
        assert_eq!(jvp.out_tangents, [true, true, true]);
        let args = [&x, &y, &c, &dx, &dy].map(Value::clone);
        let got = run(&jvp.jaxpr, &args);
        assert_close(&got[4], &want[0], 1e-12, "the cotangent of x");
        assert_close(&got[5], &want[1], 1e-12, "the cotangent of y");
        // In reverse, ⟨dx, ∂(Σ 100 c x)/∂x⟩ with a cotangent of 1 for it.
        let twice = transform::vjp(&vjp, &[true, false, false]).unwrap();
        let zero = Value::zeros(x.ty());
        let args = [&x, &y, &c, &zero, &zero, &Value::scalar(1.0)].map(Value::clone);
        let got = run(&twice, &args).pop().unwrap();
        let slope: f64 = got.to_f64s().iter().zip(dx.to_f64s()).map(|(a, b)| a * b).sum();
        assert_close(&Value::scalar(slope), &want[1], 1e-12, "reverse over reverse");
    }
}

#[test]
fn batches_use_the_rules() {
    let mut draw = Draw::new(9);
    let n = 2;
    for dims in [[Some(0), None], [Some(1), None], [None, Some(0)], [Some(1), Some(0)]] {
        let batched = |t: &Type, d: Option<usize>| d.map_or(t.clone(), |d| t.with_axis(d, n));
        let types = operand_types();
        let mut of = |i: usize| draw.tangent(&batched(&types[i], dims[i]));
        let (primals, tangents) = ([of(0), of(1)], [of(0), of(1)]);
        let c = draw.tangent(&types[0].with_axis(0, n));
        let rows: Vec<[Vec<Value>; 2]> =
            (0..n).map(|i| [row(&primals, &dims, i), row(&tangents, &dims, i)]).collect();
        let z_rows: Vec<Value> =
            rows.iter().map(|[p, t]| forward(&p[0], &p[1], &t[0], &t[1])).collect();
        let ct_rows: Vec<[Value; 2]> = rows
            .iter()
            .enumerate()
            .map(|(i, [p, _])| reverse(&p[0], &p[1], &take(&c, 0, i)))
            .collect();
        let what = format!("batched at {dims:?}");
        for call in calls() {
            let args: Vec<Value> = primals.iter().chain(&tangents).cloned().collect();
            let all_dims = [dims, dims].concat();
            let vmapped = |j: &Jaxpr, dims: &[Option<usize>]| {
                transform::vmap(j, n, dims, None, OutDims::Front).unwrap().jaxpr
            };
            let jvp = |j: &Jaxpr| transform::jvp(j, &[true, true]).unwrap().jaxpr;
            let batch = vmapped(&call, &dims);
            for (order, program) in
                [("jvp of vmap", jvp(&batch)), ("vmap of jvp", vmapped(&jvp(&call), &all_dims))]
            {
                let got = run(&program, &args);
                for (i, want) in z_rows.iter().enumerate() {
                    assert_close(&take(&got[1], 0, i), want, 1e-12, &format!("{order}, {what}"));
                }
            }

            let mut args = primals.to_vec();
            args.push(c.clone());
            let vjp = |j: &Jaxpr| transform::vjp(j, &[true, true]).unwrap();
            let got = run(&vmapped(&vjp(&call), &[dims[0], dims[1], Some(0)]), &args);
            for (i, want) in ct_rows.iter().enumerate() {
                for (g, w) in got[1..].iter().zip(want) {
                    assert_close(&take(g, 0, i), w, 1e-12, &format!("vmap of vjp, {what}"));
                }
            }
            // An operand that the examples share gets the sum of their cotangents.
            let got = run(&vjp(&batch), &args);
            for (k, g) in got[1..].iter().enumerate() {
                match dims[k] {
                    Some(d) => {
                        for (i, want) in ct_rows.iter().enumerate() {
                            let what = format!("vjp of vmap, {what}");
                            assert_close(&take(g, d, i), &want[k], 1e-12, &what);
                        }
                    }
                    None => {
                        let zero = Value::zeros(g.ty());
                        let sum = ct_rows.iter().fold(zero, |sum, ct| moved(&sum, &ct[k], 1.0));
                        assert_close(g, &sum, 1e-12, &format!("vjp of vmap, shared, {what}"));
                    }
                }
            }
        }
    }
}
