//! Derivatives of primitives against central differences.

use crate::support::*;
use pullback_ir::prim::{Sample, Tangents};
use pullback_ir::{Builder, DType, Jaxpr, Value};

/// The jaxpr (primals, tangents of float operands) -> (results, tangents of float results).
fn jvp_of(sample: &Sample) -> Jaxpr {
    let types = types(sample);
    let (b, primals) = Builder::with_inputs(&types);
    let tangents: Tangents =
        types.iter().map(|t| t.is_float().then(|| b.input(t.clone()))).collect();
    let (outs, outs_t) = sample
        .prim
        .jvp(&b, &primals, &tangents)
        .unwrap_or_else(|e| panic!("jvp of {}: {e}", label(sample)));
    let mut results: Vec<_> = outs.to_vec();
    for (&o, &t) in outs.iter().zip(&outs_t) {
        if b.ty(o).is_float() {
            results.push(b.instantiate(t, o));
        } else {
            assert!(t.is_none(), "{}: a tangent of {}", label(sample), b.ty(o));
        }
    }
    b.finish(results)
}

#[test]
fn jvp_agrees_with_central_differences() {
    let mut draw = Draw::new(2);
    for sample in samples() {
        if !sample.args.iter().any(|(t, _)| t.is_float()) {
            continue;
        }
        let jvp = jvp_of(&sample);
        let plain = single(&sample.prim, &types(&sample));
        let args = draw.args(&sample);
        let tangents: Vec<Value> = sample
            .args
            .iter()
            .filter(|(t, _)| t.is_float())
            .map(|(t, _)| draw.tangent(t))
            .collect();
        let all: Vec<Value> = args.iter().chain(&tangents).cloned().collect();
        let got = run(&jvp, &all);
        let want = run(&plain, &args);
        let what = format!("{}\n{jvp}", label(&sample));
        for (g, w) in got.iter().zip(&want) {
            assert_close(g, w, tolerance(w.dtype()), &what);
        }
        let f64_only = sample.args.iter().all(|(t, _)| !t.is_float() || t.dtype() == DType::F64);
        if !sample.smooth || !f64_only {
            continue;
        }
        let mut tangents_out = got[want.len()..].iter();
        for (slope, w) in central_difference(&plain, &args, &tangents).iter().zip(&want) {
            let Some(slope) = slope else { continue };
            let g = tangents_out.next().unwrap();
            if w.dtype() == DType::F64 {
                assert_close(g, slope, 2e-6, &what);
            }
        }
    }
}
