//! Every sample of every primitive, in place and not.

use crate::draw::{Draw, assert_same, execute, tolerance};
use pullback_ir::Prim;

#[test]
fn every_sample_equals_the_interpreter() {
    let only = std::env::var("SAMPLE").ok();
    for (i, sample) in Prim::all_samples().into_iter().enumerate() {
        if only.as_deref().is_some_and(|only| only != sample.prim.name()) {
            continue;
        }
        let mut draw = Draw::new(i as u64);
        let args: Vec<_> = sample.args.iter().map(|(ty, d)| draw.value(ty, *d)).collect();
        // Samples that the interpreter refuses have no value to compare with.
        let Ok(want) = sample.prim.eval(&args) else { continue };
        let types: Vec<_> = args.iter().map(|x| x.ty().to_string()).collect();
        let what = format!("{}{:?} {}", sample.prim.name(), sample.prim.params(), types.join(" "));
        for owned in [false, true] {
            let got = execute(&sample.prim, &args, owned);
            assert_eq!(got.len(), want.len(), "{what}");
            for (got, want) in got.iter().zip(&want) {
                assert_same(got, want, tolerance(&sample.prim, want.dtype()), &what);
            }
        }
    }
}
