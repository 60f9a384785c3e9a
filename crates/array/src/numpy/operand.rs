//! Operands of array operations: arrays, and scalars written in the source.
//!
//! Arrays broadcast as in NumPy: shapes are aligned at their last axes, and an axis of size 1 is
//! repeated. dtypes never mix: two arrays of different dtypes are an error. A Rust scalar takes the
//! dtype of the array beside it, and is refused where that would change it: `2.5` beside integers,
//! `300` beside `u8`, `1e300` beside `f32`, `true` beside numbers.

use crate::array::{Array, bind_in};
use crate::error::{Error, fail, ok};
use crate::trace::In;
use pullback_ir::half::{bf16, f16};
use pullback_ir::prim::Prim;
use pullback_ir::prim::broadcast::BroadcastInDim;
use pullback_ir::{Axes, DType, Fault, Lit, Shape, error::fault};
use smallvec::SmallVec;
use std::fmt;

/// A Rust number or truth value that may stand beside an array: `x * 2.0`, `n + 1`, `mask & true`.
pub trait Scalar: Copy + Send + Sync + 'static {
    /// What it is, for conversion to the dtype of the array beside it.
    #[doc(hidden)]
    fn scalar_number(self) -> Number;
    /// The dtype of an array made of it alone.
    #[doc(hidden)]
    const OWN_DTYPE: DType;
}

/// A scalar without its Rust type.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A truth value.
    Bool(bool),
    /// An integer of any width.
    Int(i128),
    /// A float.
    Float(f64),
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Bool(b) => write!(f, "{b}"),
            Number::Int(i) => write!(f, "{i}"),
            Number::Float(x) => write!(f, "{x:?}"),
        }
    }
}

macro_rules! scalars {
    ($($t:ty, $dtype:ident, $variant:ident, |$x:ident| $number:expr;)*) => {
        $(impl Scalar for $t {
            const OWN_DTYPE: DType = DType::$dtype;
            #[inline]
            fn scalar_number(self) -> Number {
                let $x = self;
                Number::$variant($number)
            }
        })*
    };
}

scalars! {
    bool, Bool, Bool, |x| x;
    u8, U8, Int, |x| x.into();
    i8, I8, Int, |x| x.into();
    i32, I32, Int, |x| x.into();
    u32, U32, Int, |x| x.into();
    i64, I64, Int, |x| x.into();
    u64, U64, Int, |x| x.into();
    usize, I64, Int, |x| x as i128;
    isize, I64, Int, |x| x as i128;
    f16, F16, Float, |x| x.into();
    bf16, BF16, Float, |x| x.into();
    f32, F32, Float, |x| x.into();
    f64, F64, Float, |x| x;
}

impl Number {
    /// The literal of a dtype.
    ///
    /// # Errors
    /// The number would change: the rule and what to write instead.
    pub(crate) fn lit(self, dtype: DType) -> Result<Lit, Fault> {
        let lit = match (self, dtype) {
            (Number::Bool(b), DType::Bool) => return Ok(Lit::new(b)),
            (Number::Bool(_), _) => {
                return Err(fault!(
                    "a truth value beside {dtype}: write a number, or convert the array with \
                     `.cast(DType::Bool)`"
                ));
            }
            (_, DType::Bool) => {
                return Err(fault!(
                    "a number beside bool: write `true` or `false`, or convert the array with \
                     `.cast(..)`"
                ));
            }
            (Number::Float(x), _) if dtype.is_float() => Lit::from_f64(dtype, x),
            (Number::Int(i), _) if dtype.is_float() => Lit::from_f64(dtype, i as f64),
            (Number::Float(x), _) => {
                let exact = (x.trunc() == x).then_some(x as i128).and_then(|i| int(i, dtype));
                return exact.ok_or_else(|| no_fit(self, dtype));
            }
            (Number::Int(i), _) => return int(i, dtype).ok_or_else(|| no_fit(self, dtype)),
        };
        let was_finite = !matches!(self, Number::Float(x) if !x.is_finite());
        if was_finite && !lit.to_f64().is_finite() {
            return Err(no_fit(self, dtype));
        }
        Ok(lit)
    }
}

fn no_fit(x: Number, dtype: DType) -> Fault {
    fault!(
        "the scalar {x} cannot be {dtype}; a scalar takes the dtype of the array beside it, so \
         convert the array with `.cast(..)` first"
    )
}

/// The literal of an integer dtype, if the number is in its range.
fn int(i: i128, dtype: DType) -> Option<Lit> {
    let bits = 8 * dtype.size() as u32;
    let (low, high) = match dtype.is_unsigned() {
        true => (0, (1i128 << bits) - 1),
        false => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
    };
    (low..=high).contains(&i).then(|| Lit::from_bits(dtype, i as u64))
}

/// An operand: [`Array`], `&Array`, or a Rust scalar.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no operand of an array operation",
    note = "operands are arrays, references to arrays, and Rust numbers and truth values"
)]
pub trait IntoOperand {
    #[doc(hidden)]
    fn as_operand(&self) -> Operand<'_>;
}

/// See [`IntoOperand`].
#[doc(hidden)]
#[derive(Clone, Copy)]
pub enum Operand<'a> {
    /// An array.
    Array(&'a Array),
    /// A scalar, and the dtype that it has alone.
    Scalar(Number, DType),
}

impl IntoOperand for Array {
    fn as_operand(&self) -> Operand<'_> {
        Operand::Array(self)
    }
}

impl IntoOperand for &Array {
    fn as_operand(&self) -> Operand<'_> {
        Operand::Array(self)
    }
}

impl<T: Scalar> IntoOperand for T {
    fn as_operand(&self) -> Operand<'_> {
        Operand::Scalar(self.scalar_number(), T::OWN_DTYPE)
    }
}

impl<'a> Operand<'a> {
    fn shape(&self) -> &'a [usize] {
        match self {
            Operand::Array(a) => a.shape(),
            Operand::Scalar(..) => &[],
        }
    }

    pub(crate) fn array(&self) -> Option<&'a Array> {
        match self {
            Operand::Array(a) => Some(a),
            Operand::Scalar(..) => None,
        }
    }

    fn show(&self) -> String {
        match self {
            Operand::Array(a) => a.ty().to_string(),
            Operand::Scalar(n, _) => format!("the scalar {n}"),
        }
    }

    /// As an operand of a primitive, a scalar with a dtype.
    fn with_dtype(self, dtype: DType) -> Result<In<'a>, Fault> {
        match self {
            Operand::Array(a) => Ok(In::Array(a)),
            Operand::Scalar(n, _) => n.lit(dtype).map(In::Lit),
        }
    }
}

/// An error of an operation as it is called by users, with its operands.
#[cold]
pub(crate) fn ill_typed(op: &str, operands: &[Operand<'_>], rule: impl Into<Fault>) -> Error {
    let shown: Vec<String> = operands.iter().map(Operand::show).collect();
    let list = match shown.as_slice() {
        [] => "no operands".to_owned(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    };
    Error::msg(format!("`{op}` cannot take {list}: {}", rule.into()))
}

/// [`ill_typed`] for arrays, as a panic at the user's line.
#[cold]
#[track_caller]
pub(crate) fn refuse(op: &str, operands: &[&Array], rule: impl Into<Fault>) -> ! {
    let operands: Vec<Operand<'_>> = operands.iter().map(|a| Operand::Array(a)).collect();
    fail(ill_typed(op, &operands, rule))
}

/// The shape to which NumPy broadcasts shapes.
///
/// # Errors
/// Two sizes of one axis differ and none is 1.
pub(crate) fn broadcast_shapes<'a>(
    shapes: impl IntoIterator<Item = &'a [usize]>,
) -> Result<Shape, Fault> {
    let mut out = Shape::new();
    for shape in shapes {
        while out.len() < shape.len() {
            out.insert(0, 1);
        }
        let lead = out.len() - shape.len();
        for (i, (o, &n)) in out[lead..].iter_mut().zip(shape).enumerate() {
            if *o == 1 {
                *o = n;
            } else if n != 1 && n != *o {
                return Err(fault!(
                    "the shapes do not broadcast: {o} and {n} at axis {} from the end; sizes are \
                     equal or 1",
                    shape.len() - i
                ));
            }
        }
    }
    Ok(out)
}

/// Repeats an array to a shape that its own broadcasts to.
#[track_caller]
pub(crate) fn expand(x: &Array, shape: &[usize]) -> Array {
    if x.shape() == shape {
        return x.clone();
    }
    let lead = shape.len() - x.ndim();
    let broadcast_dimensions: Axes = (lead..shape.len()).collect();
    let prim = BroadcastInDim { shape: Shape::from_slice(shape), broadcast_dimensions };
    crate::array::bind(prim, &[x])
}

/// Applies an elementwise primitive to operands that broadcast. `op` is what the user called.
#[track_caller]
pub(crate) fn elementwise(op: &str, prim: impl Into<Prim>, operands: &[Operand<'_>]) -> Array {
    let prim = prim.into();
    // The usual case first: a scalar beside an array, or arrays of one shape.
    let Some(first) = operands.iter().find_map(Operand::array) else {
        let (arrays, _) = arrays_of(op, operands);
        let ins: SmallVec<[In<'_>; 4]> = arrays.iter().map(In::Array).collect();
        return bind_in(prim, &ins);
    };
    let dtype = first.dtype();
    let mut ins: SmallVec<[In<'_>; 4]> = SmallVec::new();
    for o in operands {
        match o.with_dtype(dtype) {
            Ok(i) => ins.push(i),
            Err(rule) => fail(ill_typed(op, operands, rule)),
        }
    }
    // Refused here, so that the message shows what the user wrote.
    if let Some(other) = operands.iter().filter_map(Operand::array).find(|a| a.dtype() != dtype) {
        let exponent = prim.name() == "pow" && dtype.is_float() && other.dtype().is_int();
        if !exponent {
            let rule = fault!(
                "the dtypes {dtype} and {} differ: convert one with `.cast(..)`",
                other.dtype()
            );
            fail(ill_typed(op, operands, rule));
        }
    }
    let mut full: &[usize] = &[];
    let mut differ = false;
    for o in operands {
        let shape = o.shape();
        if !shape.is_empty() {
            differ |= !full.is_empty() && full != shape;
            full = shape;
        }
    }
    if !differ {
        return bind_in(prim, &ins);
    }
    let shape = match broadcast_shapes(operands.iter().map(|o| o.shape())) {
        Ok(shape) => shape,
        Err(rule) => fail(ill_typed(op, operands, rule)),
    };
    let mut expanded: SmallVec<[Option<Array>; 4]> = SmallVec::new();
    for o in operands {
        expanded.push(match o.array() {
            Some(a) if a.ndim() > 0 => Some(expand(a, &shape)),
            _ => None,
        });
    }
    let ins: SmallVec<[In<'_>; 4]> =
        ins.into_iter().zip(&expanded).map(|(i, e)| e.as_ref().map_or(i, In::Array)).collect();
    bind_in(prim, &ins)
}

/// The operands as arrays that have one dtype, scalars with rank 0.
#[track_caller]
pub(crate) fn arrays_of(op: &str, operands: &[Operand<'_>]) -> (SmallVec<[Array; 4]>, DType) {
    let arrays = operands.iter().filter_map(Operand::array);
    let dtype = arrays.map(Array::dtype).next().or_else(|| {
        operands.iter().find_map(|o| match o {
            Operand::Scalar(_, d) => Some(*d),
            Operand::Array(_) => None,
        })
    });
    let dtype = dtype.unwrap_or(DType::F64);
    let mut out = SmallVec::new();
    for o in operands {
        match o {
            Operand::Array(a) if a.dtype() == dtype => out.push((*a).clone()),
            Operand::Array(a) => fail(ill_typed(
                op,
                operands,
                fault!("the dtypes {dtype} and {} differ: convert one with `.cast(..)`", a.dtype()),
            )),
            Operand::Scalar(n, _) => match n.lit(dtype) {
                Ok(lit) => out.push(Array::from_value(lit.value())),
                Err(rule) => fail(ill_typed(op, operands, rule)),
            },
        }
    }
    (out, dtype)
}

/// An array with all elements alike, recorded where `beside` is traced, else symbolic.
#[track_caller]
pub(crate) fn full_beside(beside: &[&Array], lit: Lit, shape: &[usize]) -> Array {
    if shape.is_empty() {
        return Array::from_value(lit.value());
    }
    let prim =
        BroadcastInDim { shape: Shape::from_slice(shape), broadcast_dimensions: Axes::new() };
    nullary_beside(beside, prim, &[In::Lit(lit)])
}

/// An operation without array operands, recorded where `beside` is traced, so that it becomes an
/// equation and not a captured array.
#[track_caller]
pub(crate) fn nullary_beside(beside: &[&Array], prim: impl Into<Prim>, ins: &[In<'_>]) -> Array {
    match crate::trace::innermost(beside.iter().copied()) {
        Some(trace) => ok(trace.record_one(prim.into(), ins, std::panic::Location::caller())),
        None => bind_in(prim, ins),
    }
}
