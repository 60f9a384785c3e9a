//! The `pullback` command: a tool for jaxpr text, for the shell and for other languages.
//!
//! Each subcommand but `serve` reads one jaxpr and writes the transformed one, or with `--args` the
//! numbers that the transformed one gives. `serve` answers JSON lines until its input ends.
//!
//! | exit code | meaning |
//! |---|---|
//! | 0 | done |
//! | 1 | a fault in the text, the arguments or the evaluation; it is on standard error |
//! | 2 | wrong use of the command, such as an input number that the jaxpr does not have |

#![forbid(unsafe_code)]

mod arrays;
mod commands;
mod limits;
mod options;
mod request;
mod serve;

use clap::Parser;
use std::process::ExitCode;

/// Parsing and transformations recurse into nested jaxprs, which the parser lets nest 64 deep;
/// unoptimised builds need more than the 8 MiB of a main thread for that.
const STACK: usize = 256 << 20;

fn main() -> ExitCode {
    let cli = options::Cli::parse();
    let worker = std::thread::Builder::new().stack_size(STACK).spawn(move || commands::run(cli));
    match worker.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // The panic has printed itself.
        Ok(Err(_)) => ExitCode::from(101),
        Err(e) => {
            eprintln!("error: no thread to work in: {e}");
            ExitCode::FAILURE
        }
    }
}
