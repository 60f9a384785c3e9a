//! Vector math as instructions of a line.
//!
//! The functions of [`crate::math`] are written in terms of [`Lanes`]; here each of its operations adds
//! an instruction.

use super::build::LineBuilder;
use super::line::{Bin, Cmp, Kind, RareFn, Reg, Un};
use crate::math::{Lanes, Narrow, emit_f32, emit_f64, emit2_f32, emit2_f64};
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::unary::Unary;

/// The function of an op on a float value; nothing if it has no form for lanes.
pub(super) fn function(b: &mut LineBuilder, op: Unary, x: Reg) -> Option<Reg> {
    let kind = b.kind(x);
    let mut lanes = Single(Double(std::mem::take(b)));
    let y = match kind {
        Kind::F64 => emit_f64(&mut lanes.0, op, x),
        _ => emit_f32(&mut lanes, op, x),
    };
    *b = lanes.0.0;
    y
}

/// The function of an op on two float values; nothing if it has no form for lanes.
pub(super) fn function2(b: &mut LineBuilder, op: Binary, x: Reg, y: Reg) -> Option<Reg> {
    let kind = b.kind(x);
    let mut lanes = Single(Double(std::mem::take(b)));
    let z = match kind {
        Kind::F64 => emit2_f64(&mut lanes.0, op, x, y),
        _ => emit2_f32(&mut lanes, op, x, y),
    };
    *b = lanes.0.0;
    z
}

/// f32 lanes; operations on f64 lanes go to the part.
struct Single(Double);

/// f64 lanes.
struct Double(LineBuilder);

impl Single {
    fn b(&mut self) -> &mut LineBuilder {
        &mut self.0.0
    }
}

impl Double {
    fn b(&mut self) -> &mut LineBuilder {
        &mut self.0
    }
}

macro_rules! lanes {
    ($lanes:ident, $scalar:ident, $wide:literal, $float:expr, $int:expr, $rare:expr) => {
        impl Lanes for $lanes {
            type F = Reg;
            type I = Reg;
            type M = Reg;
            type Scalar = $scalar;
            const WIDE: bool = $wide;

            fn f(&mut self, x: f64) -> Reg {
                self.b().float($float, x)
            }
            fn i(&mut self, x: i64) -> Reg {
                self.b().int($int, x)
            }
            lanes!(@bin add Add, sub Sub, mul Mul, div Div, min Min, max Max, iadd Add, isub Sub,
                iand And, ior Or, ixor Xor, and_m And, or_m Or);
            lanes!(@un neg Neg, abs Abs, sqrt Sqrt, floor Floor, round_even RoundEven,
                bits Bits, from_bits Float);
            lanes!(@cmp lt Lt, le Le, eq Eq, ne Ne, ieq Eq);
            fn gt(&mut self, a: Reg, b: Reg) -> Reg {
                self.b().cmp(Cmp::Lt, b, a)
            }
            fn ge(&mut self, a: Reg, b: Reg) -> Reg {
                self.b().cmp(Cmp::Le, b, a)
            }
            fn fma(&mut self, a: Reg, b: Reg, c: Reg) -> Reg {
                self.b().fma(a, b, c)
            }
            fn select(&mut self, m: Reg, if_true: Reg, if_false: Reg) -> Reg {
                self.b().select(m, if_true, if_false)
            }
            fn shl(&mut self, a: Reg, n: u32) -> Reg {
                let n = self.i(n.into());
                self.b().bin(Bin::Shl, a, n)
            }
            fn shr(&mut self, a: Reg, n: u32) -> Reg {
                let n = self.i(n.into());
                self.b().bin(Bin::Shr, a, n)
            }
            fn scale(&mut self, y: Reg, t: Reg) -> Reg {
                let n = self.subk(t, Self::MAGIC);
                self.scale_by(y, n)
            }
            fn scale_by(&mut self, y: Reg, n: Reg) -> Reg {
                self.b().bin(Bin::Scale, y, n)
            }
            fn rare(&mut self, m: Reg, f: fn($scalar) -> $scalar, x: Reg, y: Reg) -> Reg {
                self.b().rare(m, $rare(f), [x, x], y)
            }
        }
    };
    (@bin $($name:ident $op:ident),*) => {$(
        fn $name(&mut self, a: Reg, b: Reg) -> Reg {
            self.b().bin(Bin::$op, a, b)
        }
    )*};
    (@un $($name:ident $op:ident),*) => {$(
        fn $name(&mut self, a: Reg) -> Reg {
            self.b().un(Un::$op, a)
        }
    )*};
    (@cmp $($name:ident $op:ident),*) => {$(
        fn $name(&mut self, a: Reg, b: Reg) -> Reg {
            self.b().cmp(Cmp::$op, a, b)
        }
    )*};
}
lanes!(Single, f32, false, Kind::F32, Kind::I32, RareFn::F32);
lanes!(Double, f64, true, Kind::F64, Kind::I64, RareFn::F64);

impl Narrow for Single {
    type Wide = Double;
    fn wide(&mut self) -> &mut Double {
        &mut self.0
    }
    fn widen(&mut self, x: Reg) -> Reg {
        self.b().un(Un::Widen, x)
    }
    fn narrow(&mut self, x: Reg) -> Reg {
        self.b().un(Un::Narrow, x)
    }
    fn exponent(&mut self, x: Reg) -> Reg {
        self.b().un(Un::Exponent, x)
    }
    fn mantissa(&mut self, x: Reg) -> Reg {
        self.b().un(Un::Mantissa, x)
    }
    fn lookup(&mut self, table: &'static [f32; 32], i: Reg) -> Reg {
        self.b().lookup(table, i)
    }
}
