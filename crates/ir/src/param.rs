//! Parameters of primitives in their uniform text form.

use crate::dtype::DType;
use crate::error::{Fault, fault};
use crate::jaxpr::{Jaxpr, Lit};
use crate::shape::Shape;
use smallvec::SmallVec;

/// The value of a parameter as it is printed and parsed. No primitive has a syntax of its own.
#[derive(Clone, PartialEq, Debug)]
pub enum Param {
    /// `None`
    None,
    /// `True`, `False`
    Bool(bool),
    /// `3`, `-1`
    Int(i64),
    /// `0.5`, `inf`
    Float(f64),
    /// `float32`
    DType(DType),
    /// A word: an enumeration's value, a name.
    Word(String),
    /// `(1, 2)`, `(1,)`
    Tuple(Vec<Param>),
    /// `[1, 2]`
    List(Vec<Param>),
    /// `GatherDimensionNumbers(offset_dims=(0,), …)`
    Struct(String, Vec<(String, Param)>),
    /// `{ lambda ; … }`
    Jaxpr(Jaxpr),
    /// `<fn name@7>`: a user's closure. It has no text form that could be read back.
    Func(String, u64),
}

impl Param {
    /// A tuple of sizes or axes.
    pub fn usizes(xs: &[usize]) -> Param {
        Param::Tuple(xs.iter().map(|&x| Param::Int(x as i64)).collect())
    }

    /// A tuple of signed integers.
    pub fn ints(xs: &[i64]) -> Param {
        Param::Tuple(xs.iter().map(|&x| Param::Int(x)).collect())
    }

    /// A word.
    pub fn word(s: impl Into<String>) -> Param {
        Param::Word(s.into())
    }

    /// A dtype or `None`.
    pub fn dtype_or_none(d: Option<DType>) -> Param {
        d.map_or(Param::None, Param::DType)
    }
}

/// Named parameters in printing order.
pub type Params = SmallVec<[(&'static str, Param); 4]>;

/// The parameters that the parser read, taken out one by one by a primitive's `parse`.
///
/// What is left afterwards is an error, unless the primitive declares that it ignores it.
#[derive(Debug, Default)]
pub struct ParamMap {
    entries: Vec<(String, Param)>,
    /// The shape of the equation's result as the text gives it, if there is one result.
    result_shape: Option<Shape>,
}

impl ParamMap {
    /// From `name=value` pairs.
    pub fn new(entries: Vec<(String, Param)>) -> ParamMap {
        ParamMap { entries, result_shape: None }
    }

    /// The same parameters, where an absent `shape` is that of the result: JAX does not print it
    /// for `broadcast_in_dim`, whose binder tells it.
    pub fn with_result_shape(self, shape: &[usize]) -> ParamMap {
        ParamMap { result_shape: Some(Shape::from_slice(shape)), ..self }
    }

    /// Takes a parameter out, if it is there.
    pub fn take(&mut self, name: &str) -> Option<Param> {
        match self.entries.iter().position(|(n, _)| n == name) {
            Some(i) => Some(self.entries.remove(i).1),
            None if name == "shape" => self.result_shape.take().map(|s| Param::usizes(&s)),
            None => None,
        }
    }

    /// Looks at a parameter without taking it out.
    pub fn get(&self, name: &str) -> Option<&Param> {
        self.entries.iter().find(|(n, _)| n == name).map(|(_, p)| p)
    }

    /// Drops parameters of JAX's that have no meaning here.
    pub fn ignore(&mut self, names: &[&str]) {
        self.entries.retain(|(n, _)| !names.contains(&n.as_str()));
    }

    /// The names that nobody took.
    pub fn rest(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(n, _)| n.as_str())
    }

    fn need(&mut self, name: &str) -> Result<Param, Fault> {
        self.take(name).ok_or_else(|| fault!("the parameter `{name}` is missing"))
    }

    /// A required truth value.
    pub fn bool(&mut self, name: &str) -> Result<bool, Fault> {
        match self.need(name)? {
            Param::Bool(b) => Ok(b),
            other => Err(wrong(name, "True or False", &other)),
        }
    }

    /// A truth value with a default.
    pub fn bool_or(&mut self, name: &str, default: bool) -> Result<bool, Fault> {
        match self.take(name) {
            None | Some(Param::None) => Ok(default),
            Some(Param::Bool(b)) => Ok(b),
            Some(other) => Err(wrong(name, "True or False", &other)),
        }
    }

    /// A required integer.
    pub fn int(&mut self, name: &str) -> Result<i64, Fault> {
        as_int(name, &self.need(name)?)
    }

    /// A required size or axis.
    pub fn usize(&mut self, name: &str) -> Result<usize, Fault> {
        as_usize(name, &self.need(name)?)
    }

    /// An optional size or axis; `None` counts as absent.
    pub fn usize_opt(&mut self, name: &str) -> Result<Option<usize>, Fault> {
        match self.take(name) {
            None | Some(Param::None) => Ok(None),
            Some(p) => as_usize(name, &p).map(Some),
        }
    }

    /// A required tuple or list of sizes or axes.
    pub fn usizes(&mut self, name: &str) -> Result<Shape, Fault> {
        as_usizes(name, &self.need(name)?)
    }

    /// An optional tuple of sizes or axes; `None` counts as absent.
    pub fn usizes_opt(&mut self, name: &str) -> Result<Option<Shape>, Fault> {
        match self.take(name) {
            None | Some(Param::None) => Ok(None),
            Some(p) => as_usizes(name, &p).map(Some),
        }
    }

    /// A required dtype.
    pub fn dtype(&mut self, name: &str) -> Result<DType, Fault> {
        match self.need(name)? {
            Param::DType(d) => Ok(d),
            other => Err(wrong(name, "a dtype such as float32", &other)),
        }
    }

    /// An optional dtype; `None` counts as absent.
    pub fn dtype_opt(&mut self, name: &str) -> Result<Option<DType>, Fault> {
        match self.take(name) {
            None | Some(Param::None) => Ok(None),
            Some(Param::DType(d)) => Ok(Some(d)),
            Some(other) => Err(wrong(name, "a dtype such as float32", &other)),
        }
    }

    /// A required word.
    pub fn word(&mut self, name: &str) -> Result<String, Fault> {
        match self.need(name)? {
            Param::Word(w) => Ok(w),
            other => Err(wrong(name, "a word", &other)),
        }
    }

    /// A required sub-jaxpr.
    pub fn jaxpr(&mut self, name: &str) -> Result<Jaxpr, Fault> {
        match self.need(name)? {
            Param::Jaxpr(j) => Ok(j),
            other => Err(wrong(name, "a jaxpr", &other)),
        }
    }

    /// Any required parameter.
    pub fn any(&mut self, name: &str) -> Result<Param, Fault> {
        self.need(name)
    }
}

/// The fault of a parameter with the wrong kind of value.
pub fn wrong(name: &str, wanted: &str, got: &Param) -> Fault {
    fault!("the parameter `{name}` must be {wanted}, not `{}`", crate::text::print_param(got))
}

/// An integer parameter.
pub fn as_int(name: &str, p: &Param) -> Result<i64, Fault> {
    match p {
        Param::Int(i) => Ok(*i),
        other => Err(wrong(name, "an integer", other)),
    }
}

/// A non-negative integer parameter.
pub fn as_usize(name: &str, p: &Param) -> Result<usize, Fault> {
    match p {
        Param::Int(i) if *i >= 0 => Ok(*i as usize),
        other => Err(wrong(name, "a non-negative integer", other)),
    }
}

/// The elements of a tuple or list.
pub fn as_seq<'a>(name: &str, p: &'a Param) -> Result<&'a [Param], Fault> {
    match p {
        Param::Tuple(xs) | Param::List(xs) => Ok(xs),
        other => Err(wrong(name, "a tuple", other)),
    }
}

/// A tuple or list of non-negative integers.
pub fn as_usizes(name: &str, p: &Param) -> Result<Shape, Fault> {
    as_seq(name, p)?.iter().map(|x| as_usize(name, x)).collect()
}

/// A literal from a parameter value and a dtype (used by `constant`).
pub fn as_lit(name: &str, p: &Param, dtype: DType) -> Result<Lit, Fault> {
    match p {
        Param::Bool(b) => Ok(Lit::from_f64(dtype, *b as u8 as f64)),
        Param::Int(i) if dtype.is_int() => Ok(Lit::from_bits(dtype, *i as u64)),
        Param::Int(i) => Ok(Lit::from_f64(dtype, *i as f64)),
        Param::Float(x) => Ok(Lit::from_f64(dtype, *x)),
        other => Err(wrong(name, "a number", other)),
    }
}
