//! Tolerances and steps by dtype.

use super::Checks;
use pullback_array::{Array, DType};

/// What to expect of numbers that were computed in some dtype.
#[derive(Clone, Copy, Debug)]
pub(super) struct Precision {
    /// Of comparisons with differences.
    pub(super) rtol: f64,
    /// Of comparisons of numbers that differ by rounding alone.
    pub(super) exact: f64,
    /// Below this size tolerances are absolute.
    pub(super) atol: Option<f64>,
    pub(super) step: f64,
    /// The distance from 1 to the next number.
    epsilon: f64,
}

impl Precision {
    /// Of the least precise float among arrays; of f64 where there is none.
    pub(super) fn of<'a>(checks: &Checks, arrays: impl Iterator<Item = &'a Array>) -> Precision {
        let of = |dtype| match dtype {
            DType::F32 => [2e-3, 1e-4, 2e-2, f64::from(f32::EPSILON)],
            DType::F16 => [5e-2, 2e-2, 1e-1, 9.8e-4],
            DType::BF16 => [2e-1, 1e-1, 2.5e-1, 7.8e-3],
            _ => [1e-6, 1e-9, 1e-3, f64::EPSILON],
        };
        let all = arrays.map(|a| of(a.dtype()));
        let [rtol, exact, step, epsilon] =
            all.fold(of(DType::F64), |a, b| if b[0] > a[0] { b } else { a });
        Precision {
            rtol: checks.rtol.unwrap_or(rtol),
            exact: checks.rtol.unwrap_or(exact),
            atol: checks.atol,
            step: checks.step.unwrap_or(step),
            epsilon,
        }
    }

    /// The tolerance for numbers of this size.
    pub(super) fn within(&self, rtol: f64, size: f64) -> f64 {
        self.atol.unwrap_or(rtol) + rtol * size
    }

    /// What rounding of values of this size amounts to in a difference quotient.
    pub(super) fn rounding(&self, size: f64) -> f64 {
        8.0 * self.epsilon * size / self.step
    }
}
