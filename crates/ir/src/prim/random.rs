//! Random bits, new keys and permutations from keys.
//!
//! A key is an array `u32[…,8]`: 256 bits in the last axis, and any leading axes, which make it a
//! batch of keys. Every key gives its own results, along the same leading axes:
//!
//! ```text
//! b:u32[4,2,8] = random_split[shape=(2,)] a          where a:u32[4,8]
//! c:u8[4,2,3] = random_bits[dtype=uint8 shape=(3,)] b
//! ```
//!
//! So batching only moves the batch dimension of a key to the front, and a batch of keys gives what
//! a loop over the keys gives. The bits are defined in [`crate::scalar::random`], which all engines
//! share. Integers have no derivative.

use super::typing::operands;
use super::*;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::{ensure, fault};
use crate::param::Param;
use crate::scalar::random::{self, KeyWords};
use crate::shape::{Shape, numel};
use smallvec::smallvec;

/// Random bits from keys (`u32[…,8]`, a 256-bit ChaCha key in the last axis).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Random {
    /// `random_bits[dtype=uint32 shape=(2,)] key`: `[…,8]` to `[…,shape]`.
    Bits {
        /// `u8`, `u32` or `u64`.
        dtype: DType,
        /// Shape for each key.
        shape: Shape,
    },
    /// `random_split[shape=(n,)] key`: `[…,8]` to `[…,shape,8]`.
    Split {
        /// Shape of the batch of new keys.
        shape: Shape,
    },
    /// `random_fold_in key data`: `[…,8]` and `u64[…]` to `[…,8]`.
    FoldIn,
    /// `random_permutation[n=…] key`: `[…,8]` to `i32[…,n]`, a permutation of 0..n.
    Permutation {
        /// How many.
        n: usize,
    },
}

/// The leading axes of a batch of keys.
fn keys_shape(key: &Type) -> Result<Shape, Fault> {
    match key.shape() {
        [batch @ .., 8] if key.dtype() == DType::U32 => Ok(batch.into()),
        _ => Err(fault!("the first operand must be a key, u32[8], or a batch of keys, u32[…,8]")),
    }
}

impl Primitive for Random {
    fn names() -> &'static [&'static str] {
        &["random_bits", "random_split", "random_fold_in", "random_permutation"]
    }

    fn name(&self) -> &str {
        match self {
            Random::Bits { .. } => "random_bits",
            Random::Split { .. } => "random_split",
            Random::FoldIn => "random_fold_in",
            Random::Permutation { .. } => "random_permutation",
        }
    }

    fn params(&self) -> Params {
        match self {
            Random::Bits { dtype, shape } => {
                smallvec![("dtype", Param::DType(*dtype)), ("shape", Param::usizes(shape))]
            }
            Random::Split { shape } => smallvec![("shape", Param::usizes(shape))],
            Random::FoldIn => smallvec![],
            Random::Permutation { n } => smallvec![("n", Param::Int(*n as i64))],
        }
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<Random, Fault> {
        match name {
            "random_bits" => {
                Ok(Random::Bits { dtype: params.dtype("dtype")?, shape: params.usizes("shape")? })
            }
            "random_split" => Ok(Random::Split { shape: params.usizes("shape")? }),
            "random_fold_in" => Ok(Random::FoldIn),
            "random_permutation" => Ok(Random::Permutation { n: params.usize("n")? }),
            _ => Err(fault!("`{name}` draws nothing from a key")),
        }
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        if *self == Random::FoldIn {
            let [key, data] = operands(ins)?;
            let batch = keys_shape(key)?;
            ensure!(
                data.dtype() == DType::U64 && data.shape() == batch.as_slice(),
                "the second operand must be {}, a number for each key",
                Type::new(DType::U64, batch)
            );
            return Ok(smallvec![key.clone()]);
        }
        let [key] = operands(ins)?;
        let mut out = keys_shape(key)?;
        let dtype = match self {
            Random::Bits { dtype, shape } => {
                ensure!(
                    matches!(dtype, DType::U8 | DType::U32 | DType::U64),
                    "random bits are u8, u32 or u64, not {dtype}"
                );
                out.extend_from_slice(shape);
                *dtype
            }
            Random::Split { shape } => {
                out.extend_from_slice(shape);
                out.push(8);
                DType::U32
            }
            Random::Permutation { n } => {
                ensure!(i32::try_from(*n).is_ok(), "n = {n} does not fit i32");
                out.push(*n);
                DType::I32
            }
            Random::FoldIn => DType::U32,
        };
        Ok(smallvec![Type::new(dtype, out)])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let in_types: Vec<Type> = ins.iter().map(|x| x.ty().clone()).collect();
        let out = self.type_of(&in_types)?.swap_remove(0);
        let (keys, _) = ins[0].slice::<u32>().as_chunks::<8>();
        let y = match self {
            Random::Bits { dtype: DType::U8, shape } => {
                each_key(keys, numel(shape), &out, |k, out| random::bits_u8(k, 0, out))
            }
            Random::Bits { dtype: DType::U64, shape } => {
                each_key(keys, numel(shape), &out, |k, out| random::bits_u64(k, 0, out))
            }
            Random::Bits { shape, .. } => {
                each_key(keys, numel(shape), &out, |k, out| random::bits_u32(k, 0, out))
            }
            Random::Split { shape } => each_key(keys, 8 * numel(shape), &out, |k, out| {
                for (i, child) in out.chunks_exact_mut(8).enumerate() {
                    child.copy_from_slice(&random::split(k, i as u64));
                }
            }),
            Random::FoldIn => {
                let data = ins[1].slice::<u64>();
                let folded = keys.iter().zip(data).flat_map(|(k, &d)| random::fold_in(k, d));
                Value::new(Shape::from_slice(out.shape()), folded.collect())
            }
            Random::Permutation { n } => each_key(keys, *n, &out, random::permutation),
        };
        Ok(vec![y])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], _: &[Tangent]) -> JvpOut {
        classes::zero(self.clone(), b, primals, "keys and bits are integers")
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear(self.name())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        classes::batched_at_front(b, batch, |ins| b.bind(self.clone(), ins))
    }

    fn samples() -> Vec<Sample> {
        let key = |shape: &[usize]| (Type::of(DType::U32, shape), Domain::AnyBits);
        let bits = |dtype, shape: &[usize]| Random::Bits { dtype, shape: shape.into() };
        let split = |shape: &[usize]| Random::Split { shape: shape.into() };
        let numbers = |shape: &[usize]| (Type::of(DType::U64, shape), Domain::AnyBits);
        vec![
            Sample::new(bits(DType::U32, &[]), vec![key(&[8])]),
            Sample::new(bits(DType::U32, &[2, 3]), vec![key(&[8])]),
            Sample::new(bits(DType::U8, &[7]), vec![key(&[2, 8])]),
            Sample::new(bits(DType::U64, &[3]), vec![key(&[2, 1, 8])]),
            Sample::new(bits(DType::U64, &[0]), vec![key(&[8])]),
            Sample::new(bits(DType::U32, &[2]), vec![key(&[0, 8])]),
            Sample::new(split(&[]), vec![key(&[8])]),
            Sample::new(split(&[3]), vec![key(&[8])]),
            Sample::new(split(&[2, 2]), vec![key(&[2, 8])]),
            Sample::new(Random::FoldIn, vec![key(&[8]), numbers(&[])]),
            Sample::new(Random::FoldIn, vec![key(&[3, 8]), numbers(&[3])]),
            Sample::new(Random::Permutation { n: 0 }, vec![key(&[8])]),
            Sample::new(Random::Permutation { n: 5 }, vec![key(&[8])]),
            Sample::new(Random::Permutation { n: 7 }, vec![key(&[2, 8])]),
        ]
    }
}

/// `n` elements from each key, one after the other.
fn each_key<T: crate::dtype::Element>(
    keys: &[KeyWords],
    n: usize,
    out: &Type,
    draw: impl Fn(&KeyWords, &mut [T]),
) -> Value {
    let mut all = vec![T::default(); out.numel()];
    if n > 0 {
        for (key, own) in keys.iter().zip(all.chunks_exact_mut(n)) {
            draw(key, own);
        }
    }
    Value::new(Shape::from_slice(out.shape()), all)
}
