//! The same gradients in pullback, burn, candle and echidna: one file a library, one function a workload.
//!
//! Each function gives something that computes the result when called, with everything that can be done
//! once (leaves, tapes, compiled programs) done. Results are flat, so that they can be compared.

pub mod in_burn;
pub mod in_candle;
pub mod in_echidna;
pub mod in_pullback;
pub mod inputs;

/// What is measured. The numbers that it gives are read by the tests, and cost little beside the rest.
pub type Run = Box<dyn FnMut() -> Vec<f64>>;

#[cfg(test)]
mod tests;
