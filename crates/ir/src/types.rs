//! Types of variables.

use crate::dtype::DType;
use crate::shape::{Shape, copied};
use std::fmt;
use std::sync::Arc;

/// The type of a variable in a jaxpr. `Display` is its text form: `f32[3,4]`, `stack<f32[3],i32[]>`.
#[derive(PartialEq, Eq, Hash, Debug)]
pub enum Type {
    /// An array of known dtype and shape.
    Array {
        /// Element type.
        dtype: DType,
        /// Sizes of the dimensions.
        shape: Shape,
    },
    /// The growable residual stack that reverse mode of `while` needs: static element types, dynamic
    /// length. No primitive of the core makes one; control flow does.
    Stack(Arc<[Type]>),
}

impl Clone for Type {
    #[inline]
    fn clone(&self) -> Type {
        match self {
            Type::Array { dtype, shape } => Type::Array { dtype: *dtype, shape: copied(shape) },
            Type::Stack(types) => Type::Stack(types.clone()),
        }
    }
}

impl Type {
    /// An array type.
    pub fn new(dtype: DType, shape: impl Into<Shape>) -> Type {
        Type::Array { dtype, shape: shape.into() }
    }

    /// An array type from a slice of sizes.
    pub fn of(dtype: DType, shape: &[usize]) -> Type {
        Type::Array { dtype, shape: copied(shape) }
    }

    /// A rank-0 array type.
    pub fn scalar(dtype: DType) -> Type {
        Type::Array { dtype, shape: Shape::new() }
    }

    /// The element type.
    ///
    /// # Panics
    /// For a stack. Rules of array primitives may call this freely: operands are checked to be
    /// arrays before any rule runs.
    #[inline]
    pub fn dtype(&self) -> DType {
        match self {
            Type::Array { dtype, .. } => *dtype,
            Type::Stack(_) => unreachable!("a stack has no dtype"),
        }
    }

    /// The sizes of the dimensions; panics for a stack, see [`Type::dtype`].
    #[inline]
    pub fn shape(&self) -> &[usize] {
        match self {
            Type::Array { shape, .. } => shape,
            Type::Stack(_) => unreachable!("a stack has no shape"),
        }
    }

    /// The number of dimensions; panics for a stack, see [`Type::dtype`].
    #[inline]
    pub fn rank(&self) -> usize {
        self.shape().len()
    }

    /// The number of elements; panics for a stack, see [`Type::dtype`].
    pub fn numel(&self) -> usize {
        crate::shape::numel(self.shape())
    }

    /// The same shape with another dtype.
    pub fn with_dtype(&self, dtype: DType) -> Type {
        Type::of(dtype, self.shape())
    }

    /// The same dtype with another shape.
    pub fn with_shape(&self, shape: &[usize]) -> Type {
        Type::of(self.dtype(), shape)
    }

    /// True for arrays of floats: the types whose values carry tangents.
    pub fn is_float(&self) -> bool {
        matches!(self, Type::Array { dtype, .. } if dtype.is_float())
    }

    /// This type with an extra dimension of the given size.
    pub fn with_axis(&self, axis: usize, size: usize) -> Type {
        let mut shape = Shape::from_slice(self.shape());
        shape.insert(axis, size);
        Type::new(self.dtype(), shape)
    }

    /// This type without one dimension.
    pub fn without_axis(&self, axis: usize) -> Type {
        let mut shape = Shape::from_slice(self.shape());
        shape.remove(axis);
        Type::new(self.dtype(), shape)
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Type::Array { dtype, shape } => write!(f, "{dtype}{}", crate::shape::show(shape)),
            Type::Stack(elements) => {
                f.write_str("stack<")?;
                for (i, e) in elements.iter().enumerate() {
                    if i > 0 {
                        f.write_str(",")?;
                    }
                    write!(f, "{e}")?;
                }
                f.write_str(">")
            }
        }
    }
}

/// `f32[3], f32[]`: a list of types as it stands in messages.
pub fn show_types<'a>(types: impl IntoIterator<Item = &'a Type>) -> String {
    let shown: Vec<String> = types.into_iter().map(Type::to_string).collect();
    match shown.as_slice() {
        [] => "no operands".into(),
        [one] => one.clone(),
        [init @ .., last] => format!("{} and {last}", init.join(", ")),
    }
}
