//! Reading the JSON of the golden files.

use pullback_ir::{DType, Element, Value, dispatch};
use serde_json::Value as Json;
use std::path::Path;

/// The cases of a file under `tests/golden`, as far as `CASE` lets them through.
pub(crate) fn cases(file: &str) -> Vec<Json> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden").join(file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let mut json: Json = serde_json::from_str(&text).unwrap();
    let Json::Array(cases) = json["cases"].take() else { panic!("{file} has no list of cases") };
    let wanted = std::env::var("CASE").unwrap_or_default();
    cases.into_iter().filter(|c| name(c).contains(&wanted)).collect()
}

/// True when `CASE` leaves cases out, so that counts and lists cannot be checked.
pub(crate) fn restricted() -> bool {
    std::env::var("CASE").is_ok()
}

/// The name of a case.
pub(crate) fn name(case: &Json) -> &str {
    case["name"].as_str().expect("a case has a name")
}

/// A list of arrays, if the case has it.
pub(crate) fn values(case: &Json, key: &str) -> Option<Vec<Value>> {
    Some(case.get(key)?.as_array()?.iter().map(value).collect())
}

/// One array.
pub(crate) fn value(json: &Json) -> Value {
    let dtype = DType::from_name(json["dtype"].as_str().unwrap()).unwrap();
    let sizes = json["shape"].as_array().unwrap().iter();
    let shape: Vec<usize> = sizes.map(|n| n.as_u64().unwrap() as usize).collect();
    let data = json["data"].as_array().unwrap();
    // Integers of 64 bits do not survive a detour through f64.
    match dtype {
        DType::I64 => Value::new(shape, data.iter().map(|x| x.as_i64().unwrap()).collect()),
        DType::U64 => Value::new(shape, data.iter().map(|x| x.as_u64().unwrap()).collect()),
        _ => dispatch!(dtype, T => {
            Value::new(shape, data.iter().map(|x| <T as Element>::from_f64(number(x))).collect())
        }),
    }
}

fn number(json: &Json) -> f64 {
    match json {
        Json::Bool(b) => f64::from(*b),
        Json::String(s) => match s.as_str() {
            "NaN" => f64::NAN,
            "Infinity" => f64::INFINITY,
            "-Infinity" => f64::NEG_INFINITY,
            other => panic!("`{other}` is not a number"),
        },
        other => other.as_f64().expect("a number"),
    }
}
