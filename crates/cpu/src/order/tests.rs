use super::items::{Item, Items, Pair, Ranked, sort};
use super::keys::{Order, element, key};
use super::radix;
use crate::pools::with_threads;
use pullback_ir::scalar::OrdScalar;
use pullback_ir::{DType, Element, dispatch};

/// Numbers of every magnitude and both signs.
fn any_bits(n: usize) -> Vec<u64> {
    let mut state = 3u64;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        state ^ state >> 29
    };
    (0..n).map(|_| next()).collect()
}

#[test]
fn keys_order_as_elements_do() {
    for dtype in DType::ALL {
        dispatch!(dtype, T => {
            let mut xs: Vec<T> = any_bits(200).into_iter().map(<T as Element>::from_bits).collect();
            xs.extend([-1.0, 0.0, -0.0, 1.0, f64::INFINITY, f64::NEG_INFINITY, f64::NAN].map(T::from_f64));
            for (&x, &y) in xs.iter().flat_map(|x| xs.iter().map(move |y| (x, y))) {
                let keys = |order| key(x, order).cmp(&key(y, order));
                assert_eq!(keys(Order::Sort), x.sort_cmp(y), "{x:?} {y:?}");
                assert_eq!(keys(Order::Rank), x.rank_cmp(y), "{x:?} {y:?}");
                let back = element::<T>(key(x, Order::Sort));
                assert!(back == x || x.is_nan(), "{x:?} {back:?}");
            }
        });
    }
}

fn check<I: Item + std::fmt::Debug>(n: usize, bits: u32, mask: u64) {
    let all = u64::MAX >> (64 - bits);
    let keys: Vec<u64> = any_bits(n).into_iter().map(|x| (x >> 3) & mask & all).collect();
    let items = Items::<I>::from_fn(n, |i| I::new(keys[i], i as u64));
    let mut want = items.to_vec();
    want.sort_by_key(|x| x.key());
    let parts = |xs: &[I]| xs.iter().map(|x| (x.key(), x.load())).collect::<Vec<_>>();
    for sort in [sort, radix::sort] {
        let mut items = Items::<I>::from_fn(n, |i| items[i]);
        sort(&mut items, bits);
        assert!(parts(&items) == parts(&want), "{n} items, {bits} bits, mask {mask:x}");
    }
}

#[test]
fn sorts_are_stable_for_every_width_and_number_of_threads() {
    for threads in [1, 2, 3, 8] {
        with_threads(threads, || {
            for n in [
                0, 1, 2, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 511, 512, 513, 8192, 140_001,
            ] {
                // All bits, ties, one digit alone, the middle digits alone.
                for mask in [u64::MAX, 7, 0xff00, 0x00ff_ff00_0000, 0] {
                    check::<u32>(n, 8, mask);
                    check::<u32>(n, 16, mask);
                    check::<u32>(n, 32, mask);
                    check::<u64>(n, 64, mask);
                    check::<Ranked>(n, 32, mask);
                    check::<Pair<u32>>(n, 32, mask);
                    check::<Pair<u64>>(n, 16, mask);
                    check::<Pair<u64>>(n, 64, mask);
                }
            }
        })
        .unwrap();
    }
}
