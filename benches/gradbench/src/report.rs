//! Measures each workload's derivative and its hand-written primal, by turns, on one thread.

use crate::eval::{Function, Ready};
use crate::evals::{self, Entry};
use crate::workloads::{self, Workload, difference};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::Path;
use std::time::Instant;

/// Rounds of which the median counts, and how long one lasts at least, in nanoseconds.
const ROUNDS: usize = 7;
const ROUND: i64 = 30_000_000;

/// A measured workload.
pub(crate) struct Row {
    eval: String,
    workload: String,
    primal_ns: f64,
    derivative_ns: f64,
    /// Tracing, differentiation, compilation and one run.
    first_call_ns: f64,
    best_published_ratio: Option<f64>,
    /// The derivative's difference to the golden, if there is one.
    error: Option<f64>,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.derivative_ns / self.primal_ns
    }
}

/// Measures the workloads of a folder whose evaluations are supported.
///
/// # Errors
/// The folder or a file cannot be read, or an input is not what its evaluation takes.
pub(crate) fn measure(data: &Path, only: Option<&str>) -> Result<Vec<Row>, String> {
    let mut rows = vec![];
    for workload in workloads::list(data)? {
        let name = format!("{} {}", workload.eval, workload.name);
        let entry = evals::ALL.iter().find(|entry| entry.module == workload.eval);
        let wanted = only.is_none_or(|only| name.contains(only));
        if let Some(entry) = entry.filter(|_| wanted) {
            eprintln!("{name}");
            rows.extend(measure_one(entry, &workload).map_err(|e| format!("{name}: {e}"))?);
        }
    }
    Ok(rows)
}

fn measure_one(entry: &Entry, workload: &Workload) -> Result<Vec<Row>, String> {
    let eval = (entry.make)();
    let input = workload.input()?;
    let golden = workload.golden(eval.derivative.name)?;
    let mut derivative = eval.derivative.prepare(&input)?;
    // The tool's GradBench runs are free to use all threads; here both sides have one.
    pullback::with_threads(1, || {
        let start = Instant::now();
        derivative.run();
        let first_call_ns = start.elapsed().as_nanos() as f64;
        let error = golden.map(|golden| difference(&derivative.output(), &golden)).transpose()?;
        let mut row = |eval: &str, by_hand: &Function, published| -> Result<Row, String> {
            let mut primal = by_hand.prepare(&input)?;
            let [primal_ns, derivative_ns] = by_turns([&mut *primal, &mut *derivative]);
            Ok(Row {
                eval: eval.to_owned(),
                workload: workload.name.clone(),
                primal_ns,
                derivative_ns,
                first_call_ns,
                best_published_ratio: published,
                error,
            })
        };
        let first = row(&workload.eval, &eval.by_hand, entry.best_published_ratio);
        // Published ratios have GradBench's primal below the line, and no other.
        let others = eval.also_by_hand.iter().map(|other| row(other.name, other, None));
        [first].into_iter().chain(others).collect()
    })
}

/// Nanoseconds a run of each: medians of rounds in turn, so that whatever else the machine does meets
/// both.
fn by_turns(both: [&mut dyn Ready; 2]) -> [f64; 2] {
    let mut rounds = [vec![], vec![]];
    let mut both = both.map(|ready| (runs_a_round(ready), ready));
    for _ in 0..ROUNDS {
        for ((runs, ready), rounds) in both.iter_mut().zip(&mut rounds) {
            rounds.push(time(*runs, *ready) as f64 / *runs as f64);
        }
    }
    rounds.map(|mut rounds| {
        rounds.sort_by(f64::total_cmp);
        rounds[ROUNDS / 2]
    })
}

fn runs_a_round(ready: &mut dyn Ready) -> u64 {
    let mut runs = 1;
    // Doubled until a round is long enough, which also warms up.
    while time(runs, ready) < ROUND {
        runs *= 2;
    }
    runs
}

fn time(runs: u64, ready: &mut dyn Ready) -> i64 {
    let start = cpu_nanoseconds();
    for _ in 0..runs {
        ready.run();
    }
    cpu_nanoseconds() - start
}

/// CPU time of the process, which others on the machine disturb less than the clock on the wall.
fn cpu_nanoseconds() -> i64 {
    let now = clock_gettime(ClockId::ProcessCPUTime);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

/// The rows as `results.json` has them.
pub(crate) fn as_json(rows: &[Row]) -> String {
    let row = |row: &Row| {
        json!({
            "eval": row.eval,
            "workload": row.workload,
            "primal_ns": row.primal_ns.round(),
            "derivative_ns": row.derivative_ns.round(),
            "first_call_ns": row.first_call_ns,
            "best_published_ratio": row.best_published_ratio,
        })
    };
    let rows: Value = rows.iter().map(row).collect();
    format!("{rows:#}\n")
}

/// The table, and the geometric means of each evaluation.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut out = String::new();
    write(&mut out, rows).expect("a String can be written");
    out
}

fn write(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(
        out,
        "{:<14} {:<24} {:>11} {:>12} {:>8} {:>11} {:>9}",
        "eval", "workload", "primal", "derivative", "ratio", "first call", "error"
    )?;
    for row in rows {
        writeln!(
            out,
            "{:<14} {:<24} {:>11} {:>12} {:>8.2} {:>11} {:>9}",
            row.eval,
            row.workload,
            microseconds(row.primal_ns),
            microseconds(row.derivative_ns),
            row.ratio(),
            microseconds(row.first_call_ns),
            row.error.map_or("-".into(), |e| format!("{e:.1e}"))
        )?;
    }
    writeln!(out, "\n{:<14} {:>10} {:>15}", "eval", "mean ratio", "best published")?;
    let mut of: Vec<&str> = rows.iter().map(|row| row.eval.as_str()).collect();
    of.dedup();
    // A second denominator stands between the rows of the first.
    of.sort_unstable();
    of.dedup();
    for eval in of {
        let rows: Vec<&Row> = rows.iter().filter(|row| row.eval == eval).collect();
        let mean = (rows.iter().map(|r| r.ratio().ln()).sum::<f64>() / rows.len() as f64).exp();
        let best = rows[0].best_published_ratio.map_or("-".into(), |best| format!("{best:.1}"));
        writeln!(out, "{eval:<14} {mean:>10.2} {best:>15}")?;
    }
    Ok(())
}

fn microseconds(ns: f64) -> String {
    format!("{:.1} µs", ns / 1e3)
}
