//! Functions of one operand; elementary ones are in [`lanes`].

use super::{is_signed, settle};
use crate::fused::build::LineBuilder;
use crate::fused::lanes;
use crate::fused::line::{Bin, Cmp, Kind, Reg, Un};
use pullback_ir::DType;
use pullback_ir::prim::unary::Unary;

pub(super) fn unary(b: &mut LineBuilder, op: Unary, dtype: DType, x: Reg) -> Option<Reg> {
    let kind = b.kind(x);
    match kind {
        Kind::F32 | Kind::F64 => float_unary(b, op, dtype, x),
        Kind::Mask => (op == Unary::Not).then(|| b.un(Un::Not, x)),
        Kind::I32 | Kind::I64 => {
            let (zero, one) = (b.int(kind, 0), b.int(kind, 1));
            let y = match op {
                Unary::Neg => b.un(Un::Neg, x),
                Unary::Not => b.un(Un::Not, x),
                Unary::Square => b.bin(Bin::Mul, x, x),
                Unary::Abs if is_signed(dtype) => {
                    let minus = b.un(Un::Neg, x);
                    b.bin(Bin::Max, x, minus)
                }
                Unary::Abs => x,
                Unary::Sign => {
                    let is_zero = b.cmp(Cmp::Eq, x, zero);
                    let magnitude = b.select(is_zero, zero, one);
                    if is_signed(dtype) {
                        let (negative, minus) = (b.cmp(Cmp::Lt, x, zero), b.int(kind, -1));
                        b.select(negative, minus, magnitude)
                    } else {
                        magnitude
                    }
                }
                _ => return None,
            };
            Some(settle(b, dtype, y))
        }
    }
}

fn float_unary(b: &mut LineBuilder, op: Unary, dtype: DType, x: Reg) -> Option<Reg> {
    let kind = b.kind(x);
    // Results that are exact in every dtype need not settle.
    let exact = match op {
        Unary::Neg => b.un(Un::Neg, x),
        Unary::Abs => b.un(Un::Abs, x),
        Unary::Floor => b.un(Un::Floor, x),
        Unary::Ceil => b.un(Un::Ceil, x),
        Unary::RoundEven => b.un(Un::RoundEven, x),
        Unary::Round => round_away(b, x),
        Unary::Sign => {
            let (zero, one) = (b.float(kind, 0.0), b.float(kind, 1.0));
            let (is_zero, is_nan) = (b.cmp(Cmp::Eq, x, zero), b.cmp(Cmp::Ne, x, x));
            let itself = b.bin(Bin::Or, is_zero, is_nan);
            let one = with_sign_of(b, one, x);
            b.select(itself, x, one)
        }
        Unary::IsFinite => {
            let (magnitude, infinity) = (b.un(Un::Abs, x), b.float(kind, f64::INFINITY));
            b.cmp(Cmp::Lt, magnitude, infinity)
        }
        Unary::Square => {
            let y = b.bin(Bin::Mul, x, x);
            return Some(settle(b, dtype, y));
        }
        Unary::Sqrt => {
            let y = b.un(Un::Sqrt, x);
            return Some(settle(b, dtype, y));
        }
        _ => {
            let y = lanes::function(b, op, x)?;
            return Some(settle(b, dtype, y));
        }
    };
    Some(exact)
}

/// A positive number with the sign of another.
fn with_sign_of(b: &mut LineBuilder, x: Reg, sign: Reg) -> Reg {
    let kind = b.kind(x);
    let top = b.float(kind, -0.0);
    let sign = b.bin(Bin::And, sign, top);
    b.bin(Bin::Or, x, sign)
}

/// The nearest integer, halves away from zero.
fn round_away(b: &mut LineBuilder, x: Reg) -> Reg {
    let kind = b.kind(x);
    let towards = b.un(Un::Trunc, x);
    let rest = b.bin(Bin::Sub, x, towards);
    let rest = b.un(Un::Abs, rest);
    let (half, one) = (b.float(kind, 0.5), b.float(kind, 1.0));
    let up = b.cmp(Cmp::Le, half, rest);
    let one = with_sign_of(b, one, x);
    let away = b.bin(Bin::Add, towards, one);
    b.select(up, away, towards)
}

pub(super) fn integer_pow(b: &mut LineBuilder, dtype: DType, x: Reg, n: i32) -> Option<Reg> {
    let kind = b.kind(x);
    if n < 0 && !kind.is_float() {
        return None;
    }
    // The order of the products is that of the scalar function.
    let (mut power, mut left, mut product) = (x, n.unsigned_abs(), None);
    while left > 0 {
        if left & 1 == 1 {
            product = Some(match product {
                None => power,
                Some(p) => b.bin(Bin::Mul, p, power),
            });
        }
        left >>= 1;
        if left > 0 {
            power = b.bin(Bin::Mul, power, power);
        }
    }
    let one = if kind.is_float() { b.float(kind, 1.0) } else { b.int(kind, 1) };
    let product = product.unwrap_or(one);
    let y = if n < 0 { b.bin(Bin::Div, one, product) } else { product };
    Some(settle(b, dtype, y))
}
