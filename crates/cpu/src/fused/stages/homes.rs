//! Where values are: results, arrays from outside, scratch arrays of a block.

use super::Stages;
use crate::fused::fold;
use crate::fused::kernel::{KernelArg, Source};
use crate::fused::line::Kind;
use crate::fused::plan::Level;
use crate::fused::view::{View, contiguous};
use pullback_ir::{Atom, DType, Var};
use smallvec::SmallVec;

impl Stages<'_> {
    /// Gives values that are results, or that later stages read, their places.
    pub(super) fn homes(&mut self, escapes: &impl Fn(Var) -> bool, kept: &[bool]) {
        let n = self.group.members.len();
        // Row values that a stage other than their own reads.
        let mut crosses = vec![false; n];
        for m in 0..n {
            for d in self.inner(m) {
                let row = self.level(d) == Level::Row && !self.inline[d];
                crosses[d] |= row
                    && !(self.level(m) == Level::Row
                        && self.stage[m] == self.stage[d]
                        && !self.inline[m]);
            }
        }
        for m in 0..n {
            let escapes = escapes(self.out(m));
            let level = self.level(m);
            let home = match level {
                Level::RowFold => {
                    let lanes = fold::lane_dtype(Kind::of(self.dtype(m)));
                    let same = lanes.size() == self.dtype(m).size();
                    if escapes && !same {
                        self.narrow[m] = Some(self.result(m));
                    }
                    match escapes && same {
                        true => Some(self.result(m)),
                        false => Some(self.keep(lanes, Level::Row)),
                    }
                }
                Level::ColFold => Some(self.result(m)),
                _ if escapes => Some(self.result(m)),
                Level::Row if crosses[m] => Some(self.keep(self.dtype(m), Level::Row)),
                Level::Full if kept[m] => Some(self.keep(self.dtype(m), Level::Full)),
                _ => None,
            };
            self.home[m] = home;
        }
    }

    /// A result.
    fn result(&mut self, m: usize) -> u32 {
        let (out, dtype) = (self.out(m), self.dtype(m));
        let size = dtype.size() as isize;
        let outer = self.layout.outer();
        let bytes =
            |steps: &[isize]| steps.iter().map(|s| s * size).collect::<SmallVec<[isize; 4]>>();
        let (steps, inner) = match self.level(m) {
            Level::Full => {
                let steps = contiguous(&self.layout.sizes);
                (bytes(&steps[..outer.len()]), size)
            }
            // The kernel places the accumulators itself; what goes is added to the same ones.
            Level::ColFold => (bytes(&self.layout.inside()), size),
            Level::Row | Level::RowFold => (bytes(&contiguous(outer)), 0),
        };
        self.outs.push(out);
        self.args.push(KernelArg {
            source: Source::Out(self.outs.len() as u32 - 1),
            dtype,
            offset: 0,
            steps,
            inner,
            stages: (u32::MAX, 0),
        });
        self.args.len() as u32 - 1
    }

    /// A scratch array.
    fn keep(&mut self, dtype: DType, level: Level) -> u32 {
        let size = dtype.size() as isize;
        let n = if level == Level::Full { self.layout.n() } else { 1 };
        let mut steps: SmallVec<[isize; 4]> = SmallVec::from_elem(0, self.layout.outer().len());
        if let Some(last) = steps.last_mut() {
            *last = n as isize * size;
        }
        self.scratch.push((n, dtype.size()));
        let inner = if level == Level::Full { size } else { 0 };
        let source = Source::Scratch(self.scratch.len() as u32 - 1);
        self.args.push(KernelArg { source, dtype, offset: 0, steps, inner, stages: (u32::MAX, 0) });
        self.args.len() as u32 - 1
    }

    /// The argument that reads a view.
    pub(super) fn reading(&mut self, view: &View, level: Level) -> u32 {
        let Atom::Var(base) = view.base else { unreachable!("literals are not read from memory") };
        let dtype = self.dtype_of(base);
        let size = dtype.size() as isize;
        let steps = self.layout.steps(view, level);
        let (outer, inner) = steps.split_at(steps.len() - 1);
        let outer: SmallVec<[isize; 4]> = outer.iter().map(|s| s * size).collect();
        let inner = if self.layout.n() == 1 { 0 } else { inner[0] * size };
        let source = match self.group.key_of(base) {
            Some(key) => Source::Drawn { key: self.key(key), dtype },
            None => self.input(base),
        };
        let offset = view.offset * dtype.size();
        let mut key = outer.clone();
        key.push(inner);
        let next = self.args.len() as u32;
        let arg = *self.arg_of.entry((source, offset, key)).or_insert(next);
        if arg == next {
            self.args.push(KernelArg {
                source,
                dtype,
                offset,
                steps: outer,
                inner,
                stages: (u32::MAX, 0),
            });
        }
        arg
    }

    fn input(&mut self, v: Var) -> Source {
        let known = self.ins.iter().position(|&w| w == v);
        let k = known.unwrap_or_else(|| {
            self.ins.push(v);
            self.ins.len() - 1
        });
        Source::In(k as u32)
    }

    /// The argument that a key is: in one place for all lines, and read to the end.
    fn key(&mut self, v: Var) -> u32 {
        let source = self.input(v);
        let (dtype, stages) = (DType::U32, (0, u32::MAX));
        let known = |a: &KernelArg| (a.source, a.stages) == (source, stages);
        self.args.iter().position(known).unwrap_or_else(|| {
            let steps = SmallVec::from_elem(0, self.layout.outer().len());
            self.args.push(KernelArg { source, dtype, offset: 0, steps, inner: 0, stages });
            self.args.len() - 1
        }) as u32
    }

    fn dtype_of(&self, v: Var) -> DType {
        match self.jaxpr.types().get(v.index()) {
            Some(ty) => ty.dtype(),
            None => self.constants[v.index() - self.jaxpr.n_vars()].dtype(),
        }
    }
}
