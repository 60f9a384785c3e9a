//! `grad_wrt` is checked against the number of arguments.

use pullback::prelude::*;

fn main() {
    let _ = grad_wrt(arg::<2>(), |x: &Array, y: &Array| (x * y).sum());
}
