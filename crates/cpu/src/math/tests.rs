//! Golden points, special values, a sample of all f32, and equal bits on all paths.
//!
//! `cargo run --release -p pullback-cpu --example accuracy` measures more.

use super::scalar::{F32, F64};
use super::*;
use crate::simd;
use pullback_ir::scalar::RealScalar;

/// The functions, their names, and the ulps that are allowed in f32 and in f64.
const UNARY: [(Unary, &str, f64, f64); 27] = [
    (Unary::Rsqrt, "rsqrt", 2.0, 1.0),
    (Unary::Cbrt, "cbrt", 2.0, 1.0),
    (Unary::Exp, "exp", 2.0, 1.0),
    (Unary::Exp2, "exp2", 2.0, 1.0),
    (Unary::Expm1, "expm1", 2.0, 1.0),
    (Unary::Logistic, "logistic", 2.0, 2.0),
    (Unary::Log, "log", 2.0, 1.0),
    (Unary::Log1p, "log1p", 2.0, 1.0),
    (Unary::Sqrt, "sqrt", 0.5, 0.5),
    (Unary::Sin, "sin", 2.0, 1.0),
    (Unary::Cos, "cos", 2.0, 1.0),
    (Unary::Tan, "tan", 2.0, 1.0),
    (Unary::Asin, "asin", 2.0, 1.0),
    (Unary::Acos, "acos", 2.0, 1.0),
    (Unary::Atan, "atan", 2.0, 1.0),
    (Unary::Sinh, "sinh", 2.0, 1.0),
    (Unary::Cosh, "cosh", 2.0, 1.0),
    (Unary::Tanh, "tanh", 2.0, 1.0),
    (Unary::Asinh, "asinh", 2.0, 1.5),
    (Unary::Acosh, "acosh", 2.0, 1.5),
    (Unary::Atanh, "atanh", 2.0, 1.5),
    (Unary::Erf, "erf", 2.0, 1.0),
    (Unary::Erfc, "erfc", 4.0, 4.0),
    (Unary::ErfInv, "erf_inv", 4.0, 4.0),
    (Unary::Lgamma, "lgamma", 4.0, 4.0),
    (Unary::Digamma, "digamma", 4.0, 4.0),
    (Unary::Square, "square", 0.5, 0.5),
];

/// Those of pow in f32.
const POW_32: f64 = 4.0;

macro_rules! floats {
    (|$b:ident, $x:ident, $y:ident, $t:ident| $(
        $op:ident $name:literal [$($class:ident $f:expr),+], $domain:tt, $tangent:expr;
    )*) => {
        /// What the interpreter computes.
        #[allow(unreachable_code)]
        fn reference<T: RealScalar>(op: Unary, x: T) -> T {
            match op { $(Unary::$op => { $(floats!(@$class x, $f);)+ unreachable!() })* }
        }
    };
    (@float $x:ident, $f:expr) => { return Some($x).map($f).unwrap() };
    (@$other:ident $x:ident, $f:expr) => {};
}
pullback_ir::for_each_unary!(floats);

fn op_named(name: &str) -> Option<(Unary, f64, f64)> {
    let found = UNARY.iter().find(|row| row.1 == name)?;
    Some((found.0, found.2, found.3))
}

/// The distance of neighbours at x.
fn ulp32(x: f64) -> f64 {
    let a = (x.abs() as f32).min(f32::MAX.next_down());
    let a = if f64::from(a) > x.abs() { a.next_down() } else { a };
    f64::from(a.next_up()) - f64::from(a)
}

fn ulp64(x: f64) -> f64 {
    let a = x.abs().min(f64::MAX.next_down());
    a.next_up() - a
}

/// Equal infinities, NaN and zeros with their signs, or within `budget` ulps.
#[track_caller]
fn check32(what: &str, got: f32, exact: f64, budget: f64) {
    let rounded = exact as f32;
    let same = got.to_bits() == rounded.to_bits() || got.is_nan() && rounded.is_nan();
    let error = (f64::from(got) - exact).abs() / ulp32(exact);
    let signs = got.is_sign_negative() == rounded.is_sign_negative();
    assert!(
        same || signs && error <= budget,
        "{what}: got {got:e}, expected {exact:e}, {error} ulp"
    );
}

#[track_caller]
fn check64(what: &str, got: f64, (nearest, above): (f64, f64), budget: f64) {
    let same =
        above == 0.0 && got.to_bits() == nearest.to_bits() || got.is_nan() && nearest.is_nan();
    let error = ((got - nearest) / ulp64(nearest) - above).abs();
    let signs = got.is_sign_negative() == nearest.is_sign_negative();
    assert!(
        same || signs && error <= budget,
        "{what}: got {got:e}, expected {nearest:e}, {error} ulp"
    );
}

#[test]
fn golden_points_lie_within_the_budget() {
    let points = concat!(
        include_str!("../../tests-data/points.txt"),
        include_str!("../../../ir/tests-data/scalar_golden.txt")
    );
    let mut count = 0;
    for line in points.lines() {
        let (name, numbers) = line.split_once(' ').unwrap();
        let numbers: Vec<f64> = numbers.split(' ').map(|n| n.parse().unwrap()).collect();
        let [ref arguments @ .., nearest, above] = numbers[..] else { panic!("{line}") };
        let single: Vec<f32> = arguments.iter().map(|&x| x as f32).collect();
        // In points.txt few arguments are f32 numbers.
        let is_single = arguments.iter().zip(&single).all(|(&x, &y)| x == f64::from(y));
        if let [x] = arguments {
            let Some((op, budget32, budget64)) = op_named(name) else { continue };
            let y = unary_f64(op, &[*x]).expect("a vector form");
            // The interpreter's, which about their zeros are right to 1e-16 of 1.
            let about_zeros = matches!(op, Unary::Lgamma | Unary::Digamma) && *x < 0.0;
            let more = if about_zeros { 1e-16 / ulp64(nearest) } else { 0.0 };
            check64(line, y[0], (nearest, above), budget64 + more);
            if is_single {
                check32(line, unary_f32(op, &single).unwrap()[0], nearest, budget32);
            }
        } else {
            let (op, budget32, budget) = match name {
                "pow" => (Binary::Pow, POW_32, 1.0),
                "atan2" => (Binary::Atan2, 2.0, 1.0),
                _ => continue,
            };
            let y = binary_f64(op, &arguments[..1], &arguments[1..]).unwrap()[0];
            check64(line, y, (nearest, above), budget);
            if is_single {
                let y = binary_f32(op, &single[..1], &single[1..]).unwrap()[0];
                check32(line, y, nearest, budget32);
            }
        }
        count += 1;
    }
    assert!(count > 700, "only {count} points");
}

/// Numbers at which something special happens somewhere.
fn special() -> Vec<f64> {
    let mut x = vec![0.0, f64::NAN, f64::INFINITY, 5e-324, 1e-310, f64::MIN_POSITIVE];
    x.extend([
        f64::from(f32::MIN_POSITIVE),
        1e-45,
        1e-40,
        1e-30,
        1e-20,
        1e-9,
        1e-5,
        1e-3,
        0.1,
        0.5,
    ]);
    x.extend([0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 9.0, 9.5, 16.0, 17.5, 37.0, 80.5, 87.0, 88.5]);
    x.extend([88.8, 89.3, 95.0, 103.0, 104.0, 126.5, 127.0, 128.0, 149.0, 150.0, 709.0, 709.9]);
    x.extend([710.3, 710.5, 720.0, 744.0, 746.0, 1023.0, 1024.0, 1074.0, 1075.0, 1e4, 123456.0]);
    x.extend([8388609.0, 1e9, 2e9, 1e15, 4503599627370497.0, 1e17, 1e22, 3e38, 1e155, 1e300]);
    x.push(f64::MAX);
    x.extend([1.0f64.next_down(), 1.0f64.next_up(), f64::from(1f32.next_down())]);
    let negative: Vec<f64> = x.iter().map(|x| -x).collect();
    x.extend(negative);
    x
}

#[test]
fn special_values_are_those_of_the_reference() {
    for (op, name, budget32, budget64) in UNARY {
        for x in special() {
            let what = format!("{name} {x:e}");
            let single = x as f32;
            check32(
                &what,
                unary_f32(op, &[single]).unwrap()[0],
                reference(op, f64::from(single)),
                budget32,
            );
            // The reference has an error of its own.
            let y = unary_f64(op, &[x]).unwrap()[0];
            check64(&what, y, (reference(op, x), 0.0), budget64 + 3.0);
        }
    }
}

#[test]
fn simple_functions_have_the_bits_of_the_reference() {
    use Unary::*;
    for op in [Neg, Sign, Abs, Floor, Ceil, Round, RoundEven, Square, Sqrt] {
        let mut xs = special();
        xs.extend((-40..40).map(|k| f64::from(k) / 8.0));
        xs.extend([
            0.5f64.next_down(),
            f64::from(0.5f32.next_down()),
            8388607.5,
            4503599627370495.5,
        ]);
        for x in xs {
            let (single, double) = (reference(op, x as f32), reference(op, x));
            let (got32, got64) =
                (unary_f32(op, &[x as f32]).unwrap()[0], unary_f64(op, &[x]).unwrap()[0]);
            assert!(
                got32.to_bits() == single.to_bits() || got32.is_nan() && single.is_nan(),
                "{op:?} {x}"
            );
            assert!(
                got64.to_bits() == double.to_bits() || got64.is_nan() && double.is_nan(),
                "{op:?} {x}"
            );
        }
    }
}

#[test]
fn special_pairs_are_those_of_the_reference() {
    let mut values = special();
    values.retain(|x| x.abs() < 20.0 || x.abs() > 1e3 || x.is_nan());
    values.extend([-3.0, -7.0, 1.0 / 3.0, -0.2]);
    for &x in &values {
        for &y in &values {
            let what = format!("pow {x:e} {y:e}");
            check64(&what, binary_f64(Binary::Pow, &[x], &[y]).unwrap()[0], (x.pow(y), 0.0), 1.0);
            let (x32, y32) = (x as f32, y as f32);
            let exact = f64::from(x32).pow(f64::from(y32));
            check32(&what, binary_f32(Binary::Pow, &[x32], &[y32]).unwrap()[0], exact, POW_32);

            let what = format!("atan2 {x:e} {y:e}");
            let got = binary_f64(Binary::Atan2, &[x], &[y]).unwrap()[0];
            check64(&what, got, (x.atan2(y), 0.0), 1.5);
            let exact = f64::from(x32).atan2(f64::from(y32));
            check32(&what, binary_f32(Binary::Atan2, &[x32], &[y32]).unwrap()[0], exact, 2.0);
        }
    }
}

/// Every n-th f32.
fn sample(step: usize) -> Vec<f32> {
    (0..=u32::MAX).step_by(step).map(f32::from_bits).collect()
}

#[test]
fn a_sample_of_all_f32_lies_within_the_budget() {
    let x = sample(50_021);
    for (op, name, budget, _) in UNARY {
        for (&x, y) in x.iter().zip(unary_f32(op, &x).unwrap()) {
            // Where the reference itself loses digits: the zeros and poles left of zero.
            if matches!(op, Unary::Lgamma | Unary::Digamma) && x < 0.0 {
                continue;
            }
            check32(&format!("{name} {x:e}"), y, reference(op, f64::from(x)), budget);
        }
    }
}

/// The bits, with one NaN for all.
fn bits(x: &[f64]) -> Vec<u64> {
    x.iter().map(|x| if x.is_nan() { u64::MAX } else { x.to_bits() }).collect()
}

/// Rare cases at the beginning, in the middle and at the end of blocks, in blocks of all sizes; the
/// loops, on every kind of vector, have the bits of single elements.
#[test]
fn loops_have_the_bits_of_single_elements() {
    for n in [0, 1, 7, 255, 256, 257, 600] {
        let mut x: Vec<f32> = sample(7_158_278)[..n].to_vec();
        for (k, x) in x.iter_mut().enumerate() {
            *x = if k % 250 == 3 { 1e30 } else { x.clamp(-20.0, 20.0) };
        }
        let wide: Vec<f64> = x.iter().map(|&x| f64::from(x)).collect();
        for (op, name, ..) in UNARY {
            let single: Vec<f64> = x
                .iter()
                .map(|&x| f64::from(emit_f32(&mut F32::<true>::default(), op, x).unwrap()))
                .collect();
            let double: Vec<f64> = wide
                .iter()
                .map(|&x| emit_f64(&mut F64::<true>::default(), op, x).unwrap())
                .collect();
            for baseline in [true, false] {
                simd::BASELINE.set(baseline);
                let got = unary_f32(op, &x).unwrap();
                let got: Vec<f64> = got.into_iter().map(f64::from).collect();
                assert!(bits(&got) == bits(&single), "{name}, {n} f32, baseline {baseline}");
                let got = unary_f64(op, &wide).unwrap();
                assert!(bits(&got) == bits(&double), "{name}, {n} f64, baseline {baseline}");
            }
            simd::BASELINE.set(false);
        }
    }
}
