//! How fast lines run and how long making code takes. Prints; run it alone, in the release profile:
//!
//! ```text
//! cargo test --release -p pullback-cpu --lib native::tests::speed -- --ignored --nocapture
//! ```

use crate::fused::build::LineBuilder;
use crate::fused::code::{Code, Executor};
use crate::fused::line::{Bin, Cmp, FoldOp, Kind, Line, Reg, Step, Un};
use crate::native::{Isa, Native};
use pullback_ir::DType;
use std::time::Instant;

/// `a·x + b·z − c`.
fn axpby(dtype: DType) -> Line {
    let mut b = LineBuilder::default();
    let [x, z] = [0; 2].map(|_| b.arg(dtype, Step::Next, false));
    let [p, q, r] = [0; 3].map(|_| b.arg(dtype, Step::Same, false));
    let out = b.arg(dtype, Step::Next, true);
    let [x, z, p, q, r] = [x, z, p, q, r].map(|a| b.load(a));
    let (u, v) = (b.bin(Bin::Mul, p, x), b.bin(Bin::Mul, q, z));
    let sum = b.bin(Bin::Add, u, v);
    let w = b.bin(Bin::Sub, sum, r);
    b.store(out, w);
    b.finish()
}

/// Something like an exponential: reduction, a polynomial, scaling.
fn exponential(b: &mut LineBuilder, x: Reg) -> Reg {
    let k = b.kind(x);
    let (terms, shift) = if k == Kind::F64 { (13, 52) } else { (7, 23) };
    let [log2e, high, low] =
        [std::f64::consts::LOG2_E, -0.693359375, 2.1219444e-4].map(|c| b.float(k, c));
    let scaled = b.bin(Bin::Mul, x, log2e);
    let n = b.un(Un::RoundEven, scaled);
    let r = b.fma(n, high, x);
    let r = b.fma(n, low, r);
    let mut p = b.float(k, 1.0 / 6227020800.0);
    for i in 0..terms {
        let c = b.float(k, 1.0 / (1 + i) as f64);
        p = b.fma(p, r, c);
    }
    let i = b.un(Un::ToInt, n);
    let (i, shift) = match k {
        Kind::F64 => (i, b.int(Kind::I64, shift)),
        _ => (i, b.int(Kind::I32, shift)),
    };
    let bits = b.bin(Bin::Shl, i, shift);
    let p = b.un(Un::Bits, p);
    let scaled = b.bin(Bin::Add, p, bits);
    let e = b.un(Un::Float, scaled);
    let (most, inf) = (b.float(k, 88.0), b.float(k, f64::INFINITY));
    let m = b.cmp(Cmp::Lt, x, most);
    b.select(m, e, inf)
}

/// `f(x)` through some exponentials.
fn deep(dtype: DType, exponentials: usize) -> Line {
    let mut b = LineBuilder::default();
    let (x, out) = (b.arg(dtype, Step::Next, false), b.arg(dtype, Step::Next, true));
    let mut x = b.load(x);
    for _ in 0..exponentials {
        let e = exponential(&mut b, x);
        let one = b.float(b.kind(x), 1.0);
        let under = b.bin(Bin::Add, e, one);
        x = b.bin(Bin::Div, x, under);
    }
    b.store(out, x);
    b.finish()
}

fn folds(dtype: DType, ops: &[FoldOp]) -> Line {
    let mut b = LineBuilder::default();
    let x = b.arg(dtype, Step::Next, false);
    let x = b.load(x);
    for &op in ops {
        let out = b.arg(dtype, Step::Same, true);
        b.fold(op, x, out);
    }
    b.finish()
}

/// The best time of many, a run.
fn best(mut f: impl FnMut()) -> f64 {
    let mut best = f64::MAX;
    for _ in 0..50 {
        let start = Instant::now();
        for _ in 0..20 {
            f();
        }
        best = best.min(start.elapsed().as_nanos() as f64 / 20.0);
    }
    best
}

#[test]
#[ignore = "measures"]
fn speed() {
    let lines = [
        ("axpby f32", axpby(DType::F32)),
        ("axpby f64", axpby(DType::F64)),
        ("axpby bf16", axpby(DType::BF16)),
        ("one exp f32", deep(DType::F32, 1)),
        ("four exp f32", deep(DType::F32, 4)),
        ("one exp f64", deep(DType::F64, 1)),
        ("sum f32", folds(DType::F32, &[FoldOp::Sum])),
        ("max f32", folds(DType::F32, &[FoldOp::Max])),
        ("sum f64", folds(DType::F64, &[FoldOp::Sum])),
        ("sum and max f32", folds(DType::F32, &[FoldOp::Sum, FoldOp::Max])),
    ];
    for (name, line) in &lines {
        let mut codes = vec![("tile", Code::new(line.clone(), Executor::Tile, false))];
        for isa in Isa::available() {
            let name = if isa == Isa::Avx512 { "avx512" } else { "avx2" };
            codes.extend(Code::of_isa(line.clone(), isa, false, None).map(|code| (name, code)));
            let time = best(|| drop(Native::new(line, isa, false, None)));
            let count = line.instrs.len();
            println!("{name:8} {:15} made in {:6.1} µs, {count} instructions", "", time / 1e3);
        }
        for n in [8, 100, 4096] {
            let size = line.args[0].dtype.size();
            let mut memory: Vec<Vec<u64>> =
                line.args.iter().map(|_| vec![0; n * size / 8 + 9]).collect();
            let ptrs: Vec<*mut u8> = memory.iter_mut().map(|m| m.as_mut_ptr().cast()).collect();
            let ptrs: Vec<_> =
                ptrs.into_iter().map(|p| p.wrapping_add(p.align_offset(64))).collect();
            let steps = vec![0; ptrs.len()];
            print!("{name:16} n = {n:5}");
            for (who, code) in &codes {
                // SAFETY: each argument has `n` elements and more.
                let time = best(|| unsafe { code.run(&ptrs, &steps, n, 1) });
                print!("   {who} {time:8.1} ns, {:6.3} each", time / n as f64);
            }
            println!();
        }
    }
}
