//! The error function, its complement and its inverse, in f64.

/// erf x.
pub(super) fn erf(x: f64) -> f64 {
    libm::erf(x)
}

/// 1 − erf x.
pub(super) fn erfc(x: f64) -> f64 {
    libm::erfc(x)
}

/// The inverse of erf: a starting value and Halley's iteration on erf (or on erfc for |x| > ½).
pub(super) fn erf_inv(x: f64) -> f64 {
    let a = x.abs();
    if a > 1.0 || a.is_nan() {
        return f64::NAN;
    }
    if a == 1.0 {
        return f64::INFINITY.copysign(x);
    }
    if a < 1e-10 {
        // The cubic term is below half an ulp.
        return x / std::f64::consts::FRAC_2_SQRT_PI;
    }
    // The starting value of Winitzki (2008), good to three digits.
    let w = ((1.0 - a) * (1.0 + a)).ln();
    let c = 2.0 / (std::f64::consts::PI * 0.147) + 0.5 * w;
    let mut y = ((c * c - w / 0.147).sqrt() - c).sqrt();
    for _ in 0..3 {
        let f = if a > 0.5 { (1.0 - a) - erfc(y) } else { erf(y) - a };
        let step = f / (std::f64::consts::FRAC_2_SQRT_PI * (-y * y).exp());
        y -= step / (1.0 + y * step);
    }
    y.copysign(x)
}
