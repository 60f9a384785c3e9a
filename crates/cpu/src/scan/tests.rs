use super::arg_reduce;
use super::row::{Ops, row};
use super::sums;
use crate::pools::with_threads;
use pullback_ir::prim::arg_reduce::ArgReduce;
use pullback_ir::{DType, Shape, Type, Value};
use std::mem::MaybeUninit;

/// Numbers whose sums round.
fn numbers(n: usize) -> Vec<f32> {
    (0..n).map(|i| ((i * 7919 % 10_007) as f32 - 5000.0) / 977.0).collect()
}

fn scanned(from: &[f32], reverse: bool) -> Vec<f32> {
    let mut to = vec![MaybeUninit::uninit(); from.len()];
    let fold = Ops(0.0f32, |x: f32| x, |a: f32, b: f32| a + b, |a: f32| a);
    row(from, &mut to, reverse, fold, sums::block);
    // SAFETY: `row` writes all.
    to.into_iter().map(|x| unsafe { x.assume_init() }).collect()
}

#[test]
fn rows_have_the_same_bits_on_any_number_of_threads_and_from_either_end() {
    for n in [0, 1, 15, 16, 17, 16_384, 16_385, 131_072, 200_003, 2_200_001] {
        let from = numbers(n);
        let mirrored: Vec<f32> = from.iter().rev().copied().collect();
        let mut first: Option<Vec<f32>> = None;
        for threads in [1, 2, 3, 8] {
            let (forward, mut backward) =
                with_threads(threads, || (scanned(&from, false), scanned(&mirrored, true)))
                    .unwrap();
            backward.reverse();
            assert!(forward == backward, "{n} elements, {threads} threads: directions differ");
            let want = first.get_or_insert_with(|| forward.clone());
            assert!(forward == *want, "{n} elements, {threads} threads");
        }
        let mut sum = 0.0;
        for (i, (&x, got)) in from.iter().zip(first.unwrap_or_default()).enumerate() {
            sum += f64::from(x);
            assert!((f64::from(got) - sum).abs() < 0.01, "{n} elements, element {i}");
        }
    }
}

#[test]
fn vector_instructions_give_the_bits_of_the_definition() {
    for n in [0, 1, 15, 16, 17, 31, 32, 1000] {
        let mut from = numbers(n);
        // Negative zeros, infinities and NaN go the same ways.
        from.iter_mut().step_by(7).for_each(|x| *x = -0.0);
        for special in [0.5, f32::INFINITY, f32::NAN] {
            from.iter_mut().skip(n / 2).take(1).for_each(|x| *x = special);
            for reverse in [false, true] {
                let run = |block: fn(&[f32], Option<&mut [MaybeUninit<f32>]>, f32, bool) -> f32| {
                    let mut to = vec![MaybeUninit::new(1.0); n];
                    let sum = block(&from, Some(&mut to), 0.25, reverse);
                    assert_eq!(sum.to_bits(), block(&from, None, 0.25, reverse).to_bits());
                    // SAFETY: the vector was made of numbers.
                    to.into_iter().map(|x| unsafe { x.assume_init() }.to_bits()).collect::<Vec<_>>()
                };
                assert!(
                    run(sums::block) == run(sums::portable),
                    "{n} elements, reverse: {reverse}"
                );
            }
        }
    }
}

/// By the definition: the first NaN, else the first of the best.
fn position(x: impl Iterator<Item = f64> + Clone, max: bool) -> u64 {
    let better = |x: f64, best: f64| if max { x > best } else { x < best };
    let mut best = (0, x.clone().next().unwrap());
    for (i, x) in x.enumerate() {
        if !best.1.is_nan() && (x.is_nan() || better(x, best.1)) {
            best = (i, x);
        }
    }
    best.0 as u64
}

#[test]
fn positions_of_extrema_are_those_of_the_definition() {
    for n in [1, 2, 63, 64, 65, 1000, 4095, 4097, 70_001] {
        for special in [0.0, -0.0, f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            // Small integers, which all dtypes have, and many of which are equal.
            let mut x: Vec<f64> = (0..n).map(|i| (i * 7919 % 101) as f64 - 50.0).collect();
            for k in [n / 3, n / 2, n - 1] {
                x[k] = special;
            }
            for dtype in DType::ALL {
                if dtype == DType::Bool || !dtype.is_float() && !special.is_finite() {
                    continue;
                }
                for (max, shape) in
                    [(true, [1, n]), (false, [1, n]), (true, [n, 1]), (false, [n, 1])]
                {
                    let values = Value::new(Shape::from_slice(&shape), x.clone()).converted(dtype);
                    let axis = usize::from(shape[0] == 1);
                    let prim = ArgReduce { axis, max, index_dtype: DType::I64 };
                    let out = Type::new(DType::I64, [1].as_slice());
                    let got = arg_reduce(&prim, &values, &out).slice::<i64>()[0] as u64;
                    // As the dtype has them.
                    let seen = values.converted(DType::F64);
                    let want = position(seen.slice::<f64>().iter().copied(), max);
                    assert_eq!(got, want, "{dtype} {shape:?}, {special}, max: {max}");
                }
            }
        }
    }
}

#[test]
fn positions_in_columns_are_those_of_the_definition() {
    let (n, columns) = (37, 70);
    let x: Vec<f32> = (0..n * columns)
        .map(|i| match i % 211 {
            5 => f32::NAN,
            k if k % 3 == 0 => -0.0,
            k if k % 5 == 0 => 0.0,
            k => (k * 31 % 17) as f32 - 20.0,
        })
        .collect();
    let values = Value::new(Shape::from_slice(&[n, columns]), x.clone());
    for max in [true, false] {
        let prim = ArgReduce { axis: 0, max, index_dtype: DType::I64 };
        let got = arg_reduce(&prim, &values, &Type::new(DType::I64, [columns].as_slice()));
        for (c, &got) in got.slice::<i64>().iter().enumerate() {
            let column = x[c..].iter().step_by(columns).map(|&x| f64::from(x));
            assert_eq!(got as u64, position(column, max), "column {c}, max: {max}");
        }
    }
}
