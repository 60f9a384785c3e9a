//! Adjointness and central differences.

use super::Checks;
use super::flat::{Flat, is_float, numbers};
use super::mismatch::{Mismatch, position, show};
use super::tolerance::Precision;
use crate::Draw;
use pullback_array::{Array, Value, zeros_like};

type Checked = Result<(), Mismatch>;

pub(super) fn jvp(checks: &Checks, f: &Flat<'_>) -> Checked {
    each_direction(checks, f, |f, t, _| forward(checks, f, t))
}

pub(super) fn vjp(checks: &Checks, f: &Flat<'_>) -> Checked {
    each_direction(checks, f, |f, t, draw| reverse(checks, f, t, &f.cotangent(draw)))
}

pub(super) fn grads(checks: &Checks, f: &Flat<'_>, order: usize) -> Checked {
    assert!(order > 0, "derivatives have an order of at least 1");
    if checks.forward && checks.reverse {
        each_direction(checks, f, |f, t, draw| adjoint(checks, f, t, &f.cotangent(draw)))?;
    }
    if checks.forward {
        jvp(checks, f)?;
    }
    if checks.reverse {
        vjp(checks, f)?;
    }
    if order > 1 {
        let draw = &mut Draw::new(checks.seed ^ 0x5EED);
        if checks.forward {
            grads(checks, &f.forward(draw)?, order - 1)?;
        }
        if checks.reverse {
            grads(checks, &f.reverse(draw)?, order - 1)?;
        }
    }
    Ok(())
}

/// Checks in random directions. One that fails is tried again for each argument alone, so that the
/// message names the one at fault.
fn each_direction(
    checks: &Checks,
    f: &Flat<'_>,
    check: impl Fn(&Flat<'_>, &Vec<Array>, &mut Draw) -> Checked,
) -> Checked {
    for k in 0..checks.directions {
        let draw = &mut Draw::new(checks.seed.wrapping_add(k as u64));
        let t = f.direction(draw);
        let Err(all) = check(f, &t, &mut draw.clone()) else { continue };
        for (i, _) in f.args.iter().enumerate().filter(|(_, x)| is_float(x)) {
            let only: Vec<Array> = t
                .iter()
                .enumerate()
                .map(|(j, t)| if i == j { t.clone() } else { zeros_like(t) })
                .collect();
            check(f, &only, &mut draw.clone())?;
        }
        return Err(all);
    }
    Ok(())
}

/// ⟨ct, J t⟩ = ⟨Jᵀ ct, t⟩.
fn adjoint(checks: &Checks, f: &Flat<'_>, t: &Vec<Array>, ct: &Vec<Array>) -> Checked {
    let p = precision(checks, f);
    let (out_t, in_ct) = (f.jvp(t)?, f.vjp(ct)?);
    let ((left, size), (right, other_size)) = (dot(ct, &out_t), dot(&in_ct, t));
    let tolerance = p.within(p.exact, size + other_size);
    if close(left, right, tolerance) {
        return Ok(());
    }
    let what = format!("forward and reverse mode of {} disagree", f.name);
    let numbers = format!("<ct, J t>  {left}\n  <Jᵀ ct, t> {right}");
    Err(mismatch(&what, f, t, &numbers, tolerance))
}

/// J t against differences, element by element.
fn forward(checks: &Checks, f: &Flat<'_>, t: &Vec<Array>) -> Checked {
    let p = precision(checks, f);
    let tangents = f.jvp(t)?;
    let slopes = Slopes::new(f, t, p.step)?;
    for (i, (tangent, out)) in tangents.iter().zip(&f.outs).enumerate() {
        if tangent.ty() != out.ty() {
            return Err(Mismatch::new(format!(
                "jvp({}): the tangent of {} is {}, not {}",
                f.name,
                f.out_names[i],
                tangent.ty(),
                out.ty()
            )));
        }
        let got = numbers(tangent);
        if !is_float(out) {
            zeros(&got, &format!("jvp({}): the tangent of {}", f.name, f.out_names[i]))?;
            continue;
        }
        let largest = numbers(out).iter().fold(0.0, |m: f64, x| m.max(x.abs()));
        for (k, &got) in got.iter().enumerate() {
            let want = slopes.at(i, k);
            let size = got.abs().max(want.abs());
            let tolerance = p.within(p.rtol, size) + p.rounding(largest);
            if !close(got, want, tolerance) {
                let place = position(out.shape(), k);
                let what = format!("jvp({}) is wrong at {}{place}", f.name, f.out_names[i]);
                let numbers = format!("jvp        {got}\n  difference {}", slopes.show(want, i, k));
                return Err(mismatch(&what, f, t, &numbers, tolerance));
            }
        }
    }
    Ok(())
}

/// ⟨Jᵀ ct, t⟩ against ⟨ct, differences⟩.
fn reverse(checks: &Checks, f: &Flat<'_>, t: &[Array], ct: &Vec<Array>) -> Checked {
    let p = precision(checks, f);
    let cotangents = f.vjp(ct)?;
    for (i, (cotangent, arg)) in cotangents.iter().zip(&f.args).enumerate() {
        let what = format!("vjp({}): the cotangent of {}", f.name, f.arg_names[i]);
        if cotangent.ty() != arg.ty() {
            return Err(Mismatch::new(format!("{what} is {}, not {}", cotangent.ty(), arg.ty())));
        }
        if !is_float(arg) {
            zeros(&numbers(cotangent), &what)?;
        }
    }
    let slopes = Slopes::new(f, t, p.step)?;
    let (mut want, mut size, mut largest) = (0.0, 0.0, 0.0);
    for (i, (ct, out)) in ct.iter().zip(&f.outs).enumerate().filter(|(_, (_, o))| is_float(o)) {
        for (k, (ct, y)) in numbers(ct).into_iter().zip(numbers(out)).enumerate() {
            want += ct * slopes.at(i, k);
            size += (ct * slopes.at(i, k)).abs();
            largest += (ct * y).abs();
        }
    }
    let (got, other_size) = dot(&cotangents, t);
    let tolerance = p.within(p.rtol, size.max(other_size)) + p.rounding(largest);
    if close(got, want, tolerance) {
        return Ok(());
    }
    let what = format!("vjp({}) is wrong", f.name);
    let numbers = format!("<Jᵀ ct, t>       {got}\n  <ct, difference> {want}");
    let at = show(&f.out_names, ct);
    Err(mismatch(&what, f, t, &format!("{numbers}\n  ct{at}"), tolerance))
}

/// Central differences with a step and with half of it.
struct Slopes {
    coarse: Vec<Vec<f64>>,
    fine: Vec<Vec<f64>>,
    step: f64,
}

impl Slopes {
    fn new(f: &Flat<'_>, t: &[Array], step: f64) -> Result<Slopes, Mismatch> {
        let slope = |h: f64| -> Result<Vec<Vec<f64>>, Mismatch> {
            let (hi, lo) = (f.at(&moved(&f.args, t, h))?, f.at(&moved(&f.args, t, -h))?);
            let pairs = hi.into_iter().zip(lo);
            Ok(pairs
                .map(|(hi, lo)| {
                    let pairs = numbers(&hi).into_iter().zip(numbers(&lo));
                    pairs.map(|(hi, lo)| (hi - lo) / (2.0 * h)).collect()
                })
                .collect())
        };
        Ok(Slopes { coarse: slope(step)?, fine: slope(step / 2.0)?, step })
    }

    /// The two combined, so that errors of second order in the step cancel.
    fn at(&self, out: usize, element: usize) -> f64 {
        (4.0 * self.fine[out][element] - self.coarse[out][element]) / 3.0
    }

    /// The difference with those that it comes from: if they are far apart, the function has a kink or a
    /// jump there, or the step is too large.
    fn show(&self, combined: f64, out: usize, element: usize) -> String {
        let (coarse, fine) = (self.coarse[out][element], self.fine[out][element]);
        let half = self.step / 2.0;
        format!("{combined} (step {}: {coarse}, step {half}: {fine})", self.step)
    }
}

/// x + h t on floats.
fn moved(xs: &[Array], ts: &[Array], h: f64) -> Vec<Array> {
    let each = xs.iter().zip(ts).map(|(x, t)| {
        if !is_float(x) {
            return x.clone();
        }
        let sum: Vec<f64> = numbers(x).iter().zip(numbers(t)).map(|(x, t)| x + h * t).collect();
        Array::from_value(Value::from_f64s(x.dtype(), x.shape(), &sum))
    });
    each.collect()
}

fn precision(checks: &Checks, f: &Flat<'_>) -> Precision {
    Precision::of(checks, f.args.iter().chain(&f.outs))
}

/// The inner product over floats, and the sum of the sizes of its terms.
fn dot(xs: &[Array], ys: &[Array]) -> (f64, f64) {
    let floats = xs.iter().zip(ys).filter(|(x, _)| is_float(x));
    let pairs = floats.flat_map(|(x, y)| numbers(x).into_iter().zip(numbers(y)));
    pairs.fold((0.0, 0.0), |(sum, size), (x, y)| (sum + x * y, size + (x * y).abs()))
}

/// False for NaN, too.
fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance
}

fn zeros(xs: &[f64], what: &str) -> Checked {
    match xs.iter().find(|x| **x != 0.0) {
        None => Ok(()),
        Some(x) => {
            Err(Mismatch::new(format!("{what}, which is no float, holds {x} instead of zeros")))
        }
    }
}

fn mismatch(what: &str, f: &Flat<'_>, t: &[Array], numbers: &str, tolerance: f64) -> Mismatch {
    let moved = f
        .arg_names
        .iter()
        .zip(t)
        .filter(|(_, t)| super::flat::numbers(t).iter().any(|x| *x != 0.0));
    let moved: Vec<&str> = moved.map(|(name, _)| name.as_str()).collect();
    let direction = show(&f.arg_names, t);
    Mismatch::new(format!(
        "{what}, with respect to {}\n  {numbers}\n  tolerance  {tolerance:e}\n  direction{direction}",
        moved.join(" and ")
    ))
}
