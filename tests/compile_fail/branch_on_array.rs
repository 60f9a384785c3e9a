//! An array is no condition: a traced one has no value to branch on.

use pullback::prelude::*;

fn main() {
    let _ = grad(|x: &Array| if x > &Array::from(0.0) { x.clone() } else { -x });
}
