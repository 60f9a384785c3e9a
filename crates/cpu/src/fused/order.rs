//! The order in which executors run a line, and how long its values live.

use super::line::{Instr, Line, Step};

impl Line {
    /// The instructions' numbers in the order to run them: as they stand, but no store comes before a
    /// load. (All loads of a place happen before its stores, because an output may be an input's array.)
    pub(crate) fn order(&self) -> Vec<u32> {
        let is_load = |i: &Instr| matches!(i, Instr::Load { .. });
        let loads_end = self.instrs.iter().rposition(is_load).map_or(0, |i| i + 1);
        let is_store = |i: &u32| matches!(self.instrs[*i as usize], Instr::Store { .. });
        let (head, tail) = (0..loads_end as u32, loads_end as u32..self.instrs.len() as u32);
        let mut order = Vec::with_capacity(self.instrs.len());
        order.extend(head.clone().filter(|i| !is_store(i)));
        order.extend(head.filter(is_store));
        order.extend(tail);
        order
    }

    /// Which values are the same at all places of a line: constants, loads that do not step, and what is computed
    /// of those alone. Executors compute them once a row.
    pub(crate) fn fixed(&self) -> Vec<bool> {
        let mut fixed = vec![false; self.instrs.len()];
        for (i, instr) in self.instrs.iter().enumerate() {
            fixed[i] = match *instr {
                Instr::Const { .. } => true,
                Instr::Load { arg } => self.args[arg as usize].step == Step::Same,
                Instr::Store { .. } | Instr::Rare { .. } | Instr::Call { .. } => false,
                _ => instr.reads().iter().all(|r| fixed[r.index()]),
            };
        }
        fixed
    }

    /// For each value the place in an order after which nothing reads it; the order's length for values
    /// that are folded, and the value's own place where nothing reads it at all.
    pub(crate) fn last_reads(&self, order: &[u32]) -> Vec<u32> {
        let mut last = vec![0; self.instrs.len()];
        for (at, &i) in order.iter().enumerate() {
            last[i as usize] = at as u32;
            for r in self.instrs[i as usize].reads() {
                last[r.index()] = at as u32;
            }
        }
        for fold in &self.folds {
            last[fold.x.index()] = order.len() as u32;
        }
        last
    }
}
