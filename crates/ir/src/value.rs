//! Host arrays: dense, row-major, shared.

use crate::dtype::{DType, Element};
use crate::shape::{Shape, copied, numel};
use crate::types::Type;
use half::{bf16, f16};
use std::fmt;
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

/// An array on the host: a type and shared elements, which lie in a row in a buffer that may hold more.
/// Cloning bumps a counter.
pub struct Value {
    /// An array type, whose dtype is that of the buffer.
    ty: Type,
    data: Arc<Data>,
    /// Where in the buffer the first element is.
    start: usize,
}

impl Clone for Value {
    #[inline]
    fn clone(&self) -> Value {
        Value { ty: self.ty.clone(), data: self.data.clone(), start: self.start }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        self.ty == other.ty
            && crate::dispatch!(self.dtype(), T => self.slice::<T>() == other.slice::<T>())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.ty())?;
        crate::dispatch!(self.dtype(), T => self.slice::<T>().fmt(f))
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        // The memory of large arrays is kept; see `pool`.
        if self.is_unique()
            && self.dtype().is_pooled(self.data.len())
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
        Value { ty: Type::new(T::DTYPE, shape), data: Arc::new(T::wrap(data)), start: 0 }
    }

    /// An array of the last elements of a buffer. Those in front of them, if any, are there so that the first
    /// one has a good place; see [`pool::take`](crate::pool::take).
    ///
    /// # Panics
    /// If there are fewer elements than the shape has.
    #[track_caller]
    pub fn of_last(shape: &[usize], data: Data) -> Value {
        match data.len().checked_sub(numel(shape)) {
            Some(start) => Value { ty: Type::of(data.dtype(), shape), data: Arc::new(data), start },
            None => panic!("{} elements for the shape {}", data.len(), crate::shape::show(shape)),
        }
    }

    /// A rank-0 array.
    pub fn scalar<T: Element>(x: T) -> Value {
        Value { ty: Type::scalar(T::DTYPE), data: Arc::new(T::wrap(vec![x])), start: 0 }
    }

    /// An array with all elements alike.
    pub fn full<T: Element>(shape: impl Into<Shape>, x: T) -> Value {
        let shape = shape.into();
        let n = numel(&shape);
        Value { ty: Type::new(T::DTYPE, shape), data: Arc::new(T::wrap(vec![x; n])), start: 0 }
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
        self.ty.shape()
    }

    /// The element type.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.ty.dtype()
    }

    /// The type of the array.
    #[inline]
    pub fn ty(&self) -> &Type {
        &self.ty
    }

    /// The number of elements.
    #[inline]
    pub fn len(&self) -> usize {
        numel(self.shape())
    }

    /// True without elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of the buffer that the array keeps alive, which may hold more than its elements.
    pub fn buffer_bytes(&self) -> usize {
        self.data.len() * self.dtype().size()
    }

    /// True if no other array shares the buffer.
    #[inline]
    pub fn is_unique(&self) -> bool {
        Arc::strong_count(&self.data) == 1
    }

    /// Which buffer the elements are in, and where in it: for arrays of one shape that are alive, the
    /// elements' identity.
    pub fn key(&self) -> (usize, usize) {
        (Arc::as_ptr(&self.data) as usize, self.start)
    }

    /// The elements in row-major order.
    ///
    /// # Panics
    /// If the dtype is another one: operands of kernels are type-checked before.
    #[inline]
    #[track_caller]
    pub fn slice<T: Element>(&self) -> &[T] {
        match T::slice(&self.data) {
            Some(s) => &s[self.start..self.start + self.len()],
            None => panic!("elements of {} read as {}", self.ty(), T::DTYPE),
        }
    }

    /// The elements for writing, if the dtype is this one and no other array shares them.
    #[inline]
    pub fn slice_mut<T: Element>(&mut self) -> Option<&mut [T]> {
        let n = self.len();
        let all = T::vec_mut(Arc::get_mut(&mut self.data)?)?;
        Some(&mut all[self.start..self.start + n])
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
            Value::new(copied(self.shape()), data)
        }))
    }

    /// The same elements under another shape of the same size.
    ///
    /// # Panics
    /// If the shape has another size.
    #[track_caller]
    pub fn reshaped(&self, shape: impl Into<Shape>) -> Value {
        let shape = shape.into();
        assert_eq!(
            numel(&shape),
            self.len(),
            "elements for the shape {}",
            crate::shape::show(&shape)
        );
        Value { ty: Type::new(self.dtype(), shape), data: self.data.clone(), start: self.start }
    }

    /// Elements that lie in a row, from number `start` on, as an array that shares the buffer.
    ///
    /// # Panics
    /// If there are not so many elements.
    #[track_caller]
    pub fn part(&self, start: usize, shape: &[usize]) -> Value {
        let (n, of) = (numel(shape), self.len());
        assert!(start <= of && n <= of - start, "{n} elements from {start} on, of {of}");
        Value {
            ty: Type::of(self.dtype(), shape),
            data: self.data.clone(),
            start: self.start + start,
        }
    }

    /// Equality of type and bit patterns, so that NaN equals itself and 0 differs from -0.
    pub fn bits_eq(&self, other: &Value) -> bool {
        self.ty == other.ty
            && crate::dispatch!(self.dtype(), T => {
                let (a, b) = (self.slice::<T>(), other.slice::<T>());
                a.iter().zip(b).all(|(x, y)| Element::to_bits(*x) == Element::to_bits(*y))
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_share_the_buffer() {
        let x = Value::new([6].as_slice(), vec![0.0f64, 1.0, 2.0, 3.0, 4.0, 5.0]);
        let mut y = x.part(2, &[2, 2]);
        assert_eq!((y.slice::<f64>(), y.buffer_bytes()), (&[2.0, 3.0, 4.0, 5.0][..], 48));
        assert_eq!(y.reshaped([4].as_slice()).part(1, &[]).slice::<f64>(), [3.0]);
        assert_ne!(x.part(0, &[2]).key(), x.part(2, &[2]).key());
        assert_eq!(x.part(1, &[3]).part(1, &[2]).key(), y.key());
        assert_eq!(y, Value::new([2, 2].as_slice(), vec![2.0f64, 3.0, 4.0, 5.0]));
        assert!(y.slice_mut::<f64>().is_none(), "another array reads it");
        drop(x);
        y.slice_mut::<f64>().expect("now it is alone")[0] = 7.0;
        assert_eq!(y.to_f64s(), [7.0, 3.0, 4.0, 5.0]);
        assert!(std::panic::catch_unwind(|| y.part(3, &[2])).is_err());
    }
}
