//! Operators, on owned arrays, references and scalars in any combination.
//!
//! `+ - * /` and unary `-` are elementwise, and so are `%`, which truncates as Rust's does (NumPy's,
//! with the sign of the divisor, is [`Array::remainder`]), and `/` on integers, which truncates too.
//! Integers wrap. `& | ^ !` take integers and bool. `<<` and `>>` shift; `>>` keeps the sign of signed
//! integers. With scalars on the left there are `f64` and `i32`; any scalar may stand on the right.
//! An operand that is given away (`x + &y`, `x += &y`) lends its memory to the result, if nothing else
//! holds that.
//!
//! ```
//! # use pullback_array::{array, Array};
//! let (x, y) = (array![1.0f32, 2.0], array![[10.0f32], [20.0]]);
//! let mut z = &x * &y + 1.0; // shapes [2] and [2,1] broadcast
//! z -= &x;
//! z /= 2.0;
//! assert_eq!((1.0 - z).to_vec::<f32>(), [-4.0, -8.5, -9.0, -18.5]);
//! ```

use super::in_place::{assign, onto_either, onto_itself, onto_left, onto_right};
use super::operand::{Operand, Scalar, elementwise};
use crate::array::{Array, bind};
use pullback_ir::DType;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::unary::Unary;
use std::ops;

macro_rules! left_scalar {
    ($Trait:ident, $method:ident, $sign:literal, $prim:expr, $($t:ty),*) => {
        $(impl ops::$Trait<Array> for $t {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: Array) -> Array {
                onto_right($sign, $prim(rhs.dtype()), scalar(self), rhs)
            }
        }

        impl ops::$Trait<&Array> for $t {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: &Array) -> Array {
                elementwise($sign, $prim(rhs.dtype()), &[scalar(self), Operand::Array(rhs)])
            }
        })*
    };
}

macro_rules! operator {
    ($Trait:ident $method:ident, $Assign:ident $assign:ident, $sign:literal, $prim:expr) => {
        impl ops::$Trait<&Array> for &Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: &Array) -> Array {
                elementwise($sign, $prim(self.dtype()), &[Operand::Array(self), Operand::Array(rhs)])
            }
        }

        impl ops::$Trait<Array> for &Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: Array) -> Array {
                onto_right($sign, $prim(self.dtype()), Operand::Array(self), rhs)
            }
        }

        impl ops::$Trait<&Array> for Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: &Array) -> Array {
                onto_left($sign, $prim(self.dtype()), self, Operand::Array(rhs))
            }
        }

        impl ops::$Trait<Array> for Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: Array) -> Array {
                onto_either($sign, $prim(self.dtype()), self, rhs)
            }
        }

        impl<T: Scalar> ops::$Trait<T> for &Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: T) -> Array {
                elementwise($sign, $prim(self.dtype()), &[Operand::Array(self), scalar(rhs)])
            }
        }

        impl<T: Scalar> ops::$Trait<T> for Array {
            type Output = Array;
            #[track_caller]
            fn $method(self, rhs: T) -> Array {
                onto_left($sign, $prim(self.dtype()), self, scalar(rhs))
            }
        }

        impl ops::$Assign<&Array> for Array {
            #[track_caller]
            fn $assign(&mut self, rhs: &Array) {
                assign($sign, $prim(self.dtype()), self, Operand::Array(rhs));
            }
        }

        impl ops::$Assign<Array> for Array {
            #[track_caller]
            fn $assign(&mut self, rhs: Array) {
                assign($sign, $prim(self.dtype()), self, Operand::Array(&rhs));
            }
        }

        impl<T: Scalar> ops::$Assign<T> for Array {
            #[track_caller]
            fn $assign(&mut self, rhs: T) {
                assign($sign, $prim(self.dtype()), self, scalar(rhs));
            }
        }
    };
    ($Trait:ident $method:ident, $Assign:ident $assign:ident, $sign:literal, $prim:expr, left) => {
        operator!($Trait $method, $Assign $assign, $sign, $prim);
        left_scalar!($Trait, $method, $sign, $prim, f64, i32);
    };
}

operator!(Add add, AddAssign add_assign, "+", |_| Binary::Add, left);
operator!(Sub sub, SubAssign sub_assign, "-", |_| Binary::Sub, left);
operator!(Mul mul, MulAssign mul_assign, "*", |_| Binary::Mul, left);
operator!(Div div, DivAssign div_assign, "/", |_| Binary::Div, left);
operator!(Rem rem, RemAssign rem_assign, "%", |_| Binary::Rem, left);
operator!(BitAnd bitand, BitAndAssign bitand_assign, "&", |_| Binary::And);
operator!(BitOr bitor, BitOrAssign bitor_assign, "|", |_| Binary::Or);
operator!(BitXor bitxor, BitXorAssign bitxor_assign, "^", |_| Binary::Xor);
operator!(Shl shl, ShlAssign shl_assign, "<<", |_| Binary::ShiftLeft);
operator!(Shr shr, ShrAssign shr_assign, ">>", shift_right);

fn scalar<T: Scalar>(x: T) -> Operand<'static> {
    Operand::Scalar(x.scalar_number(), T::OWN_DTYPE)
}

/// The shift to the right that keeps the number's sign.
fn shift_right(dtype: DType) -> Binary {
    match dtype.is_unsigned() {
        true => Binary::ShiftRightLogical,
        false => Binary::ShiftRightArithmetic,
    }
}

macro_rules! unary_operator {
    ($Trait:ident $method:ident $prim:expr) => {
        impl ops::$Trait for &Array {
            type Output = Array;
            #[track_caller]
            fn $method(self) -> Array {
                bind($prim, &[self])
            }
        }

        impl ops::$Trait for Array {
            type Output = Array;
            #[track_caller]
            fn $method(self) -> Array {
                onto_itself($prim, self)
            }
        }
    };
}

unary_operator!(Neg neg Unary::Neg);
unary_operator!(Not not Unary::Not);

impl std::iter::Sum for Array {
    /// The sum of arrays that broadcast; panics for none, because their type is not known then.
    #[track_caller]
    fn sum<I: Iterator<Item = Array>>(mut arrays: I) -> Array {
        let Some(mut total) = arrays.next() else {
            crate::error::fail(crate::Error::msg(
                "`sum` of an empty iterator of arrays: their type is not known; start with `zeros` \
                 and `fold`",
            ));
        };
        for a in arrays {
            total = &total + &a;
        }
        total
    }
}
