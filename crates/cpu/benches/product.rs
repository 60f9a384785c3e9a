//! Matrix products against faer's: `cargo bench -p pullback-cpu --bench product [-- NAME]`.
//!
//! One thread, and CPU time instead of time on the wall, so that figures hold up when the machine is shared.
//! Elements a second are multiplications with their additions: twice as many operations a second.

use criterion::measurement::{Measurement, ValueFormatter, WallTime};
use criterion::{BenchmarkId, Criterion, Throughput};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pullback_cpu::{Operand, execute, with_threads};
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::{DType, Prim, Value};
use std::time::Duration;

/// CPU time of this thread.
struct CpuTime;

fn now() -> Duration {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `t` and nowhere else.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    Duration::new(t.tv_sec as u64, t.tv_nsec as u32)
}

impl Measurement for CpuTime {
    type Intermediate = Duration;
    type Value = Duration;

    fn start(&self) -> Duration {
        now()
    }
    fn end(&self, start: Duration) -> Duration {
        now() - start
    }
    fn add(&self, a: &Duration, b: &Duration) -> Duration {
        *a + *b
    }
    fn zero(&self) -> Duration {
        Duration::ZERO
    }
    fn to_f64(&self, value: &Duration) -> f64 {
        value.as_nanos() as f64
    }
    fn formatter(&self) -> &dyn ValueFormatter {
        WallTime.formatter()
    }
}

/// Sizes and which operands are transposed.
struct Case {
    name: &'static str,
    batch: usize,
    sizes: [usize; 3],
    transposed: [bool; 2],
    dtype: DType,
}

const fn case(name: &'static str, m: usize, k: usize, n: usize) -> Case {
    Case { name, batch: 1, sizes: [m, k, n], transposed: [false; 2], dtype: DType::F32 }
}

const TN: [bool; 2] = [true, false];
const NT: [bool; 2] = [false, true];

const CASES: [Case; 24] = [
    case("matmul_32", 32, 32, 32),
    case("matmul_64", 64, 64, 64),
    case("matmul_128", 128, 128, 128),
    case("matmul_256", 256, 256, 256),
    case("matmul_512", 512, 512, 512),
    case("matmul_1024", 1024, 1024, 1024),
    case("matmul_2048", 2048, 2048, 2048),
    Case { dtype: DType::F64, ..case("matmul_f64_256", 256, 256, 256) },
    Case { dtype: DType::F64, ..case("matmul_f64_1024", 1024, 1024, 1024) },
    case("matvec_1024", 1024, 1024, 1),
    case("vecmat_4096", 1, 4096, 4096),
    Case { batch: 64, ..case("batched_64x32", 32, 32, 32) },
    Case { transposed: TN, ..case("tn_1024", 1024, 1024, 1024) },
    Case { transposed: NT, ..case("nt_1024", 1024, 1024, 1024) },
    Case { dtype: DType::BF16, ..case("bf16_512", 512, 512, 512) },
    // A dense layer of 784 to 128 on 64 examples, its gradients, and a layer of 128 to 10.
    case("dense_64x784x128", 64, 784, 128),
    Case { transposed: TN, ..case("dense_weights", 784, 64, 128) },
    Case { transposed: NT, ..case("dense_inputs", 64, 128, 784) },
    case("dense_64x128x10", 64, 128, 10),
    // Attention of 32 heads over 128 positions, and the feed-forward layer of a transformer.
    Case { batch: 32, transposed: NT, ..case("attention_scores", 128, 64, 128) },
    Case { batch: 32, ..case("attention_values", 128, 128, 64) },
    Case { batch: 32, transposed: TN, ..case("attention_gradient", 128, 128, 64) },
    case("feed_forward", 256, 256, 1024),
    Case { transposed: TN, ..case("feed_forward_weights", 256, 256, 1024) },
];

fn numbers(dtype: DType, shape: &[usize]) -> Value {
    let n = shape.iter().product();
    let data: Vec<f64> = (0..n).map(|i: usize| (i as f64 * 0.7).sin()).collect();
    Value::new(shape, data).converted(dtype)
}

/// The products of a batch by faer, one after the other.
fn by_faer(case: &Case, x: &[f32], y: &[f32], out: &mut [f32]) {
    let [m, k, n] = case.sizes;
    for b in 0..case.batch {
        let (x, y) = (&x[b * m * k..][..m * k], &y[b * k * n..][..k * n]);
        let x = match case.transposed[0] {
            true => MatRef::from_row_major_slice(x, k, m).transpose(),
            false => MatRef::from_row_major_slice(x, m, k),
        };
        let y = match case.transposed[1] {
            true => MatRef::from_row_major_slice(y, n, k).transpose(),
            false => MatRef::from_row_major_slice(y, k, n),
        };
        let out = MatMut::from_row_major_slice_mut(&mut out[b * m * n..][..m * n], m, n);
        matmul(out, Accum::Replace, x, y, 1.0, Par::Seq);
    }
}

fn measure(c: &mut Criterion<CpuTime>, case: &Case) {
    let [m, k, n] = case.sizes;
    let shape = |turned, a, b| [case.batch].into_iter().chain(if turned { [b, a] } else { [a, b] });
    let x: Vec<usize> = shape(case.transposed[0], m, k).collect();
    let y: Vec<usize> = shape(case.transposed[1], k, n).collect();
    let (x, y) = (numbers(case.dtype, &x), numbers(case.dtype, &y));
    let prim = Prim::from(DotGeneral {
        lhs_contract: [2 - case.transposed[0] as usize].as_slice().into(),
        rhs_contract: [1 + case.transposed[1] as usize].as_slice().into(),
        lhs_batch: [0].as_slice().into(),
        rhs_batch: [0].as_slice().into(),
        preferred: (case.dtype == DType::BF16).then_some(DType::F32),
    });
    let types = prim.type_of(&[x.ty().clone(), y.ty().clone()]).expect("the shapes fit");
    let mut group = c.benchmark_group("product");
    group.throughput(Throughput::Elements((case.batch * m * k * n) as u64));
    group.bench_function(BenchmarkId::new("pullback", case.name), |b| {
        b.iter(|| execute(&prim, &mut [Operand::from(&x), Operand::from(&y)], &types).unwrap());
    });
    if case.dtype == DType::F32 {
        let (x, y) = (x.slice::<f32>(), y.slice::<f32>());
        let mut out = vec![0.0; case.batch * m * n];
        group.bench_function(BenchmarkId::new("faer", case.name), |b| {
            b.iter(|| by_faer(case, x, y, &mut out));
        });
    }
    group.finish();
}

fn main() {
    let mut criterion = Criterion::default()
        .with_measurement(CpuTime)
        .sample_size(20)
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_secs(1))
        .configure_from_args();
    with_threads(1, || CASES.iter().for_each(|case| measure(&mut criterion, case)))
        .expect("one thread is there");
    criterion.final_summary();
}
