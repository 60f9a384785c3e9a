//! Source lines: what a transformation makes of an equation has the equation's line.
//!
//! Rules record jaxprs of their own (a user's expansion, a callee) whose equations have no line; these
//! get the line of the equation that the rule is for.

use crate::support::*;
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Builder, Jaxpr, Type};
use std::panic::Location;

#[test]
fn rules_keep_the_line() {
    let line = Some(Location::caller());
    for sample in samples() {
        let (b, ins) = Builder::with_inputs(&types(&sample));
        b.set_loc(line);
        let outs = b.bind(sample.prim.clone(), &ins).unwrap();
        let jaxpr = b.finish(outs);
        let what = |name: &str| format!("{name} of {}", label(&sample));
        let has_line = |name: &str, j: &Jaxpr| {
            for eqn in j.eqns() {
                assert!(eqn.loc == line, "{}: `{}` has no line\n{j}", what(name), eqn.prim.name());
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
