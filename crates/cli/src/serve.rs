//! JSON lines: a request a line, an answer a line, in order.
//!
//! ```text
//! {"id":1,"op":"eval","jaxpr":"{ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }","args":[{"dtype":"f64","shape":[],"data":[0.0]}]}
//! {"id":1,"outs":[{"dtype":"f64","shape":[],"data":[0.0]}]}
//! ```
//! Nothing in a request ends the server: whatever is wrong with it is told in its answer, under the
//! request's `id` if that could be read. A panic of the library is told likewise.

use crate::arrays::{self, Fields};
use crate::limits::Limits;
use crate::request::{Answer, Program};
use pullback_cpu::Engine;
use pullback_ir::text;
use serde_json::value::RawValue;
use std::any::Any;
use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

const FIELDS: [&str; 9] =
    ["id", "op", "jaxpr", "args", "tangents", "cotangents", "in_axes", "size", "engine"];

/// Answers requests until the input ends.
///
/// # Errors
/// Reading or writing fails.
pub(crate) fn serve(
    mut input: impl BufRead,
    mut output: impl Write,
    limits: Limits,
) -> io::Result<()> {
    let mut line = Vec::new();
    loop {
        line.clear();
        if input.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let mut answer = answer(&line, limits);
        answer.push('\n');
        output.write_all(answer.as_bytes())?;
        output.flush()?;
    }
}

/// The answer to one line, without its line break.
fn answer(line: &[u8], limits: Limits) -> String {
    let (id, result) = match std::str::from_utf8(line.trim_ascii()) {
        Err(e) => ("null", Err(format!("the line is not UTF-8: {e}"))),
        Ok(line) => match arrays::fields(line) {
            Err(e) => (id_before_fault(line).unwrap_or("null"), Err(json_fault(line, &e))),
            Ok(fields) => {
                let id = fields.get("id").map_or("null", |id| id.get());
                // The library keeps no state that a panic could leave half-changed.
                let result = catch_unwind(AssertUnwindSafe(|| handle(&fields, limits)));
                (id, result.unwrap_or_else(|panic| Err(panic_text(&*panic))))
            }
        },
    };
    let mut out = format!("{{\"id\":{id}");
    match result {
        Ok(answer) => {
            for (name, values) in [
                ("outs", answer.outs),
                ("tangents", answer.tangents),
                ("cotangents", answer.cotangents),
            ] {
                if let Some(values) = values {
                    out += &format!(",\"{name}\":");
                    arrays::write_all(&values, &mut out);
                }
            }
        }
        Err(message) => {
            out += ",\"error\":";
            out += &serde_json::Value::from(message).to_string();
        }
    }
    out.push('}');
    out
}

/// What is wrong with a line that is no JSON object.
fn json_fault(line: &str, e: &serde_json::Error) -> String {
    let mut message = format!("the line is not a JSON object: {e}");
    // Python writes non-finite numbers in a way of its own.
    let near = line.get(e.column().saturating_sub(2)..).unwrap_or_default();
    let near = near.trim_start_matches(['[', ',', ':', ' ', '-']);
    if near.starts_with("NaN") || near.starts_with("Inf") {
        message += "; non-finite values are the strings \"NaN\", \"Infinity\" and \"-Infinity\"";
    }
    message
}

/// The `id` in a broken line, if it stands before what is broken.
fn id_before_fault(line: &str) -> Option<&str> {
    let mut rest = line.trim_start().strip_prefix('{')?;
    loop {
        let key = value(&mut rest)?;
        rest = rest.trim_start().strip_prefix(':')?;
        let value = value(&mut rest)?;
        if key == "\"id\"" {
            return Some(value);
        }
        rest = rest.trim_start().strip_prefix(',')?;
    }
}

/// Takes a JSON value from the beginning of a text.
fn value<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let mut values = serde_json::Deserializer::from_str(rest).into_iter::<&RawValue>();
    let value = values.next()?.ok()?;
    *rest = &rest[values.byte_offset()..];
    Some(value.get())
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let message = match (panic.downcast_ref::<&str>(), panic.downcast_ref::<String>()) {
        (Some(s), _) => s,
        (_, Some(s)) => s.as_str(),
        _ => "of an unknown kind",
    };
    format!("internal error, a fault of pullback: {message}")
}

fn handle(fields: &Fields<'_>, limits: Limits) -> Result<Answer, String> {
    if let Some(other) = fields.keys().find(|k| !FIELDS.contains(&k.as_str())) {
        return Err(format!("there is no field `{other}`; the fields are {}", FIELDS.join(" ")));
    }
    let op = string(fields, "op")?;
    if !["eval", "jvp", "vjp", "vmap", "hvp"].contains(&op.as_str()) {
        return Err(format!("there is no op `{op}`; the ops are eval, jvp, vjp, vmap and hvp"));
    }
    let engine = match fields.contains_key("engine") {
        true => Engine::from_name(&string(fields, "engine")?).map_err(|e| e.to_string())?,
        false => Engine::Cpu,
    };
    let source = string(fields, "jaxpr")?;
    let jaxpr = text::parse(&source).map_err(|e| {
        let shown = text::explain(&source, &e, Some("jaxpr"));
        shown.trim_start_matches("error: ").trim_end().to_owned()
    })?;
    Limits::admit(&jaxpr)?;
    let args = arrays::read_all(field(fields, "args")?, "args")?;
    let program = Program { jaxpr: &jaxpr, engine, limits };
    match op.as_str() {
        "jvp" => program.jvp(&args, field(fields, "tangents")?),
        "vjp" => program.vjp(&args, field(fields, "cotangents")?),
        "hvp" => program.hvp(&args, field(fields, "tangents")?),
        "vmap" => program.vmap(&args, fields.get("in_axes").copied(), size(fields)?),
        _ => program.eval(&args),
    }
}

fn field<'a>(fields: &Fields<'a>, name: &str) -> Result<&'a RawValue, String> {
    fields.get(name).copied().ok_or_else(|| format!("the field `{name}` is missing"))
}

fn string(fields: &Fields<'_>, name: &str) -> Result<String, String> {
    serde_json::from_str(field(fields, name)?.get())
        .map_err(|_| format!("the field `{name}` is not a string"))
}

fn size(fields: &Fields<'_>) -> Result<Option<usize>, String> {
    let Some(json) = fields.get("size") else { return Ok(None) };
    let size = json.get().parse().map_err(|_| "the field `size` is not a size".to_owned())?;
    Ok(Some(size))
}
