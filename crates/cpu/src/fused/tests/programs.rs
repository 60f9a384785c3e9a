//! Random programs: deep ones that need more registers than there are, and many arguments.

use super::super::build::LineBuilder;
use super::super::code::Rows;
use super::super::line::{Cmp, Kind, Line, RareFn, Reg, Step};
use super::every_op::{BINS, CMPS, FOLDS, KINDS, UNS, dtype};
use super::{Memory, Random, SIZES, check, executors, executors_for};
use crate::kernel::kernel;
use pullback_ir::prim::unary::Unary;
use pullback_ir::{DType, Prim};

struct Programs {
    b: LineBuilder,
    values: Vec<Reg>,
    random: Random,
}

impl Programs {
    /// A value of the kind: a recent one, or one of long ago.
    fn value(&mut self, kind: Kind) -> Option<Reg> {
        let of_kind: Vec<Reg> =
            self.values.iter().copied().filter(|&r| self.b.kind(r) == kind).collect();
        (!of_kind.is_empty()).then(|| self.random.pick(&of_kind))
    }

    /// The value, or a number where it is NaN: bits of NaNs are left open.
    fn number(&mut self, r: Reg) -> Reg {
        let kind = self.b.kind(r);
        if !kind.is_float() {
            return r;
        }
        let (m, c) = (self.b.cmp(Cmp::Eq, r, r), self.b.float(kind, 1.25));
        self.b.select(m, r, c)
    }

    /// One more instruction, if the one that was drawn is possible.
    fn grow(&mut self, calls: bool) -> Option<()> {
        use super::super::line::{Bin, Un};
        let kind = self.random.pick(&KINDS);
        let (x, y) = (self.value(kind)?, self.value(kind)?);
        let r = match self.random.below(if calls { 12 } else { 10 }) {
            0..=2 => {
                let op = self.random.pick(&UNS);
                allowed(kind, |b, x| b.un(op, x))?;
                let x = if op == Un::Bits { self.number(x) } else { x };
                self.b.un(op, x)
            }
            3..=6 => {
                let op = self.random.pick(&BINS);
                allowed(kind, |b, x| b.bin(op, x, x))?;
                let bits = matches!(op, Bin::And | Bin::Or | Bin::Xor);
                let (x, y) = if bits { (self.number(x), self.number(y)) } else { (x, y) };
                self.b.bin(op, x, y)
            }
            7 => {
                let op = self.random.pick(&CMPS);
                allowed(kind, |b, x| b.cmp(op, x, x))?;
                self.b.cmp(op, x, y)
            }
            8 => {
                allowed(kind, |b, x| b.fma(x, x, x))?;
                let z = self.value(kind)?;
                self.b.fma(x, y, z)
            }
            9 => {
                let m = self.value(Kind::Mask)?;
                if kind == Kind::Mask {
                    return None;
                }
                self.b.select(m, x, y)
            }
            10 => {
                let m = self.value(Kind::Mask)?;
                if kind == Kind::Mask {
                    return None;
                }
                let (x, y) = (self.number(x), self.number(y));
                self.b.rare(
                    m,
                    RareFn::Bits(|[x, y]| (x.wrapping_mul(5) ^ y) & 0x3fff_ffff),
                    [x, y],
                    x,
                )
            }
            _ => {
                let op = self.random.pick(&[Unary::Neg, Unary::Not]);
                let kernel = kernel(&Prim::Unary(op), &[dtype(kind)])?;
                self.b.call(kernel, [x, x, x])
            }
        };
        self.values.push(r);
        Some(())
    }
}

/// Whether an instruction is one, on operands of the kind.
fn allowed(kind: Kind, make: impl FnOnce(&mut LineBuilder, Reg) -> Reg) -> Option<()> {
    let mut b = LineBuilder::default();
    let arg = b.arg(dtype(kind), Step::Next, false);
    let x = b.load(arg);
    make(&mut b, x);
    b.finish().check().ok()
}

fn program(seed: u64, kinds: &[DType], args: usize, instrs: usize, calls: bool) -> Line {
    let mut p = Programs { b: LineBuilder::default(), values: Vec::new(), random: Random(seed) };
    for _ in 0..args {
        let step = p.random.pick(&[Step::Same, Step::Next, Step::Next]);
        let dtype = p.random.pick(kinds);
        let arg = p.b.arg(dtype, step, false);
        let r = p.b.load(arg);
        p.values.push(r);
    }
    for kind in
        KINDS.into_iter().filter(|&k| kinds.iter().any(|&d| Kind::of(d) == k && k != Kind::Mask))
    {
        let bits = if kind.is_float() { p.b.float(kind, 0.75) } else { p.b.int(kind, 5) };
        p.values.push(bits);
    }
    for _ in 0..instrs {
        p.grow(calls);
    }
    let folds = seed.is_multiple_of(2);
    // What nothing reads is stored or folded, so that all of it counts.
    let read: Vec<Reg> = p.b.line().instrs.iter().flat_map(|i| i.reads()).collect();
    for r in p.values.clone().into_iter().filter(|r| !read.contains(r)) {
        let kind = p.b.kind(r);
        if folds && p.random.below(3) == 0 && kind != Kind::Mask {
            let integer = matches!(kind, Kind::I32 | Kind::I64);
            let op = p.random.pick(&FOLDS[..if integer { 9 } else { 4 }]);
            let arg = p.b.arg(dtype(kind), Step::Same, true);
            p.b.fold(op, r, arg);
        } else {
            let like: Vec<DType> =
                DType::ALL.into_iter().filter(|&d| Kind::of(d) == kind).collect();
            let dtype = p.random.pick(&like);
            let arg = p.b.arg(dtype, Step::Next, true);
            p.b.store(arg, r);
        }
    }
    p.b.finish()
}

fn check_programs(count: u64, kinds: &[DType], args: usize, instrs: usize, calls: bool) {
    for seed in 0..count {
        let line = program(seed, kinds, args, instrs, calls);
        assert_eq!(line.check(), Ok(()));
        let codes = executors(&line);
        let mut random = Random(seed ^ 0xabc);
        for _ in 0..4 {
            let n = random.pick(&SIZES);
            let rows = random.below(4);
            check(&line, &codes, &Memory::new(&line, n, rows, random.below(2) == 0, &mut random));
        }
    }
}

/// Rows of few vectors, most of them as the code was made for: so long, and the same arguments still.
fn check_short_rows(count: u64, kinds: &[DType], args: usize, instrs: usize) {
    for seed in 0..count {
        // Those of odd seeds have no folds.
        let line = program(2 * seed + 1, kinds, args, instrs, seed.is_multiple_of(16));
        let mut random = Random(seed ^ 0xdef);
        for n in [4, 8, 16, 24, 32, 48, 64] {
            let in_place = random.below(2) == 0;
            let mut memory = Memory::new(&line, n, random.below(5), in_place, &mut random);
            let mut still = memory.hold_still(&line, &mut random);
            let others = random.below(8);
            if others == 0 {
                still.iter_mut().for_each(|s| *s = true);
            }
            let rows = Rows { n: if others == 1 { 2 * n } else { n }, still };
            check(&line, &executors_for(&line, Some(&rows)), &memory);
        }
    }
}

#[test]
fn over_short_rows() {
    check_short_rows(60, &[DType::F32, DType::I32, DType::Bool], 4, 8);
    check_short_rows(60, &[DType::F32], 14, 20);
    check_short_rows(60, &[DType::F64, DType::I64], 5, 8);
    check_short_rows(60, &DType::ALL, 6, 12);
}

#[test]
fn of_single_precision() {
    check_programs(120, &[DType::F32, DType::I32, DType::Bool], 4, 20, false);
}

#[test]
fn of_all_dtypes() {
    check_programs(120, &DType::ALL, 8, 30, false);
}

#[test]
fn deep() {
    check_programs(40, &[DType::F32, DType::U32, DType::F16, DType::Bool], 6, 250, false);
    check_programs(40, &DType::ALL, 40, 250, false);
}

#[test]
fn with_calls() {
    check_programs(100, &DType::ALL, 8, 40, true);
    check_programs(50, &[DType::F32, DType::I8, DType::Bool], 12, 120, true);
}

/// Arrays that end where memory does: a byte too far, and the system ends the process.
#[cfg(unix)]
#[test]
fn at_the_end_of_memory() {
    const PAGE: usize = 65536;
    let path = std::env::temp_dir().join(format!("pullback-page-{}", std::process::id()));
    std::fs::write(&path, vec![0; PAGE]).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    // Behind the end of the file there is nothing, though addresses are taken.
    // SAFETY: nothing else has the file; what is behind its end is not touched, or so we hope.
    let page = || unsafe { memmap2::MmapOptions::new().len(2 * PAGE).map_copy(&file).unwrap() };
    let mut pages: Vec<_> = (0..60).map(|_| page()).collect();
    for seed in 0..120 {
        let line = program(seed, &DType::ALL, 6, 25, seed.is_multiple_of(4));
        assert!(line.args.len() <= pages.len());
        for (_, code) in executors(&line) {
            for n in [1, 3, 4, 5, 8, 13, 16, 29, 32, 50, 64, 77] {
                let end = |page: &mut memmap2::MmapMut, bytes| page[PAGE - bytes..].as_mut_ptr();
                let size = |i: usize| match line.args[i].step {
                    Step::Same => line.args[i].dtype.size(),
                    Step::Next => n * line.args[i].dtype.size(),
                };
                let ptrs: Vec<*mut u8> =
                    (0..line.args.len()).map(|i| end(&mut pages[i], size(i))).collect();
                // SAFETY: each argument has as many bytes as it asks for.
                unsafe { code.run(&ptrs, &vec![0; ptrs.len()], n, 1) };
            }
        }
    }
}
