//! Transposes of the primitives themselves.
//!
//! The other laws transpose what `jvp` makes of a primitive, which may be other primitives: the jvp
//! of `sub` consists of `neg` and `add_any`, so that no law there meets the transpose of `sub`. Users'
//! linear functions do. Here each primitive is transposed in each set of its float operands; where
//! it has a rule for that, ⟨ct, f(t) - f(0)⟩ = ⟨fᵀ ct, t⟩ for the set, the other operands being known.

use crate::support::*;
use pullback_ir::{DType, Value, transform};
use std::collections::BTreeMap;

/// Primitives that are linear in some operands, which must have a transpose.
const LINEAR: &[&str] = &[
    "add",
    "broadcast_in_dim",
    "concatenate",
    "convert_element_type",
    "copy",
    "cumsum",
    "custom_linear",
    "div",
    "dot_general",
    "dynamic_slice",
    "dynamic_update_slice",
    "expand_dims",
    "gather",
    "mul",
    "name",
    "neg",
    "pad",
    "reduce_sum",
    "reshape",
    "rev",
    "scatter",
    "scatter-add",
    "scatter-mul",
    "scatter-sub",
    "select_n",
    "slice",
    "split",
    "squeeze",
    "stack",
    "sub",
    "tile",
    "transpose",
];

#[test]
fn transposes_of_primitives_are_adjoint() {
    let mut draw = Draw::new(10);
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    for sample in samples() {
        let jaxpr = single(&sample.prim, &types(&sample));
        let ins = jaxpr.in_types();
        let floats: Vec<usize> = (0..ins.len()).filter(|&i| ins[i].is_float()).collect();
        let is_f64 = |t: &pullback_ir::Type| !t.is_float() || t.dtype() == DType::F64;
        let outs_are_floats = jaxpr.out_types().iter().all(|t| t.dtype() == DType::F64);
        if !outs_are_floats || !ins.iter().all(is_f64) {
            continue;
        }
        for set in 1..1usize << floats.len().min(4) {
            // Beyond four operands, the last one stands for all that follow.
            let mut linear = vec![false; ins.len()];
            for (k, &i) in floats.iter().enumerate() {
                linear[i] = set >> k.min(3) & 1 == 1;
            }
            let what = format!("{} linear in {linear:?}", label(&sample));
            let back = match transform::transpose(&jaxpr, &linear) {
                Ok(back) => back,
                Err(e) => {
                    assert!(e.is_missing_rule(), "{what}: {e}");
                    continue;
                }
            };
            *met.entry(sample.prim.name().to_owned()).or_default() += 1;
            let args = draw.args(&sample);
            let with = |value: &dyn Fn(usize) -> Value| -> Vec<Value> {
                let pairs = args.iter().zip(&linear).enumerate();
                pairs.map(|(i, (a, &l))| if l { value(i) } else { a.clone() }).collect()
            };
            let ts: Vec<Value> = ins.iter().map(|t| draw.tangent(t)).collect();
            let at_t = run(&jaxpr, &with(&|i| ts[i].clone()));
            let at_0 = run(&jaxpr, &with(&|i| Value::zeros(&ins[i])));
            let cts: Vec<Value> = jaxpr.out_types().iter().map(|t| draw.tangent(t)).collect();
            let known = args.iter().zip(&linear).filter(|(_, l)| !**l).map(|(a, _)| a);
            let back_args: Vec<Value> = known.chain(&cts).cloned().collect();
            let in_cts = run(&back, &back_args);
            let product = |xs: &[f64], ys: &[f64]| -> f64 {
                // Where both values are NaN or infinite alike, a constant stands there.
                xs.iter().zip(ys).map(|(x, y)| if x.is_nan() { 0.0 } else { x * y }).sum()
            };
            let mut left = 0.0;
            for ((t, zero), ct) in at_t.iter().zip(&at_0).zip(&cts) {
                let change = t.to_f64s().into_iter().zip(zero.to_f64s()).map(|(a, b)| a - b);
                left += product(&change.collect::<Vec<_>>(), &ct.to_f64s());
            }
            let wanted = ts.iter().zip(&linear).filter(|(_, l)| **l).map(|(t, _)| t);
            let right: f64 =
                wanted.zip(&in_cts).map(|(t, ct)| product(&t.to_f64s(), &ct.to_f64s())).sum();
            assert!(
                (left - right).abs() <= 1e-10 * left.abs().max(1.0),
                "{what}: <ct, f(t) - f(0)> = {left}, <fT ct, t> = {right}\n{jaxpr}\n{back}"
            );
        }
    }
    if std::env::var("SAMPLE").is_err() {
        let missing: Vec<_> = LINEAR.iter().filter(|n| !met.contains_key(**n)).collect();
        assert!(missing.is_empty(), "no transpose was met for {missing:?}");
    }
    println!("{met:?}");
}
