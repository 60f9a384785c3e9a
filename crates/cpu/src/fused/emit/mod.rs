//! Elementwise primitives as instructions of a line.
//!
//! Every row of the IR's tables has a form here or is called: a row that is new, or that has no form
//! for lanes (integer division, `polygamma`), runs its scalar loop on a few elements at a time.
//! Narrow dtypes are computed in wider lanes; [`settle`] brings a result back to what the dtype holds.
//!
//! Here is the choice among them; [`unary`](mod@unary), [`binary`](mod@binary) and [`convert`](mod@convert)
//! write them.

mod binary;
mod convert;
mod unary;

use super::build::LineBuilder;
use super::line::{Bin, Cmp, Kind, Reg, Un};
use crate::kernel::kernel;
pub(super) use binary::extremum;
use binary::{binary, compare, larger, smaller};
use convert::bitcast;
pub(super) use convert::convert;
use pullback_ir::prim::convert::Convert;
use pullback_ir::{DType, Prim};
use unary::{integer_pow, unary};

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
