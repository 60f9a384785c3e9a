//! The rules that a line keeps.

use super::line::{Bin, Cmp, Fold, FoldOp, Instr, Kind, Line, Reg, Step, Un};

impl Line {
    /// The first rule that the line breaks. Executors rely on all of them.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.kinds.len() != self.instrs.len() {
            return Err("each instruction has a kind".into());
        }
        for (i, instr) in self.instrs.iter().enumerate() {
            let fault = |what: String| Err(format!("%{i}: {what}\n{self}"));
            for r in instr.reads() {
                if r.index() >= i || matches!(self.instrs[r.index()], Instr::Store { .. }) {
                    return fault(format!("%{} is no value before it", r.0));
                }
            }
            if let Instr::Load { arg } | Instr::Store { arg, .. } = *instr
                && arg as usize >= self.args.len()
            {
                return fault(format!("there is no argument {arg}"));
            }
            match self.kind_of(instr) {
                Some(kind) if kind == self.kinds[i] => {}
                Some(kind) => {
                    return fault(format!("the value is {kind:?}, not {:?}", self.kinds[i]));
                }
                None => return fault("the operands have other kinds".into()),
            }
        }
        self.folds.iter().try_for_each(|fold| match self.fold_is_right(fold) {
            true => Ok(()),
            false => Err(format!("{fold:?}: operand or argument have other kinds\n{self}")),
        })
    }

    /// The kind of an instruction's value, if its operands are as they should be.
    fn kind_of(&self, instr: &Instr) -> Option<Kind> {
        use Kind::{F32, F64, I32, I64, Mask};
        let kind = |r: Reg| self.kinds[r.index()];
        let same = |x: Reg, y: Reg| (kind(x) == kind(y)).then(|| kind(x));
        match *instr {
            Instr::Const { kind, .. } => (kind != Mask).then_some(kind),
            Instr::Load { arg } => Some(Kind::of(self.args[arg as usize].dtype)),
            Instr::Un { op, x } => match (op, kind(x)) {
                (Un::Neg, k) if k != Mask => Some(k),
                (Un::Abs | Un::Sqrt | Un::Floor | Un::Ceil | Un::Trunc | Un::RoundEven, k) => {
                    k.is_float().then_some(k)
                }
                (Un::RoundF16 | Un::Exponent | Un::Mantissa, F32) => Some(F32),
                (Un::Not, k) if !k.is_float() => Some(k),
                (Un::Widen, F32) | (Un::ToDouble, I32) => Some(F64),
                (Un::Narrow, F64) => Some(F32),
                (Un::Bits | Un::ToInt, F32) => Some(I32),
                (Un::Bits | Un::ToInt, F64) => Some(I64),
                (Un::Float | Un::ToFloat, I32) => Some(F32),
                (Un::Float | Un::ToFloat, I64) => Some(F64),
                (Un::SignExtend | Un::ZeroExtend, I32) => Some(I64),
                (Un::Truncate, I64) => Some(I32),
                _ => None,
            },
            Instr::Bin { op, x, y } => {
                let k = same(x, y)?;
                let right = match op {
                    Bin::Add | Bin::Sub | Bin::Mul | Bin::Max | Bin::Min => k != Mask,
                    Bin::Div | Bin::Scale => k.is_float(),
                    Bin::And | Bin::Or | Bin::Xor => true,
                    Bin::MaxU | Bin::MinU | Bin::Shl | Bin::Shr | Bin::Sar => {
                        matches!(k, I32 | I64)
                    }
                };
                right.then_some(k)
            }
            Instr::Fma { x, y, z } => {
                let k = same(x, y)?;
                (k == kind(z) && k.is_float()).then_some(k)
            }
            Instr::Cmp { op, x, y } => {
                let k = same(x, y)?;
                let right = match op {
                    Cmp::LtU | Cmp::LeU => matches!(k, I32 | I64),
                    _ => k != Mask,
                };
                right.then_some(Mask)
            }
            Instr::Select { m, x, y } => {
                let k = same(x, y)?;
                (kind(m) == Mask && k != Mask).then_some(k)
            }
            Instr::Lookup { x, .. } => (kind(x) == I32).then_some(F32),
            Instr::Rare { m, ins, y, .. } => {
                let k = kind(y);
                let same = kind(ins[0]) == k && kind(ins[1]) == k;
                (kind(m) == Mask && same && k != Mask).then_some(k)
            }
            Instr::Call { kernel, ins } => {
                let right = (0..kernel.arity).all(|i| kind(ins[i]) == Kind::of(kernel.ins[i]));
                right.then(|| Kind::of(kernel.out))
            }
            Instr::Store { arg, x } => {
                let a = self.args[arg as usize];
                let right = a.out && a.step == Step::Next && Kind::of(a.dtype) == kind(x);
                right.then(|| kind(x))
            }
        }
    }

    fn fold_is_right(&self, fold: &Fold) -> bool {
        let (Some(&k), Some(a)) =
            (self.kinds.get(fold.x.index()), self.args.get(fold.arg as usize))
        else {
            return false;
        };
        let op = match fold.op {
            FoldOp::Sum | FoldOp::Prod | FoldOp::Max | FoldOp::Min => k != Kind::Mask,
            _ => matches!(k, Kind::I32 | Kind::I64),
        };
        let arg = a.out && a.step == Step::Same;
        op && arg && Kind::of(a.dtype) == k && a.dtype.size() == k.size()
    }
}
