//! Accuracy of the elementwise functions: the reference interpreter against exact values, in ulp.
//!
//! f64 is measured at every point of `elementwise.json`. f32 is measured at the points that are f32
//! numbers, where the exact value is known as well. f16 and bf16 compute in f32 and round once, so
//! they are held to one step at the points that they represent. `--nocapture` prints the largest
//! errors.

use crate::json::{cases, name, restricted, value};
use pullback_ir::param::ParamMap;
use pullback_ir::{Builder, DType, Prim, Type, Value, interp};
use serde_json::Value as Json;

/// The error allowed in f64, in ulp; f32 has twice as many.
fn budget(name: &str) -> f64 {
    match name {
        "asinh" | "acosh" | "atanh" | "cbrt" | "logistic" => 2.0,
        "erf_inv" | "erfc" | "lgamma" | "digamma" => 4.0,
        "polygamma" => 8.0,
        _ => 1.0,
    }
}

/// Points where more ulp are accepted.
const HARD: &[(&str, f64, f64)] = &[
    // The f64 next to a multiple of π/2 in all of its range: it lies 4.7e-19 beside one. The functions
    // are the system's, and glibc's reduction (2.36) has no more than 50 bits left there.
    ("cos", 5.319372648326541e255, 16.0),
    ("tan", 5.319372648326541e255, 16.0),
];

/// An absolute error that is accepted as well: the functions with roots between their poles are sums
/// of large terms there, and are as good as these.
fn absolute(case: &Json, dtype: DType, x: f64) -> f64 {
    let terms = match name(case) {
        "lgamma" | "digamma" => 8.0,
        // ψ⁽ⁿ⁾ left of zero is a sum of n!/(x + k)ⁿ⁺¹ with both signs.
        "polygamma" if x < 0.0 => {
            let n = case["n"].as_i64().unwrap() as i32;
            let factorial: f64 = (1..=n).map(f64::from).product();
            8.0 * factorial / (x - x.round()).abs().powi(n + 1)
        }
        "polygamma" if case["n"] == 0 => 8.0,
        _ => 0.0,
    };
    terms * ulp(dtype, 1.0) / 2.0
}

/// Mantissa bits with the hidden one, and the exponent of the smallest subnormal number.
fn format(dtype: DType) -> (i32, i32) {
    match dtype {
        DType::F64 => (53, -1074),
        DType::F32 => (24, -149),
        DType::F16 => (11, -24),
        _ => (8, -133),
    }
}

/// The distance of neighbouring numbers at `x`.
fn ulp(dtype: DType, x: f64) -> f64 {
    let (bits, least) = format(dtype);
    // Subnormal numbers all have the smallest exponent.
    let exponent = ((x.abs().to_bits() >> 52) as i32).max(1) - 1023;
    let power = (exponent + 1 - bits).max(least);
    // In two factors, as `powi` would give 0 for the subnormal ones.
    2f64.powi(power / 2) * 2f64.powi(power - power / 2)
}

#[test]
fn elementary_functions() {
    let cases = cases("elementwise.json");
    assert!(restricted() || cases.len() == 31, "{} functions", cases.len());
    let mut failures = Vec::new();
    for case in &cases {
        let mut line = format!("{:10}", label(case));
        for dtype in [DType::F64, DType::F32, DType::F16, DType::BF16] {
            let (points, worst) = measure(case, dtype, &mut failures);
            line += &format!("  {dtype}: {worst:6.3} ulp at {points} points");
        }
        println!("{line}");
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

fn label(case: &Json) -> String {
    let order = case.get("n").map_or(String::new(), |n| format!(" {n}"));
    format!("{}{order}", name(case))
}

/// The largest error in ulp and how many points have no more; the others are accepted for another
/// reason or added to the list of failures.
fn measure(case: &Json, dtype: DType, failures: &mut Vec<String>) -> (usize, f64) {
    let (xs, ys) = (value(&case["x"]), value(&case["y"]));
    let rounded = |x: f64| Value::from_f64s(dtype, [0; 0].as_slice(), &[x]).to_f64s()[0];
    let all = xs.to_f64s().into_iter().zip(ys.to_f64s());
    let points: Vec<(f64, f64)> =
        all.filter(|(x, _)| x.is_nan() || rounded(*x).to_bits() == x.to_bits()).collect();
    let xs: Vec<f64> = points.iter().map(|p| p.0).collect();
    let got = evaluate(case, dtype, &xs);
    let ulps = match dtype {
        DType::F64 => budget(name(case)),
        DType::F32 => 2.0 * budget(name(case)),
        _ => 1.0,
    };
    let (mut worst, mut accepted) = (0f64, 0);
    for (&(x, y), &got) in points.iter().zip(&got) {
        // The nearest number of the format decides what is infinite and what zero has which sign.
        let nearest = rounded(y);
        let error = (got - y).abs() / ulp(dtype, y);
        let right = if nearest.is_nan() || nearest.is_infinite() || nearest == 0.0 {
            got.to_bits() == nearest.to_bits() || (got.is_nan() && nearest.is_nan())
        } else {
            let hard = HARD.iter().find(|h| h.0 == name(case) && h.1 == x);
            if error > ulps {
                accepted += 1;
            } else {
                worst = worst.max(error);
            }
            error <= hard.map_or(ulps, |h| h.2) || (got - y).abs() <= absolute(case, dtype, x)
        };
        if !right {
            failures.push(format!(
                "{} of {x:?} in {dtype}: {got:?}, not {nearest:?}: {error:.2} ulp",
                label(case)
            ));
        }
    }
    (points.len() - accepted, worst)
}

/// Runs the primitive on the reference interpreter.
fn evaluate(case: &Json, dtype: DType, xs: &[f64]) -> Vec<f64> {
    let prim = Prim::parse(name(case), &mut ParamMap::default()).unwrap().unwrap();
    let ty = Type::of(dtype, &[xs.len()]);
    let (b, x) = Builder::with_inputs(&[ty]);
    let operands = match case.get("n") {
        Some(n) => vec![b.full_like(x[0], n.as_f64().unwrap()), x[0]],
        None => vec![x[0]],
    };
    let outs = b.bind(prim, &operands).unwrap();
    let args = [Value::from_f64s(dtype, [xs.len()].as_slice(), xs)];
    interp::eval(&b.finish(outs), &args).unwrap()[0].to_f64s()
}
