//! `vmap` is the stacked loop, and commutes with derivatives.

use super::for_all;
use super::variants::{self, checked, directions, row_args, stack, take};
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Error, Jaxpr, Prim, Value, interp};
use pullback_testing::Law;
use pullback_testing::compare::{close, same};
use pullback_testing::{Draw, Program, programs};

fn text(e: Error) -> String {
    e.to_string()
}

type Compare = fn(&[Value], &[Value]) -> Law;

/// `reduce` combines with a function of the user's in an order of its own, and in another one when its
/// initial value is batched; all else keeps its order, and so every bit.
fn keeps_order(jaxpr: &Jaxpr) -> bool {
    let keeps = |prim: &Prim| {
        !matches!(prim, Prim::ReduceWith(_)) && prim.sub_jaxprs().iter().all(keeps_order)
    };
    jaxpr.eqns().iter().all(|e| keeps(&e.prim))
}

fn stacked_loop(p: &Program, draw: &mut Draw, compare: Compare) -> Law {
    let size = draw.below(4);
    let batched = variants::vmap(p, size, draw).map_err(text)?;
    let got = batched.program.eval().map_err(text)?;
    let mut rows: Vec<Vec<Value>> = Vec::new();
    for row in 0..size {
        rows.push(interp::eval(&p.jaxpr, &row_args(&batched, row)).map_err(text)?);
    }
    let want: Vec<Value> = p
        .jaxpr
        .out_types()
        .iter()
        .enumerate()
        .map(|(i, ty)| {
            let column: Vec<Value> = rows.iter().map(|r| r[i].clone()).collect();
            stack(ty, &column, 0)
        })
        .collect();
    compare(&got, &want).map_err(|e| {
        format!("in_dims {:?}, size {size}: {e}\n{}", batched.in_dims, batched.program.jaxpr)
    })?;

    // Any other out axis holds the same rows.
    let out_dims: Vec<Option<usize>> =
        p.jaxpr.out_types().iter().map(|t| Some(draw.below(t.rank() + 1))).collect();
    let moved = transform::vmap(&p.jaxpr, size, &batched.in_dims, None, OutDims::At(&out_dims))
        .map_err(text)?;
    let jaxpr = checked(moved.jaxpr).map_err(text)?;
    let moved = interp::eval(&jaxpr, &batched.program.args).map_err(text)?;
    for row in 0..size {
        let got: Vec<Value> =
            moved.iter().zip(&out_dims).map(|(v, d)| take(v, d.unwrap_or(0), row)).collect();
        let want: Vec<Value> = want.iter().map(|v| take(v, 0, row)).collect();
        compare(&got, &want).map_err(|e| format!("out_dims {out_dims:?}: {e}\n{jaxpr}"))?;
    }
    Ok(())
}

#[test]
fn vmap_is_the_stacked_loop() {
    for_all(programs(), 250, |p, draw| match keeps_order(&p.jaxpr) {
        true => stacked_loop(p, draw, same),
        false => Ok(()),
    });
    for_all(programs().tame(), 80, |p, draw| stacked_loop(p, draw, |g, w| close(g, w, 256.0)));
}

#[test]
fn vmap_twice() {
    for_all(programs().equations(1..=5), 60, |p, draw| {
        let once = variants::vmap(p, 2, draw).map_err(text)?.program;
        match keeps_order(&p.jaxpr) {
            true => stacked_loop(&once, draw, same),
            false => Ok(()),
        }
    });
}

#[test]
fn vmap_commutes_with_jvp() {
    for_all(programs().tame(), 80, |p, draw| {
        let batched = variants::vmap(p, 3, draw).map_err(text)?;
        let q = &batched.program;
        let wrt = p.float_inputs();
        let args: Vec<Value> =
            q.args.iter().cloned().chain(directions(q.jaxpr.in_types(), draw)).collect();
        let first_vmap = transform::jvp(&q.jaxpr, &wrt).map_err(text)?;
        let first_jvp = transform::jvp(&p.jaxpr, &wrt).map_err(text)?;
        let floats = batched.in_dims.iter().zip(&wrt).filter(|(_, w)| **w).map(|(d, _)| *d);
        let in_dims: Vec<Option<usize>> = batched.in_dims.iter().copied().chain(floats).collect();
        let then_vmap =
            transform::vmap(&first_jvp.jaxpr, batched.size, &in_dims, None, OutDims::Front)
                .map_err(text)?;
        let got = interp::eval(&checked(first_vmap.jaxpr).map_err(text)?, &args).map_err(text)?;
        let want = interp::eval(&checked(then_vmap.jaxpr).map_err(text)?, &args).map_err(text)?;
        if first_vmap.out_tangents != first_jvp.out_tangents {
            return Err("different results have tangents".into());
        }
        close(&got, &want, 64.0)
    });
}

#[test]
fn vmap_commutes_with_vjp() {
    for_all(programs().tame(), 80, |p, draw| {
        // Per-example gradients: every float input has its own row.
        let wrt = p.float_inputs();
        let in_dims: Vec<Option<usize>> = wrt.iter().map(|&w| w.then_some(0)).collect();
        let size = 3;
        let vjp = transform::vjp(&p.jaxpr, &wrt).map_err(text)?;
        let cts = p.jaxpr.out_types().into_iter().filter(|t| t.is_float());
        let mut all_dims = in_dims.clone();
        let mut args: Vec<Value> = Vec::new();
        for (arg, dim) in p.args.iter().zip(&in_dims) {
            let rows: Vec<Value> = (0..size).map(|_| arg.clone()).collect();
            args.push(dim.map_or(arg.clone(), |d| stack(&arg.ty(), &rows, d)));
        }
        for ty in cts {
            args.push(draw.tangent(&ty.with_axis(0, size)));
            all_dims.push(Some(0));
        }
        let vmap_of_vjp =
            transform::vmap(&vjp, size, &all_dims, None, OutDims::Front).map_err(text)?;
        let batched =
            transform::vmap(&p.jaxpr, size, &in_dims, None, OutDims::Front).map_err(text)?;
        let vjp_of_vmap = transform::vjp(&batched.jaxpr, &wrt).map_err(text)?;
        let got = interp::eval(&checked(vjp_of_vmap).map_err(text)?, &args).map_err(text)?;
        let want = interp::eval(&checked(vmap_of_vjp.jaxpr).map_err(text)?, &args).map_err(text)?;
        close(&got, &want, 64.0)
    });
}
