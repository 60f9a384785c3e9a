//! Elementwise comparisons: two operands of one dtype give truth values.
//!
//! ```text
//! c:bool[3] = lt a b
//! d:bool[3] = ge a 0.0:f32[]
//! ```
//!
//! Shapes are equal or of rank 0. Floats compare as IEEE 754 says: NaN is unequal to everything,
//! itself included, and 0 equals -0. `false` is less than `true`. Truth values have no tangent.

use super::classes;
use super::typing;
use super::*;
use crate::dtype::DType;
use crate::error::fault;
use smallvec::smallvec;

/// Calls `callback!` with the table of the comparisons, after the tokens that follow its name: rows
/// `Variant "name" function;`, where the function takes two elements of any one dtype.
#[macro_export]
macro_rules! for_each_compare {
    ($callback:ident $($tokens:tt)*) => { $callback! { $($tokens)*
        Eq "eq" |x, y| x == y;
        Ne "ne" |x, y| x != y;
        Lt "lt" |x, y| x < y;
        Le "le" |x, y| x <= y;
        Gt "gt" |x, y| x > y;
        Ge "ge" |x, y| x >= y;
    } };
}

macro_rules! define {
    ($($variant:ident $name:literal $f:expr;)*) => {
        /// An elementwise comparison.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
        pub enum Compare {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
        }

        impl Compare {
            /// Every comparison, in the order of the table.
            pub const ALL: &[Compare] = &[$(Compare::$variant),*];

            const NAMES: &[&str] = &[$($name),*];

            fn apply(self, x: &Value, y: &Value) -> Value {
                crate::dispatch!(x.dtype(), T => match self {
                    $(Compare::$variant => classes::map2::<T, bool>(x, y, $f),)*
                })
            }
        }
    };
}

for_each_compare!(define);

impl Primitive for Compare {
    fn names() -> &'static [&'static str] {
        Compare::NAMES
    }

    fn name(&self) -> &str {
        Compare::NAMES[*self as usize]
    }

    fn params(&self) -> Params {
        smallvec![]
    }

    fn parse(name: &str, _: &mut ParamMap) -> Result<Self, Fault> {
        let op = Compare::ALL.iter().copied().find(|op| op.name() == name);
        op.ok_or_else(|| fault!("there is no comparison `{name}`"))
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        typing::operands::<2>(ins)?;
        typing::same_dtype(ins)?;
        let shape = typing::elementwise_shape(ins)?;
        Ok(Types::from_buf([Type::of(DType::Bool, shape)]))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        Ok(vec![self.apply(&ins[0], &ins[1])])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], _: &[Tangent]) -> JvpOut {
        classes::zero(*self, b, primals, "truth values have no tangent")
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear(self.name())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        classes::elementwise(*self, b, batch)
    }

    fn samples() -> Vec<Sample> {
        let dtypes = [DType::F64, DType::I32, DType::BF16, DType::U64, DType::F32, DType::I8];
        let shapes: [[&[usize]; 2]; 3] = [[&[6], &[6]], [&[2, 3], &[]], [&[], &[2, 3]]];
        let mut samples = Vec::new();
        for (i, &op) in Compare::ALL.iter().enumerate() {
            let [sx, sy] = shapes[i % 3];
            let few = Domain::Range(-2.0, 2.0);
            for dtype in [dtypes[i], DType::I32] {
                let args = vec![(Type::of(dtype, sx), few), (Type::of(dtype, sy), few)];
                samples.push(Sample::new(op, args));
            }
            let bits = (Type::of(DType::Bool, &[4]), Domain::Bits);
            samples.push(Sample::new(op, vec![bits.clone(), bits]));
        }
        samples
    }
}
