//! Each instruction alone, on every kind and dtype that the checker lets through.

use super::super::build::LineBuilder;
use super::super::line::{Bin, Cmp, FoldOp, Instr, Kind, Line, RareFn, Reg, Step, Un};
use super::{Random, check_sizes};
use crate::kernel::kernel;
use pullback_ir::DType;

pub(super) const KINDS: [Kind; 5] = [Kind::F32, Kind::F64, Kind::I32, Kind::I64, Kind::Mask];
pub(super) const UNS: [Un; 21] = [
    Un::Neg,
    Un::Abs,
    Un::Sqrt,
    Un::Floor,
    Un::Ceil,
    Un::Trunc,
    Un::RoundEven,
    Un::Exponent,
    Un::Mantissa,
    Un::RoundF16,
    Un::Not,
    Un::Widen,
    Un::Narrow,
    Un::Bits,
    Un::Float,
    Un::SignExtend,
    Un::ZeroExtend,
    Un::Truncate,
    Un::ToFloat,
    Un::ToDouble,
    Un::ToInt,
];
pub(super) const BINS: [Bin; 14] = [
    Bin::Add,
    Bin::Sub,
    Bin::Mul,
    Bin::Div,
    Bin::Max,
    Bin::Min,
    Bin::MaxU,
    Bin::MinU,
    Bin::And,
    Bin::Or,
    Bin::Xor,
    Bin::Shl,
    Bin::Shr,
    Bin::Sar,
];
pub(super) const CMPS: [Cmp; 6] = [Cmp::Eq, Cmp::Ne, Cmp::Lt, Cmp::Le, Cmp::LtU, Cmp::LeU];
pub(super) const FOLDS: [FoldOp; 9] = [
    FoldOp::Sum,
    FoldOp::Prod,
    FoldOp::Max,
    FoldOp::Min,
    FoldOp::MaxU,
    FoldOp::MinU,
    FoldOp::And,
    FoldOp::Or,
    FoldOp::Xor,
];

pub(super) fn dtype(kind: Kind) -> DType {
    match kind {
        Kind::F32 => DType::F32,
        Kind::F64 => DType::F64,
        Kind::I32 => DType::I32,
        Kind::I64 => DType::I64,
        Kind::Mask => DType::Bool,
    }
}

/// The line `out = make(x, y, z)`, with operands of kinds; none if the checker says so. Operands are
/// arrays, but for the one of the given number, which does not step.
fn line(
    kinds: [Kind; 3],
    same: usize,
    make: impl FnOnce(&mut LineBuilder, [Reg; 3]) -> Reg,
) -> Option<Line> {
    let mut b = LineBuilder::default();
    let mut operand = 0;
    let operands = kinds.map(|kind| {
        let step = if operand == same { Step::Same } else { Step::Next };
        operand += 1;
        let arg = b.arg(dtype(kind), step, false);
        b.load(arg)
    });
    let z = make(&mut b, operands);
    let out = b.arg(dtype(b.kind(z)), Step::Next, true);
    b.store(out, z);
    let line = b.finish();
    line.check().is_ok().then_some(line)
}

/// Checks the lines with arrays only, and with each operand the same in all places.
fn each(kinds: [Kind; 3], arity: usize, make: impl Fn(&mut LineBuilder, [Reg; 3]) -> Reg) -> usize {
    let mut random = Random(7);
    let mut count = 0;
    for same in (0..arity).chain([3]) {
        if let Some(line) = line(kinds, same, &make) {
            check_sizes(&line, &mut random);
            count = 1;
        }
    }
    count
}

#[test]
fn unary() {
    let mut count = 0;
    for (op, kind) in UNS.iter().flat_map(|op| KINDS.map(|kind| (*op, kind))) {
        count += each([kind; 3], 1, |b, [x, ..]| b.un(op, x));
    }
    assert_eq!(count, 4 + 6 * 2 + 2 + 1 + 3 + 1 + 1 + 2 + 2 + 3 + 2 + 1 + 2);
}

#[test]
fn binary() {
    let mut count = 0;
    for (op, kind) in BINS.iter().flat_map(|op| KINDS.map(|kind| (*op, kind))) {
        count += each([kind; 3], 2, |b, [x, y, _]| b.bin(op, x, y));
    }
    assert_eq!(count, 5 * 4 + 2 + 3 * 5 + 5 * 2);
}

/// Where it means something: small factors, integers that powers of two may have.
#[test]
fn scale() {
    for (kind, most) in [(Kind::F32, 250.0), (Kind::F64, 2040.0)] {
        let count = each([kind; 3], 2, |b, [x, y, _]| {
            let [low, high, down, up] = [0.5, 1.9, -most, most].map(|c| b.float(kind, c));
            let x = b.bin(Bin::Max, x, low);
            let x = b.bin(Bin::Min, x, high);
            let y = b.bin(Bin::Max, y, down);
            let y = b.bin(Bin::Min, y, up);
            let y = b.un(Un::RoundEven, y);
            b.bin(Bin::Scale, x, y)
        });
        assert_eq!(count, 1);
    }
}

#[test]
fn lookup() {
    static TABLE: [f32; 32] = {
        let mut table = [0.5; 32];
        let mut i = 0;
        while i < 32 {
            table[i] += i as f32;
            i += 1;
        }
        table
    };
    assert_eq!(each([Kind::I32; 3], 1, |b, [x, ..]| b.lookup(&TABLE, x)), 1);
}

#[test]
fn compare() {
    let mut count = 0;
    for (op, kind) in CMPS.iter().flat_map(|op| KINDS.map(|kind| (*op, kind))) {
        count += each([kind; 3], 2, |b, [x, y, _]| b.cmp(op, x, y));
    }
    assert_eq!(count, 4 * 4 + 2 * 2);
}

#[test]
fn compare_and_choose() {
    for (of, to) in KINDS.iter().flat_map(|of| KINDS.map(|to| (*of, to))) {
        if of != Kind::Mask && to != Kind::Mask {
            each([of, of, to], 3, |b, [x, y, z]| {
                let m = b.cmp(Cmp::Lt, x, y);
                let zero = b.constant(to, 0);
                b.select(m, z, zero)
            });
        }
    }
}

#[test]
fn fma_and_select() {
    let mut count = 0;
    for kind in KINDS {
        count += each([kind; 3], 3, |b, [x, y, z]| b.fma(x, y, z));
        count += each([kind; 3], 1, |b, [x, ..]| b.fma(x, x, x));
        if kind != Kind::Mask {
            count += each([Kind::Mask, kind, kind], 3, |b, [m, x, y]| b.select(m, x, y));
        }
    }
    assert_eq!(count, 2 + 2 + 4);
}

#[test]
fn constants_and_index() {
    for kind in KINDS {
        if kind != Kind::Mask {
            each([kind; 3], 1, |b, [x, ..]| {
                let c = b.constant(kind, 0x7654_3210);
                b.bin(Bin::Sub, c, x)
            });
        }
    }
}

/// A copy in each dtype, through its lanes and through arithmetic.
#[test]
fn dtypes() {
    let mut random = Random(3);
    for dtype in DType::ALL {
        for step in [Step::Same, Step::Next] {
            for twice in [false, true] {
                let mut b = LineBuilder::default();
                let (x, z) = (b.arg(dtype, step, false), b.arg(dtype, Step::Next, true));
                let mut v = b.load(x);
                if twice {
                    let op = if b.kind(v) == Kind::Mask { Bin::Xor } else { Bin::Add };
                    v = b.bin(op, v, v);
                }
                b.store(z, v);
                check_sizes(&b.finish(), &mut random);
            }
        }
    }
}

#[test]
fn folds() {
    let mut random = Random(5);
    let mut count = 0;
    for (op, kind) in FOLDS.iter().flat_map(|op| KINDS.map(|kind| (*op, kind))) {
        let mut b = LineBuilder::default();
        let (x, z) = (b.arg(dtype(kind), Step::Next, false), b.arg(dtype(kind), Step::Same, true));
        let x = b.load(x);
        b.fold(op, x, z);
        let line = b.finish();
        if line.check().is_ok() {
            count += 1;
            check_sizes(&line, &mut random);
        }
    }
    assert_eq!(count, 4 * 4 + 5 * 2);
}

/// Several folds of several kinds, of values that are stored as well, fixed ones among them.
#[test]
fn folds_together() {
    let mut random = Random(6);
    let mut b = LineBuilder::default();
    let [x, y, c] = [DType::F32, DType::F64, DType::F32].map(|d| b.arg(d, Step::Next, false));
    let fixed = b.arg(DType::F32, Step::Same, false);
    let outs = [DType::F32, DType::F64, DType::F32, DType::I32, DType::F32, DType::F32]
        .map(|d| b.arg(d, Step::Same, true));
    let z = b.arg(DType::F32, Step::Next, true);
    let [x, y, c, fixed] = [x, y, c, fixed].map(|a| b.load(a));
    let wide = b.un(Un::Widen, x);
    let (product, sum) = (b.bin(Bin::Mul, wide, y), b.fma(x, c, fixed));
    let (one, j) = (b.float(Kind::F32, 1.0), b.un(Un::Bits, c));
    b.store(z, sum);
    b.fold(FoldOp::Sum, x, outs[0]);
    b.fold(FoldOp::Max, product, outs[1]);
    b.fold(FoldOp::Sum, sum, outs[2]);
    b.fold(FoldOp::Sum, j, outs[3]);
    b.fold(FoldOp::Sum, one, outs[4]);
    b.fold(FoldOp::Prod, fixed, outs[5]);
    check_sizes(&b.finish(), &mut random);
}

#[test]
fn rare_lanes() {
    let double = |[x, y]: [u64; 2]| (f64::from_bits(x) * 3.0 + f64::from_bits(y)).to_bits();
    let word = |[x, y]: [u64; 2]| x.wrapping_mul(3).wrapping_add(y) & 0xffff_ffff;
    each([Kind::F64; 3], 3, |b, [x, y, z]| {
        let m = b.cmp(Cmp::Lt, x, y);
        let r = b.rare(m, RareFn::Bits(double), [x, y], z);
        b.bin(Bin::Mul, r, x)
    });
    each([Kind::I32; 3], 3, |b, [x, y, z]| {
        let m = b.cmp(Cmp::Eq, x, y);
        let r = b.rare(m, RareFn::Bits(word), [x, y], z);
        b.bin(Bin::Add, r, x)
    });
    each([Kind::Mask, Kind::I32, Kind::I32], 3, |b, [m, x, y]| {
        let r = b.rare(m, RareFn::Bits(word), [x, x], y);
        let n = b.un(Un::Not, m);
        b.select(n, r, y)
    });
}

/// Functions that have no form for lanes, with operands of every dtype.
#[test]
fn calls() {
    use pullback_ir::Prim;
    use pullback_ir::prim::binary::Binary;
    use pullback_ir::prim::compare::Compare;
    use pullback_ir::prim::unary::Unary;
    let mut random = Random(9);
    for dtype in DType::ALL {
        let prims = [
            (Prim::Unary(Unary::Neg), 1),
            (Prim::Unary(Unary::Not), 1),
            (Prim::Binary(Binary::Max), 2),
            (Prim::Compare(Compare::Lt), 2),
        ];
        for (prim, arity) in prims {
            let Some(kernel) = kernel(&prim, &[dtype; 2][..arity]) else { continue };
            let mut b = LineBuilder::default();
            let (x, y) = (b.arg(dtype, Step::Next, false), b.arg(dtype, Step::Next, false));
            let z = b.arg(kernel.out, Step::Next, true);
            let (x, y) = (b.load(x), b.load(y));
            let v = b.call(kernel, [x, y, x]);
            b.store(z, v);
            let line = b.finish();
            assert!(matches!(line.instrs[2], Instr::Call { .. }));
            check_sizes(&line, &mut random);
        }
    }
}

/// A store before a load of the same array, which the load must not see.
#[test]
fn stores_after_loads() {
    let mut random = Random(11);
    let mut b = LineBuilder::default();
    let [x, y, p, q] = [false, false, true, true].map(|out| b.arg(DType::F32, Step::Next, out));
    let u = b.load(x);
    b.store(q, u);
    let v = b.load(y);
    b.store(p, v);
    let w = b.bin(Bin::Add, u, v);
    let r = b.arg(DType::F32, Step::Next, true);
    b.store(r, w);
    check_sizes(&b.finish(), &mut random);
}

/// More folds than there are registers for their lanes, of fixed values too, and values for the moment.
#[test]
fn many_folds() {
    let mut random = Random(13);
    for kind in [Kind::F32, Kind::F64, Kind::I32] {
        let mut b = LineBuilder::default();
        let x = b.arg(dtype(kind), Step::Next, false);
        let x = b.load(x);
        let mut values = vec![x];
        for _ in 0..9 {
            let same = b.arg(dtype(kind), Step::Same, false);
            let same = b.load(same);
            let last = values[values.len() - 1];
            values.extend([same, b.bin(Bin::Max, same, last)]);
        }
        for (i, &v) in values.iter().enumerate() {
            let out = b.arg(dtype(kind), Step::Same, true);
            b.fold([FoldOp::Max, FoldOp::Sum, FoldOp::Min][i % 3], v, out);
        }
        if kind == Kind::F32 {
            let m = b.cmp(Cmp::Lt, values[1], values[3]);
            let r = b.rare(m, RareFn::Bits(|[x, _]| x ^ 1), [values[3], values[5]], values[7]);
            for r in [values[1], r] {
                let out = b.arg(DType::BF16, Step::Next, true);
                b.store(out, r);
            }
        }
        check_sizes(&b.finish(), &mut random);
    }
}
