//! Errors: what rules report, and what users see.

use std::fmt;
use std::sync::Arc;

/// The rule that an operation breaks, in a sentence without its subject's types.
///
/// Rules return this; the caller knows the primitive, its operands and the source line, and makes
/// the [`Error`] of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault(pub String);

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Fault {
    fn from(s: String) -> Fault {
        Fault(s)
    }
}

impl From<&str> for Fault {
    fn from(s: &str) -> Fault {
        Fault(s.to_owned())
    }
}

impl From<Error> for Fault {
    fn from(e: Error) -> Fault {
        Fault(e.to_string())
    }
}

/// Builds a [`Fault`] like `format!`.
#[macro_export]
macro_rules! fault {
    ($($arg:tt)*) => { $crate::error::Fault(format!($($arg)*)) };
}

/// Returns a [`Fault`] unless a condition holds: `ensure!(cond, "message {}", x)`.
#[macro_export]
macro_rules! ensure {
    ($cond:expr, $($arg:tt)*) => {
        if !$cond {
            return Err($crate::fault!($($arg)*).into());
        }
    };
}

pub use crate::{ensure, fault};

/// What kind of fault an [`Error`] reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Type,
    Rule,
    Text,
    Check,
    Other,
}

#[derive(Debug)]
struct Inner {
    kind: Kind,
    message: String,
    offset: Option<usize>,
}

/// An error of this library, cheap to clone.
///
/// Its text names the operation, the operand types in jaxpr notation, the rule that is broken and,
/// where there is one, what to write instead.
#[derive(Clone, Debug)]
pub struct Error(Arc<Inner>);

impl Error {
    pub(crate) fn make(kind: Kind, message: impl Into<String>, offset: Option<usize>) -> Error {
        Error(Arc::new(Inner { kind, message: message.into(), offset }))
    }

    /// An error with this text that belongs to no class.
    pub fn msg(message: impl Into<String>) -> Error {
        Error::make(Kind::Other, message, None)
    }

    /// An ill-typed operation: ``` `add` cannot take f32[3] and f32[4]: the shapes differ ```.
    pub fn ill_typed(op: &str, operands: &[crate::Type], rule: &Fault) -> Error {
        let types = crate::types::show_types(operands);
        Error::make(Kind::Type, format!("`{op}` cannot take {types}: {rule}"), None)
    }

    /// A primitive without a rule that a transformation needs.
    pub fn no_rule(op: &str, rule: &str, hint: &str) -> Error {
        Error::make(Kind::Rule, format!("`{op}` has no {rule} rule: {hint}"), None)
    }

    /// True when an operation was given operands it does not take.
    pub fn is_type_error(&self) -> bool {
        self.0.kind == Kind::Type
    }

    /// True when a primitive lacks a rule that was asked for.
    pub fn is_missing_rule(&self) -> bool {
        self.0.kind == Kind::Rule
    }

    /// True for faults in jaxpr text.
    pub fn is_text_error(&self) -> bool {
        self.0.kind == Kind::Text
    }

    /// True when the checker found a jaxpr ill-formed.
    pub fn is_check_error(&self) -> bool {
        self.0.kind == Kind::Check
    }

    /// The byte offset in the text, for text errors.
    pub fn offset(&self) -> Option<usize> {
        self.0.offset
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.message)
    }
}

impl std::error::Error for Error {}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::msg(fault.0)
    }
}
