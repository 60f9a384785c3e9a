//! Host arrays: dense, row-major, shared.

use crate::dtype::{DType, Element};
use crate::shape::{Shape, numel};
use crate::types::Type;
use half::{bf16, f16};
use std::sync::Arc;

/// The elements of an array, one vector per dtype.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// `bool` elements.
    Bool(Vec<bool>),
    /// `u8` elements.
    U8(Vec<u8>),
    /// `i8` elements.
    I8(Vec<i8>),
    /// `i32` elements.
    I32(Vec<i32>),
    /// `u32` elements.
    U32(Vec<u32>),
    /// `i64` elements.
    I64(Vec<i64>),
    /// `u64` elements.
    U64(Vec<u64>),
    /// `f16` elements.
    F16(Vec<f16>),
    /// `bf16` elements.
    BF16(Vec<bf16>),
    /// `f32` elements.
    F32(Vec<f32>),
    /// `f64` elements.
    F64(Vec<f64>),
}

impl Data {
    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        match self {
            Data::Bool(_) => DType::Bool,
            Data::U8(_) => DType::U8,
            Data::I8(_) => DType::I8,
            Data::I32(_) => DType::I32,
            Data::U32(_) => DType::U32,
            Data::I64(_) => DType::I64,
            Data::U64(_) => DType::U64,
            Data::F16(_) => DType::F16,
            Data::BF16(_) => DType::BF16,
            Data::F32(_) => DType::F32,
            Data::F64(_) => DType::F64,
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        crate::dispatch!(self.dtype(), T => T::slice(self).map_or(0, <[T]>::len))
    }

    /// True without elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// An array on the host: shape and shared elements. Cloning bumps a counter.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    shape: Shape,
    data: Arc<Data>,
}

impl Drop for Value {
    fn drop(&mut self) {
        // The memory of large arrays is kept; see `pool`.
        if self.data.dtype().is_pooled(numel(&self.shape))
            && let Some(data) = Arc::get_mut(&mut self.data)
        {
            crate::pool::give(std::mem::replace(data, Data::Bool(Vec::new())));
        }
    }
}

impl Value {
    /// An array from its elements in row-major order.
    ///
    /// # Panics
    /// If the number of elements is not the product of the shape.
    #[track_caller]
    pub fn new<T: Element>(shape: impl Into<Shape>, data: Vec<T>) -> Value {
        let shape = shape.into();
        assert_eq!(
            numel(&shape),
            data.len(),
            "elements for the shape {}",
            crate::shape::show(&shape)
        );
        Value { shape, data: Arc::new(T::wrap(data)) }
    }

    /// An array around data that is shared already, e.g. to reshape without a copy.
    #[track_caller]
    pub fn from_data(shape: impl Into<Shape>, data: Arc<Data>) -> Value {
        let shape = shape.into();
        assert_eq!(
            numel(&shape),
            data.len(),
            "elements for the shape {}",
            crate::shape::show(&shape)
        );
        Value { shape, data }
    }

    /// A rank-0 array.
    pub fn scalar<T: Element>(x: T) -> Value {
        Value { shape: Shape::new(), data: Arc::new(T::wrap(vec![x])) }
    }

    /// An array with all elements alike.
    pub fn full<T: Element>(shape: impl Into<Shape>, x: T) -> Value {
        let shape = shape.into();
        let n = numel(&shape);
        Value { shape, data: Arc::new(T::wrap(vec![x; n])) }
    }

    /// Zeros (false for `bool`) of a type.
    pub fn zeros(ty: &Type) -> Value {
        crate::dispatch!(ty.dtype(), T => Value::full(Shape::from_slice(ty.shape()), T::default()))
    }

    /// An array of a dtype from `f64` numbers, converted as `convert_element_type` does.
    pub fn from_f64s(dtype: DType, shape: impl Into<Shape>, data: &[f64]) -> Value {
        crate::dispatch!(dtype, T => Value::new(shape, data.iter().map(|&x| T::from_f64(x)).collect()))
    }

    /// The sizes of the dimensions.
    #[inline]
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.data.dtype()
    }

    /// The type of the array.
    pub fn ty(&self) -> Type {
        Type::Array { dtype: self.dtype(), shape: self.shape.clone() }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        numel(&self.shape)
    }

    /// True without elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The shared elements.
    #[inline]
    pub fn data(&self) -> &Arc<Data> {
        &self.data
    }

    /// The elements in row-major order.
    ///
    /// # Panics
    /// If the dtype is another one: operands of kernels are type-checked before.
    #[inline]
    #[track_caller]
    pub fn slice<T: Element>(&self) -> &[T] {
        match T::slice(&self.data) {
            Some(s) => s,
            None => panic!("elements of {} read as {}", self.ty(), T::DTYPE),
        }
    }

    /// The elements for writing, if the dtype is this one and no other array shares them.
    #[inline]
    pub fn slice_mut<T: Element>(&mut self) -> Option<&mut [T]> {
        T::vec_mut(Arc::get_mut(&mut self.data)?).map(Vec::as_mut_slice)
    }

    /// The elements as `f64`.
    pub fn to_f64s(&self) -> Vec<f64> {
        crate::dispatch!(self.dtype(), T => self.slice::<T>().iter().map(|x| x.to_f64()).collect())
    }

    /// The elements converted to a dtype by the rules of [`mod@crate::scalar::convert`].
    pub fn converted(&self, dtype: DType) -> Value {
        if self.dtype() == dtype {
            return self.clone();
        }
        crate::dispatch!(self.dtype(), S => crate::dispatch!(dtype, T => {
            let data: Vec<T> = self.slice::<S>().iter().map(|&x| crate::scalar::convert(x)).collect();
            Value::new(self.shape.clone(), data)
        }))
    }

    /// The same elements under another shape of the same size.
    #[track_caller]
    pub fn reshaped(&self, shape: impl Into<Shape>) -> Value {
        Value::from_data(shape, self.data.clone())
    }

    /// Equality of type and bit patterns, so that NaN equals itself and 0 differs from -0.
    pub fn bits_eq(&self, other: &Value) -> bool {
        self.shape == other.shape
            && self.dtype() == other.dtype()
            && crate::dispatch!(self.dtype(), T => {
                let (a, b) = (self.slice::<T>(), other.slice::<T>());
                a.iter().zip(b).all(|(x, y)| Element::to_bits(*x) == Element::to_bits(*y))
            })
    }
}
