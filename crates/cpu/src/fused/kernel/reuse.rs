//! Results in the place of an input that dies.

use super::{KernelArg, Source};

/// The input in whose place a result may be written: of its dtype, read where the result is written,
/// and never after that.
pub(super) fn reusable(args: &[KernelArg], k: u32, n: usize, outer: &[usize]) -> Option<u32> {
    reusables(args, k, n, outer).next()
}

/// All such inputs.
pub(super) fn reusables(
    args: &[KernelArg],
    k: u32,
    n: usize,
    outer: &[usize],
) -> impl Iterator<Item = u32> {
    let out = args.iter().find(|a| a.source == Source::Out(k));
    let whole = move |a: &KernelArg| {
        let mut step = a.dtype.size() as isize;
        let inner = n == 1 || a.inner == step;
        step *= n as isize;
        a.offset == 0
            && inner
            && outer.iter().zip(&a.steps).rev().all(|(&size, &s)| {
                let natural = s == step;
                step *= size as isize;
                natural
            })
    };
    let out = out.filter(|out| whole(out) && (n == 1 || out.inner != 0));
    args.iter().filter_map(move |a| {
        let (Source::In(i), Some(out)) = (a.source, out) else { return None };
        let alone = args.iter().filter(|b| b.source == a.source).count() == 1;
        // Stages of lines have even numbers; the result is written in its first.
        (alone && a.dtype == out.dtype && whole(a) && a.stages.1 <= out.stages.0).then_some(i)
    })
}
