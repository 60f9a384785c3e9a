//! Sorting, and the largest elements.
//!
//! Elements become unsigned integers that order as they do ([`keys`]), which are sorted digit by digit
//! ([`radix`]).

mod keys;
mod radix;
mod sort;
#[cfg(test)]
mod tests;
mod top_k;

pub(crate) use sort::sort;
pub(crate) use top_k::top_k;
