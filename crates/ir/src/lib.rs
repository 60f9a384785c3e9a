//! Part of pullback.

pub mod scalar;
