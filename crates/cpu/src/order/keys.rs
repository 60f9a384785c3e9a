//! Elements as unsigned integers that order as they do.

use pullback_ir::{DType, Element};

/// Which elements are equal.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Order {
    /// The order of `sort`: −0 equals 0.
    Sort,
    /// The order of `top_k`: −0 is below 0.
    Rank,
}

/// The key of an element, in the low bits. All NaN are one key, above everything.
#[inline(always)]
pub(super) fn key<T: Element>(x: T, order: Order) -> u64 {
    let (all, sign) = (all::<T>(), sign::<T>());
    let bits = Element::to_bits(x);
    if T::DTYPE.is_signed_int() {
        return bits ^ sign;
    }
    if !T::DTYPE.is_float() {
        return bits;
    }
    let bits = if order == Order::Sort && bits == sign { 0 } else { bits };
    // Negative numbers are turned around and lie below the positive ones.
    let key = if bits & sign != 0 { !bits & all } else { bits | sign };
    if is_nan(x) { all } else { key }
}

/// The element with a key of [`Order::Sort`]; of the elements with this key, 0 or some NaN.
#[inline(always)]
pub(super) fn element<T: Element>(key: u64) -> T {
    let sign = sign::<T>();
    let bits = match T::DTYPE {
        dtype if dtype.is_signed_int() => key ^ sign,
        dtype if !dtype.is_float() => key,
        _ if key & sign != 0 => key ^ sign,
        _ => !key & all::<T>(),
    };
    <T as Element>::from_bits(bits)
}

/// Whether it is NaN, from its bits.
#[inline(always)]
pub(super) fn is_nan<T: Element>(x: T) -> bool {
    let infinity = match T::DTYPE {
        DType::F16 => 0x7c00,
        DType::BF16 => 0x7f80,
        DType::F32 => 0x7f80_0000,
        DType::F64 => 0x7ff0_0000_0000_0000,
        _ => return false,
    };
    Element::to_bits(x) & !sign::<T>() > infinity
}

/// Whether it is −0, from its bits.
#[inline(always)]
pub(super) fn is_minus_zero<T: Element>(x: T) -> bool {
    T::DTYPE.is_float() && Element::to_bits(x) == sign::<T>()
}

/// Whether it is 0 or −0.
#[inline(always)]
pub(super) fn is_zero<T: Element>(x: T) -> bool {
    Element::to_bits(x) & !sign::<T>() == 0
}

/// Bits of a key.
pub(super) const fn bits_of(dtype: DType) -> u32 {
    8 * dtype.size() as u32
}

const fn all<T: Element>() -> u64 {
    u64::MAX >> (64 - 8 * size_of::<T>())
}

const fn sign<T: Element>() -> u64 {
    1 << (8 * size_of::<T>() - 1)
}
