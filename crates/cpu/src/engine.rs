//! Which engine evaluates programs.

use crate::fused::code::Executor;
use crate::fused::stages::How;
use crate::isa;
use crate::operand::{Operand, Values};
use crate::pools;
use crate::program::Executable;
use pullback_ir::{Error, Jaxpr, Prim, Type, Value, interp};
use std::sync::OnceLock;

/// The environment variable that names the engine.
const VARIABLE: &str = "PULLBACK_ENGINE";

/// A way to evaluate programs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Engine {
    /// The interpreter of the IR: plain loops that define what a program means.
    Reference,
    /// Fused kernels run by the tile interpreter, on any processor.
    Tile,
    /// Fused kernels as machine code, where processor and system allow it; the tile interpreter
    /// elsewhere.
    Native,
    /// The best there is: as `native`, but a kernel whose first run is over few elements is interpreted in
    /// that run, so that what runs once need not be compiled. The bits are the same.
    Cpu,
}

impl Engine {
    /// Every engine.
    pub const ALL: [Engine; 4] = [Engine::Reference, Engine::Tile, Engine::Native, Engine::Cpu];

    /// The name in `PULLBACK_ENGINE`.
    pub const fn name(self) -> &'static str {
        match self {
            Engine::Reference => "reference",
            Engine::Tile => "tile",
            Engine::Native => "native",
            Engine::Cpu => "cpu",
        }
    }

    /// What it is, in a few words.
    pub const fn about(self) -> &'static str {
        match self {
            Engine::Reference => "The interpreter that defines what programs mean",
            Engine::Tile => "Fused kernels, interpreted tile by tile",
            Engine::Native => "Fused kernels as machine code, where processor and system allow it",
            Engine::Cpu => "The fastest there is: native",
        }
    }

    /// The engine of this name.
    ///
    /// # Errors
    /// There is none; the error lists those that there are.
    pub fn from_name(name: &str) -> Result<Engine, Error> {
        Engine::ALL.into_iter().find(|e| e.name() == name).ok_or_else(|| {
            let known = Engine::ALL.map(|e| format!("`{}`", e.name())).join(", ");
            Error::msg(format!("there is no engine `{name}`: the engines are {known}"))
        })
    }

    /// The engine that `PULLBACK_ENGINE` names, `cpu` without it. The variable is read at the first
    /// use and never again.
    ///
    /// # Errors
    /// It names no engine, `PULLBACK_THREADS` is no number of threads, or `PULLBACK_ISA` names no instructions.
    #[inline]
    pub fn current() -> Result<Engine, Error> {
        static CURRENT: OnceLock<Result<Engine, Error>> = OnceLock::new();
        let current = CURRENT.get_or_init(|| {
            // What reads these has no way to report a wrong one, so that is done here.
            pools::configured()?;
            isa::configured()?;
            match std::env::var_os(VARIABLE) {
                None => Ok(Engine::Cpu),
                Some(name) => Engine::from_name(&name.to_string_lossy())
                    .map_err(|e| Error::msg(format!("the environment variable {VARIABLE}: {e}"))),
            }
        });
        match current {
            Ok(engine) => Ok(*engine),
            Err(error) => Err(error.clone()),
        }
    }

    /// Evaluates one primitive; see [`execute`].
    ///
    /// # Errors
    /// The primitive fails on these values.
    #[inline]
    pub fn execute(
        self,
        prim: &Prim,
        ins: &mut [Operand<'_>],
        out_types: &[Type],
    ) -> Result<Values, Error> {
        match self {
            Engine::Tile | Engine::Native | Engine::Cpu => {
                crate::execute::execute(prim, ins, out_types)
            }
            Engine::Reference => crate::execute::reference(prim, ins),
        }
    }

    /// Evaluates a primitive with one result; see [`execute_one`].
    ///
    /// # Errors
    /// The primitive fails on these values.
    #[inline]
    pub fn execute_one(
        self,
        prim: &Prim,
        ins: &mut [Operand<'_>],
        out_type: &Type,
    ) -> Result<Value, Error> {
        match self {
            Engine::Tile | Engine::Native | Engine::Cpu => {
                crate::execute::execute_one(prim, ins, out_type)
            }
            Engine::Reference => Ok(crate::execute::reference(prim, ins)?.remove(0)),
        }
    }

    /// Prepares a jaxpr for evaluation.
    ///
    /// # Errors
    /// A transformation on the way fails.
    pub fn compile(self, jaxpr: &Jaxpr) -> Result<Executable, Error> {
        match self.how() {
            Some(how) => Executable::lower(jaxpr, how),
            None => Ok(Executable::interpreted(jaxpr)),
        }
    }

    /// For tests: [`Engine::compile`] as if lines of so many elements were long, so that small arrays take the
    /// ways of large ones.
    ///
    /// # Errors
    /// As [`Engine::compile`].
    #[doc(hidden)]
    pub fn compile_long_from(self, jaxpr: &Jaxpr, elements: usize) -> Result<Executable, Error> {
        match self.how() {
            Some(how) => Executable::lower(jaxpr, how.with_long_line(elements)),
            None => Ok(Executable::interpreted(jaxpr)),
        }
    }

    /// How kernels are made, by an engine that has some.
    fn how(self) -> Option<How> {
        match self {
            Engine::Tile => Some(Executor::Tile.into()),
            Engine::Native => Some(Executor::Native.into()),
            Engine::Cpu => Some(Executor::Tiered.into()),
            Engine::Reference => None,
        }
    }

    /// Evaluates a jaxpr once.
    ///
    /// # Errors
    /// The arguments do not have the types of the inputs, or a primitive fails on values.
    pub fn run(self, jaxpr: &Jaxpr, args: &[Value]) -> Result<Vec<Value>, Error> {
        match self {
            Engine::Reference => interp::eval(jaxpr, args),
            _ => self.compile(jaxpr)?.run(args),
        }
    }
}

/// Evaluates one primitive on well-typed operands. `out_types` are the types that its type rule gives
/// for them.
///
/// Operands are taken by value where they are [`Operand::Owned`]: their buffer is reused for the
/// result if nothing else holds it. What is left in `ins` afterwards is unspecified.
///
/// # Errors
/// The primitive fails on these values, or `PULLBACK_ENGINE` names no engine.
#[inline]
pub fn execute(prim: &Prim, ins: &mut [Operand<'_>], out_types: &[Type]) -> Result<Values, Error> {
    Engine::current()?.execute(prim, ins, out_types)
}

/// [`execute`] for a primitive with one result.
///
/// # Errors
/// As [`execute`].
#[inline]
pub fn execute_one(prim: &Prim, ins: &mut [Operand<'_>], out_type: &Type) -> Result<Value, Error> {
    Engine::current()?.execute_one(prim, ins, out_type)
}

/// Prepares a jaxpr for evaluation with the current engine.
///
/// # Errors
/// A transformation on the way fails, or `PULLBACK_ENGINE` names no engine.
pub fn compile(jaxpr: &Jaxpr) -> Result<Executable, Error> {
    Engine::current()?.compile(jaxpr)
}

/// Evaluates a jaxpr once with the current engine.
///
/// # Errors
/// As [`compile`], and as [`Executable::run`].
pub fn run(jaxpr: &Jaxpr, args: &[Value]) -> Result<Vec<Value>, Error> {
    Engine::current()?.run(jaxpr, args)
}
