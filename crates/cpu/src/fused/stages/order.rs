//! When values are computed: the stage of each member, and whether one that several stages need is kept.

use super::Stages;
use crate::fused::plan::{Level, Operand};
use pullback_ir::{Eqn, Prim, Var};

/// The cost of a value, in instructions for a vector, up to which it is computed again rather than kept.
const CHEAP: u32 = 6;

/// The same for a value of rows, computed by each line that reads it, with one lane of use.
const CHEAP_ROW: u32 = 32;

/// Elements of a line from which on that does not count.
pub(super) const LONG_LINE: usize = 128;

impl Stages<'_> {
    /// Finds the stage of each member; gives the number of stages.
    pub(super) fn order(&mut self) -> u32 {
        let mut n = 1;
        for m in 0..self.group.members.len() {
            let full = !matches!(self.level(m), Level::Row);
            let after = |&d: &usize| match self.level(d) {
                Level::Full | Level::ColFold => self.stage[d],
                Level::Row | Level::RowFold => self.stage[d] + u32::from(full),
            };
            self.stage[m] = self.inner(m).iter().map(after).max().unwrap_or(0);
            n = n.max(self.stage[m] + 1);
            self.member_of.insert(self.out(m), m);
        }
        n
    }

    /// Finds the row values that lines compute themselves, once before their loop. In a stage of their own they
    /// are computed for many rows at once, but it reads as vectors what the lines before have written one by
    /// one, which processors only do once all stores before, results among them, have reached a cache.
    pub(super) fn inlined(&mut self, long_line: usize) {
        let n = self.group.members.len();
        let mut costs = vec![0u32; n];
        for m in 0..n {
            if self.level(m) != Level::Row {
                continue;
            }
            let own = cost(self.eqn(m));
            let inner = self.inner(m);
            costs[m] =
                own + inner.iter().filter(|&&d| self.inline[d]).map(|&d| costs[d]).sum::<u32>();
            // Functions are for vectors, and some of them for whole arrays.
            self.inline[m] =
                self.layout.n() >= long_line && own < FUNCTION && costs[m] <= CHEAP_ROW;
        }
    }

    /// Finds where full values are computed, and which are kept for later stages.
    pub(super) fn needs(&mut self, escapes: &impl Fn(Var) -> bool) -> Vec<bool> {
        let n = self.group.members.len();
        let mut costs = vec![0u32; n];
        for m in 0..n {
            let inner: u32 = self
                .inner(m)
                .iter()
                .filter(|&&d| self.level(d) == Level::Full)
                .map(|&d| costs[d])
                .sum();
            let drawn = if self.draws(m) { DRAWN } else { 0 };
            costs[m] = (cost(self.eqn(m)) + drawn + inner).min(1000);
        }
        let mut needed = vec![0u64; n];
        let mut kept = vec![false; n];
        for m in (0..n).rev() {
            match self.level(m) {
                Level::Row => continue,
                Level::RowFold | Level::ColFold => needed[m] = 1 << self.stage[m],
                Level::Full => {
                    if escapes(self.out(m)) && needed[m] == 0 {
                        needed[m] = 1 << self.stage[m];
                    }
                    if needed[m].count_ones() > 1 && costs[m] > CHEAP {
                        kept[m] = true;
                        needed[m] = 1 << needed[m].trailing_zeros();
                    }
                }
            }
            self.computed[m] = needed[m];
            for d in self.inner(m) {
                if self.level(d) == Level::Full {
                    needed[d] |= needed[m];
                }
            }
        }
        kept
    }

    /// Whether a member reads random bits that are drawn for it.
    fn draws(&self, m: usize) -> bool {
        self.group.members[m].operands.iter().any(|o| match o {
            Operand::View(view) => view.base.var().and_then(|v| self.group.key_of(v)).is_some(),
            Operand::Lit(_) | Operand::Inner(_) => false,
        })
    }
}

/// The cost of random bits.
const DRAWN: u32 = 28;

/// The cost of a function without an instruction of its own.
const FUNCTION: u32 = 20;

/// What an equation costs, in instructions for a vector, roughly.
pub(in crate::fused) fn cost(eqn: &Eqn) -> u32 {
    use pullback_ir::prim::{binary::Binary, unary::Unary};
    match &eqn.prim {
        Prim::Unary(op) => match op {
            Unary::Neg | Unary::Abs | Unary::Not | Unary::Square | Unary::Floor | Unary::Ceil => 1,
            Unary::Sign | Unary::IsFinite | Unary::Round | Unary::RoundEven => 3,
            Unary::Sqrt => 8,
            Unary::Rsqrt => 14,
            _ => FUNCTION,
        },
        Prim::Binary(op) => match op {
            Binary::Div => 6,
            Binary::Pow | Binary::Rem | Binary::Atan2 | Binary::Nextafter => 40,
            Binary::Max | Binary::Min => 3,
            _ => 1,
        },
        Prim::Identity(_) => 0,
        Prim::IntegerPow(_) | Prim::Clamp(_) | Prim::Convert(_) => 3,
        _ => 1,
    }
}
