//! Random jaxpr texts through everything that reads them: an error or agreement, never a crash, a hang
//! or a huge allocation.
//!
//! ```text
//! cargo run -p pullback-fuzz -- --seconds 600 --seed 1               with checks of overflow
//! cargo run --release -p pullback-fuzz -- --seconds 600 --seed 1     with all vector instructions
//! cargo run -p pullback-fuzz -- --text failing.jaxpr
//! ```
//!
//! Texts are made by [`mutate`] from a [`corpus`]; what one goes through is in [`target`]. That happens
//! in a process of its own, [`worker`], with bounded memory, so that running out of stack, memory or
//! time is a failure like a panic. A failing text is made smaller by [`shrink`] and printed.
//!
//! Coverage-guided fuzzers (libFuzzer through cargo-fuzz) need a nightly compiler. Instead, mutations know
//! what a jaxpr is made of: about half of the texts are accepted.

#![forbid(unsafe_code)]

mod corpus;
mod mutate;
mod shrink;
mod target;
mod worker;

use clap::Parser;
use corpus::Corpus;
use pullback_testing::Draw;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use worker::Worker;

/// Feeds random jaxpr texts to the compiler.
#[derive(Parser)]
struct Options {
    /// How many texts, unless time runs out before.
    #[arg(long, env = "PULLBACK_CASES", default_value_t = u64::MAX, hide_default_value = true)]
    cases: u64,
    /// How long.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
    /// Other texts.
    #[arg(long, env = "PULLBACK_SEED", default_value_t = 0)]
    seed: u64,
    /// Seconds that one text may take.
    #[arg(long, default_value_t = 20)]
    patience: u64,
    /// Runs one text instead.
    #[arg(long, conflicts_with_all = ["cases", "seed"])]
    text: Option<PathBuf>,
    /// Is a worker: texts come from standard input.
    #[arg(long, hide = true)]
    work: bool,
}

fn main() -> ExitCode {
    let options = Options::parse();
    if options.work {
        worker::work();
        return ExitCode::SUCCESS;
    }
    let patience = Duration::from_secs(options.patience);
    if let Some(path) = &options.text {
        let text =
            std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        return match Worker::start(patience).try_text(&text, 0) {
            Ok(outcome) => {
                println!("{outcome}");
                ExitCode::SUCCESS
            }
            Err(failure) => {
                println!("{failure}");
                ExitCode::FAILURE
            }
        };
    }
    fuzz(&options, patience)
}

fn fuzz(options: &Options, patience: Duration) -> ExitCode {
    let corpus = Corpus::new();
    let mut worker = Worker::start(patience);
    let mut counts = target::Counts::default();
    let mut failures = 0;
    let (begin, mut cases) = (Instant::now(), 0);
    while cases < options.cases && begin.elapsed().as_secs() < options.seconds && failures < 10 {
        // Each case is a function of seed and number alone.
        let seed = options.seed.wrapping_mul(1 << 40).wrapping_add(cases);
        let text = mutate::text(&corpus, &mut Draw::new(Draw::new(seed).bits()));
        cases += 1;
        match worker.try_text(&text, seed) {
            Ok(outcome) => counts.add(outcome),
            Err(failure) => {
                failures += 1;
                worker = Worker::start(patience);
                let small = shrink::shrink(&text, |text| {
                    let failed = worker.try_text(text, seed).is_err();
                    if failed {
                        worker = Worker::start(patience);
                    }
                    failed
                });
                println!("case {} of seed {}:\n{small}\n{failure}", cases - 1, options.seed);
            }
        }
    }
    println!("{cases} texts in {:.0?}: {counts}, {failures} failures", begin.elapsed());
    if failures > 0 { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}
