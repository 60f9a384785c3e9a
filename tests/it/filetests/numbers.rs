//! `# run:` lines: arguments and results as JSON, nested as the shapes say.

use super::Run;
use pullback_cpu::Engine;
use pullback_ir::{DType, Element, Jaxpr, Type, Value, dispatch};
use serde_json::Value as Json;
use std::fmt::Write as _;

/// Runs a jaxpr on every engine and asserts the results; gives the lines, with results where there
/// was a `?`.
pub(super) fn run<'a>(jaxpr: &Jaxpr, runs: impl Iterator<Item = &'a Run>) -> String {
    let mut lines = String::new();
    for Run { args, outs, .. } in runs {
        let values = read_all(args, jaxpr.in_types());
        let wanted = (outs != "?").then(|| read_all(outs, &jaxpr.out_types()));
        let mut shown = outs.clone();
        for engine in Engine::ALL {
            let got = engine.run(jaxpr, &values).unwrap_or_else(|e| {
                panic!("the engine `{}` fails on {args}: {e}\n{jaxpr}", engine.name())
            });
            match &wanted {
                None if engine == Engine::Reference => shown = show_all(&got),
                None => {}
                Some(wanted) => {
                    let same = got.iter().zip(wanted).all(|(x, y)| close(x, y));
                    assert!(
                        same,
                        "the engine `{}` gives {} for {args}, not {outs}\n{jaxpr}",
                        engine.name(),
                        show_all(&got)
                    );
                }
            }
        }
        let _ = writeln!(lines, "# run: {args} -> {shown}");
    }
    lines
}

/// Equal up to rounding; integers and truth values exactly.
fn close(x: &Value, y: &Value) -> bool {
    let tolerance = match x.dtype() {
        DType::F64 => 1e-13,
        DType::F32 => 1e-6,
        DType::F16 => 1e-3,
        DType::BF16 => 1e-2,
        _ => return x.bits_eq(y),
    };
    let close = |(x, y): (f64, f64)| {
        x == y || (x.is_nan() && y.is_nan()) || (x - y).abs() <= tolerance * (1.0 + y.abs())
    };
    x.ty() == y.ty() && x.to_f64s().into_iter().zip(y.to_f64s()).all(close)
}

fn read_all(text: &str, types: &[Type]) -> Vec<Value> {
    let json: Json = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e} in {text}"));
    let list = json.as_array().unwrap_or_else(|| panic!("not a list: {text}"));
    assert_eq!(list.len(), types.len(), "values in {text}");
    list.iter().zip(types).map(|(json, ty)| read(json, ty)).collect()
}

fn read(json: &Json, ty: &Type) -> Value {
    let mut leaves = Vec::new();
    flatten(json, ty.shape(), &mut leaves);
    dispatch!(ty.dtype(), T => {
        Value::new(ty.shape(), leaves.into_iter().map(element::<T>).collect::<Vec<T>>())
    })
}

fn flatten<'a>(json: &'a Json, shape: &[usize], leaves: &mut Vec<&'a Json>) {
    let Some((&n, inner)) = shape.split_first() else { return leaves.push(json) };
    let list = json.as_array().unwrap_or_else(|| panic!("{json} is not a list"));
    assert_eq!(list.len(), n, "the elements of {json}");
    list.iter().for_each(|x| flatten(x, inner, leaves));
}

fn element<T: Element>(json: &Json) -> T {
    match json {
        Json::Bool(b) => T::from_f64(f64::from(*b)),
        Json::String(s) => T::from_f64(s.parse().unwrap_or_else(|_| panic!("{s} is not a number"))),
        // The bits of a 64-bit integer may not pass through `f64`.
        Json::Number(n) if T::DTYPE == DType::I64 => T::from_bits(n.as_i64().unwrap() as u64),
        Json::Number(n) if T::DTYPE == DType::U64 => T::from_bits(n.as_u64().unwrap()),
        Json::Number(n) => T::from_f64(n.as_f64().unwrap()),
        other => panic!("{other} is not a number"),
    }
}

fn show_all(values: &[Value]) -> String {
    let shown: Vec<String> = values.iter().map(show).collect();
    format!("[{}]", shown.join(", "))
}

fn show(value: &Value) -> String {
    let leaves: Vec<String> = match value.dtype() {
        DType::Bool => value.to_f64s().iter().map(|&x| (x != 0.0).to_string()).collect(),
        DType::I64 => value.slice::<i64>().iter().map(i64::to_string).collect(),
        DType::U64 => value.slice::<u64>().iter().map(u64::to_string).collect(),
        d if d.is_int() => value.to_f64s().iter().map(f64::to_string).collect(),
        DType::F64 => value.to_f64s().iter().map(|&x| float(x, format!("{x:?}"))).collect(),
        _ => value.to_f64s().iter().map(|&x| float(x, format!("{:?}", x as f32))).collect(),
    };
    nested(&mut leaves.into_iter(), value.shape())
}

fn float(x: f64, shown: String) -> String {
    match x {
        _ if x.is_nan() => "\"NaN\"".into(),
        _ if x.is_infinite() => format!("\"{}Infinity\"", if x > 0.0 { "" } else { "-" }),
        _ => shown,
    }
}

fn nested(leaves: &mut impl Iterator<Item = String>, shape: &[usize]) -> String {
    match shape.split_first() {
        None => leaves.next().unwrap_or_default(),
        Some((&n, inner)) => {
            let items: Vec<String> = (0..n).map(|_| nested(leaves, inner)).collect();
            format!("[{}]", items.join(", "))
        }
    }
}
