use super::transpose::every_way;

/// A matrix with the rows of its transposition `stride` apart, and where these begin.
fn check<E: Copy + PartialEq + std::fmt::Debug>(
    [m, n]: [usize; 2],
    stride: usize,
    number: impl Fn(usize) -> E,
) {
    let from: Vec<E> = (0..m * n).map(number).collect();
    let want = |r: usize, c: usize| from[c * n + r];
    for shift in [0, 1, 5] {
        every_way(&from, [m, n], stride, shift, |way, to| {
            for r in 0..n {
                for c in 0..m {
                    assert_eq!(
                        to[shift + r * stride + c],
                        want(r, c),
                        "{way}: {m} x {n} at {r}, {c}"
                    );
                }
            }
        });
    }
}

#[test]
fn every_kernel_transposes() {
    for m in [1usize, 7, 8, 9, 16, 31, 40, 100] {
        for n in [1, 8, 15, 16, 33, 64] {
            // Rows that begin on cache lines if one does, and others.
            for stride in [m.next_multiple_of(16), m, m + 3] {
                check([m, n], stride, |i| i as u32);
                check([m, n], stride, |i| i as u64);
                check([m, n], stride, |i| i as u16);
                check([m, n], stride, |i| i as u8);
            }
        }
    }
}
