//! Comparing results.

use crate::Law;
use pullback_ir::{DType, Value};

/// Equal to the bit, but for which NaN.
///
/// # Errors
/// The fault: which element is what and should be what.
pub fn same(got: &[Value], want: &[Value]) -> Law {
    compare(got, want, |_, g, w| g.to_bits() == w.to_bits() || (g.is_nan() && w.is_nan()))
}

/// Equal within a relative tolerance by dtype: `rounding` units in the last place of numbers of the
/// size of the largest.
///
/// # Errors
/// As [`same`].
pub fn close(got: &[Value], want: &[Value], rounding: f64) -> Law {
    close_beside(got, want, &[], rounding)
}

/// The same, where the largest may also be among other numbers: the terms of sums.
///
/// # Errors
/// As [`same`].
pub fn close_beside(got: &[Value], want: &[Value], terms: &[Value], rounding: f64) -> Law {
    let largest = want
        .iter()
        .chain(terms)
        .filter(|v| v.dtype().is_float())
        .flat_map(Value::to_f64s)
        .filter(|x| x.is_finite())
        .fold(1.0, |m: f64, x| m.max(x.abs()));
    compare(got, want, |dtype, g, w| {
        g == w || (g.is_nan() && w.is_nan()) || (g - w).abs() <= rounding * unit(dtype) * largest
    })
}

/// The distance of 1 to the next number.
pub fn unit(dtype: DType) -> f64 {
    match dtype {
        DType::F16 => 2f64.powi(-10),
        DType::BF16 => 2f64.powi(-7),
        DType::F32 => f64::from(f32::EPSILON),
        DType::F64 => f64::EPSILON,
        _ => 0.0,
    }
}

fn compare(got: &[Value], want: &[Value], equal: impl Fn(DType, f64, f64) -> bool) -> Law {
    if got.len() != want.len() {
        return Err(format!("{} results, not {}", got.len(), want.len()));
    }
    for (i, (g, w)) in got.iter().zip(want).enumerate() {
        if g.ty() != w.ty() {
            return Err(format!("result {i} is {}, not {}", g.ty(), w.ty()));
        }
        // Not through f64, which has not all 64-bit integers.
        if !g.dtype().is_float() {
            if !g.bits_eq(w) {
                return Err(format!("result {i} is {:?}, not {:?}", g.data(), w.data()));
            }
            continue;
        }
        for (k, (x, y)) in g.to_f64s().into_iter().zip(w.to_f64s()).enumerate() {
            if !equal(g.dtype(), x, y) {
                return Err(format!(
                    "element {k} of result {i} is {x}, not {y}\n got {:?}\nwant {:?}",
                    g.to_f64s(),
                    w.to_f64s()
                ));
            }
        }
    }
    Ok(())
}
