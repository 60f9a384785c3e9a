//! The parameters of a closure need their types.

use pullback::prelude::*;

fn main() {
    let g = grad(|x| x);
    let _ = g;
}
