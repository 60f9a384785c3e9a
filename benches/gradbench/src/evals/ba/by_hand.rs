//! The residuals of ba as ADBench has them: a loop over observations.

use super::{CAMERA, Input, POINT};

/// Cameras, points and weights, one behind the other.
pub(super) struct Problem {
    n: usize,
    m: usize,
    cameras: Vec<f64>,
    points: Vec<f64>,
    weights: Vec<f64>,
    observed: Vec<f64>,
}

impl Problem {
    pub(super) fn of(input: &Input) -> Problem {
        let &Input { n, m, p, weight, .. } = input;
        Problem {
            n,
            m,
            cameras: input.camera.repeat(n),
            points: input.point.repeat(m),
            weights: vec![weight; p],
            observed: input.observed.repeat(p),
        }
    }

    /// Two residuals an observation, and one a weight.
    pub(super) fn residuals(&self) -> (Vec<f64>, Vec<f64>) {
        let p = self.weights.len();
        let mut errors = Vec::with_capacity(2 * p);
        for i in 0..p {
            let camera = &self.cameras[CAMERA * (i % self.n)..][..CAMERA];
            let point = &self.points[POINT * (i % self.m)..][..POINT];
            let seen = project(camera, point);
            errors.extend([0, 1].map(|j| self.weights[i] * (seen[j] - self.observed[2 * i + j])));
        }
        (errors, self.weights.iter().map(|w| 1.0 - w * w).collect())
    }
}

/// Where a camera sees a point.
fn project(camera: &[f64], point: &[f64]) -> [f64; 2] {
    let x = [0, 1, 2].map(|i| point[i] - camera[3 + i]);
    let y = rotate(&camera[..3], x);
    let z = [y[0] / y[2], y[1] / y[2]];
    let s = z[0] * z[0] + z[1] * z[1];
    let scale = camera[6] * (1.0 + camera[9] * s + camera[10] * s * s);
    [z[0] * scale + camera[7], z[1] * scale + camera[8]]
}

fn rotate(axis: &[f64], x: [f64; 3]) -> [f64; 3] {
    let square = axis[0] * axis[0] + axis[1] * axis[1] + axis[2] * axis[2];
    if square == 0.0 {
        let turned = cross(axis, x);
        return [0, 1, 2].map(|i| x[i] + turned[i]);
    }
    let angle = square.sqrt();
    let (sin, cos) = angle.sin_cos();
    let unit = [0, 1, 2].map(|i| axis[i] / angle);
    let turned = cross(&unit, x);
    let along = (unit[0] * x[0] + unit[1] * x[1] + unit[2] * x[2]) * (1.0 - cos);
    [0, 1, 2].map(|i| x[i] * cos + turned[i] * sin + unit[i] * along)
}

fn cross(a: &[f64], b: [f64; 3]) -> [f64; 3] {
    [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]]
}
