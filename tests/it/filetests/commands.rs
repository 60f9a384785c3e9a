//! The commands: one small function each, and its name in the list of `mod.rs`.

use super::{Body, Case, Output, Section, input_number};
use pullback_ir::prim::checkpoint::{Checkpoint, Policy};
use pullback_ir::{Builder, Jaxpr, Prim, check as checker, text, transform};

fn jaxpr(jaxpr: Jaxpr) -> Section {
    Section { caption: None, body: Body::Jaxpr { jaxpr, same: false } }
}

fn captioned(caption: &'static str, jaxpr: Jaxpr) -> Section {
    Section { caption: Some(caption), body: Body::Jaxpr { jaxpr, same: false } }
}

/// The result of a command that does not change what a jaxpr means.
fn same(jaxpr: Jaxpr) -> Output {
    Ok(vec![Section { caption: None, body: Body::Jaxpr { jaxpr, same: true } }])
}

fn note(text: String) -> Output {
    Ok(vec![Section { caption: None, body: Body::Note(text) }])
}

/// The printer.
pub(super) fn cat(case: &Case) -> Output {
    same(case.jaxpr())
}

/// What is wrong with a text, as the command line shows it.
pub(super) fn check(case: &Case) -> Output {
    note(match text::parse(&case.source) {
        Err(e) => text::explain(&case.source, &e, None),
        Ok(jaxpr) => checker::check(&jaxpr).map_or_else(|e| e.to_string(), |()| "right".into()),
    })
}

/// `wrt`: the inputs that have a tangent.
pub(super) fn jvp(case: &Case) -> Output {
    let j = case.jaxpr();
    let out = transform::jvp(&j, &case.inputs("wrt", &j))?;
    let tangents = out.out_tangents.iter().filter(|t| **t).count();
    Ok(match tangents == out.out_tangents.len() {
        true => vec![jaxpr(out.jaxpr)],
        false => vec![jaxpr(out.jaxpr), listed("results with a tangent", &out.out_tangents)],
    })
}

/// `known`: the inputs that are known.
pub(super) fn partial_eval(case: &Case) -> Output {
    let j = case.jaxpr();
    let out = transform::partial_eval(&j, &case.inputs("known", &j))?;
    Ok(vec![
        captioned("known inputs to known results and residuals", out.known),
        captioned("unknown inputs and residuals to unknown results", out.unknown),
        listed("known results", &out.out_known),
    ])
}

/// `wrt`: the inputs to linearise in.
pub(super) fn linearize(case: &Case) -> Output {
    let j = case.jaxpr();
    linearized(&j, &case.inputs("wrt", &j))
}

fn linearized(j: &Jaxpr, wrt: &[bool]) -> Output {
    let out = transform::linearize(j, wrt)?;
    Ok(vec![
        captioned("results and residuals", out.primal),
        captioned("tangents and residuals to tangents", out.tangent),
    ])
}

/// `linear`: the inputs in which the jaxpr is linear.
pub(super) fn transpose(case: &Case) -> Output {
    let j = case.jaxpr();
    Ok(vec![jaxpr(transform::transpose(&j, &case.inputs("linear", &j))?)])
}

/// `wrt`: the inputs whose cotangents are wanted.
pub(super) fn vjp(case: &Case) -> Output {
    let j = case.jaxpr();
    Ok(vec![jaxpr(transform::vjp(&j, &case.inputs("wrt", &j))?)])
}

/// `wrt`: the inputs whose gradients are wanted.
pub(super) fn grad(case: &Case) -> Output {
    let j = case.jaxpr();
    Ok(vec![jaxpr(transform::grad(&j, &case.inputs("wrt", &j))?)])
}

/// `wrt`: the inputs that have a tangent.
pub(super) fn hvp(case: &Case) -> Output {
    let j = case.jaxpr();
    Ok(vec![jaxpr(transform::hvp(&j, &case.inputs("wrt", &j))?)])
}

/// `size`; `axes`: `a=1 c=0`, other inputs are not batched (by default all are, in front); `out`: the
/// axis of each result, `None` if it has none (by default in front).
pub(super) fn vmap(case: &Case) -> Output {
    let j = case.jaxpr();
    let size = case.option("size").map_or(5, |s| s.parse().unwrap());
    let in_dims = match case.option("axes") {
        None => vec![Some(0); j.n_ins()],
        Some(axes) => {
            let mut dims = vec![None; j.n_ins()];
            for (name, axis) in axes.split_whitespace().map(|a| a.split_once('=').unwrap()) {
                dims[input_number(name, &j)] = Some(axis.parse().unwrap());
            }
            dims
        }
    };
    let axes: Option<Vec<Option<usize>>> =
        case.option("out").map(|s| s.split_whitespace().map(|w| w.parse().ok()).collect());
    let out_dims = axes.as_deref().map_or(transform::OutDims::Front, transform::OutDims::At);
    Ok(vec![jaxpr(transform::vmap(&j, size, &in_dims, None, out_dims)?.jaxpr)])
}

pub(super) fn dce(case: &Case) -> Output {
    same(transform::dce(&case.jaxpr()))
}

pub(super) fn cse(case: &Case) -> Output {
    same(transform::cse(&case.jaxpr()))
}

pub(super) fn simplify(case: &Case) -> Output {
    same(transform::simplify(&case.jaxpr()))
}

pub(super) fn fold_products(case: &Case) -> Output {
    same(transform::fold_products(&case.jaxpr()))
}

pub(super) fn inline(case: &Case) -> Output {
    same(transform::inline(&case.jaxpr()))
}

/// Linearises a checkpoint around the jaxpr. `policy`: `dots`, or names of values that are saved.
pub(super) fn checkpoint(case: &Case) -> Output {
    let j = case.jaxpr();
    let policy = match case.option("policy") {
        None => Policy::Nothing,
        Some("dots") => Policy::Dots,
        Some(names) => Policy::Names(names.split_whitespace().map(Into::into).collect()),
    };
    let (b, ins) = Builder::with_inputs(j.in_types());
    let prim = Prim::from(Checkpoint { jaxpr: j.clone(), policy, differentiated: false });
    let outs = b.bind(prim, &ins)?;
    linearized(&b.finish(outs), &case.inputs("wrt", &j))
}

fn listed(what: &str, flags: &[bool]) -> Section {
    let marked: Vec<String> =
        flags.iter().enumerate().filter(|(_, f)| **f).map(|(i, _)| i.to_string()).collect();
    let marked = if marked.is_empty() { "none".into() } else { marked.join(", ") };
    Section { caption: None, body: Body::Note(format!("{what}: {marked}")) }
}
