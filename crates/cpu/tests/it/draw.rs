//! Drawing arguments, comparing values.

use pullback_cpu::{Engine, Operand, Values};
use pullback_ir::prim::{Domain, Prim};
use pullback_ir::{DType, Element, Type, Value, dispatch};

/// SplitMix64: the tests must not depend on the generator under test.
pub(crate) struct Draw(u64);

impl Draw {
    pub(crate) fn new(seed: u64) -> Draw {
        Draw(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    pub(crate) fn value(&mut self, ty: &Type, domain: Domain) -> Value {
        let n = ty.numel();
        if domain == Domain::AnyBits {
            return dispatch!(ty.dtype(), T => Value::new(
                ty.shape(), (0..n).map(|_| <T as Element>::from_bits(self.bits())).collect::<Vec<T>>()));
        }
        let (lo, hi) = match domain {
            Domain::Range(lo, hi) => (lo, hi),
            Domain::Distinct => (-50.0, 50.0),
            Domain::Bits | Domain::AnyBits => (0.0, 1.0),
        };
        let (is_float, round) = (ty.dtype().is_float(), domain == Domain::Bits);
        let one = |d: &mut Draw| match is_float && !round {
            true => lo + (hi - lo) * d.unit(),
            false => lo.ceil() + (d.unit() * (hi.floor() - lo.ceil() + 1.0)).floor(),
        };
        let xs: Vec<f64> = (0..n).map(|_| one(self)).collect();
        Value::from_f64s(ty.dtype(), ty.shape(), &xs)
    }
}

/// One equation on the CPU engine, its operands shared or given away.
pub(crate) fn execute(prim: &Prim, args: &[Value], owned: bool) -> Values {
    let types: Vec<Type> = args.iter().map(|x| x.ty().clone()).collect();
    let outs = prim.check_types(&types).unwrap_or_else(|e| panic!("{e}"));
    // A copy of its own, so that the buffer is given away too.
    let fresh =
        |x: &Value| dispatch!(x.dtype(), T => Value::new(x.shape(), x.slice::<T>().to_vec()));
    let mut ins: Vec<Operand<'_>> = match owned {
        true => args.iter().map(|x| Operand::Owned(fresh(x))).collect(),
        false => args.iter().map(Operand::Shared).collect(),
    };
    Engine::Cpu.execute(prim, &mut ins, &outs).unwrap_or_else(|e| panic!("{e}"))
}

/// How far a result may be from the interpreter's: sums and products are added in another order, and
/// elementary functions are rounded otherwise.
pub(crate) fn tolerance(prim: &Prim, dtype: DType) -> f64 {
    match prim {
        Prim::Unary(_) | Prim::Binary(_) => match dtype {
            DType::F16 => 1e-3,
            DType::BF16 => 1e-2,
            DType::F32 => 5e-7,
            DType::F64 => 1e-15,
            _ => 0.0,
        },
        Prim::Reduce(_)
        | Prim::DotGeneral(_)
        | Prim::Cumulative(_)
        | Prim::Jit(_)
        | Prim::Checkpoint(_)
        | Prim::CustomJvp(_)
        | Prim::CustomVjp(_)
        | Prim::Custom(_) => match dtype {
            DType::F16 => 2e-3,
            DType::BF16 => 2e-2,
            DType::F32 => 4e-6,
            DType::F64 => 1e-14,
            _ => 0.0,
        },
        _ => 0.0,
    }
}

/// Compares bits, or within a tolerance relative to the larger of 1 and the values.
#[track_caller]
pub(crate) fn assert_same(got: &Value, want: &Value, tolerance: f64, what: &str) {
    assert_eq!(got.ty(), want.ty(), "types: {what}");
    if got.bits_eq(want) {
        return;
    }
    for (i, (g, w)) in got.to_f64s().iter().zip(want.to_f64s()).enumerate() {
        // Which NaN comes out of an operation is not defined.
        let same = g.to_bits() == w.to_bits() || (g.is_nan() && w.is_nan());
        let near = tolerance > 0.0 && (g - w).abs() <= tolerance * w.abs().max(1.0);
        assert!(same || near, "{what}\nelement {i}: got {g:?}, want {w:?}");
    }
}
