//! Sorting, and the largest elements.
//!
//! Elements become unsigned integers that order as they do ([`keys`]). Where all of an item is in one
//! integer, AVX-512 sorts them ([`quick`], with [`network`] and [`lanes`]); others, and other processors, go
//! digit by digit ([`radix`]). [`items`] chooses.

mod items;
mod keys;
#[cfg(target_arch = "x86_64")]
mod lanes;
#[cfg(target_arch = "x86_64")]
mod network;
#[cfg(target_arch = "x86_64")]
mod quick;
mod radix;
mod sort;
#[cfg(test)]
mod tests;
mod top_k;

pub(crate) use sort::sort;
pub(crate) use top_k::top_k;
