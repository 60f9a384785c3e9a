//! Functions of two operands, and comparisons.

use super::settle;
use crate::fused::build::LineBuilder;
use crate::fused::lanes;
use crate::fused::line::{Bin, Cmp, Kind, Reg, Un};
use pullback_ir::DType;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::compare::Compare;

pub(super) fn binary(b: &mut LineBuilder, op: Binary, dtype: DType, x: Reg, y: Reg) -> Option<Reg> {
    let kind = b.kind(x);
    let simple = match op {
        Binary::Add => Bin::Add,
        Binary::Sub => Bin::Sub,
        Binary::Mul => Bin::Mul,
        Binary::Div if kind.is_float() => Bin::Div,
        Binary::Max => return Some(larger(b, dtype, x, y)),
        Binary::Min => return Some(smaller(b, dtype, x, y)),
        Binary::And => Bin::And,
        Binary::Or => Bin::Or,
        Binary::Xor => Bin::Xor,
        // Of narrow integers a shift sees the wider lane, so they are called.
        Binary::ShiftLeft if dtype.size() >= 4 => Bin::Shl,
        Binary::ShiftRightLogical if dtype.size() >= 4 => Bin::Shr,
        Binary::ShiftRightArithmetic if dtype.size() >= 4 => Bin::Sar,
        _ if kind.is_float() => {
            let z = lanes::function2(b, op, x, y)?;
            return Some(settle(b, dtype, z));
        }
        _ => return None,
    };
    if kind == Kind::Mask && !matches!(simple, Bin::And | Bin::Or | Bin::Xor) {
        return None;
    }
    let z = b.bin(simple, x, y);
    Some(match op {
        Binary::And | Binary::Or | Binary::Xor => z,
        _ => settle(b, dtype, z),
    })
}

/// The larger of two numbers as IEEE 754 `maximum` has it.
pub(super) fn larger(b: &mut LineBuilder, dtype: DType, x: Reg, y: Reg) -> Reg {
    match dtype {
        DType::U32 | DType::U64 => b.bin(Bin::MaxU, x, y),
        _ => extremum(b, x, y, true),
    }
}

/// The smaller of two numbers as IEEE 754 `minimum` has it.
pub(super) fn smaller(b: &mut LineBuilder, dtype: DType, x: Reg, y: Reg) -> Reg {
    match dtype {
        DType::U32 | DType::U64 => b.bin(Bin::MinU, x, y),
        _ => extremum(b, x, y, false),
    }
}

/// The larger or the smaller of two numbers, signed ones if they are integers.
pub(in crate::fused) fn extremum(b: &mut LineBuilder, x: Reg, y: Reg, max: bool) -> Reg {
    let kind = b.kind(x);
    let op = if max { Bin::Max } else { Bin::Min };
    match kind {
        Kind::Mask => return b.bin(if max { Bin::Or } else { Bin::And }, x, y),
        Kind::I32 | Kind::I64 => return b.bin(op, x, y),
        Kind::F32 | Kind::F64 => {}
    }
    // With a constant as the second operand, which serves where the two are equal, a zero of the right
    // sign is right for both zeros, and a NaN can only be in the other.
    let (x, y) = if b.known_bits(x).is_some() { (y, x) } else { (x, y) };
    let value = b.known_bits(y).map(|bits| match kind {
        Kind::F32 => f64::from(f32::from_bits(bits as u32)),
        _ => f64::from_bits(bits),
    });
    let z = b.bin(op, x, y);
    let z = match value {
        Some(c) if !c.is_nan() && (c != 0.0 || c.is_sign_positive() == max) => z,
        _ => {
            // Equal numbers differ at most in the sign of zero: `and` clears it, `or` sets it.
            let same = b.cmp(Cmp::Eq, x, y);
            let zero = b.bin(if max { Bin::And } else { Bin::Or }, x, y);
            b.select(same, zero, z)
        }
    };
    // Where they are not comparable the second one served: right if that is the NaN.
    let nan = b.cmp(Cmp::Ne, x, x);
    b.select(nan, x, z)
}

pub(super) fn compare(b: &mut LineBuilder, op: Compare, dtype: DType, x: Reg, y: Reg) -> Reg {
    let (op, x, y) = match op {
        Compare::Gt => (Compare::Lt, y, x),
        Compare::Ge => (Compare::Le, y, x),
        _ => (op, x, y),
    };
    if b.kind(x) == Kind::Mask {
        // false < true
        return match op {
            Compare::Ne => b.bin(Bin::Xor, x, y),
            Compare::Eq => {
                let differ = b.bin(Bin::Xor, x, y);
                b.un(Un::Not, differ)
            }
            Compare::Lt => {
                let not = b.un(Un::Not, x);
                b.bin(Bin::And, not, y)
            }
            _ => {
                let not = b.un(Un::Not, x);
                b.bin(Bin::Or, not, y)
            }
        };
    }
    let unsigned = matches!(dtype, DType::U32 | DType::U64);
    let op = match op {
        Compare::Eq => Cmp::Eq,
        Compare::Ne => Cmp::Ne,
        Compare::Lt if unsigned => Cmp::LtU,
        Compare::Lt => Cmp::Lt,
        _ if unsigned => Cmp::LeU,
        _ => Cmp::Le,
    };
    b.cmp(op, x, y)
}
