//! Tests of distributions against their cumulative functions and moments, with fixed seeds.

use super::*;
use crate::{Array, DType, Value};
use pullback_ir::scalar::RealScalar;

const N: usize = 20_000;

/// The largest distance between the empirical and the given distribution function; beyond 1.95/√n with
/// probability 0.001 (Kolmogorov).
fn distance(mut xs: Vec<f64>, cdf: impl Fn(f64) -> f64) -> f64 {
    xs.sort_by(f64::total_cmp);
    let n = xs.len() as f64;
    let gap = |(i, &x): (usize, &f64)| {
        let p = cdf(x);
        (p - i as f64 / n).abs().max((p - (i + 1) as f64 / n).abs())
    };
    xs.iter().enumerate().map(gap).fold(0.0, f64::max)
}

fn assert_distributed(x: &Array, cdf: impl Fn(f64) -> f64) {
    let xs = x.cast(DType::F64).to_vec::<f64>();
    let limit = 1.95 / (xs.len() as f64).sqrt();
    let d = distance(xs, cdf);
    assert!(d < limit, "{} is {d} away, more than {limit}", x.ty());
}

fn phi(x: f64) -> f64 {
    0.5 * RealScalar::erfc(-x / 2f64.sqrt())
}

#[test]
fn continuous_distributions() {
    for (seed, dtype) in [(1, DType::F32), (2, DType::F64)] {
        let key = |i: u64| Key::new(seed).fold_in(i);
        assert_distributed(&uniform_of(dtype, key(0), N), |x| x.clamp(0.0, 1.0));
        assert_distributed(&uniform_in_of(dtype, key(1), N, -3, 5), |x| (x + 3.0) / 8.0);
        assert_distributed(&normal_of(dtype, key(2), N), phi);
        assert_distributed(&exponential_of(dtype, key(3), N), |x| 1.0 - (-x).exp());
        assert_distributed(&gumbel_of(dtype, key(4), N), |x| (-(-x).exp()).exp());
        assert_distributed(&laplace_of(dtype, key(5), N), |x| {
            if x < 0.0 { 0.5 * x.exp() } else { 1.0 - 0.5 * (-x).exp() }
        });
        let (a, b) = (phi(-1.0), phi(2.5));
        let truncated = truncated_normal_of(dtype, key(6), N, -1.0, 2.5);
        assert_distributed(&truncated, |x| (phi(x) - a) / (b - a));
        assert!(
            truncated.cast(DType::F64).to_vec::<f64>().iter().all(|x| (-1.0..=2.5).contains(x))
        );
    }
    assert_distributed(&normal_with::<f64>(Key::new(3), N, 2.0, 0.5), |x| phi((x - 2.0) / 0.5));
    assert_distributed(&exponential_with::<f32>(Key::new(3), N, 4.0), |x| 1.0 - (-4.0 * x).exp());
}

#[test]
fn half_precision() {
    for dtype in [DType::F16, DType::BF16] {
        let x = normal_of(dtype, Key::new(1), N);
        assert_eq!(x.dtype(), dtype);
        let xs = x.cast(DType::F64).to_vec::<f64>();
        let mean = xs.iter().sum::<f64>() / N as f64;
        let variance = xs.iter().map(|x| x * x).sum::<f64>() / N as f64 - mean * mean;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
        let us = uniform_of(dtype, Key::new(2), N).cast(DType::F64).to_vec::<f64>();
        assert!(us.iter().all(|u| (0.0..1.0).contains(u)));
        assert!((us.iter().sum::<f64>() / N as f64 - 0.5).abs() < 0.02);
    }
}

/// Pearson's χ² of counts against probabilities, as standard deviations from its mean.
fn chi_squared(counts: &[usize], p: &[f64]) -> f64 {
    let n: usize = counts.iter().sum();
    let terms =
        counts.iter().zip(p).map(|(&c, p)| (c as f64 - n as f64 * p).powi(2) / (n as f64 * p));
    let k = counts.len() as f64 - 1.0;
    (terms.sum::<f64>() - k) / (2.0 * k).sqrt()
}

fn counts(x: &Array, n: usize) -> Vec<usize> {
    let mut counts = vec![0; n];
    for i in x.cast(DType::I32).to_vec::<i32>() {
        counts[i as usize] += 1;
    }
    counts
}

#[test]
fn discrete_distributions() {
    let p = [0.1, 0.2, 0.0, 0.3, 0.4];
    let fit = |x: &Array, p: &[f64]| {
        let counts = counts(x, p.len());
        let nonzero = |i: &usize| p[*i] > 0.0;
        assert!((0..p.len()).all(|i| p[i] > 0.0 || counts[i] == 0), "{counts:?}");
        let c: Vec<usize> = (0..p.len()).filter(nonzero).map(|i| counts[i]).collect();
        let q: Vec<f64> = p.iter().copied().filter(|p| *p > 0.0).collect();
        assert!(chi_squared(&c, &q).abs() < 4.0, "{counts:?}");
    };
    let probabilities = Array::from_value(Value::new(&[5][..], p.to_vec()));
    fit(&choice(Key::new(1), 5, N, true, Some(&probabilities)), &p);
    let logits = probabilities.log().broadcast_to([N, 5]);
    fit(&categorical(Key::new(2), &logits, 1), &p);
    fit(&categorical(Key::new(3), &logits.t(), 0), &p);
    fit(&choice(Key::new(4), 5, N, true, None), &[0.2; 5]);
    fit(&bernoulli(Key::new(5), 0.3, N), &[0.7, 0.3]);
    fit(&((rademacher::<f32>(Key::new(6), N) + 1.0) * 0.5), &[0.5, 0.5]);
    fit(&(randint::<i32>(Key::new(7), N, -3, 4) + 3), &[1.0 / 7.0; 7]);
    fit(&randint::<u8>(Key::new(8), N, 0, 256), &[1.0 / 256.0; 256]);
    fit(
        &(randint::<i64>(Key::new(9), N, 5_000_000_000i64, 5_000_000_004i64) - 5_000_000_000i64),
        &[0.25; 4],
    );
    // Bounds that are arrays: 0..1, 0..2, 0..4.
    let hi = Array::from_value(Value::new(&[3][..], vec![1i32, 2, 4]));
    let x = randint::<i32>(Key::new(10), [N, 3], 0, &hi).to_vec::<i32>();
    for (column, n) in [1, 2, 4].into_iter().enumerate() {
        let column: Vec<i32> = x.iter().copied().skip(column).step_by(3).collect();
        let column = Array::from_value(Value::new(&[N][..], column));
        if n > 1 {
            fit(&column, &vec![1.0 / f64::from(n); n as usize]);
        } else {
            assert_eq!(counts(&column, 1), [N]);
        }
    }
}

#[test]
fn probability_zero_and_one() {
    assert!(bernoulli(Key::new(1), 1.0, 1000).to_vec::<bool>().iter().all(|&b| b));
    assert!(bernoulli(Key::new(1), 0.0, 1000).to_vec::<bool>().iter().all(|&b| !b));
    let p = Array::from_value(Value::new(&[2][..], vec![0.0f32, 1.0]));
    let b = bernoulli(Key::new(2), &p, [100, 2]).to_vec::<bool>();
    assert!(b.chunks(2).all(|pair| pair == [false, true]));
}

#[test]
fn whole_ranges_of_integers() {
    let x = randint::<i64>(Key::new(1), N, i64::MIN, 1i64 << 62);
    assert!(x.to_vec::<i64>().iter().all(|&x| x < 1 << 62));
    let all = randint::<u64>(Key::new(1), 4, 0, u64::MAX);
    let bits = bits::<u64>(Key::new(1), 4).to_vec::<u64>();
    // ⌊b · (2⁶⁴ − 1) / 2⁶⁴⌋
    let want: Vec<u64> =
        bits.iter().map(|&b| ((u128::from(b) * u128::from(u64::MAX)) >> 64) as u64).collect();
    assert_eq!(all.to_vec::<u64>(), want);
    let n = 0x1234_5678_9abc_def1u64;
    let want: Vec<u64> =
        bits.iter().map(|&b| ((u128::from(b) * u128::from(n)) >> 64) as u64).collect();
    assert_eq!(randint::<u64>(Key::new(1), 4, 0, n).to_vec::<u64>(), want);
    let want: Vec<i32> = bits
        .iter()
        .map(|&b| (((u128::from(b) * (1 << 32)) >> 64) as i64 + i64::from(i32::MIN)) as i32)
        .collect();
    assert_eq!(randint::<i32>(Key::new(1), 4, i32::MIN, 1i64 << 31).to_vec::<i32>(), want);
    let n = Array::from_value(Value::scalar(n));
    assert_eq!(
        randint::<u64>(Key::new(1), 4, 0, &n).to_vec::<u64>(),
        randint::<u64>(Key::new(1), 4, 0, 0x1234_5678_9abc_def1u64).to_vec::<u64>()
    );
    let empty = randint::<i32>(Key::new(1), 4, &Array::from_value(Value::scalar(3i32)), 2);
    assert_eq!(empty.to_vec::<i32>(), [3; 4]);
}

#[test]
fn orders() {
    let mut p = permutation(Key::new(1), 1000).to_vec::<i32>();
    assert_ne!(p[..10], (0..10).collect::<Vec<_>>());
    p.sort_unstable();
    assert_eq!(p, (0..1000).collect::<Vec<_>>());
    // All six orders of three.
    let mut seen = [0usize; 6];
    for i in 0..3000 {
        let p = permutation(Key::new(2).fold_in(i), 3).to_vec::<i32>();
        seen[(p[0] * 2 + i32::from(p[1] > p[2])) as usize] += 1;
    }
    assert!(chi_squared(&seen, &[1.0 / 6.0; 6]).abs() < 4.0, "{seen:?}");
    let rows = Array::from_value(Value::new(&[4, 2][..], vec![0, 10, 1, 11, 2, 12, 3, 13]));
    let s = shuffle(Key::new(3), &rows).to_vec::<i32>();
    let order = permutation(Key::new(3), 4).to_vec::<i32>();
    let want: Vec<i32> = order.iter().flat_map(|&i| [i, i + 10]).collect();
    assert_eq!(s, want);
    assert_eq!(
        shuffle(Key::new(3), &Array::from_value(Value::new(&[0][..], Vec::<f32>::new()))).size(),
        0
    );
}

#[test]
fn choices_without_replacement() {
    let p = Array::from_value(Value::new(&[4][..], vec![0.5, 0.25, 0.25, 0.0]));
    let mut first = [0usize; 3];
    for i in 0..3000 {
        let c = choice(Key::new(2).fold_in(i), 4, 3, false, Some(&p)).to_vec::<i32>();
        first[c[0] as usize] += 1;
        let mut sorted = c.clone();
        sorted.sort_unstable();
        assert_eq!(sorted, [0, 1, 2]);
    }
    assert!(chi_squared(&first, &[0.5, 0.25, 0.25]).abs() < 4.0, "{first:?}");
    let rows = Array::from_value(Value::new(&[3, 2][..], vec![0f32, 1.0, 2.0, 3.0, 4.0, 5.0]));
    let picked = choice(Key::new(1), &rows, [2, 1], false, None);
    assert_eq!(picked.shape(), [2, 1, 2]);
    let row = picked.to_vec::<f32>();
    assert_eq!((row[1] - row[0], row[3] - row[2]), (1.0, 1.0));
    assert_ne!(row[0], row[2]);
    let none = Array::from_value(Value::new(&[0, 2][..], Vec::<f64>::new()));
    let no_p = Array::from_value(Value::new(&[0][..], Vec::<f64>::new()));
    for replace in [false, true] {
        assert_eq!(choice(Key::new(1), &none, 0, replace, None).shape(), [0, 2]);
        assert_eq!(choice(Key::new(1), 0, [0, 3], replace, Some(&no_p)).shape(), [0, 3]);
    }
}
