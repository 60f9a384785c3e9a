//! Golden numbers: what a real JAX and mpmath computed once, against the reference interpreter.
//!
//! `tests/golden/README.md` says where the numbers come from and how near to expect.
//! `CASE=text` restricts a run to the cases whose names contain the text.

mod elementwise;
mod json;
mod primitives;
