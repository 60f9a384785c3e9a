//! Texts that a real JAX printed: they are read, are well-formed, and compute JAX's numbers.

use crate::{assert_law, read};
use pullback_ir::{DType, Value, dispatch, interp};
use serde_json::Value as Json;
use std::path::Path;

/// Texts that are not ours to evaluate, with the reason.
const SKIPPED: &[(&str, &str)] = &[];

#[test]
fn texts_of_jax() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/jax_text");
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "jaxpr"))
        .collect();
    paths.sort();
    assert!(paths.len() >= 60, "{} texts", paths.len());
    let mut skipped = 0;
    for path in &paths {
        let name = path.file_stem().unwrap().to_str().unwrap();
        if let Some((_, why)) = SKIPPED.iter().find(|(n, _)| *n == name) {
            println!("{name}: {why}");
            skipped += 1;
            continue;
        }
        let case = std::fs::read_to_string(path.with_extension("json")).unwrap();
        let case: Json = serde_json::from_str(&case).unwrap();
        compare(name, &std::fs::read_to_string(path).unwrap(), &case);
    }
    assert_eq!(skipped, SKIPPED.len(), "a skipped text is not there");
}

fn compare(name: &str, text: &str, case: &Json) {
    let jaxpr = read(text);
    assert_law(&jaxpr);
    let values =
        |key: &str| -> Vec<Value> { case[key].as_array().unwrap().iter().map(value).collect() };
    let outs = interp::eval(&jaxpr, &values("args")).unwrap_or_else(|e| panic!("{name}: {e}"));
    let wanted = values("outs");
    assert_eq!(outs.len(), wanted.len(), "{name}");
    for (i, (out, wanted)) in outs.iter().zip(&wanted).enumerate() {
        assert_eq!(out.ty(), wanted.ty(), "{name}: result {i}");
        let tolerance = match out.dtype() {
            DType::F64 => 1e-11,
            DType::F32 => 1e-5,
            DType::F16 => 2e-3,
            DType::BF16 => 2e-2,
            _ => 0.0,
        };
        // Sums of terms of both signs are as accurate as the largest number nearby.
        let largest = wanted.to_f64s().into_iter().filter(|x| x.is_finite()).fold(1.0, f64::max);
        for (j, (x, y)) in out.to_f64s().into_iter().zip(wanted.to_f64s()).enumerate() {
            let same = x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * largest;
            assert!(same, "{name}: result {i}, element {j}: {x} where JAX has {y}\n{jaxpr}");
        }
    }
}

fn value(json: &Json) -> Value {
    let dtype = DType::from_name(json["dtype"].as_str().unwrap()).unwrap();
    let sizes = json["shape"].as_array().unwrap().iter();
    let shape: Vec<usize> = sizes.map(|n| n.as_u64().unwrap() as usize).collect();
    let data = json["data"].as_array().unwrap();
    if let DType::I64 = dtype {
        let data: Vec<i64> = data.iter().map(|x| x.as_i64().unwrap()).collect();
        return Value::new(shape, data);
    }
    if let DType::U64 = dtype {
        let data: Vec<u64> = data.iter().map(|x| x.as_u64().unwrap()).collect();
        return Value::new(shape, data);
    }
    let number = |x: &Json| match x {
        Json::Bool(b) => f64::from(*b),
        Json::String(s) if s == "NaN" => f64::NAN,
        Json::String(s) if s == "Infinity" => f64::INFINITY,
        Json::String(_) => f64::NEG_INFINITY,
        x => x.as_f64().unwrap(),
    };
    let data: Vec<f64> = data.iter().map(number).collect();
    dispatch!(dtype, T => {
        let data: Vec<T> = data.iter().map(|&x| <T as pullback_ir::Element>::from_f64(x)).collect();
        Value::new(shape, data)
    })
}
