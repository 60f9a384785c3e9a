//! Derivatives: adjointness, which needs no step size, then central differences; of programs and of
//! what transformations make of them.

use super::for_all;
use super::variants::{self, checked, directions};
use pullback_ir::{Error, Type, Value, interp, transform};
use pullback_testing::Law;
use pullback_testing::compare::close;
use pullback_testing::{Draw, Program, programs};

fn text(e: Error) -> String {
    e.to_string()
}

/// The inner product, and what rounding may amount to in it.
fn dot(xs: &[Value], ys: &[Value]) -> (f64, f64) {
    let pairs = xs.iter().zip(ys).flat_map(|(x, y)| x.to_f64s().into_iter().zip(y.to_f64s()));
    pairs.fold((0.0, 0.0), |(sum, size), (x, y)| (sum + x * y, size + (x * y).abs()))
}

/// <ct, J t> = <Jᵀ ct, t>, with respect to some of the float inputs.
fn adjoint(p: &Program, draw: &mut Draw) -> Law {
    let mut wrt = p.float_inputs();
    for w in &mut wrt {
        *w = *w && draw.chance(0.8);
    }
    let n_out = p.jaxpr.outs().len();
    let lin = transform::linearize(&p.jaxpr, &wrt).map_err(text)?;
    checked(lin.primal.clone()).map_err(text)?;
    checked(lin.tangent.clone()).map_err(text)?;
    let mut outs = interp::eval(&lin.primal, &p.args).map_err(text)?;
    let residuals = outs.split_off(n_out);
    close(&outs, &p.eval().map_err(text)?, 0.0).map_err(|e| format!("linearize: {e}"))?;

    let wanted: Vec<Type> = marked(p.jaxpr.in_types(), &wrt);
    let ts = directions(&wanted, draw);
    let tangent_args: Vec<Value> = ts.iter().chain(&residuals).cloned().collect();
    let outs_t = interp::eval(&lin.tangent, &tangent_args).map_err(text)?;

    let linear: Vec<bool> = (0..tangent_args.len()).map(|i| i < ts.len()).collect();
    let back = checked(transform::transpose(&lin.tangent, &linear).map_err(text)?).map_err(text)?;
    let cts = directions(&lin.tangent.out_types(), draw);
    let back_args: Vec<Value> = residuals.iter().chain(&cts).cloned().collect();
    let in_cts = interp::eval(&back, &back_args).map_err(text)?;

    let ((left, size), (right, other_size)) = (dot(&cts, &outs_t), dot(&in_cts, &ts));
    // Terms may cancel within a row of the Jacobian as well, hence the generous unit.
    if (left - right).abs() > 1e-9 * (size + other_size + 1.0) {
        return Err(format!(
            "<ct, J t> = {left}, but <Jᵀ ct, t> = {right}\nforward {}\nbackward {back}",
            lin.tangent
        ));
    }

    // The other ways to the same numbers.
    let jvp = transform::jvp(&p.jaxpr, &wrt).map_err(text)?;
    let args: Vec<Value> = p.args.iter().chain(&ts).cloned().collect();
    let by_jvp = interp::eval(&checked(jvp.jaxpr).map_err(text)?, &args).map_err(text)?;
    let mut by_jvp = by_jvp[n_out..].iter();
    let flags = jvp.out_tangents.iter().zip(&lin.out_tangents);
    let by_jvp: Vec<Value> = flags
        .filter_map(|(&has, &kept)| has.then(|| by_jvp.next()).flatten().filter(|_| kept))
        .cloned()
        .collect();
    close(&outs_t, &by_jvp, 64.0).map_err(|e| format!("linearize and jvp differ: {e}"))?;
    let vjp = checked(transform::vjp(&p.jaxpr, &wrt).map_err(text)?).map_err(text)?;
    let mut given = cts.iter();
    let cts_of_all = p.jaxpr.out_types();
    let cts_of_all = cts_of_all.iter().zip(&lin.out_tangents).filter(|(t, _)| t.is_float());
    let cts_of_all = cts_of_all.filter_map(|(t, &has)| match has {
        true => given.next().cloned(),
        false => Some(Value::zeros(t)),
    });
    let args: Vec<Value> = p.args.iter().cloned().chain(cts_of_all).collect();
    let by_vjp = interp::eval(&vjp, &args).map_err(text)?;
    close(&by_vjp[n_out..], &in_cts, 64.0).map_err(|e| format!("transpose and vjp differ: {e}"))
}

fn marked(types: &[Type], marks: &[bool]) -> Vec<Type> {
    types.iter().zip(marks).filter(|(_, m)| **m).map(|(t, _)| t.clone()).collect()
}

/// jvp against central differences with two steps. Where the two disagree the differences say
/// nothing: the program jumps there, or is too steep.
fn differences(p: &Program, draw: &mut Draw) -> Law {
    let wrt = p.float_inputs();
    let jvp = transform::jvp(&p.jaxpr, &wrt).map_err(text)?;
    let ts = directions(p.jaxpr.in_types(), draw);
    let args: Vec<Value> = p.args.iter().chain(&ts).cloned().collect();
    let outs = interp::eval(&checked(jvp.jaxpr).map_err(text)?, &args).map_err(text)?;
    let mut tangents = outs[p.jaxpr.outs().len()..].iter();
    let at = |h: f64| {
        let mut ts = ts.iter();
        let moved = |x: &Value| match x.dtype().is_float() {
            true => {
                let t = ts.next().map(Value::to_f64s).unwrap_or_default();
                let xs: Vec<f64> = x.to_f64s().iter().zip(t).map(|(x, t)| x + h * t).collect();
                Value::from_f64s(x.dtype(), x.shape(), &xs)
            }
            false => x.clone(),
        };
        let args: Vec<Value> = p.args.iter().map(moved).collect();
        interp::eval(&p.jaxpr, &args).map_err(text)
    };
    let h = 2e-5;
    let [wide_hi, wide_lo, hi, lo] = [at(h)?, at(-h)?, at(h / 2.0)?, at(-h / 2.0)?];
    let slope = |hi: &Value, lo: &Value, h: f64| -> Vec<f64> {
        hi.to_f64s().iter().zip(lo.to_f64s()).map(|(a, b)| (a - b) / h).collect()
    };
    for (i, has) in jvp.out_tangents.iter().enumerate() {
        if !outs[i].dtype().is_float() {
            continue;
        }
        let tangent = match has {
            true => tangents.next().map(Value::to_f64s).unwrap_or_default(),
            false => vec![0.0; outs[i].len()],
        };
        let coarse = slope(&wide_hi[i], &wide_lo[i], 2.0 * h);
        let fine = slope(&hi[i], &lo[i], h);
        let size = outs[i].to_f64s().iter().fold(1.0, |m: f64, x| m.max(x.abs()));
        for (k, ((t, fine), coarse)) in tangent.iter().zip(fine).zip(coarse).enumerate() {
            let doubt = (fine - coarse).abs();
            let scale = fine.abs().max(size);
            // The bound is also false for NaN.
            if doubt <= 1e-3 * scale && (t - fine).abs() > 10.0 * doubt + 1e-6 * scale {
                return Err(format!(
                    "tangent {i}, element {k} is {t}, but differences give {fine}"
                ));
            }
        }
    }
    Ok(())
}

#[test]
fn transposes_are_adjoint() {
    for_all(programs().tame(), 200, adjoint);
}

#[test]
fn tangents_are_central_differences() {
    for_all(programs().tame(), 200, differences);
}

#[test]
fn second_derivatives() {
    for_all(programs().tame().equations(1..=8), 60, |p, draw| {
        let forward = variants::jvp(p, draw).map_err(text)?;
        let back = variants::vjp(p, draw).map_err(text)?;
        for q in [forward, back] {
            adjoint(&q, draw)?;
            differences(&q, draw)?;
        }
        Ok(())
    });
}

#[test]
fn derivatives_of_transformed_programs() {
    for_all(programs().tame().equations(1..=6), 80, |p, draw| {
        let mut q = p.clone();
        for _ in 0..2 {
            q = match draw.below(5) {
                0 => variants::jvp(&q, draw).map_err(text)?,
                1 => variants::vjp(&q, draw).map_err(text)?,
                2 => variants::vmap(&q, 2, draw).map_err(text)?.program,
                3 => variants::jit(&q),
                _ => variants::checkpoint(&q, draw),
            };
        }
        adjoint(&q, draw)?;
        differences(&q, draw)
    });
}

#[test]
fn calls_do_not_change_derivatives() {
    for_all(programs().tame(), 80, |p, draw| {
        let plain = variants::vjp(p, &mut draw.clone()).map_err(text)?.eval().map_err(text)?;
        for call in [variants::jit(p), variants::checkpoint(p, &mut draw.clone())] {
            let q = variants::vjp(&call, &mut draw.clone()).map_err(text)?;
            close(&q.eval().map_err(text)?, &plain, 64.0)?;
        }
        Ok(())
    });
}

/// All dtypes and wild values: every transformation gives a well-formed program that runs.
#[test]
fn wild_programs_can_be_differentiated() {
    for_all(programs(), 150, |p, draw| {
        let forward = variants::jvp(p, draw).map_err(text)?;
        let back = variants::vjp(p, draw).map_err(text)?;
        let both = variants::jvp(&back, draw).map_err(text)?;
        let n = p.jaxpr.outs().len();
        let want = p.eval().map_err(text)?;
        for q in [forward, back, both] {
            let got = q.eval().map_err(text)?;
            pullback_testing::compare::same(&got[..n], &want)?;
        }
        Ok(())
    });
}
