//! Laws of the transformations over the samples: adjointness of linearize and transpose, agreement of
//! linearize with jvp, second order, and that rewriting changes nothing.

use crate::support::*;
use pullback_ir::prim::Sample;
use pullback_ir::{DType, Jaxpr, Type, Value, check, transform};

fn float_mask(types: &[Type]) -> Vec<bool> {
    types.iter().map(Type::is_float).collect()
}

fn dot(xs: &[Value], ys: &[Value]) -> f64 {
    xs.iter()
        .zip(ys)
        .flat_map(|(x, y)| x.to_f64s().into_iter().zip(y.to_f64s()).map(|(a, b)| a * b))
        .sum()
}

/// Samples whose float operands are all f64, so that identities hold to rounding.
fn f64_samples() -> impl Iterator<Item = Sample> {
    samples().into_iter().filter(|s| {
        let floats = s.args.iter().filter(|(t, _)| t.is_float()).count();
        let is_f64 = |t: &Type| !t.is_float() || t.dtype() == DType::F64;
        floats > 0
            && s.args.iter().all(|(t, _)| is_f64(t))
            && single(&s.prim, &types(s)).out_types().iter().all(is_f64)
    })
}

/// <ct, J t> = <Jᵀ ct, t>, and both agree with jvp.
fn check_adjoint(jaxpr: &Jaxpr, args: &[Value], draw: &mut Draw, what: &str) {
    let mask = float_mask(jaxpr.in_types());
    let ts: Vec<Value> =
        jaxpr.in_types().iter().filter(|t| t.is_float()).map(|t| draw.tangent(t)).collect();
    let lin = transform::linearize(jaxpr, &mask).unwrap_or_else(|e| panic!("{what}: {e}"));
    check::check(&lin.primal).unwrap();
    check::check(&lin.tangent).unwrap();
    let mut primal = run(&lin.primal, args);
    let residuals = primal.split_off(jaxpr.outs().len());
    for (g, w) in primal.iter().zip(run(jaxpr, args)) {
        assert_close(g, &w, tolerance(w.dtype()), what);
    }
    let tangent_args: Vec<Value> = ts.iter().chain(&residuals).cloned().collect();
    let outs_t = run(&lin.tangent, &tangent_args);
    let j = transform::jvp(jaxpr, &mask).unwrap();
    let jvp_args: Vec<Value> = args.iter().chain(&ts).cloned().collect();
    let by_jvp = run(&j.jaxpr, &jvp_args);
    let mut jvp_tangents = by_jvp[jaxpr.outs().len()..].iter();
    let mut lin_tangents = outs_t.iter();
    for (i, (by_jvp, by_lin)) in j.out_tangents.iter().zip(&lin.out_tangents).enumerate() {
        let a = by_jvp.then(|| jvp_tangents.next().unwrap());
        let b = by_lin.then(|| lin_tangents.next().unwrap());
        match (a, b) {
            (Some(a), Some(b)) => assert_close(b, a, 1e-11, &format!("{what}: tangent {i}")),
            (Some(a), None) => assert!(
                a.to_f64s().iter().all(|x| *x == 0.0),
                "{what}: linearize dropped tangent {i}\n{}",
                lin.tangent
            ),
            (None, b) => assert!(b.is_none()),
        }
    }
    let cts: Vec<Value> = lin.tangent.out_types().iter().map(|t| draw.tangent(t)).collect();
    let linear: Vec<bool> = (0..lin.tangent.n_ins()).map(|i| i < ts.len()).collect();
    let back = transform::transpose(&lin.tangent, &linear)
        .unwrap_or_else(|e| panic!("{what}: {e}\n{}", lin.tangent));
    let back_args: Vec<Value> = residuals.iter().chain(&cts).cloned().collect();
    let in_cts = run(&back, &back_args);
    let (left, right) = (dot(&cts, &outs_t), dot(&in_cts, &ts));
    let scale = left.abs().max(1.0);
    assert!(
        (left - right).abs() <= 1e-10 * scale || (left.is_nan() && right.is_nan()),
        "{what}: <ct, J t> = {left}, <Jt ct, t> = {right}\n{}\n{back}",
        lin.tangent
    );
}

#[test]
fn transposes_are_adjoint() {
    let mut draw = Draw::new(3);
    for sample in f64_samples() {
        let jaxpr = single(&sample.prim, &types(&sample));
        let args = draw.args(&sample);
        check_adjoint(&jaxpr, &args, &mut draw, &label(&sample));
        // Each operand alone, so that rules meet known operands beside linear ones.
        let mask = float_mask(jaxpr.in_types());
        for i in 0..mask.len() {
            if mask[i] && mask.iter().filter(|m| **m).count() > 1 {
                let mut one = vec![false; mask.len()];
                one[i] = true;
                let lin = transform::linearize(&jaxpr, &one).unwrap();
                let linear: Vec<bool> = (0..lin.tangent.n_ins()).map(|i| i < 1).collect();
                let back = transform::transpose(&lin.tangent, &linear).unwrap();
                let residuals = run(&lin.primal, &args).split_off(jaxpr.outs().len());
                let t = draw.tangent(&jaxpr.in_types()[i]);
                let mut fwd_args = vec![t.clone()];
                fwd_args.extend(residuals.iter().cloned());
                let outs_t = run(&lin.tangent, &fwd_args);
                let cts: Vec<Value> =
                    lin.tangent.out_types().iter().map(|t| draw.tangent(t)).collect();
                let back_args: Vec<Value> = residuals.iter().chain(&cts).cloned().collect();
                let in_cts = run(&back, &back_args);
                let (left, right) = (dot(&cts, &outs_t), dot(&in_cts, &[t]));
                assert!(
                    (left - right).abs() <= 1e-10 * left.abs().max(1.0),
                    "{} wrt operand {i}: {left} and {right}",
                    label(&sample)
                );
            }
        }
    }
}

/// The vjp of a sample as a program of (operands, cotangents).
fn vjp_of(sample: &Sample) -> Jaxpr {
    let jaxpr = single(&sample.prim, &types(sample));
    transform::vjp(&jaxpr, &float_mask(jaxpr.in_types())).unwrap()
}

#[test]
fn second_derivatives_are_adjoint_and_agree_with_differences() {
    let mut draw = Draw::new(4);
    for sample in f64_samples() {
        let vjp = vjp_of(&sample);
        let mut args = draw.args(&sample);
        for t in &vjp.in_types()[args.len()..] {
            args.push(draw.tangent(t));
        }
        let what = format!("vjp of {}", label(&sample));
        check_adjoint(&vjp, &args, &mut draw, &what);
        if !sample.smooth {
            continue;
        }
        let mask = float_mask(vjp.in_types());
        let j = transform::jvp(&vjp, &mask).unwrap();
        let ts: Vec<Value> =
            vjp.in_types().iter().filter(|t| t.is_float()).map(|t| draw.tangent(t)).collect();
        let jvp_args: Vec<Value> = args.iter().chain(&ts).cloned().collect();
        let got = run(&j.jaxpr, &jvp_args);
        let mut tangents = got[vjp.outs().len()..].iter();
        for (slope, has) in central_difference(&vjp, &args, &ts).iter().zip(&j.out_tangents) {
            let Some(want) = slope else { continue };
            let got = if *has { tangents.next().unwrap().clone() } else { Value::zeros(want.ty()) };
            assert_close(&got, want, 1e-5, &what);
        }
    }
}

#[test]
fn rewriting_changes_nothing() {
    let mut draw = Draw::new(5);
    for sample in samples() {
        let base = single(&sample.prim, &types(&sample));
        let mut programs = vec![base.clone()];
        let mask = float_mask(base.in_types());
        if mask.iter().any(|m| *m) {
            programs.push(transform::vjp(&base, &mask).unwrap());
        }
        for program in programs {
            let mut args = draw.args(&sample);
            for t in &program.in_types()[args.len()..] {
                args.push(draw.tangent(t));
            }
            let want = run(&program, &args);
            for (name, pass) in [
                ("dce", transform::dce as fn(&Jaxpr) -> Jaxpr),
                ("cse", transform::cse),
                ("simplify", transform::simplify),
                ("fold_products", transform::fold_products),
                ("inline", transform::inline),
                ("inline_calls", transform::inline_calls),
            ] {
                let rewritten = pass(&program);
                check::check(&rewritten).unwrap();
                for (g, w) in run(&rewritten, &args).iter().zip(&want) {
                    // Which NaN a fold gives is not kept; all else is.
                    let same = g.bits_eq(w)
                        || g.to_f64s()
                            .iter()
                            .zip(w.to_f64s())
                            .all(|(a, b)| a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()));
                    assert!(same, "{name} of {}\n{program}\n{rewritten}", label(&sample));
                }
            }
        }
    }
}
