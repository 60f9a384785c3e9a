//! ht: hand tracking. A model of a hand is posed by 26 parameters θ (rotation and translation of the whole,
//! angles of the fingers); the residuals are the differences of N measured points to points on its
//! surface, each given by barycentric coordinates u in a triangle. Dense Jacobian.
//!
//! ```text
//! absolute_b = absolute_parent(b) · base_relative_b · rotation_b(θ)
//! vertex_v   = rotation(θ) · Σ_b w_vb · absolute_b · inverse_base_absolute_b · base_v + translation(θ)
//! residual_i = point_i − (u₀·corner₀ + u₁·corner₁ + (1 − u₀ − u₁)·corner₂)
//! ```
//!
//! The Jacobian has 28 columns: each point's own derivatives by its u₀ and u₁, then those by θ. No residual
//! depends on another point's u, so two columns hold them all: the derivatives in the direction in which
//! all u₀ move, and all u₁.
//!
//! Source: GradBench, `evals/ht` (MIT), after ADBench's "complicated" hand.

mod by_hand;
mod read;

use crate::eval::{Eval, Function, ready};
use crate::input::{lists, nested};
use pullback::prelude::*;
use read::Input;

/// The hand at rest; B bones, V vertices.
#[derive(Tree)]
pub(crate) struct Model {
    /// Transformations from the parent bone, `[B, 4, 4]`.
    base_relatives: Array,
    /// From the whole to the bone, `[B, 4, 4]`.
    inverse_base_absolutes: Array,
    /// Homogeneous, `[V, 4]`.
    base_positions: Array,
    /// How much each bone moves each vertex, `[V, B]`.
    weights: Array,
    /// Parents come before their children.
    parents: Vec<Option<usize>>,
    is_mirrored: bool,
}

/// What is measured.
#[derive(Tree)]
pub(crate) struct Points {
    /// `[N, 3]`
    points: Array,
    /// The vertices of the triangle of each point, `[N, 3]`.
    corners: Array,
    /// `[N, 2]`
    us: Array,
}

/// The bone of a finger's joint, and the places of its angles about x and z in θ. Joints 1 and 2 turn
/// about x alone.
const fn joint(finger: usize, joint: usize) -> (usize, usize, Option<usize>) {
    let (bone, first) = (2 + 4 * finger + joint, 6 + 4 * finger);
    match joint {
        0 => (bone, first, Some(first + 1)),
        _ => (bone, first + joint + 1, None),
    }
}

/// The rotations of the bones, `[B, 3, 3]`: about x, then about z.
fn rotations(theta: &Array, bones: usize) -> Array {
    // Where a bone does not turn, the angle is the zero behind θ.
    let zero = theta.size();
    let mut places = vec![[zero as i64; 2]; bones];
    for finger in 0..5 {
        for j in 0..3 {
            let (bone, x, z) = joint(finger, j);
            places[bone] = [x as i64, z.unwrap_or(zero) as i64];
        }
    }
    let angles = theta.pad((0, 1), 0.0).get(Array::from(places));
    let (x, z) = (angles.get((.., 0)), angles.get((.., 1)));
    let [(sx, cx), (sz, cz)] = [(x.sin(), x.cos()), (z.sin(), z.cos())];
    let zero = zeros_like(&sx);
    let rows =
        [&cz, &-(&sz * &cx), &(&sz * &sx), &sz, &(&cz * &cx), &-(&cz * &sx), &zero, &sx, &cx];
    stack(rows, 1).reshape([bones, 3, 3])
}

/// The matrix of a rotation about an axis by its length.
fn axis_angle(v: &Array) -> Array {
    let square = v.square().sum();
    let small = square.lt(1e-8);
    // The other branch must not divide by zero, or its derivative is NaN.
    let angle = select(&small, 1.0, square).sqrt();
    let axis = v / &angle;
    let (sin, cos) = (angle.sin(), angle.cos());
    let outer = axis.expand_dims(1) * axis.expand_dims(0) * (1.0 - &cos);
    let [x, y, z] = [0, 1, 2].map(|i| axis.get(i) * &sin);
    let zero = zeros_like(&x);
    let cross = stack([&zero, &-&z, &y, &z, &zero, &-&x, &-&y, &x, &zero], 0).reshape([3, 3]);
    let identity = eye::<f64>(3);
    select(small, &identity, outer + cross + &identity * cos)
}

/// The transformations of the bones in the posed hand, `[B, 4, 4]`: those of one depth together.
fn absolutes(relatives: &Array, parents: &[Option<usize>]) -> Array {
    let mut depths: Vec<usize> = vec![];
    for parent in parents {
        depths.push(parent.map_or(0, |parent| depths[parent] + 1));
    }
    // Bone by bone its place in what has been computed.
    let mut places = vec![0; parents.len()];
    let mut done: Vec<Array> = vec![];
    let mut count = 0;
    for depth in 0..=depths.iter().copied().max().unwrap_or(0) {
        let bones: Vec<usize> = (0..parents.len()).filter(|&b| depths[b] == depth).collect();
        let mut level = relatives.get(&bones.iter().map(|&b| b as i64).collect::<Vec<_>>()[..]);
        if let Some(above) = done.last() {
            let first = count - above.shape()[0];
            let parents = bones.iter().filter_map(|&b| parents[b]);
            let parents: Vec<i64> = parents.map(|p| (places[p] - first) as i64).collect();
            level = above.get(parents).matmul(level);
        }
        for (i, &bone) in bones.iter().enumerate() {
            places[bone] = count + i;
        }
        count += bones.len();
        done.push(level);
    }
    concat(done, 0).get(places.iter().map(|&p| p as i64).collect::<Vec<_>>())
}

/// The vertices of the posed hand, `[V, 3]`.
fn vertices(theta: &Array, model: &Model) -> Array {
    let bones = model.parents.len();
    let base = &model.base_relatives;
    let turned = base.get((.., .., 0..3)).matmul(rotations(theta, bones));
    let relatives = concat([&turned, &base.get((.., .., 3..))], 2);
    let absolutes = absolutes(&relatives, &model.parents);
    let transforms = absolutes.matmul(&model.inverse_base_absolutes).get((.., 0..3));
    // Σ over bones and coordinates as one matrix product.
    let weighted = model.weights.expand_dims(2) * model.base_positions.expand_dims(1);
    let weighted = weighted.reshape([weighted.shape()[0], 4 * bones]);
    let mut positions = weighted.dot(transforms.permute([0, 2, 1]).reshape([4 * bones, 3]));
    if model.is_mirrored {
        positions *= array![-1.0, 1.0, 1.0];
    }
    positions.dot(axis_angle(&theta.get(0..3)).t()) + theta.get(3..6)
}

fn residuals(theta: &Array, us: &Array, points: &Points, model: &Model) -> Array {
    let corners = vertices(theta, model).get(&points.corners);
    let last = 1.0 - us.sum_over(keep(1));
    let surface = (corners * concat([us, &last], 1).expand_dims(2)).sum_over(1);
    (&points.points - surface).ravel()
}

/// The residuals where all u and θ have moved by the two and 26 numbers of `shift`.
fn shifted(shift: &Array, theta: &Array, points: &Points, model: &Model) -> Array {
    let us = &points.us + shift.get(0..2);
    residuals(&(theta + shift.get(2..)), &us, points, model)
}

fn objective(theta: &Array, points: &Points, model: &Model) -> Array {
    residuals(theta, &points.us, points, model)
}

fn jacobian(theta: &Array, points: &Points, model: &Model) -> Array {
    jacfwd(shifted)(&zeros::<f64>([2 + theta.size()]), theta, points, model)
}

pub(crate) fn eval() -> Eval {
    let (objective, jacobian) = (jit(objective), jit(jacobian));
    Eval {
        primal: Function::new("objective", move |input| {
            let (f, (theta, points, model)) = (objective.clone(), Input::read(input)?.arrays());
            ready(move || f(&theta, &points, &model), lists)
        }),
        derivative: Function::new("jacobian", move |input| {
            let (f, (theta, points, model)) = (jacobian.clone(), Input::read(input)?.arrays());
            ready(move || f(&theta, &points, &model), lists)
        }),
        by_hand: Function::new("objective", |input| {
            let input = Input::read(input)?;
            ready(move || by_hand::residuals(&input), |y| nested(y, &[y.len()]))
        }),
        also_by_hand: vec![],
    }
}
