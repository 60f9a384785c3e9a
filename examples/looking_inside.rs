//! Looking inside: the first NaN, what runs, how much memory it takes, where the time goes.
//!
//! `cargo run --release --example looking_inside`

use pullback::prelude::*;
use pullback::{Profile, backend};

/// The mean distance of points from a centre. At the centre itself its derivative is 0 · ∞.
fn distance(centre: &Array, points: &Array) -> Array {
    (points - centre).square().sum_over(1).sqrt().mean()
}

fn main() -> std::io::Result<()> {
    let centre = array![1.0, 2.0];
    let points = array![[1.0, 2.0], [4.0, 6.0]];

    // The first operation of the forward and the backward pass that gives NaN, and its line.
    let nan = debug_nans(grad(distance)).try_call(&centre, &points).unwrap_err();
    println!("{nan}\n");
    // It began as an infinity.
    let infinity = debug_infs(grad(distance)).try_call(&centre, &points).unwrap_err();
    println!("{infinity}\n");

    // The program that runs, and the plan of its kernels, without running it.
    let points = iota::<f64>(200_000).sin().reshape([100_000, 2]);
    let f = jit(value_and_grad(distance));
    println!("{}", f.lower(&centre, &points));
    println!("{}\n", f.memory(&centre, &points));

    // What runs it, and the time of each kernel.
    println!("{}\n", backend::info());
    let profile: Profile = profile(&f)(&centre, &points);
    println!("{profile}");
    let file = std::env::temp_dir().join("pullback-trace.json");
    profile.write_chrome_trace(&file)?;
    println!("for chrome://tracing: {}", file.display());
    Ok(())
}
