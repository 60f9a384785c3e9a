//! Rewriting changes nothing, and text is the program.

use super::for_all;
use super::variants::{self, checked};
use pullback_ir::{Jaxpr, interp, text, transform};
use pullback_testing::compare::same;
use pullback_testing::programs;

#[test]
fn passes_change_nothing() {
    let passes: [(&str, fn(&Jaxpr) -> Jaxpr); 6] = [
        ("dce", transform::dce),
        ("cse", transform::cse),
        ("simplify", transform::simplify),
        ("fold_products", transform::fold_products),
        ("inline", transform::inline),
        ("inline_calls", transform::inline_calls),
    ];
    for_all(programs(), 250, |p, draw| {
        // A derivative has more for them to find.
        let back = variants::vjp(p, draw).map_err(|e| e.to_string())?;
        for q in [p, &back] {
            let want = q.eval().map_err(|e| e.to_string())?;
            let mut all = q.jaxpr.clone();
            for (name, pass) in passes {
                let explain = |e: String| format!("{name}: {e}\n{}", q.jaxpr);
                let after = checked(pass(&q.jaxpr)).map_err(|e| explain(e.to_string()))?;
                let got = interp::eval(&after, &q.args).map_err(|e| explain(e.to_string()))?;
                same(&got, &want).map_err(explain)?;
                all = pass(&all);
            }
            let got = interp::eval(&all, &q.args).map_err(|e| e.to_string())?;
            same(&got, &want).map_err(|e| format!("all passes: {e}"))?;
        }
        Ok(())
    });
}

#[test]
fn calls_change_nothing() {
    for_all(programs(), 100, |p, draw| {
        let want = p.eval().map_err(|e| e.to_string())?;
        for q in [variants::jit(p), variants::checkpoint(p, draw)] {
            let jaxpr = checked(q.jaxpr).map_err(|e| e.to_string())?;
            same(&interp::eval(&jaxpr, &p.args).map_err(|e| e.to_string())?, &want)?;
        }
        Ok(())
    });
}

#[test]
fn printing_and_parsing() {
    for_all(programs(), 250, |p, draw| {
        if !p.has_text() {
            return Ok(());
        }
        let back = variants::vjp(p, draw).map_err(|e| e.to_string())?;
        for q in [p, &back].into_iter().filter(|q| q.has_text()) {
            let printed = q.jaxpr.to_string();
            let parsed = text::parse(&printed).map_err(|e| format!("{e}\n{printed}"))?;
            if parsed != q.jaxpr {
                return Err(format!("printed\n{printed}\nand read as\n{parsed}"));
            }
        }
        Ok(())
    });
}

#[test]
fn programs_are_well_formed() {
    for_all(programs(), 250, |p, _| {
        checked(p.jaxpr.clone()).map_err(|e| e.to_string())?;
        p.eval().map(drop).map_err(|e| e.to_string())
    });
}
