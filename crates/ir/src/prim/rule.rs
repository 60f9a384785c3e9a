//! Users' rules: jaxprs that are traced when they are first needed, and what the primitives that hold
//! them share.

use super::{Tangent, Tangents};
use crate::builder::Builder;
use crate::error::{Error, Fault, fault};
use crate::jaxpr::{Atom, Atoms, Jaxpr};
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

/// A user's derivative rule: prints as `<fn name@id>`, compares by identity, makes its jaxpr on first
/// use and remembers it. Because it is lazy, a rule may call the very function that it belongs to.
#[derive(Clone)]
pub struct Rule(Arc<Inner>);

struct Inner {
    name: String,
    id: u64,
    make: Box<dyn Fn() -> Result<Jaxpr, Error> + Send + Sync>,
    made: OnceLock<Result<Jaxpr, Error>>,
}

impl Rule {
    /// A rule with a name for messages and a function that makes its jaxpr.
    pub fn new(
        name: impl Into<String>,
        make: impl Fn() -> Result<Jaxpr, Error> + Send + Sync + 'static,
    ) -> Rule {
        // Identities are for printing; a counter suffices, and nothing numeric depends on it.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Rule(Arc::new(Inner { name: name.into(), id, make: Box::new(make), made: OnceLock::new() }))
    }

    /// The jaxpr of the rule.
    ///
    /// # Errors
    /// The user's function fails while it is traced.
    pub fn jaxpr(&self) -> Result<Jaxpr, Error> {
        // Not `get_or_init`: tracing may come back here for the same rule on the same thread.
        if let Some(made) = self.0.made.get() {
            return made.clone();
        }
        let made = (self.0.make)();
        self.0.made.get_or_init(|| made).clone()
    }

    /// The name, for messages.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The number that the text form shows.
    pub fn id(&self) -> u64 {
        self.0.id
    }

    /// A rule that transforms the jaxpr of this one when it is needed.
    pub(crate) fn map(
        &self,
        f: impl Fn(&Jaxpr) -> Result<Jaxpr, Error> + Send + Sync + 'static,
    ) -> Rule {
        let this = self.clone();
        Rule::new(self.name(), move || f(&this.jaxpr()?))
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Rule) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Rule {}

impl Hash for Rule {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<fn {}@{}>", self.0.name, self.0.id)
    }
}

/// What the parser says of a primitive that holds a rule. It never gets there, because these
/// primitives have no names for it: a custom call is read as a plain one.
pub(super) fn no_text<P>() -> Result<P, Fault> {
    Err(fault!("a user's rule has no text form"))
}

/// Refuses derivatives with respect to what a function with a custom rule captured.
pub(super) fn refuse_captured_tangents(name: &str, tangents: &[Tangent]) -> Result<(), Error> {
    if tangents.iter().all(Option::is_none) {
        return Ok(());
    }
    Err(Error::msg(format!(
        "`{name}` has a custom derivative rule and captures a value that is being differentiated: \
         the rule says nothing about it, so pass the value as an argument"
    )))
}

/// The tangents of the float operands, as rules take them: all of them, none left out.
pub(super) fn float_tangents(b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> Atoms {
    let floats = primals.iter().zip(tangents).filter(|(x, _)| b.ty(**x).is_float());
    floats.map(|(&x, &t)| b.instantiate(t, x)).collect()
}

/// One tangent a result, of those that a rule gives for the float results.
pub(super) fn spread_tangents(b: &Builder, outs: &[Atom], outs_t: Atoms) -> Tangents {
    let mut outs_t = outs_t.into_iter();
    outs.iter().map(|&o| if b.ty(o).is_float() { outs_t.next() } else { None }).collect()
}
