//! kmeans: Σᵢ min_j‖c_j − pᵢ‖², and the direction of Newton's method for the centroids c: gradient ÷
//! diagonal of the Hessian, element by element.
//!
//! The Hessian is diagonal, because an element of a centroid meets no other one. So its diagonal is H·1,
//! the derivative of the gradient in the direction of ones.
//!
//! Source: GradBench, `evals/kmeans` (MIT).

use crate::eval::{Eval, Function, ready};
use crate::input::{Fields, Numbers, lists};
use pullback::prelude::*;
use serde_json::Value;

/// ‖c − p‖² = ‖p‖² + (‖c‖² − 2c·p): what stands in the brackets is a matrix product, and ‖p‖² moves no
/// minimum.
fn cost(centroids: &Array, points: &Array) -> Array {
    let shifted = centroids.square().sum_over(1) - 2.0 * points.dot(centroids.t());
    shifted.min_over(1).sum() + points.square().sum()
}

/// A centroid that is nearest to no point has no direction: 0/0.
fn direction(centroids: &Array, points: &Array) -> Array {
    let gradient = grad(|centroids: &Array| cost(centroids, points));
    // Gradient and Hessian–vector product in one pass.
    let (gradient, diagonal) = jvp(gradient)(centroids, &ones_like(centroids));
    gradient / diagonal
}

fn by_hand(centroids: &Numbers, points: &Numbers) -> f64 {
    let mut sum = 0.0;
    for i in 0..points.shape[0] {
        let mut nearest = f64::INFINITY;
        for j in 0..centroids.shape[0] {
            let pairs = points.row(i).iter().zip(centroids.row(j));
            nearest = nearest.min(pairs.map(|(p, c)| (c - p) * (c - p)).sum());
        }
        sum += nearest;
    }
    sum
}

fn read(input: &Value) -> Result<(Numbers, Numbers), String> {
    let fields = Fields::of(input)?;
    let (points, [_, d]) = fields.any("points")?;
    let (centroids, [k, _]) = fields.any("centroids")?;
    // Again, for the message.
    fields.numbers("centroids", &[k, d])?;
    Ok((centroids, points))
}

pub(crate) fn eval() -> Eval {
    let (cost, direction) = (jit(cost), jit(direction));
    Eval {
        primal: Function::new("cost", move |input| {
            let (f, (c, p)) = (cost.clone(), read(input)?);
            let (c, p) = (c.array(), p.array());
            ready(move || f(&c, &p), lists)
        }),
        derivative: Function::new("dir", move |input| {
            let (f, (c, p)) = (direction.clone(), read(input)?);
            let (c, p) = (c.array(), p.array());
            ready(move || f(&c, &p), lists)
        }),
        by_hand: Function::new("cost", |input| {
            let (c, p) = read(input)?;
            ready(move || by_hand(&c, &p), |&y| y.into())
        }),
        also_by_hand: vec![],
    }
}
