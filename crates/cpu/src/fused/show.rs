//! Lines as text.

use super::line::{Arg, Instr, Kind, Line, Step};
use std::fmt;

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("line (")?;
        for (i, &Arg { dtype, step, out, ahead }) in self.args.iter().enumerate() {
            let step = match step {
                Step::Same => "same",
                Step::Next => "next",
            };
            let (comma, out) = (if i > 0 { ", " } else { "" }, if out { " out" } else { "" });
            let far = if ahead > 0 { " far" } else { "" };
            write!(f, "{comma}a{i}: {dtype} {step}{out}{far}")?;
        }
        writeln!(f, ")")?;
        for (i, instr) in self.instrs.iter().enumerate() {
            let kind = kind_name(self.kinds[i]);
            match instr {
                Instr::Store { arg, x } => {
                    writeln!(f, "  store a{arg} %{}", x.0)?;
                    continue;
                }
                Instr::Const { kind: Kind::F32, bits } => {
                    write!(f, "  %{i} = {:?}", f32::from_bits(*bits as u32))?;
                }
                Instr::Const { kind: Kind::F64, bits } => {
                    write!(f, "  %{i} = {:?}", f64::from_bits(*bits))?;
                }
                Instr::Const { bits, .. } => write!(f, "  %{i} = {bits}")?,
                Instr::Load { arg } => write!(f, "  %{i} = load a{arg}")?,
                Instr::Un { op, .. } => write!(f, "  %{i} = {}", lower(op))?,
                Instr::Bin { op, .. } => write!(f, "  %{i} = {}", lower(op))?,
                Instr::Fma { .. } => write!(f, "  %{i} = fma")?,
                Instr::Cmp { op, .. } => write!(f, "  %{i} = {}", lower(op))?,
                Instr::Select { .. } => write!(f, "  %{i} = select")?,
                Instr::Lookup { .. } => write!(f, "  %{i} = lookup")?,
                Instr::Rare { .. } => write!(f, "  %{i} = rare")?,
                Instr::Call { .. } => write!(f, "  %{i} = call")?,
            }
            write!(f, ".{kind}")?;
            for r in instr.reads() {
                write!(f, " %{}", r.0)?;
            }
            writeln!(f)?;
        }
        for fold in &self.folds {
            writeln!(f, "  fold {} a{} %{}", lower(&fold.op), fold.arg, fold.x.0)?;
        }
        Ok(())
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::F32 => "f32",
        Kind::F64 => "f64",
        Kind::I32 => "i32",
        Kind::I64 => "i64",
        Kind::Mask => "mask",
    }
}

fn lower(op: &impl fmt::Debug) -> String {
    format!("{op:?}").to_lowercase()
}
