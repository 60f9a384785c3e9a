//! What is known about a line before code is emitted: the steps of its body and when values are read.

use crate::fused::line::{Bin, Instr, Kind, Line, Reg};
use smallvec::{SmallVec, smallvec};

/// No step: the value is not read any more.
pub(super) const NEVER: u32 = u32::MAX;

/// A step of the loop's body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Step {
    Instr(u32),
    /// `and` of `mask` and a comparison that nothing else reads, as one instruction.
    Masked {
        and: u32,
        cmp: u32,
        mask: Reg,
    },
    /// Takes a value into a fold's lanes.
    Fold(u32),
}

impl Step {
    pub(super) fn reads(self, line: &Line) -> SmallVec<[Reg; 4]> {
        match self {
            Step::Instr(i) => line.instrs[i as usize].reads(),
            Step::Masked { cmp, mask, .. } => {
                let mut reads = line.instrs[cmp as usize].reads();
                reads.push(mask);
                reads
            }
            Step::Fold(f) => smallvec![line.folds[f as usize].x],
        }
    }

    /// The value that it computes.
    pub(super) fn result(self, line: &Line) -> Option<u32> {
        match self {
            Step::Instr(i) if matches!(line.instrs[i as usize], Instr::Store { .. }) => None,
            Step::Instr(i) | Step::Masked { and: i, .. } => Some(i),
            Step::Fold(_) => None,
        }
    }
}

pub(super) struct Plan {
    /// First those that compute fixed values of others, then those of the body.
    pub(super) steps: Vec<Step>,
    /// Where the body begins.
    pub(super) body: usize,
    /// For each step and operand the next step that reads it.
    pub(super) next: Vec<[u32; 4]>,
    /// For each value the first step that reads it.
    pub(super) first: Vec<u32>,
    /// How often a value is read.
    pub(super) uses: Vec<u32>,
    /// The same all along the line: computed before the loop.
    pub(super) fixed: Vec<bool>,
    /// Loads that can be done again, or later: all that read them come before the first store.
    pub(super) late: Vec<bool>,
}

impl Plan {
    /// `masked`: whether comparisons can be masked.
    pub(super) fn new(line: &Line, masked: bool) -> Plan {
        let fixed = line.fixed();
        let mut steps = live(line, in_order(line, &fixed));
        if masked {
            mask_comparisons(line, &fixed, &mut steps);
        }
        let is_fixed = |s: &Step| s.result(line).is_some_and(|i| fixed[i as usize]);
        let body = steps.iter().take_while(|s| is_fixed(s)).count();
        let count = line.instrs.len();
        let (mut first, mut last) = (vec![NEVER; count], vec![0; count]);
        let (mut next, mut uses) = (vec![[NEVER; 4]; steps.len()], vec![0; count]);
        for (at, step) in steps.iter().enumerate().rev() {
            let reads = step.reads(line);
            for (k, r) in reads.iter().enumerate() {
                next[at][k] = first[r.index()];
                uses[r.index()] += 1;
            }
            for r in reads {
                if first[r.index()] == NEVER {
                    last[r.index()] = at;
                }
                first[r.index()] = at as u32;
            }
        }
        let store = |s: &Step| matches!(s, Step::Instr(i) if matches!(line.instrs[*i as usize], Instr::Store { .. }));
        let first_store = steps.iter().position(store).unwrap_or(steps.len());
        let late = |(i, instr): (usize, &Instr)| match *instr {
            Instr::Load { arg } if !fixed[i] => {
                let dtype = line.args[arg as usize].dtype;
                dtype.size() >= 4 && last[i] <= first_store
            }
            _ => false,
        };
        let late = line.instrs.iter().enumerate().map(late).collect();
        Plan { steps, body, next, first, uses, fixed, late }
    }

    /// How many steps the body has.
    pub(super) fn len(&self) -> usize {
        self.steps.len() - self.body
    }

    /// The largest number of values in vector registers at once, fixed ones aside.
    pub(super) fn pressure(&self, line: &Line, in_vector: impl Fn(Kind) -> bool) -> usize {
        let (mut now, mut most) = (0, 0);
        let counts = |i: usize| {
            let folded = self.late[i] && self.uses[i] == 1;
            !self.fixed[i] && !folded && in_vector(line.kinds[i])
        };
        for (at, step) in self.steps.iter().enumerate() {
            let mut reads = step.reads(line);
            let next = &self.next[at];
            if step.result(line).is_some_and(|i| counts(i as usize)) {
                now += 1;
                most = most.max(now);
            }
            let mut ends: SmallVec<[Reg; 4]> = reads
                .drain(..)
                .enumerate()
                .filter(|(k, _)| next[*k] == NEVER)
                .map(|e| e.1)
                .collect();
            ends.sort_unstable();
            ends.dedup();
            now -= ends.iter().filter(|r| counts(r.index())).count();
        }
        most
    }
}

/// All steps, those of fixed values first. Values are folded as soon as they are there.
fn in_order(line: &Line, fixed: &[bool]) -> Vec<Step> {
    let mut steps = Vec::with_capacity(line.instrs.len() + line.folds.len());
    let computed = |i: &u32| {
        let given = matches!(line.instrs[*i as usize], Instr::Const { .. } | Instr::Load { .. });
        fixed[*i as usize] && !given
    };
    let order = line.order();
    steps.extend(order.iter().copied().filter(computed).map(Step::Instr));
    for i in order {
        if !fixed[i as usize] {
            steps.push(Step::Instr(i));
            let here = (0..line.folds.len()).filter(|&f| line.folds[f].x.0 == i);
            steps.extend(here.map(|f| Step::Fold(f as u32)));
        }
    }
    let rest = (0..line.folds.len()).filter(|&f| fixed[line.folds[f].x.index()]);
    steps.extend(rest.map(|f| Step::Fold(f as u32)));
    steps
}

/// Those steps that something comes of.
fn live(line: &Line, mut steps: Vec<Step>) -> Vec<Step> {
    let mut read = vec![false; line.instrs.len()];
    let mut keep = vec![true; steps.len()];
    for (step, keep) in steps.iter().zip(&mut keep).rev() {
        if let Step::Instr(i) = *step {
            *keep = read[i as usize] || matches!(line.instrs[i as usize], Instr::Store { .. });
        }
        if *keep {
            step.reads(line).iter().for_each(|r| read[r.index()] = true);
        }
    }
    let mut keep = keep.into_iter();
    steps.retain(|_| keep.next() == Some(true));
    steps
}

/// How many steps a comparison may wait, in which its operands keep their registers.
const NEAR: usize = 8;

/// Makes one step of a comparison and the `and` that alone reads it.
fn mask_comparisons(line: &Line, fixed: &[bool], steps: &mut Vec<Step>) {
    let mut uses = vec![0u32; line.instrs.len()];
    let mut at = vec![usize::MAX; line.instrs.len()];
    for (k, step) in steps.iter().enumerate() {
        step.reads(line).iter().for_each(|r| uses[r.index()] += 1);
        if let Some(i) = step.result(line) {
            at[i as usize] = k;
        }
    }
    let mut gone = vec![false; steps.len()];
    for (k, step) in steps.iter_mut().enumerate() {
        let Step::Instr(and) = *step else { continue };
        let Instr::Bin { op: Bin::And, x, y } = line.instrs[and as usize] else { continue };
        let masked = |c: Reg| {
            let comparison = matches!(line.instrs[c.index()], Instr::Cmp { .. });
            let together = fixed[c.index()] == fixed[and as usize];
            comparison
                && together
                && uses[c.index()] == 1
                && k.saturating_sub(at[c.index()]) <= NEAR
        };
        let later = if at[x.index()] > at[y.index()] { [(x, y), (y, x)] } else { [(y, x), (x, y)] };
        if let Some((cmp, mask)) = later.into_iter().find(|(c, _)| masked(*c)) {
            gone[at[cmp.index()]] = true;
            *step = Step::Masked { and, cmp: cmp.0, mask };
        }
    }
    let mut gone = gone.into_iter();
    steps.retain(|_| gone.next() == Some(false));
}
