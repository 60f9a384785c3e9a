//! What a failed check says.

use pullback_array::{Array, Error};
use std::fmt;

/// Why a check failed: what was compared, both numbers, the tolerance, and where.
#[derive(Clone)]
pub struct Mismatch(String);

impl Mismatch {
    pub(super) fn new(text: impl Into<String>) -> Mismatch {
        Mismatch(text.into())
    }

    /// A function that fails instead of giving numbers.
    pub(super) fn failed(what: &str, e: &Error) -> Mismatch {
        Mismatch(format!("{what} fails: {e}"))
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mismatch({})", self.0)
    }
}

impl std::error::Error for Mismatch {}

/// The leaves of a direction that are not zero, one a line, shortened.
pub(super) fn show(names: &[String], leaves: &[Array]) -> String {
    let mut lines = String::new();
    for (name, leaf) in names.iter().zip(leaves) {
        let xs = super::flat::numbers(leaf);
        if xs.iter().all(|x| *x == 0.0) {
            continue;
        }
        let shown: Vec<String> = xs.iter().take(6).map(|x| format!("{x:.6}")).collect();
        let more = if xs.len() > 6 { ", …" } else { "" };
        lines.push_str(&format!("\n    {name}: {} [{}{more}]", leaf.ty(), shown.join(", ")));
    }
    lines
}

/// Where an element is: `element (0, 2)`, nothing for a scalar.
pub(super) fn position(shape: &[usize], mut flat: usize) -> String {
    if shape.is_empty() {
        return String::new();
    }
    let mut index: Vec<String> = shape
        .iter()
        .rev()
        .map(|&n| {
            let i = flat % n;
            flat /= n;
            i.to_string()
        })
        .collect();
    index.reverse();
    format!(", element ({})", index.join(", "))
}
