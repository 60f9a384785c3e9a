//! `vmap` against a loop over members.

use super::Checks;
use super::flat::{Flat, is_float, numbers};
use super::mismatch::{Mismatch, position};
use super::tolerance::Precision;
use crate::Draw;
use pullback_array::{Array, Value, stack, vmap_axes};

pub(super) fn vmap(checks: &Checks, f: &Flat<'_>) -> Result<(), Mismatch> {
    let draw = &mut Draw::new(checks.seed);
    let all: Vec<usize> = (0..f.args.len()).collect();
    for size in [3, 1, 0] {
        batch(checks, f, &all, 0, size, draw)?;
    }
    for (i, arg) in f.args.iter().enumerate() {
        for axis in 0..=arg.ndim() {
            batch(checks, f, &[i], axis, 3, draw)?;
        }
    }
    Ok(())
}

/// Batches some of the arguments along an axis.
fn batch(
    checks: &Checks,
    f: &Flat<'_>,
    which: &[usize],
    axis: usize,
    size: usize,
    draw: &mut Draw,
) -> Result<(), Mismatch> {
    // members[i] are the values of argument `which[i]`; one is needed to know the type of none.
    let members: Vec<Vec<Array>> =
        which.iter().map(|&i| (0..size.max(1)).map(|_| near(&f.args[i], draw)).collect()).collect();
    let batched: Vec<Array> = members
        .iter()
        .map(|rows| {
            let all = stack(rows, axis);
            if size == 0 { empty(&all, axis) } else { all }
        })
        .collect();
    let names: Vec<&str> = which.iter().map(|&i| f.arg_names[i].as_str()).collect();
    let what = format!("vmap({}) over axis {axis} of {}", f.name, names.join(" and "));

    let mapped = |batched: &Vec<Array>, others: &Vec<Array>| {
        let mut args = others.clone();
        for (&i, x) in which.iter().zip(batched) {
            args[i] = x.clone();
        }
        f.func()(&args)
    };
    let mapped = vmap_axes([Some(axis), None], mapped);
    let got = mapped.try_call(&batched, &f.args).map_err(|e| Mismatch::failed(&what, &e))?;
    for (i, (got, out)) in got.iter().zip(&f.outs).enumerate() {
        let want = out.ty().with_axis(0, size);
        if got.ty() != want {
            return Err(Mismatch::new(format!(
                "{what}: {} is {}, not {want}",
                f.out_names[i],
                got.ty()
            )));
        }
    }
    let p = Precision::of(checks, f.args.iter().chain(&f.outs));
    for member in 0..size {
        let mut args = f.args.clone();
        for (&i, rows) in which.iter().zip(&members) {
            args[i] = rows[member].clone();
        }
        for (i, (got, want)) in got.iter().zip(f.at(&args)?).enumerate() {
            let (got, want_all) = (numbers(got), numbers(&want));
            let n = want_all.len();
            let size =
                want_all.iter().filter(|x| x.is_finite()).fold(0.0, |m: f64, x| m.max(x.abs()));
            let tolerance = if is_float(&want) { p.within(p.exact, size) } else { 0.0 };
            for (k, (&got, &want_x)) in got[member * n..].iter().zip(&want_all).enumerate() {
                let same = got == want_x || (got.is_nan() && want_x.is_nan());
                // The bound is false for NaN.
                if same || (got - want_x).abs() <= tolerance {
                    continue;
                }
                return Err(Mismatch::new(format!(
                    "{what} is wrong at {}, member {member}{}\n  vmap      {got}\n  alone     \
                     {want_x}\n  tolerance {tolerance:e}",
                    f.out_names[i],
                    position(want.shape(), k)
                )));
            }
        }
    }
    Ok(())
}

/// The array with floats moved a little.
fn near(x: &Array, draw: &mut Draw) -> Array {
    if !is_float(x) {
        return x.clone();
    }
    let xs: Vec<f64> = numbers(x).iter().map(|x| x + 0.2 * (draw.unit() - 0.5)).collect();
    Array::from_value(Value::from_f64s(x.dtype(), x.shape(), &xs))
}

/// The array without elements along an axis.
fn empty(x: &Array, axis: usize) -> Array {
    let ty = x.ty().without_axis(axis).with_axis(axis, 0);
    Array::from_value(Value::zeros(&ty))
}
