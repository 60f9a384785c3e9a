//! Products in every way, layout and dtype against sums that are exact.

use super::{Matrix, Number, Product, Way, product_by};
use crate::pools::with_threads;
use pullback_ir::half::{bf16, f16};
use pullback_ir::scalar::NumScalar;
use std::fmt::Debug;
use std::sync::Mutex;

/// The ways that this processor has.
fn ways() -> Vec<Way> {
    let mut ways = vec![Way::Portable];
    #[cfg(target_arch = "x86_64")]
    {
        use super::native::Isa;
        match Isa::best() {
            Some(Isa::Avx512) => ways.extend([Isa::Avx2, Isa::Avx512].map(Way::Native)),
            Some(Isa::Avx2) => ways.push(Way::Native(Isa::Avx2)),
            None => {}
        }
    }
    ways
}

#[derive(Clone, Copy, Debug)]
enum Layout {
    Rows,
    Cols,
    /// Both strides larger than one; the rows are far from each other.
    Apart,
    /// Every row is the same.
    Repeated,
}

const LAYOUTS: [Layout; 4] = [Layout::Rows, Layout::Cols, Layout::Apart, Layout::Repeated];

/// Numbers whose products and sums are exact in every dtype here.
trait Exact: Number<Acc: PartialEq + Debug> {
    fn small(i: i64) -> Self;
    fn sum(i: i64) -> Self::Acc;
    /// What lies between the elements and must not be read as one.
    fn poison() -> Self;
}

macro_rules! exact {
    ($($t:ty: $small:expr, $sum:expr, $poison:expr, $low:literal;)*) => {$(
        impl Exact for $t {
            fn small(i: i64) -> $t {
                $small(i.rem_euclid(7) + $low)
            }
            fn sum(i: i64) -> <$t as NumScalar>::Acc {
                $sum(i)
            }
            fn poison() -> $t {
                $poison
            }
        }
    )*};
}
exact! {
    f32: |i| i as f32, |i| i as f32, f32::NAN, -3;
    f64: |i| i as f64, |i| i as f64, f64::NAN, -3;
    f16: |i| f16::from_f64(i as f64), |i| i as f32, f16::NAN, -3;
    bf16: |i| bf16::from_f64(i as f64), |i| i as f32, bf16::NAN, -3;
    i8: |i| i as i8, |i| i as i8, 99, -3;
    u8: |i| i as u8, |i| i as u8, 99, 0;
    i32: |i| i as i32, |i| i as i32, 99, -3;
    u32: |i| i as u32, |i| i as u32, 99, 0;
    i64: |i| i, |i| i, 99, -3;
    u64: |i| i as u64, |i| i as u64, 99, 0;
}

struct Operand<E> {
    buffer: Vec<E>,
    row: usize,
    col: usize,
}

impl<E: Number> Operand<E> {
    fn new(
        rows: usize,
        cols: usize,
        layout: Layout,
        poison: E,
        value: impl Fn(usize) -> E,
    ) -> Self {
        let (row, col) = match layout {
            Layout::Rows => (cols, 1),
            Layout::Cols => (1, rows),
            Layout::Apart => (2 * cols + 1003, 2),
            Layout::Repeated => (0, 1),
        };
        // Nothing behind the last element, so that a tool that watches memory sees reads beyond it.
        let n = rows.saturating_sub(1) * row + cols.saturating_sub(1) * col + 1;
        let mut buffer = vec![poison; n];
        for i in 0..rows {
            for j in 0..cols {
                buffer[i * row + j * col] = value(i * row + j * col);
            }
        }
        Operand { buffer, row, col }
    }

    fn matrix(&self) -> Matrix<E> {
        Matrix { at: self.buffer.as_ptr(), row: self.row as isize, col: self.col as isize }
    }
}

fn check<E: Exact>(way: Way, sizes: [usize; 3], x_layout: Layout, y_layout: Layout) {
    let [m, k, n] = sizes;
    let number = |i: usize| (i as i64).wrapping_mul(0x9e37_79b9) >> 7;
    let value = |seed: usize| move |i: usize| E::small(number(i + seed));
    let x = Operand::new(m, k, x_layout, E::poison(), value(1));
    let y = Operand::new(k, n, y_layout, E::poison(), value(1_000_003));
    let low = |i: usize| {
        // The integer behind `E::small`, whose lowest is −3 or 0.
        let lowest = if E::small(0) == E::ZERO { 0 } else { -3 };
        number(i).rem_euclid(7) + lowest
    };
    // Rows of the result are further apart than they are long; what is between must stay.
    let (out_row, guard) = if n == 1 { (1, E::sum(77)) } else { (n + 3, E::sum(77)) };
    let mut out = vec![guard; m * out_row + 5];
    let p = Product { sizes, x: x.matrix(), y: y.matrix(), out: out.as_mut_ptr(), out_row };
    let what = format!("{way:?} {sizes:?} {x_layout:?} {y_layout:?}");
    let seen = Mutex::new(vec![0u8; m * n]);
    let done = |rows: std::ops::Range<usize>, cols: std::ops::Range<usize>| {
        let mut seen = seen.lock().unwrap();
        rows.for_each(|i| cols.clone().for_each(|j| seen[i * n + j] += 1));
    };
    // SAFETY: the operands are within their buffers, the result has room and is by itself.
    unsafe { product_by(way, &p, true, Some(&done)) };
    assert!(seen.lock().unwrap().iter().all(|&times| times == 1), "{what}: parts that are done");
    for i in 0..m {
        for j in 0..n {
            let term =
                |l: usize| low(i * x.row + l * x.col + 1) * low(l * y.row + j * y.col + 1_000_003);
            let want = E::sum((0..k).map(term).sum());
            assert_eq!(out[i * out_row + j], want, "{what} at {i}, {j}");
        }
        if n > 1 {
            assert!(out[i * out_row + n..][..3].iter().all(|&e| e == guard), "{what}: row {i}");
        }
    }
    assert!(out[m * out_row..].iter().all(|&e| e == guard), "{what}: beyond the result");
}

#[test]
fn around_the_sizes_of_tiles() {
    for way in ways() {
        for m in [1, 2, 5, 6, 7, 13, 14, 15, 29] {
            for n in [1, 2, 3, 4, 8, 9, 15, 16, 17, 31, 32, 33, 65] {
                for k in [0, 1, 2, 7, 8, 33] {
                    check::<f32>(way, [m, k, n], Layout::Rows, Layout::Rows);
                    check::<f64>(way, [m, k, n], Layout::Rows, Layout::Rows);
                }
            }
        }
        check::<f32>(way, [0, 3, 4], Layout::Rows, Layout::Rows);
        check::<f32>(way, [3, 4, 0], Layout::Rows, Layout::Rows);
    }
}

#[test]
fn layouts() {
    for way in ways() {
        for x in LAYOUTS {
            for y in LAYOUTS {
                for sizes in [[3, 5, 7], [17, 21, 43], [20, 259, 37], [1, 67, 45], [45, 67, 1]] {
                    check::<f32>(way, sizes, x, y);
                    check::<f64>(way, sizes, x, y);
                    check::<bf16>(way, sizes, x, y);
                    check::<f16>(way, sizes, x, y);
                }
            }
        }
    }
}

#[test]
fn around_the_sizes_of_blocks() {
    for way in ways() {
        for sizes in [[15, 255, 33], [15, 256, 33], [15, 257, 33], [15, 513, 33], [40, 300, 100]] {
            for y in [Layout::Rows, Layout::Cols] {
                check::<f32>(way, sizes, Layout::Apart, y);
                check::<f64>(way, sizes, Layout::Cols, y);
            }
        }
        for k in [511, 512, 513, 1026] {
            check::<bf16>(way, [15, k, 33], Layout::Rows, Layout::Rows);
            check::<bf16>(way, [29, k, 40], Layout::Cols, Layout::Cols);
        }
        for n in [256, 257, 289, 513] {
            check::<f32>(way, [30, 5, n], Layout::Apart, Layout::Cols);
        }
        // More rows than a block has, for each kind of tile.
        for m in [128 * 6 + 1, 128 * 14 + 1] {
            check::<f32>(way, [m, 10, 33], Layout::Apart, Layout::Cols);
        }
    }
}

#[test]
fn integers() {
    for x in LAYOUTS {
        for y in LAYOUTS {
            for sizes in [[5, 9, 33], [1, 40, 7], [7, 40, 1]] {
                check::<i8>(Way::best(), [3, 4, 5], x, y);
                check::<u8>(Way::best(), [3, 4, 1], x, y);
                check::<i32>(Way::best(), sizes, x, y);
                check::<u32>(Way::best(), sizes, x, y);
                check::<i64>(Way::best(), sizes, x, y);
                check::<u64>(Way::best(), sizes, x, y);
            }
        }
    }
}

/// The product of random numbers, row-major.
fn random<E: Number>(
    way: Way,
    sizes: [usize; 3],
    layout: Layout,
    number: impl Fn(f64) -> E,
) -> Vec<E::Acc> {
    let [m, k, n] = sizes;
    let value = |i: usize| number((i as f64 * 12.9898).sin() * 43758.5453 % 1.0);
    let x = Operand::new(m, k, layout, E::ZERO, value);
    let y = Operand::new(k, n, layout, E::ZERO, |i| value(i + 77));
    let mut out = vec![E::Acc::ZERO; m * n];
    let p = Product { sizes, x: x.matrix(), y: y.matrix(), out: out.as_mut_ptr(), out_row: n };
    // SAFETY: the operands are within their buffers, the result has room and is by itself.
    unsafe { product_by(way, &p, true, None) };
    out
}

#[test]
fn bits_do_not_depend_on_threads_or_vectors() {
    let sizes = [[150, 70, 170], [64, 300, 70], [1, 700, 900], [900, 700, 1]];
    for sizes in sizes {
        for layout in [Layout::Rows, Layout::Cols] {
            let mut native: Option<Vec<f32>> = None;
            for way in ways() {
                let [one, others @ ..] = [1, 2, 3, 8].map(|n| {
                    with_threads(n, || {
                        (
                            random(way, sizes, layout, |e| e as f32),
                            random(way, sizes, layout, |e| e),
                            random(way, sizes, layout, bf16::from_f64),
                        )
                    })
                    .unwrap()
                });
                assert!(others.iter().all(|other| *other == one), "{way:?} {sizes:?} {layout:?}");
                // Products with a vector are summed by lanes.
                if way != Way::Portable && sizes[0] > 1 && sizes[2] > 1 {
                    let first = native.get_or_insert_with(|| one.0.clone());
                    assert!(*first == one.0, "{way:?} differs, {sizes:?} {layout:?}");
                }
            }
        }
    }
}

#[test]
fn infinities_and_nans_stay_in_their_rows_and_columns() {
    for way in ways() {
        let sizes @ [m, k, n] = [29, 40, 45];
        let mut x = Operand::new(m, k, Layout::Rows, 0.0, |_| 1.0f32);
        let mut y = Operand::new(k, n, Layout::Rows, 0.0, |_| 1.0f32);
        x.buffer[3 * k + 5] = f32::INFINITY;
        y.buffer[5 * n + 7] = 0.0;
        x.buffer[28 * k + 39] = f32::NAN;
        y.buffer[2 * n + 44] = f32::NEG_INFINITY;
        let mut out = vec![0.0; m * n];
        let p = Product { sizes, x: x.matrix(), y: y.matrix(), out: out.as_mut_ptr(), out_row: n };
        // SAFETY: the operands are within their buffers, the result has room and is by itself.
        unsafe { product_by(way, &p, false, None) };
        for i in 0..m {
            for j in 0..n {
                let e = out[i * n + j];
                match (i, j) {
                    (28, _) | (3, 7 | 44) => assert!(e.is_nan(), "{way:?} {i} {j}: {e}"),
                    (3, _) => assert_eq!(e, f32::INFINITY, "{way:?} {i} {j}"),
                    (_, 44) => assert_eq!(e, f32::NEG_INFINITY, "{way:?} {i} {j}"),
                    (_, 7) => assert_eq!(e, 39.0, "{way:?} {i} {j}"),
                    _ => assert_eq!(e, 40.0, "{way:?} {i} {j}"),
                }
            }
        }
    }
}
