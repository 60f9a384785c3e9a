use super::chacha::{Lanes, fill};
use super::permutation::permutation;
use pullback_ir::scalar::random::{self, KeyWords, Stream};
use std::mem::MaybeUninit;

const KEY: KeyWords = [1, 2, 3, 4, 5, 6, 7, u32::MAX];

fn drawn(lanes: Lanes, start: u128, n: usize) -> Vec<u8> {
    let mut out = vec![MaybeUninit::new(0xaa); n];
    fill(lanes, &KEY, Stream::Draw, start, &mut out);
    // SAFETY: the vector was made of bytes.
    out.into_iter().map(|b| unsafe { b.assume_init() }).collect()
}

#[test]
fn vectors_give_the_bytes_of_the_definition() {
    for start in [0u64, 1, 4, 63, 64, 100, 1000, 4096, (1 << 38) - 700, u64::MAX - 5000] {
        for n in [0, 1, 3, 255, 256, 257, 960, 961, 1023, 1024, 1025, 2048, 5000] {
            let mut want = vec![0; n];
            random::bits_u8(&KEY, start, &mut want);
            for lanes in Lanes::available() {
                assert!(drawn(lanes, start.into(), n) == want, "{lanes:?} {start} {n}");
            }
        }
    }
}

#[test]
fn counters_of_blocks_carry_and_wrap() {
    // The block counter's low word is full, then all of it.
    for block in [u128::from(u32::MAX) - 3, u128::from(u64::MAX) - 3] {
        let want = drawn(Lanes::Scalar, 64 * block, 3000);
        for lanes in Lanes::available() {
            assert!(drawn(lanes, 64 * block, 3000) == want, "{lanes:?} {block}");
        }
    }
}

#[test]
fn permutations_are_those_of_the_definition() {
    for n in [0, 1, 2, 3, 63, 64, 65, 66, 129, 1000, 5003] {
        let mut want = vec![0; n];
        random::permutation(&KEY, &mut want);
        for lanes in Lanes::available() {
            let mut got = vec![MaybeUninit::new(-1); n];
            permutation(lanes, &KEY, &mut got);
            // SAFETY: the vector was made of numbers.
            let got: Vec<i32> = got.into_iter().map(|x| unsafe { x.assume_init() }).collect();
            assert!(got == want, "{lanes:?} {n}");
        }
    }
}
