//! The text form: printing, reading, reading JAX's prints, and broken texts.

mod broken;
mod docs;
mod golden;
mod jax;
mod law;
mod mutated;

use pullback_ir::{Jaxpr, text};

/// Reads a text that must be right.
fn read(source: &str) -> Jaxpr {
    text::parse(source).unwrap_or_else(|e| panic!("{}", text::explain(source, &e, None)))
}

/// Asserts that a jaxpr survives printing and reading, and is well-formed.
#[track_caller]
fn assert_law(jaxpr: &Jaxpr) {
    let printed = jaxpr.to_string();
    let back = text::parse(&printed)
        .unwrap_or_else(|e| panic!("{}\nin\n{printed}", text::explain(&printed, &e, None)));
    assert!(back == *jaxpr, "printed\n{printed}\nread\n{back}");
    assert_eq!(back.to_string(), printed);
    if let Err(e) = pullback_ir::check::check(jaxpr) {
        panic!("{e}\nin\n{printed}");
    }
}
