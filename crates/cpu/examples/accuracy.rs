//! Measures the errors of the elementary functions, for docs/ACCURACY.md.
//!
//! ```text
//! cargo run --release -p pullback-cpu --example accuracy                     every f32, all functions
//! cargo run --release -p pullback-cpu --example accuracy -- --step 1009      every 1009th f32
//! cargo run --release -p pullback-cpu --example accuracy -- --op exp --op sin
//! cargo run --release -p pullback-cpu --example accuracy -- --points FILE    f64, at points of points.py
//! ```
//!
//! f32 results are compared with the f64 version of the function, whose own error is 2⁻²⁹ of an f32's
//! last place, as `--points` shows. An infinity, a NaN or a zero's sign in the wrong place counts as wrong.

use pullback_cpu::math::{binary_f32, binary_f64, unary_f32, unary_f64};
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::unary::Unary::{self, *};
use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

const UNARY: [(&str, Unary); 27] = [
    ("exp", Exp),
    ("exp2", Exp2),
    ("expm1", Expm1),
    ("log", Log),
    ("log1p", Log1p),
    ("sqrt", Sqrt),
    ("rsqrt", Rsqrt),
    ("cbrt", Cbrt),
    ("sin", Sin),
    ("cos", Cos),
    ("tan", Tan),
    ("asin", Asin),
    ("acos", Acos),
    ("atan", Atan),
    ("sinh", Sinh),
    ("cosh", Cosh),
    ("tanh", Tanh),
    ("asinh", Asinh),
    ("acosh", Acosh),
    ("atanh", Atanh),
    ("logistic", Logistic),
    ("erf", Erf),
    ("erfc", Erfc),
    ("erf_inv", ErfInv),
    ("lgamma", Lgamma),
    ("digamma", Digamma),
    ("round", Round),
];
const BINARY: [(&str, Binary); 2] = [("pow", Binary::Pow), ("atan2", Binary::Atan2)];

/// Inputs of one piece of work.
const PIECE: u64 = 1 << 14;

#[derive(Clone, Default)]
struct Worst {
    ulp: f64,
    at: String,
    count: u64,
    wrong: u64,
}

impl Worst {
    fn add(&mut self, error: f64, at: impl FnOnce() -> String) {
        self.count += 1;
        if error.is_nan() {
            self.wrong += 1;
            self.at = at();
        } else if error > self.ulp {
            (self.ulp, self.at) = (error, at());
        }
    }

    fn merge(&mut self, other: Worst) {
        if other.wrong > self.wrong || self.wrong == 0 && other.ulp > self.ulp {
            self.at = other.at;
        }
        self.ulp = self.ulp.max(other.ulp);
        self.count += other.count;
        self.wrong += other.wrong;
    }

    fn print(&self, name: &str) {
        let Worst { ulp, at, count, wrong } = self;
        println!("{name:10} {ulp:8.3} ulp at {at} ({count} inputs, {wrong} wrong)");
    }
}

/// The error in units of the last place of an f32 at the value; NaN if the result is wrong altogether.
#[inline(always)]
fn error(got: f32, exact: f64) -> f64 {
    let rounded = exact as f32;
    if got.to_bits() == rounded.to_bits() && (rounded == 0.0 || rounded.is_infinite()) {
        return 0.0;
    }
    if got.is_nan() || rounded.is_nan() {
        return if got.is_nan() && rounded.is_nan() { 0.0 } else { f64::NAN };
    }
    if got.is_sign_negative() != rounded.is_sign_negative() {
        return f64::NAN;
    }
    // Beyond the largest number, the next one would be the infinity.
    let got = if got.is_infinite() { 2f64.powi(128).copysign(got.into()) } else { got.into() };
    if exact.is_infinite() {
        return f64::NAN;
    }
    let exponent = (exact.to_bits() >> 52 & 0x7ff) as i64 - 1023;
    let ulp = f64::from_bits(((exponent.max(-126) - 23 + 1023) as u64) << 52);
    (got - exact).abs() / ulp
}

/// Runs `piece` for 0, 1, … `pieces` on all processors.
fn measure(pieces: u64, piece: impl Fn(u64, &mut Worst) + Sync) -> Worst {
    let (next, total) = (AtomicU64::new(0), Mutex::new(Worst::default()));
    let threads = std::thread::available_parallelism().map_or(1, |n| n.get());
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut worst = Worst::default();
                loop {
                    let k = next.fetch_add(1, Ordering::Relaxed);
                    if k >= pieces {
                        break;
                    }
                    piece(k, &mut worst);
                }
                total.lock().unwrap().merge(worst);
            });
        }
    });
    total.into_inner().unwrap()
}

fn unary(op: Unary, step: u64) -> Worst {
    measure((1u64 << 32).div_ceil(PIECE * step), |piece, worst| {
        let inputs = piece * PIECE * step..((piece + 1) * PIECE * step).min(1 << 32);
        let x: Vec<f32> = inputs.step_by(step as usize).map(|b| f32::from_bits(b as u32)).collect();
        let wide: Vec<f64> = x.iter().map(|&x| x.into()).collect();
        let got = unary_f32(op, &x).expect("a vector form");
        let exact = unary_f64(op, &wide).expect("a vector form");
        for ((x, got), exact) in x.iter().zip(got).zip(exact) {
            worst.add(error(got, exact), || format!("{x:e}"));
        }
    })
}

/// Pairs of random bits, half of them with moderate exponents.
fn binary(op: Binary, step: u64) -> Worst {
    measure((1u64 << 28).div_ceil(PIECE * step), |piece, worst| {
        let mut state = piece.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut draw = |moderate: bool| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let bits = (state >> 32) as u32;
            let exponent = 0x3d00_0000 + (bits & 0x04ff_ffff);
            f32::from_bits(if moderate { bits & 0x8000_0000 | exponent } else { bits })
        };
        let (x, y): (Vec<f32>, Vec<f32>) =
            (0..PIECE).map(|k| (draw(k % 2 == 0), draw(k % 2 == 0))).unzip();
        let widen = |x: &[f32]| x.iter().map(|&x| f64::from(x)).collect::<Vec<f64>>();
        let got = binary_f32(op, &x, &y).expect("a vector form");
        let exact = binary_f64(op, &widen(&x), &widen(&y)).expect("a vector form");
        for (((x, y), got), exact) in x.iter().zip(&y).zip(got).zip(exact) {
            worst.add(error(got, exact), || format!("{x:e}, {y:e}"));
        }
    })
}

/// Errors in f64 at points with many digits.
fn points(file: &str) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|e| panic!("{file}: {e}"));
    let mut all: BTreeMap<&str, Worst> = BTreeMap::new();
    for line in text.lines() {
        let (name, numbers) = line.split_once(' ').expect("a name and numbers");
        let numbers: Vec<f64> = numbers.split(' ').map(|n| n.parse().expect("a number")).collect();
        let [ref arguments @ .., nearest, above] = numbers[..] else { panic!("{file}: {line}") };
        let got = match arguments {
            [x] => {
                let op = UNARY.iter().find(|row| row.0 == name);
                op.and_then(|row| unary_f64(row.1, &[*x]))
            }
            [x, y] => {
                let op = BINARY.iter().find(|row| row.0 == name);
                op.and_then(|row| binary_f64(row.1, &[*x], &[*y]))
            }
            _ => None,
        };
        let Some(got) = got else { continue };
        let ulp = nearest.abs().next_up() - nearest.abs();
        let error = ((got[0] - nearest) / ulp - above).abs();
        all.entry(name).or_default().add(error, || format!("{arguments:?}"));
    }
    for (name, worst) in all {
        worst.print(name);
    }
}

fn main() {
    let (mut step, mut names) = (1, Vec::new());
    let mut arguments = std::env::args().skip(1);
    while let Some(option) = arguments.next() {
        let value = arguments.next().unwrap_or_else(|| panic!("{option} needs a value"));
        match option.as_str() {
            "--step" => step = value.parse().expect("--step takes a number"),
            "--op" => names.push(value),
            "--points" => return points(&value),
            _ => panic!("unknown option {option}; there are --op NAME, --step N and --points FILE"),
        }
    }
    let wanted = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    for (name, op) in UNARY.into_iter().filter(|row| wanted(row.0)) {
        unary(op, step).print(name);
    }
    for (name, op) in BINARY.into_iter().filter(|row| wanted(row.0)) {
        binary(op, step).print(name);
    }
}
