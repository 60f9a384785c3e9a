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
//!
//! What lanes hold is in [`kind`], what is done with them in [`ops`], reductions in [`fold`].

mod fold;
mod kind;
mod ops;

use crate::kernel::Kernel;
pub(crate) use fold::{FOLD_LANES, Fold, FoldOp};
pub(crate) use kind::Kind;
pub(crate) use ops::{Bin, Cmp, RareFn, Un};
use pullback_ir::DType;

/// A loop over one line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Line {
    pub(crate) args: Vec<Arg>,
    pub(crate) instrs: Vec<Instr>,
    /// The kind of each instruction's value; for stores that of what is stored.
    pub(crate) kinds: Vec<Kind>,
    pub(crate) folds: Vec<Fold>,
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
    /// Elements come from memory, one line of a large array after the other: those so many bytes ahead are asked
    /// for, if it is not 0. Changes nothing that shows.
    pub(crate) ahead: u32,
}

/// A value of a line: the number of the instruction that gives it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub(crate) struct Reg(pub(crate) u32);

impl Reg {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
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
