//! Elementwise primitives as instructions of a line.
//!
//! Every row of the IR's tables has a form here or is called: a row that is new, or that has no form
//! for lanes (integer division, `polygamma`), runs its scalar loop on a few elements at a time.
//! Narrow dtypes are computed in wider lanes; [`settle`] brings a result back to what the dtype holds.

use super::build::LineBuilder;
use super::line::{Bin, Cmp, Kind, Reg, Un};
use crate::kernel::kernel;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::convert::Convert;
use pullback_ir::prim::unary::Unary;
use pullback_ir::{DType, Prim};

/// Adds the equation's result for operands in `ins`. `None` if the primitive is not elementwise or has
/// no kernel for these dtypes.
pub(super) fn emit(
    b: &mut LineBuilder,
    prim: &Prim,
    dtypes: &[DType],
    ins: &[Reg],
    out: DType,
) -> Option<Reg> {
    if let Some(r) = direct(b, prim, dtypes, ins, out) {
        return Some(r);
    }
    let kernel = kernel(prim, dtypes)?;
    let mut operands = [ins[0]; 3];
    operands[..ins.len()].copy_from_slice(ins);
    Some(b.call(kernel, operands))
}

/// True if [`emit`] has a result for such an equation.
pub(super) fn emits(prim: &Prim, dtypes: &[DType]) -> bool {
    matches!(prim, Prim::Identity(_))
        || kernel(prim, dtypes).is_some_and(|k| k.arity == dtypes.len())
        || matches!(prim, Prim::Convert(Convert::Bitcast { new_dtype }) if new_dtype.size() == dtypes[0].size() && new_dtype.size() >= 4)
}

fn direct(
    b: &mut LineBuilder,
    prim: &Prim,
    dtypes: &[DType],
    ins: &[Reg],
    out: DType,
) -> Option<Reg> {
    match prim {
        Prim::Identity(_) => Some(ins[0]),
        Prim::Unary(op) => unary(b, *op, dtypes[0], ins[0]),
        Prim::Binary(op) if dtypes[0] == dtypes[1] => binary(b, *op, dtypes[0], ins[0], ins[1]),
        Prim::Compare(op) => Some(compare(b, *op, dtypes[0], ins[0], ins[1])),
        Prim::SelectN(_) if dtypes[0] == DType::Bool && ins.len() == 3 => {
            Some(choose(b, ins[0], ins[2], ins[1]))
        }
        Prim::Clamp(_) => {
            let low = larger(b, dtypes[1], ins[1], ins[0]);
            Some(smaller(b, dtypes[1], low, ins[2]))
        }
        Prim::Convert(Convert::ElementType { .. }) => convert(b, dtypes[0], out, ins[0]),
        Prim::Convert(Convert::Bitcast { .. }) if dtypes[0].size() >= 4 => {
            Some(bitcast(b, dtypes[0], out, ins[0]))
        }
        Prim::IntegerPow(p) => integer_pow(b, dtypes[0], ins[0], p.y),
        _ => None,
    }
}

/// Brings the lanes of an operation's result to a value that the dtype has.
pub(super) fn settle(b: &mut LineBuilder, dtype: DType, x: Reg) -> Reg {
    match dtype {
        DType::F16 => b.un(Un::RoundF16, x),
        DType::BF16 => round_bf16(b, x),
        DType::U8 => {
            let mask = b.int(Kind::I32, 255);
            b.bin(Bin::And, x, mask)
        }
        DType::I8 => {
            let k = b.int(Kind::I32, 24);
            let high = b.bin(Bin::Shl, x, k);
            b.bin(Bin::Sar, high, k)
        }
        _ => x,
    }
}

/// The nearest bf16, ties to even, as f32; NaN stay NaN.
fn round_bf16(b: &mut LineBuilder, x: Reg) -> Reg {
    let bits = b.un(Un::Bits, x);
    let (k, one) = (b.int(Kind::I32, 16), b.int(Kind::I32, 1));
    let last = b.bin(Bin::Shr, bits, k);
    let odd = b.bin(Bin::And, last, one);
    let half = b.int(Kind::I32, 0x7fff);
    let bias = b.bin(Bin::Add, odd, half);
    let up = b.bin(Bin::Add, bits, bias);
    let high = b.int(Kind::I32, 0xffff_0000u32 as i32 as i64);
    let up = b.bin(Bin::And, up, high);
    // A NaN keeps its upper bits and becomes quiet.
    let quiet = b.int(Kind::I32, 0x0040_0000);
    let nan = b.bin(Bin::And, bits, high);
    let nan = b.bin(Bin::Or, nan, quiet);
    let is_nan = b.cmp(Cmp::Ne, x, x);
    let bits = b.select(is_nan, nan, up);
    b.un(Un::Float, bits)
}

/// `x` where `m` holds, elsewhere `y`, for any kind.
fn choose(b: &mut LineBuilder, m: Reg, x: Reg, y: Reg) -> Reg {
    if b.kind(x) != Kind::Mask {
        return b.select(m, x, y);
    }
    let not = b.un(Un::Not, m);
    let (x, y) = (b.bin(Bin::And, m, x), b.bin(Bin::And, not, y));
    b.bin(Bin::Or, x, y)
}

fn is_signed(dtype: DType) -> bool {
    matches!(dtype, DType::I8 | DType::I32 | DType::I64)
}

fn unary(b: &mut LineBuilder, op: Unary, dtype: DType, x: Reg) -> Option<Reg> {
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
            let y = super::lanes::function(b, op, x)?;
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

fn binary(b: &mut LineBuilder, op: Binary, dtype: DType, x: Reg, y: Reg) -> Option<Reg> {
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
            let z = super::lanes::function2(b, op, x, y)?;
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
fn larger(b: &mut LineBuilder, dtype: DType, x: Reg, y: Reg) -> Reg {
    match dtype {
        DType::U32 | DType::U64 => b.bin(Bin::MaxU, x, y),
        _ => extremum(b, x, y, true),
    }
}

/// The smaller of two numbers as IEEE 754 `minimum` has it.
fn smaller(b: &mut LineBuilder, dtype: DType, x: Reg, y: Reg) -> Reg {
    match dtype {
        DType::U32 | DType::U64 => b.bin(Bin::MinU, x, y),
        _ => extremum(b, x, y, false),
    }
}

/// The larger or the smaller of two numbers, signed ones if they are integers.
pub(super) fn extremum(b: &mut LineBuilder, x: Reg, y: Reg, max: bool) -> Reg {
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

fn compare(b: &mut LineBuilder, op: Compare, dtype: DType, x: Reg, y: Reg) -> Reg {
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

fn bitcast(b: &mut LineBuilder, from: DType, to: DType, x: Reg) -> Reg {
    match (from.is_float(), to.is_float()) {
        (true, false) => b.un(Un::Bits, x),
        (false, true) => b.un(Un::Float, x),
        _ => x,
    }
}

fn integer_pow(b: &mut LineBuilder, dtype: DType, x: Reg, n: i32) -> Option<Reg> {
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

/// A number converted as `convert_element_type` does; `None` for pairs that need a scalar function.
pub(super) fn convert(b: &mut LineBuilder, from: DType, to: DType, x: Reg) -> Option<Reg> {
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
