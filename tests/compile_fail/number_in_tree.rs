// A number that should be an array.
use pullback::prelude::*;

#[derive(Tree)]
struct Params {
    w: Array,
    scale: f64,
}

fn main() {}
