//! The single integration-test binary; each module holds the tests of one part.
#![forbid(unsafe_code)]

#[path = "../../examples/mnist/idx.rs"]
mod idx;
#[path = "../../examples/mnist/plot.rs"]
mod plot;
#[path = "../../examples/mnist/progress.rs"]
mod progress;

mod arrays;
mod compile_fail;
mod filetests;
mod mnist_files;
mod mnist_plot;
mod random_programs;
mod trees;
