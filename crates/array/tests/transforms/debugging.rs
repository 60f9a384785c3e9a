//! Looking for NaN, and at what runs.

use crate::support::*;
use pullback_array::*;

/// The error of a call, and what is expected of it.
#[track_caller]
fn fails<T>(result: Result<T, Error>, line: u32, parts: &[&str]) {
    let Err(e) = result else { panic!("no error") };
    let text = e.to_string();
    let at = format!("\n  at {}:{line}:", file!());
    for part in parts.iter().chain([&at.as_str()]) {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
}

const LOG: u32 = line!() + 2;
fn log_of(x: &Array) -> Array {
    x.log().sum()
}

const SQUARE: u32 = line!() + 2;
fn norm(x: &Array) -> Array {
    let squares = x.square();
    squares.sum().sqrt()
}
const SQRT: u32 = SQUARE + 1;

#[test]
fn a_function_without_nan_is_what_it_was() {
    let x = arr(&[0.5, 2.0]);
    close(&debug_nans(norm)(&x), &norm(&x).to_vec::<f64>());
    close(&debug_infs(grad(norm))(&x), &grad(norm)(&x).to_vec::<f64>());
    assert_eq!(debug_nans(norm).name(), "debug_nans(norm)");
    // Infinities are let through, and what nothing reads is not computed.
    assert!(debug_nans(|x: &Array| x.log().sum())(&arr(&[0.0, 1.0])).item::<f64>().is_infinite());
    let unread = |x: &Array| {
        let _ = x.log();
        x.sum()
    };
    close(&debug_nans(unread)(&arr(&[-1.0])), &[-1.0]);
}

#[test]
fn a_primal_is_named() {
    let e = debug_nans(log_of).try_call(&arr(&[1.0, -2.0, -3.0]));
    let parts = [
        "`log` gave NaN in a primal: f64[3] from f64[3]",
        "2 of 3 elements, the first at [1], where the operands are -2.0",
        "in the function made by `debug_nans`",
    ];
    fails(e, LOG, &parts);
    let e = debug_infs(log_of).try_call(&arr(&[1.0, 0.0]));
    fails(e, LOG, &["`log` gave an infinity in a primal"]);
    let e = debug_nans(log_of).try_call(&arr(&[1.0, f64::NAN]));
    fails(e, LOG, &["operand 0 (f64[2]) came in like that"]);
}

#[test]
fn tangents_and_cotangents_are_told_apart() {
    let zero = arr(&[0.0, 0.0]);
    let e = debug_nans(grad(norm)).try_call(&zero);
    fails(e, SQUARE, &["`mul` gave NaN in a cotangent"]);
    // It began as an infinity.
    let e = debug_infs(grad(norm)).try_call(&zero);
    fails(e, SQRT, &["`div` gave an infinity in a cotangent"]);
    // Factors of the derivative are made by forward mode.
    const POWER: u32 = line!() + 1;
    let e = debug_infs(grad(|x: &Array| x.pow(0.5).sum())).try_call(&zero);
    fails(e, POWER, &["`pow` gave an infinity in a tangent"]);
    let forward = jvp(norm);
    let e = debug_nans(move |x: &Array, t: &Array| forward(x, t).1).try_call(&zero, &zero);
    fails(e, SQRT, &["gave NaN in a tangent"]);
    // Forward over reverse: what jvp adds to the backward pass is a tangent.
    let e = debug_infs(hvp(norm)).try_call(&zero, &zero);
    fails(e, SQRT, &["in a tangent"]);
}

#[test]
fn calls_and_batches_are_looked_into() {
    let zero = arr(&[0.0, 0.0]);
    let rows = zero.reshape([1, 2]);
    let parts = &["`mul` gave NaN in a cotangent"];
    fails(debug_nans(jit(grad(norm))).try_call(&zero), SQUARE, parts);
    fails(debug_nans(grad(jit(norm))).try_call(&zero), SQUARE, parts);
    fails(debug_nans(grad(checkpoint(norm))).try_call(&zero), SQUARE, parts);
    fails(debug_nans(jit(vmap(grad(jit(norm))))).try_call(&rows), SQUARE, parts);
    let e = debug_nans(vmap(log_of)).try_call(&arr(&[1.0, -1.0]).reshape([2, 1]));
    fails(e, LOG, &["1 of 2 elements, the first at [1, 0]"]);
    // The recomputation inside of a checkpoint is the function itself.
    let e = debug_nans(grad(checkpoint(log_of))).try_call(&arr(&[-1.0]));
    assert!(e.is_ok(), "the loss is not computed, and the gradient is finite");
    const AGAIN: u32 = line!() + 1;
    let sin_log = |x: &Array| x.log().sin().sum();
    let e = debug_nans(grad(checkpoint(sin_log))).try_call(&arr(&[-1.0]));
    fails(e, AGAIN, &["`log` gave NaN in a primal"]);
}

#[test]
fn a_users_backward_pass_is_a_cotangent() {
    const LINE: u32 = line!() + 4;
    let f = custom_vjp(
        |x: &Array| x * 2.0,
        |x: &Array| (x * 2.0, x.clone()),
        |x: &Array, ct: &Array| x.log() * ct,
    );
    let e = debug_nans(grad(move |x: &Array| f(x).sum())).try_call(&arr(&[-1.0]));
    let text = e.unwrap_err().to_string();
    assert!(
        text.contains("`log` gave NaN in a cotangent") && text.contains(&format!(":{LINE}:")),
        "{text}"
    );
}

#[test]
fn values_are_looked_at_outermost() {
    let x = arr(&[1.0]);
    let e = grad(debug_nans(log_of)).try_call(&x).unwrap_err().to_string();
    assert!(e.contains("put it outermost, `debug_nans(grad(f))`"), "{e}");
    let e = jit(debug_infs(log_of)).try_call(&x).unwrap_err().to_string();
    assert!(e.contains("`debug_infs(jit(f))`"), "{e}");
    let inner = profile(log_of);
    let e = jit(move |x: &Array| {
        inner(x);
        x.sum()
    })
    .try_call(&x)
    .unwrap_err()
    .to_string();
    assert!(e.contains("`profile(jit(f))`"), "{e}");
}

#[test]
fn what_runs_is_shown() {
    let f = jit(|x: &Array, y: &Array| (x.sin() * y).sum() * 3.5);
    let (x, y) = (arr(&[0.5; 1000]), arr(&[2.0; 1000]));
    let lowered = f.lower(&x, &y);
    insta::assert_snapshot!(lowered.jaxpr(), @r"
    { lambda ; a:f64[1000] b:f64[1000]. let
        c:f64[1000] = sin a
        d:f64[1000] = mul c b
        e:f64[] = reduce_sum[axes=(0,)] d
        f:f64[] = mul e 3.5:f64[]
      in (f,) }
    ");
    let memory = f.memory(&x, &y);
    assert_eq!(memory, lowered.memory());
    // 3.5 is an argument of the executable.
    assert_eq!((memory.arguments, memory.results), (16_008, 8));
    assert!(memory.peak >= 16_016 && memory.peak < 64_000, "{memory}");
    assert_eq!(lowered.executable().n_ins(), 3);
    let text = lowered.to_string();
    eprintln!("{text}\n{}", profile(&f)(&x, &y));
    assert!(text.starts_with(&format!("{}\n\n", lowered.jaxpr())), "{text}");
    if std::env::var("PULLBACK_ENGINE").is_ok_and(|e| e == "reference") {
        return assert!(text.contains("interpreted"), "{text}");
    }
    for part in [
        "inputs b0:f64[1000] b1:f64[1000]",
        "kernel<",
        "sin mul",
        "moves 16.0 kB, about",
        "results b",
    ] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
    assert!(!text.contains("load a0") && format!("{lowered:#}").contains("load a0"));
    assert_eq!(f.stats().compiles, 0, "nothing ran");
}

#[test]
fn a_profile_has_the_lines_of_each_step() {
    let x = arr(&[0.5; 100]);
    let profile = profile(grad(norm))(&x);
    let lines: Vec<(u32, ir::Role)> = profile
        .steps()
        .iter()
        .flat_map(|s| &s.lines)
        .map(|l| (l.line.unwrap().line(), l.role))
        .collect();
    for expected in [(SQRT, ir::Role::Primal), (SQUARE, ir::Role::Cotangent)] {
        assert!(lines.contains(&expected), "{lines:?}");
    }
    assert!(profile.to_string().contains(&format!("{}:{SQUARE}:", file!())), "{profile}");
    // Twice the same program from other lines: the profile has the lines of this one.
    let again = jit(|x: &Array| x.sin());
    again(&x);
    const HERE: u32 = line!() + 1;
    let other = pullback_array::profile(jit(|x: &Array| x.sin()))(&x);
    assert!(other.steps().iter().flat_map(|s| &s.lines).all(|l| l.line.unwrap().line() == HERE));
}
