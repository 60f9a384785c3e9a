//! Part of pullback.
