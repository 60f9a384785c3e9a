//! Text errors under the line where they are.

use crate::error::{Error, Kind};

/// The line and column, both from 1, of a byte offset; columns count characters.
fn position(source: &str, offset: usize) -> (usize, usize) {
    let before = &source[..floor_char(source, offset)];
    let line_start = before.rfind('\n').map_or(0, |i| i + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}

/// The nearest character boundary at or before an offset.
fn floor_char(source: &str, offset: usize) -> usize {
    let mut offset = offset.min(source.len());
    while !source.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

fn prefix(source: &str, offset: usize) -> String {
    let (line, column) = position(source, offset);
    format!("line {line}, column {column}: ")
}

/// An error at a place in the text. Its message begins with line and column.
pub(super) fn error(source: &str, offset: usize, message: impl AsRef<str>) -> Error {
    let message = format!("{}{}", prefix(source, offset), message.as_ref());
    Error::make(Kind::Text, message, Some(offset))
}

/// Shows a text error under the offending line; other errors are given as they are.
///
/// ```
/// # use pullback_ir::text;
/// let source = "{ lambda ; a:f32[3]. let\n    b:f32[3] = sqrtt a\n  in (b,) }";
/// let error = text::parse(source).unwrap_err();
/// assert_eq!(text::explain(source, &error, Some("f.jaxpr")), "\
/// error: there is no primitive `sqrtt`; did you mean `sqrt`?
///  --> f.jaxpr:2:16
///   |
/// 2 |     b:f32[3] = sqrtt a
///   |                ^
/// ");
/// ```
pub fn explain(source: &str, error: &Error, file: Option<&str>) -> String {
    let message = error.to_string();
    let Some(offset) = error.offset() else {
        let file = file.map_or_else(String::new, |f| format!(" --> {f}\n"));
        return format!("error: {message}\n{file}");
    };
    let message = message.strip_prefix(&prefix(source, offset)).unwrap_or(&message);
    let offset = floor_char(source, offset);
    let (line, column) = position(source, offset);
    let start = source[..offset].rfind('\n').map_or(0, |i| i + 1);
    let text = source[start..].lines().next().unwrap_or("");
    // A long line (a jaxpr on one line) is cut to what is near the fault.
    let (before, after) = text.split_at((offset - start).min(text.len()));
    let near: String = match before.char_indices().rev().nth(70) {
        Some((i, _)) => format!("…{}", &before[i..]),
        None => before.to_owned(),
    };
    let shown: String = match after.char_indices().nth(80) {
        Some((i, _)) => format!("{near}{}…", &after[..i]),
        None => format!("{near}{after}"),
    };
    // Tabs stay tabs so that the caret stands under its character.
    let caret: String = near.chars().map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
    let number = line.to_string();
    let margin = " ".repeat(number.len());
    let place = file.map_or_else(String::new, |f| format!("{f}:"));
    format!(
        "error: {message}\n{margin}--> {place}{line}:{column}\n{margin} |\n{number} | {shown}\n{margin} | {caret}^\n"
    )
}
