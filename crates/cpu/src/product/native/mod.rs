//! Products on x86-64: packed panels and a micro-kernel, for AVX-512 and for AVX2 with FMA.

mod blocks;
mod lanes;
mod pack;
mod scratch;
mod split;
mod tile;
mod vector;

pub(super) use split::matrices;
pub(super) use vector::{loops_f32, loops_f64};

pub(crate) use crate::isa::Isa;
use pack::{Strip, pack};
use pullback_ir::half::{bf16, f16};
use pullback_ir::scalar::NumScalar;
use tile::Kernel;

/// The kernels of an element type. That one exists means that the processor has what they need.
pub(super) struct Kernels<E: NumScalar> {
    /// By rows and vectors of a tile, both less one.
    tiles: &'static [[Kernel<E::Acc>; 2]],
    /// Elements of a vector.
    lanes: usize,
    pack: unsafe fn(&Strip<E>),
    /// The element itself, where panels need not be made.
    same: fn(*const E) -> Option<*const E::Acc>,
}

/// An element that there are kernels for.
pub(super) trait Native: NumScalar {
    fn kernels(isa: Isa) -> Kernels<Self>;
}

macro_rules! native {
    ($($t:ty: $avx2:ident $avx512:ident $bytes:literal $same:expr;)*) => {$(
        impl Native for $t {
            #[inline]
            fn kernels(isa: Isa) -> Kernels<$t> {
                let (pack, same) = (pack::<$t> as unsafe fn(&Strip<$t>), $same);
                match isa {
                    Isa::Avx2 => Kernels { tiles: &tile::$avx2, lanes: 32 / $bytes, pack, same },
                    Isa::Avx512 => Kernels { tiles: &tile::$avx512, lanes: 64 / $bytes, pack, same },
                }
            }
        }
    )*};
}
native! {
    f32: F32_AVX2 F32_AVX512 4 Some;
    f64: F64_AVX2 F64_AVX512 8 Some;
    f16: F32_AVX2 F32_AVX512 4 |_| None;
    bf16: F32_AVX2 F32_AVX512 4 |_| None;
}
