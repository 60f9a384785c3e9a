//! Golden points, special values and rounding cases.

use half::{bf16, f16};

use super::*;

const INF: f64 = f64::INFINITY;
const NAN: f64 = f64::NAN;

/// The function called `name`, of one or two arguments.
fn call<T: RealScalar>(name: &str, x: T, y: Option<T>) -> T {
    match (name, y) {
        ("exp", None) => x.exp(),
        ("exp2", None) => x.exp2(),
        ("expm1", None) => x.expm1(),
        ("log", None) => x.log(),
        ("log1p", None) => x.log1p(),
        ("sqrt", None) => x.sqrt(),
        ("rsqrt", None) => x.rsqrt(),
        ("cbrt", None) => x.cbrt(),
        ("sin", None) => x.sin(),
        ("cos", None) => x.cos(),
        ("tan", None) => x.tan(),
        ("asin", None) => x.asin(),
        ("acos", None) => x.acos(),
        ("atan", None) => x.atan(),
        ("sinh", None) => x.sinh(),
        ("cosh", None) => x.cosh(),
        ("tanh", None) => x.tanh(),
        ("asinh", None) => x.asinh(),
        ("acosh", None) => x.acosh(),
        ("atanh", None) => x.atanh(),
        ("logistic", None) => x.logistic(),
        ("erf", None) => x.erf(),
        ("erfc", None) => x.erfc(),
        ("erf_inv", None) => x.erf_inv(),
        ("lgamma", None) => x.lgamma(),
        ("digamma", None) => x.digamma(),
        ("polygamma", Some(y)) => x.polygamma(y),
        ("zeta", Some(y)) => x.zeta(y),
        ("pow", Some(y)) => x.pow(y),
        ("atan2", Some(y)) => x.atan2(y),
        ("logaddexp", Some(y)) => x.logaddexp(y),
        _ => panic!("no function {name}"),
    }
}

/// The budget in f64: (ulp, absolute error that is also accepted).
fn budget(name: &str) -> (f64, f64) {
    match name {
        "asinh" | "acosh" | "atanh" | "cbrt" | "logistic" | "logaddexp" => (2.0, 0.0),
        "pow" | "erf_inv" | "erfc" => (4.0, 0.0),
        "lgamma" | "digamma" => (4.0, 1e-16),
        "polygamma" | "zeta" => (450.0, 0.0), // a relative 1e-13
        _ => (1.0, 0.0),
    }
}

/// The distance of neighbouring floats at `x` with `digits` bits and the least exponent `least`.
fn ulp(x: f64, digits: i32, least: i32) -> f64 {
    let exponent = libm::ilogb(x) + 1 - digits;
    libm::scalbn(1.0, exponent.max(least))
}

#[test]
fn golden_points_lie_within_the_budget() {
    let mut count = 0;
    for line in include_str!("../../tests-data/scalar_golden.txt").lines() {
        let (name, numbers) = line.split_once(' ').unwrap();
        let numbers: Vec<f64> = numbers.split(' ').map(|n| n.parse().unwrap()).collect();
        let [ref arguments @ .., nearest, above] = numbers[..] else { panic!("{line}") };
        let (x, y) = (arguments[0], arguments.get(1).copied());

        let (ulps, absolute) = budget(name);
        let (got, unit) = (call(name, x, y), ulp(nearest, 53, -1074));
        let error = ((got - nearest) / unit - above).abs();
        assert!(error <= ulps || error * unit <= absolute, "{line}: got {got}, {error:.2} ulp");

        if nearest.abs() < f64::from(f32::MAX) {
            let got = call(name, x as f32, y.map(|y| y as f32));
            let error = (f64::from(got) - nearest).abs() / ulp(nearest, 24, -149);
            assert!(error <= 2.0, "{line}: got {got}f32, {error:.2} ulp");
        }
        count += 1;
    }
    assert!(count > 250, "only {count} points");
}

/// Two arguments and the value expected there.
type Point = (f64, f64, f64);

/// Equal including the sign of zero; NaN equals NaN.
#[track_caller]
fn same(got: f64, expected: f64) {
    let equal = got.to_bits() == expected.to_bits() || got.is_nan() && expected.is_nan();
    assert!(equal, "got {got:?}, expected {expected:?}");
}

#[test]
fn special_values_of_functions_of_one_argument() {
    #[rustfmt::skip]
    let table: [(&str, &[(f64, f64)]); 22] = [
        ("exp", &[(-INF, 0.0), (INF, INF), (0.0, 1.0), (710.0, INF)]),
        ("expm1", &[(-INF, -1.0), (-0.0, -0.0)]),
        ("log", &[(0.0, -INF), (-0.0, -INF), (-1.0, NAN), (1.0, 0.0), (INF, INF)]),
        ("log1p", &[(-1.0, -INF), (-0.0, -0.0), (-1.5, NAN)]),
        ("sqrt", &[(-0.0, -0.0), (-1.0, NAN), (INF, INF)]),
        ("rsqrt", &[(0.0, INF), (-0.0, -INF), (INF, 0.0), (-1.0, NAN), (4.0, 0.5), (-INF, NAN), (5e-324, 4.4989137945431964e161)]),
        ("cbrt", &[(-8.0, -2.0), (-0.0, -0.0), (-INF, -INF)]),
        ("sin", &[(-0.0, -0.0), (INF, NAN)]),
        ("cos", &[(INF, NAN), (0.0, 1.0)]),
        ("acos", &[(1.0, 0.0), (1.5, NAN)]),
        ("sinh", &[(-0.0, -0.0), (INF, INF), (-INF, -INF), (-800.0, -INF), (5e-324, 5e-324)]),
        ("cosh", &[(0.0, 1.0), (-INF, INF), (711.0, INF)]),
        ("tanh", &[(-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (5e-324, 5e-324)]),
        ("asinh", &[(-0.0, -0.0), (-INF, -INF)]),
        ("acosh", &[(1.0, 0.0), (0.9, NAN), (INF, INF)]),
        ("atanh", &[(1.0, INF), (-1.0, -INF), (-0.0, -0.0), (1.1, NAN)]),
        ("logistic", &[(-INF, 0.0), (INF, 1.0), (0.0, 0.5), (-745.0, 5e-324)]),
        ("erf", &[(-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (-9.0, -1.0)]),
        ("erfc", &[(-INF, 2.0), (INF, 0.0), (0.0, 1.0)]),
        ("erf_inv", &[(1.0, INF), (-1.0, -INF), (1.5, NAN), (-0.0, -0.0)]),
        ("lgamma", &[(0.0, INF), (-0.0, INF), (-1.0, INF), (-30.0, INF), (1.0, 0.0), (2.0, 0.0), (INF, INF), (-INF, INF)]),
        ("digamma", &[(0.0, NAN), (-0.0, NAN), (-3.0, NAN), (INF, INF), (-INF, NAN), (1e-300, -1.0 / 1e-300), (-1e-300, 1.0 / 1e-300)]),
    ];
    for (name, points) in table {
        for &(x, expected) in points {
            same(call(name, x, None), expected);
        }
        same(call(name, NAN, None), NAN);
        assert!(call(name, f32::NAN, None).is_nan(), "{name}");
    }
}

#[test]
fn special_values_of_functions_of_two_arguments() {
    #[rustfmt::skip]
    let table: [(&str, &[Point]); 5] = [
        ("polygamma", &[(1.0, 0.0, INF), (2.0, 0.0, NAN), (1.0, -2.0, INF), (2.0, -2.0, NAN), (-1.0, 1.0, NAN),
            (0.5, 1.0, NAN), (0.0, INF, INF), (1.0, INF, 0.0), (0.0, 0.0, NAN), (1.0, NAN, NAN)]),
        ("zeta", &[(1.0, 2.0, INF), (0.5, 2.0, NAN), (2.0, 0.0, INF), (3.0, -1.0, NAN), (2.5, -0.5, NAN), (2.0, INF, 0.0),
            (INF, 1.0, 1.0), (INF, 2.0, 0.0), (NAN, 1.0, NAN)]),
        ("pow", &[(1.0, NAN, 1.0), (NAN, 0.0, 1.0), (-8.0, 0.5, NAN), (-INF, 3.0, -INF), (-0.0, -1.0, -INF)]),
        ("atan2", &[(0.0, -0.0, std::f64::consts::PI), (-0.0, 1.0, -0.0)]),
        ("logaddexp", &[(INF, INF, INF), (-INF, -INF, -INF), (-INF, 3.0, 3.0), (INF, -INF, INF), (NAN, 1.0, NAN)]),
    ];
    for (name, points) in table {
        for &(x, y, expected) in points {
            same(call(name, x, Some(y)), expected);
        }
    }
    // ψ⁽²⁰⁰⁾(100) has a factorial above and a power below the range of f64 (mpmath).
    let value: f64 = RealScalar::polygamma(200.0, 100.0);
    assert!((value / -9.125424691096223e-28 - 1.0).abs() < 1e-12, "{value:e}");
}

#[test]
fn extremes_signs_and_rounding() {
    fn check<T: RealScalar>(of: impl Fn(f64) -> T, back: impl Fn(T) -> f64) {
        let f = |g: &dyn Fn(T) -> T, x: f64| back(g(of(x)));
        let h = |g: &dyn Fn(T, T) -> T, x: f64, y: f64| back(g(of(x), of(y)));
        same(h(&T::larger, NAN, 1.0), NAN);
        same(h(&T::larger, 1.0, NAN), NAN);
        same(h(&T::larger, -0.0, 0.0), 0.0);
        same(h(&T::larger, 0.0, -0.0), 0.0);
        same(h(&T::larger, 2.0, 3.0), 3.0);
        same(h(&T::smaller, 1.0, NAN), NAN);
        same(h(&T::smaller, 0.0, -0.0), -0.0);
        same(h(&T::smaller, -0.0, 0.0), -0.0);
        same(h(&T::smaller, -INF, 3.0), -INF);
        for (x, sign) in [(NAN, NAN), (-0.0, -0.0), (0.0, 0.0), (-3.5, -1.0), (INF, 1.0)] {
            same(f(&T::sign, x), sign);
        }
        same(f(&T::abs, -0.0), 0.0);
        for (x, away, even) in
            [(2.5, 3.0, 2.0), (-2.5, -3.0, -2.0), (0.5, 1.0, 0.0), (-0.25, -0.0, -0.0)]
        {
            same(f(&T::round_half_away, x), away);
            same(f(&T::round_half_even, x), even);
        }
        same(f(&T::floor, -1.5), -2.0);
        same(f(&T::ceil, -0.5), -0.0);
        for (x, y, rest) in [
            (5.0, 3.0, 2.0),
            (-5.0, 3.0, -2.0),
            (5.0, INF, 5.0),
            (1.0, 0.0, NAN),
            (-6.0, 3.0, -0.0),
        ] {
            same(h(&T::rem, x, y), rest);
        }
        for (n, power) in [(0, 1.0), (1, -2.0), (5, -32.0), (-2, 0.25), (-3, -0.125)] {
            same(back(of(-2.0).integer_pow(n)), power);
        }
        same(back(of(NAN).integer_pow(0)), 1.0);
        assert!(of(1.0).is_finite() && !of(INF).is_finite() && !of(NAN).is_finite());
        same(h(&T::nextafter, 0.0, -0.0), -0.0);
        same(h(&T::nextafter, 1.0, NAN), NAN);
        let (next, before) = (h(&T::nextafter, 1.0, 2.0), h(&T::nextafter, 1.0, -2.0));
        assert!(next > 1.0 && (next - 1.0) == 2.0 * (1.0 - before));
        same(h(&T::nextafter, -1.0, -2.0), -next);
        let least = of(0.0).nextafter(of(-1.0));
        assert!(back(least) < 0.0);
        same(back(least.nextafter(of(1.0))), -0.0);
        same(back(of(INF).nextafter(of(0.0)).nextafter(of(INF))), INF);
    }
    check(|x| x, |x: f64| x);
    check(|x| x as f32, f64::from);
    check(f16::from_f64, f16::to_f64);
    check(bf16::from_f64, bf16::to_f64);
}

#[test]
fn integer_pow_leaves_the_range_as_the_reciprocal_does() {
    same(RealScalar::integer_pow(10.0, -400), 0.0);
    same(RealScalar::integer_pow(2.0, i32::MIN), 0.0);
    same(RealScalar::integer_pow(0.0, -3), INF);
}

#[test]
fn narrow_types_compute_in_f32_and_round_once() {
    // exp 1 = 2.71828: the f16 neighbours are 2.71680 and 2.71875, the bf16 neighbours 2.71875 and 2.703.
    assert_eq!(f16::from_f32(1.0).exp().to_f32(), 2.71875);
    assert_eq!(bf16::from_f32(1.0).exp().to_f32(), 2.71875);
    assert_eq!(f16::from_f32(12.0).exp(), f16::INFINITY);
    assert_eq!(RealScalar::lgamma(f16::from_f32(-2.0)), f16::INFINITY);
}

#[test]
fn reduce_precision_as_xla() {
    // (x, exponent bits, mantissa bits, result), the first rows from jax 0.10.
    let below_two = 2.0 - f64::EPSILON;
    #[rustfmt::skip]
    let table = [
        (65520.0, 5, 10, INF), (-65520.0, 5, 10, -INF), (65519.0, 5, 10, 65504.0), (1e-320, 5, 10, 0.0), (-1e-5, 5, 10, -0.0),
        (1e-320, 11, 10, 0.0), (NAN, 5, 10, NAN), (INF, 5, 10, INF), (NAN, 5, 0, NAN), (1.5, 5, 0, 2.0), (2.5, 5, 0, 2.0),
        (below_two, 11, 51, 2.0), (1.25, 8, 1, 1.0), (1.75, 8, 1, 2.0), (1.1, 11, 52, 1.1), (1.1, 20, 60, 1.1), (f64::MAX, 11, 3, INF),
    ];
    for (x, exponent_bits, mantissa_bits, expected) in table {
        same(x.reduce_precision(exponent_bits, mantissa_bits), expected);
    }
    for x in [1.1f32, 3.3e-6, 1e5, -7.7e37, 0.1] {
        assert_eq!(x.reduce_precision(8, 7), bf16::from_f32(x).to_f32());
    }
    assert_eq!(f16::from_f32(1.126).reduce_precision(5, 2).to_f32(), 1.25);
}

#[test]
fn integer_division_and_powers_never_panic() {
    assert_eq!(
        [IntScalar::div(5i32, 0), IntScalar::div(-7, 2), IntScalar::div(i32::MIN, -1)],
        [-1, -3, i32::MIN]
    );
    assert_eq!(
        [IntScalar::rem(5i32, 0), IntScalar::rem(-7, 2), IntScalar::rem(i32::MIN, -1)],
        [5, -1, 0]
    );
    assert_eq!((IntScalar::div(5u8, 0), IntScalar::rem(5u8, 0)), (255, 5));
    assert_eq!(
        (IntScalar::pow(3i8, 5), IntScalar::pow(2u8, 9), IntScalar::pow(0i64, 0)),
        (-13, 0, 1)
    );
    assert_eq!([-2, -1, 0, 1, 2].map(|x| IntScalar::pow(x, -1)), [0, -1, 0, 1, 0i32]);
    assert_eq!([-2, -1, 0, 1, 2].map(|x| IntScalar::integer_pow(x, -2)), [0, 1, 0, 1, 0i8]);
    assert_eq!((IntScalar::integer_pow(255u8, -1), IntScalar::integer_pow(255u8, 3)), (0, 255));
    assert_eq!(IntScalar::pow(3u64, u64::MAX), 12297829382473034411); // 3⁻¹ modulo 2⁶⁴
    assert_eq!(
        (
            IntScalar::wrapping_abs(i8::MIN),
            IntScalar::wrapping_neg(1u8),
            IntScalar::wrapping_abs(200u8)
        ),
        (-128, 255, 200)
    );
    assert_eq!(([-7, 0, 7i64].map(IntScalar::sign), IntScalar::sign(200u8)), ([-1, 0, 1], 1));
    assert_eq!((IntScalar::larger(-1i32, 1), IntScalar::smaller(200u8, 1)), (1, 1));
}

#[test]
fn shifts_by_too_much_and_by_negative_amounts() {
    assert_eq!([31, 32, -1].map(|k| 1i32.shift_left(k)), [i32::MIN, 0, 0]);
    assert_eq!([1, 40, -1].map(|k| (-8i32).shift_right_arithmetic(k)), [-4, -1, -1]);
    assert_eq!([1, 40, -1].map(|k| 8i32.shift_right_arithmetic(k)), [4, 0, 0]);
    assert_eq!([1, 40, -1].map(|k| (-8i32).shift_right_logical(k)), [0x7fff_fffc, 0, 0]);
    assert_eq!(
        ([1, 8, 255].map(|k| 200u8.shift_left(k)), 200u8.shift_right_arithmetic(1)),
        ([144, 0, 0], 228)
    );
    assert_eq!((u64::MAX.shift_right_logical(63), u64::MAX.shift_right_logical(64)), (1, 0));
}

#[test]
fn conversions_to_integers_truncate_saturate_and_wrap() {
    let floats = [NAN, 1e10, -1e10, 300.7, -1.5];
    assert_eq!(floats.map(convert::<f64, i32>), [0, i32::MAX, i32::MIN, 300, -1]);
    assert_eq!(floats.map(convert::<f64, u8>), [0, 255, 0, 255, 0]);
    assert_eq!([NAN, 0.0, -0.0, 0.5].map(convert::<f64, bool>), [true, false, false, true]);
    assert_eq!(
        [f16::NAN, f16::INFINITY, f16::from_f32(-1.5)].map(convert::<f16, i8>),
        [0, 127, -1]
    );
    assert_eq!(
        (convert::<i32, u8>(-1), convert::<u64, i64>(u64::MAX), convert::<i8, u32>(-1)),
        (255, -1, u32::MAX)
    );
    assert_eq!(
        (convert::<bool, f32>(true), convert::<bool, bf16>(true), convert::<i64, bool>(256)),
        (1.0, bf16::ONE, true)
    );
}

#[test]
fn conversions_to_narrow_floats_round_once() {
    // Just above a tie that rounding to f32 on the way would turn into one.
    let tiny = 2f64.powi(-40);
    assert_eq!(convert::<f64, bf16>(1.0 + 2f64.powi(-8) + tiny).to_f64(), 1.0 + 2f64.powi(-7));
    assert_eq!(convert::<f64, bf16>(1.0 + 2f64.powi(-8)).to_f64(), 1.0);
    assert_eq!(
        convert::<f64, bf16>(-1.0 - 3.0 * 2f64.powi(-8) + tiny).to_f64(),
        -1.0 - 2f64.powi(-7)
    );
    assert_eq!(convert::<f64, f16>(1.0 + 2f64.powi(-11) + tiny).to_f64(), 1.0 + 2f64.powi(-10));
    assert_eq!(convert::<f64, f16>(1.0 + 2f64.powi(-11)).to_f64(), 1.0);
    assert_eq!(
        convert::<i32, bf16>((1 << 24) + (1 << 16) + 1).to_f64(),
        f64::from((1 << 24) + (1 << 17))
    );
    let huge = (1i64 << 62) + (1 << 54) + 1;
    assert_eq!(convert::<i64, bf16>(-huge).to_f64(), -((1i64 << 62) + (1 << 55)) as f64);
    assert_eq!(convert::<u64, bf16>(u64::MAX).to_f64(), 2f64.powi(64));
    // Overflow, the largest that does not, subnormals, and NaN.
    assert_eq!(
        [65519.9, 65520.0, -1e300].map(|x| convert::<f64, f16>(x).to_f64()),
        [65504.0, INF, -INF]
    );
    assert_eq!(convert::<f64, bf16>(3.5e38).to_f64(), INF);
    assert_eq!([2.9e-8, 3e-8, 9e-8].map(|x| convert::<f64, f16>(x).to_bits()), [0, 1, 2]);
    assert_eq!(convert::<f64, bf16>(-1e-300).to_bits(), 0x8000);
    assert!(convert::<f64, f16>(NAN).is_nan() && convert::<f32, bf16>(f32::NAN).is_nan());
}

#[test]
fn huge_orders_come_to_an_end() {
    for n in [1e6, 1e17, 1e300, f64::MAX] {
        for x in [1e-300, 0.5, 1e8, 1e10, 1e17, 1e300] {
            let value: f64 = RealScalar::polygamma(n, x);
            assert!(value <= 0.0 || value.is_nan(), "even orders are negative: {n} {x} {value}");
        }
    }
    // ζ(2, q) → 1/q + 1/(2q²), on both sides of where the terms are computed otherwise.
    for q in [1e9, 2e9, 1e12] {
        let value: f64 = RealScalar::zeta(2.0, q);
        assert!((value * q - 1.0).abs() < 1e-9, "{q} {value}");
    }
    assert!([-1.5, -6620.0, 0.999].iter().all(|&x: &f64| RealScalar::acosh(x).is_nan()));
}
