//! Lines, an element at a time: the module documentation of `line` in the plainest Rust.

use super::super::line::{Bin, Cmp, FOLD_LANES, Fold, FoldOp, Instr, Kind, Line, Step, Un};
use super::Memory;
use half::{bf16, f16};
use pullback_ir::DType;
use pullback_ir::scalar::RealScalar;

/// Runs a line. Lanes are kept as bits, zero-extended.
pub(super) fn run(line: &Line, memory: &mut Memory) {
    for row in 0..memory.rows {
        let mut lanes: Vec<_> = line
            .folds
            .iter()
            .map(|f| [Fold::identity(f.op, line.kinds[f.x.index()]); FOLD_LANES])
            .collect();
        for j in 0..memory.n {
            let values = place(line, memory, row, j);
            for instr in &line.instrs {
                if let Instr::Store { arg, x } = *instr {
                    let dtype = line.args[arg as usize].dtype;
                    let x = narrow(dtype, values[x.index()]);
                    memory.set(dtype, arg as usize, row, j, x);
                }
            }
            for (fold, lanes) in line.folds.iter().zip(&mut lanes) {
                let lane = &mut lanes[j % FOLD_LANES];
                *lane = take(fold.op, line.kinds[fold.x.index()], *lane, values[fold.x.index()]);
            }
        }
        for (fold, lanes) in line.folds.iter().zip(&mut lanes) {
            for width in [16, 8, 4, 2, 1] {
                for i in 0..width {
                    let kind = line.kinds[fold.x.index()];
                    lanes[i] = take(fold.op, kind, lanes[i], lanes[i + width]);
                }
            }
            memory.set(line.args[fold.arg as usize].dtype, fold.arg as usize, row, 0, lanes[0]);
        }
    }
}

/// All values at one place.
fn place(line: &Line, memory: &Memory, row: usize, j: usize) -> Vec<u64> {
    let mut v = Vec::with_capacity(line.instrs.len());
    for instr in &line.instrs {
        let value = match *instr {
            Instr::Const { bits, .. } => bits,
            Instr::Load { arg } => {
                let a = line.args[arg as usize];
                let j = if a.step == Step::Same { 0 } else { j };
                widen(a.dtype, memory.element(a.dtype, arg as usize, row, j))
            }
            Instr::Un { op, x } => un(op, line.kinds[x.index()], v[x.index()]),
            Instr::Bin { op, x, y } => bin(op, line.kinds[x.index()], v[x.index()], v[y.index()]),
            Instr::Fma { x, y, z } => {
                let (x, y, z) = (v[x.index()], v[y.index()], v[z.index()]);
                match line.kinds[v.len()] {
                    Kind::F32 => f(s(x).mul_add(s(y), s(z))),
                    _ => d(x).mul_add(d(y), d(z)).to_bits(),
                }
            }
            Instr::Cmp { op, x, y } => {
                let (k, x, y) = (line.kinds[x.index()], v[x.index()], v[y.index()]);
                let order = match k {
                    Kind::F32 => s(x).partial_cmp(&s(y)),
                    Kind::F64 => d(x).partial_cmp(&d(y)),
                    _ if matches!(op, Cmp::LtU | Cmp::LeU) => x.partial_cmp(&y),
                    Kind::I32 => (x as i32).partial_cmp(&(y as i32)),
                    _ => (x as i64).partial_cmp(&(y as i64)),
                };
                u64::from(match op {
                    Cmp::Eq => order.is_some_and(|o| o.is_eq()),
                    Cmp::Ne => order.is_none_or(|o| o.is_ne()),
                    Cmp::Lt | Cmp::LtU => order.is_some_and(|o| o.is_lt()),
                    Cmp::Le | Cmp::LeU => order.is_some_and(|o| o.is_le()),
                })
            }
            Instr::Select { m, x, y } => v[if v[m.index()] != 0 { x } else { y }.index()],
            Instr::Lookup { table, x } => f(table[(v[x.index()] & 31) as usize]),
            Instr::Rare { m, f, ins, y } => {
                let size = line.kinds[y.index()].size();
                if v[m.index()] == 0 {
                    v[y.index()]
                } else {
                    f.call([v[ins[0].index()], v[ins[1].index()]]) & (u64::MAX >> (64 - 8 * size))
                }
            }
            Instr::Call { kernel, ins } => {
                let operand = |k: usize| narrow(kernel.ins[k], v[ins[k].index()]);
                let operands: Vec<u64> = (0..kernel.arity).map(operand).collect();
                let mut ptrs = [std::ptr::null(); 3];
                for (p, x) in ptrs.iter_mut().zip(&operands) {
                    *p = std::ptr::from_ref(x).cast();
                }
                let mut out = 0u64;
                // SAFETY: words have room for one element of any dtype.
                unsafe { kernel.run(ptrs, (&raw mut out).cast(), 1) };
                widen(kernel.out, out)
            }
            Instr::Store { .. } => 0,
        };
        v.push(value);
    }
    v
}

fn s(x: u64) -> f32 {
    f32::from_bits(x as u32)
}

fn d(x: u64) -> f64 {
    f64::from_bits(x)
}

fn f(x: f32) -> u64 {
    x.to_bits().into()
}

fn w(x: i32) -> u64 {
    (x as u32).into()
}

fn widen(dtype: DType, x: u64) -> u64 {
    match dtype {
        DType::I8 => w((x as i8).into()),
        DType::F16 => f(f16::from_bits(x as u16).to_f32()),
        DType::BF16 => f(bf16::from_bits(x as u16).to_f32()),
        _ => x,
    }
}

fn narrow(dtype: DType, x: u64) -> u64 {
    match dtype {
        DType::F16 => f16::from_f32(s(x)).to_bits().into(),
        DType::BF16 => bf16::from_f32(s(x)).to_bits().into(),
        _ => x & (u64::MAX >> (64 - 8 * dtype.size())),
    }
}

fn un(op: Un, kind: Kind, x: u64) -> u64 {
    let float = |single: fn(f32) -> f32, double: fn(f64) -> f64| match kind {
        Kind::F32 => f(single(s(x))),
        _ => double(d(x)).to_bits(),
    };
    match op {
        Un::Neg if kind.is_float() => float(|x| -x, |x| -x),
        Un::Neg if kind == Kind::I32 => w((x as i32).wrapping_neg()),
        Un::Neg => (x as i64).wrapping_neg() as u64,
        Un::Abs => float(f32::abs, f64::abs),
        Un::Sqrt => float(f32::sqrt, f64::sqrt),
        Un::Floor => float(f32::floor, f64::floor),
        Un::Ceil => float(f32::ceil, f64::ceil),
        Un::Trunc => float(f32::trunc, f64::trunc),
        Un::RoundEven => float(f32::round_ties_even, f64::round_ties_even),
        Un::Exponent => f(match s(x).abs() {
            x if x.is_nan() || x.is_infinite() => x,
            0.0 => f32::NEG_INFINITY,
            x => ((f64::from(x).to_bits() >> 52) as i32 - 1023) as f32,
        }),
        Un::Mantissa => f(match s(x).abs() {
            x if x.is_nan() => x,
            x if x.is_infinite() || x == 0.0 => 1.0,
            x => {
                let bits = f64::from(x).to_bits();
                f64::from_bits(bits & ((1 << 52) - 1) | 1023 << 52) as f32
            }
        }),
        Un::RoundF16 => f(f16::from_f32(s(x)).to_f32()),
        Un::Not if kind == Kind::Mask => 1 - x,
        Un::Not if kind == Kind::I32 => w(!(x as i32)),
        Un::Not => !x,
        Un::Widen => f64::from(s(x)).to_bits(),
        Un::Narrow => f(d(x) as f32),
        Un::Bits | Un::Float | Un::ZeroExtend => x,
        Un::SignExtend => i64::from(x as i32) as u64,
        Un::Truncate => w(x as i32),
        Un::ToFloat if kind == Kind::I32 => f(x as i32 as f32),
        Un::ToFloat => (x as i64 as f64).to_bits(),
        Un::ToDouble => f64::from(x as i32).to_bits(),
        Un::ToInt if kind == Kind::F32 => match s(x) {
            x if x >= -(2f32.powi(31)) && x < 2f32.powi(31) => w(x as i32),
            _ => w(i32::MIN),
        },
        Un::ToInt => match d(x) {
            x if x >= -(2f64.powi(63)) && x < 2f64.powi(63) => x as i64 as u64,
            _ => i64::MIN as u64,
        },
    }
}

/// On 32-bit lanes as on 64-bit ones, but for the width.
macro_rules! int {
    ($op:expr, $x:expr, $y:expr, $i:ty, $u:ty) => {{
        let (x, y) = ($x as $u, $y as $u);
        let (sx, sy) = (x as $i, y as $i);
        let wide = u64::from(y) >= u64::from(<$u>::BITS);
        u64::from(match $op {
            Bin::Add => x.wrapping_add(y),
            Bin::Sub => x.wrapping_sub(y),
            Bin::Mul => x.wrapping_mul(y),
            Bin::Max => sx.max(sy) as $u,
            Bin::Min => sx.min(sy) as $u,
            Bin::MaxU => x.max(y),
            Bin::MinU => x.min(y),
            Bin::And => x & y,
            Bin::Or => x | y,
            Bin::Xor => x ^ y,
            Bin::Shl | Bin::Shr if wide => 0,
            Bin::Shl => x << y,
            Bin::Shr => x >> y,
            Bin::Sar if wide => (sx >> (<$u>::BITS - 1)) as $u,
            Bin::Sar => (sx >> y) as $u,
            Bin::Div | Bin::Scale => unreachable!("of floats only"),
        })
    }};
}

macro_rules! float {
    ($op:expr, $x:expr, $y:expr) => {
        match $op {
            Bin::Add => $x + $y,
            Bin::Sub => $x - $y,
            Bin::Mul => $x * $y,
            Bin::Div => $x / $y,
            Bin::Scale => $x.scaled($y),
            Bin::Max => {
                if $x > $y {
                    $x
                } else {
                    $y
                }
            }
            _ => {
                if $x < $y {
                    $x
                } else {
                    $y
                }
            }
        }
    };
}

trait Scaled {
    fn scaled(self, n: Self) -> Self;
}

impl Scaled for f32 {
    fn scaled(self, n: f32) -> f32 {
        (f64::from(self) * f64::from(n).exp2()) as f32
    }
}

impl Scaled for f64 {
    fn scaled(self, n: f64) -> f64 {
        // Only the last step may round, and its factor is the smaller the smaller the result.
        let part = (n / 2.0).trunc();
        self * part.exp2() * (n - part).exp2()
    }
}

fn bin(op: Bin, kind: Kind, x: u64, y: u64) -> u64 {
    let is_bits = matches!(op, Bin::And | Bin::Or | Bin::Xor);
    match kind {
        Kind::F32 if !is_bits => f(float!(op, s(x), s(y))),
        Kind::F64 if !is_bits => float!(op, d(x), d(y)).to_bits(),
        Kind::I32 | Kind::F32 => int!(op, x, y, i32, u32),
        _ => int!(op, x, y, i64, u64),
    }
}

fn take(op: FoldOp, kind: Kind, x: u64, y: u64) -> u64 {
    let op = match op {
        FoldOp::Max if kind == Kind::F32 => return f(s(x).larger(s(y))),
        FoldOp::Max if kind == Kind::F64 => return d(x).larger(d(y)).to_bits(),
        FoldOp::Min if kind == Kind::F32 => return f(s(x).smaller(s(y))),
        FoldOp::Min if kind == Kind::F64 => return d(x).smaller(d(y)).to_bits(),
        FoldOp::Sum => Bin::Add,
        FoldOp::Prod => Bin::Mul,
        FoldOp::Max => Bin::Max,
        FoldOp::Min => Bin::Min,
        FoldOp::MaxU => Bin::MaxU,
        FoldOp::MinU => Bin::MinU,
        FoldOp::And => Bin::And,
        FoldOp::Or => Bin::Or,
        FoldOp::Xor => Bin::Xor,
    };
    bin(op, kind, x, y)
}
