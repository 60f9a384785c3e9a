//! The jaxprs in docs/jaxpr.md are right.

use crate::{assert_law, read};

#[test]
fn the_examples_are_read() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/jaxpr.md");
    let text = std::fs::read_to_string(path).unwrap();
    let blocks: Vec<&str> =
        text.split("```jaxpr\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() >= 4);
    blocks.into_iter().for_each(|block| assert_law(&read(block)));
}
