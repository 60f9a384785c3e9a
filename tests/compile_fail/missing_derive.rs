// A struct of arrays without `#[derive(Tree)]`.
use pullback::prelude::*;

struct Params {
    w: Array,
}

fn loss(p: &Params) -> Array {
    p.w.square().sum()
}

fn main() {
    let p = Params { w: array![1.0] };
    grad(loss)(&p);
}
