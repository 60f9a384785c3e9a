//! `vmap` of a primitive equals the stacked loop, for every subset of operands and every axis.

use crate::support::*;
use pullback_ir::prim::Batch;
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Builder, Type, Value};

pub fn check_batch(
    sample: &pullback_ir::prim::Sample,
    dims: &[Option<usize>],
    size: usize,
    draw: &mut Draw,
) {
    let what = format!("{} batched at {dims:?}, size {size}", label(sample));
    let types: Vec<Type> = sample
        .args
        .iter()
        .zip(dims)
        .map(|((t, _), d)| d.map_or(t.clone(), |d| t.with_axis(d, size)))
        .collect();
    let args: Vec<Value> =
        types.iter().zip(&sample.args).map(|(t, (_, domain))| draw.value(t, *domain)).collect();
    let (b, ins) = Builder::with_inputs(&types);
    let (outs, out_dims) = sample
        .prim
        .batch(&b, Batch { size, axis: None, ins: &ins, dims })
        .unwrap_or_else(|e| panic!("{what}: {e}"));
    let jaxpr = b.finish(outs);
    let single = single(&sample.prim, &crate::support::types(sample));
    assert_eq!(out_dims.len(), single.outs().len(), "{what}");
    for (i, (t, d)) in jaxpr.out_types().iter().zip(&out_dims).enumerate() {
        let want = &single.out_types()[i];
        let want = d.map_or(want.clone(), |d| want.with_axis(d, size));
        assert_eq!(*t, want, "{what}: type of result {i}\n{jaxpr}");
    }
    let got = run(&jaxpr, &args);
    for row in 0..size {
        let row_args: Vec<Value> =
            args.iter().zip(dims).map(|(a, d)| d.map_or(a.clone(), |d| take(a, d, row))).collect();
        let want = run(&single, &row_args);
        for ((g, w), d) in got.iter().zip(&want).zip(&out_dims) {
            let g = d.map_or(g.clone(), |d| take(g, d, row));
            assert_close(&g, w, tolerance(w.dtype()), &format!("{what}, row {row}\n{jaxpr}"));
        }
    }
}

#[test]
fn vmap_is_the_stacked_loop() {
    let mut draw = Draw::new(1);
    for sample in samples() {
        let n = sample.args.len();
        if n == 0 {
            continue;
        }
        // Every subset of operands with the batch in front, and every axis for each operand alone
        // and for all together; sizes 3, 1 and 0.
        for subset in 1..(1usize << n.min(4)) {
            let dims: Vec<Option<usize>> =
                (0..n).map(|i| (subset >> i.min(3) & 1 == 1).then_some(0)).collect();
            check_batch(&sample, &dims, 3, &mut draw);
        }
        let ranks: Vec<usize> = sample.args.iter().map(|(t, _)| t.rank()).collect();
        for axis in 1..=ranks.iter().copied().max().unwrap_or(0) {
            let all: Vec<Option<usize>> = ranks.iter().map(|&r| Some(axis.min(r))).collect();
            check_batch(&sample, &all, 2, &mut draw);
            for i in 0..n {
                if axis <= ranks[i] {
                    let mut one = vec![None; n];
                    one[i] = Some(axis);
                    check_batch(&sample, &one, 2, &mut draw);
                }
            }
        }
        let front: Vec<Option<usize>> = vec![Some(0); n];
        check_batch(&sample, &front, 1, &mut draw);
        check_batch(&sample, &front, 0, &mut draw);
    }
}

#[test]
fn results_have_the_axis_that_was_asked_for() {
    let mut draw = Draw::new(11);
    let example = Type::of(pullback_ir::DType::F64, &[2, 3, 4]);
    let (b, ins) = Builder::with_inputs([&example]);
    let y = b.sin(ins[0]);
    let jaxpr = b.finish([y]);
    for from in 0..4 {
        for to in 0..4 {
            let at = [Some(to)];
            let vmapped = transform::vmap(&jaxpr, 5, &[Some(from)], None, OutDims::At(&at));
            let vmapped = vmapped.unwrap().jaxpr;
            let x = draw.tangent(&vmapped.in_types()[0]);
            let got = run(&vmapped, std::slice::from_ref(&x)).remove(0);
            assert_eq!(*got.ty(), example.with_axis(to, 5));
            for i in 0..5 {
                let want = run(&jaxpr, &[take(&x, from, i)]).remove(0);
                assert_close(&take(&got, to, i), &want, 1e-12, &format!("{from} to {to}"));
            }
        }
    }
}
