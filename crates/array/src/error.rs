//! Errors as users meet them: panics at their line with a typed payload, `Result` from `try_call`.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;

/// An error of this library, one word, cheap to clone.
///
/// Its text names the operation, the operand types in jaxpr notation, the rule that is broken and what
/// to write instead.
#[derive(Clone)]
pub struct Error(Arc<str>);

impl Error {
    /// An error with this text.
    pub fn msg(text: impl Into<String>) -> Error {
        Error(Arc::from(text.into()))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({})", self.0)
    }
}

impl std::error::Error for Error {}

impl From<pullback_ir::Error> for Error {
    fn from(e: pullback_ir::Error) -> Error {
        Error::msg(e.to_string())
    }
}

impl From<pullback_ir::Fault> for Error {
    fn from(e: pullback_ir::Fault) -> Error {
        Error::msg(e.0)
    }
}

thread_local! {
    /// How many `try_call`s are on this thread's stack. It only decides whether a panic prints: where
    /// it is not seen (another copy of this library), the error still arrives as a panic message.
    static TRYING: Cell<usize> = const { Cell::new(0) };
}

/// Panics with an error at the caller's line; under [`catching`], unwinds without a message.
#[cold]
#[track_caller]
pub(crate) fn fail(e: impl Into<Error>) -> ! {
    let e = e.into();
    if TRYING.get() > 0 {
        resume_unwind(Box::new(e));
    }
    panic!("{e}")
}

/// The value, or a panic at the caller's line.
#[track_caller]
pub(crate) fn ok<T, E: Into<Error>>(result: Result<T, E>) -> T {
    match result {
        Ok(x) => x,
        Err(e) => fail(e),
    }
}

/// Runs a function and turns the errors of this library into `Err`; other panics go on.
pub(crate) fn catching<T>(f: impl FnOnce() -> T) -> Result<T, Error> {
    struct Depth;
    impl Drop for Depth {
        fn drop(&mut self) {
            TRYING.set(TRYING.get() - 1);
        }
    }
    TRYING.set(TRYING.get() + 1);
    let result = {
        let _depth = Depth;
        // Library state survives unwinding (drop guards close traces), and what `f` borrows is not
        // looked at again when it has failed.
        catch_unwind(AssertUnwindSafe(f))
    };
    result.map_err(|payload| match payload.downcast::<Error>() {
        Ok(e) => *e,
        Err(other) => resume_unwind(other),
    })
}
