//! Arrays as JSON: `{"dtype":"f64","shape":[2,3],"data":[…]}`.
//!
//! The data is one flat list in row-major order. Non-finite floats are the strings `"NaN"`,
//! `"Infinity"` and `"-Infinity"`, truth values are `true` and `false`, on input also 1 and 0.
//! Elements are read from their own digits by the dtype of the array, never through another number
//! type: 64-bit integers are exact, and an `f32` is rounded once. They are written with the fewest
//! digits that are read back as the same element.

use pullback_ir::half::{bf16, f16};
use pullback_ir::shape::{checked_numel, show};
use pullback_ir::{DType, Element, Value, dispatch};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Write;

/// The fields of a JSON object.
pub(crate) type Fields<'a> = BTreeMap<String, &'a RawValue>;

const FORMAT: &str = r#"{"dtype":"f64","shape":[2,3],"data":[…]}"#;

/// The fields of an object, those that are `null` left out.
pub(crate) fn fields(json: &str) -> Result<Fields<'_>, serde_json::Error> {
    let mut fields: Fields<'_> = serde_json::from_str(json)?;
    fields.retain(|_, value| value.get() != "null");
    Ok(fields)
}

/// Reads a list of arrays; `name` stands in messages.
pub(crate) fn read_all(json: &RawValue, name: &str) -> Result<Vec<Value>, String> {
    let items = list(json).map_err(|e| format!("{name}: {e}"))?;
    let one = |(i, item): (usize, &&RawValue)| read(item).map_err(|e| format!("{name} {i}: {e}"));
    items.iter().enumerate().map(one).collect()
}

/// The items of a JSON list.
pub(crate) fn list(json: &RawValue) -> Result<Vec<&RawValue>, String> {
    serde_json::from_str(json.get())
        .map_err(|_| format!("expected a list, found {}", shorten(json.get())))
}

/// Reads one array.
pub(crate) fn read(json: &RawValue) -> Result<Value, String> {
    let Ok(fields) = fields(json.get()) else {
        return Err(format!("an array is {FORMAT}, not {}", shorten(json.get())));
    };
    if let Some(other) = fields.keys().find(|k| !["dtype", "shape", "data"].contains(&k.as_str())) {
        return Err(format!("an array is {FORMAT}; it has no field `{}`", shorten(other)));
    }
    let field = |name: &str| {
        fields
            .get(name)
            .copied()
            .ok_or_else(|| format!("an array is {FORMAT}; this one has no `{name}`"))
    };
    let dtype = dtype(field("dtype")?)?;
    let shape = shape(field("shape")?)?;
    let data = list(field("data")?).map_err(|e| format!("data: {e}"))?;
    let numel = checked_numel(&shape).map_err(|f| f.to_string())?;
    if numel != data.len() {
        if let Some(inner) = data.iter().find(|item| item.get().starts_with('[')) {
            return Err(wrong(inner.get(), dtype));
        }
        let (shape, given) = (show(&shape), data.len());
        return Err(format!("the shape {shape} has {numel} elements, but `data` has {given}"));
    }
    dispatch!(dtype, T => {
        let mut elements: Vec<T> = Vec::with_capacity(numel);
        for (i, item) in data.iter().enumerate() {
            let element = T::read(item.get()).map_err(|e| format!("element {i}: {e}"))?;
            elements.push(element);
        }
        Ok(Value::new(shape.as_slice(), elements))
    })
}

fn dtype(json: &RawValue) -> Result<DType, String> {
    let name = serde_json::from_str::<String>(json.get()).ok();
    name.and_then(|n| DType::ALL.into_iter().find(|d| d.name() == n)).ok_or_else(|| {
        let names = DType::ALL.map(DType::name).join(" ");
        format!("there is no dtype {}; the dtypes are {names}", shorten(json.get()))
    })
}

fn shape(json: &RawValue) -> Result<Vec<usize>, String> {
    serde_json::from_str(json.get())
        .map_err(|_| format!("a shape is a list of sizes, not {}", shorten(json.get())))
}

/// The beginning of a text that may be long, for messages.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((i, _)) => format!("{}…", &text[..i]),
        None => text.to_owned(),
    }
}

/// Writes one array on one line.
pub(crate) fn write(value: &Value, out: &mut String) {
    // Writing to a string cannot fail.
    let _ =
        write!(out, r#"{{"dtype":"{}","shape":{},"data":["#, value.dtype(), show(value.shape()));
    dispatch!(value.dtype(), T => {
        for (i, x) in value.slice::<T>().iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            x.write(out);
        }
    });
    out.push_str("]}");
}

/// Writes a list of arrays on one line.
pub(crate) fn write_all(values: &[Value], out: &mut String) {
    out.push('[');
    for (i, value) in values.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        write(value, out);
    }
    out.push(']');
}

/// Elements as JSON.
trait Json: Element {
    /// The element from a JSON value's text.
    fn read(json: &str) -> Result<Self, String>;
    /// Appends the element's text.
    fn write(self, out: &mut String);
}

fn wrong(json: &str, dtype: DType) -> String {
    match json.as_bytes().first() {
        Some(b'[') => {
            format!("{} is a list; `data` is one flat list in row-major order", shorten(json))
        }
        _ => format!("{} is not a value of {dtype}", shorten(json)),
    }
}

impl Json for bool {
    fn read(json: &str) -> Result<bool, String> {
        match json {
            "true" | "1" => Ok(true),
            "false" | "0" => Ok(false),
            _ => Err(wrong(json, DType::Bool)),
        }
    }

    fn write(self, out: &mut String) {
        out.push_str(if self { "true" } else { "false" });
    }
}

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Json for $t {
            fn read(json: &str) -> Result<$t, String> {
                json.parse().or_else(|_| {
                    // Many languages write the integer 3 as 3.0, and 1000 as 1e3.
                    let whole = json.parse::<f64>().ok().filter(|x| x.fract() == 0.0);
                    let exact = whole.filter(|x| x.abs() <= (1u64 << 53) as f64);
                    exact
                        .and_then(|x| <$t>::try_from(x as i64).ok())
                        .ok_or_else(|| wrong(json, <$t as Element>::DTYPE))
                })
            }

            fn write(self, out: &mut String) {
                let _ = write!(out, "{self}");
            }
        }
    )*};
}

integers!(u8 i8 i32 u32 i64 u64);

/// A float from JSON, `parse` reading a number's digits. A number too large for the dtype is
/// refused, not made infinite.
fn read_float<T: Element>(json: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, String> {
    if json.starts_with('"') {
        return match serde_json::from_str::<String>(json).as_deref() {
            Ok("NaN") => Ok(T::from_f64(f64::NAN)),
            Ok("Infinity") => Ok(T::from_f64(f64::INFINITY)),
            Ok("-Infinity") => Ok(T::from_f64(f64::NEG_INFINITY)),
            _ => Err(format!(
                r#"{}; the strings for floats are "NaN", "Infinity" and "-Infinity""#,
                wrong(json, T::DTYPE)
            )),
        };
    }
    match parse(json) {
        Some(x) if x.to_f64().is_finite() => Ok(x),
        Some(_) => Err(format!("{} is too large for {}", shorten(json), T::DTYPE)),
        None => Err(wrong(json, T::DTYPE)),
    }
}

fn write_float(finite: impl std::fmt::Debug, x: f64, out: &mut String) {
    if x.is_nan() {
        out.push_str("\"NaN\"");
    } else if x.is_infinite() {
        out.push_str(if x > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" });
    } else {
        // The debug form of Rust's floats is the shortest one that is read back as the same float,
        // and JSON's grammar covers it.
        let _ = write!(out, "{finite:?}");
    }
}

macro_rules! floats {
    ($($t:ty: $parse:expr, $shown:expr;)*) => {$(
        impl Json for $t {
            fn read(json: &str) -> Result<$t, String> {
                read_float(json, $parse)
            }

            fn write(self, out: &mut String) {
                write_float($shown(self), self.to_f64(), out);
            }
        }
    )*};
}

floats! {
    f64: |s: &str| s.parse().ok(), |x: f64| x;
    f32: |s: &str| s.parse().ok(), |x: f32| x;
    f16: |s: &str| s.parse().ok().map(f16::from_f64), f16::to_f32;
    bf16: |s: &str| s.parse().ok().map(bf16::from_f64), bf16::to_f32;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(json: &str) -> Result<Value, String> {
        read(&RawValue::from_string(json.to_owned()).unwrap())
    }

    fn round_trip(value: &Value) -> Value {
        let mut json = String::new();
        write(value, &mut json);
        parse(&json).unwrap()
    }

    #[test]
    fn every_half_comes_back() {
        let all: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).filter(|x| !x.is_nan()).collect();
        let value = Value::new([all.len()].as_slice(), all);
        assert!(round_trip(&value).bits_eq(&value));
        let all: Vec<bf16> = (0..=u16::MAX).map(bf16::from_bits).filter(|x| !x.is_nan()).collect();
        let value = Value::new([all.len()].as_slice(), all);
        assert!(round_trip(&value).bits_eq(&value));
    }

    #[test]
    fn random_floats_come_back() {
        let mut bits = 1u64;
        let mut next = || {
            bits = bits.wrapping_mul(0xD128_2A94_1D3F_1BB5).wrapping_add(0x9E37_79B9_7F4A_7C15);
            bits
        };
        let doubles: Vec<f64> =
            (0..10_000).map(|_| f64::from_bits(next())).filter(|x| !x.is_nan()).collect();
        let value = Value::new([doubles.len()].as_slice(), doubles);
        assert!(round_trip(&value).bits_eq(&value));
        let singles: Vec<f32> = (0..10_000)
            .map(|_| f32::from_bits((next() >> 32) as u32))
            .filter(|x| !x.is_nan())
            .collect();
        let value = Value::new([singles.len()].as_slice(), singles);
        assert!(round_trip(&value).bits_eq(&value));
    }

    #[test]
    fn extremes() {
        let value = Value::new([3].as_slice(), vec![u64::MAX, 0, (1 << 53) + 1]);
        assert!(round_trip(&value).bits_eq(&value));
        let value = Value::new([2].as_slice(), vec![i64::MIN, i64::MAX]);
        assert!(round_trip(&value).bits_eq(&value));
        let specials = vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 5e-324, f64::MAX];
        let value = Value::new([6].as_slice(), specials);
        assert!(round_trip(&value).bits_eq(&value));
        let value = Value::new([0, 7].as_slice(), Vec::<bool>::new());
        assert!(round_trip(&value).bits_eq(&value));
    }

    #[test]
    fn what_is_read() {
        let read = |json: &str| parse(json).map(|v| v.to_f64s());
        assert_eq!(
            read(r#"{"dtype":"f32","shape":[],"data":[-0]}"#).unwrap()[0].to_bits(),
            (-0f64).to_bits()
        );
        assert_eq!(
            read(r#"{"data":[1,0,true],"shape":[3],"dtype":"bool"}"#).unwrap(),
            [1., 0., 1.]
        );
        assert_eq!(
            read(r#"{"dtype":"i8","shape":[3],"data":[-128,127.0,-0]}"#).unwrap(),
            [-128., 127., 0.]
        );
        assert_eq!(read(r#"{"dtype":"u32","shape":[1],"data":[1e3]}"#).unwrap(), [1000.]);
        // Through f64 this would be rounded twice, and to the other side.
        let digits = "1.00000005960464477539062500000000000000000000001";
        assert_eq!(
            read(&format!(r#"{{"dtype":"f32","shape":[],"data":[{digits}]}}"#)).unwrap(),
            [1.0 + f64::from(f32::EPSILON)]
        );
    }

    #[test]
    fn faults() {
        let fault = |json: &str| parse(json).unwrap_err();
        let shown = [
            fault("1.5"),
            fault("[1.5]"),
            fault(r#"{"dtype":"f32","shape":[1]}"#),
            fault(r#"{"dtype":"f32","shape":[1],"data":[1],"strides":[4]}"#),
            fault(r#"{"dtype":"float","shape":[1],"data":[1]}"#),
            fault(r#"{"dtype":3,"shape":[1],"data":[1]}"#),
            fault(r#"{"dtype":"f32","shape":3,"data":[1]}"#),
            fault(r#"{"dtype":"f32","shape":[-1],"data":[1]}"#),
            fault(r#"{"dtype":"f32","shape":[2],"data":[1]}"#),
            fault(r#"{"dtype":"f32","shape":[2,0],"data":[1]}"#),
            fault(r#"{"dtype":"f32","shape":[4294967296,4294967296],"data":[1]}"#),
            fault(r#"{"dtype":"f32","shape":[1000000000000],"data":[1]}"#),
            fault(r#"{"dtype":"f32","shape":[2],"data":[[1,2]]}"#),
            fault(r#"{"dtype":"f32","shape":[1,2],"data":[[1,2],[3,4]]}"#),
            fault(r#"{"dtype":"f32","shape":[1],"data":1}"#),
            fault(r#"{"dtype":"f32","shape":[1],"data":[null]}"#),
            fault(r#"{"dtype":"f32","shape":[1],"data":["nan"]}"#),
            fault(r#"{"dtype":"f32","shape":[1],"data":[1e39]}"#),
            fault(r#"{"dtype":"f64","shape":[1],"data":[-1e400]}"#),
            fault(r#"{"dtype":"f16","shape":[1],"data":[65520]}"#),
            fault(r#"{"dtype":"u8","shape":[1],"data":[256]}"#),
            fault(r#"{"dtype":"u8","shape":[1],"data":[-1]}"#),
            fault(r#"{"dtype":"i32","shape":[1],"data":[0.5]}"#),
            fault(r#"{"dtype":"u64","shape":[1],"data":[18446744073709551616]}"#),
            fault(r#"{"dtype":"i32","shape":[1],"data":[true]}"#),
            fault(r#"{"dtype":"bool","shape":[1],"data":[2]}"#),
        ];
        insta::assert_snapshot!(shown.join("\n"), @r#"
        an array is {"dtype":"f64","shape":[2,3],"data":[…]}, not 1.5
        an array is {"dtype":"f64","shape":[2,3],"data":[…]}, not [1.5]
        an array is {"dtype":"f64","shape":[2,3],"data":[…]}; this one has no `data`
        an array is {"dtype":"f64","shape":[2,3],"data":[…]}; it has no field `strides`
        there is no dtype "float"; the dtypes are bool u8 i8 i32 u32 i64 u64 f16 bf16 f32 f64
        there is no dtype 3; the dtypes are bool u8 i8 i32 u32 i64 u64 f16 bf16 f32 f64
        a shape is a list of sizes, not 3
        a shape is a list of sizes, not [-1]
        the shape [2] has 2 elements, but `data` has 1
        the shape [2,0] has 0 elements, but `data` has 1
        the shape [4294967296,4294967296] has too many elements
        the shape [1000000000000] has 1000000000000 elements, but `data` has 1
        [1,2] is a list; `data` is one flat list in row-major order
        element 0: [1,2] is a list; `data` is one flat list in row-major order
        data: expected a list, found 1
        element 0: null is not a value of f32
        element 0: "nan" is not a value of f32; the strings for floats are "NaN", "Infinity" and "-Infinity"
        element 0: 1e39 is too large for f32
        element 0: -1e400 is too large for f64
        element 0: 65520 is too large for f16
        element 0: 256 is not a value of u8
        element 0: -1 is not a value of u8
        element 0: 0.5 is not a value of i32
        element 0: 18446744073709551616 is not a value of u64
        element 0: true is not a value of i32
        element 0: 2 is not a value of bool
        "#);
    }
}
