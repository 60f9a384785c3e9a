//! The CPU engine against the interpreter.

mod draw;
mod programs;
mod samples;
mod sizes;
mod threads;
