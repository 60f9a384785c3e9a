//! Instructions as loops over tiles.

use super::super::line::{Bin, Cmp, Kind, Reg, Un};
use super::{Tile, loops};
use crate::math;
use half::f16;

use Kind::{F32, F64, I32, I64, Mask};

/// Truth values that are bytes.
const fn byte(x: bool) -> u8 {
    x as u8
}

/// A call for the type of a kind, `$T`, which occurs in the call.
macro_rules! by_kind {
    ($kind:expr, $T:ident => $call:expr, [$($k:ident $t:ty),*]) => {
        match $kind {
            $($k => { type $T = $t; $call })*
            _ => unreachable!("the checker knows no such instruction"),
        }
    };
}

#[allow(unreachable_patterns, reason = "`by_kind` for all kinds")]
impl Tile<'_> {
    /// # Safety
    /// `X` is the type of the value's kind, `Z` that of the kind of instruction `i`.
    #[inline(always)]
    unsafe fn map<X: Copy, Z>(&self, x: Reg, i: usize, f: impl Fn(X) -> Z) {
        // SAFETY: the operand has been computed; no operand has the result's slot.
        let (x, z) = unsafe { (self.get::<X>(x), self.room::<Z>(i)) };
        loops::map(x, z, f);
    }

    /// # Safety
    /// As for `map`.
    #[inline(always)]
    unsafe fn map2<X: Copy, Z>(&self, x: Reg, y: Reg, i: usize, f: impl Fn(X, X) -> Z) {
        // SAFETY: as for `map`.
        let (x, y, z) = unsafe { (self.get::<X>(x), self.get::<X>(y), self.room::<Z>(i)) };
        loops::map2(x, y, z, f);
    }

    /// # Safety
    /// As above `Tile`'s functions, as for all below; `from` is the operand's kind.
    pub(super) unsafe fn un(&self, op: Un, from: Kind, x: Reg, i: usize) {
        // SAFETY: the types are those of the kinds; only floats in range are converted to integers.
        unsafe {
            match op {
                Un::Neg => match from {
                    F32 => self.map(x, i, |x: f32| -x),
                    F64 => self.map(x, i, |x: f64| -x),
                    I32 => self.map(x, i, |x: i32| x.wrapping_neg()),
                    _ => self.map(x, i, |x: i64| x.wrapping_neg()),
                },
                Un::Abs => by_kind!(from, T => self.map(x, i, T::abs), [F32 f32, F64 f64]),
                Un::Sqrt => by_kind!(from, T => self.map(x, i, T::sqrt), [F32 f32, F64 f64]),
                Un::Floor => by_kind!(from, T => self.map(x, i, T::floor), [F32 f32, F64 f64]),
                Un::Ceil => by_kind!(from, T => self.map(x, i, T::ceil), [F32 f32, F64 f64]),
                Un::Trunc => by_kind!(from, T => self.map(x, i, T::trunc), [F32 f32, F64 f64]),
                Un::RoundEven => {
                    by_kind!(from, T => self.map(x, i, T::round_ties_even), [F32 f32, F64 f64])
                }
                Un::Exponent => self.map(x, i, math::exponent),
                Un::Mantissa => self.map(x, i, math::mantissa),
                Un::RoundF16 => self.map(x, i, |x| f16::from_f32(x).to_f32()),
                Un::Not => match from {
                    Mask => self.map(x, i, |x: u8| x ^ 1),
                    I32 => self.map(x, i, |x: i32| !x),
                    _ => self.map(x, i, |x: i64| !x),
                },
                Un::Widen => self.map(x, i, |x: f32| f64::from(x)),
                Un::Narrow => self.map(x, i, |x: f64| x as f32),
                Un::Bits | Un::Float if from.size() == 4 => self.map(x, i, |x: u32| x),
                Un::Bits | Un::Float => self.map(x, i, |x: u64| x),
                Un::SignExtend => self.map(x, i, |x: i32| i64::from(x)),
                Un::ZeroExtend => self.map(x, i, |x: u32| u64::from(x)),
                Un::Truncate => self.map(x, i, |x: i64| x as i32),
                Un::ToFloat if from == I32 => self.map(x, i, |x: i32| x as f32),
                Un::ToFloat => self.map(x, i, |x: i64| x as f64),
                Un::ToDouble => self.map(x, i, |x: i32| f64::from(x)),
                // Conversions that saturate would not be vectorised.
                Un::ToInt if from == F32 => self.map(x, i, |x: f32| {
                    let x = if x.abs() < 2147483648.0 { x } else { -2147483648.0 };
                    x.to_int_unchecked::<i32>()
                }),
                Un::ToInt => self.map(x, i, |x: f64| {
                    let x =
                        if x.abs() < 9223372036854775808.0 { x } else { -9223372036854775808.0 };
                    x.to_int_unchecked::<i64>()
                }),
            }
        }
    }

    /// # Safety
    /// The operand has kind I32, the result F32.
    pub(super) unsafe fn lookup(&self, table: &'static [f32; 32], x: Reg, i: usize) {
        // SAFETY: the types are those of the kinds.
        unsafe { self.map(x, i, |x: i32| table[(x & 31) as usize]) }
    }

    /// # Safety
    /// `kind` is that of operands and result.
    pub(super) unsafe fn bin(&self, op: Bin, kind: Kind, x: Reg, y: Reg, i: usize) {
        // SAFETY: the types are those of the kind, or unsigned numbers of its size.
        unsafe {
            match op {
                Bin::Add if kind.is_float() => {
                    by_kind!(kind, T => self.map2(x, y, i, |x: T, y: T| x + y), [F32 f32, F64 f64])
                }
                Bin::Sub if kind.is_float() => {
                    by_kind!(kind, T => self.map2(x, y, i, |x: T, y: T| x - y), [F32 f32, F64 f64])
                }
                Bin::Mul if kind.is_float() => {
                    by_kind!(kind, T => self.map2(x, y, i, |x: T, y: T| x * y), [F32 f32, F64 f64])
                }
                Bin::Add => {
                    by_kind!(kind, T => self.map2(x, y, i, T::wrapping_add), [I32 i32, I64 i64])
                }
                Bin::Sub => {
                    by_kind!(kind, T => self.map2(x, y, i, T::wrapping_sub), [I32 i32, I64 i64])
                }
                Bin::Mul => {
                    by_kind!(kind, T => self.map2(x, y, i, T::wrapping_mul), [I32 i32, I64 i64])
                }
                Bin::Div => {
                    by_kind!(kind, T => self.map2(x, y, i, |x: T, y: T| x / y), [F32 f32, F64 f64])
                }
                Bin::Scale if kind == F32 => self.map2(x, y, i, math::scale_f32),
                Bin::Scale => self.map2(x, y, i, math::scale_f64),
                Bin::Max => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| if x > y { x } else { y }),
                    [F32 f32, F64 f64, I32 i32, I64 i64]
                ),
                Bin::Min => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| if x < y { x } else { y }),
                    [F32 f32, F64 f64, I32 i32, I64 i64]
                ),
                Bin::MaxU => by_kind!(kind, T => self.map2(x, y, i, T::max), [I32 u32, I64 u64]),
                Bin::MinU => by_kind!(kind, T => self.map2(x, y, i, T::min), [I32 u32, I64 u64]),
                Bin::And => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| x & y),
                    [F32 u32, F64 u64, I32 u32, I64 u64, Mask u8]
                ),
                Bin::Or => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| x | y),
                    [F32 u32, F64 u64, I32 u32, I64 u64, Mask u8]
                ),
                Bin::Xor => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| x ^ y),
                    [F32 u32, F64 u64, I32 u32, I64 u64, Mask u8]
                ),
                Bin::Shl => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| {
                        if y < T::BITS as T { x << y } else { 0 }
                    }),
                    [I32 u32, I64 u64]
                ),
                Bin::Shr => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| {
                        if y < T::BITS as T { x >> y } else { 0 }
                    }),
                    [I32 u32, I64 u64]
                ),
                Bin::Sar if kind == I32 => {
                    self.map2(x, y, i, |x: i32, y: i32| x >> (y as u32).min(31));
                }
                Bin::Sar => self.map2(x, y, i, |x: i64, y: i64| x >> (y as u64).min(63)),
            }
        }
    }

    /// # Safety
    /// `kind` is that of operands and result.
    pub(super) unsafe fn fma(&self, kind: Kind, x: Reg, y: Reg, z: Reg, i: usize) {
        // SAFETY: the types are those of the kind; no operand has the result's slot.
        unsafe {
            by_kind!(kind, T => {
                let (x, y, z, out) = (self.get(x), self.get(y), self.get(z), self.room(i));
                loops::map3(x, y, z, out, T::mul_add);
            }, [F32 f32, F64 f64]);
        }
    }

    /// # Safety
    /// `kind` is that of the operands.
    pub(super) unsafe fn cmp(&self, op: Cmp, kind: Kind, x: Reg, y: Reg, i: usize) {
        // SAFETY: the types are those of the kinds, or unsigned numbers of their size.
        unsafe {
            match op {
                Cmp::Eq => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| byte(x == y)),
                    [F32 f32, F64 f64, I32 i32, I64 i64]
                ),
                Cmp::Ne => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| byte(x != y)),
                    [F32 f32, F64 f64, I32 i32, I64 i64]
                ),
                Cmp::Lt => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| byte(x < y)),
                    [F32 f32, F64 f64, I32 i32, I64 i64]
                ),
                Cmp::Le => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| byte(x <= y)),
                    [F32 f32, F64 f64, I32 i32, I64 i64]
                ),
                Cmp::LtU => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| byte(x < y)), [I32 u32, I64 u64]
                ),
                Cmp::LeU => by_kind!(
                    kind, T => self.map2(x, y, i, |x: T, y: T| byte(x <= y)), [I32 u32, I64 u64]
                ),
            }
        }
    }

    /// # Safety
    /// `size` is that of the lanes of `x`, `y` and the result.
    pub(super) unsafe fn select(&self, size: usize, m: Reg, x: Reg, y: Reg, i: usize) {
        // SAFETY: for choosing, only the size of lanes counts.
        unsafe {
            match size {
                8 => self.choose::<u64>(m, x, y, i),
                _ => self.choose::<u32>(m, x, y, i),
            }
        }
    }

    /// # Safety
    /// As for `map`.
    #[inline(always)]
    unsafe fn choose<T: Copy>(&self, m: Reg, x: Reg, y: Reg, i: usize) {
        // SAFETY: as for `map`.
        let (m, x, y, out) =
            unsafe { (self.get::<u8>(m), self.get::<T>(x), self.get::<T>(y), self.room::<T>(i)) };
        loops::map3(m, x, y, out, |m, x, y| if m != 0 { x } else { y });
    }
}
