//! Comparing whole arrays.

use super::creation::zeros_like;
use super::operand::{IntoOperand, Operand, elementwise, refuse};
use crate::array::Array;
use crate::error::ok;
use approx::{AbsDiffEq, RelativeEq};
use pullback_ir::prim::Prim;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::compare::Compare;
use pullback_ir::{Lit, Value};
use std::borrow::Borrow;
use std::fmt;

/// Comparing whole arrays.
///
/// [`Array::allclose`] and [`Array::array_equal`] give arrays and can be traced. For tests on values that
/// are known, [`Array::elements`] gives them a Rust `==` and the traits of the crate `approx`:
///
/// ```
/// # use pullback_array::array;
/// use approx::{assert_abs_diff_eq, assert_relative_eq};
/// let (x, y) = (array![1.0, 2.0], array![1.0, 2.0 + 1e-12]);
/// assert!(x.allclose(&y, 1e-9, 0.0).item::<bool>());
/// assert!(!x.array_equal(&y).item::<bool>());
/// assert_relative_eq!(x.elements(), y.elements(), max_relative = 1e-9);
/// assert_abs_diff_eq!(x.elements(), y.elements(), epsilon = 1e-9);
/// assert_eq!(x.elements(), array![1.0, 2.0].elements());
/// ```
impl Array {
    /// Where |x − y| ≤ atol + rtol·|y|, as bool; infinities are close to themselves, NaN to nothing.
    /// For floats.
    #[track_caller]
    pub fn isclose(&self, other: impl IntoOperand, rtol: f64, atol: f64) -> Array {
        self.need_float("isclose");
        let (x, y) = (Operand::Array(self), other.as_operand());
        let op = |prim: Prim| elementwise("isclose", prim, &[x, y]);
        let size = match y {
            Operand::Array(y) => y.abs(),
            Operand::Scalar(..) => {
                elementwise("isclose", Binary::Sub, &[y, Operand::Array(&zeros_like(self))]).abs()
            }
        };
        // A difference of infinities is NaN or infinite, so they count where they are equal; an
        // infinite tolerance must not let everything pass.
        let near = op(Binary::Sub.into()).abs().le(size * rtol + atol);
        near & op(Binary::Sub.into()).is_finite() | op(Compare::Eq.into())
    }

    /// True if all elements are close, by the rule of [`Array::isclose`].
    #[track_caller]
    pub fn allclose(&self, other: impl IntoOperand, rtol: f64, atol: f64) -> Array {
        self.isclose(other, rtol, atol).all()
    }

    /// True if the shapes are equal and all elements are. NaN is equal to nothing.
    ///
    /// # Panics
    /// If the dtypes differ.
    #[track_caller]
    pub fn array_equal(&self, other: impl Borrow<Array>) -> Array {
        let other = other.borrow();
        if self.dtype() != other.dtype() {
            let rule = "the dtypes differ: convert one with `.cast(..)`";
            refuse("array_equal", &[self, other], rule);
        }
        match self.shape() == other.shape() {
            true => self.eq(other).all(),
            false => Array::from_value(Lit::new(false).value()),
        }
    }

    /// The elements as a Rust value, for `==` and for the traits of the crate `approx`.
    ///
    /// # Panics
    /// If they are not known, as [`Array::item`].
    #[track_caller]
    pub fn elements(&self) -> Elements {
        Elements(ok(self.value()))
    }
}

/// The elements of an array, see [`Array::elements`]. Equal ones have one dtype and one shape; NaN is
/// equal to nothing.
#[derive(Clone, PartialEq)]
pub struct Elements(Value);

impl fmt::Debug for Elements {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", Array::from_value(self.0.clone()))
    }
}

impl Elements {
    /// True if dtype and shape agree and all pairs of elements satisfy a relation, in f64.
    fn all(&self, other: &Elements, f: impl Fn(f64, f64) -> bool) -> bool {
        self.0.ty() == other.0.ty()
            && self.0.to_f64s().iter().zip(&other.0.to_f64s()).all(|(&x, &y)| f(x, y))
    }
}

impl AbsDiffEq for Elements {
    type Epsilon = f64;

    fn default_epsilon() -> f64 {
        f64::EPSILON
    }

    fn abs_diff_eq(&self, other: &Elements, epsilon: f64) -> bool {
        self.all(other, |x, y| x.abs_diff_eq(&y, epsilon))
    }
}

impl RelativeEq for Elements {
    fn default_max_relative() -> f64 {
        f64::EPSILON
    }

    fn relative_eq(&self, other: &Elements, epsilon: f64, max_relative: f64) -> bool {
        self.all(other, |x, y| x.relative_eq(&y, epsilon, max_relative))
    }
}
