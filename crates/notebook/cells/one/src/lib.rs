//! The first cell: makes functions.

#![forbid(unsafe_code)]

use pullback::prelude::*;

/// A function type that persists from one cell to the next.
pub type Scalar = Func<dyn Fn(&Array) -> Array + Send + Sync>;

/// A jitted function, not called yet.
pub fn make() -> Scalar {
    jit(|x: &Array| x.sin() * x)
}

/// A jitted function that has been called here: its cache is filled.
pub fn make_warm() -> Scalar {
    let f = make();
    f(&Array::from(1.0));
    f
}
