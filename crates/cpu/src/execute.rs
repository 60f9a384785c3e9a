//! One equation: from the primitive to its kernel.

use crate::operand::{Operand, Values};
use pullback_ir::{Error, Prim, Type, Value};

/// Evaluates a primitive with the fastest kernel that there is.
pub(crate) fn execute(
    prim: &Prim,
    ins: &mut [Operand<'_>],
    _out_types: &[Type],
) -> Result<Values, Error> {
    reference(prim, ins)
}

/// Evaluates a primitive by its definition.
#[cold]
pub(crate) fn reference(prim: &Prim, ins: &mut [Operand<'_>]) -> Result<Values, Error> {
    let ins: Vec<Value> = ins.iter_mut().map(Operand::take).collect();
    let outs = prim.eval(&ins);
    match outs {
        Ok(outs) => Ok(Values::from_vec(outs)),
        Err(fault) => Err(Error::msg(format!("`{}` failed: {fault}", prim.name()))),
    }
}
