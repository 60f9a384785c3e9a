//! How indices are written: integers, ranges with steps, [`Ellipsis`], [`NewAxis`], integer and boolean
//! arrays, alone or in a tuple.

use crate::array::Array;
use crate::error::{Error, fail};
use pullback_ir::{Element, Value};
use smallvec::{SmallVec, smallvec};
use std::ops::{Range, RangeFrom, RangeFull, RangeInclusive, RangeTo, RangeToInclusive};

use super::axes::Int;

/// A new axis of size 1, NumPy's `newaxis`: `x.get((.., NewAxis))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewAxis;

/// As many whole axes as there are left, NumPy's `...`: `x.get((Ellipsis, 0))`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ellipsis;

/// A range with a step, NumPy's `start:stop:step`: see [`s`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub(crate) start: Option<i64>,
    pub(crate) stop: Option<i64>,
    pub(crate) step: i64,
}

/// A range that can have a step: `s(1..8).step(2)`, `s(..).step(-1)`. Negative ends count from the
/// end; with a negative step the range runs from `start` down to before `stop`.
pub fn s(range: impl IntoSpan) -> Span {
    range.into_span()
}

impl Span {
    /// This range with a step, which is not 0.
    ///
    /// # Panics
    /// For 0.
    #[track_caller]
    pub fn step(self, step: impl Int) -> Span {
        let step = step.as_i64();
        if step == 0 {
            fail(Error::msg("the step of a range of indices is not 0"));
        }
        Span { step, ..self }
    }
}

/// A Rust range of any integer type: a whole axis is `..`.
pub trait IntoSpan {
    #[doc(hidden)]
    fn into_span(self) -> Span;
}

fn span(start: Option<i64>, stop: Option<i64>) -> Span {
    Span { start, stop, step: 1 }
}

/// One past an inclusive end; past −1, the last element, is the end of the axis.
fn past(end: i64) -> Option<i64> {
    if end == -1 { None } else { Some(end.saturating_add(1)) }
}

impl IntoSpan for RangeFull {
    fn into_span(self) -> Span {
        span(None, None)
    }
}

impl<T: Int> IntoSpan for Range<T> {
    fn into_span(self) -> Span {
        span(Some(self.start.as_i64()), Some(self.end.as_i64()))
    }
}

impl<T: Int> IntoSpan for RangeFrom<T> {
    fn into_span(self) -> Span {
        span(Some(self.start.as_i64()), None)
    }
}

impl<T: Int> IntoSpan for RangeTo<T> {
    fn into_span(self) -> Span {
        span(None, Some(self.end.as_i64()))
    }
}

impl<T: Int> IntoSpan for RangeInclusive<T> {
    fn into_span(self) -> Span {
        span(Some(self.start().as_i64()), past(self.end().as_i64()))
    }
}

impl<T: Int> IntoSpan for RangeToInclusive<T> {
    fn into_span(self) -> Span {
        span(None, past(self.end.as_i64()))
    }
}

/// One part of an index.
#[doc(hidden)]
#[derive(Clone)]
pub enum Item {
    /// One position; the axis goes away.
    At(i64),
    /// Positions at equal distances.
    Span(Span),
    /// The whole axes that are left.
    Ellipsis,
    /// An axis of size 1.
    NewAxis,
    /// Computed positions, or a mask.
    Array(Array),
}

/// The parts of an index.
pub(crate) type Items = SmallVec<[Item; 2]>;

/// One part of an index: an integer, a range, [`Span`], [`Ellipsis`], [`NewAxis`], an integer or boolean
/// array, or a list of positions such as `[0, 2]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no index",
    note = "indices are integers, ranges (`..`, `1..5`, `s(1..5).step(2)`), `Ellipsis`, `NewAxis`, lists of \
            integers, and integer or boolean arrays; several are written as a tuple"
)]
pub trait IndexItem {
    #[doc(hidden)]
    fn index_item(self) -> Item;
}

impl<T: Int> IndexItem for T {
    fn index_item(self) -> Item {
        Item::At(self.as_i64())
    }
}

impl IndexItem for Span {
    fn index_item(self) -> Item {
        Item::Span(self)
    }
}

impl IndexItem for Ellipsis {
    fn index_item(self) -> Item {
        Item::Ellipsis
    }
}

impl IndexItem for NewAxis {
    fn index_item(self) -> Item {
        Item::NewAxis
    }
}

impl IndexItem for Array {
    fn index_item(self) -> Item {
        Item::Array(self)
    }
}

impl IndexItem for &Array {
    fn index_item(self) -> Item {
        Item::Array(self.clone())
    }
}

macro_rules! ranges {
    ($([$($generic:tt)*] $range:ty),*) => {
        $(impl<$($generic)*> IndexItem for $range {
            fn index_item(self) -> Item {
                Item::Span(self.into_span())
            }
        })*
    };
}

ranges!([] RangeFull, [T: Int] Range<T>, [T: Int] RangeFrom<T>, [T: Int] RangeTo<T>,
    [T: Int] RangeInclusive<T>, [T: Int] RangeToInclusive<T>);

fn list(positions: impl Iterator<Item = i64>) -> Item {
    let positions: Vec<i64> = positions.collect();
    Item::Array(vector(positions))
}

/// A concrete vector.
pub(crate) fn vector<T: Element>(data: Vec<T>) -> Array {
    Array::from_value(Value::new([data.len()].as_slice(), data))
}

impl<T: Int, const N: usize> IndexItem for [T; N] {
    fn index_item(self) -> Item {
        list(self.iter().map(|i| i.as_i64()))
    }
}

impl<T: Int> IndexItem for &[T] {
    fn index_item(self) -> Item {
        list(self.iter().map(|i| i.as_i64()))
    }
}

impl<T: Int> IndexItem for Vec<T> {
    fn index_item(self) -> Item {
        list(self.iter().map(|i| i.as_i64()))
    }
}

/// An index: one [`IndexItem`], or a tuple of up to eight.
pub trait IntoIndex {
    #[doc(hidden)]
    fn into_index(self) -> Items;
}

impl<T: IndexItem> IntoIndex for T {
    fn into_index(self) -> Items {
        smallvec![self.index_item()]
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {
        $(impl<$($name: IndexItem),*> IntoIndex for ($($name,)*) {
            #[allow(non_snake_case)]
            fn into_index(self) -> Items {
                let ($($name,)*) = self;
                smallvec![$($name.index_item()),*]
            }
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
    A B C D E F G;
    A B C D E F G H;
}

impl IntoIndex for () {
    fn into_index(self) -> Items {
        Items::new()
    }
}
