//! Random numbers from explicit keys.
//!
//! A [`Key`] is used once: samplers take it by value and it cannot be cloned, so the same numbers are
//! never drawn twice by accident. New keys come from `split`, `split_n` and `fold_in`.
//!
//! ```
//! use pullback_array::Key;
//! use pullback_array::random::{normal, permutation, uniform_in};
//!
//! let [k1, k2, k3] = Key::new(0).split();
//! let w = normal::<f32>(k1, [784, 128]);
//! let b = uniform_in::<f64>(k2, 128, -0.1, 0.1);
//! let order = permutation(k3, 60_000); // i32[60000]
//! assert_eq!((w.shape(), b.ndim(), order.size()), (&[784, 128][..], 1, 60_000));
//! ```
//!
//! # Which numbers
//!
//! A key is a key of the stream cipher ChaCha8 (see [`pullback_ir::scalar::random`]), and its bits are
//! those of the cipher: the same on every engine, under every transformation, with any number of
//! threads, in every later version. Element i of a result depends on the key and on i alone. Samplers
//! use the bits so:
//!
//! - `uniform` takes the upper bits of one word as the digits after the binary point: 23 bits of a
//!   `u32` for f32, 10 for f16, 7 for bf16, 52 of a `u64` for f64. So the numbers are the multiples of
//!   2⁻²³ (2⁻¹⁰, 2⁻⁷, 2⁻⁵²) in [0, 1), all equally likely.
//! - Other continuous distributions are functions of one such number each, computed in f32 for f16
//!   and bf16. They agree between engines within the accuracy of the elementary functions.
//!
//! # Under transformations
//!
//! Samplers work while traced; under `vmap` over a batch of keys each row gets what its own key gives
//! outside. Parameters may be arrays, which broadcast to the shape and have derivatives (the numbers
//! drawn stay fixed: the reparametrisation of Kingma and Welling 2013). A sampler without array
//! operands belongs to the trace of its key.
//!
//! # dtypes
//!
//! There is no default: `normal::<f32>(..)`, or [`normal_of`] with a [`DType`](crate::DType) that is
//! known at run time only, or [`normal_like`] for the dtype and shape of an array.

mod bits;
mod continuous;
mod discrete;
mod key;
mod order;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_distributions;

pub use bits::{
    Bits, Float, bits, bits_of, uniform, uniform_in, uniform_in_of, uniform_like, uniform_of,
};
pub use continuous::{
    exponential, exponential_of, exponential_with, gumbel, gumbel_of, gumbel_with, laplace,
    laplace_of, laplace_with, normal, normal_like, normal_of, normal_with, truncated_normal,
    truncated_normal_of,
};
pub use discrete::{
    Integer, bernoulli, categorical, rademacher, rademacher_of, randint, randint_of,
};
pub use key::Key;
pub use order::{Population, choice, permutation, shuffle};
