//! Products on x86-64: packed panels and a micro-kernel, for AVX-512 and for AVX2 with FMA.

mod blocks;
mod lanes;
mod pack;
mod pairs;
mod scratch;
mod split;
mod tile;
mod vector;

pub(super) use split::matrices;
pub(super) use vector::{loops_f32, loops_f64};

use super::Matrix;
pub(crate) use crate::isa::Isa;
use pack::{Strip, pack};
use pullback_ir::half::{bf16, f16};
use pullback_ir::scalar::NumScalar;
use tile::Kernel;

/// The kernels of an element type. That one exists means that the processor has what they need.
pub(super) struct Kernels<E: NumScalar> {
    /// By rows and vectors of a tile, both less one.
    tiles: &'static [[Kernel<E::Acc>; 2]],
    /// Lanes of a vector.
    lanes: usize,
    /// Elements along the contracted axis in a lane of the factors.
    together: usize,
    pack: unsafe fn(&Strip<E>),
    /// The element itself, where panels need not be made.
    same: fn(*const E) -> Option<*const E::Acc>,
    /// A left operand of so many columns as matrix of lanes, if it can be read as one.
    left: fn(Matrix<E>, usize) -> Option<Matrix<E::Acc>>,
}

/// An element that there are kernels for.
pub(super) trait Native: NumScalar {
    fn kernels(isa: Isa) -> Kernels<Self>;
}

macro_rules! native {
    ($($t:ty: $avx2:ident $avx512:ident $bytes:literal $same:expr, $left:expr;)*) => {$(
        impl Native for $t {
            #[inline]
            fn kernels(isa: Isa) -> Kernels<$t> {
                let (tiles, lanes): (&[_], usize) = match isa {
                    Isa::Avx2 => (&tile::$avx2, 32 / $bytes),
                    Isa::Avx512 => (&tile::$avx512, 64 / $bytes),
                };
                Kernels { tiles, lanes, together: 1, pack: pack::<$t>, same: $same, left: $left }
            }
        }
    )*};
}
native! {
    f32: F32_AVX2 F32_AVX512 4 Some, |x, _| Some(x);
    f64: F64_AVX2 F64_AVX512 8 Some, |x, _| Some(x);
    f16: F32_AVX2 F32_AVX512 4 |_| None, |_, _| None;
}

impl Native for bf16 {
    #[inline]
    fn kernels(isa: Isa) -> Kernels<bf16> {
        if isa.multiplies_bf16() {
            let (tiles, pack) = (&tile::BF16_AVX512, pairs::pack_pairs);
            let (same, left) = (|_| None, pairs::in_pairs);
            return Kernels { tiles, lanes: 16, together: 2, pack, same, left };
        }
        let Kernels { tiles, lanes, .. } = f32::kernels(isa);
        let (same, left) = (|_| None, |_, _| None);
        Kernels { tiles, lanes, together: 1, pack: pack::<bf16>, same, left }
    }
}
