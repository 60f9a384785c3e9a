//! Operands and results of a single equation.

use pullback_ir::{DType, Value};
use smallvec::SmallVec;
use std::sync::LazyLock;

/// The results of an equation, nearly always one.
pub type Values = SmallVec<[Value; 1]>;

/// An operand of [`execute`](crate::execute).
#[derive(Clone, Debug)]
pub enum Operand<'a> {
    /// A value that stays alive: it is read only.
    Shared(&'a Value),
    /// A value that dies here. If nothing else holds its buffer, the result may be written into it.
    Owned(Value),
}

impl Operand<'_> {
    /// The value.
    #[inline]
    pub fn value(&self) -> &Value {
        match self {
            Operand::Shared(v) => v,
            Operand::Owned(v) => v,
        }
    }

    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.value().dtype()
    }

    /// Moves the value out, which for a shared one bumps a counter. What stays behind is empty.
    #[inline]
    pub(crate) fn take(&mut self) -> Value {
        static TAKEN: LazyLock<Value> = LazyLock::new(|| Value::full([0].as_slice(), false));
        match self {
            Operand::Shared(v) => (*v).clone(),
            Operand::Owned(_) => match std::mem::replace(self, Operand::Shared(&TAKEN)) {
                Operand::Owned(v) => v,
                Operand::Shared(v) => v.clone(),
            },
        }
    }
}

impl<'a> From<&'a Value> for Operand<'a> {
    fn from(v: &'a Value) -> Self {
        Operand::Shared(v)
    }
}

impl From<Value> for Operand<'_> {
    fn from(v: Value) -> Self {
        Operand::Owned(v)
    }
}
