//! Source lines: what a transformation makes of an equation has the equation's line.
//!
//! Rules record jaxprs of their own (a user's expansion, a callee) whose equations have no line; these
//! get the line of the equation that the rule is for. And it has a role: what forward mode adds is a
//! tangent, what transposition makes a cotangent.

use crate::support::*;
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Builder, Jaxpr, Loc, Prim, Role, Type};
use std::panic::Location;

#[test]
fn rules_keep_the_line() {
    let line = Location::caller();
    for sample in samples() {
        let (b, ins) = Builder::with_inputs(&types(&sample));
        b.set_loc(Loc::at(line));
        let outs = b.bind(sample.prim.clone(), &ins).unwrap();
        let jaxpr = b.finish(outs);
        let what = |name: &str| format!("{name} of {}", label(&sample));
        let has_line = |name: &str, j: &Jaxpr| {
            for eqn in j.eqns() {
                assert!(
                    eqn.loc.line == Some(line),
                    "{}: `{}` has no line\n{j}",
                    what(name),
                    eqn.prim.name()
                );
            }
        };
        let floats: Vec<bool> = jaxpr.in_types().iter().map(Type::is_float).collect();
        has_line("jvp", &transform::jvp(&jaxpr, &floats).unwrap().jaxpr);
        let front = vec![Some(0); jaxpr.n_ins()];
        let batched = transform::vmap(&jaxpr, 2, &front, None, OutDims::Any).unwrap().jaxpr;
        has_line("vmap", &batched);
        has_line("inline_calls", &transform::inline_calls(&jaxpr));
    }
}

/// Checkpoints stay calls, in which values are computed again.
fn has_role(jaxpr: &Jaxpr, role: Role, what: &str) {
    let jaxpr = transform::inline_calls(jaxpr);
    for eqn in jaxpr.eqns().iter().filter(|e| !matches!(e.prim, Prim::Checkpoint(_))) {
        let name = eqn.prim.name();
        assert_eq!(eqn.loc.role, role, "{what}: `{name}`\n{}", jaxpr.display().with_locs());
    }
}

#[test]
fn derivatives_have_their_role() {
    for sample in samples() {
        let (b, ins) = Builder::with_inputs(&types(&sample));
        b.set_loc(Loc::at(Location::caller()));
        let outs = b.bind(sample.prim.clone(), &ins).unwrap();
        let jaxpr = b.finish(outs);
        let floats: Vec<bool> = jaxpr.in_types().iter().map(Type::is_float).collect();
        let lin = transform::linearize(&jaxpr, &floats).unwrap();
        has_role(&lin.tangent, Role::Tangent, &format!("linear half of {}", label(&sample)));
        // The value alone is what it was. (A linear map with a user's backward pass is the transpose of
        // that, also as a value.)
        let mut value = vec![false; lin.primal.outs().len()];
        value[..jaxpr.outs().len()].fill(true);
        let keep = vec![true; lin.primal.n_ins()];
        let value = transform::dce_with(&lin.primal, &value, &keep).jaxpr;
        if !matches!(sample.prim, Prim::CustomLinear(_)) {
            has_role(&value, Role::Primal, &format!("value of {}", label(&sample)));
        }
        let n_lin = floats.iter().filter(|f| **f).count();
        let linear: Vec<bool> = (0..lin.tangent.n_ins()).map(|i| i < n_lin).collect();
        let used = vec![true; lin.tangent.outs().len()];
        let back = transform::transpose_used(&lin.tangent, &linear, &used).unwrap().jaxpr;
        has_role(&back, Role::Cotangent, &format!("transpose of {}", label(&sample)));
    }
}
