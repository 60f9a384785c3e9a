//! `simplify` keeps every bit where it could go wrong: signed zeros, infinities, NaN, the ends of
//! integer dtypes. Patterns are tried exhaustively, over all primitives and dtypes that have them.

use crate::support::*;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::convert::Convert;
use pullback_ir::prim::integer_pow::IntegerPow;
use pullback_ir::prim::reduce::{Reduce, ReduceOp};
use pullback_ir::prim::select::SelectN;
use pullback_ir::prim::unary::Unary;
use pullback_ir::{
    Atom, Builder, DType, Element, Error, Jaxpr, Lit, Type, Value, check, transform,
};

const NUMBERS: [f64; 24] = [
    0.0,
    -0.0,
    1.0,
    -1.0,
    2.0,
    0.5,
    3.0,
    -2.5,
    0.1,
    7.9,
    127.0,
    128.0,
    255.0,
    300.0,
    -129.0,
    2049.0,
    65504.0,
    2147483648.0,
    1e-7,
    1e-40,
    1e300,
    f64::INFINITY,
    f64::NEG_INFINITY,
    f64::NAN,
];

/// Literals of a dtype: the numbers above, and the integers at the ends.
fn literals(dtype: DType) -> Vec<Lit> {
    let ends = [0, 1, u64::MAX, u64::MAX >> 1, 1 << 63, 1 << 31, 1 << 7].into_iter();
    let ends = ends.filter(|_| !dtype.is_float()).map(|b| Lit::from_bits(dtype, b));
    let mut all: Vec<Lit> = NUMBERS.into_iter().map(|x| Lit::from_f64(dtype, x)).collect();
    all.extend(ends);
    all.dedup();
    all
}

fn array(lits: impl IntoIterator<Item = Lit>, dtype: DType) -> Value {
    let lits: Vec<Lit> = lits.into_iter().collect();
    pullback_ir::dispatch!(dtype, T => {
        let xs: Vec<T> = lits.iter().map(|l| <T as Element>::from_bits(l.bits())).collect();
        Value::new([xs.len()].as_slice(), xs)
    })
}

/// How many programs were tried, and how many became other ones.
#[derive(Default, Debug)]
struct Tried(usize, usize);

impl Tried {
    /// Programs that are ill-typed are skipped.
    fn program(
        &mut self,
        args: &[Value],
        build: impl FnOnce(&Builder, &[Atom]) -> Result<Vec<Atom>, Error>,
    ) {
        let types: Vec<Type> = args.iter().map(|x| x.ty().clone()).collect();
        let (b, ins) = Builder::with_inputs(&types);
        let Ok(outs) = build(&b, &ins) else { return };
        let before: Jaxpr = b.finish(outs);
        let after = transform::simplify(&before);
        check::check(&after).unwrap();
        self.0 += 1;
        self.1 += usize::from(after != before);
        for (got, want) in run(&after, args).iter().zip(run(&before, args)) {
            let pairs = got.to_f64s().into_iter().zip(want.to_f64s());
            let same =
                |(g, w): (f64, f64)| g.to_bits() == w.to_bits() || (g.is_nan() && w.is_nan());
            assert!(
                got.bits_eq(&want) || (want.dtype().is_float() && pairs.into_iter().all(same)),
                "{before}\nbecame\n{after}\n got {got:?}\nwant {want:?}\nat {args:?}"
            );
        }
    }

    fn at_least(&self, programs: usize, changed: usize) {
        assert!(self.0 >= programs && self.1 >= changed, "{self:?}: the law is almost empty");
    }
}

#[test]
fn one_operation_after_another() {
    let mut tried = Tried::default();
    for dtype in DType::ALL {
        let x = [array(literals(dtype), dtype)];
        for &outer in Unary::ALL {
            for &inner in Unary::ALL {
                tried.program(&x, |b, ins| {
                    let y = b.bind(inner, ins)?;
                    Ok(b.bind(outer, &y)?.to_vec())
                });
            }
            for &op in Compare::ALL {
                tried.program(&x, |b, ins| {
                    let y = b.bind(op, &[ins[0], b.rev(ins[0], &[0])])?;
                    Ok(b.bind(outer, &y)?.to_vec())
                });
            }
        }
        // A product with a number takes up a sign.
        for c in literals(dtype) {
            tried.program(&x, |b, ins| {
                let y = b.bind(Binary::Mul, &[ins[0], Atom::Lit(c)])?;
                Ok(b.bind(Unary::Neg, &y)?.to_vec())
            });
        }
        for y in -3..=3 {
            tried.program(&x, |b, ins| Ok(b.bind(IntegerPow { y }, ins)?.to_vec()));
        }
    }
    tried.at_least(5000, 300);
}

#[test]
fn operands_that_are_numbers_negated_or_equal() {
    let mut tried = Tried::default();
    for dtype in DType::ALL {
        let lits = literals(dtype);
        let x = [array(lits.clone(), dtype)];
        // All pairs of numbers.
        let n = lits.len();
        let left = (0..n * n).map(|i| lits[i / n]);
        let right = (0..n * n).map(|i| lits[i % n]);
        let pairs = [array(left, dtype), array(right, dtype)];
        let neg = |b: &Builder, a: Atom, wanted: bool| -> Result<Atom, Error> {
            if wanted { Ok(b.bind(Unary::Neg, &[a])?[0]) } else { Ok(a) }
        };
        // The order of polygamma is a small integer, and simplify knows nothing of it.
        for &op in Binary::ALL.iter().filter(|op| **op != Binary::Polygamma) {
            for &c in &lits {
                let c = Atom::Lit(c);
                for negated in [false, true] {
                    tried.program(&x, |b, ins| {
                        Ok(b.bind(op, &[neg(b, ins[0], negated)?, c])?.to_vec())
                    });
                    tried.program(&x, |b, ins| {
                        Ok(b.bind(op, &[c, neg(b, ins[0], negated)?])?.to_vec())
                    });
                }
                // The same number as an array.
                tried.program(&x, |b, ins| {
                    let full = b.broadcast_to(c, &[n]);
                    Ok(vec![b.bind(op, &[full, ins[0]])?[0], b.bind(op, &[full, full])?[0]])
                });
            }
            for (neg_x, neg_y) in [(false, false), (false, true), (true, false), (true, true)] {
                tried.program(&pairs, |b, ins| {
                    Ok(b.bind(op, &[neg(b, ins[0], neg_x)?, neg(b, ins[1], neg_y)?])?.to_vec())
                });
            }
            tried.program(&x, |b, ins| Ok(b.bind(op, &[ins[0], ins[0]])?.to_vec()));
        }
        for &op in Compare::ALL {
            tried.program(&x, |b, ins| Ok(b.bind(op, &[ins[0], ins[0]])?.to_vec()));
        }
        for which in literals(DType::Bool).into_iter().chain(literals(DType::I32)) {
            tried.program(&x, |b, ins| {
                let cases = [Atom::Lit(which), ins[0], b.rev(ins[0], &[0])];
                Ok(b.bind(SelectN, &cases)?.to_vec())
            });
        }
    }
    tried.at_least(10000, 1000);
}

#[test]
fn conversions_of_conversions() {
    let mut tried = Tried::default();
    for from in DType::ALL {
        let x = [array(literals(from), from)];
        for over in DType::ALL {
            for to in DType::ALL {
                tried.program(&x, |b, ins| Ok(vec![b.convert(b.convert(ins[0], over), to)]));
                tried.program(&x, |b, ins| {
                    let y = b.bind(Convert::Bitcast { new_dtype: over }, ins)?;
                    Ok(b.bind(Convert::Bitcast { new_dtype: to }, &y)?.to_vec())
                });
            }
        }
    }
    tried.at_least(1331, 200);
}

#[test]
fn reductions_of_one_number() {
    let mut tried = Tried::default();
    let ops = [
        ReduceOp::Sum,
        ReduceOp::Prod,
        ReduceOp::Max,
        ReduceOp::Min,
        ReduceOp::And,
        ReduceOp::Or,
        ReduceOp::Xor,
    ];
    for dtype in DType::ALL {
        let lits = literals(dtype);
        let x = [array(lits.clone(), dtype)];
        for op in ops {
            let reduce = |axes: &[usize]| Reduce { op, axes: axes.into() };
            tried.program(&x, |b, ins| {
                let column = b.expand_dims(ins[0], &[0, 2]);
                let mut outs = Vec::new();
                for axes in [&[][..], &[0], &[2], &[0, 2], &[1], &[0, 1]] {
                    outs.extend(b.bind(reduce(axes), &[column])?);
                }
                let half = b.bind(reduce(&[0]), &[column])?;
                outs.extend(b.bind(reduce(&[0]), &half)?);
                Ok(outs)
            });
            for &c in &lits {
                for n in [0, 1, 3, 300] {
                    tried.program(&[], |b, _| {
                        let full = b.broadcast_to(Atom::Lit(c), &[n]);
                        Ok(b.bind(reduce(&[0]), &[full])?.to_vec())
                    });
                }
            }
        }
    }
    tried.at_least(5000, 1000);
}

/// A random movement of elements; `None` where the shape allows no such movement.
fn movement(b: &Builder, x: Atom, draw: &mut Draw) -> Option<Atom> {
    let mut below = |n: usize| (draw.bits() % n as u64) as usize;
    let ty = b.ty(x);
    let (shape, rank) = (ty.shape(), ty.rank());
    let ones: Vec<usize> = (0..rank).filter(|&i| shape[i] == 1).collect();
    Some(match below(8) {
        0 if rank > 1 => b.move_axis(x, below(rank), below(rank)),
        1 if rank < 4 => b.expand_dims(x, &[below(rank + 1)]),
        2 if !ones.is_empty() => b.squeeze(x, &[ones[below(ones.len())]]),
        3 if rank < 4 => {
            let axis = below(rank + 1);
            let mut wide = ty.with_axis(axis, 1 + below(3)).shape().to_vec();
            let kept: Vec<usize> = (0..=rank).filter(|&i| i != axis).collect();
            ones.iter().for_each(|&i| wide[kept[i]] = 1 + below(3));
            b.broadcast_in_dim(x, &wide, &kept)
        }
        4 if rank > 0 => b.rev(x, &[below(rank)]),
        5 if rank > 0 => {
            let axis = below(rank);
            let start = below(shape[axis]);
            let (mut starts, mut steps) = (vec![0; rank], vec![1; rank]);
            (starts[axis], steps[axis]) = (start, 1 + below(2));
            b.slice(x, &starts, shape, &steps)
        }
        6 if rank > 0 => b.reduce_max(x, &[below(rank)]),
        7 if rank > 0 => b.reshape(x, &[&shape[1..], &shape[..1]].concat()),
        _ => return None,
    })
}

#[test]
fn movements_of_movements() {
    let mut tried = Tried::default();
    let mut draw = Draw::new(14);
    for _ in 0..5000 {
        let shape: Vec<usize> =
            (0..draw.bits() % 4).map(|_| 1 + (draw.bits() % 4) as usize).collect();
        let x = draw.value(&Type::of(DType::F32, &shape), pullback_ir::prim::Domain::Distinct);
        tried.program(&[x], |b, ins| {
            let chain = (0..4).fold(ins[0], |x, _| movement(b, x, &mut draw).unwrap_or(x));
            Ok(vec![chain])
        });
    }
    tried.at_least(5000, 2000);
}
