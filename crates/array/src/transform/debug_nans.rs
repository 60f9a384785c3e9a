//! `debug_nans` and `debug_infs`: the first equation that gives a number which is none.

use super::call::{At, ok_at};
use super::linear::trace_tree;
use crate::array::Array;
use crate::eager::last_uses;
use crate::error::Error;
use crate::func::{Args, Func, IntoFunc, Signature};
use crate::trace::{TraceAs, innermost};
use crate::tree::{Leaves, Tree};
use pullback_cpu::Operand;
use pullback_ir::types::show_types;
use pullback_ir::{Atom, Element, Eqn, Jaxpr, Loc, Prim, Role, Type, Value, dispatch, transform};
use smallvec::SmallVec;
use std::fmt::Write;
use std::panic::Location;

/// The same function, which stops at the first NaN: its program, with all that transformations and `jit`s
/// inside have made of it, runs one equation after the other, and the result of each is looked at.
///
/// The error names the operation, the types, the element and the operands there, the source line, and
/// whether the value is a primal, a tangent or a cotangent: `debug_nans(grad(loss))(&p, &x)` finds a NaN of
/// the backward pass at the line whose derivative it is. [`try_call`](Func::try_call) gives it as `Err`.
/// What nothing reads is not computed. A NaN that goes in is none that comes out of an operation, but the
/// first operation that passes it on is reported.
///
/// ```
/// # use pullback_array::{array, debug_nans, grad, Array};
/// let norm = |x: &Array| x.square().sum().sqrt();
/// let e = debug_nans(grad(norm)).try_call(&array![0.0, 0.0]).unwrap_err().to_string();
/// assert!(e.contains("`mul` gave NaN in a cotangent"), "{e}");
/// ```
///
/// # Panics
/// The returned function panics at a NaN; and where it is called inside of another transformation: values
/// are known outermost, so write `debug_nans(grad(f))` and not `grad(debug_nans(f))`.
#[track_caller]
pub fn debug_nans<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<Out<'c, F::Dyn>>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    checked("debug_nans", false, f, Location::caller())
}

/// [`debug_nans`] that stops at infinities as well. A NaN often begins as one: the derivative of a square
/// root at 0 is infinite before it meets a 0. Functions that compute with infinities on purpose, such as a
/// mask of −∞ in front of a softmax, do not pass.
///
/// # Panics
/// As [`debug_nans`], and at an infinity.
#[track_caller]
pub fn debug_infs<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<Out<'c, F::Dyn>>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    checked("debug_infs", true, f, Location::caller())
}

type Out<'c, D> = <D as Signature<'c>>::Out;

fn checked<'c, M, F>(
    what: &'static str,
    infinities: bool,
    f: F,
    at: At,
) -> Func<<F::Dyn as Signature<'c>>::With<Out<'c, F::Dyn>>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    let f = f.into_func();
    let name = format!("{what}({})", f.name());
    let call = F::Dyn::make(move |args: <<F::Dyn as Signature<'c>>::Args as Args>::Refs<'_>| {
        let how = TraceAs { what, knows_values: true, made_at: at };
        let call = ok_at(trace_tree(&*f, args, how), what, at);
        let outs = Checks { infinities }.call(what, &call.traced.jaxpr, &call.inputs);
        call.out.unflatten(&mut Leaves::new(ok_at(outs, what, at)))
    });
    Func::new(call, name)
}

/// What is looked for.
#[derive(Clone, Copy)]
struct Checks {
    infinities: bool,
}

impl Checks {
    fn call(self, what: &str, jaxpr: &Jaxpr, inputs: &[Array]) -> Result<Vec<Array>, Error> {
        if let Some(trace) = innermost(inputs.iter()) {
            let outer = trace.what();
            return Err(Error::msg(format!(
                "`{what}` looks at values, which are not known while `{outer}` traces the function: put \
                 it outermost, `{what}({outer}(f))`"
            )));
        }
        let args = inputs.iter().map(Array::force).collect();
        let outs = self.run(&transform::dce(jaxpr), args, Loc::NONE)?;
        Ok(outs.into_iter().map(Array::from_value).collect())
    }

    /// Runs a program, part of a call at `outer`.
    fn run(self, jaxpr: &Jaxpr, args: Vec<Value>, outer: Loc) -> Result<Vec<Value>, Error> {
        let last = last_uses(jaxpr);
        let mut env: Vec<Option<Value>> = args.into_iter().map(Some).collect();
        for (i, eqn) in jaxpr.eqns().iter().enumerate() {
            let read = |a: &Atom| match a {
                Atom::Lit(l) => l.value(),
                Atom::Var(v) => {
                    env[v.index()].clone().expect("a variable is alive where it is read")
                }
            };
            let ins: Vec<Value> = eqn.inputs.iter().map(read).collect();
            for v in eqn.inputs.iter().filter_map(|a| a.var()) {
                if last[v.index()] == i as u32 {
                    env[v.index()] = None;
                }
            }
            let outs = match callee(eqn, eqn.loc.within(outer)) {
                Some((callee, loc)) => self.run(callee, ins, loc)?,
                None => self.eqn(jaxpr, eqn, &ins, eqn.loc.within(outer))?,
            };
            env.extend(outs.into_iter().map(Some));
        }
        let result = |a: &Atom| match a {
            Atom::Lit(l) => l.value(),
            Atom::Var(v) => env[v.index()].clone().expect("a result is alive at the end"),
        };
        Ok(jaxpr.outs().iter().map(result).collect())
    }

    fn eqn(self, jaxpr: &Jaxpr, eqn: &Eqn, ins: &[Value], loc: Loc) -> Result<Vec<Value>, Error> {
        let mut operands: SmallVec<[Operand<'_>; 4]> = ins.iter().map(Operand::Shared).collect();
        let outs = pullback_cpu::execute(&eqn.prim, &mut operands, jaxpr.eqn_out_types(eqn))?;
        match outs.iter().find_map(|out| Some((out, self.find(out)?))) {
            Some((out, found)) => Err(self.report(eqn, ins, out, found, loc)),
            None => Ok(outs.into_vec()),
        }
    }

    fn is_wrong(self, x: f64) -> bool {
        x.is_nan() || self.infinities && x.is_infinite()
    }

    /// The first element that is wrong, and how many are.
    fn find(self, value: &Value) -> Option<(usize, usize)> {
        if !value.dtype().is_float() {
            return None;
        }
        dispatch!(value.dtype(), T => {
            let mut wrong =
                value.slice::<T>().iter().enumerate().filter(|(_, x)| self.is_wrong(x.to_f64()));
            wrong.next().map(|(first, _)| (first, 1 + wrong.count()))
        })
    }

    fn report(
        self,
        eqn: &Eqn,
        ins: &[Value],
        out: &Value,
        (first, count): (usize, usize),
        loc: Loc,
    ) -> Error {
        let types: Vec<Type> = ins.iter().map(|x| x.ty().clone()).collect();
        let what = if element(out, first).is_nan() { "NaN" } else { "an infinity" };
        let name = eqn.prim.name();
        let mut text = format!("`{name}` gave {what} in a {}: {}", loc.role, out.ty());
        let _ = match types.is_empty() {
            true => Ok(()),
            false => write!(text, " from {}", show_types(&types)),
        };
        if out.len() > 1 {
            let place = place(out.shape(), first);
            let _ = write!(text, ", {count} of {} elements, the first at {place}", out.len());
        }
        // Operands that meet the element: those of its shape, and scalars.
        let meets = |x: &&Value| x.shape() == out.shape() || x.shape().is_empty();
        let there: Vec<String> = ins
            .iter()
            .filter(meets)
            .map(|x| format!("{:?}", element(x, if x.shape().is_empty() { 0 } else { first })))
            .collect();
        if there.len() == ins.len() && !ins.is_empty() {
            let _ = write!(text, ", where the operands are {}", there.join(" and "));
        }
        for (i, x) in ins.iter().enumerate().filter(|(_, x)| self.find(x).is_some()) {
            let _ = write!(
                text,
                "\n  operand {i} ({}) came in like that: an argument, or an array that the function \
                 captures",
                x.ty()
            );
        }
        match loc.line {
            Some(line) => text += &format!("\n  at {line}"),
            None => text += "\n  at no line of a Rust function: the equation comes from a text",
        }
        Error::msg(text)
    }
}

/// The program of a call, and where its equations are. Inside of a checkpoint, values are computed again
/// beside their cotangents, so its equations' own roles count.
fn callee(eqn: &Eqn, loc: Loc) -> Option<(&Jaxpr, Loc)> {
    match &eqn.prim {
        Prim::Jit(p) => Some((&p.jaxpr, loc)),
        Prim::CustomJvp(p) => Some((&p.jaxpr, loc)),
        Prim::CustomVjp(p) => Some((&p.jaxpr, loc)),
        Prim::Checkpoint(p) => Some((&p.jaxpr, loc.with_role(Role::Primal))),
        _ => None,
    }
}

fn element(x: &Value, i: usize) -> f64 {
    dispatch!(x.dtype(), T => x.slice::<T>()[i].to_f64())
}

/// `[1, 2]`: the index of an element in row-major order.
fn place(shape: &[usize], mut i: usize) -> String {
    let mut index = vec![0; shape.len()];
    for (at, &n) in index.iter_mut().zip(shape).rev() {
        (*at, i) = (i % n, i / n);
    }
    format!("{index:?}")
}
