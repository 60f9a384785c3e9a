//! Reading inputs: each error names the field and what is wrong with it. Writing results.

use pullback::Array;
use serde_json::{Map, Value};
use std::ops::RangeInclusive;

/// Numbers in nested lists, row by row, with the lengths of the lists.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Numbers {
    pub(crate) data: Vec<f64>,
    pub(crate) shape: Vec<usize>,
}

impl Numbers {
    /// The numbers as an array.
    pub(crate) fn array(&self) -> Array {
        Array::from_slice(&self.data, &self.shape[..])
    }

    /// The numbers behind the first index.
    pub(crate) fn row(&self, i: usize) -> &[f64] {
        let n = self.shape[1..].iter().product::<usize>();
        &self.data[i * n..(i + 1) * n]
    }

    fn read(value: &Value, rank: usize) -> Result<Numbers, String> {
        // The lengths along the first elements; `collect` finds lists of other lengths.
        let (mut shape, mut first) = (Vec::new(), Some(value));
        for _ in 0..rank {
            let list = first.and_then(Value::as_array);
            if list.is_none() && first.is_some() {
                return Err(format!("is no array of {rank} dimensions"));
            }
            shape.push(list.map_or(0, Vec::len));
            first = list.and_then(|list| list.first());
        }
        let mut data = Vec::with_capacity(shape.iter().product());
        collect(value, &shape, &mut data)?;
        Ok(Numbers { data, shape })
    }
}

fn collect(value: &Value, shape: &[usize], data: &mut Vec<f64>) -> Result<(), String> {
    let Some((&n, rest)) = shape.split_first() else {
        data.push(
            value.as_f64().ok_or_else(|| format!("has {} in place of a number", kind(value)))?,
        );
        return Ok(());
    };
    let list = value.as_array().ok_or_else(|| format!("has {} in place of a list", kind(value)))?;
    if list.len() != n {
        return Err(format!("has lists of different lengths, {n} and {}", list.len()));
    }
    list.iter().try_for_each(|value| collect(value, rest, data))
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a truth value",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The fields of an input.
#[derive(Clone, Copy)]
pub(crate) struct Fields<'a>(&'a Map<String, Value>);

impl<'a> Fields<'a> {
    pub(crate) fn of(input: &'a Value) -> Result<Fields<'a>, String> {
        let fields = input.as_object();
        fields.map(Fields).ok_or_else(|| format!("the input is {}, not an object", kind(input)))
    }

    fn field(&self, name: &str) -> Result<&'a Value, String> {
        self.0.get(name).ok_or_else(|| format!("the input lacks `{name}`"))
    }

    /// The fields of a field.
    pub(crate) fn inner(&self, name: &str) -> Result<Fields<'a>, String> {
        let value = self.field(name)?;
        let fields = value.as_object();
        fields.map(Fields).ok_or_else(|| format!("`{name}` is {}, not an object", kind(value)))
    }

    pub(crate) fn truth(&self, name: &str) -> Result<bool, String> {
        self.field(name)?.as_bool().ok_or_else(|| format!("`{name}` is no truth value"))
    }

    pub(crate) fn number(&self, name: &str) -> Result<f64, String> {
        self.field(name)?.as_f64().ok_or_else(|| format!("`{name}` is no number"))
    }

    /// A whole number. The upper end keeps a slip in an input from asking for all memory.
    pub(crate) fn count(&self, name: &str, range: RangeInclusive<usize>) -> Result<usize, String> {
        let n = self.field(name)?.as_u64().and_then(|n| usize::try_from(n).ok());
        n.filter(|n| range.contains(n)).ok_or_else(|| {
            format!("`{name}` is no whole number from {} to {}", range.start(), range.end())
        })
    }

    /// Numbers of some shape, none of whose lengths is 0.
    pub(crate) fn any<const RANK: usize>(
        &self,
        name: &str,
    ) -> Result<(Numbers, [usize; RANK]), String> {
        let numbers =
            Numbers::read(self.field(name)?, RANK).map_err(|e| format!("`{name}` {e}"))?;
        if numbers.data.is_empty() {
            return Err(format!("`{name}` is empty"));
        }
        let mut shape = [0; RANK];
        shape.copy_from_slice(&numbers.shape);
        Ok((numbers, shape))
    }

    /// Numbers of this shape.
    pub(crate) fn numbers(&self, name: &str, shape: &[usize]) -> Result<Numbers, String> {
        let read = Numbers::read(self.field(name)?, shape.len());
        let numbers = read.map_err(|e| format!("`{name}` {e}"))?;
        if numbers.shape != shape {
            let got = &numbers.shape;
            return Err(format!("`{name}` has the shape {got:?}, but must have {shape:?}"));
        }
        Ok(numbers)
    }

    /// Whole numbers below `bound`, of this shape.
    pub(crate) fn indices(
        &self,
        name: &str,
        shape: &[usize],
        bound: usize,
    ) -> Result<Vec<usize>, String> {
        let index = |&x: &f64| {
            let fits = x >= 0.0 && x.fract() == 0.0 && x < bound as f64;
            fits.then_some(x as usize)
                .ok_or_else(|| format!("`{name}` has {x}, which is no index below {bound}"))
        };
        self.numbers(name, shape)?.data.iter().map(index).collect()
    }
}

/// A list of indices as an array.
pub(crate) fn index_array(indices: &[usize], shape: &[usize]) -> Array {
    Array::from_vec(indices.iter().map(|&i| i as i64).collect(), shape)
}

/// An array as nested lists. JSON has no NaN and no infinity: they become null.
pub(crate) fn lists(x: &Array) -> Value {
    nested(&x.to_vec::<f64>(), x.shape())
}

/// Numbers as nested lists of these lengths.
pub(crate) fn nested(data: &[f64], shape: &[usize]) -> Value {
    let Some((&n, rest)) = shape.split_first() else {
        return data[0].into();
    };
    let size = rest.iter().product::<usize>();
    (0..n).map(|i| nested(&data[i * size..(i + 1) * size], rest)).collect()
}
