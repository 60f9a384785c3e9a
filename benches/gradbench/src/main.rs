//! A tool for GradBench: answers its protocol on the standard streams, or measures by itself how much
//! more a derivative costs than the function. See benches/gradbench/README.md.

#![forbid(unsafe_code)]

mod eval;
mod evals;
mod input;
mod protocol;
mod report;
mod workloads;

#[cfg(test)]
mod tests;

use clap::Parser;
use std::io::{self, BufRead, Write};
use std::path::PathBuf;

/// Answers GradBench's protocol: a JSON object a line, on the standard streams
#[derive(Parser)]
struct Options {
    /// Measures instead: prints a table of ratios and writes results.json
    #[arg(long)]
    report: bool,
    /// The folder of the report's inputs: EVAL__WORKLOAD.json, or `gradbench_inputs` with such files
    #[arg(long, value_name = "DIR", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/data"))]
    data: PathBuf,
    /// Measures only workloads whose name (`gmm 2_5_1000`) contains the text; results.json stays
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Where the report goes
    #[arg(
        long,
        value_name = "FILE",
        default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/results.json")
    )]
    results: PathBuf,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = Options::parse();
    if options.report {
        let rows = report::measure(&options.data, options.only.as_deref())?;
        print!("{}", report::table(&rows));
        if options.only.is_none() {
            std::fs::write(&options.results, report::as_json(&rows))?;
        }
        return Ok(());
    }
    let mut session = protocol::Session::default();
    let mut answers = io::stdout().lock();
    for line in io::stdin().lock().split(b'\n') {
        let line = String::from_utf8_lossy(&line?).into_owned();
        if !line.trim().is_empty() {
            writeln!(answers, "{}", session.answer(&line))?;
            answers.flush()?;
        }
    }
    Ok(())
}
