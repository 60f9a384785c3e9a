//! Chains of elementwise operations on arrays far larger than the caches, against a triad `x + a·y` over as many
//! bytes, written with vectors that go past the caches.

use super::{TURNS, is_wide, median};
use pullback_cpu::{compile, room, with_threads};
use pullback_ir::text::parse;
use pullback_ir::{DType, Error, Value};
use std::arch::x86_64::*;
use std::hint::black_box;
use std::time::Instant;

/// Elements of an array.
const N: usize = 10_000_000;

/// Runs of a turn, some hundredths of a second.
const RUNS: usize = 10;

/// A name, the operands' dtype, and the program in operands a, b … and the result z.
const CHAINS: [(&str, DType, usize, &str); 5] = [
    ("2·a + 3·b", DType::F32, 2, "c:t = mul a 2.0:{t}[]\nd:t = mul b 3.0:{t}[]\nz:t = add c d"),
    ("2·a + 3·b", DType::F64, 2, "c:t = mul a 2.0:{t}[]\nd:t = mul b 3.0:{t}[]\nz:t = add c d"),
    ("a·a − a", DType::F32, 1, "c:t = mul a a\nz:t = sub c a"),
    ("a·b + c", DType::F32, 3, "d:t = mul a b\nz:t = add d c"),
    (
        "a > b ? a : tanh b",
        DType::F32,
        2,
        "c:bool[{n}] = gt a b\nd:t = tanh b\nz:t = select_n c d a",
    ),
];

pub(super) fn against_triad(threads: usize) -> Result<(), Error> {
    CHAINS.into_iter().try_for_each(|chain| with_threads(threads, || measure(threads, chain))?)
}

fn measure(
    threads: usize,
    (name, dtype, n_ins, lines): (&str, DType, usize, &str),
) -> Result<(), Error> {
    let letters = &["a:t", "b:t", "c:t"][..n_ins];
    let text = format!("{{ lambda ; {} . let\n{lines}\nin (z,) }}", letters.join(" "));
    let text = text.replace(":t", &format!(":{dtype}[{N}]")).replace("{t}", dtype.name());
    let text = text.replace("{n}", &N.to_string());
    let program = compile(&parse(&text)?)?;
    let numbers =
        |k| Value::new([N].as_slice(), (0..N).map(|i| (i % 997 + k) as f32).collect::<Vec<_>>());
    let ins: Vec<Value> = (0..n_ins).map(|k| numbers(k).converted(dtype)).collect();
    let bytes = (n_ins + 1) * dtype.size() * N;
    let mut triad = Triad::new(bytes / (3 * size_of::<f32>()));
    let (mut ratios, mut best) = (vec![], f64::INFINITY);
    // The first two make machine code and take memory.
    for turn in 0..TURNS + 2 {
        let start = Instant::now();
        for _ in 0..RUNS {
            black_box(program.run(&ins)?);
        }
        let ours = start.elapsed().as_secs_f64();
        let triad = triad.run(threads);
        if turn >= 2 {
            ratios.push(ours / triad);
            best = best.min(ours / RUNS as f64);
        }
    }
    let (ratio, speed) = (median(&mut ratios), bytes as f64 / best / 1e9);
    let threads = if threads == 1 { "1 thread " } else { &format!("{threads} threads") };
    println!("{threads} {dtype} {name:18}  {ratio:.3} of a triad's time  {speed:5.1} GB/s at best");
    Ok(())
}

struct Triad {
    ins: [Value; 2],
    out: Vec<f32>,
    n: usize,
}

/// Elements of the longest vector; of a cache line.
const LINE: usize = 16;

impl Triad {
    fn new(n: usize) -> Triad {
        let n = n / (2 * LINE) * (2 * LINE);
        let ins = [1.0, 2.0].map(|x: f32| Value::new([n].as_slice(), vec![x; n]));
        Triad { ins, out: room(n + LINE), n }
    }

    /// Seconds that it takes to run some times, its halves on two threads.
    fn run(&mut self, threads: usize) -> f64 {
        let [x, y] = &self.ins;
        let (x, y) = (x.slice::<f32>(), y.slice::<f32>());
        let out = self.out.spare_capacity_mut();
        let ahead = out.as_ptr().align_offset(64);
        let out = &mut out[ahead..ahead + self.n];
        let n = self.n / threads;
        let wide = is_wide();
        let start = Instant::now();
        std::thread::scope(|scope| {
            for ((x, y), out) in
                x.chunks_exact(n).zip(y.chunks_exact(n)).zip(out.chunks_exact_mut(n))
            {
                let mut part = move || {
                    for _ in 0..RUNS {
                        let out = out.as_mut_ptr().cast::<f32>();
                        // SAFETY: the processor has the instructions, see `is_wide`; all three parts are of n
                        // elements, whole lines of them, and the result's begins at one.
                        unsafe {
                            match wide {
                                true => triad_512(x.as_ptr(), y.as_ptr(), out, n),
                                false => triad_256(x.as_ptr(), y.as_ptr(), out, n),
                            }
                        }
                    }
                };
                match threads {
                    1 => part(),
                    _ => drop(scope.spawn(part)),
                }
            }
        });
        start.elapsed().as_secs_f64()
    }
}

macro_rules! triad {
    ($name:ident $features:literal $lanes:literal $set:ident $load:ident $fma:ident $stream:ident) => {
        /// # Safety
        /// The processor has the instructions; the pointers lead to `n` elements each, which are whole vectors,
        /// and the result begins at a cache line.
        #[target_feature(enable = $features)]
        unsafe fn $name(x: *const f32, y: *const f32, out: *mut f32, n: usize) {
            let factor = $set(black_box(3.0));
            for i in (0..n).step_by($lanes) {
                // SAFETY: the caller's promise.
                unsafe {
                    $stream(out.add(i).cast(), $fma(factor, $load(y.add(i)), $load(x.add(i))))
                }
            }
            _mm_sfence();
        }
    };
}
triad!(triad_512 "avx512f" 16 _mm512_set1_ps _mm512_loadu_ps _mm512_fmadd_ps _mm512_stream_ps);
triad!(triad_256 "avx2,fma" 8 _mm256_set1_ps _mm256_loadu_ps _mm256_fmadd_ps _mm256_stream_ps);
