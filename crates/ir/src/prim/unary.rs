//! Elementwise functions of one operand: y = f(x), y has the shape of x.
//!
//! ```text
//! b:f32[3] = sin a
//! c:f32[3] = round[rounding_method=1] b
//! ```
//!
//! [`for_each_unary!`](crate::for_each_unary) is the table: everything about an op stands in its
//! row. A tangent t of x gives the tangent f'(x) t of y; the formulas are those of the NIST Digital
//! Library of Mathematical Functions (chapters 4, 5 and 7). Only `neg` is linear. At kinks the
//! derivative is JAX's: `abs` has +1 at 0, the steps `sign`, `floor`, `ceil` and `round` have 0
//! everywhere.

use super::classes;
use super::typing::{self, Class};
use super::*;
use crate::dtype::DType;
use crate::error::fault;
use crate::param::Param;
use crate::scalar::{IntScalar, RealScalar};
use smallvec::smallvec;
use std::f64::consts::{FRAC_2_SQRT_PI, LN_2};
use std::sync::LazyLock;

/// Calls `callback!` with the table of the unary ops, after the tokens that follow its name.
///
/// First come the names that tangents use, then one row an op:
///
/// ```text
/// |b, x, y, t|
/// Variant "name" [class function, …], (low, high), tangent;
/// ```
///
/// A function is an expression for elements of any dtype of its class, to be passed where an
/// `impl Fn(T) -> T` is expected, so that closures know their arguments' types, with
/// [`RealScalar`](crate::scalar::RealScalar) and [`IntScalar`](crate::scalar::IntScalar) in scope.
/// The classes are `float` and `int` (the result has the operand's dtype), `bool` (bool to bool) and
/// `test` (float to bool). The interval is where floats for the laws are drawn from. The tangent is
/// written with a builder `b`, where `x` is the operand, `y` the result and `t` the tangent of `x`.
///
/// The float functions, one instance an op and dtype:
///
/// ```
/// use pullback_ir::prim::unary::Unary;
/// use pullback_ir::scalar::{IntScalar, RealScalar};
///
/// macro_rules! floats {
///     (|$b:ident, $x:ident, $y:ident, $t:ident| $(
///         $op:ident $name:literal [$($class:ident $f:expr),+], $domain:tt, $tangent:expr;
///     )*) => {
///         fn apply<T: RealScalar>(op: Unary, x: T) -> Option<T> {
///             match op { $(Unary::$op => { $(floats!(@$class x, $f);)+ None })* }
///         }
///     };
///     (@float $x:ident, $f:expr) => { return Some($x).map($f) };
///     (@$other:ident $x:ident, $f:expr) => {};
/// }
/// pullback_ir::for_each_unary!(floats);
///
/// assert_eq!(apply(Unary::Square, 3.0f32), Some(9.0));
/// assert_eq!(apply(Unary::Not, 3.0f32), None);
/// ```
#[macro_export]
macro_rules! for_each_unary {
    ($callback:ident $($tokens:tt)*) => { $callback! { $($tokens)* |b, x, y, t|
        Neg       "neg"       [float |x| -x, int IntScalar::wrapping_neg],               (-2.0, 2.0), b.neg(t);
        Sign      "sign"      [float RealScalar::sign, int IntScalar::sign],             (0.5, 2.0),  ZERO;
        Abs       "abs"       [float RealScalar::abs, int IntScalar::wrapping_abs],      (0.5, 2.0),  b.select(b.ge(x, b.lit_like(x, 0.0)), t, b.neg(t));
        Floor     "floor"     [float RealScalar::floor],                                 (1.1, 1.9),  ZERO;
        Ceil      "ceil"      [float RealScalar::ceil],                                  (1.1, 1.9),  ZERO;
        Round     "round"     [float RealScalar::round_half_away],                       (0.6, 1.4),  ZERO;
        RoundEven "round"     [float RealScalar::round_half_even],                       (0.6, 1.4),  ZERO;
        Exp       "exp"       [float RealScalar::exp],                                   (-2.0, 2.0), b.mul(t, y);
        Exp2      "exp2"      [float RealScalar::exp2],                                  (-2.0, 2.0), b.mul(t, b.scale(LN_2, y));
        Expm1     "expm1"     [float RealScalar::expm1],                                 (-2.0, 2.0), b.mul(t, b.offset(y, 1.0));
        Log       "log"       [float RealScalar::log],                                   (0.5, 2.0),  b.div(t, x);
        Log1p     "log1p"     [float RealScalar::log1p],                                 (-0.5, 2.0), b.div(t, b.offset(x, 1.0));
        Sqrt      "sqrt"      [float RealScalar::sqrt],                                  (0.5, 2.0),  b.div(b.scale(0.5, t), y);
        Rsqrt     "rsqrt"     [float RealScalar::rsqrt],                                 (0.5, 2.0),  b.mul(t, b.scale(-0.5, b.div(y, x)));
        Cbrt      "cbrt"      [float RealScalar::cbrt],                                  (0.5, 2.0),  b.mul(t, b.scale(1.0 / 3.0, b.integer_pow(y, -2)));
        Square    "square"    [float |x| x * x, int |x| IntScalar::wrapping_mul(x, x)],  (-2.0, 2.0), b.mul(t, b.scale(2.0, x));
        Sin       "sin"       [float RealScalar::sin],                                   (-3.0, 3.0), b.mul(t, b.cos(x));
        Cos       "cos"       [float RealScalar::cos],                                   (-3.0, 3.0), b.neg(b.mul(t, b.sin(x)));
        Tan       "tan"       [float RealScalar::tan],                                   (-1.0, 1.0), b.mul(t, b.offset(b.square(y), 1.0));
        Asin      "asin"      [float RealScalar::asin],                                  (-0.8, 0.8), b.mul(t, b.rsqrt(b.sub_from(1.0, b.square(x))));
        Acos      "acos"      [float RealScalar::acos],                                  (-0.8, 0.8), b.neg(b.mul(t, b.rsqrt(b.sub_from(1.0, b.square(x)))));
        Atan      "atan"      [float RealScalar::atan],                                  (-2.0, 2.0), b.div(t, b.offset(b.square(x), 1.0));
        Sinh      "sinh"      [float RealScalar::sinh],                                  (-2.0, 2.0), b.mul(t, b.cosh(x));
        Cosh      "cosh"      [float RealScalar::cosh],                                  (-2.0, 2.0), b.mul(t, b.sinh(x));
        Tanh      "tanh"      [float RealScalar::tanh],                                  (-2.0, 2.0), b.mul(t, b.mul(b.offset(y, 1.0), b.sub_from(1.0, y)));
        Asinh     "asinh"     [float RealScalar::asinh],                                 (-2.0, 2.0), b.mul(t, b.rsqrt(b.offset(b.square(x), 1.0)));
        Acosh     "acosh"     [float RealScalar::acosh],                                 (1.5, 3.0),  b.mul(t, b.rsqrt(b.offset(b.square(x), -1.0)));
        Atanh     "atanh"     [float RealScalar::atanh],                                 (-0.8, 0.8), b.div(t, b.mul(b.offset(x, 1.0), b.sub_from(1.0, x)));
        Logistic  "logistic"  [float RealScalar::logistic],                              (-3.0, 3.0), b.mul(t, b.mul(y, b.sub_from(1.0, y)));
        Erf       "erf"       [float RealScalar::erf],                                   (-2.0, 2.0), b.mul(t, b.scale(FRAC_2_SQRT_PI, b.exp(b.neg(b.square(x)))));
        Erfc      "erfc"      [float RealScalar::erfc],                                  (-2.0, 2.0), b.mul(t, b.scale(-FRAC_2_SQRT_PI, b.exp(b.neg(b.square(x)))));
        ErfInv    "erf_inv"   [float RealScalar::erf_inv],                               (-0.8, 0.8), b.mul(t, b.scale(1.0 / FRAC_2_SQRT_PI, b.exp(b.square(y))));
        Lgamma    "lgamma"    [float RealScalar::lgamma],                                (0.5, 3.0),  b.mul(t, b.digamma(x));
        Digamma   "digamma"   [float RealScalar::digamma],                               (0.5, 3.0),  b.mul(t, b.polygamma(b.lit_like(x, 1.0), x));
        IsFinite  "is_finite" [test RealScalar::is_finite],                              (-2.0, 2.0), ZERO;
        Not       "not"       [int |x| !x, bool |x: bool| !x],                           (-2.0, 2.0), ZERO;
    } };
}

/// The tangent of a function that is constant wherever it is smooth.
const ZERO: Tangent = None;

macro_rules! class {
    (float) => {
        Class::Float
    };
    (int) => {
        Class::Int
    };
    (bool) => {
        Class::Bool
    };
    (test) => {
        Class::Float
    };
}

macro_rules! apply {
    (float $x:ident, $f:expr) => {
        crate::dispatch!(float $x.dtype(), T => return Ok(classes::map::<T, T>($x, $f)), else => ());
    };
    (int $x:ident, $f:expr) => {
        crate::dispatch!(int $x.dtype(), T => return Ok(classes::map::<T, T>($x, $f)), else => ());
    };
    (bool $x:ident, $f:expr) => {
        if $x.dtype() == DType::Bool {
            return Ok(classes::map::<bool, bool>($x, $f));
        }
    };
    (test $x:ident, $f:expr) => {
        crate::dispatch!(float $x.dtype(), T => return Ok(classes::map::<T, bool>($x, $f)), else => ());
    };
}

macro_rules! define {
    (|$b:ident, $x:ident, $y:ident, $t:ident| $(
        $variant:ident $name:literal [$($class:ident $f:expr),+], ($low:literal, $high:literal), $tangent:expr;
    )*) => {
        /// An elementwise function of one operand.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Unary {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Unary {
            /// Every op, in the order of the table.
            pub const ALL: &[Unary] = &[$(Unary::$variant),*];

            fn static_name(self) -> &'static str {
                match self { $(Unary::$variant => $name,)* }
            }

            /// The dtypes that the op takes.
            fn classes(self) -> &'static [Class] {
                match self { $(Unary::$variant => &[$(class!($class)),+],)* }
            }

            fn apply(self, x: &Value) -> Result<Value, Fault> {
                match self { $(Unary::$variant => { $(apply!($class x, $f);)+ })* }
                Err(fault!("it does not take {}", x.dtype()))
            }

            #[allow(unused_variables)]
            fn tangent(self, $b: &Builder, $x: Atom, $y: Atom, $t: Atom) -> Tangent {
                match self { $(Unary::$variant => Tangent::from($tangent),)* }
            }

            /// Where floats are drawn from for the laws.
            fn domain(self) -> Domain {
                match self { $(Unary::$variant => Domain::Range($low, $high),)* }
            }
        }
    };
}

for_each_unary!(define);

impl Primitive for Unary {
    fn names() -> &'static [&'static str] {
        static NAMES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
            let mut names: Vec<_> = Unary::ALL.iter().map(|op| op.static_name()).collect();
            // The two roundings share a name.
            names.dedup();
            names
        });
        &NAMES
    }

    fn name(&self) -> &str {
        self.static_name()
    }

    fn params(&self) -> Params {
        match self {
            Unary::Round => smallvec![("rounding_method", Param::Int(0))],
            Unary::RoundEven => smallvec![("rounding_method", Param::Int(1))],
            _ => smallvec![],
        }
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        params.ignore(&["accuracy"]);
        let op = Unary::ALL.iter().copied().find(|op| op.static_name() == name);
        let op = op.ok_or_else(|| fault!("there is no unary `{name}`"))?;
        if op != Unary::Round {
            return Ok(op);
        }
        match params.int("rounding_method")? {
            0 => Ok(Unary::Round),
            1 => Ok(Unary::RoundEven),
            other => Err(fault!(
                "`rounding_method` is 0 (halves away from zero) or 1 (halves to even), not {other}"
            )),
        }
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = typing::operands(ins)?;
        typing::check_class(x.dtype(), self.classes())?;
        let dtype = if *self == Unary::IsFinite { DType::Bool } else { x.dtype() };
        Ok(Types::from_buf([Type::of(dtype, x.shape())]))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        Ok(vec![self.apply(&ins[0])?])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let x = primals[0];
        classes::sum_of_terms(*self, b, primals, tangents, |_, t, y| self.tangent(b, x, y, t))
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        match self {
            Unary::Neg => classes::each_linear(operands, |_, _| cts[0].map(|ct| b.neg(ct))),
            _ => classes::not_linear(self.name()),
        }
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        classes::elementwise(*self, b, batch)
    }

    fn samples() -> Vec<Sample> {
        let shapes: [&[usize]; 4] = [&[3], &[2, 3], &[], &[2, 1, 2]];
        let mut samples = Vec::new();
        for (&op, shape) in Unary::ALL.iter().zip(shapes.iter().cycle()) {
            let accepts = |class| op.classes().contains(&class);
            if accepts(Class::Float) {
                samples.push(Sample::new(op, vec![(Type::of(DType::F64, shape), op.domain())]));
                let narrow = [DType::F32, DType::F16, DType::BF16][op as usize % 3];
                samples.push(Sample::new(op, vec![(Type::of(narrow, &[2]), op.domain())]).rough());
            }
            if accepts(Class::Int) {
                let (signed, any) = (Type::of(DType::I32, shape), Type::of(DType::U64, &[4]));
                samples.push(Sample::new(op, vec![(signed, Domain::Range(-5.0, 5.0))]));
                samples.push(Sample::new(op, vec![(any, Domain::AnyBits)]));
            }
            if accepts(Class::Bool) {
                samples.push(Sample::new(op, vec![(Type::of(DType::Bool, shape), Domain::Bits)]));
            }
        }
        let empty = Type::of(DType::F64, &[2, 0]);
        samples.push(Sample::new(Unary::Sin, vec![(empty, Unary::Sin.domain())]));
        let negative = Type::of(DType::F64, &[4]);
        samples.push(Sample::new(Unary::Abs, vec![(negative, Domain::Range(-2.0, -0.5))]));
        samples
    }
}
