//! Transformations of Rust functions: they nest, take every kind of function, and agree.

mod calls;
mod debugging;
mod functions;
mod support;
mod taps;
