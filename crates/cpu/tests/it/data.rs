//! Kernels that order, move and draw data, around the sizes at which they change their ways.

use crate::draw::{Draw, assert_same, execute, tolerance};
use pullback_cpu::with_threads;
use pullback_ir::prim::arg_reduce::ArgReduce;
use pullback_ir::prim::cumulative::{Cumulative, CumulativeOp};
use pullback_ir::prim::gather::{Gather, GatherDims, IndexMode};
use pullback_ir::prim::permute::Transpose;
use pullback_ir::prim::random::Random;
use pullback_ir::prim::rev::Rev;
use pullback_ir::prim::scatter::{Scatter, ScatterDims, ScatterOp};
use pullback_ir::prim::sort::Sort;
use pullback_ir::prim::top_k::TopK;
use pullback_ir::prim::{Domain, Prim};
use pullback_ir::{DType, Type, Value};

/// Compares all results with the interpreter's, in this thread pool and in others.
#[track_caller]
fn check(prim: impl Into<Prim>, args: &[Value]) {
    let prim = prim.into();
    let want = prim.eval(args).unwrap();
    let shown: Vec<_> = args.iter().map(|x| x.ty().to_string()).collect();
    let what = format!("{}{:?} {}", prim.name(), prim.params(), shown.join(" "));
    let longest = args.iter().map(Value::len).max().unwrap_or(0);
    let got = execute(&prim, args, true);
    assert_eq!(got.len(), want.len());
    // What only moves elements keeps the bits of NaN, too.
    let computes = matches!(prim, Prim::Cumulative(_) | Prim::Scatter(_));
    for (got, want) in got.iter().zip(&want) {
        assert!(computes || got.bits_eq(want), "{what}");
        let tolerance = tolerance(&prim, want.dtype()) * (longest as f64).sqrt().max(1.0);
        assert_same(got, want, tolerance, &what);
    }
    if longest < 1 << 14 {
        return;
    }
    for threads in [1, 3, 8] {
        let others = with_threads(threads, || execute(&prim, args, false)).unwrap();
        let same = others.iter().zip(&got).all(|(a, b)| a.bits_eq(b));
        assert!(same, "{threads} threads: {what}");
    }
}

fn drawn(seed: u64, dtype: DType, shape: &[usize], domain: Domain) -> Value {
    Draw::new(seed).value(&Type::of(dtype, shape), domain)
}

/// Floats with NaN of both signs, infinities, zeros of both signs among numbers with many ties.
fn rough(seed: u64, dtype: DType, shape: &[usize]) -> Value {
    let xs = drawn(seed, DType::U8, shape, Domain::AnyBits).to_f64s();
    let special = [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -0.0];
    let xs = xs.iter().map(|&x| special.get(x as usize / 4).copied().unwrap_or(x - 130.0));
    Value::from_f64s(dtype, shape, &xs.collect::<Vec<_>>())
}

#[test]
fn sorts_of_every_dtype() {
    for dtype in DType::ALL {
        for n in [0, 1, 2, 3, 100, 511, 512, 513, 9001] {
            let (x, y) = (drawn(1, dtype, &[n], Domain::AnyBits), rough(2, dtype, &[n]));
            let sort = Sort { dimension: 0, is_stable: true, num_keys: 1 };
            check(sort, std::slice::from_ref(&x));
            check(sort, std::slice::from_ref(&y));
            for other in [DType::Bool, DType::BF16, DType::I32, DType::F64] {
                check(sort, &[y.clone(), drawn(3, other, &[n], Domain::AnyBits)]);
            }
        }
    }
    let (x, y) =
        (rough(1, DType::F32, &[70_001]), drawn(2, DType::I64, &[70_001], Domain::AnyBits));
    let sort = Sort { dimension: 0, is_stable: true, num_keys: 1 };
    check(sort, std::slice::from_ref(&x));
    check(sort, &[x.clone(), y.clone()]);
    check(sort, &[y, x]);
}

#[test]
fn sorts_by_several_keys_and_along_any_axis() {
    for shape in [[3, 7, 2], [2, 600, 3], [40, 30, 20], [1, 1, 5], [5, 1, 1], [4, 3, 1]] {
        let keys = [
            drawn(1, DType::Bool, &shape, Domain::AnyBits),
            rough(2, DType::F16, &shape),
            rough(3, DType::F64, &shape),
            drawn(4, DType::I8, &shape, Domain::AnyBits),
        ];
        for dimension in 0..3 {
            for num_keys in 1..=4 {
                check(Sort { dimension, is_stable: false, num_keys }, &keys);
            }
            check(Sort { dimension, is_stable: true, num_keys: 1 }, &keys[1..2]);
            check(Sort { dimension, is_stable: true, num_keys: 2 }, &keys[1..3]);
        }
    }
}

#[test]
fn largest_elements() {
    for dtype in [DType::F32, DType::BF16, DType::F64, DType::I8, DType::U64, DType::Bool] {
        for (n, ks) in [(1, vec![0, 1]), (1000, vec![1, 100, 999, 1000]), (150_000, vec![3, 500])] {
            for k in ks {
                check(TopK { k, axis: 0 }, &[drawn(k as u64, dtype, &[n], Domain::AnyBits)]);
                check(TopK { k, axis: 0 }, &[rough(k as u64, dtype, &[n])]);
            }
        }
        for axis in 0..3 {
            check(TopK { k: 4, axis }, &[rough(1, dtype, &[40, 41, 42])]);
        }
    }
    // Each element is larger than all before it.
    let rising = Value::new([150_000].as_slice(), (0..150_000).collect::<Vec<i32>>());
    check(TopK { k: 7, axis: 0 }, &[rising]);
}

#[test]
fn running_reductions() {
    let ops = [
        CumulativeOp::Sum,
        CumulativeOp::Prod,
        CumulativeOp::Max,
        CumulativeOp::Min,
        CumulativeOp::LogSumExp,
    ];
    for dtype in [DType::F32, DType::F64, DType::F16, DType::I32, DType::U8, DType::I64] {
        for op in ops {
            if op == CumulativeOp::LogSumExp && !dtype.is_float() {
                continue;
            }
            for reverse in [false, true] {
                for shape in
                    [[1, 0, 1], [1, 1, 1], [2, 15, 1], [2, 16, 1], [2, 17, 3], [3, 100, 70]]
                {
                    let domain =
                        if dtype.is_float() { Domain::Range(-1.0, 1.0) } else { Domain::AnyBits };
                    check(Cumulative { op, axis: 1, reverse }, &[drawn(1, dtype, &shape, domain)]);
                }
            }
        }
    }
    for reverse in [false, true] {
        for n in [16_385, 140_000] {
            let x = drawn(1, DType::F32, &[n], Domain::Range(-1.0, 1.0));
            check(Cumulative { op: CumulativeOp::Sum, axis: 0, reverse }, &[x]);
            let x = rough(1, DType::F64, &[n]);
            check(Cumulative { op: CumulativeOp::Max, axis: 0, reverse }, &[x]);
        }
    }
}

#[test]
fn sums_of_infinities_and_nan() {
    let inf = f64::INFINITY;
    for x in [[1.0, inf, 1.0, 2.0], [inf, 1.0, -inf, 1.0], [1.0, f64::NAN, 1.0, inf], [-0.0; 4]] {
        for reverse in [false, true] {
            let x = Value::from_f64s(DType::F32, [4].as_slice(), &x);
            check(Cumulative { op: CumulativeOp::Sum, axis: 0, reverse }, &[x]);
        }
    }
}

#[test]
fn positions_of_extrema() {
    for dtype in
        [DType::F32, DType::F64, DType::F16, DType::BF16, DType::I8, DType::U64, DType::Bool]
    {
        for max in [false, true] {
            for n in [1, 63, 64, 65, 1023, 1025, 65_536, 65_537, 200_001] {
                let argmax = ArgReduce { max, axis: 0, index_dtype: DType::I32 };
                check(argmax, &[drawn(n as u64, dtype, &[n], Domain::Bits)]);
                check(argmax, &[drawn(n as u64, dtype, &[n], Domain::AnyBits)]);
                check(argmax, &[rough(n as u64, dtype, &[n])]);
            }
            for axis in 0..3 {
                let argmax = ArgReduce { max, axis, index_dtype: DType::I64 };
                check(argmax, &[rough(5, dtype, &[3, 50, 70])]);
                check(argmax, &[drawn(5, dtype, &[2, 9, 600], Domain::Distinct)]);
            }
        }
    }
    // A NaN far behind.
    let mut xs = vec![1.0f32; 300_000];
    (xs[250_000], xs[260_000], xs[7]) = (f32::NAN, f32::NAN, 2.0);
    let x = Value::new([300_000].as_slice(), xs);
    check(ArgReduce { max: true, axis: 0, index_dtype: DType::I32 }, std::slice::from_ref(&x));
    check(ArgReduce { max: false, axis: 0, index_dtype: DType::I32 }, &[x]);
}

#[test]
fn transpositions() {
    for dtype in DType::ALL {
        for [m, n] in [[1, 9], [7, 8], [8, 8], [15, 16], [16, 17], [32, 64], [65, 130], [130, 200]]
        {
            let x = drawn(1, dtype, &[m, n], Domain::AnyBits);
            check(Transpose { permutation: [1, 0].as_slice().into() }, &[x]);
            let x = drawn(1, dtype, &[m, 3, n], Domain::AnyBits);
            for permutation in [[2, 0, 1], [2, 1, 0], [0, 2, 1], [1, 0, 2]] {
                check(
                    Transpose { permutation: permutation.as_slice().into() },
                    std::slice::from_ref(&x),
                );
            }
            check(Rev { dimensions: [0, 2].as_slice().into() }, &[x]);
        }
    }
}

/// Results that are larger than the cache, with rows that lie on cache lines and rows that do not.
#[test]
fn large_transpositions() {
    for [m, n] in [[4096, 1100], [4095, 1100]] {
        let x = Value::new([m, n].as_slice(), (0..(m * n) as u32).collect::<Vec<u32>>());
        let prim = Transpose { permutation: [1, 0].as_slice().into() }.into();
        for threads in [1, 3] {
            let got =
                with_threads(threads, || execute(&prim, std::slice::from_ref(&x), false)).unwrap();
            let mut elements = got[0].slice::<u32>().iter().enumerate();
            let wrong = elements.find(|&(i, &e)| e as usize != i % m * n + i / m);
            assert_eq!(wrong, None, "{m} x {n}, {threads} threads");
        }
    }
}

fn table_rows(components: usize, rank: usize, lead: usize) -> GatherDims {
    GatherDims {
        offset_dims: (lead..lead + rank - components).collect(),
        collapsed_slice_dims: (0..components).collect(),
        start_index_map: (0..components).rev().collect(),
        ..GatherDims::default()
    }
}

#[test]
fn windows_in_and_out_of_bounds() {
    let modes = [IndexMode::Clip, IndexMode::FillOrDrop, IndexMode::PromiseInBounds];
    for dtype in DType::ALL {
        for (table, components) in
            [(vec![50], 1), (vec![9, 40], 1), (vec![9, 40], 2), (vec![5, 9, 3], 2)]
        {
            for batch in [vec![], vec![3], vec![700], vec![30, 40]] {
                let dims = table_rows(components, table.len(), batch.len());
                let index_shape = [batch.clone(), vec![components]].concat();
                // From -6 on, and beyond the last.
                let numbers = drawn(2, DType::U8, &index_shape, Domain::AnyBits).to_f64s();
                let numbers: Vec<f64> = numbers.iter().map(|x| x / 4.0 - 6.0).collect();
                // Elements have a way of their own for i32, which is what indices mostly are.
                let index = if batch.len() == 1 { DType::I32 } else { DType::I64 };
                let indices = Value::from_f64s(index, index_shape.as_slice(), &numbers);
                let x = rough(3, dtype, &table);
                let mut sizes = table.clone();
                sizes[..components].fill(1);
                for mode in modes {
                    let gather = Gather {
                        dims: dims.clone(),
                        slice_sizes: sizes.as_slice().into(),
                        mode,
                        fill_value: None,
                    };
                    check(gather, &[x.clone(), indices.clone()]);
                    let shape = [batch.as_slice(), &table[components..]].concat();
                    let updates = drawn(4, dtype, &shape, Domain::Bits);
                    for op in [ScatterOp::Set, ScatterOp::Add, ScatterOp::Sub, ScatterOp::Min] {
                        let dims = ScatterDims::from_gather(&dims);
                        let prim = Prim::from(Scatter { op, dims, mode, unique_indices: false });
                        let args = [x.clone(), indices.clone(), updates.clone()];
                        // Some operations are not there for bool.
                        let types = args.each_ref().map(|x| x.ty().clone());
                        if dtype != DType::Bool || prim.check_types(&types).is_ok() {
                            check(prim, &args);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn many_rows_are_added_in_order() {
    let table = drawn(1, DType::F32, &[60, 130], Domain::Range(-1.0, 1.0));
    let updates = drawn(2, DType::F32, &[3000, 130], Domain::Range(-1.0, 1.0));
    let numbers = drawn(3, DType::U8, &[3000, 1], Domain::AnyBits).to_f64s();
    let rows: Vec<i32> = numbers.iter().map(|&x| x as i32 / 4 - 1).collect();
    let indices = Value::new([3000, 1].as_slice(), rows);
    for op in [ScatterOp::Set, ScatterOp::Add, ScatterOp::Mul] {
        let scatter = Scatter {
            op,
            dims: ScatterDims::from_gather(&table_rows(1, 2, 1)),
            mode: IndexMode::FillOrDrop,
            unique_indices: false,
        };
        check(scatter, &[table.clone(), indices.clone(), updates.clone()]);
    }
}

#[test]
fn permutations_and_bits() {
    let keys = drawn(1, DType::U32, &[3, 8], Domain::AnyBits);
    for n in [0, 1, 2, 64, 65, 1000, 20_000] {
        check(Random::Permutation { n }, std::slice::from_ref(&keys));
        for dtype in [DType::U8, DType::U32, DType::U64] {
            let shape = [n].as_slice().into();
            check(Random::Bits { dtype, shape }, std::slice::from_ref(&keys));
        }
    }
}
