//! The text form of jaxprs: JAX's own notation, printed and read.
//!
//! `parse(&j.to_string()) == j` holds for every jaxpr without users' closures. No primitive has a
//! syntax of its own: an equation is `binders = name[key=value …] operands`, and values are those of
//! [`Param`](crate::param::Param). The grammar is in `docs/jaxpr.md`.

mod desugar;
mod explain;
mod lex;
mod parse;
mod print;

pub use self::explain::explain;
pub use self::parse::parse;
pub(crate) use print::var_name;
pub use print::{JaxprDisplay, print_param};

#[cfg(test)]
mod tests;
