//! Laws over the samples of every primitive, at the level of the rules themselves.
//!
//! A failure prints the primitive, the operand types and what was expected. `SAMPLE=name` restricts
//! a run to one primitive.

#![allow(unreachable_pub)]

mod batching;
mod checkpoint;
mod coverage;
mod custom;
mod derivatives;
mod linear;
mod lines;
mod products;
mod simplify;
mod support;
mod text;
mod transforms;
