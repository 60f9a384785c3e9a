//! Laws that hold for every program, on random ones.
//!
//! A failure prints the smallest failing program, which usually has one equation. Runs repeat
//! themselves; `PULLBACK_CASES=2000` tries more programs a law, `PULLBACK_SEED=1` other ones.

mod batching;
mod derivatives;
mod engines;
mod rewriting;
mod variants;

use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use pullback_testing::{Draw, Law, Program, Programs};

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|n| n.parse().unwrap_or_else(|_| panic!("{variable}={n}")))
}

/// Checks a law on random programs; it may draw numbers.
#[track_caller]
fn for_all(programs: Programs, cases: u32, law: impl Fn(&Program, &mut Draw) -> Law) {
    let config = Config {
        cases: number("PULLBACK_CASES").map_or(cases, |n| n as u32),
        failure_persistence: None,
        max_shrink_iters: 4000,
        ..Config::default()
    };
    let mut seed = [7; 32];
    seed[..8].copy_from_slice(&number("PULLBACK_SEED").unwrap_or(0).to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(config, rng);
    let seeds = proptest::num::u64::ANY.no_shrink();
    let result = runner.run(&(programs, seeds), |(program, seed)| {
        law(&program, &mut Draw::new(seed)).map_err(TestCaseError::fail)
    });
    if let Err(e) = result {
        panic!("{e}");
    }
}
