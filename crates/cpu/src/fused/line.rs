//! Lines: loops over one line of elements, in single-assignment form.
//!
//! ```text
//! line (a: f32 next, b: f32 same, c: f32 next out)
//!   %0 = load a
//!   %1 = load b
//!   %2 = mul.f32 %0 %1
//!   store c %2
//! ```
//!
//! ## What a line means
//!
//! It is called with a pointer for each argument, a number of elements `n`, a number of rows and the
//! bytes from row to row for each argument. For each row, and for each place `j` in `0..n`, the
//! instructions run once. An argument that steps ([`Step::Next`]) is read and written at its `j`-th
//! element, one that does not ([`Step::Same`]) at its only one. At each place all loads happen before
//! all stores, so that an output may be the very array that an input is; otherwise nothing overlaps.
//!
//! A [`Fold`] reduces a value over the line. Element `j` is taken into lane `j % FOLD_LANES`, lanes
//! begin with the identity, and at the end lane `i` takes in lane `i + w` for `w` = 16, 8, 4, 2, 1.
//! The order is part of the meaning: every executor gives the same bits. The result overwrites the
//! fold's argument, which does not step.
//!
//! Narrow dtypes are computed in wider lanes: i8 and u8 as [`Kind::I32`], f16 and bf16 as
//! [`Kind::F32`]; loads widen and stores narrow (integers by truncation, floats to nearest even). Who
//! builds a line wraps and rounds in between. Signed and unsigned integers share a kind; where it
//! matters, instructions say which is meant.

use crate::kernel::Kernel;
use pullback_ir::DType;

/// Lanes of a reduction over a line.
pub(crate) const FOLD_LANES: usize = 32;

/// A value of a line: the number of the instruction that gives it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Reg(pub(crate) u32);

impl Reg {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the lanes of a value hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    F32,
    F64,
    I32,
    I64,
    /// Truth values.
    Mask,
}

impl Kind {
    /// The kind in which elements of a dtype are computed.
    pub(crate) const fn of(dtype: DType) -> Kind {
        match dtype {
            DType::Bool => Kind::Mask,
            DType::U8 | DType::I8 | DType::I32 | DType::U32 => Kind::I32,
            DType::I64 | DType::U64 => Kind::I64,
            DType::F16 | DType::BF16 | DType::F32 => Kind::F32,
            DType::F64 => Kind::F64,
        }
    }

    /// Bytes of a lane; masks count none.
    pub(crate) const fn size(self) -> usize {
        match self {
            Kind::F32 | Kind::I32 => 4,
            Kind::F64 | Kind::I64 => 8,
            Kind::Mask => 0,
        }
    }

    pub(crate) const fn is_float(self) -> bool {
        matches!(self, Kind::F32 | Kind::F64)
    }
}

/// How an argument moves along the line.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Step {
    /// One element serves all places.
    Same,
    /// The next element is the neighbour in memory.
    Next,
}

/// An argument: where elements are read from or written to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Arg {
    pub(crate) dtype: DType,
    pub(crate) step: Step,
    /// True for one that is stored to, or that takes the result of a fold.
    pub(crate) out: bool,
}

/// An operation on one value of the kind that stands beside it. The result has the same kind, unless
/// something else is said.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Un {
    /// Flips the sign bit; two's complement for integers.
    Neg,
    /// Clears the sign bit (floats only).
    Abs,
    Sqrt,
    Floor,
    Ceil,
    Trunc,
    RoundEven,
    /// ⌊log2 |x|⌋, −∞ of zeros, ∞ of infinities (f32 only).
    Exponent,
    /// |x| over 2 to its exponent; 1 of zeros and infinities (f32 only).
    Mantissa,
    /// Rounds an f32 to the nearest f16 and back.
    RoundF16,
    /// All bits; truth values.
    Not,
    /// f32 → f64.
    Widen,
    /// f64 → f32, to nearest even.
    Narrow,
    /// The bits of a float as an integer of the same width.
    Bits,
    /// The bits of an integer as a float of the same width.
    Float,
    /// i32 → i64 with the sign.
    SignExtend,
    /// i32 → i64 with zeros.
    ZeroExtend,
    /// i64 → i32, the lower half.
    Truncate,
    /// A signed integer as f32 or f64 of the same width, to nearest even: i32 → f32, i64 → f64.
    ToFloat,
    /// A signed i32 as f64, exactly.
    ToDouble,
    /// A float as a signed integer of the same width, towards zero; what does not fit gives the lowest
    /// integer, as x86 has it.
    ToInt,
}

/// An operation on two values of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Bin {
    Add,
    Sub,
    /// Integers wrap.
    Mul,
    /// Floats only.
    Div,
    /// `x > y ? x : y`, so the second where they are not comparable. Signed for integers.
    Max,
    /// `x < y ? x : y`.
    Min,
    /// Unsigned integers.
    MaxU,
    MinU,
    /// Bits of integers and floats; truth values.
    And,
    Or,
    Xor,
    /// By the second operand's lanes, as unsigned numbers; 0 from the width on (`Sar`: the sign).
    Shl,
    Shr,
    Sar,
    /// x·2ʸ with one rounding, where y is an integer of less than twice the exponents' bias and
    /// 0.01 < |x| < 2, or either is NaN. Floats only.
    Scale,
}

/// A comparison; floats as IEEE has them, quiet. `Ne` holds where operands are not comparable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    /// Unsigned integers.
    LtU,
    LeU,
}

/// A function for rare lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RareFn {
    F32(fn(f32) -> f32),
    F64(fn(f64) -> f64),
    /// Of lanes as bits.
    #[cfg(test)]
    Bits(fn([u64; 2]) -> u64),
}

impl RareFn {
    /// The bits of the result for operands of these bits.
    pub(crate) fn call(self, ins: [u64; 2]) -> u64 {
        let x = ins[0];
        let (single, double) = (|x: u64| f32::from_bits(x as u32), f64::from_bits);
        match self {
            RareFn::F32(f) => u64::from(f(single(x)).to_bits()),
            RareFn::F64(f) => f(double(x)).to_bits(),
            #[cfg(test)]
            RareFn::Bits(f) => f(ins),
        }
    }
}

/// An instruction.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Instr {
    /// The same bits in all lanes; not for masks.
    Const {
        kind: Kind,
        bits: u64,
    },
    Load {
        arg: u32,
    },
    Un {
        op: Un,
        x: Reg,
    },
    Bin {
        op: Bin,
        x: Reg,
        y: Reg,
    },
    /// `x · y + z` with one rounding.
    Fma {
        x: Reg,
        y: Reg,
        z: Reg,
    },
    Cmp {
        op: Cmp,
        x: Reg,
        y: Reg,
    },
    /// `x` where `m` holds, elsewhere `y`; not for masks.
    Select {
        m: Reg,
        x: Reg,
        y: Reg,
    },
    /// The f32 of a table whose place the lowest five bits of an i32 are.
    Lookup {
        table: &'static [f32; 32],
        x: Reg,
    },
    /// Where `m` holds, `f` of the lanes of `ins`, elsewhere `y`. `m` holds in few lanes. The operands
    /// have the kind of `y`.
    Rare {
        m: Reg,
        f: RareFn,
        ins: [Reg; 2],
        y: Reg,
    },
    /// A function without a form for lanes: operands are written to memory as its dtypes, the loop runs
    /// over them, the result is loaded.
    Call {
        kernel: Kernel,
        ins: [Reg; 3],
    },
    /// Writes to an argument that steps. Gives no value.
    Store {
        arg: u32,
        x: Reg,
    },
}

impl Instr {
    /// The values that the instruction reads.
    pub(crate) fn reads(&self) -> smallvec::SmallVec<[Reg; 4]> {
        use smallvec::smallvec;
        match *self {
            Instr::Const { .. } | Instr::Load { .. } => smallvec![],
            Instr::Un { x, .. } | Instr::Lookup { x, .. } | Instr::Store { x, .. } => smallvec![x],
            Instr::Bin { x, y, .. } | Instr::Cmp { x, y, .. } => smallvec![x, y],
            Instr::Fma { x, y, z } => smallvec![x, y, z],
            Instr::Select { m, x, y } => smallvec![m, x, y],
            Instr::Rare { m, ins, y, .. } => smallvec![m, ins[0], ins[1], y],
            Instr::Call { kernel, ins } => ins[..kernel.arity].into(),
        }
    }
}

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

/// A loop over one line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) args: Vec<Arg>,
    pub(crate) instrs: Vec<Instr>,
    /// The kind of each instruction's value; for stores that of what is stored.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) folds: Vec<Fold>,
}
