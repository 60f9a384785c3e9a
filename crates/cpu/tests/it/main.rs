//! The CPU engine against the interpreter.

mod data;
mod draw;
mod epilogues;
mod indices;
mod profile;
mod programs;
mod random;
mod samples;
mod sizes;
mod threads;
