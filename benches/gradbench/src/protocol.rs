//! GradBench's protocol: a JSON object a line, and one in answer.
//!
//! ```text
//! {"id":0,"kind":"start"}                                   → {"id":0,"tool":"pullback"}
//! {"id":1,"kind":"define","module":"hello"}                 → {"id":1,"success":true}
//! {"id":2,"kind":"evaluate","module":"hello","function":"square","input":3.0}
//!     → {"id":2,"success":true,"output":9.0,"timings":[{"name":"evaluate","nanoseconds":420}]}
//! {"id":3,"kind":"analysis","of":2,"valid":true}            → {"id":3}
//! ```
//!
//! What fails is answered with `"success":false` and the reason under `error`; nothing ends the tool.

use crate::eval::Eval;
use crate::evals;
use serde_json::{Value, json};
use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

/// The evaluations that have been defined, with what they have compiled.
#[derive(Default)]
pub(crate) struct Session {
    evals: BTreeMap<String, Eval>,
}

impl Session {
    /// The answer to one line, without its line break.
    pub(crate) fn answer(&mut self, line: &str) -> String {
        let message: Value = match serde_json::from_str(line) {
            Ok(message) => message,
            Err(e) => return failure(&Value::Null, &format!("the line is not JSON: {e}")),
        };
        let id = &message["id"];
        // A panic is a fault of the library; an `Eval` keeps no state that it could leave half-changed.
        let answer = catch_unwind(AssertUnwindSafe(|| self.handle(&message)));
        let answer = answer.unwrap_or_else(|panic| Err(panic_text(&*panic)));
        match answer {
            Ok(mut answer) => {
                answer["id"] = id.clone();
                answer.to_string()
            }
            Err(error) => failure(id, &error),
        }
    }

    fn handle(&mut self, message: &Value) -> Result<Value, String> {
        if !message.is_object() {
            return Err("the line is not a JSON object".into());
        }
        match message["kind"].as_str() {
            Some("start") => Ok(json!({ "tool": "pullback" })),
            Some("define") => {
                self.define(text(message, "module")?)?;
                Ok(json!({ "success": true }))
            }
            Some("evaluate") => {
                let eval = self.define(text(message, "module")?)?;
                let name = text(message, "function")?;
                let function = eval.function(name).ok_or_else(|| {
                    let [a, b] = [eval.primal.name, eval.derivative.name];
                    format!("there is no function `{name}`; there are `{a}` and `{b}`")
                })?;
                let input = message.get("input").ok_or("the message lacks `input`")?;
                let least = Least::of(input)?;
                let mut ready = function.prepare(input)?;
                // Compiles, unless the session has seen these shapes. Not an evaluation.
                ready.run();
                let timings = least.time(|| ready.run());
                let timing =
                    |t: Duration| json!({ "name": "evaluate", "nanoseconds": t.as_nanos() as u64 });
                let timings: Vec<Value> = timings.into_iter().map(timing).collect();
                Ok(json!({ "success": true, "output": ready.output(), "timings": timings }))
            }
            _ => Ok(json!({})),
        }
    }

    fn define(&mut self, module: &str) -> Result<&Eval, String> {
        let entry = evals::ALL.iter().find(|entry| entry.module == module);
        let entry = entry.ok_or_else(|| format!("the module `{module}` is not supported"))?;
        Ok(self.evals.entry(module.to_owned()).or_insert_with(entry.make))
    }
}

/// How often and how long a function runs at least.
struct Least {
    runs: u64,
    time: Duration,
}

impl Least {
    fn of(input: &Value) -> Result<Least, String> {
        let runs = match &input["min_runs"] {
            Value::Null => 1,
            runs => runs.as_u64().ok_or("`min_runs` is no whole number")?,
        };
        let seconds = match &input["min_seconds"] {
            Value::Null => 0.0,
            seconds => seconds.as_f64().ok_or("`min_seconds` is no number")?,
        };
        let time =
            Duration::try_from_secs_f64(seconds).map_err(|e| format!("`min_seconds`: {e}"))?;
        Ok(Least { runs: runs.max(1), time })
    }

    fn time(&self, mut run: impl FnMut()) -> Vec<Duration> {
        let (mut timings, mut total) = (vec![], Duration::ZERO);
        while (timings.len() as u64) < self.runs || total < self.time {
            let start = Instant::now();
            run();
            let taken = start.elapsed();
            timings.push(taken);
            total += taken;
        }
        timings
    }
}

fn text<'a>(message: &'a Value, field: &str) -> Result<&'a str, String> {
    message[field].as_str().ok_or_else(|| format!("the message lacks the text `{field}`"))
}

fn failure(id: &Value, error: &str) -> String {
    json!({ "id": id, "success": false, "error": error }).to_string()
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("of an unknown kind");
    format!("internal error, a fault of pullback: {text}")
}
