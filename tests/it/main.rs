//! The single integration-test binary; each module holds the tests of one part.
#![forbid(unsafe_code)]
// Tests write operands in every form (borrowed, equal, empty ranges) on purpose, and a binary has no
// public items to reach.
#![allow(clippy::eq_op, clippy::reversed_empty_ranges, clippy::needless_borrow, unreachable_pub)]

#[path = "../../examples/mnist/idx.rs"]
mod idx;
#[path = "../../examples/mnist/plot.rs"]
mod plot;
#[path = "../../examples/mnist/progress.rs"]
mod progress;

mod arrays;
mod checked;
mod compile_fail;
mod filetests;
mod mnist_files;
mod mnist_plot;
mod random_programs;
mod trees;
