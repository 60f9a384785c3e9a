//! What a checkpoint keeps, and that it says which half recomputes.
//!
//! A checkpoint that saved everything, or nothing of what its policy names, would still compute the
//! right numbers, so no other law notices.

use crate::support::*;
use pullback_ir::prim::checkpoint::{Checkpoint, Policy};
use pullback_ir::prim::identity::Identity;
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Atom, Builder, DType, Jaxpr, Prim, Type, Value};

fn checkpointed(jaxpr: &Jaxpr, policy: Policy, differentiated: bool) -> Jaxpr {
    let prim = Checkpoint { jaxpr: jaxpr.clone(), policy, differentiated };
    single(&prim.into(), jaxpr.in_types())
}

/// The residuals that are no inputs of the program.
fn kept(jaxpr: &Jaxpr) -> (Jaxpr, Vec<usize>) {
    let floats: Vec<bool> = jaxpr.in_types().iter().map(Type::is_float).collect();
    let primal = transform::linearize(jaxpr, &floats).unwrap().primal;
    let residuals = jaxpr.outs().len()..primal.outs().len();
    let is_input = |a: Atom| a.var().is_some_and(|v| v.index() < primal.n_ins());
    let kept = residuals.filter(|&i| !is_input(primal.outs()[i])).collect();
    (primal, kept)
}

#[test]
fn a_checkpoint_without_policy_keeps_inputs_only() {
    let mut met = 0;
    for sample in samples() {
        let jaxpr = single(&sample.prim, &types(&sample));
        if !jaxpr.in_types().iter().chain(&jaxpr.out_types()).any(Type::is_float) {
            continue;
        }
        met += usize::from(!kept(&jaxpr).1.is_empty());
        let (primal, kept) = kept(&checkpointed(&jaxpr, Policy::Nothing, false));
        assert!(kept.is_empty(), "{} keeps {kept:?} of\n{primal}", label(&sample));
    }
    // Without a checkpoint many primitives keep something: the law is not empty.
    assert!(met > 20 || std::env::var("SAMPLE").is_ok(), "{met} samples keep something");
}

#[test]
fn a_policy_keeps_what_it_says() {
    // h = exp(x w), named; y = sin(h) · v; the result is exp(y).
    let (b, ins) = Builder::with_inputs(&[
        Type::of(DType::F64, &[2, 3]),
        Type::of(DType::F64, &[3]),
        Type::of(DType::F64, &[2]),
    ]);
    let product = b.dot_general(ins[0], ins[1], (&[1], &[0]), (&[], &[]), None);
    let h = b.op(Identity::Name("h".into()), &[b.exp(product)]);
    let y = b.dot_general(b.sin(h), ins[2], (&[0], &[0]), (&[], &[]), None);
    let values = b.snapshot([product, h, y]);
    let out = b.exp(y);
    let f = b.finish([out]);
    let mut draw = Draw::new(12);
    let args: Vec<Value> = f.in_types().iter().map(|t| draw.tangent(t)).collect();
    let values = run(&values, &args);
    let names = |names: &[&str]| Policy::Names(names.iter().map(|&n| n.into()).collect());
    for (policy, want) in [
        (Policy::Nothing, vec![]),
        (Policy::Dots, vec![&values[0], &values[2]]),
        (names(&["h"]), vec![&values[1]]),
        (names(&["another"]), vec![]),
    ] {
        let what = format!("{policy:?}");
        let (primal, kept) = kept(&checkpointed(&f, policy, false));
        let got = run(&primal, &args);
        assert_eq!(kept.len(), want.len(), "{what}\n{primal}");
        for (i, want) in kept.into_iter().zip(want) {
            assert_close(&got[i], want, 1e-12, &what);
        }
    }
}

#[test]
fn the_mark_of_the_recomputing_half_stays() {
    let marks = |jaxpr: &Jaxpr| -> Vec<bool> {
        let mark = |prim: &Prim| match prim {
            Prim::Checkpoint(call) => Some(call.differentiated),
            _ => None,
        };
        jaxpr.eqns().iter().filter_map(|e| mark(&e.prim)).collect()
    };
    let (b, ins) = Builder::with_inputs(&[Type::of(DType::F64, &[3])]);
    let y = b.sin(b.exp(ins[0]));
    let f = b.finish([y]);
    for differentiated in [false, true] {
        let call = checkpointed(&f, Policy::Nothing, differentiated);
        let vmapped = transform::vmap(&call, 2, &[Some(0)], None, OutDims::Any).unwrap().jaxpr;
        assert_eq!(marks(&vmapped), [differentiated], "vmap\n{vmapped}");
        let jvp = transform::jvp(&call, &[true]).unwrap().jaxpr;
        assert_eq!(marks(&jvp), [differentiated], "jvp\n{jvp}");
        let lin = transform::linearize(&call, &[true]).unwrap();
        assert_eq!(marks(&lin.primal), [false], "the half with the results\n{}", lin.primal);
        assert_eq!(marks(&lin.tangent), [true], "the half that recomputes\n{}", lin.tangent);
        let back = transform::transpose(&lin.tangent, &[true, false]).unwrap();
        assert_eq!(marks(&back), [true], "its transpose\n{back}");
    }
}
