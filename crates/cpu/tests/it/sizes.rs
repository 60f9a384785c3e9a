//! Odd sizes: empty, one, around vectors, large enough for threads.

use crate::draw::{Draw, assert_same, execute, tolerance};
use pullback_ir::prim::arg_reduce::ArgReduce;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::broadcast::BroadcastInDim;
use pullback_ir::prim::clamp::Clamp;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::convert::Convert;
use pullback_ir::prim::cumulative::{Cumulative, CumulativeOp};
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::prim::gather::{Gather, GatherDims, IndexMode};
use pullback_ir::prim::integer_pow::IntegerPow;
use pullback_ir::prim::pad::Pad;
use pullback_ir::prim::permute::Transpose;
use pullback_ir::prim::random::Random;
use pullback_ir::prim::reduce::{Reduce, ReduceOp};
use pullback_ir::prim::scatter::{Scatter, ScatterDims, ScatterOp};
use pullback_ir::prim::select::SelectN;
use pullback_ir::prim::sort::Sort;
use pullback_ir::prim::top_k::TopK;
use pullback_ir::prim::unary::Unary;
use pullback_ir::prim::{Domain, Prim};
use pullback_ir::{DType, Type};

const SIZES: [usize; 9] = [0, 1, 7, 8, 9, 63, 1000, 1025, 70_001];

fn check(prim: impl Into<Prim>, types: &[Type], domain: Domain) {
    let prim = prim.into();
    let mut draw = Draw::new(types.len() as u64);
    let args: Vec<_> = types.iter().map(|ty| draw.value(ty, domain)).collect();
    let want = prim.eval(&args).unwrap();
    let shown: Vec<_> = types.iter().map(Type::to_string).collect();
    let what = format!("{}{:?} {}", prim.name(), prim.params(), shown.join(" "));
    for owned in [false, true] {
        let got = execute(&prim, &args, owned);
        // Long sums differ by the rounding of the interpreter's own, which grows with the length.
        let longest = types.iter().map(Type::numel).max().unwrap_or(0) as f64;
        let tolerance = tolerance(&prim, want[0].dtype()) * longest.sqrt().max(1.0);
        assert_same(&got[0], &want[0], tolerance, &what);
    }
}

#[test]
fn elementwise() {
    let wide = Domain::Range(-3.0, 3.0);
    for n in SIZES {
        for dtype in [DType::F32, DType::F64, DType::I32, DType::U8, DType::BF16] {
            let (x, scalar) = (Type::of(dtype, &[n]), Type::scalar(dtype));
            let mask = Type::of(DType::Bool, &[n]);
            let domain = if dtype.is_unsigned() { Domain::AnyBits } else { wide };
            check(Unary::Neg, std::slice::from_ref(&x), domain);
            for op in [Binary::Add, Binary::Sub, Binary::Max] {
                check(op, &[x.clone(), x.clone()], domain);
                check(op, &[scalar.clone(), x.clone()], domain);
                check(op, &[x.clone(), scalar.clone()], domain);
            }
            check(Compare::Lt, &[x.clone(), scalar.clone()], domain);
            check(IntegerPow { y: 3 }, std::slice::from_ref(&x), domain);
            check(SelectN, &[mask, x.clone(), x.clone()], Domain::Bits);
            check(SelectN, &[Type::scalar(DType::Bool), x.clone(), x.clone()], Domain::Bits);
            check(Clamp, &[scalar.clone(), x.clone(), x.clone()], domain);
            let to = Convert::ElementType { new_dtype: DType::F32 };
            check(to, std::slice::from_ref(&x), domain);
        }
    }
}

#[test]
fn reductions() {
    let domain = Domain::Range(-3.0, 3.0);
    for dtype in [DType::F32, DType::F16, DType::I32] {
        for n in SIZES {
            for op in [ReduceOp::Sum, ReduceOp::Max] {
                let all = Reduce { op, axes: [0].as_slice().into() };
                check(all.clone(), &[Type::of(dtype, &[n])], domain);
                check(all, &[Type::of(dtype, &[n, 3])], domain);
                for axes in [&[1][..], &[0, 2], &[0, 1, 2], &[]] {
                    let some = Reduce { op, axes: axes.into() };
                    check(some, &[Type::of(dtype, &[3, n, 2])], domain);
                }
            }
        }
    }
}

#[test]
fn movements() {
    let any = Domain::Range(-3.0, 3.0);
    for dtype in [DType::U8, DType::BF16, DType::F32, DType::F64] {
        for [m, n] in [[1, 1], [0, 5], [7, 9], [16, 16], [33, 70], [300, 257]] {
            let x = Type::of(dtype, &[m, n]);
            check(
                Transpose { permutation: [1, 0].as_slice().into() },
                std::slice::from_ref(&x),
                any,
            );
            for permutation in [[2, 0, 1], [2, 1, 0], [0, 2, 1], [1, 2, 0]] {
                let prim = Transpose { permutation: permutation.as_slice().into() };
                check(prim, &[Type::of(dtype, &[m, 3, n])], any);
            }
            let broadcast = BroadcastInDim {
                shape: [m, 2, n].as_slice().into(),
                broadcast_dimensions: [0, 2].as_slice().into(),
            };
            check(broadcast, std::slice::from_ref(&x), any);
            let pad = Pad { config: [(1, -1, 2), (-2, 3, 0)].as_slice().into() };
            check(pad, &[Type::of(dtype, &[m + 1, n + 2]), Type::scalar(dtype)], any);
        }
    }
}

#[test]
fn orders_and_scans() {
    for n in [0, 1, 2, 33, 1000, 20_001] {
        for dtype in [DType::F32, DType::F64, DType::I8, DType::U64, DType::BF16] {
            let (x, rows) = (Type::of(dtype, &[n]), Type::of(dtype, &[3, n, 2]));
            // Any bits: NaN of all kinds, infinities, both zeros; few values: many ties.
            for domain in [Domain::AnyBits, Domain::Bits] {
                for (ty, axis) in [(&x, 0), (&rows, 1)] {
                    let ty = std::slice::from_ref(ty);
                    let sort = Sort { dimension: axis, is_stable: true, num_keys: 1 };
                    check(sort, ty, domain);
                    check(sort, &[ty[0].clone(), ty[0].clone()], domain);
                    check(TopK { k: n / 2, axis }, ty, domain);
                    let index_dtype = DType::I32;
                    for max in [false, true].into_iter().filter(|_| n > 0) {
                        check(ArgReduce { max, axis, index_dtype }, ty, domain);
                    }
                    for reverse in [false, true] {
                        check(Cumulative { op: CumulativeOp::Max, axis, reverse }, ty, domain);
                    }
                }
            }
            let sum = Cumulative { op: CumulativeOp::Sum, axis: 1, reverse: true };
            check(sum, &[rows], Domain::Range(-3.0, 3.0));
        }
    }
}

#[test]
fn random_bits() {
    for dtype in [DType::U8, DType::U32, DType::U64] {
        for n in [0, 1, 63, 70_001] {
            let prim = Random::Bits { dtype, shape: [n].as_slice().into() };
            check(prim, &[Type::of(DType::U32, &[3, 8])], Domain::AnyBits);
        }
    }
}

#[test]
fn rows_of_a_table() {
    let dims = GatherDims {
        offset_dims: [1].as_slice().into(),
        collapsed_slice_dims: [0].as_slice().into(),
        start_index_map: [0].as_slice().into(),
        ..GatherDims::default()
    };
    let indices = Type::of(DType::I32, &[5000, 1]);
    for (rows, columns) in [(7, 1), (7, 8), (3, 130)] {
        let table = Type::of(DType::F32, &[rows, columns]);
        for mode in [IndexMode::Clip, IndexMode::FillOrDrop] {
            let gather = Gather {
                dims: dims.clone(),
                slice_sizes: [1, columns].as_slice().into(),
                mode,
                fill_value: None,
            };
            check(gather, &[table.clone(), indices.clone()], Domain::Range(-9.0, 9.0));
            for op in [ScatterOp::Add, ScatterOp::Set, ScatterOp::Max] {
                let dims = ScatterDims::from_gather(&dims);
                let scatter = Scatter { op, dims, mode, unique_indices: false };
                let updates = Type::of(DType::F32, &[5000, columns]);
                let types = [table.clone(), indices.clone(), updates];
                check(scatter, &types, Domain::Range(-9.0, 9.0));
            }
        }
    }
}

#[test]
fn products() {
    let sizes = [
        [1, 1, 1],
        [2, 0, 3],
        [7, 8, 9],
        [1, 1000, 33],
        [63, 1000, 1],
        [33, 64, 65],
        [70, 130, 90],
    ];
    for dtype in [DType::F32, DType::F64, DType::BF16, DType::I32] {
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
                    check(
                        prim,
                        &[Type::of(dtype, &x), Type::of(dtype, &y)],
                        Domain::Range(-1.0, 1.0),
                    );
                }
            }
        }
    }
}

#[test]
fn batched_products() {
    // Shapes, batch axes and contracting axes of both operands: attention and its gradients, axes that do not
    // merge, many small products, products of vectors, and large ones in a small batch.
    type Side<'a> = (&'a [usize], &'a [usize], &'a [usize]);
    let cases: [[Side; 2]; 9] = [
        [(&[2, 5, 3, 4], &[0, 2], &[3]), (&[2, 6, 3, 4], &[0, 2], &[3])],
        [(&[2, 3, 5, 6], &[0, 1], &[3]), (&[2, 6, 3, 4], &[0, 2], &[1])],
        [(&[2, 3, 5, 6], &[0, 1], &[2]), (&[2, 5, 3, 4], &[0, 2], &[1])],
        [(&[3, 4, 5, 2], &[1], &[0, 3]), (&[2, 4, 3, 6], &[1], &[2, 0])],
        [(&[3, 4, 5], &[2], &[]), (&[5, 2], &[0], &[])],
        [(&[300, 4, 5], &[0], &[2]), (&[300, 5, 6], &[0], &[1])],
        [(&[70, 33], &[0], &[1]), (&[70, 33], &[0], &[1])],
        [(&[0, 4, 5], &[0], &[2]), (&[0, 5, 6], &[0], &[1])],
        [(&[2, 130, 131], &[0], &[1]), (&[2, 131, 130], &[0], &[2])],
    ];
    for [(x, x_batch, x_contract), (y, y_batch, y_contract)] in cases {
        for dtype in [DType::F32, DType::F64, DType::BF16, DType::F16, DType::I32] {
            let prim = DotGeneral {
                lhs_contract: x_contract.into(),
                rhs_contract: y_contract.into(),
                lhs_batch: x_batch.into(),
                rhs_batch: y_batch.into(),
                preferred: (dtype == DType::BF16).then_some(DType::F32),
            };
            check(prim, &[Type::of(dtype, x), Type::of(dtype, y)], Domain::Range(-1.0, 1.0));
        }
    }
}
