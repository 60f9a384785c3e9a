//! Where the time of an executable goes.

use crate::explain::{bytes, show_bytes, some_of, types};
use crate::pools;
use crate::program::{Body, Executable, Op, Watch};
use pullback_ir::{Eqn, Error, Loc, Type, Value};
use serde_json::json;
use std::fmt;
use std::path::Path;
use std::time::{Duration, Instant};

/// Runs that are measured at most, after one that is not.
const MOST_RUNS: usize = 50;

/// No further run begins after this.
const BUDGET: Duration = Duration::from_millis(500);

/// Source lines of a step that the table shows.
const MOST_LINES: usize = 4;

/// The time of each step of an executable. [`Executable::profile`] measures it.
///
/// It prints as a table, the slowest step first, steps inside of a call below it.
#[derive(Clone, Debug)]
pub struct Profile {
    steps: Vec<Timed>,
    /// For each run, when each step began and ended, since the first run began.
    runs: Vec<Run>,
    threads: usize,
}

/// A step of the program with its time.
#[derive(Clone, Debug)]
pub struct Timed {
    /// The primitive, or `kernel<..>` with what runs it and its loops.
    pub name: String,
    /// The primitives of the equations in it.
    pub equations: Vec<String>,
    /// Types of the operands.
    pub operands: Vec<Type>,
    /// Types of the results.
    pub results: Vec<Type>,
    /// Bytes of operands and results together.
    pub bytes: usize,
    /// The source lines of the equations in it, each with the equations' role; empty where none is known.
    pub lines: Vec<Loc>,
    /// How many calls it is inside of.
    pub depth: usize,
    /// Mean of the runs, in seconds. That of a call contains its steps.
    pub seconds: f64,
}

#[derive(Clone, Debug)]
struct Run {
    all: Span,
    steps: Vec<Span>,
}

/// Begin and end.
type Span = (Duration, Duration);

/// Notes times.
struct Clock {
    zero: Instant,
    spans: Vec<Span>,
}

impl Watch for Clock {
    fn enter(&mut self) -> usize {
        self.spans.push((self.zero.elapsed(), Duration::ZERO));
        self.spans.len() - 1
    }

    fn leave(&mut self, step: usize) {
        self.spans[step].1 = self.zero.elapsed();
    }
}

impl Executable {
    /// Runs the program several times, up to half a second or 50 runs, once at least, with a clock around
    /// each step. A first run is not measured.
    ///
    /// # Errors
    /// As [`Executable::run`].
    pub fn profile(&self, args: &[Value]) -> Result<Profile, Error> {
        self.run(args)?;
        let mut clock = Clock { zero: Instant::now(), spans: Vec::new() };
        let mut runs = Vec::new();
        while runs.is_empty() || runs.len() < MOST_RUNS && clock.zero.elapsed() < BUDGET {
            let begin = clock.zero.elapsed();
            let outs = self.run_watched(args.iter().cloned(), &mut clock)?;
            let all = (begin, clock.zero.elapsed());
            drop(outs);
            runs.push(Run { all, steps: std::mem::take(&mut clock.spans) });
        }
        let mut steps = Vec::new();
        self.describe(0, &mut steps);
        for (i, step) in steps.iter_mut().enumerate() {
            step.seconds = mean(&runs, |run| run.steps[i]);
        }
        Ok(Profile { steps, runs, threads: pools::count() })
    }

    /// The steps in the order in which a run enters them.
    fn describe(&self, depth: usize, to: &mut Vec<Timed>) {
        let mut push = |name: String, operands: &[Type], results: &[Type], eqns: &[&Eqn]| {
            let bytes = operands.iter().chain(results).map(bytes).sum();
            let (operands, results) = (operands.to_vec(), results.to_vec());
            let mut lines: Vec<Loc> = Vec::new();
            for loc in eqns.iter().map(|eqn| eqn.loc).filter(|loc| loc.line.is_some()) {
                if !lines.contains(&loc) {
                    lines.push(loc);
                }
            }
            let equations = eqns.iter().map(|eqn| eqn.prim.name().to_owned()).collect();
            let seconds = 0.0;
            to.push(Timed { name, equations, operands, results, bytes, lines, depth, seconds });
        };
        match self.body() {
            Body::Interpreted(jaxpr) => {
                for eqn in jaxpr.eqns() {
                    let operands: Vec<Type> = eqn.inputs.iter().map(|&a| jaxpr.ty(a)).collect();
                    let name = eqn.prim.name().to_owned();
                    push(name, &operands, jaxpr.eqn_out_types(eqn), &[eqn]);
                }
            }
            Body::Lowered(program) => {
                let mut calls = Vec::new();
                program.walk(|i, step, ins, outs, _| {
                    push(step.op.title(), ins, outs, &program.eqns_of(i).collect::<Vec<_>>());
                    if let Op::Call(callee) = &step.op {
                        calls.push((i, callee));
                    }
                });
                // Behind each call its steps, from the back so that positions stay.
                let first = to.len() - program.steps.len();
                for (i, callee) in calls.into_iter().rev() {
                    let mut inside = Vec::new();
                    callee.describe(depth + 1, &mut inside);
                    to.splice(first + i + 1..first + i + 1, inside);
                }
            }
        }
    }
}

fn mean(runs: &[Run], span: impl Fn(&Run) -> Span) -> f64 {
    let seconds = runs.iter().map(span).map(|(begin, end)| (end - begin).as_secs_f64());
    seconds.sum::<f64>() / runs.len() as f64
}

impl Profile {
    /// The steps in the order in which they run; steps inside of a call come behind it.
    pub fn steps(&self) -> &[Timed] {
        &self.steps
    }

    /// How many runs were measured.
    pub fn runs(&self) -> usize {
        self.runs.len()
    }

    /// The mean time of a run, in seconds.
    pub fn seconds(&self) -> f64 {
        mean(&self.runs, |run| run.all)
    }

    /// Writes all measured runs in the format of Chrome's trace viewer, which `chrome://tracing` and
    /// Perfetto show: an event for each step with its types, bytes and source lines.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write_chrome_trace(&self, path: impl AsRef<Path>) -> std::io::Result<()> {
        std::fs::write(path, self.chrome_trace())
    }

    fn chrome_trace(&self) -> String {
        let micros = |t: Duration| t.as_nanos() as f64 / 1e3;
        let event = |name: &str, (begin, end): Span, args| {
            json!({"name": name, "cat": "pullback", "ph": "X", "pid": 1, "tid": 1,
                   "ts": micros(begin), "dur": micros(end - begin), "args": args})
        };
        let mut events = Vec::new();
        for (i, run) in self.runs.iter().enumerate() {
            events.push(event("run", run.all, json!({"number": i})));
            for (step, &span) in self.steps.iter().zip(&run.steps) {
                let lines: Vec<String> = step.lines.iter().map(Loc::to_string).collect();
                let args = json!({"equations": step.equations.join(" "), "operands": types(&step.operands), "results": types(&step.results),
                                  "bytes": step.bytes, "lines": lines});
                events.push(event(&step.name, span, args));
            }
        }
        json!({"displayTimeUnit": "ns", "traceEvents": events}).to_string()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.seconds();
        let runs = self.runs.len();
        let plural = |n: usize| if n == 1 { "" } else { "s" };
        writeln!(
            f,
            "{} step{}, {} a run (mean of {runs} run{}, {} thread{})",
            self.steps.len(),
            plural(self.steps.len()),
            show_time(all),
            plural(runs),
            self.threads,
            plural(self.threads)
        )?;
        writeln!(f, "{:>10}  {:>6}  {:>9}  {:>6}  step", "time", "share", "moves", "GB/s")?;
        let mut blocks: Vec<&[Timed]> = self.steps.chunk_by(|_, next| next.depth > 0).collect();
        blocks.sort_by(|a, b| b[0].seconds.total_cmp(&a[0].seconds));
        for step in blocks.into_iter().flatten() {
            let rate = step.bytes as f64 / step.seconds.max(1e-9) / 1e9;
            writeln!(
                f,
                "{:>10}  {:>4.0} %  {:>9}  {rate:>6.1}  {}{}: {} = {}",
                show_time(step.seconds),
                100.0 * step.seconds / all.max(1e-9),
                show_bytes(step.bytes),
                "  ".repeat(step.depth),
                step.name,
                types(&step.results),
                types(&step.operands)
            )?;
            if step.equations != [step.name.as_str()] {
                let names = some_of(step.equations.iter());
                writeln!(f, "{:39}{}{names}", "", "  ".repeat(step.depth))?;
            }
            for (i, loc) in step.lines.iter().enumerate().take(MOST_LINES + 1) {
                write!(f, "{:39}{}", "", "  ".repeat(step.depth))?;
                match i == MOST_LINES {
                    true => writeln!(f, "and {} more", step.lines.len() - MOST_LINES)?,
                    false => writeln!(f, "{loc}")?,
                }
            }
        }
        Ok(())
    }
}

fn show_time(seconds: f64) -> String {
    match seconds {
        s if s < 1e-3 => format!("{:.2} us", s * 1e6),
        s if s < 1.0 => format!("{:.2} ms", s * 1e3),
        s => format!("{s:.2} s"),
    }
}
