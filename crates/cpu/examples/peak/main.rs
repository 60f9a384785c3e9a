//! Measures products against the processor's peak, and chains of operations on large arrays against what its
//! memory gives, for docs/BENCHMARKS.md.
//!
//! ```text
//! cargo run --release -p pullback-cpu --example peak                    products of 256 512 1024 2048, chains
//! cargo run --release -p pullback-cpu --example peak -- 384 4096        products of other sizes alone
//! PULLBACK_ISA=avx2 cargo run --release -p pullback-cpu --example peak
//! ```
//!
//! What is compared runs in turns, so that another process or another frequency of the processor changes both.
//! The medians of the ratios are printed.

#[cfg(all(target_arch = "x86_64", unix))]
mod chains;
#[cfg(all(target_arch = "x86_64", unix))]
mod products;

/// Turns, of which the median is taken.
#[cfg(all(target_arch = "x86_64", unix))]
const TURNS: usize = 21;

#[cfg(all(target_arch = "x86_64", unix))]
fn main() -> Result<(), pullback_ir::Error> {
    let sizes: Vec<usize> = std::env::args()
        .skip(1)
        .map(|size| size.parse().unwrap_or_else(|e| panic!("`{size}` is no size: {e}")))
        .collect();
    if !sizes.is_empty() {
        return sizes.into_iter().try_for_each(products::against_peak);
    }
    [256, 512, 1024, 2048].into_iter().try_for_each(products::against_peak)?;
    [1, 2].into_iter().try_for_each(chains::against_triad)
}

#[cfg(not(all(target_arch = "x86_64", unix)))]
fn main() {
    println!("there are kernels for x86-64 only");
}

/// Whether vectors have 512 bits, or else 256.
#[cfg(all(target_arch = "x86_64", unix))]
fn is_wide() -> bool {
    let wide = match pullback_cpu::info().machine_code {
        pullback_cpu::MachineCode::Runs(name) => name == "AVX-512",
        _ => is_x86_feature_detected!("avx512f"),
    };
    assert!(
        wide || is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"),
        "the least is AVX2 and FMA, which this processor lacks"
    );
    wide
}

#[cfg(all(target_arch = "x86_64", unix))]
fn median(turns: &mut [f64]) -> f64 {
    turns.sort_by(f64::total_cmp);
    turns[turns.len() / 2]
}
