//! ba: bundle adjustment. n cameras have seen m points in p observations; the residuals are the two
//! differences between where a camera sees a point and where it was observed, times a weight, and
//! 1 − w² for each weight. Sparse Jacobian.
//!
//! ```text
//! camera = (rotation r, centre c, focal length f, principal point x₀, radial distortion κ)
//! y = rotation(r)·(X − c),    z = (y₀, y₁)/y₂,    s = ‖z‖²
//! residual = w·(f·z·(1 + κ₀s + κ₁s²) + x₀ − observed),    1 − w²
//! ```
//!
//! A row of the Jacobian has 15 nonzeros: 11 parameters of a camera, 3 of a point, and the weight. They
//! are the gradients of one observation's residuals, mapped over all of them: work and memory are linear in p.
//!
//! GradBench's input has one camera, point, weight and observation, which all others repeat. They are
//! n·m·p separate variables all the same, and nothing here makes use of their being equal.
//!
//! Source: GradBench, `evals/ba` (MIT), after ADBench.

mod by_hand;

use crate::eval::{Eval, Function, ready};
use crate::input::{Fields, index_array};
use pullback::prelude::*;
use serde_json::{Value, json};
use std::ops::Range;

/// Numbers of nonzeros in a row of the first kind: camera, point, weight.
const CAMERA: usize = 11;
const POINT: usize = 3;
const ROW: usize = CAMERA + POINT + 1;

/// The variables of one observation, or with an axis in front those of many. Single numbers, so that
/// each derivative is an array of its own, and a row of the Jacobian is put together once.
#[derive(Tree, Clone)]
struct Variables {
    rotation: [Array; 3],
    centre: [Array; 3],
    focal: Array,
    principal: [Array; 2],
    radial: [Array; 2],
    point: [Array; 3],
    weight: Array,
}

/// Rodrigues' formula: x turned about an axis by the axis' length.
fn rotate(axis: &[Array; 3], x: &[Array; 3]) -> [Array; 3] {
    let square = axis[0].square() + axis[1].square() + axis[2].square();
    let still = square.eq(0.0);
    // The other branch must not divide by zero, or its derivative is NaN.
    let angle = select(&still, 1.0, &square).sqrt();
    let (cos, sin) = (angle.cos(), angle.sin());
    let unit = [0, 1, 2].map(|i| &axis[i] / &angle);
    let along = (&unit[0] * &x[0] + &unit[1] * &x[1] + &unit[2] * &x[2]) * (1.0 - &cos);
    let (turned, near_zero) = (cross(&unit, x), cross(axis, x));
    [0, 1, 2].map(|i| {
        let full = &x[i] * &cos + &turned[i] * &sin + &unit[i] * &along;
        select(&still, &x[i] + &near_zero[i], full)
    })
}

fn cross(a: &[Array; 3], b: &[Array; 3]) -> [Array; 3] {
    [(1, 2), (2, 0), (0, 1)].map(|(i, j)| &a[i] * &b[j] - &a[j] * &b[i])
}

/// The two residuals of one observation.
fn reprojection(v: &Variables, observed: &[Array; 2]) -> [Array; 2] {
    let y = rotate(&v.rotation, &[0, 1, 2].map(|i| &v.point[i] - &v.centre[i]));
    let z = [&y[0] / &y[2], &y[1] / &y[2]];
    let s = z[0].square() + z[1].square();
    let scale = &v.focal * (1.0 + &v.radial[0] * &s + &v.radial[1] * s.square());
    [0, 1].map(|i| &v.weight * (&z[i] * &scale + &v.principal[i] - &observed[i]))
}

fn weight_error(w: &Array) -> Array {
    1.0 - w.square()
}

/// Cameras `[n]`, points `[m]`, weights and observations `[p]`, and who sees what.
#[derive(Tree)]
struct Problem {
    cameras: [Array; CAMERA],
    points: [Array; POINT],
    weights: Array,
    observed: [Array; 2],
    /// The camera of each observation, and its point.
    sees: Array,
    seen: Array,
}

impl Problem {
    /// The variables of each observation, `[p]`.
    fn variables(&self) -> Variables {
        let [r0, r1, r2, c0, c1, c2, f, x0, x1, k0, k1] =
            self.cameras.each_ref().map(|a| a.get(&self.sees));
        Variables {
            rotation: [r0, r1, r2],
            centre: [c0, c1, c2],
            focal: f,
            principal: [x0, x1],
            radial: [k0, k1],
            point: self.points.each_ref().map(|a| a.get(&self.seen)),
            weight: self.weights.clone(),
        }
    }
}

/// The residuals, two arrays and one, each `[p]`.
fn residuals(problem: &Problem) -> ([Array; 2], Array) {
    let errors = vmap(reprojection)(&problem.variables(), &problem.observed);
    (errors, weight_error(&problem.weights))
}

/// The nonzeros of the Jacobian, row by row: 2p rows of 15, p of one.
fn nonzeros(problem: &Problem) -> Array {
    // A row is the gradient of one residual; the two share what is equal in them.
    let variables = problem.variables();
    let rows = [0, 1].map(|i| {
        let residual = move |v: &Variables, seen: &[Array; 2]| reprojection(v, seen)[i].clone();
        vmap(grad(residual))(&variables, &problem.observed)
    });
    let last = vmap(grad(weight_error))(&problem.weights);
    // The leaves come in the order of the columns, those of the first residual first.
    concat([stack(tree::leaves(&rows), 1).ravel(), last], 0)
}

/// The Jacobian by compressed rows.
struct Csr {
    /// Where each row begins, and behind the last one.
    rows: Vec<u32>,
    cols: Vec<u32>,
    vals: Array,
}

impl Csr {
    fn new(input: &Input, vals: Array) -> Csr {
        let Input { n, m, p, .. } = *input;
        let (first_point, first_weight) = (CAMERA * n, CAMERA * n + POINT * m);
        // Columns and rows are below 2³², because n, m and p are at most 2²⁴.
        let narrow = |range: Range<usize>| range.map(|i| i as u32);
        let mut cols = Vec::with_capacity(vals.size());
        for i in 0..p {
            let (camera, point) = (CAMERA * (i % n), first_point + POINT * (i % m));
            for _ in 0..2 {
                cols.extend(narrow(camera..camera + CAMERA));
                cols.extend(narrow(point..point + POINT));
                cols.push((first_weight + i) as u32);
            }
        }
        cols.extend(narrow(first_weight..first_weight + p));
        let wide = narrow(0..2 * p).map(|row| ROW as u32 * row);
        let rows = wide.chain(narrow(2 * p * ROW..2 * p * ROW + p + 1)).collect();
        Csr { rows, cols, vals }
    }
}

/// The first 30 entries and the last one: what GradBench compares.
fn ends<T: Copy + Into<Value>>(list: &[T]) -> Value {
    list.iter().take(30).chain(list.last()).copied().map(Into::into).collect::<Vec<Value>>().into()
}

struct Input {
    n: usize,
    m: usize,
    p: usize,
    camera: Vec<f64>,
    point: Vec<f64>,
    weight: f64,
    observed: Vec<f64>,
}

impl Input {
    fn read(input: &Value) -> Result<Input, String> {
        let fields = Fields::of(input)?;
        let count = |name| fields.count(name, 1..=1 << 24);
        Ok(Input {
            n: count("n")?,
            m: count("m")?,
            p: count("p")?,
            camera: fields.numbers("cam", &[CAMERA])?.data,
            point: fields.numbers("x", &[POINT])?.data,
            weight: fields.number("w")?,
            observed: fields.numbers("feat", &[2])?.data,
        })
    }

    /// Camera after camera and point after point take their turns.
    fn arrays(&self) -> Problem {
        let Input { n, m, p, .. } = *self;
        let all = |count: usize, x: f64| Array::from_vec(vec![x; count], [count]);
        let turns =
            |count: usize| index_array(&(0..p).map(|i| i % count).collect::<Vec<_>>(), &[p]);
        Problem {
            cameras: std::array::from_fn(|i| all(n, self.camera[i])),
            points: std::array::from_fn(|i| all(m, self.point[i])),
            weights: all(p, self.weight),
            observed: std::array::from_fn(|i| all(p, self.observed[i])),
            sees: turns(n),
            seen: turns(m),
        }
    }
}

fn summary(first: [f64; 2], weight: f64, p: usize) -> Value {
    json!({
        "reproj_error": { "elements": first, "repeated": p },
        "w_err": { "element": weight, "repeated": p },
    })
}

pub(crate) fn eval() -> Eval {
    let (residuals, nonzeros) = (jit(residuals), jit(nonzeros));
    Eval {
        primal: Function::new("objective", move |input| {
            let (f, input) = (residuals.clone(), Input::read(input)?);
            let problem = input.arrays();
            let first = |x: &Array| x.get(0).item::<f64>();
            ready(
                move || f(&problem),
                move |([a, b], w)| summary([first(a), first(b)], first(w), input.p),
            )
        }),
        derivative: Function::new("jacobian", move |input| {
            let (f, input) = (nonzeros.clone(), Input::read(input)?);
            let problem = input.arrays();
            ready(
                move || Csr::new(&input, f(&problem)),
                |Csr { rows, cols, vals }| {
                    let vals = ends(&vals.to_vec::<f64>());
                    json!({ "rows": ends(rows), "cols": ends(cols), "vals": vals })
                },
            )
        }),
        by_hand: Function::new("objective", |input| {
            let input = Input::read(input)?;
            let problem = by_hand::Problem::of(&input);
            ready(move || problem.residuals(), move |(e, w)| summary([e[0], e[1]], w[0], input.p))
        }),
        also_by_hand: vec![],
    }
}

#[cfg(test)]
mod tests;
