//! Building lines. Equal instructions are merged as they are added, so who builds need not look for
//! what is there already.

use super::line::{Arg, Bin, Cmp, Fold, FoldOp, Instr, Kind, Line, RareFn, Reg, Step, Un};
use crate::kernel::Kernel;
use pullback_ir::DType;
use rustc_hash::FxHashMap;

/// A line under construction.
#[derive(Default)]
pub(crate) struct LineBuilder {
    line: Line,
    known: FxHashMap<Key, Reg>,
    calls: bool,
}

/// What makes two instructions the same.
#[derive(PartialEq, Eq, Hash)]
enum Key {
    Const(Kind, u64),
    Load(u32),
    Un(Un, Reg, Kind),
    Bin(Bin, Reg, Reg),
    Fma(Reg, Reg, Reg),
    Cmp(Cmp, Reg, Reg),
    Select(Reg, Reg, Reg),
    /// The table's address and the place.
    Lookup(usize, Reg),
}

impl LineBuilder {
    /// The finished line.
    pub(crate) fn finish(self) -> Line {
        self.line
    }

    /// The line so far.
    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    /// Whether there is a call in the line.
    pub(crate) fn calls(&self) -> bool {
        self.calls
    }

    pub(crate) fn kind(&self, r: Reg) -> Kind {
        self.line.kinds[r.index()]
    }

    /// A new argument.
    pub(crate) fn arg(&mut self, dtype: DType, step: Step, out: bool) -> u32 {
        self.line.args.push(Arg { dtype, step, out, ahead: 0 });
        self.line.args.len() as u32 - 1
    }

    /// Says that an argument is written, too.
    pub(crate) fn mark(&mut self, arg: u32, out: bool) {
        self.line.args[arg as usize].out |= out;
    }

    /// Says that an argument comes from memory, and how many bytes ahead it is to be asked for.
    pub(crate) fn ask_ahead(&mut self, arg: usize, bytes: usize) {
        self.line.args[arg].ahead = bytes as u32;
    }

    fn push(&mut self, instr: Instr, kind: Kind) -> Reg {
        self.line.instrs.push(instr);
        self.line.kinds.push(kind);
        Reg(self.line.instrs.len() as u32 - 1)
    }

    fn merged(&mut self, key: Key, instr: Instr, kind: Kind) -> Reg {
        if let Some(&r) = self.known.get(&key) {
            return r;
        }
        let r = self.push(instr, kind);
        self.known.insert(key, r);
        r
    }

    pub(crate) fn constant(&mut self, kind: Kind, bits: u64) -> Reg {
        self.merged(Key::Const(kind, bits), Instr::Const { kind, bits }, kind)
    }

    /// A float constant of a float kind.
    pub(crate) fn float(&mut self, kind: Kind, x: f64) -> Reg {
        match kind {
            Kind::F64 => self.constant(kind, x.to_bits()),
            _ => self.constant(Kind::F32, u64::from((x as f32).to_bits())),
        }
    }

    /// An integer constant of an integer kind.
    pub(crate) fn int(&mut self, kind: Kind, x: i64) -> Reg {
        match kind {
            Kind::I64 => self.constant(kind, x as u64),
            _ => self.constant(Kind::I32, u64::from(x as u32)),
        }
    }

    /// The constant that a value is.
    pub(crate) fn known_bits(&self, r: Reg) -> Option<u64> {
        match self.line.instrs[r.index()] {
            Instr::Const { bits, .. } => Some(bits),
            _ => None,
        }
    }

    pub(crate) fn load(&mut self, arg: u32) -> Reg {
        let kind = Kind::of(self.line.args[arg as usize].dtype);
        self.merged(Key::Load(arg), Instr::Load { arg }, kind)
    }

    pub(crate) fn un(&mut self, op: Un, x: Reg) -> Reg {
        let from = self.kind(x);
        let kind = match (op, from) {
            (Un::Widen | Un::ToDouble, _) => Kind::F64,
            (Un::Narrow, _) => Kind::F32,
            (Un::Bits | Un::ToInt, Kind::F32) => Kind::I32,
            (Un::Bits | Un::ToInt, _) => Kind::I64,
            (Un::Float | Un::ToFloat, Kind::I32) => Kind::F32,
            (Un::Float | Un::ToFloat, _) => Kind::F64,
            (Un::SignExtend | Un::ZeroExtend, _) => Kind::I64,
            (Un::Truncate, _) => Kind::I32,
            _ => from,
        };
        self.merged(Key::Un(op, x, kind), Instr::Un { op, x }, kind)
    }

    pub(crate) fn bin(&mut self, op: Bin, x: Reg, y: Reg) -> Reg {
        debug_assert_eq!(self.kind(x), self.kind(y));
        let kind = self.kind(x);
        self.merged(Key::Bin(op, x, y), Instr::Bin { op, x, y }, kind)
    }

    pub(crate) fn fma(&mut self, x: Reg, y: Reg, z: Reg) -> Reg {
        let kind = self.kind(z);
        self.merged(Key::Fma(x, y, z), Instr::Fma { x, y, z }, kind)
    }

    pub(crate) fn cmp(&mut self, op: Cmp, x: Reg, y: Reg) -> Reg {
        debug_assert_eq!(self.kind(x), self.kind(y));
        self.merged(Key::Cmp(op, x, y), Instr::Cmp { op, x, y }, Kind::Mask)
    }

    pub(crate) fn select(&mut self, m: Reg, x: Reg, y: Reg) -> Reg {
        debug_assert_eq!((self.kind(m), self.kind(x)), (Kind::Mask, self.kind(y)));
        let kind = self.kind(x);
        self.merged(Key::Select(m, x, y), Instr::Select { m, x, y }, kind)
    }

    pub(crate) fn lookup(&mut self, table: &'static [f32; 32], x: Reg) -> Reg {
        let key = Key::Lookup(table.as_ptr() as usize, x);
        self.merged(key, Instr::Lookup { table, x }, Kind::F32)
    }

    pub(crate) fn rare(&mut self, m: Reg, f: RareFn, ins: [Reg; 2], y: Reg) -> Reg {
        let kind = self.kind(y);
        self.push(Instr::Rare { m, f, ins, y }, kind)
    }

    pub(crate) fn call(&mut self, kernel: Kernel, ins: [Reg; 3]) -> Reg {
        self.calls = true;
        self.push(Instr::Call { kernel, ins }, Kind::of(kernel.out))
    }

    pub(crate) fn store(&mut self, arg: u32, x: Reg) {
        let kind = self.kind(x);
        self.push(Instr::Store { arg, x }, kind);
    }

    pub(crate) fn fold(&mut self, op: FoldOp, x: Reg, arg: u32) {
        self.line.folds.push(Fold { op, x, arg });
    }
}
