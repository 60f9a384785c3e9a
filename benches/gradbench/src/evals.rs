//! The evaluations of GradBench, one file each.

pub(crate) mod ba;
pub(crate) mod det;
pub(crate) mod gmm;
pub(crate) mod hello;
pub(crate) mod ht;
pub(crate) mod kmeans;
pub(crate) mod llsq;
pub(crate) mod lse;

use crate::eval::Eval;

/// An evaluation: GradBench's name, the best published geometric mean of derivative ÷ primal, and how
/// it is made.
pub(crate) struct Entry {
    pub(crate) module: &'static str,
    pub(crate) best_published_ratio: Option<f64>,
    pub(crate) make: fn() -> Eval,
}

/// What is supported. GradBench's lstm, ode, particle and saddle are loops inside of a program, which
/// the library does not have yet.
pub(crate) const ALL: [Entry; 8] = [
    Entry { module: "hello", best_published_ratio: None, make: hello::eval },
    Entry { module: "gmm", best_published_ratio: Some(1.9), make: gmm::eval },
    Entry { module: "ba", best_published_ratio: Some(7.2), make: ba::eval },
    Entry { module: "ht", best_published_ratio: Some(41.0), make: ht::eval },
    Entry { module: "kmeans", best_published_ratio: Some(1.5), make: kmeans::eval },
    Entry { module: "det", best_published_ratio: Some(3.1), make: det::eval },
    Entry { module: "llsq", best_published_ratio: Some(1.5), make: llsq::eval },
    Entry { module: "lse", best_published_ratio: Some(1.6), make: lse::eval },
];
