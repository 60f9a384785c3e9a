//! f64 and 64-bit integers into each other, where AVX2 has no instruction: numbers of every magnitude and
//! sign, halves, and both sides of what fits.

use super::super::build::LineBuilder;
use super::super::line::{Line, Step, Un};
use super::{Random, executors};
use pullback_ir::DType;

fn converts(from: DType, to: DType, op: Un) -> Line {
    let mut b = LineBuilder::default();
    let (x, out) = (b.arg(from, Step::Next, false), b.arg(to, Step::Next, true));
    let x = b.load(x);
    let y = b.un(op, x);
    b.store(out, y);
    b.finish()
}

fn check(line: &Line, from: &[u64], want: impl Fn(u64) -> u64) {
    for (name, code) in executors(line) {
        let mut to = vec![0u64; from.len()];
        let pointers = [from.as_ptr().cast_mut().cast(), to.as_mut_ptr().cast()];
        // SAFETY: both arrays have the elements, and do not meet; inputs are read only.
        unsafe { code.run(&pointers, &[0, 0], from.len(), 1) };
        for (&x, &y) in from.iter().zip(&to) {
            assert_eq!(y, want(x), "{name}: {x:#x}\n{line}");
        }
    }
}

#[test]
fn doubles_become_integers() {
    let mut random = Random(11);
    let mut xs: Vec<u64> = Vec::new();
    for exponent in -2..70 {
        let power = 2f64.powi(exponent);
        let near =
            [power.next_down(), power, power.next_up(), power + 0.5, power - 0.5, 1.5 * power];
        xs.extend(near.iter().flat_map(|x| [x.to_bits(), (-x).to_bits()]));
        let any =
            (0..40).map(|_| random.bits() & !(0x7ff << 52) | ((1023 + exponent) as u64) << 52);
        xs.extend(any);
    }
    xs.extend([0.0, -0.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e300].map(f64::to_bits));
    check(&converts(DType::F64, DType::I64, Un::ToInt), &xs, |x| {
        let x = f64::from_bits(x);
        let fits = (-(2f64.powi(63))..2f64.powi(63)).contains(&x);
        (if fits { x as i64 } else { i64::MIN }) as u64
    });
}

#[test]
fn integers_become_doubles() {
    let mut random = Random(12);
    let mut xs: Vec<u64> = Vec::new();
    for k in 0..64u32 {
        let power = 1u64 << k;
        let half = 1u64 << k.saturating_sub(54);
        let near = [power - 1, power, power + 1, power + half, power + half + 1, power + half - 1];
        xs.extend(near.iter().flat_map(|x| [*x, x.wrapping_neg()]));
        xs.extend((0..40).map(|_| random.bits() >> k));
    }
    check(&converts(DType::I64, DType::F64, Un::ToFloat), &xs, |x| (x as i64 as f64).to_bits());
}
