//! The second cell: transforms functions that it is given.

#![forbid(unsafe_code)]

use pullback::prelude::*;

/// The function traced here, as text.
pub fn text(f: &Func<dyn Fn(&Array) -> Array + Send + Sync>, x: &Array) -> String {
    make_jaxpr(f)(x).to_string()
}

/// Its second derivative, made here.
pub fn second(
    f: &Func<dyn Fn(&Array) -> Array + Send + Sync>,
) -> Func<dyn Fn(&Array) -> Array + Send + Sync> {
    grad(grad(f))
}
