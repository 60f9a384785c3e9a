//! Our worker: answers the driver's requests, one JSON object a line.
//!
//! ```text
//! {"op": "prepare", "name": "sin_1e6", "inputs": {"x": "x.npy"}}   → {"ok": true}
//! {"op": "outputs", "dir": "out"}        one call, saved as 0.npy …  → {"ok": true, "count": 1}
//! {"op": "time", "calls": 10, "clock": "cpu" or "wall"}            → {"ok": true, "ns": 123456}
//! ```
//!
//! `ns` is the time of all calls together. A request that fails is answered with `error`, and the
//! worker goes on. The workers of the peers (`python/worker.py`) speak the same.

use crate::names;
use crate::workload::{Inputs, Run};
use pullback::DType;
use pullback_array::save_npy;
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};
use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Answers requests until there are no more.
pub(crate) fn serve(requests: impl BufRead, mut answers: impl Write) -> std::io::Result<()> {
    // The greeting, from which the driver knows that the worker is there.
    writeln!(answers, "{}", json!({ "ok": true, "version": env!("CARGO_PKG_VERSION") }))?;
    answers.flush()?;
    let mut ready = None;
    for line in requests.lines() {
        let line = line?;
        // A workload that has failed half way is not used again: `prepare` makes a new one.
        let answer = catch_unwind(AssertUnwindSafe(|| answer(&line, &mut ready)));
        let answer = answer.unwrap_or_else(|payload| Err(text_of(&*payload)));
        let answer = answer.unwrap_or_else(|error| json!({ "error": error }));
        writeln!(answers, "{answer}")?;
        answers.flush()?;
    }
    Ok(())
}

fn text_of(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("a panic without a text").to_owned()
}

fn answer(line: &str, ready: &mut Option<Box<dyn Run>>) -> Result<Value, String> {
    let request: Value = serde_json::from_str(line).map_err(|e| e.to_string())?;
    let text = |field: &str| {
        request[field].as_str().ok_or_else(|| format!("the request lacks the text `{field}`"))
    };
    match text("op")? {
        "prepare" => {
            *ready = None;
            let name = text("name")?;
            let build = names::find(name).ok_or_else(|| format!("unknown workload `{name}`"))?;
            *ready = Some(build(&inputs(&request["inputs"])?));
            Ok(json!({ "ok": true }))
        }
        "outputs" => {
            let outs = prepared(ready)?.outputs();
            let dir = Path::new(text("dir")?);
            for (i, out) in outs.iter().enumerate() {
                // bf16 has no type in the format; f32 holds it exactly.
                let out = if out.dtype() == DType::BF16 { &out.cast(DType::F32) } else { out };
                save_npy(dir.join(format!("{i}.npy")), out).map_err(|e| e.to_string())?;
            }
            Ok(json!({ "ok": true, "count": outs.len() }))
        }
        "time" => {
            let calls = request["calls"].as_u64().ok_or("the request lacks the number `calls`")?;
            let clock = match text("clock")? {
                "cpu" => ClockId::ProcessCPUTime,
                "wall" => ClockId::Monotonic,
                other => return Err(format!("the clock is cpu or wall, not {other}")),
            };
            let run = prepared(ready)?;
            let start = nanoseconds(clock);
            run.repeat(calls);
            Ok(json!({ "ok": true, "ns": nanoseconds(clock) - start }))
        }
        other => Err(format!("unknown request `{other}`")),
    }
}

fn prepared(ready: &mut Option<Box<dyn Run>>) -> Result<&mut dyn Run, String> {
    match ready {
        Some(run) => Ok(&mut **run),
        None => Err("no workload is prepared".into()),
    }
}

fn inputs(paths: &Value) -> Result<Inputs, String> {
    let paths = paths.as_object().ok_or("the request lacks the object `inputs`")?;
    let path = |(name, path): (&String, &Value)| {
        let path = path.as_str().ok_or_else(|| format!("the path of `{name}` is no text"))?;
        Ok((name.clone(), path.into()))
    };
    Ok(Inputs(paths.iter().map(path).collect::<Result<_, String>>()?))
}

/// A clock, in nanoseconds. That of CPU time counts all threads of the process.
fn nanoseconds(clock: ClockId) -> i64 {
    let now = clock_gettime(clock);
    now.tv_sec * 1_000_000_000 + now.tv_nsec
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(requests: &[&str]) -> Vec<Value> {
        let mut out = Vec::new();
        serve(requests.join("\n").as_bytes(), &mut out).expect("memory can be written");
        let lines = String::from_utf8(out).expect("answers are text");
        // Behind the greeting.
        lines.lines().skip(1).map(|l| serde_json::from_str(l).expect("answers are JSON")).collect()
    }

    #[test]
    fn a_workload_is_prepared_shown_and_timed() {
        let dir = std::env::temp_dir().join(format!("pullback-peers-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("the folder can be made");
        let x = dir.join("x.npy");
        save_npy(&x, &pullback::linspace::<f32>(0.1, 0.8, 8)).expect("the file can be written");
        let prepare = json!({ "op": "prepare", "name": "sin_1e6", "inputs": { "x": x } });
        let outputs = json!({ "op": "outputs", "dir": dir });
        let time = json!({ "op": "time", "calls": 1000, "clock": "cpu" });
        let answers = ask(&[&prepare.to_string(), &outputs.to_string(), &time.to_string()]);
        assert_eq!(answers[0], json!({ "ok": true }));
        assert_eq!(answers[1], json!({ "ok": true, "count": 1 }));
        assert!(answers[2]["ns"].as_i64() > Some(1000), "{}", answers[2]);
        let y = pullback::load_npy(dir.join("0.npy")).expect("the result was saved");
        assert_eq!(y.to_vec::<f32>()[0], 0.1f32.sin());
        std::fs::remove_dir_all(&dir).expect("the folder can be removed");
    }

    #[test]
    fn faults_are_answered_and_the_worker_goes_on() {
        let answers = ask(&[
            "no JSON",
            r#"{"op": "time", "calls": 1, "clock": "cpu"}"#,
            r#"{"op": "prepare", "name": "no_such", "inputs": {}}"#,
            r#"{"op": "prepare", "name": "sin_1e6", "inputs": {}}"#,
        ]);
        let errors: Vec<&str> = answers.iter().map(|a| a["error"].as_str().unwrap()).collect();
        assert_eq!(
            errors[1..],
            ["no workload is prepared", "unknown workload `no_such`", "there is no input `x`"]
        );
    }
}
