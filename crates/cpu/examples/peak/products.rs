//! Products of square matrices against the peak of one core.
//!
//! The peak is what a loop of independent multiply-adds reaches, in the vectors that the products use. Both run
//! on one thread, whose own time counts.

use super::{TURNS, is_wide, median};
use pullback_cpu::{Operand, execute, with_threads};
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::{DType, Error, Prim, Value};
use std::arch::x86_64::*;
use std::hint::black_box;

/// Operations of a turn at least, a hundredth of a second or so.
const WORK: f64 = 1e9;

pub(super) fn against_peak(size: usize) -> Result<(), Error> {
    with_threads(1, || measure(size))?
}

fn measure(size: usize) -> Result<(), Error> {
    let dtypes = [DType::F32, DType::F64];
    let pairs = dtypes.map(|dtype| [0.7, 1.3].map(|step| numbers(dtype, size, step)));
    let work = 2.0 * (size as f64).powi(3);
    let times = (WORK / work).ceil() as usize;
    let mut turns = [vec![], vec![]];
    let mut best = [0.0_f64; 2];
    for _ in 0..TURNS {
        let peak = peak();
        for (i, [x, y]) in pairs.iter().enumerate() {
            let mut done = Ok(());
            let seconds = seconds(|| done = (0..times).try_for_each(|_| product(x, y)));
            done?;
            let speed = times as f64 * work / seconds;
            best[i] = best[i].max(speed);
            // A vector has half as many f64 as f32.
            turns[i].push(speed * (i + 1) as f64 / peak);
        }
    }
    for ((dtype, turns), best) in dtypes.iter().zip(&mut turns).zip(best) {
        let (median, best) = (median(turns), best / 1e9);
        println!("{size:5} {dtype}  {median:.3} of the peak  {best:6.1} GFLOP/s at best");
    }
    Ok(())
}

fn numbers(dtype: DType, size: usize, step: f64) -> Value {
    let data: Vec<f64> = (0..size * size).map(|i| (i as f64 * step).sin()).collect();
    Value::new([size, size].as_slice(), data).converted(dtype)
}

fn product(x: &Value, y: &Value) -> Result<(), Error> {
    let prim = Prim::from(DotGeneral {
        lhs_contract: [1].as_slice().into(),
        rhs_contract: [0].as_slice().into(),
        lhs_batch: [].as_slice().into(),
        rhs_batch: [].as_slice().into(),
        preferred: None,
    });
    let types = prim.type_of(&[x.ty().clone(), y.ty().clone()])?;
    black_box(execute(&prim, &mut [Operand::from(x), Operand::from(y)], &types)?);
    Ok(())
}

/// Operations a second on f32 that the vector instructions in use reach.
fn peak() -> f64 {
    let wide = is_wide();
    let (steps, lanes) = (black_box(1_000_000), if wide { 16 } else { 8 });
    let seconds = seconds(|| {
        // SAFETY: the processor has the instructions: see `is_wide`.
        unsafe { if wide { multiply_adds_512(steps) } else { multiply_adds_256(steps) } }
    });
    (steps * SUMS * lanes * 2) as f64 / seconds
}

/// Sums beside one another: more than instructions under way at a time.
const SUMS: usize = 12;

macro_rules! multiply_adds {
    ($name:ident $features:literal $set:ident $fma:ident) => {
        #[target_feature(enable = $features)]
        fn $name(steps: usize) {
            let factor = $set(black_box(0.999));
            let mut sums = [factor; SUMS];
            for _ in 0..steps {
                for sum in &mut sums {
                    *sum = $fma(*sum, factor, factor);
                }
            }
            black_box(sums);
        }
    };
}
multiply_adds!(multiply_adds_512 "avx512f" _mm512_set1_ps _mm512_fmadd_ps);
multiply_adds!(multiply_adds_256 "avx2,fma" _mm256_set1_ps _mm256_fmadd_ps);

/// Seconds of this thread that something takes.
fn seconds(work: impl FnOnce()) -> f64 {
    let start = now();
    work();
    now() - start
}

fn now() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the call writes to `t` and nowhere else.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut t) };
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}
