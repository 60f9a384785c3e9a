//! Reductions over a line.

use super::{Kind, Reg};

/// Lanes of a reduction over a line.
pub(crate) const FOLD_LANES: usize = 32;

/// How a reduction combines.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum FoldOp {
    Sum,
    Prod,
    /// The larger of two, NaN if either is; +0 above −0. Signed for integers.
    Max,
    Min,
    /// Unsigned integers.
    MaxU,
    MinU,
    And,
    Or,
    Xor,
}

/// A reduction over the line. Masks are folded as integers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Fold {
    pub(crate) op: FoldOp,
    pub(crate) x: Reg,
    /// The argument that takes the result; its dtype has the kind and the size of `x`.
    pub(crate) arg: u32,
}

impl Fold {
    /// The bits of a lane that has taken in nothing.
    pub(crate) fn identity(op: FoldOp, kind: Kind) -> u64 {
        let wide = kind.size() == 8;
        match (op, kind) {
            (FoldOp::Sum | FoldOp::Or | FoldOp::Xor | FoldOp::MaxU, _) => 0,
            (FoldOp::And | FoldOp::MinU, _) if wide => u64::MAX,
            (FoldOp::And | FoldOp::MinU, _) => u64::from(u32::MAX),
            (FoldOp::Prod, Kind::F32) => u64::from(1f32.to_bits()),
            (FoldOp::Prod, Kind::F64) => 1f64.to_bits(),
            (FoldOp::Prod, _) => 1,
            (FoldOp::Max, Kind::F32) => u64::from(f32::NEG_INFINITY.to_bits()),
            (FoldOp::Max, Kind::F64) => f64::NEG_INFINITY.to_bits(),
            (FoldOp::Max, Kind::I32) => u64::from(i32::MIN as u32),
            (FoldOp::Max, _) => i64::MIN as u64,
            (FoldOp::Min, Kind::F32) => u64::from(f32::INFINITY.to_bits()),
            (FoldOp::Min, Kind::F64) => f64::INFINITY.to_bits(),
            (FoldOp::Min, Kind::I32) => u64::from(i32::MAX as u32),
            (FoldOp::Min, _) => i64::MAX as u64,
        }
    }
}
