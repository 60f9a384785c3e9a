//! [`RealScalar`] for the four float types.

use half::{bf16, f16};

use super::{RealScalar, erf, gamma, hyperbolic};

/// The functions whose definition is the same text for every width.
macro_rules! common {
    ($t:ty, $bits:ty, $exponent_bits:literal, $mantissa_bits:literal) => {
        fn sign(self) -> Self {
            let one =
                <$t>::from_bits((((1 as $bits) << ($exponent_bits - 1)) - 1) << $mantissa_bits);
            if self.is_nan() || self.to_bits() << 1 == 0 { self } else { one.copysign(self) }
        }
        fn is_finite(self) -> bool {
            <$t>::is_finite(self)
        }
        fn larger(self, y: Self) -> Self {
            if self.is_nan() || self > y {
                self
            } else if y.is_nan() || y > self || self.is_sign_negative() {
                y
            } else {
                self
            }
        }
        fn smaller(self, y: Self) -> Self {
            if self.is_nan() || self < y {
                self
            } else if y.is_nan() || y < self || self.is_sign_positive() {
                y
            } else {
                self
            }
        }
        fn nextafter(self, y: Self) -> Self {
            if self.is_nan() || y.is_nan() {
                return <$t>::NAN;
            }
            if self == y {
                return y;
            }
            let bits = self.to_bits();
            if bits << 1 == 0 {
                // The smallest subnormal, with the sign of the direction.
                return <$t>::from_bits(1).copysign(y);
            }
            // Bits order like magnitudes, so away from zero is +1 for either sign.
            let outward = (y > self) == self.is_sign_positive();
            <$t>::from_bits(if outward { bits + 1 } else { bits - 1 })
        }
        fn reduce_precision(self, exponent_bits: u32, mantissa_bits: u32) -> Self {
            const EXPONENT: $bits = ((1 << $exponent_bits) - 1) << $mantissa_bits;
            const SIGN: $bits = 1 << ($exponent_bits + $mantissa_bits);
            if self.is_nan() {
                return self;
            }
            let mut x = self.to_bits();
            if mantissa_bits < $mantissa_bits {
                // Half a unit less one, plus the last kept bit: ties go to even. A carry out of the
                // mantissa correctly bumps the exponent.
                let dropped = $mantissa_bits - mantissa_bits;
                let last: $bits = 1 << dropped;
                let bias = (last >> 1) - 1 + ((x >> dropped) & 1);
                x = (x + bias) & !(last - 1);
            }
            if exponent_bits < $exponent_bits {
                let bias: $bits = (1 << ($exponent_bits - 1)) - 1;
                let reduced: $bits = (1 << (exponent_bits - 1)) - 1;
                let exponent = x & EXPONENT;
                if exponent > (bias + reduced) << $mantissa_bits {
                    x = (x & SIGN) | EXPONENT;
                } else if exponent <= (bias - reduced) << $mantissa_bits {
                    x &= SIGN;
                }
            }
            <$t>::from_bits(x)
        }
    };
}

/// The functions that f32 and f64 have in common.
macro_rules! wide {
    ($t:ty) => {
        fn sqrt(self) -> Self {
            <$t>::sqrt(self)
        }
        fn rem(self, y: Self) -> Self {
            self % y
        }
        fn floor(self) -> Self {
            <$t>::floor(self)
        }
        fn ceil(self) -> Self {
            <$t>::ceil(self)
        }
        fn round_half_away(self) -> Self {
            <$t>::round(self)
        }
        fn round_half_even(self) -> Self {
            <$t>::round_ties_even(self)
        }
        fn abs(self) -> Self {
            <$t>::abs(self)
        }
        fn exp(self) -> Self {
            <$t>::exp(self)
        }
        fn exp2(self) -> Self {
            <$t>::exp2(self)
        }
        fn log(self) -> Self {
            <$t>::ln(self)
        }
        fn sin(self) -> Self {
            <$t>::sin(self)
        }
        fn cos(self) -> Self {
            <$t>::cos(self)
        }
        fn pow(self, y: Self) -> Self {
            <$t>::powf(self, y)
        }
        fn integer_pow(self, n: i32) -> Self {
            let (mut x, mut n_left, mut product) = (self, n.unsigned_abs(), None);
            while n_left > 0 {
                if n_left & 1 == 1 {
                    product = Some(product.map_or(x, |p: $t| p * x));
                }
                n_left >>= 1;
                if n_left > 0 {
                    x *= x;
                }
            }
            let product = product.unwrap_or(1.0);
            if n < 0 { 1.0 / product } else { product }
        }
    };
}

impl RealScalar for f64 {
    common!(f64, u64, 11, 52);
    wide!(f64);

    fn expm1(self) -> f64 {
        self.exp_m1()
    }
    fn log1p(self) -> f64 {
        self.ln_1p()
    }
    fn rsqrt(self) -> f64 {
        hyperbolic::rsqrt(self)
    }
    fn cbrt(self) -> f64 {
        libm::cbrt(self)
    }
    fn tan(self) -> f64 {
        f64::tan(self)
    }
    fn asin(self) -> f64 {
        f64::asin(self)
    }
    fn acos(self) -> f64 {
        f64::acos(self)
    }
    fn atan(self) -> f64 {
        f64::atan(self)
    }
    fn sinh(self) -> f64 {
        hyperbolic::sinh(self)
    }
    fn cosh(self) -> f64 {
        hyperbolic::cosh(self)
    }
    fn tanh(self) -> f64 {
        hyperbolic::tanh(self)
    }
    fn asinh(self) -> f64 {
        libm::asinh(self)
    }
    fn acosh(self) -> f64 {
        // libm 0.2 gives numbers far below −1.
        if self < 1.0 { f64::NAN } else { libm::acosh(self) }
    }
    fn atanh(self) -> f64 {
        libm::atanh(self)
    }
    fn logistic(self) -> f64 {
        // exp of the negative magnitude cannot overflow.
        if self < 0.0 {
            let e = f64::exp(self);
            // For small e the rounding of 1 + e would be felt, so it enters as a correction.
            if self < -2.0 { e - e * (e / (1.0 + e)) } else { e / (1.0 + e) }
        } else {
            1.0 / (1.0 + f64::exp(-self))
        }
    }
    fn erf(self) -> f64 {
        erf::erf(self)
    }
    fn erfc(self) -> f64 {
        erf::erfc(self)
    }
    fn erf_inv(self) -> f64 {
        erf::erf_inv(self)
    }
    fn lgamma(self) -> f64 {
        gamma::lgamma(self)
    }
    fn digamma(self) -> f64 {
        gamma::digamma(self)
    }
    fn polygamma(self, x: f64) -> f64 {
        gamma::polygamma(self, x)
    }
    fn zeta(self, q: f64) -> f64 {
        gamma::zeta(self, q)
    }
    fn atan2(self, x: f64) -> f64 {
        f64::atan2(self, x)
    }
    fn logaddexp(self, y: f64) -> f64 {
        let delta = self - y;
        if delta.is_nan() { self + y } else { self.larger(y) + (-delta.abs()).exp().ln_1p() }
    }
}

/// The f32 functions that are computed in f64 and rounded.
macro_rules! through_f64 {
    ($($name:ident($($arg:ident),*));* $(;)?) => {
        $(fn $name(self $(, $arg: f32)*) -> f32 {
            RealScalar::$name(f64::from(self) $(, f64::from($arg))*) as f32
        })*
    };
}

impl RealScalar for f32 {
    common!(f32, u32, 8, 23);
    wide!(f32);

    through_f64! {
        expm1(); log1p(); rsqrt(); cbrt(); tan(); asin(); acos(); atan(); sinh(); cosh(); tanh();
        asinh(); acosh(); atanh(); logistic(); erf(); erfc(); lgamma(); digamma();
        polygamma(x); zeta(q); atan2(x); logaddexp(y);
    }
    fn erf_inv(self) -> f32 {
        erf::erf_inv_single(f64::from(self)) as f32
    }
}

/// The functions of a narrow type that are computed in f32 and rounded.
macro_rules! through_f32 {
    ($t:ty: $($name:ident($($arg:ident),*));* $(;)?) => {
        $(fn $name(self $(, $arg: $t)*) -> $t {
            <$t>::from_f32(RealScalar::$name(self.to_f32() $(, $arg.to_f32())*))
        })*
    };
}

macro_rules! narrow {
    ($t:ty, $exponent_bits:literal, $mantissa_bits:literal) => {
        impl RealScalar for $t {
            common!($t, u16, $exponent_bits, $mantissa_bits);

            through_f32! { $t:
                exp(); exp2(); expm1(); log(); log1p(); sqrt(); rsqrt(); cbrt(); sin(); cos(); tan();
                asin(); acos(); atan(); sinh(); cosh(); tanh(); asinh(); acosh(); atanh(); logistic();
                erf(); erfc(); erf_inv(); lgamma(); digamma(); polygamma(x); zeta(q); pow(y); atan2(x);
                rem(y); floor(); ceil(); round_half_away(); round_half_even(); logaddexp(y);
            }
            fn abs(self) -> $t {
                <$t>::from_bits(self.to_bits() & 0x7fff)
            }
            fn integer_pow(self, n: i32) -> $t {
                <$t>::from_f32(RealScalar::integer_pow(self.to_f32(), n))
            }
        }
    };
}

narrow!(f16, 5, 10);
narrow!(bf16, 8, 7);
