//! Elementwise functions. Floats only, unless a method says otherwise; every method keeps dtype and
//! shape, comparisons and tests give bool.

use super::operand::{
    IntoOperand, Number, Operand, arrays_of, broadcast_shapes, elementwise, expand, full_beside,
    ill_typed, refuse,
};
use crate::array::{Array, bind, bind_in};
use crate::error::fail;
use crate::trace::In;
use pullback_ir::error::fault;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::convert::Convert;
use pullback_ir::prim::identity::Identity;
use pullback_ir::prim::integer_pow::IntegerPow;
use pullback_ir::prim::select::SelectN;
use pullback_ir::prim::unary::Unary;
use pullback_ir::{DType, Element, Lit};

macro_rules! unary_methods {
    ($($(#[$doc:meta])* $name:ident $variant:ident;)*) => {
        impl Array {
            $($(#[$doc])*
            #[track_caller]
            pub fn $name(&self) -> Array {
                bind(Unary::$variant, &[self])
            })*
        }
    };
}

unary_methods! {
    /// −1, 0 or 1; floats keep NaN and the sign of zero, integers too.
    sign Sign;
    /// |x|, floats and integers.
    abs Abs;
    /// The largest integer ≤ x.
    floor Floor;
    /// The smallest integer ≥ x.
    ceil Ceil;
    /// The nearest integer, halves to even, as NumPy's (Rust's `f64::round` is [`Array::round_away`]).
    round RoundEven;
    /// The nearest integer, halves away from zero.
    round_away Round;
    /// eˣ.
    exp Exp;
    /// 2ˣ.
    exp2 Exp2;
    /// eˣ − 1, accurate near 0.
    expm1 Expm1;
    /// The natural logarithm.
    log Log;
    /// log(1 + x), accurate near 0.
    log1p Log1p;
    /// √x.
    sqrt Sqrt;
    /// 1/√x.
    rsqrt Rsqrt;
    /// ∛x.
    cbrt Cbrt;
    /// x², floats and integers.
    square Square;
    /// sin x, in radians.
    sin Sin;
    /// cos x, in radians.
    cos Cos;
    /// tan x, in radians.
    tan Tan;
    /// arcsin x in [−π/2, π/2], for |x| ≤ 1.
    asin Asin;
    /// arccos x in [0, π], for |x| ≤ 1.
    acos Acos;
    /// arctan x in [−π/2, π/2].
    atan Atan;
    /// (eˣ − e⁻ˣ)/2.
    sinh Sinh;
    /// (eˣ + e⁻ˣ)/2.
    cosh Cosh;
    /// sinh x / cosh x.
    tanh Tanh;
    /// The inverse of sinh.
    asinh Asinh;
    /// The inverse of cosh, for x ≥ 1.
    acosh Acosh;
    /// The inverse of tanh, for |x| ≤ 1.
    atanh Atanh;
    /// 1/(1 + e⁻ˣ), the logistic function, without overflow on either side.
    sigmoid Logistic;
    /// The error function 2/√π ∫₀ˣ exp(−t²) dt.
    erf Erf;
    /// 1 − erf x, accurate for large x.
    erfc Erfc;
    /// The inverse of erf, for |x| ≤ 1.
    erf_inv ErfInv;
    /// log |Γ(x)|.
    lgamma Lgamma;
    /// ψ(x) = Γ′(x)/Γ(x).
    digamma Digamma;
    /// Neither NaN nor infinite, as bool.
    is_finite IsFinite;
}

macro_rules! binary_methods {
    ($($(#[$doc:meta])* $name:ident $prim:expr;)*) => {
        impl Array {
            $($(#[$doc])*
            #[track_caller]
            pub fn $name(&self, other: impl IntoOperand) -> Array {
                elementwise(stringify!($name), $prim, &[Operand::Array(self), other.as_operand()])
            })*
        }
    };
}

binary_methods! {
    /// Where the elements are equal, as bool. (`Array` has no `==`: a branch on it would not be
    /// traced. To compare whole arrays use [`Array::array_equal`].)
    eq Compare::Eq;
    /// Where the elements differ, as bool.
    ne Compare::Ne;
    /// x < y, as bool.
    lt Compare::Lt;
    /// x ≤ y, as bool.
    le Compare::Le;
    /// x > y, as bool.
    gt Compare::Gt;
    /// x ≥ y, as bool.
    ge Compare::Ge;
    /// The larger of two elements, NaN if either is. (The largest element of one array is
    /// [`Array::max`].)
    maximum Binary::Max;
    /// The smaller of two elements, NaN if either is.
    minimum Binary::Min;
    /// The angle of the point (other, self) in [−π, π].
    atan2 Binary::Atan2;
    /// The next number of the dtype after `self` in the direction of the other.
    nextafter Binary::Nextafter;
}

/// Elementwise functions. Floats only, unless a method says otherwise; every method keeps dtype and
/// shape, comparisons and tests give bool.
///
/// Operands broadcast, and may be Rust scalars. Derivatives at kinks and ties are JAX's: at ties of
/// `maximum` and `minimum` each operand gets ½, `sign` has the derivative 0, `relu` has 0 at 0.
///
/// ```
/// # use pullback_array::{array, select};
/// let x = array![-1.0, 0.0, 2.0];
/// assert_eq!(x.relu().to_vec::<f64>(), [0.0, 0.0, 2.0]);
/// assert_eq!(x.gt(0.0).to_vec::<bool>(), [false, false, true]);
/// assert_eq!(select(x.gt(0.0), x.log(), 0.0).exp().to_vec::<f64>(), [1.0, 1.0, 2.0]);
/// assert_eq!(x.clip(-0.5, 1.0).pow(2).to_vec::<f64>(), [0.25, 0.0, 1.0]);
/// ```
impl Array {
    /// xʸ. An integer scalar becomes part of the program (`integer_pow`, with derivatives that are
    /// right at 0); a float scalar or an array is an operand. Floats may have powers of an integer
    /// dtype; integers wrap.
    #[track_caller]
    pub fn pow(&self, y: impl IntoOperand) -> Array {
        match y.as_operand() {
            Operand::Scalar(Number::Int(n), _) if i32::try_from(n).is_ok() => self.powi(n as i32),
            y => elementwise("pow", Binary::Pow, &[Operand::Array(self), y]),
        }
    }

    /// xⁿ by repeated squaring; x⁰ = 1. Floats and integers, those without negative powers.
    #[track_caller]
    pub fn powi(&self, n: i32) -> Array {
        bind(IntegerPow { y: n }, &[self])
    }

    /// xʸ for a float y.
    #[track_caller]
    pub fn powf(&self, y: f64) -> Array {
        self.pow(y)
    }

    /// ψ⁽ⁿ⁾(x), the n-th derivative of [`Array::digamma`].
    #[track_caller]
    pub fn polygamma(&self, n: u32) -> Array {
        let order = Operand::Scalar(Number::Int(n.into()), DType::I32);
        elementwise("polygamma", Binary::Polygamma, &[order, Operand::Array(self)])
    }

    /// 1/x.
    #[track_caller]
    pub fn reciprocal(&self) -> Array {
        self.need_float("reciprocal");
        1.0 / self
    }

    /// The logarithm to base 2, log x / log 2.
    #[track_caller]
    pub fn log2(&self) -> Array {
        self.log() / std::f64::consts::LN_2
    }

    /// The logarithm to base 10, log x / log 10.
    #[track_caller]
    pub fn log10(&self) -> Array {
        self.log() / std::f64::consts::LN_10
    }

    /// log(eˣ + eʸ) without overflow, right for infinities of either sign.
    #[track_caller]
    pub fn logaddexp(&self, other: impl IntoOperand) -> Array {
        // max + log1p(exp(−|x − y|)). Where both are the same infinity their difference is NaN: the
        // sum gives that infinity (or NaN) there, as in `jax.numpy.logaddexp`.
        let operands = [Operand::Array(self), other.as_operand()];
        let delta = elementwise("logaddexp", Binary::Sub, &operands);
        let larger = elementwise("logaddexp", Binary::Max, &operands);
        let sum = elementwise("logaddexp", Binary::Add, &operands);
        select(delta.is_nan(), sum, larger + (-delta.abs()).exp().log1p())
    }

    /// The quotient rounded towards −∞, NumPy's `//`. Floats and integers.
    #[track_caller]
    pub fn floor_divide(&self, other: impl IntoOperand) -> Array {
        let operands = [Operand::Array(self), other.as_operand()];
        let quotient = elementwise("floor_divide", Binary::Div, &operands);
        if self.dtype().is_float() {
            return quotient.floor();
        }
        if self.dtype().is_unsigned() {
            return quotient;
        }
        // Truncation rounded up where the signs differ and the division has a rest.
        let rest = elementwise("floor_divide", Binary::Rem, &operands);
        let signs = elementwise("floor_divide", Binary::Xor, &operands);
        let up = rest.ne(0) & signs.lt(0);
        select(up, &quotient - 1, quotient)
    }

    /// The rest of [`Array::floor_divide`], with the sign of the divisor: NumPy's `%`. Floats and
    /// integers.
    #[track_caller]
    pub fn remainder(&self, other: impl IntoOperand) -> Array {
        let y = other.as_operand();
        let rest = elementwise("remainder", Binary::Rem, &[Operand::Array(self), y]);
        if self.dtype().is_unsigned() {
            return rest;
        }
        let divisor_is_negative = match y {
            Operand::Array(y) => y.lt(0),
            Operand::Scalar(n, _) => {
                let negative = matches!(n, Number::Int(i) if i < 0)
                    || matches!(n, Number::Float(x) if x < 0.0);
                Array::from_value(Lit::new(negative).value())
            }
        };
        let wrong_sign = rest.lt(0).ne(&divisor_is_negative) & rest.ne(0);
        let moved = elementwise("remainder", Binary::Add, &[Operand::Array(&rest), y]);
        select(wrong_sign, moved, rest)
    }

    /// max(x, 0), with the derivative 0 at 0, as `jax.nn.relu`. Floats and integers.
    #[track_caller]
    pub fn relu(&self) -> Array {
        // A selection and not `maximum`, whose derivative at the tie would be ½; NaN stays NaN.
        select(self.le(0), 0, self)
    }

    /// log(1 + eˣ) without overflow.
    #[track_caller]
    pub fn softplus(&self) -> Array {
        self.logaddexp(0)
    }

    /// x · sigmoid(x), also called swish.
    #[track_caller]
    pub fn silu(&self) -> Array {
        self * self.sigmoid()
    }

    /// x · Φ(x) with the normal distribution function Φ: the Gaussian error linear unit (Hendrycks and
    /// Gimpel, arXiv 1606.08415), by `erf` and not by its approximation with tanh.
    #[track_caller]
    pub fn gelu(&self) -> Array {
        self * ((self * -std::f64::consts::FRAC_1_SQRT_2).erfc() * 0.5)
    }

    /// x where it is between the bounds, else the bound: min(max(x, low), high). Bounds broadcast;
    /// where low > high the result is high. At the bounds the derivative is ½, as that of
    /// `jax.numpy.clip`.
    #[track_caller]
    pub fn clip(&self, low: impl IntoOperand, high: impl IntoOperand) -> Array {
        let raised = elementwise("clip", Binary::Max, &[low.as_operand(), Operand::Array(self)]);
        elementwise("clip", Binary::Min, &[high.as_operand(), Operand::Array(&raised)])
    }

    /// Where an element is NaN, as bool. Floats only.
    #[track_caller]
    pub fn is_nan(&self) -> Array {
        self.need_float("is_nan");
        self.ne(self)
    }

    /// Where an element is ±∞, as bool. Floats only.
    #[track_caller]
    pub fn is_inf(&self) -> Array {
        self.need_float("is_inf");
        self.abs().eq(f64::INFINITY)
    }

    #[track_caller]
    pub(crate) fn need_float(&self, op: &str) {
        if !self.dtype().is_float() {
            let rule = fault!("it takes floats, not {}: convert with `.cast(..)`", self.dtype());
            refuse(op, &[self], rule);
        }
    }

    /// `a` where this bool array is true, else `b`: see [`select`].
    #[track_caller]
    pub fn select(&self, a: impl IntoOperand, b: impl IntoOperand) -> Array {
        select_operands(self, a.as_operand(), b.as_operand())
    }

    /// The elements converted to a dtype: floats become integers by truncation, saturating, NaN as 0;
    /// integers wrap; bool is "not 0". Between floats it is differentiable.
    #[track_caller]
    pub fn cast(&self, dtype: DType) -> Array {
        if self.dtype() == dtype {
            return self.clone();
        }
        bind(Convert::ElementType { new_dtype: dtype }, &[self])
    }

    /// [`Array::cast`] to a Rust type: `x.astype::<f32>()`.
    #[track_caller]
    pub fn astype<T: Element>(&self) -> Array {
        self.cast(T::DTYPE)
    }

    /// The same bits as another dtype. To a narrower one an axis with the parts is appended, to a
    /// wider one the last axis is joined.
    #[track_caller]
    pub fn bitcast(&self, dtype: DType) -> Array {
        bind(Convert::Bitcast { new_dtype: dtype }, &[self])
    }

    /// Floats rounded to a format with these widths of exponent and mantissa, in the same dtype.
    #[track_caller]
    pub fn reduce_precision(&self, exponent_bits: u32, mantissa_bits: u32) -> Array {
        bind(Convert::ReducePrecision { exponent_bits, mantissa_bits }, &[self])
    }

    /// The array itself, as a constant for every derivative.
    #[track_caller]
    pub fn stop_gradient(&self) -> Array {
        bind(Identity::StopGradient, &[self])
    }
}

/// The array itself, as a constant for every derivative: [`Array::stop_gradient`].
#[track_caller]
pub fn stop_gradient(x: &Array) -> Array {
    x.stop_gradient()
}

/// `a` where `condition` holds, else `b`; NumPy's `where`. All three broadcast; the cases may be
/// scalars. Both cases are computed: a NaN in the one that is not taken does no harm to values, but
/// its derivative can (0 · ∞), so make the argument of a singular function safe too.
///
/// # Panics
/// If `condition` is not bool, or the cases differ in dtype.
#[track_caller]
pub fn select(condition: impl IntoOperand, a: impl IntoOperand, b: impl IntoOperand) -> Array {
    match condition.as_operand() {
        Operand::Array(c) => select_operands(c, a.as_operand(), b.as_operand()),
        c => fail(ill_typed(
            "select",
            &[c, a.as_operand(), b.as_operand()],
            "the condition is no array",
        )),
    }
}

#[track_caller]
fn select_operands(condition: &Array, a: Operand<'_>, b: Operand<'_>) -> Array {
    let all = [Operand::Array(condition), a, b];
    if condition.dtype() != DType::Bool {
        let rule = fault!("the condition is bool, not {}: compare first", condition.dtype());
        fail(ill_typed("select", &all, rule));
    }
    let (cases, _) = arrays_of("select", &[a, b]);
    let shape = match broadcast_shapes([condition.shape(), cases[0].shape(), cases[1].shape()]) {
        Ok(shape) => shape,
        Err(rule) => fail(ill_typed("select", &all, rule)),
    };
    let beside = [condition, &cases[0], &cases[1]];
    let widen = |o: Operand<'_>, case: &Array| match (o, case.known_lit()) {
        (Operand::Scalar(..), Some(lit)) => full_beside(&beside, lit, &shape),
        _ => expand(case, &shape),
    };
    let [a, b] = [widen(a, &cases[0]), widen(b, &cases[1])];
    let condition = match condition.ndim() {
        0 => condition.clone(),
        _ => expand(condition, &shape),
    };
    bind_in(SelectN, &[In::Array(&condition), In::Array(&b), In::Array(&a)])
}

impl Array {
    /// The literal that a concrete array of rank 0 is.
    pub(crate) fn known_lit(&self) -> Option<Lit> {
        match &self.0 {
            crate::array::Repr::Value(v) if v.shape().is_empty() => Some(Lit::of_value(v)),
            _ => None,
        }
    }
}
