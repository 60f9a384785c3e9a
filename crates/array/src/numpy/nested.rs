//! Arrays from Rust data: scalars, slices, nested arrays and `Vec`s, and back.
//!
//! The dtype is the Rust type of the elements: `array![1.0, 2.0]` is f64, `array![1, 2]` is i32,
//! `array![1.0f32]` is f32.
//!
//! ```
//! # use pullback_array::{array, Array};
//! let a = array![[1, 2, 3], [4, 5, 6]];
//! assert_eq!(a.ty().to_string(), "i32[2,3]");
//! assert_eq!(Array::from(vec![vec![0.5f32], vec![1.5]]).shape(), [2, 1]);
//! assert_eq!(Array::from_vec(vec![1u8, 2, 3, 4], [2, 2]).to_vec::<u8>(), [1, 2, 3, 4]);
//! assert_eq!(Array::from(2.5).item::<f64>(), 2.5);
//! ```

use super::axes::{self, IntoSizes};
use crate::array::Array;
use crate::error::{Error, fail};
use pullback_ir::half::{bf16, f16};
use pullback_ir::shape::show;
use pullback_ir::{Element, Shape, Value};

/// Rust data that an array can be made of: a scalar, or an array, slice or `Vec` of such data.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot become an `Array`",
    note = "arrays are made of bool, u8, i8, i32, u32, i64, u64, f16, bf16, f32 and f64, and of nested \
            Rust arrays, slices and `Vec`s of them",
    note = "convert other numbers first, e.g. `xs.iter().map(|&x| x as i64).collect::<Vec<_>>()`"
)]
pub trait Nested {
    /// The type of the elements.
    type Element: Element;
    /// Adds the sizes, outermost first, taken from the first element at each level.
    #[doc(hidden)]
    fn push_sizes(&self, out: &mut Shape);
    /// Adds the elements, checking that every level has its size.
    #[doc(hidden)]
    fn push_elements(&self, sizes: &[usize], out: &mut Vec<Self::Element>) -> Result<(), Error>;
}

macro_rules! scalars {
    ($($t:ty),*) => {
        $(impl Nested for $t {
            type Element = $t;
            fn push_sizes(&self, _: &mut Shape) {}
            fn push_elements(&self, _: &[usize], out: &mut Vec<$t>) -> Result<(), Error> {
                out.push(*self);
                Ok(())
            }
        })*
    };
}

scalars!(bool, u8, i8, i32, u32, i64, u64, f16, bf16, f32, f64);

impl<T: Nested> Nested for [T] {
    type Element = T::Element;

    fn push_sizes(&self, out: &mut Shape) {
        out.push(self.len());
        if let Some(first) = self.first() {
            first.push_sizes(out);
        }
    }

    fn push_elements(&self, sizes: &[usize], out: &mut Vec<T::Element>) -> Result<(), Error> {
        let (Some(&n), rest) = (sizes.first(), sizes.get(1..).unwrap_or_default()) else {
            return Err(Error::msg("nested data has more levels in one place than in another"));
        };
        if n != self.len() {
            return Err(Error::msg(format!(
                "nested data is ragged: one row has {n} entries, another one {}",
                self.len()
            )));
        }
        self.iter().try_for_each(|x| x.push_elements(rest, out))
    }
}

impl<T: Nested, const N: usize> Nested for [T; N] {
    type Element = T::Element;
    fn push_sizes(&self, out: &mut Shape) {
        self.as_slice().push_sizes(out);
    }
    fn push_elements(&self, sizes: &[usize], out: &mut Vec<T::Element>) -> Result<(), Error> {
        self.as_slice().push_elements(sizes, out)
    }
}

impl<T: Nested> Nested for Vec<T> {
    type Element = T::Element;
    fn push_sizes(&self, out: &mut Shape) {
        self.as_slice().push_sizes(out);
    }
    fn push_elements(&self, sizes: &[usize], out: &mut Vec<T::Element>) -> Result<(), Error> {
        self.as_slice().push_elements(sizes, out)
    }
}

impl<T: Nested + ?Sized> Nested for &T {
    type Element = T::Element;
    fn push_sizes(&self, out: &mut Shape) {
        T::push_sizes(self, out);
    }
    fn push_elements(&self, sizes: &[usize], out: &mut Vec<T::Element>) -> Result<(), Error> {
        T::push_elements(self, sizes, out)
    }
}

impl<N: Nested> From<N> for Array {
    /// # Panics
    /// If nested `Vec`s are ragged.
    #[track_caller]
    fn from(data: N) -> Array {
        let mut shape = Shape::new();
        data.push_sizes(&mut shape);
        let mut elements = Vec::with_capacity(pullback_ir::shape::numel(&shape));
        match data.push_elements(&shape, &mut elements) {
            Ok(()) => Array::from_value(Value::new(shape, elements)),
            Err(e) => fail(e),
        }
    }
}

impl Array {
    /// An array from its elements in row-major order. One size may be −1.
    ///
    /// # Panics
    /// If the number of elements is not the product of the shape.
    #[track_caller]
    pub fn from_vec<T: Element>(data: Vec<T>, shape: impl IntoSizes) -> Array {
        let sizes = shape.into_sizes();
        match super::shaping::resolve(&sizes, data.len()) {
            Ok(shape) => Array::from_value(Value::new(shape, data)),
            Err(rule) => fail(Error::msg(format!(
                "`from_vec` cannot make {}{} of {} elements: {rule}",
                T::DTYPE,
                show_sizes(&sizes),
                data.len()
            ))),
        }
    }

    /// An array from a copy of its elements in row-major order; see [`Array::from_vec`].
    #[track_caller]
    pub fn from_slice<T: Element>(data: &[T], shape: impl IntoSizes) -> Array {
        Array::from_vec(data.to_vec(), shape)
    }

    /// An array from a function of the multi-index.
    #[track_caller]
    pub fn from_fn<T: Element>(shape: impl IntoSizes, f: impl FnMut(&[usize]) -> T) -> Array {
        let shape = axes::shape("from_fn", shape);
        let mut f = f;
        let data = pullback_ir::shape::indices(&shape).map(|i| f(&i)).collect();
        Array::from_value(Value::new(shape, data))
    }
}

fn show_sizes(sizes: &[i64]) -> String {
    match sizes.iter().map(|&n| usize::try_from(n)).collect::<Result<Vec<_>, _>>() {
        Ok(sizes) => show(&sizes),
        Err(_) => format!("{sizes:?}").replace(' ', ""),
    }
}

/// An array from elements, nested like Rust arrays: `array![1.0, 2.0]`, `array![[1, 2], [3, 4]]`,
/// `array![0.0f32; 3]`. The dtype is the Rust type of the elements.
#[macro_export]
macro_rules! array {
    ($x:expr; $n:expr) => { $crate::Array::from([$x; $n]) };
    ($($x:expr),+ $(,)?) => { $crate::Array::from([$($x),+]) };
}
