//! det: the determinant by recursive minors, and its gradient.
//!
//! ```text
//! det A = Σ_j (−1)ʲ a₀ⱼ · det(A without row 0 and column j)
//! ```
//!
//! The recursion visits n! minors, but only 2ⁿ of them differ: a minor of the last r rows is given by its r
//! columns. The program computes each once, a level of the recursion at a time. GradBench's primal is the
//! plain recursion, so that is the loop by hand whose ratio can be compared with published ones; what
//! the derivative itself costs shows beside a loop that computes each minor once too, `det_shared` in
//! the report.
//!
//! Source: GradBench, `evals/det` (MIT).

use crate::eval::{Eval, Function, ready};
use crate::input::{Fields, Numbers, index_array, lists};
use pullback::prelude::*;
use serde_json::Value;

/// One level: of each minor with r columns, the columns, and the minors without each of them.
struct Level {
    columns: Vec<usize>,
    without: Vec<usize>,
    count: usize,
}

impl Level {
    /// The sets of `r` out of `n` columns, as bits, in ascending order.
    fn sets(n: usize, r: usize) -> Vec<usize> {
        (0..1usize << n).filter(|set| set.count_ones() as usize == r).collect()
    }

    fn of(n: usize, r: usize) -> Level {
        let (sets, smaller) = (Level::sets(n, r), Level::sets(n, r - 1));
        let (mut columns, mut without) = (vec![], vec![]);
        for set in &sets {
            for column in (0..n).filter(|column| set >> column & 1 == 1) {
                columns.push(column);
                let rest = smaller.binary_search(&(set ^ 1 << column));
                without.push(rest.expect("a set without an element is one of the smaller sets"));
            }
        }
        Level { columns, without, count: sets.len() }
    }
}

fn determinant(a: &Array) -> Array {
    let n = a.shape()[0];
    let mut minors = a.get(n - 1);
    for r in 2..=n {
        let Level { columns, without, count } = Level::of(n, r);
        let [columns, without] = [columns, without].map(|i| index_array(&i, &[count, r]));
        let signs = Array::from_fn([r], |j| if j[0] % 2 == 0 { 1.0 } else { -1.0 });
        minors = (a.get(n - r).get(columns) * minors.get(without) * signs).sum_over(1);
    }
    minors.squeeze(0)
}

/// The determinant of the columns in `set`, as bits, and as many last rows.
fn by_hand(a: &[f64], n: usize, set: usize) -> f64 {
    if set == 0 {
        return 1.0;
    }
    expand(a, n, set, |smaller| by_hand(a, n, smaller))
}

/// As [`by_hand`] of all columns, each minor once.
fn shared_by_hand(a: &[f64], n: usize) -> f64 {
    // By set of columns; a set comes after those with a column less.
    let mut minors = vec![1.0; 1 << n];
    for set in 1..1usize << n {
        minors[set] = expand(a, n, set, |smaller| minors[smaller]);
    }
    minors[(1 << n) - 1]
}

/// The expansion of a minor along its first row.
#[inline(always)]
fn expand(a: &[f64], n: usize, set: usize, minor: impl Fn(usize) -> f64) -> f64 {
    let row = n - set.count_ones() as usize;
    let (mut rest, mut sign, mut sum) = (set, 1.0, 0.0);
    while rest != 0 {
        let column = rest.trailing_zeros() as usize;
        sum += sign * a[row * n + column] * minor(set ^ 1 << column);
        sign = -sign;
        rest &= rest - 1;
    }
    sum
}

fn read(input: &Value) -> Result<(Numbers, usize), String> {
    let fields = Fields::of(input)?;
    let n = fields.count("ell", 1..=20)?;
    Ok((fields.numbers("A", &[n * n])?, n))
}

pub(crate) fn eval() -> Eval {
    let (primal, gradient) = (jit(determinant), jit(grad(determinant)));
    Eval {
        primal: Function::new("primal", move |input| {
            let (f, (a, n)) = (primal.clone(), read(input)?);
            let a = a.array().reshape([n, n]);
            ready(move || f(&a), lists)
        }),
        derivative: Function::new("gradient", move |input| {
            let (f, (a, n)) = (gradient.clone(), read(input)?);
            let a = a.array().reshape([n, n]);
            ready(move || f(&a), |gradient| lists(&gradient.ravel()))
        }),
        by_hand: Function::new("primal", |input| {
            let (a, n) = read(input)?;
            ready(move || by_hand(&a.data, n, (1 << n) - 1), |&y| y.into())
        }),
        also_by_hand: vec![Function::new("det_shared", |input| {
            let (a, n) = read(input)?;
            ready(move || shared_by_hand(&a.data, n), |&y| y.into())
        })],
    }
}
