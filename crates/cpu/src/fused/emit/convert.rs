//! Conversions between dtypes.

use super::settle;
use crate::fused::build::LineBuilder;
use crate::fused::line::{Bin, Cmp, Kind, Reg, Un};
use pullback_ir::DType;

/// A number converted as `convert_element_type` does; `None` for pairs that need a scalar function.
pub(in crate::fused) fn convert(
    b: &mut LineBuilder,
    from: DType,
    to: DType,
    x: Reg,
) -> Option<Reg> {
    use DType::{BF16, Bool, F16, F32, F64, I8, I32, I64, U8, U32, U64};
    let kind = b.kind(x);
    Some(match (from, to) {
        _ if from == to => x,
        (Bool, _) => match Kind::of(to) {
            Kind::F32 | Kind::F64 => {
                let kind = Kind::of(to);
                let (zero, one) = (b.float(kind, 0.0), b.float(kind, 1.0));
                b.select(x, one, zero)
            }
            kind => {
                let (zero, one) = (b.int(kind, 0), b.int(kind, 1));
                b.select(x, one, zero)
            }
        },
        (_, Bool) => {
            let zero = if kind.is_float() { b.float(kind, 0.0) } else { b.int(kind, 0) };
            b.cmp(Cmp::Ne, x, zero)
        }
        (F16 | BF16, F32) => x,
        (F16 | BF16 | F32, F64) => b.un(Un::Widen, x),
        (F64, F32) => b.un(Un::Narrow, x),
        (F16 | BF16 | F32, F16 | BF16) => settle(b, to, x),
        // Rounding twice would not be rounding once.
        (F64, F16 | BF16) => return None,
        (U8 | I8 | I32 | U32, U8 | I8 | I32 | U32) => settle(b, to, x),
        (U8 | U32, I64 | U64) => b.un(Un::ZeroExtend, x),
        (I8 | I32, I64 | U64) => b.un(Un::SignExtend, x),
        (I64 | U64, I64 | U64) => x,
        (I64 | U64, U8 | I8 | I32 | U32) => {
            let low = b.un(Un::Truncate, x);
            settle(b, to, low)
        }
        (U8 | I8, F16 | BF16 | F32) | (I32, F32) => {
            let y = b.un(Un::ToFloat, x);
            settle(b, to, y)
        }
        (U8 | I8 | I32, F64) => b.un(Un::ToDouble, x),
        (U32, F64) => {
            let wide = b.un(Un::ZeroExtend, x);
            b.un(Un::ToFloat, wide)
        }
        (U32, F32) => {
            let wide = b.un(Un::ZeroExtend, x);
            let double = b.un(Un::ToFloat, wide);
            b.un(Un::Narrow, double)
        }
        (I64, F64) => b.un(Un::ToFloat, x),
        (F16 | BF16 | F32, I32) | (F64, I64) => saturated(b, x),
        (F16 | BF16 | F32, U8 | I8) => {
            let wide = saturated(b, x);
            let (low, high) = if to == U8 { (0, 255) } else { (-128, 127) };
            clamped(b, wide, low, high)
        }
        (F16 | BF16 | F32, U32) => {
            let double = b.un(Un::Widen, x);
            let wide = saturated(b, double);
            let wide = clamped(b, wide, 0, i64::from(u32::MAX));
            b.un(Un::Truncate, wide)
        }
        (F64, U8 | I8 | I32 | U32) => {
            let (low, high) = match to {
                U8 => (0, 255),
                I8 => (-128, 127),
                I32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
                _ => (0, i64::from(u32::MAX)),
            };
            let wide = saturated(b, x);
            let wide = clamped(b, wide, low, high);
            b.un(Un::Truncate, wide)
        }
        _ => return None,
    })
}

/// A float as a signed integer of its width: saturated, 0 for NaN.
fn saturated(b: &mut LineBuilder, x: Reg) -> Reg {
    let (kind, int, limit, highest) = match b.kind(x) {
        Kind::F32 => (Kind::F32, Kind::I32, 2f64.powi(31), i64::from(i32::MAX)),
        kind => (kind, Kind::I64, 2f64.powi(63), i64::MAX),
    };
    let y = b.un(Un::ToInt, x);
    let (limit, highest, zero) = (b.float(kind, limit), b.int(int, highest), b.int(int, 0));
    let over = b.cmp(Cmp::Le, limit, x);
    let y = b.select(over, highest, y);
    let nan = b.cmp(Cmp::Ne, x, x);
    b.select(nan, zero, y)
}

fn clamped(b: &mut LineBuilder, x: Reg, low: i64, high: i64) -> Reg {
    let kind = b.kind(x);
    let (low, high) = (b.int(kind, low), b.int(kind, high));
    let y = b.bin(Bin::Max, x, low);
    b.bin(Bin::Min, y, high)
}

pub(super) fn bitcast(b: &mut LineBuilder, from: DType, to: DType, x: Reg) -> Reg {
    match (from.is_float(), to.is_float()) {
        (true, false) => b.un(Un::Bits, x),
        (false, true) => b.un(Un::Float, x),
        _ => x,
    }
}
