//! Functions of trees as functions of lists of arrays with names, so that checks are compiled once.

use super::{ArgsOf, Mismatch, Primal};
use crate::Draw;
use pullback_array::func::{Args, IntoFunc, Keyless, Signature, tupled};
use pullback_array::{Array, Error, Func, Tree, jvp, tree, vjp, zeros_like};
use std::sync::Arc;

type Leaves<'c> = dyn Fn(&Vec<Array>) -> Vec<Array> + Send + Sync + 'c;

/// A function of arrays at a point.
pub(super) struct Flat<'c> {
    /// `f`, `the jvp of f`, …
    pub(super) name: String,
    f: Func<Leaves<'c>>,
    pub(super) args: Vec<Array>,
    /// `argument 0.w`, …
    pub(super) arg_names: Vec<String>,
    /// The results at the point.
    pub(super) outs: Vec<Array>,
    pub(super) out_names: Vec<String>,
}

/// The elements as `f64`, whatever their dtype; truth values as 0 and 1.
pub(super) fn numbers(x: &Array) -> Vec<f64> {
    x.value().expect("checks run on concrete arrays").to_f64s()
}

pub(super) fn is_float(x: &Array) -> bool {
    x.dtype().is_float()
}

fn floats(xs: &[Array]) -> impl Iterator<Item = (usize, &Array)> {
    xs.iter().enumerate().filter(|(_, x)| is_float(x))
}

/// The list with zeros for all that is no float, and the others taken in order.
fn with_zeros(like: &[Array], given: &[Array]) -> Vec<Array> {
    let mut given = given.iter().cloned();
    like.iter()
        .map(|x| if is_float(x) { given.next() } else { None }.unwrap_or_else(|| zeros_like(x)))
        .collect()
}

impl<'c> Flat<'c> {
    /// A function at its arguments.
    ///
    /// # Errors
    /// It fails there, or a result is not finite.
    pub(super) fn new<M, F>(f: F, args: &Primal<'c, F::Dyn>) -> Result<Flat<'c>, Mismatch>
    where
        F: IntoFunc<'c, M>,
        ArgsOf<'c, F::Dyn>: Keyless,
        <F::Dyn as Signature<'c>>::Out: Tree,
    {
        let f = tupled(f);
        let (paths, leaves): (Vec<_>, Vec<_>) = tree::leaves_with_paths(args).into_iter().unzip();
        let several = ArgsOf::<'c, F::Dyn>::all_axes().as_ref().len() > 1;
        let arg_names = paths.iter().map(|path| argument(path, several)).collect();
        let name = f.name().to_owned();
        let out = f.try_call(args).map_err(|e| Mismatch::failed(&name, &e))?;
        let (paths, outs): (Vec<_>, Vec<_>) = tree::leaves_with_paths(&out).into_iter().unzip();
        let out_names = paths.iter().map(|path| named("the result", path)).collect();
        // A copy that keeps the static parts of the arguments.
        let like = tree::map(Array::clone, args);
        let call: Arc<Leaves<'c>> =
            Arc::new(move |xs| tree::leaves(&f(&tree::from_leaves(&like, xs.clone()))));
        let flat = Flat { name, f: func(call), args: leaves, arg_names, outs, out_names };
        flat.finite()
    }

    fn finite(self) -> Result<Flat<'c>, Mismatch> {
        for (i, out) in floats(&self.outs) {
            if let Some(x) = numbers(out).iter().find(|x| !x.is_finite()) {
                return Err(Mismatch::new(format!(
                    "{} of {} holds {x} at these arguments: there is no derivative to check",
                    self.out_names[i], self.name
                )));
            }
        }
        Ok(self)
    }

    /// The function elsewhere.
    pub(super) fn at(&self, xs: &Vec<Array>) -> Result<Vec<Array>, Mismatch> {
        self.f.try_call(xs).map_err(|e| Mismatch::failed(&self.name, &e))
    }

    /// The function itself, for `vmap`.
    pub(super) fn func(&self) -> &Func<Leaves<'c>> {
        &self.f
    }

    /// J t.
    pub(super) fn jvp(&self, t: &Vec<Array>) -> Result<Vec<Array>, Mismatch> {
        let result = jvp(&self.f).try_call(&self.args, t);
        result.map(|(_, t)| t).map_err(|e| self.fails("jvp", &e))
    }

    /// Jᵀ ct.
    pub(super) fn vjp(&self, ct: &Vec<Array>) -> Result<Vec<Array>, Mismatch> {
        let result = vjp(&self.f).try_call(&self.args).and_then(|(_, back)| back.try_call(ct));
        result.map_err(|e| self.fails("vjp", &e))
    }

    fn fails(&self, what: &str, e: &Error) -> Mismatch {
        Mismatch::failed(&format!("{what}({})", self.name), e)
    }

    /// A random direction of the arguments.
    pub(super) fn direction(&self, draw: &mut Draw) -> Vec<Array> {
        random_like(&self.args, draw)
    }

    /// A random cotangent of the results.
    pub(super) fn cotangent(&self, draw: &mut Draw) -> Vec<Array> {
        random_like(&self.outs, draw)
    }

    /// (x, t) ↦ J(x) t on floats, at a random t: the next order forwards.
    pub(super) fn forward(&self, draw: &mut Draw) -> Result<Flat<'c>, Mismatch> {
        let (f, args, outs) = (self.f.clone(), self.args.clone(), self.outs.clone());
        let n = args.len();
        let call: Arc<Leaves<'c>> = Arc::new(move |xs| {
            let (x, t) = xs.split_at(n);
            let (_, tangents) = jvp(&f)(&x.to_vec(), &with_zeros(&args, t));
            floats(&outs).map(|(i, _)| tangents[i].clone()).collect()
        });
        let t = self.direction(draw);
        let moved = floats(&self.args)
            .map(|(i, _)| (format!("the tangent of {}", self.arg_names[i]), &t[i]));
        let out_names =
            floats(&self.outs).map(|(i, _)| format!("the tangent of {}", self.out_names[i]));
        self.derived("jvp", call, moved, out_names.collect())
    }

    /// (x, ct) ↦ J(x)ᵀ ct on floats, at a random ct: the next order in reverse.
    pub(super) fn reverse(&self, draw: &mut Draw) -> Result<Flat<'c>, Mismatch> {
        let (f, args, outs) = (self.f.clone(), self.args.clone(), self.outs.clone());
        let n = args.len();
        let call: Arc<Leaves<'c>> = Arc::new(move |xs| {
            let (x, ct) = xs.split_at(n);
            let cotangents = (vjp(&f)(&x.to_vec()).1)(&with_zeros(&outs, ct));
            floats(&args).map(|(i, _)| cotangents[i].clone()).collect()
        });
        let ct = self.cotangent(draw);
        let moved = floats(&self.outs)
            .map(|(i, _)| (format!("the cotangent of {}", self.out_names[i]), &ct[i]));
        let out_names =
            floats(&self.args).map(|(i, _)| format!("the cotangent of {}", self.arg_names[i]));
        self.derived("vjp", call, moved, out_names.collect())
    }

    fn derived<'a>(
        &self,
        what: &str,
        call: Arc<Leaves<'c>>,
        more: impl Iterator<Item = (String, &'a Array)>,
        out_names: Vec<String>,
    ) -> Result<Flat<'c>, Mismatch> {
        let name = format!("{what}({})", self.name);
        let (mut args, mut arg_names) = (self.args.clone(), self.arg_names.clone());
        for (name, x) in more {
            arg_names.push(name);
            args.push(x.clone());
        }
        let f = func(call);
        let outs = f.try_call(&args).map_err(|e| Mismatch::failed(&name, &e))?;
        Flat { name, f, args, arg_names, outs, out_names }.finite()
    }
}

fn func<'c>(call: Arc<Leaves<'c>>) -> Func<Leaves<'c>> {
    (move |xs: &Vec<Array>| call(xs)).into_func()
}

/// Random floats in [−1, 1], and zeros for the rest.
fn random_like(xs: &[Array], draw: &mut Draw) -> Vec<Array> {
    let random = |x: &Array| match is_float(x) {
        true => Array::from_value(draw.tangent(&x.ty())),
        false => zeros_like(x),
    };
    xs.iter().map(random).collect()
}

/// `[1].w` as `argument 1.w` where there are several arguments.
fn argument(path: &str, several: bool) -> String {
    match path.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((i, rest)) if several => format!("argument {i}{rest}"),
        _ => named("argument 0", path),
    }
}

fn named(what: &str, path: &str) -> String {
    match path.is_empty() || path.starts_with('[') {
        true => format!("{what}{path}"),
        false => format!("{what}.{path}"),
    }
}
