//! The same bits for every number of threads.

use crate::draw::{Draw, execute};
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::prim::permute::Transpose;
use pullback_ir::prim::reduce::{Reduce, ReduceOp};
use pullback_ir::prim::unary::Unary;
use pullback_ir::prim::{Domain, Prim};
use pullback_ir::{DType, Type};

fn check(prim: impl Into<Prim>, types: &[Type]) {
    let prim = prim.into();
    let mut draw = Draw::new(7);
    let args: Vec<_> = types.iter().map(|ty| draw.value(ty, Domain::Range(-3.0, 3.0))).collect();
    let results: Vec<_> = [1, 2, 3, 8]
        .map(|n| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
            pool.install(|| execute(&prim, &args, false))
        })
        .into();
    for (n, result) in [2, 3, 8].into_iter().zip(&results[1..]) {
        let same = result.iter().zip(&results[0]).all(|(a, b)| a.bits_eq(b));
        assert!(same, "{} {types:?} with {n} threads", prim.name());
    }
}

#[test]
fn elementwise_and_movements() {
    let big = Type::of(DType::F32, &[1500, 1001]);
    check(Unary::Exp, std::slice::from_ref(&big));
    check(Binary::Mul, &[big.clone(), big.clone()]);
    check(Transpose { permutation: [1, 0].as_slice().into() }, &[big]);
}

#[test]
fn reductions() {
    for dtype in [DType::F32, DType::F64, DType::BF16] {
        for shape in [[1, 2_000_003], [1500, 1001], [500_009, 3]] {
            for axes in [&[0][..], &[1], &[0, 1]] {
                let sum = Reduce { op: ReduceOp::Sum, axes: axes.into() };
                check(sum, &[Type::of(dtype, &shape)]);
            }
        }
    }
}

#[test]
fn products() {
    let sizes = [
        [64, 784, 128],
        [784, 64, 128],
        [300, 301, 302],
        [1000, 700, 3],
        [17, 2000, 1000],
        [1, 3000, 1000],
        [2000, 1500, 1],
        [513, 1025, 259],
    ];
    for dtype in [DType::F32, DType::F64] {
        for [m, k, n] in sizes {
            for (x, lhs) in [([m, k], 1), ([k, m], 0)] {
                for (y, rhs) in [([k, n], 0), ([n, k], 1)] {
                    let prim = DotGeneral {
                        lhs_contract: [lhs].as_slice().into(),
                        rhs_contract: [rhs].as_slice().into(),
                        lhs_batch: Default::default(),
                        rhs_batch: Default::default(),
                        preferred: None,
                    };
                    check(prim, &[Type::of(dtype, &x), Type::of(dtype, &y)]);
                }
            }
        }
    }
}
