//! Where an equation comes from. It is kept with each equation, outside of equality and hash.

use std::fmt;
use std::panic::Location;

/// What an equation computes, seen from the user's function. The last transformation that made it
/// decides: the derivative of a cotangent's program is made of tangents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum Role {
    /// What the function itself computes.
    #[default]
    Primal,
    /// What forward mode adds: tangents, and the factors that they are multiplied by.
    Tangent,
    /// What transposition makes: the backward pass.
    Cotangent,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Role::Primal => "primal",
            Role::Tangent => "tangent",
            Role::Cotangent => "cotangent",
        })
    }
}

/// The user's line behind an equation, and the equation's role.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Loc {
    /// Where the operation was written, if that is known.
    pub line: Option<&'static Location<'static>>,
    /// What the equation computes.
    pub role: Role,
}

impl Loc {
    /// No line, primal: equations of texts, and those between the user's operations.
    pub const NONE: Loc = Loc { line: None, role: Role::Primal };

    /// A line of the function itself.
    pub const fn at(line: &'static Location<'static>) -> Loc {
        Loc { line: Some(line), role: Role::Primal }
    }

    /// That of an equation inside of a call: its own line, or that of the call; and what is inside of a
    /// cotangent's call is part of a cotangent.
    pub fn within(self, outer: Loc) -> Loc {
        Loc { line: self.line.or(outer.line), role: self.role.max(outer.role) }
    }

    /// The same line in another role.
    pub fn with_role(self, role: Role) -> Loc {
        Loc { role, ..self }
    }
}

/// `src/main.rs:7:5`, behind it the role unless that is primal.
impl fmt::Display for Loc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{line}")?,
            None => f.write_str("unknown line")?,
        }
        match self.role {
            Role::Primal => Ok(()),
            role => write!(f, " ({role})"),
        }
    }
}
