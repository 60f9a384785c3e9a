use super::row::{Ops, row};
use super::sums;
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
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let (forward, mut backward) =
                pool.install(|| (scanned(&from, false), scanned(&mirrored, true)));
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
