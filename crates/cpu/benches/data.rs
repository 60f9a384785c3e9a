//! Primitives that move, order and draw data, through the boundary of the crate.
//!
//! ```text
//! GLIBC_TUNABLES=glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184:glibc.malloc.hugetlb=1 \
//!     cargo bench -p pullback-cpu --bench data -- [NAME]
//! ```
//!
//! The setting of the allocator keeps freed blocks, so that kernels and not page faults are measured.

use criterion::{Criterion, criterion_group, criterion_main};
use pullback_cpu::{Operand, execute};
use pullback_ir::prim::arg_reduce::ArgReduce;
use pullback_ir::prim::cumulative::{Cumulative, CumulativeOp};
use pullback_ir::prim::gather::{Gather, GatherDims, IndexMode};
use pullback_ir::prim::permute::Transpose;
use pullback_ir::prim::random::Random;
use pullback_ir::prim::scatter::{Scatter, ScatterDims, ScatterOp};
use pullback_ir::prim::sort::Sort;
use pullback_ir::prim::top_k::TopK;
use pullback_ir::{DType, Prim, Type, Value};
use std::hint::black_box;
use std::time::Duration;

/// Numbers in [0, 1) from a linear congruential generator.
fn uniform(n: usize) -> impl Iterator<Item = f64> {
    let mut state = 1u64;
    (0..n).map(move |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    })
}

/// Roughly normal numbers.
fn normal(shape: &[usize]) -> Value {
    let n = shape.iter().product();
    let sums = uniform(n).zip(uniform(n + 1).skip(1)).map(|(a, b)| (a + b - 1.0) as f32);
    Value::new(shape, sums.collect::<Vec<f32>>())
}

fn indices(n: usize, below: usize) -> Value {
    Value::new([n, 1].as_slice(), uniform(n).map(|u| (u * below as f64) as i32).collect())
}

fn bench(c: &mut Criterion, name: &str, prim: impl Into<Prim>, ins: &[Value]) {
    let prim = prim.into();
    let types: Vec<Type> = ins.iter().map(|x| x.ty().clone()).collect();
    let Ok(outs) = prim.check_types(&types) else { panic!("{name} is well typed") };
    c.bench_function(name, |b| {
        b.iter(|| {
            let mut operands: Vec<Operand<'_>> = ins.iter().map(Operand::Shared).collect();
            black_box(execute(&prim, &mut operands, &outs))
        });
    });
}

fn sorting(c: &mut Criterion) {
    let n = 1_000_000;
    let x = normal(&[n]);
    let positions = Value::new([n].as_slice(), (0..n as i32).collect::<Vec<_>>());
    let sort = Sort { dimension: 0, is_stable: true, num_keys: 1 };
    bench(c, "sort_1e6", sort, std::slice::from_ref(&x));
    bench(c, "argsort_1e6", sort, &[x.clone(), positions]);
    bench(c, "sort_f64_1e6", sort, &[x.converted(DType::F64)]);
    let rows = Sort { dimension: 1, is_stable: true, num_keys: 1 };
    bench(c, "sort_1e4x100", rows, &[x.reshaped([10_000, 100].as_slice())]);
    bench(c, "topk100_1e6", TopK { k: 100, axis: 0 }, &[x]);
}

fn scans(c: &mut Criterion) {
    let n = 10_000_000;
    let x = normal(&[n]);
    let rows = x.reshaped([10_000, 1000].as_slice());
    let sum = |axis| Cumulative { op: CumulativeOp::Sum, axis, reverse: false };
    bench(c, "cumsum_1e7", sum(0), std::slice::from_ref(&x));
    bench(c, "cumsum_axis1", sum(1), std::slice::from_ref(&rows));
    bench(c, "cumsum_axis0", sum(0), std::slice::from_ref(&rows));
    let reverse = Cumulative { reverse: true, ..sum(0) };
    bench(c, "cumsum_reverse_1e7", reverse, std::slice::from_ref(&x));
    bench(
        c,
        "cummax_1e7",
        Cumulative { op: CumulativeOp::Max, ..sum(0) },
        std::slice::from_ref(&x),
    );
    let argmax = |axis| ArgReduce { max: true, axis, index_dtype: DType::I32 };
    bench(c, "argmax_1e7", argmax(0), &[x]);
    bench(c, "argmax_axis1", argmax(1), std::slice::from_ref(&rows));
    bench(c, "argmax_axis0", argmax(0), std::slice::from_ref(&rows));
    let transpose = Transpose { permutation: [1, 0].as_slice().into() };
    bench(c, "transpose_1e4x1e3", transpose.clone(), std::slice::from_ref(&rows));
    bench(c, "transpose_u8_1e4x1e3", transpose.clone(), &[rows.converted(DType::U8)]);
    bench(c, "transpose_f64_1e4x1e3", transpose, &[rows.converted(DType::F64)]);
}

fn windows(c: &mut Criterion) {
    let rows_of = |width: usize| GatherDims {
        offset_dims: (1..1 + usize::from(width > 1)).collect(),
        collapsed_slice_dims: [0].as_slice().into(),
        start_index_map: [0].as_slice().into(),
        ..GatherDims::default()
    };
    let sizes = |width: usize| if width > 1 { vec![1, width] } else { vec![1] };
    let gather = |width: usize| Gather {
        dims: rows_of(width),
        slice_sizes: sizes(width).as_slice().into(),
        mode: IndexMode::Clip,
        fill_value: None,
    };
    let add = |width: usize| Scatter {
        op: ScatterOp::Add,
        dims: ScatterDims::from_gather(&rows_of(width)),
        mode: IndexMode::FillOrDrop,
        unique_indices: false,
    };
    let million = 1_000_000;
    bench(c, "gather_1e6", gather(1), &[normal(&[million]), indices(million, million)]);
    let (table, at) = (normal(&[20_000, 128]), indices(20_000, 20_000));
    bench(c, "embedding_2e4x128", gather(128), &[table.clone(), at.clone()]);
    bench(c, "embedding_grad_2e4x128", add(128), &[table.clone(), at, table]);
    let small = normal(&[100_000]);
    let updates = [small, indices(million, 100_000), normal(&[million])];
    bench(c, "scatter_add_1e6", add(1), &updates);
}

fn random(c: &mut Criterion) {
    let key = Value::new([8].as_slice(), (1..9).collect::<Vec<u32>>());
    let bits = |dtype, n| Random::Bits { dtype, shape: [n].as_slice().into() };
    bench(c, "bits_1e7", bits(DType::U32, 10_000_000), std::slice::from_ref(&key));
    bench(c, "bits_u64_1e7", bits(DType::U64, 10_000_000), std::slice::from_ref(&key));
    bench(c, "permutation_1e6", Random::Permutation { n: 1_000_000 }, &[key]);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .sample_size(15)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(600))
        .without_plots();
    targets = sorting, scans, windows, random
}
criterion_main!(benches);
