//! Elementwise functions of two operands: z = f(x, y).
//!
//! ```text
//! c:f32[2,3] = mul a b
//! d:f32[2,3] = max c 0.0:f32[]
//! ```
//!
//! Operands have one dtype, and equal shapes or rank 0; `pow` also raises floats to powers of an
//! integer dtype. [`for_each_binary!`](crate::for_each_binary) is the table: everything about an op
//! stands in its row. The tangent of z is the sum of two terms, ∂f/∂x times the tangent of x and
//! ∂f/∂y times that of y. `add` and `sub` are linear, `mul` is bilinear, `div` is linear in x.
//!
//! Where f has no derivative it is JAX's: at ties of `max` and `min` each operand has ½, where one
//! is NaN both have 0; `rem` has 1 and -trunc(x/y). `nextafter` is x but for one unit in the last
//! place, so its derivative is that of x. The order of `polygamma` is an integer in all but dtype
//! and has no tangent.

use super::classes;
use super::typing::{self, Class};
use super::*;
use crate::dtype::DType;
use crate::error::fault;
use crate::scalar::{IntScalar, RealScalar};
use smallvec::smallvec;

/// Calls `callback!` with the table of the binary ops, after the tokens that follow its name.
///
/// First come the names that tangents use, then one row an op:
///
/// ```text
/// |b, x, y, z, t|
/// Variant "name" [class function, …], (low, high), (low, high), tangent by x, tangent by y;
/// ```
///
/// A function is an expression that takes two elements of any dtype of its class (`float`, `int` or
/// `bool`) and gives one of the same dtype, to be passed where an `impl Fn(T, T) -> T` is expected,
/// with
/// [`RealScalar`](crate::scalar::RealScalar) and [`IntScalar`](crate::scalar::IntScalar) in scope.
/// For `pow` of a float and an integer, the integer is converted to the float's dtype first.
/// The intervals are where floats for the laws are drawn from. The tangents are written with a
/// builder `b`, where `x` and `y` are the operands, `z` is the result, `t` the operand's tangent.
#[macro_export]
macro_rules! for_each_binary {
    ($callback:ident $($tokens:tt)*) => { $callback! { $($tokens)* |b, x, y, z, t|
        Add       "add"       [float |x, y| x + y, int IntScalar::wrapping_add], (-2.0, 2.0), (-2.0, 2.0), t, t;
        Sub       "sub"       [float |x, y| x - y, int IntScalar::wrapping_sub], (-2.0, 2.0), (-2.0, 2.0), t, b.neg(t);
        Mul       "mul"       [float |x, y| x * y, int IntScalar::wrapping_mul], (-2.0, 2.0), (-2.0, 2.0), b.mul(t, y), b.mul(x, t);
        Div       "div"       [float |x, y| x / y, int IntScalar::div],          (-2.0, 2.0), (0.5, 2.0),  b.div(t, y), b.neg(b.mul(t, b.div(z, y)));
        Rem       "rem"       [float RealScalar::rem, int IntScalar::rem],       (5.1, 5.9),  (1.8, 2.4),  t, b.neg(b.mul(t, trunc(b, b.div(x, y))));
        Pow       "pow"       [float RealScalar::pow, int IntScalar::pow],       (0.5, 2.0),  (-2.0, 2.0), b.mul(t, pow_by_base(b, x, y)), b.mul(t, b.mul(log_or_zero(b, x), z));
        Max       "max"       [float RealScalar::larger, int IntScalar::larger, bool |x, y| x | y], (-2.0, -0.1), (0.1, 2.0), b.mul(t, share(b, x, y, z)), b.mul(t, share(b, y, x, z));
        Min       "min"       [float RealScalar::smaller, int IntScalar::smaller, bool |x, y| x & y], (-2.0, -0.1), (0.1, 2.0), b.mul(t, share(b, x, y, z)), b.mul(t, share(b, y, x, z));
        Atan2     "atan2"     [float RealScalar::atan2],                         (0.5, 2.0),  (-2.0, 2.0), b.mul(t, b.div(y, sum_of_squares(b, x, y))), b.neg(b.mul(t, b.div(x, sum_of_squares(b, x, y))));
        Nextafter "nextafter" [float RealScalar::nextafter],                     (-2.0, 2.0), (-2.0, 2.0), t, ZERO;
        Polygamma "polygamma" [float RealScalar::polygamma],                     (1.0, 1.0),  (0.5, 3.0),  ZERO, b.mul(t, b.polygamma(b.offset(x, 1.0), y));
        And       "and"       [int |x, y| x & y, bool |x, y| x & y],             (-9.0, 9.0), (-9.0, 9.0), ZERO, ZERO;
        Or        "or"        [int |x, y| x | y, bool |x, y| x | y],             (-9.0, 9.0), (-9.0, 9.0), ZERO, ZERO;
        Xor       "xor"       [int |x, y| x ^ y, bool |x, y| x ^ y],             (-9.0, 9.0), (-9.0, 9.0), ZERO, ZERO;
        ShiftLeft            "shift_left"             [int IntScalar::shift_left],             (-9.0, 9.0), (0.0, 40.0), ZERO, ZERO;
        ShiftRightLogical    "shift_right_logical"    [int IntScalar::shift_right_logical],    (-9.0, 9.0), (0.0, 40.0), ZERO, ZERO;
        ShiftRightArithmetic "shift_right_arithmetic" [int IntScalar::shift_right_arithmetic], (-9.0, 9.0), (0.0, 40.0), ZERO, ZERO;
    } };
}

/// The tangent of a function that does not vary with the operand.
const ZERO: Tangent = None;

/// q rounded towards zero.
fn trunc(b: &Builder, q: Atom) -> Atom {
    b.mul(b.sign(q), b.floor(b.abs(q)))
}

/// The part of an operand in the derivative of `max` and `min`: 1, at ties ½, else 0.
fn share(b: &Builder, x: Atom, other: Atom, z: Atom) -> Atom {
    let half_or_one = b.select(b.eq(other, z), b.lit_like(z, 0.5), b.lit_like(z, 1.0));
    b.select(b.eq(x, z), half_or_one, b.lit_like(z, 0.0))
}

/// ∂/∂x xʸ = y xʸ⁻¹.
///
/// For y = 0 of an integer dtype this is y x⁰, so that nothing infinite arises at x = 0.
fn pow_by_base(b: &Builder, x: Atom, y: Atom) -> Atom {
    let (dtype, one) = (b.ty(x).dtype(), b.lit_like(y, 1.0));
    let positive = match b.ty(y).is_float() {
        true => y,
        false => b.select(b.eq(y, b.lit_like(y, 0.0)), one, y),
    };
    b.mul(b.convert(y, dtype), b.pow(x, b.sub(positive, one)))
}

/// log x, but 0 at x = 0, where ∂/∂y xʸ = log(x) xʸ has its limit 0 for y > 0.
fn log_or_zero(b: &Builder, x: Atom) -> Atom {
    b.log(b.select(b.eq(x, b.lit_like(x, 0.0)), b.lit_like(x, 1.0), x))
}

fn sum_of_squares(b: &Builder, x: Atom, y: Atom) -> Atom {
    b.add(b.square(x), b.square(y))
}

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
}

macro_rules! apply {
    (float $x:ident, $y:ident, $f:expr) => {
        crate::dispatch!(float $x.dtype(), T => return Ok(classes::map2::<T, T>($x, $y, $f)), else => ());
    };
    (int $x:ident, $y:ident, $f:expr) => {
        crate::dispatch!(int $x.dtype(), T => return Ok(classes::map2::<T, T>($x, $y, $f)), else => ());
    };
    (bool $x:ident, $y:ident, $f:expr) => {
        if $x.dtype() == DType::Bool {
            return Ok(classes::map2::<bool, bool>($x, $y, $f));
        }
    };
}

macro_rules! define {
    (|$b:ident, $x:ident, $y:ident, $z:ident, $t:ident| $(
        $variant:ident $name:literal [$($class:ident $f:expr),+],
        ($x_low:literal, $x_high:literal), ($y_low:literal, $y_high:literal), $by_x:expr, $by_y:expr;
    )*) => {
        /// An elementwise function of two operands.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Binary {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Binary {
            /// Every op, in the order of the table.
            pub const ALL: &[Binary] = &[$(Binary::$variant),*];

            /// JAX adds cotangents with a primitive of its own, `add_any`.
            const NAMES: &[&str] = &["add_any", $($name),*];

            fn static_name(self) -> &'static str {
                match self { $(Binary::$variant => $name,)* }
            }

            /// The dtypes that the op takes.
            fn classes(self) -> &'static [Class] {
                match self { $(Binary::$variant => &[$(class!($class)),+],)* }
            }

            fn apply(self, x: &Value, y: &Value) -> Result<Value, Fault> {
                match self { $(Binary::$variant => { $(apply!($class x, y, $f);)+ })* }
                Err(fault!("it does not take {}", x.dtype()))
            }

            #[allow(unused_variables)]
            fn tangent_by_x(self, $b: &Builder, [$x, $y, $z]: [Atom; 3], $t: Atom) -> Tangent {
                match self { $(Binary::$variant => Tangent::from($by_x),)* }
            }

            #[allow(unused_variables)]
            fn tangent_by_y(self, $b: &Builder, [$x, $y, $z]: [Atom; 3], $t: Atom) -> Tangent {
                match self { $(Binary::$variant => Tangent::from($by_y),)* }
            }

            /// Where operands are drawn from for the laws.
            fn domains(self) -> [Domain; 2] {
                match self {
                    $(Binary::$variant => [Domain::Range($x_low, $x_high), Domain::Range($y_low, $y_high)],)*
                }
            }
        }
    };
}

for_each_binary!(define);

impl Binary {
    /// True for `pow` of a float and an integer.
    fn is_mixed(self, x: DType, y: DType) -> bool {
        self == Binary::Pow && x.is_float() && y.is_int()
    }
}

impl Primitive for Binary {
    fn names() -> &'static [&'static str] {
        Binary::NAMES
    }

    fn name(&self) -> &str {
        self.static_name()
    }

    fn params(&self) -> Params {
        smallvec![]
    }

    fn parse(name: &str, _: &mut ParamMap) -> Result<Self, Fault> {
        let name = if name == "add_any" { "add" } else { name };
        let op = Binary::ALL.iter().copied().find(|op| op.static_name() == name);
        op.ok_or_else(|| fault!("there is no binary `{name}`"))
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x, y] = typing::operands(ins)?;
        if !self.is_mixed(x.dtype(), y.dtype()) {
            typing::check_class(typing::same_dtype(ins)?, self.classes())?;
        }
        let shape = typing::elementwise_shape(ins)?;
        Ok(Types::from_buf([Type::of(x.dtype(), shape)]))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let [x, y] = ins else { return Err(fault!("it takes 2 operands")) };
        if self.is_mixed(x.dtype(), y.dtype()) {
            let y = super::convert::convert_value(y, x.dtype());
            return Ok(vec![self.apply(x, &y)?]);
        }
        Ok(vec![self.apply(x, y)?])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let (x, y) = (primals[0], primals[1]);
        classes::sum_of_terms(*self, b, primals, tangents, |i, t, z| match i {
            0 => self.tangent_by_x(b, [x, y, z], t),
            _ => self.tangent_by_y(b, [x, y, z], t),
        })
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None, None]) };
        let (x, y) = (operands[0].known(), operands[1].known());
        let [to_x, to_y] = match (self, x, y) {
            (Binary::Add, ..) => [Some(ct), Some(ct)],
            (Binary::Sub, _, None) => [Some(ct), Some(b.neg(ct))],
            (Binary::Sub, _, Some(_)) => [Some(ct), None],
            (Binary::Mul, Some(x), None) => [None, Some(b.mul(x, ct))],
            (Binary::Mul, None, Some(y)) => [Some(b.mul(ct, y)), None],
            (Binary::Div, None, Some(y)) => [Some(b.div(ct, y)), None],
            _ => return classes::not_linear(self.name()),
        };
        classes::each_linear(operands, |i, operand| {
            classes::unbroadcast(b, [to_x, to_y][i]?, operand)
        })
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        classes::elementwise(*self, b, batch)
    }

    fn samples() -> Vec<Sample> {
        let shapes: [[&[usize]; 2]; 5] =
            [[&[3], &[3]], [&[2, 3], &[]], [&[], &[3]], [&[], &[]], [&[2, 1, 2], &[2, 1, 2]]];
        let mut samples = Vec::new();
        for (&op, [sx, sy]) in Binary::ALL.iter().zip(shapes.iter().cycle()) {
            let accepts = |class| op.classes().contains(&class);
            let of = |dx, dy, sx: &[usize], sy: &[usize]| {
                let [x, y] = op.domains();
                Sample::new(op, vec![(Type::of(dx, sx), x), (Type::of(dy, sy), y)])
            };
            if accepts(Class::Float) {
                let sample = of(DType::F64, DType::F64, sx, sy);
                // The order of polygamma has no neighbours to take differences with.
                samples.push(if op == Binary::Polygamma { sample.rough() } else { sample });
                let narrow = [DType::F32, DType::F16, DType::BF16][op as usize % 3];
                samples.push(of(narrow, narrow, &[2], &[2]).rough());
            }
            if accepts(Class::Int) {
                samples.push(of(DType::I32, DType::I32, sx, sy));
                let any = (Type::of(DType::U8, &[6]), Domain::AnyBits);
                samples.push(Sample::new(op, vec![any.clone(), any]));
            }
            if accepts(Class::Bool) {
                samples.push(Sample::new(
                    op,
                    vec![
                        (Type::of(DType::Bool, sx), Domain::Bits),
                        (Type::of(DType::Bool, sy), Domain::Bits),
                    ],
                ));
            }
        }
        let f64s = |shape: &[usize], domain| (Type::of(DType::F64, shape), domain);
        let wide = Domain::Range(-2.0, 2.0);
        let exponents = (Type::of(DType::I32, &[4]), Domain::Range(-3.0, 3.0));
        samples.extend([
            Sample::new(Binary::Sub, vec![f64s(&[], wide), f64s(&[2, 3], wide)]),
            Sample::new(Binary::Div, vec![f64s(&[], wide), f64s(&[2], Domain::Range(0.5, 2.0))]),
            Sample::new(Binary::Mul, vec![f64s(&[2, 0], wide), f64s(&[], wide)]),
            Sample::new(Binary::Max, vec![f64s(&[3], Domain::Range(0.5, 2.0)), f64s(&[], Domain::Range(-1.0, 0.4))]),
            Sample::new(Binary::Pow, vec![f64s(&[4], Domain::Range(0.5, 2.0)), exponents.clone()]),
            Sample::new(Binary::Pow, vec![f64s(&[], Domain::Range(-2.0, -0.5)), exponents]),
        ]);
        samples
    }
}
