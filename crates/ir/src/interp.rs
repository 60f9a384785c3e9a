//! The reference interpreter: one equation after the other, by the primitives' own `eval`.
//!
//! It is the definition of what a jaxpr means; engines are tested against it. It favours clarity
//! over speed everywhere.

use crate::error::{Error, Fault};
use crate::jaxpr::{Atom, Jaxpr};
use crate::types::Type;
use crate::value::Value;

/// Evaluates a jaxpr.
///
/// # Errors
/// The arguments do not have the types of the inputs, or a primitive fails on values.
pub fn eval(jaxpr: &Jaxpr, args: &[Value]) -> Result<Vec<Value>, Error> {
    eval_each(jaxpr, args, |eval| eval())
}

/// Evaluates a jaxpr; `each` is called for each equation with what evaluates it, so that it can look on.
///
/// # Errors
/// As [`eval`].
pub fn eval_each(
    jaxpr: &Jaxpr,
    args: &[Value],
    mut each: impl FnMut(&dyn Fn() -> Result<Vec<Value>, Fault>) -> Result<Vec<Value>, Fault>,
) -> Result<Vec<Value>, Error> {
    check_args(jaxpr, args)?;
    let mut env: Vec<Value> = Vec::with_capacity(jaxpr.n_vars());
    env.extend_from_slice(args);
    let read = |env: &[Value], a: Atom| match a {
        Atom::Var(v) => env[v.index()].clone(),
        Atom::Lit(l) => l.value(),
    };
    for eqn in jaxpr.eqns() {
        let ins: Vec<Value> = eqn.inputs.iter().map(|&a| read(&env, a)).collect();
        let outs = each(&|| eqn.prim.eval(&ins))
            .map_err(|f| Error::msg(format!("`{}` failed: {f}", eqn.prim.name())))?;
        debug_assert!(
            outs.iter().map(Value::ty).eq(jaxpr.eqn_out_types(eqn)),
            "`{}` gave {:?} where its type rule says {:?}",
            eqn.prim.name(),
            outs.iter().map(Value::ty).collect::<Vec<_>>(),
            jaxpr.eqn_out_types(eqn)
        );
        env.extend(outs);
    }
    Ok(jaxpr.outs().iter().map(|&a| read(&env, a)).collect())
}

/// Checks the number and the types of arguments.
///
/// # Errors
/// They differ from the inputs.
pub fn check_args(jaxpr: &Jaxpr, args: &[Value]) -> Result<(), Error> {
    if args.len() != jaxpr.n_ins() {
        return Err(Error::msg(format!(
            "the jaxpr has {} inputs, but {} arguments were given",
            jaxpr.n_ins(),
            args.len()
        )));
    }
    for (i, (want, arg)) in jaxpr.in_types().iter().zip(args).enumerate() {
        let same = matches!(want, Type::Array { dtype, shape }
            if *dtype == arg.dtype() && shape.as_slice() == arg.shape());
        if !same {
            return Err(Error::msg(format!(
                "argument {i} is {}, but the input is {want}",
                arg.ty()
            )));
        }
    }
    Ok(())
}
