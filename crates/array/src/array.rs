//! [`Array`]: a concrete array, a symbolic one, or a value of a trace.

use crate::eager;
use crate::error::{Error, fail, ok};
use crate::lazy::Lazy;
use crate::trace::{Arrays, In, Trace, Tracer, innermost};
use pullback_ir::prim::Prim;
use pullback_ir::{DType, Element, Lit, Type, Value};
use smallvec::SmallVec;
use std::panic::Location;
use std::sync::Arc;

/// An n-dimensional array of one dtype.
///
/// Cloning bumps a counter. Arrays are immutable; operations give new ones. Inside a function that is
/// being transformed, an `Array` stands for a value that is not there yet: operations on it are
/// recorded instead of computed.
///
/// Arrays are made by [`array!`](crate::array), [`zeros`](crate::zeros), [`arange`](crate::arange) and the
/// like, by `Array::from(2.0)` of a Rust number, or by [`Array::from_vec`] with a shape. [`Array::get`] and
/// [`Array::at`] index, [`Array::item`] and [`Array::to_vec`] read. Operators and methods take `&Array`,
/// `Array` (whose memory the result may use) and Rust scalars, and broadcast as NumPy does; two dtypes never
/// mix.
///
/// ```
/// # use pullback_array::{array, Array};
/// let x = array![[1.0f32, 2.0], [3.0, 4.0]];
/// let y = (&x - x.mean_over(0)) * 2.0;
/// assert_eq!((y.shape(), y.get((1, 0)).item::<f32>()), (&[2, 2][..], 2.0));
/// ```
///
/// Methods panic on operands that do not fit, at the line that calls them, with the operation, the types
/// and the rule that is broken; [`Func::try_call`](crate::Func::try_call) gives that as an
/// [`Error`](crate::Error).
#[derive(Clone)]
pub struct Array(pub(crate) Repr);

#[derive(Clone)]
pub(crate) enum Repr {
    /// Elements in memory.
    Value(Value),
    /// A description of elements, computed when they are read.
    Lazy(Arc<Lazy>),
    /// A value of a trace.
    Traced(Tracer),
}

impl Array {
    /// An array around a host value.
    pub fn from_value(value: Value) -> Array {
        Array(Repr::Value(value))
    }

    /// The type: dtype and shape.
    pub fn ty(&self) -> Type {
        match &self.0 {
            Repr::Value(v) => v.ty().clone(),
            Repr::Lazy(l) => l.ty().clone(),
            Repr::Traced(t) => t.ty.clone(),
        }
    }

    /// The element type.
    pub fn dtype(&self) -> DType {
        match &self.0 {
            Repr::Value(v) => v.dtype(),
            Repr::Lazy(l) => l.ty().dtype(),
            Repr::Traced(t) => t.ty.dtype(),
        }
    }

    /// The sizes of the dimensions.
    pub fn shape(&self) -> &[usize] {
        match &self.0 {
            Repr::Value(v) => v.shape(),
            Repr::Lazy(l) => l.ty().shape(),
            Repr::Traced(t) => t.ty.shape(),
        }
    }

    /// The number of dimensions.
    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements.
    pub fn size(&self) -> usize {
        self.shape().iter().product()
    }

    /// True while this stands for a value of a function that is being transformed.
    pub fn is_traced(&self) -> bool {
        matches!(self.0, Repr::Traced(_))
    }

    /// The elements; panics for a traced array.
    #[track_caller]
    pub(crate) fn force(&self) -> Value {
        match &self.0 {
            Repr::Value(v) => v.clone(),
            Repr::Lazy(l) => ok(l.value()),
            Repr::Traced(_) => ok(self.value()),
        }
    }

    /// The elements, moved out of the array; panics for a traced array.
    #[track_caller]
    pub(crate) fn into_value(self) -> Value {
        match self.0 {
            Repr::Value(v) => v,
            _ => self.force(),
        }
    }

    /// The elements if they are known: concrete, or traced by an un-jitted transformation.
    pub(crate) fn known_value(&self) -> Result<Option<Value>, Error> {
        match &self.0 {
            Repr::Value(v) => Ok(Some(v.clone())),
            Repr::Lazy(l) => l.value().map(Some),
            Repr::Traced(t) => t.trace.value_of(t.atom),
        }
    }

    /// The host value behind the array.
    ///
    /// # Errors
    /// The array is traced by a transformation that knows no values (`jit`, `vmap`, `make_jaxpr`, …).
    pub fn value(&self) -> Result<Value, Error> {
        match self.known_value()? {
            Some(v) => Ok(v),
            None => {
                let Repr::Traced(t) = &self.0 else { unreachable!("concrete arrays have values") };
                Err(Error::msg(format!(
                    "the value of this {} is not known while `{}` traces the function: to branch on \
                     it use `select`, to compute with it use array operations; reading values works \
                     in un-jitted `grad`, `jvp` and `vjp`",
                    t.ty,
                    t.trace.what()
                )))
            }
        }
    }

    /// The only element of an array of size 1.
    ///
    /// # Panics
    /// If the array has another dtype or more elements, or if its value is not known: see
    /// [`Array::value`].
    #[track_caller]
    pub fn item<T: Element>(&self) -> T {
        if self.size() != 1 || self.dtype() != T::DTYPE {
            fail(Error::msg(format!(
                "`item` reads one {} element, not {}: pick an element with `get`, or convert with \
                 `.cast(..)`",
                T::DTYPE,
                self.ty()
            )));
        }
        ok(self.value()).slice::<T>()[0]
    }

    /// The elements in row-major order.
    ///
    /// # Panics
    /// As [`Array::item`], but for any size.
    #[track_caller]
    pub fn to_vec<T: Element>(&self) -> Vec<T> {
        if self.dtype() != T::DTYPE {
            fail(Error::msg(format!(
                "`to_vec` reads {} elements, not {}: convert with `.cast(..)`",
                T::DTYPE,
                self.ty()
            )));
        }
        ok(self.value()).slice::<T>().to_vec()
    }
}

/// Where operations on these operands are recorded, if any is traced.
fn trace_of(ins: &[In<'_>]) -> Option<Arc<Trace>> {
    innermost(ins.iter().filter_map(|i| match i {
        In::Array(a) => Some(*a),
        In::Lit(_) => None,
    }))
}

/// Applies a primitive: at once on concrete operands, else by recording it.
///
/// # Errors
/// The operands do not fit.
#[track_caller]
fn try_bind(prim: impl Into<Prim>, ins: &[In<'_>]) -> Result<Arrays, Error> {
    match trace_of(ins) {
        Some(trace) => trace.record(prim.into(), ins, Location::caller()),
        None => eager::bind(&prim.into(), ins),
    }
}

/// Applies a primitive with one result; panics at the caller's line.
#[track_caller]
pub(crate) fn bind(prim: impl Into<Prim>, ins: &[&Array]) -> Array {
    let mut list: SmallVec<[In<'_>; 4]> = SmallVec::new();
    for a in ins {
        list.push(In::Array(a));
    }
    bind_in(prim, &list)
}

/// [`bind`] for primitives with several results.
#[track_caller]
pub(crate) fn bind_all(prim: impl Into<Prim>, ins: &[&Array]) -> Arrays {
    let ins: SmallVec<[In<'_>; 4]> = ins.iter().map(|a| In::Array(a)).collect();
    ok(try_bind(prim, &ins))
}

/// [`bind`] with scalars among the operands.
#[track_caller]
#[inline]
pub(crate) fn bind_in(prim: impl Into<Prim>, ins: &[In<'_>]) -> Array {
    bind_one(prim.into(), ins)
}

/// Once for all primitives, and not by way of a list of results, out of which and into which an array is copied.
#[track_caller]
fn bind_one(prim: Prim, ins: &[In<'_>]) -> Array {
    match trace_of(ins) {
        Some(trace) => ok(trace.record_one(prim, ins, Location::caller())),
        None => match eager::bind_one(&prim, ins) {
            Ok(array) => array,
            Err(error) => fail(error),
        },
    }
}

/// A scalar of the source with the dtype of the array that it meets.
///
/// # Errors
/// The scalar would lose something: 2.5 beside integers.
pub(crate) fn scalar_like(dtype: DType, x: f64) -> Result<Lit, Error> {
    let lit = Lit::from_f64(dtype, x);
    if !dtype.is_float() && lit.to_f64() != x {
        return Err(Error::msg(format!(
            "the scalar {x} cannot be {dtype}: a scalar takes the dtype of the array beside it, so \
             convert the array with `.cast(..)` first"
        )));
    }
    Ok(lit)
}

impl Array {
    /// Applies a primitive of the IR: the door for operations that have no method.
    ///
    /// # Errors
    /// The operands do not fit the primitive.
    #[track_caller]
    pub fn apply(
        prim: impl Into<Prim>,
        operands: &[&Array],
    ) -> Result<SmallVec<[Array; 1]>, Error> {
        let ins: SmallVec<[In<'_>; 4]> = operands.iter().map(|a| In::Array(a)).collect();
        try_bind(prim, &ins)
    }
}
