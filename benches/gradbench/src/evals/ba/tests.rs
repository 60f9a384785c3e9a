//! What the summary that GradBench compares does not show: all rows, and that none of it is dense.

use super::*;

fn input(n: usize, m: usize, p: usize) -> Input {
    Input {
        n,
        m,
        p,
        camera: vec![-0.75, -1.1, -0.8, 0.3, 0.4, -4.0, 2.0, 0.1, -0.2, 0.08, 0.003],
        point: vec![0.7, 0.1, 0.3],
        weight: 0.4,
        observed: vec![0.2, -0.3],
    }
}

/// A problem whose cameras, points and weights all differ.
fn problem(input: &Input) -> Problem {
    let vary = |x: Array, by: f64| {
        let n = x.size();
        x + by * iota::<f64>(n)
    };
    let all = input.arrays();
    Problem {
        cameras: all.cameras.map(|x| vary(x, 0.01)),
        points: all.points.map(|x| vary(x, -0.02)),
        weights: vary(all.weights, 0.1),
        ..all
    }
}

/// All residuals as one vector: two an observation, then the weights'.
fn vector(problem: &Problem) -> Array {
    let ([a, b], w) = residuals(problem);
    concat([stack([a, b], 1).ravel(), w], 0)
}

#[test]
fn the_sparse_jacobian_is_the_dense_one() {
    let input = input(2, 3, 5);
    let problem = problem(&input);
    let Csr { rows, cols, vals } = Csr::new(&input, nonzeros(&problem));
    let vals = vals.to_vec::<f64>();
    let [rows, cols] =
        [rows, cols].map(|list| list.iter().map(|&i| i as usize).collect::<Vec<_>>());
    let width = CAMERA * input.n + POINT * input.m + input.p;
    let mut sparse = vec![0.0; 3 * input.p * width];
    for row in 0..3 * input.p {
        for at in rows[row]..rows[row + 1] {
            sparse[row * width + cols[at]] += vals[at];
        }
    }
    // By all variables at once, moved by the numbers of one vector: cameras, points, weights.
    let shifted = |shift: &Array| {
        let part = |from: usize, count: usize, step: usize| {
            let at: Vec<i64> = (0..count).map(|i| (from + i * step) as i64).collect();
            shift.get(at)
        };
        let (n, m, p) = (input.n, input.m, input.p);
        vector(&Problem {
            cameras: std::array::from_fn(|i| &problem.cameras[i] + part(i, n, CAMERA)),
            points: std::array::from_fn(|i| &problem.points[i] + part(CAMERA * n + i, m, POINT)),
            weights: &problem.weights + part(CAMERA * n + POINT * m, p, 1),
            observed: problem.observed.clone(),
            sees: problem.sees.clone(),
            seen: problem.seen.clone(),
        })
    };
    let dense = jacfwd(shifted)(&zeros::<f64>([width])).to_vec::<f64>();
    assert!(dense.iter().filter(|x| **x != 0.0).count() > 25 * input.p, "it is not all zero");
    for (i, (a, b)) in sparse.iter().zip(&dense).enumerate() {
        assert!((a - b).abs() < 1e-12, "row {}, column {}: {a}, not {b}", i / width, i % width);
    }
}

#[test]
fn no_array_of_the_program_grows_faster_than_the_observations() {
    let numbers = |p: usize| {
        let program = make_jaxpr(nonzeros)(&input(3, 7, p).arrays());
        program.types().iter().map(|t| t.numel()).max()
    };
    let (few, many) = (numbers(1_000).expect("it computes"), numbers(2_000).expect("it computes"));
    assert_eq!(few, 31 * 1_000, "the largest array is that of the nonzeros");
    assert_eq!(many, 2 * few);
}

#[test]
fn an_axis_of_length_zero_has_a_derivative() {
    let mut input = input(1, 1, 1);
    input.camera[..3].fill(0.0);
    let vals = nonzeros(&input.arrays()).to_vec::<f64>();
    assert!(vals.iter().all(|x| x.is_finite()), "{vals:?}");
    // y moves by r × x near r = 0, so the rotation does not leave the residuals alone.
    assert!(vals[..3].iter().any(|x| x.abs() > 1e-3), "{vals:?}");
}
