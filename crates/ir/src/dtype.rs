//! Element types and the scalar types of Rust behind them.

use crate::value::Data;
use half::{bf16, f16};
use std::fmt;

/// The element type of an array.
///
/// The order of the variants is the order of promotion used in tables and in printed lists; it has
/// no meaning for programs, which never convert silently. Complex types will follow `F64`.
///
/// It is a word, as what it stands beside in types is: then those are moved by words, and their other variants,
/// and those of what contains them, are other values of this word. With a byte, moving one right after it was made
/// costs more than the making, because it is read in pieces that lie across those in which it was written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(u64)]
pub enum DType {
    /// Truth values.
    Bool,
    /// Unsigned 8-bit integers.
    U8,
    /// Signed 8-bit integers.
    I8,
    /// Signed 32-bit integers.
    I32,
    /// Unsigned 32-bit integers.
    U32,
    /// Signed 64-bit integers.
    I64,
    /// Unsigned 64-bit integers.
    U64,
    /// IEEE 754 half precision.
    F16,
    /// The upper half of an IEEE 754 single (8 exponent bits, 7 mantissa bits).
    BF16,
    /// IEEE 754 single precision.
    F32,
    /// IEEE 754 double precision.
    F64,
}

impl DType {
    /// Every dtype, in order.
    pub const ALL: [DType; 11] = [
        DType::Bool,
        DType::U8,
        DType::I8,
        DType::I32,
        DType::U32,
        DType::I64,
        DType::U64,
        DType::F16,
        DType::BF16,
        DType::F32,
        DType::F64,
    ];

    /// The floating-point dtypes.
    pub const FLOATS: [DType; 4] = [DType::F16, DType::BF16, DType::F32, DType::F64];

    /// The short name used in jaxprs: `f32`, `bool`, `bf16`.
    pub const fn name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::U8 => "u8",
            DType::I8 => "i8",
            DType::I32 => "i32",
            DType::U32 => "u32",
            DType::I64 => "i64",
            DType::U64 => "u64",
            DType::F16 => "f16",
            DType::BF16 => "bf16",
            DType::F32 => "f32",
            DType::F64 => "f64",
        }
    }

    /// NumPy's name, which jaxprs use in parameters: `float32`, `int64`, `bool`.
    pub const fn numpy_name(self) -> &'static str {
        match self {
            DType::Bool => "bool",
            DType::U8 => "uint8",
            DType::I8 => "int8",
            DType::I32 => "int32",
            DType::U32 => "uint32",
            DType::I64 => "int64",
            DType::U64 => "uint64",
            DType::F16 => "float16",
            DType::BF16 => "bfloat16",
            DType::F32 => "float32",
            DType::F64 => "float64",
        }
    }

    /// Finds a dtype by its short or its NumPy name.
    pub fn from_name(name: &str) -> Option<DType> {
        DType::ALL.into_iter().find(|d| d.name() == name || d.numpy_name() == name)
    }

    /// Bytes of one element.
    pub const fn size(self) -> usize {
        match self {
            DType::Bool | DType::U8 | DType::I8 => 1,
            DType::F16 | DType::BF16 => 2,
            DType::I32 | DType::U32 | DType::F32 => 4,
            DType::I64 | DType::U64 | DType::F64 => 8,
        }
    }

    /// True for `f16`, `bf16`, `f32` and `f64`: the dtypes that carry derivatives.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F16 | DType::BF16 | DType::F32 | DType::F64)
    }

    /// True for the signed and unsigned integers, not for `bool`.
    pub const fn is_int(self) -> bool {
        matches!(self, DType::U8 | DType::I8 | DType::I32 | DType::U32 | DType::I64 | DType::U64)
    }

    /// True for `u8`, `u32` and `u64`.
    pub const fn is_unsigned(self) -> bool {
        matches!(self, DType::U8 | DType::U32 | DType::U64)
    }

    /// True for `i8`, `i32` and `i64`.
    pub const fn is_signed_int(self) -> bool {
        matches!(self, DType::I8 | DType::I32 | DType::I64)
    }

    /// True for integers and floats.
    pub const fn is_number(self) -> bool {
        !matches!(self, DType::Bool)
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A Rust type that can be an element of an array.
///
/// Sealed in effect: the dtypes are a closed set, and kernels match on them.
pub trait Element: Copy + PartialEq + Send + Sync + fmt::Debug + Default + 'static {
    /// The dtype of arrays with these elements.
    const DTYPE: DType;
    /// Wraps a vector as array data.
    fn wrap(data: Vec<Self>) -> Data;
    /// The elements, if the data has this dtype.
    fn slice(data: &Data) -> Option<&[Self]>;
    /// The elements, if the data has this dtype, for writing in place.
    fn vec_mut(data: &mut Data) -> Option<&mut Vec<Self>>;
    /// The bit pattern, zero-extended.
    fn to_bits(self) -> u64;
    /// The value with these low bits.
    fn from_bits(bits: u64) -> Self;
    /// The value as `f64`: exact for all but large 64-bit integers; `true` is 1.
    fn to_f64(self) -> f64;
    /// The nearest value, with the conversion of `convert_element_type`.
    fn from_f64(x: f64) -> Self;
}

macro_rules! element {
    ($t:ty, $variant:ident, $to_bits:expr, $from_bits:expr, $to_f64:expr, $from_f64:expr) => {
        impl Element for $t {
            const DTYPE: DType = DType::$variant;
            #[inline]
            fn wrap(data: Vec<Self>) -> Data {
                Data::$variant(data)
            }
            #[inline]
            fn slice(data: &Data) -> Option<&[Self]> {
                match data {
                    Data::$variant(v) => Some(v),
                    _ => None,
                }
            }
            #[inline]
            fn vec_mut(data: &mut Data) -> Option<&mut Vec<Self>> {
                match data {
                    Data::$variant(v) => Some(v),
                    _ => None,
                }
            }
            #[inline]
            fn to_bits(self) -> u64 {
                $to_bits(self)
            }
            #[inline]
            fn from_bits(bits: u64) -> Self {
                $from_bits(bits)
            }
            #[inline]
            fn to_f64(self) -> f64 {
                $to_f64(self)
            }
            #[inline]
            fn from_f64(x: f64) -> Self {
                $from_f64(x)
            }
        }
    };
}

element!(bool, Bool, |x: bool| x as u64, |b| b != 0, |x: bool| x as u8 as f64, |x: f64| x != 0.0);
element!(u8, U8, |x: u8| x as u64, |b| b as u8, |x: u8| x as f64, |x: f64| x as u8);
element!(i8, I8, |x: i8| x as u8 as u64, |b| b as u8 as i8, |x: i8| x as f64, |x: f64| x as i8);
element!(i32, I32, |x: i32| x as u32 as u64, |b| b as u32 as i32, |x: i32| x as f64, |x: f64| x
    as i32);
element!(u32, U32, |x: u32| x as u64, |b| b as u32, |x: u32| x as f64, |x: f64| x as u32);
element!(i64, I64, |x: i64| x as u64, |b| b as i64, |x: i64| x as f64, |x: f64| x as i64);
element!(u64, U64, |x: u64| x, |b| b, |x: u64| x as f64, |x: f64| x as u64);
element!(
    f16,
    F16,
    |x: f16| x.to_bits() as u64,
    |b| f16::from_bits(b as u16),
    f16::to_f64,
    f16::from_f64
);
element!(
    bf16,
    BF16,
    |x: bf16| x.to_bits() as u64,
    |b| bf16::from_bits(b as u16),
    bf16::to_f64,
    bf16::from_f64
);
element!(
    f32,
    F32,
    |x: f32| x.to_bits() as u64,
    |b| f32::from_bits(b as u32),
    f64::from,
    |x: f64| x as f32
);
element!(f64, F64, f64::to_bits, f64::from_bits, |x: f64| x, |x: f64| x);

/// Runs a body with a type alias for the Rust type of a dtype: `dispatch!(dtype, T => expr)`.
///
/// A first word restricts the set: `dispatch!(float dtype, T => …, else => …)`, likewise `int`
/// and `number`; the `else` arm serves the other dtypes.
#[macro_export]
macro_rules! dispatch {
    // `@` and a list of kinds, then the rows collected so far. Each kind adds its rows once.
    (@[bool $($kinds:ident)*] [$($rows:tt)*] $($rest:tt)*) => {
        $crate::dispatch!(@[$($kinds)*] [$($rows)* Bool: bool,] $($rest)*)
    };
    (@[int $($kinds:ident)*] [$($rows:tt)*] $($rest:tt)*) => {
        $crate::dispatch!(@[$($kinds)*] [
            $($rows)* U8: u8, I8: i8, I32: i32, U32: u32, I64: i64, U64: u64,
        ] $($rest)*)
    };
    (@[float $($kinds:ident)*] [$($rows:tt)*] $($rest:tt)*) => {
        $crate::dispatch!(@[$($kinds)*] [
            $($rows)* F16: $crate::half::f16, BF16: $crate::half::bf16, F32: f32, F64: f64,
        ] $($rest)*)
    };
    (
        @[] [$($variant:ident: $t:ty,)*]
        $dtype:expr, $T:ident => $body:expr $(, else => $other:expr)? $(,)?
    ) => {
        match $dtype {
            $($crate::DType::$variant => {
                type $T = $t;
                $body
            })*
            $(_ => $other,)?
        }
    };
    (float $($rest:tt)*) => { $crate::dispatch!(@[float] [] $($rest)*) };
    (int $($rest:tt)*) => { $crate::dispatch!(@[int] [] $($rest)*) };
    (number $($rest:tt)*) => { $crate::dispatch!(@[int float] [] $($rest)*) };
    ($($rest:tt)*) => { $crate::dispatch!(@[bool int float] [] $($rest)*) };
}
