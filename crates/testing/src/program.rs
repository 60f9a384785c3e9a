//! A program with arguments.

use pullback_ir::{Error, Jaxpr, Prim, Type, Value, dispatch, interp};
use std::fmt;

/// A jaxpr and arguments for it. `Debug` and `Display` show the jaxpr's text and the numbers.
#[derive(Clone)]
pub struct Program {
    /// The program.
    pub jaxpr: Jaxpr,
    /// One argument for each input.
    pub args: Vec<Value>,
}

impl Program {
    /// The results, by the reference interpreter.
    ///
    /// # Errors
    /// The arguments do not fit, or a primitive fails on values.
    pub fn eval(&self) -> Result<Vec<Value>, Error> {
        interp::eval(&self.jaxpr, &self.args)
    }

    /// The program with another jaxpr of the same inputs.
    pub fn with_jaxpr(&self, jaxpr: Jaxpr) -> Program {
        Program { jaxpr, args: self.args.clone() }
    }

    /// Which inputs are floats.
    pub fn float_inputs(&self) -> Vec<bool> {
        self.jaxpr.in_types().iter().map(Type::is_float).collect()
    }

    /// False for programs with users' closures, which text cannot hold.
    pub fn has_text(&self) -> bool {
        has_text(&self.jaxpr, &Prim::all_names())
    }
}

fn has_text(jaxpr: &Jaxpr, names: &[&str]) -> bool {
    jaxpr.eqns().iter().all(|eqn| {
        names.contains(&eqn.prim.name()) && eqn.prim.sub_jaxprs().iter().all(|j| has_text(j, names))
    })
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.jaxpr)?;
        for (i, arg) in self.args.iter().enumerate() {
            write!(f, "argument {i}: {} ", arg.ty())?;
            dispatch!(arg.dtype(), T => write!(f, "{:?}", arg.slice::<T>()))?;
            writeln!(f)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f)?;
        fmt::Display::fmt(self, f)
    }
}
