//! What lanes hold.

use pullback_ir::DType;

/// What the lanes of a value hold.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kind {
    F32,
    F64,
    I32,
    I64,
    /// Truth values.
    Mask,
}

impl Kind {
    /// The kind in which elements of a dtype are computed.
    pub(crate) const fn of(dtype: DType) -> Kind {
        match dtype {
            DType::Bool => Kind::Mask,
            DType::U8 | DType::I8 | DType::I32 | DType::U32 => Kind::I32,
            DType::I64 | DType::U64 => Kind::I64,
            DType::F16 | DType::BF16 | DType::F32 => Kind::F32,
            DType::F64 => Kind::F64,
        }
    }

    /// Bytes of a lane; masks count none.
    pub(crate) const fn size(self) -> usize {
        match self {
            Kind::F32 | Kind::I32 => 4,
            Kind::F64 | Kind::I64 => 8,
            Kind::Mask => 0,
        }
    }

    pub(crate) const fn is_float(self) -> bool {
        matches!(self, Kind::F32 | Kind::F64)
    }
}
