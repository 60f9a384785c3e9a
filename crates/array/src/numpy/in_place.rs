//! Operators on operands that are given away: the result is written into the buffer of one of them, if
//! nothing else holds that and the result has its type.

use super::operand::{Operand, elementwise};
use crate::array::{Array, Repr};
use crate::error::ok;
use pullback_ir::prim::Prim;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::unary::Unary;
use pullback_ir::{Type, Value};
use smallvec::{SmallVec, smallvec};
use std::sync::LazyLock;

/// What stands in the place of an operand while its buffer is written.
static TAKEN: LazyLock<Value> = LazyLock::new(|| Value::full([0].as_slice(), false));

/// Computes `x = prim(x, y)`, or `prim(y, x)` when `x` is the second operand (`at` is 1), in the buffer
/// of `x`. Where that cannot be it gives `false`, and `x` stays as it is.
#[track_caller]
fn in_place(prim: impl Into<Prim>, x: &mut Array, at: usize, y: Option<Operand<'_>>) -> bool {
    let Repr::Value(value) = &x.0 else { return false };
    if !value.is_unique() {
        return false;
    }
    let ty = value.ty();
    let y = match y {
        None => None,
        Some(Operand::Array(Array(Repr::Value(y)))) => {
            let fits = y.shape() == value.shape() || y.shape().is_empty();
            if !fits || y.dtype() != value.dtype() {
                return false;
            }
            Some(y.clone())
        }
        Some(Operand::Array(_)) => return false,
        Some(Operand::Scalar(number, _)) => match number.lit(value.dtype()) {
            Ok(lit) => Some(lit.value()),
            Err(_) => return false,
        },
    };
    // Faults are left to the usual way, which words them for users, before `x` is touched.
    let prim = prim.into();
    let mut types: SmallVec<[Type; 2]> = smallvec![ty.clone()];
    if let Some(y) = &y {
        types.insert(1 - at, y.ty().clone());
    }
    match prim.check_types(&types) {
        Ok(outs) if matches!(outs.as_slice(), [out] if out == ty) => {}
        _ => return false,
    }
    let Repr::Value(value) = std::mem::replace(&mut x.0, Repr::Value(TAKEN.clone())) else {
        unreachable!("it is concrete")
    };
    let mut operands: SmallVec<[pullback_cpu::Operand<'_>; 2]> = smallvec![value.into()];
    if let Some(y) = &y {
        operands.insert(1 - at, y.into());
    }
    let out = types.swap_remove(if y.is_some() { at } else { 0 });
    *x = Array::from_value(ok(pullback_cpu::execute_one(&prim, &mut operands, &out)));
    true
}

/// `x op y`, where `x` is given away.
#[track_caller]
pub(super) fn onto_left(sign: &str, prim: Binary, mut x: Array, y: Operand<'_>) -> Array {
    match in_place(prim, &mut x, 0, Some(y)) {
        true => x,
        false => elementwise(sign, prim, &[Operand::Array(&x), y]),
    }
}

/// `x op y`, where `y` is given away.
#[track_caller]
pub(super) fn onto_right(sign: &str, prim: Binary, x: Operand<'_>, mut y: Array) -> Array {
    match in_place(prim, &mut y, 1, Some(x)) {
        true => y,
        false => elementwise(sign, prim, &[x, Operand::Array(&y)]),
    }
}

/// `x op y`, where both are given away.
#[track_caller]
pub(super) fn onto_either(sign: &str, prim: Binary, mut x: Array, y: Array) -> Array {
    match in_place(prim, &mut x, 0, Some(Operand::Array(&y))) {
        true => x,
        false => onto_right(sign, prim, Operand::Array(&x), y),
    }
}

/// `x op= y`.
#[track_caller]
pub(super) fn assign(sign: &str, prim: Binary, x: &mut Array, y: Operand<'_>) {
    if !in_place(prim, x, 0, Some(y)) {
        *x = elementwise(sign, prim, &[Operand::Array(x), y]);
    }
}

/// `op x`, where `x` is given away.
#[track_caller]
pub(super) fn onto_itself(prim: Unary, mut x: Array) -> Array {
    match in_place(prim, &mut x, 0, None) {
        true => x,
        false => crate::array::bind(prim, &[&x]),
    }
}
