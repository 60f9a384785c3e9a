//! Operations on lanes.

/// An operation on one value of the kind that stands beside it. The result has the same kind, unless
/// something else is said.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Un {
    /// Flips the sign bit; two's complement for integers.
    Neg,
    /// Clears the sign bit (floats only).
    Abs,
    Sqrt,
    Floor,
    Ceil,
    Trunc,
    RoundEven,
    /// ⌊log2 |x|⌋, −∞ of zeros, ∞ of infinities (f32 only).
    Exponent,
    /// |x| over 2 to its exponent; 1 of zeros and infinities (f32 only).
    Mantissa,
    /// Rounds an f32 to the nearest f16 and back.
    RoundF16,
    /// All bits; truth values.
    Not,
    /// f32 → f64.
    Widen,
    /// f64 → f32, to nearest even.
    Narrow,
    /// The bits of a float as an integer of the same width.
    Bits,
    /// The bits of an integer as a float of the same width.
    Float,
    /// i32 → i64 with the sign.
    SignExtend,
    /// i32 → i64 with zeros.
    ZeroExtend,
    /// i64 → i32, the lower half.
    Truncate,
    /// A signed integer as f32 or f64 of the same width, to nearest even: i32 → f32, i64 → f64.
    ToFloat,
    /// A signed i32 as f64, exactly.
    ToDouble,
    /// A float as a signed integer of the same width, towards zero; what does not fit gives the lowest
    /// integer, as x86 has it.
    ToInt,
}

/// An operation on two values of one kind.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Bin {
    Add,
    Sub,
    /// Integers wrap.
    Mul,
    /// Floats only.
    Div,
    /// `x > y ? x : y`, so the second where they are not comparable. Signed for integers.
    Max,
    /// `x < y ? x : y`.
    Min,
    /// Unsigned integers.
    MaxU,
    MinU,
    /// Bits of integers and floats; truth values.
    And,
    Or,
    Xor,
    /// By the second operand's lanes, as unsigned numbers; 0 from the width on (`Sar`: the sign).
    Shl,
    Shr,
    Sar,
    /// x·2ʸ with one rounding, where y is an integer of less than twice the exponents' bias and
    /// 0.01 < |x| < 2, or either is NaN. Floats only.
    Scale,
}

/// A comparison; floats as IEEE has them, quiet. `Ne` holds where operands are not comparable.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Cmp {
    Eq,
    Ne,
    Lt,
    Le,
    /// Unsigned integers.
    LtU,
    LeU,
}

/// A function for rare lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RareFn {
    F32(fn(f32) -> f32),
    F64(fn(f64) -> f64),
    /// Of lanes as bits.
    #[cfg(test)]
    Bits(fn([u64; 2]) -> u64),
}

impl RareFn {
    /// The bits of the result for operands of these bits.
    pub(crate) fn call(self, ins: [u64; 2]) -> u64 {
        let x = ins[0];
        let (single, double) = (|x: u64| f32::from_bits(x as u32), f64::from_bits);
        match self {
            RareFn::F32(f) => u64::from(f(single(x)).to_bits()),
            RareFn::F64(f) => f(double(x)).to_bits(),
            #[cfg(test)]
            RareFn::Bits(f) => f(ins),
        }
    }
}
