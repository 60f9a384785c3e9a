//! Reductions as folds of lines.

use super::build::LineBuilder;
use super::emit;
use super::line::{Bin, Cmp, FoldOp, Kind, Reg};
use pullback_ir::DType;
use pullback_ir::prim::reduce::ReduceOp;

/// True if a reduction has a form as fold. Along columns partial results are kept in the dtype, so it
/// has to be one whose lanes are its elements.
pub(super) fn folds(op: ReduceOp, dtype: DType, columns: bool) -> bool {
    let bits = matches!(op, ReduceOp::And | ReduceOp::Or | ReduceOp::Xor);
    let number = matches!(op, ReduceOp::Sum | ReduceOp::Prod);
    let unlike = columns && dtype.size() < 4;
    !(unlike || bits && dtype.is_float() || number && dtype == DType::Bool)
}

/// What a reduction does in the lanes of a dtype.
pub(super) fn fold_op(op: ReduceOp, dtype: DType) -> FoldOp {
    let unsigned = matches!(dtype, DType::U32 | DType::U64);
    match op {
        ReduceOp::Sum => FoldOp::Sum,
        ReduceOp::Prod => FoldOp::Prod,
        // Truth values are folded as 0 and 1.
        ReduceOp::Max if dtype == DType::Bool => FoldOp::Or,
        ReduceOp::Min if dtype == DType::Bool => FoldOp::And,
        ReduceOp::Max if unsigned => FoldOp::MaxU,
        ReduceOp::Max => FoldOp::Max,
        ReduceOp::Min if unsigned => FoldOp::MinU,
        ReduceOp::Min => FoldOp::Min,
        ReduceOp::And => FoldOp::And,
        ReduceOp::Or => FoldOp::Or,
        ReduceOp::Xor => FoldOp::Xor,
    }
}

/// The dtype in which lanes of a kind stand in memory.
pub(super) const fn lane_dtype(kind: Kind) -> DType {
    match kind {
        Kind::F32 => DType::F32,
        Kind::F64 => DType::F64,
        Kind::I32 | Kind::Mask => DType::I32,
        Kind::I64 => DType::I64,
    }
}

/// An element as it is folded.
pub(super) fn widened(b: &mut LineBuilder, x: Reg) -> Reg {
    if b.kind(x) != Kind::Mask {
        return x;
    }
    let (zero, one) = (b.int(Kind::I32, 0), b.int(Kind::I32, 1));
    b.select(x, one, zero)
}

/// The value of a dtype that a finished fold is.
pub(super) fn narrowed(b: &mut LineBuilder, dtype: DType, x: Reg) -> Reg {
    if dtype == DType::Bool {
        let zero = b.int(Kind::I32, 0);
        return b.cmp(Cmp::Ne, x, zero);
    }
    emit::settle(b, dtype, x)
}

/// An accumulator that takes in a value.
pub(super) fn step(b: &mut LineBuilder, op: FoldOp, acc: Reg, x: Reg) -> Reg {
    let simple = match op {
        FoldOp::Sum => Bin::Add,
        FoldOp::Prod => Bin::Mul,
        FoldOp::MaxU => Bin::MaxU,
        FoldOp::MinU => Bin::MinU,
        FoldOp::And => Bin::And,
        FoldOp::Or => Bin::Or,
        FoldOp::Xor => Bin::Xor,
        FoldOp::Max => return emit::extremum(b, acc, x, true),
        FoldOp::Min => return emit::extremum(b, acc, x, false),
    };
    b.bin(simple, acc, x)
}
