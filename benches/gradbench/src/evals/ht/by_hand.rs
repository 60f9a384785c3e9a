//! The residuals of ht as ADBench has them: loops over bones, vertices and points.

use super::joint;
use super::read::Input;

type Matrix = [[f64; 4]; 4];

const IDENTITY: Matrix =
    [[1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0], [0.0, 0.0, 0.0, 1.0]];

fn matrix(numbers: &[f64]) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| numbers[4 * i + j]))
}

fn product(a: &Matrix, b: &Matrix) -> Matrix {
    std::array::from_fn(|i| std::array::from_fn(|j| (0..4).map(|k| a[i][k] * b[k][j]).sum()))
}

/// About x, then about z.
fn rotation(x: f64, z: f64) -> Matrix {
    let ((sx, cx), (sz, cz)) = (x.sin_cos(), z.sin_cos());
    [
        [cz, -sz * cx, sz * sx, 0.0],
        [sz, cz * cx, -cz * sx, 0.0],
        [0.0, sx, cx, 0.0],
        [0.0, 0.0, 0.0, 1.0],
    ]
}

fn axis_angle(v: [f64; 3]) -> [[f64; 3]; 3] {
    let angle = v.iter().map(|x| x * x).sum::<f64>().sqrt();
    if angle < 1e-4 {
        return [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    }
    let [x, y, z] = v.map(|x| x / angle);
    let (s, c) = angle.sin_cos();
    let r = 1.0 - c;
    [
        [x * x * r + c, x * y * r - z * s, x * z * r + y * s],
        [x * y * r + z * s, y * y * r + c, y * z * r - x * s],
        [x * z * r - y * s, y * z * r + x * s, z * z * r + c],
    ]
}

/// Residuals, three a point.
pub(super) fn residuals(input: &Input) -> Vec<f64> {
    let theta = &input.theta;
    let bones = input.parents.len();
    let mut turns = vec![IDENTITY; bones];
    for finger in 0..5 {
        for j in 0..3 {
            let (bone, x, z) = joint(finger, j);
            turns[bone] = rotation(theta[x], z.map_or(0.0, |z| theta[z]));
        }
    }
    let (mut absolutes, mut transforms) = (vec![IDENTITY; bones], vec![IDENTITY; bones]);
    for bone in 0..bones {
        let relative = product(&matrix(input.base_relatives.row(bone)), &turns[bone]);
        absolutes[bone] = match input.parents[bone] {
            Some(parent) => product(&absolutes[parent], &relative),
            None => relative,
        };
        let inverse = matrix(input.inverse_base_absolutes.row(bone));
        transforms[bone] = product(&absolutes[bone], &inverse);
    }
    let global = axis_angle([theta[0], theta[1], theta[2]]);
    let mut vertices = vec![[0.0; 3]; input.base_positions.shape[0]];
    for (v, vertex) in vertices.iter_mut().enumerate() {
        let base = input.base_positions.row(v);
        let mut skinned = [0.0; 3];
        for (w, transform) in input.weights.row(v).iter().zip(&transforms) {
            for (s, row) in skinned.iter_mut().zip(transform) {
                *s += w * row.iter().zip(base).map(|(a, b)| a * b).sum::<f64>();
            }
        }
        if input.is_mirrored {
            skinned[0] = -skinned[0];
        }
        for (i, x) in vertex.iter_mut().enumerate() {
            *x = theta[3 + i] + (0..3).map(|j| global[i][j] * skinned[j]).sum::<f64>();
        }
    }
    let mut residuals = Vec::with_capacity(3 * input.us.shape[0]);
    for (i, corners) in input.corners.chunks_exact(3).enumerate() {
        let [u, v] = [input.us.row(i)[0], input.us.row(i)[1]];
        let [a, b, c] = [0, 1, 2].map(|k| vertices[corners[k]]);
        for k in 0..3 {
            let surface = u * a[k] + v * b[k] + (1.0 - u - v) * c[k];
            residuals.push(input.points.row(i)[k] - surface);
        }
    }
    residuals
}
