//! The benchmark against the peers: our worker, and the report of what was measured.
//!
//! `run.sh` drives it. The driver, in Python, keeps one worker process for each library; ours is
//! `pullback-peers serve`. `pullback-peers report` makes the table and the picture from
//! `results.json`, `pullback-peers names` prints the workloads of each group.

#![forbid(unsafe_code)]

mod apart;
mod compile;
mod data;
mod kernel;
mod model;
mod names;
mod network;
mod overhead;
mod picture;
mod product;
mod report;
mod results;
mod serve;
mod transformer;
mod workload;

use clap::{Parser, Subcommand};
use std::path::PathBuf;

/// The benchmark against JAX, NumPy and torch: see benches/peers/README.md
#[derive(Parser)]
struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Prints the nanoseconds that a number takes to another thread and back
    Apart,
    /// Prints the names of all workloads by group, as JSON
    Names,
    /// Answers requests of the driver, JSON lines on the standard streams
    Serve,
    /// Prints the table and the geometric means
    Report {
        /// The results of a run
        results: PathBuf,
        /// Draws the geometric means as well
        #[arg(long, value_name = "FILE")]
        svg: Option<PathBuf>,
        /// The line under the picture's title: machine, date, versions
        #[arg(long, value_name = "TEXT", default_value = "")]
        caption: String,
    },
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    match Options::parse().command {
        Command::Apart => println!("{:.0}", apart::round_trip_ns()),
        Command::Names => println!("{}", names::as_json()),
        Command::Serve => serve::serve(std::io::stdin().lock(), std::io::stdout().lock())?,
        Command::Report { results, svg, caption } => {
            let rows = results::read(&results)?;
            print!("{}", report::table(&rows));
            if let Some(file) = svg {
                std::fs::write(file, picture::draw(&rows, &caption))?;
            }
        }
    }
    Ok(())
}
