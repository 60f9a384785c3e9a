//! What a function becomes before it runs: `lower`, `memory`, `profile`.

use super::call::ok_at;
use super::inspect::jaxpr_of;
use super::jit::lift_literals;
use super::linear::trace_tree;
use crate::array::Array;
use crate::error::Error;
use crate::func::{Args, Func, IntoFunc, Signature};
use crate::trace::{TraceAs, innermost};
use crate::tree::Tree;
use pullback_cpu::{Executable, Memory, Profile};
use pullback_ir::{Jaxpr, Value, transform};
use std::fmt;
use std::panic::Location;

/// What `jit` makes of a function for arguments of certain types, before it runs. It prints as the jaxpr
/// and the plan: a line for each step with the buffers that it reads and gives, the bytes that it moves,
/// and an estimate of its time on one core. With `{:#}` the instructions of kernels are shown as well.
pub struct Lowered {
    jaxpr: Jaxpr,
    executable: Executable,
}

impl Lowered {
    /// The program: calls inlined, simplified, common equations merged and dead ones gone.
    pub fn jaxpr(&self) -> &Jaxpr {
        &self.jaxpr
    }

    /// The compiled program, whose `Display` is the plan. Its inputs are those of the jaxpr, then one
    /// scalar for each float that is written in it (all but 0, ±1, 2 and ½): `jit` compiles no number in.
    pub fn executable(&self) -> &Executable {
        &self.executable
    }

    /// The memory that a run takes.
    pub fn memory(&self) -> Memory {
        self.executable.memory()
    }
}

impl fmt::Display for Lowered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match f.alternate() {
            true => write!(f, "{}\n\n{:#}", self.jaxpr, self.executable),
            false => write!(f, "{}\n\n{}", self.jaxpr, self.executable),
        }
    }
}

impl fmt::Debug for Lowered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Lowers a call. What `jit` has compiled already is not used: an equal program's source lines may be
/// others.
#[track_caller]
pub(crate) fn lower<'c, D>(f: &Func<D>, args: <D::Args as Args>::Refs<'_>) -> Lowered
where
    D: Signature<'c> + ?Sized,
    D::Out: Tree,
{
    let jaxpr = jaxpr_of(f, args);
    let (executable, _) = ok_at(compiled(&jaxpr), "lower", Location::caller());
    Lowered { jaxpr: pullback_cpu::optimised(&jaxpr), executable }
}

fn compiled(jaxpr: &Jaxpr) -> Result<(Executable, Vec<Value>), Error> {
    let (program, scalars) = lift_literals(&transform::inline_calls(jaxpr));
    Ok((pullback_cpu::compile(&program)?, scalars))
}

type Out<'c, D> = <D as Signature<'c>>::Out;

/// Where the time of the compiled function goes: it runs several times, with a clock around each step.
///
/// The result prints as a table of steps with time, share, bytes and source lines, and
/// [`write_chrome_trace`](Profile::write_chrome_trace) writes it as a file for `chrome://tracing` or
/// Perfetto. Tracing and compiling are not in it. The function's effects (taps, prints) happen in each run.
///
/// ```
/// # use pullback_array::{grad, iota, profile, Array};
/// let f = |x: &Array| (x.sin() * x).sum();
/// let profile = profile(grad(f))(&iota::<f64>(1000));
/// println!("{profile}");
/// assert!(profile.seconds() > 0.0 && profile.steps()[0].lines.len() > 0);
/// ```
///
/// # Panics
/// The returned function panics where it is called inside of another transformation: write
/// `profile(grad(f))`.
#[track_caller]
pub fn profile<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<Profile>>
where
    F: IntoFunc<'c, M>,
    Out<'c, F::Dyn>: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("profile({})", f.name());
    let call = F::Dyn::make(move |args: <<F::Dyn as Signature<'c>>::Args as Args>::Refs<'_>| {
        let how = TraceAs { what: "profile", knows_values: false, made_at: at };
        let call = ok_at(trace_tree(&*f, args, how), "profile", at);
        ok_at(run(&call.traced.jaxpr, &call.inputs), "profile", at)
    });
    Func::new(call, name)
}

fn run(jaxpr: &Jaxpr, inputs: &[Array]) -> Result<Profile, Error> {
    if let Some(trace) = innermost(inputs.iter()) {
        let outer = trace.what();
        return Err(Error::msg(format!(
            "`profile` runs the function, which is being traced by `{outer}`: put it outermost, \
             `profile({outer}(f))`"
        )));
    }
    let (executable, scalars) = compiled(jaxpr)?;
    let args: Vec<Value> = inputs.iter().map(Array::force).chain(scalars).collect();
    Ok(executable.profile(&args)?)
}
