//! The text form of jaxprs.

use crate::jaxpr::Jaxpr;
use std::fmt;

/// One parameter value as text.
pub fn print_param(p: &crate::param::Param) -> String {
    format!("{p:?}")
}

impl fmt::Display for Jaxpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?}", self.eqns(), self.outs())
    }
}

impl fmt::Debug for Jaxpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
