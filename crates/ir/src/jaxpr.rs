//! Jaxprs: typed, flat, immutable programs in A-normal form.

use crate::dtype::{DType, Element};
use crate::loc::Loc;
use crate::prim::Prim;
use crate::types::Type;
use crate::value::Value;
use smallvec::SmallVec;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, OnceLock};

/// A variable: its number in definition order, inputs first, then the outputs of each equation.
///
/// Numbers instead of names make "defined once, before use" an integer comparison, an environment a
/// `Vec`, and structural equality the same as alpha-equivalence.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Var(pub u32);

impl Var {
    /// The number as an index into an environment.
    #[inline]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A scalar constant in an operand position, kept as its bit pattern so that equality and hashing
/// are exact (NaN equals itself, 0 differs from -0).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Lit {
    dtype: DType,
    bits: u64,
}

impl Lit {
    /// A literal of the scalar's dtype.
    pub fn new<T: Element>(x: T) -> Lit {
        Lit { dtype: T::DTYPE, bits: x.to_bits() }
    }

    /// A literal of a dtype from an `f64`, converted as `convert_element_type` does.
    pub fn from_f64(dtype: DType, x: f64) -> Lit {
        crate::dispatch!(dtype, T => Lit::new(T::from_f64(x)))
    }

    /// A literal from a bit pattern; bits beyond the dtype's width are dropped.
    pub fn from_bits(dtype: DType, bits: u64) -> Lit {
        crate::dispatch!(dtype, T => Lit::new(<T as Element>::from_bits(bits)))
    }

    /// The element type.
    pub fn dtype(self) -> DType {
        self.dtype
    }

    /// The bit pattern, zero-extended.
    pub fn bits(self) -> u64 {
        self.bits
    }

    /// The value as `f64` (exact but for large 64-bit integers).
    pub fn to_f64(self) -> f64 {
        crate::dispatch!(self.dtype, T => <T as Element>::from_bits(self.bits).to_f64())
    }

    /// The scalar as a rank-0 array.
    pub fn value(self) -> Value {
        crate::dispatch!(self.dtype, T => Value::scalar(<T as Element>::from_bits(self.bits)))
    }

    /// The literal of a rank-0 array.
    pub fn of_value(value: &Value) -> Lit {
        crate::dispatch!(value.dtype(), T => Lit::new(value.slice::<T>()[0]))
    }

    /// True when the literal is this number exactly.
    pub fn is(self, x: f64) -> bool {
        self == Lit::from_f64(self.dtype, x)
    }
}

/// An operand: a variable or a scalar literal.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Atom {
    /// A variable defined before.
    Var(Var),
    /// A scalar constant.
    Lit(Lit),
}

impl Atom {
    /// The variable, unless this is a literal.
    #[inline]
    pub fn var(self) -> Option<Var> {
        match self {
            Atom::Var(v) => Some(v),
            Atom::Lit(_) => None,
        }
    }

    /// What stands for this one in a program that is made from another: `env` has an atom for each of that
    /// one's variables so far. Literals stay.
    #[inline]
    pub(crate) fn renamed(self, env: &[Atom]) -> Atom {
        self.var().map_or(self, |v| env[v.index()])
    }

    /// The literal, unless this is a variable.
    #[inline]
    pub fn lit(self) -> Option<Lit> {
        match self {
            Atom::Var(_) => None,
            Atom::Lit(l) => Some(l),
        }
    }
}

impl From<Var> for Atom {
    fn from(v: Var) -> Atom {
        Atom::Var(v)
    }
}

/// A short list of operands or results.
pub type Atoms = SmallVec<[Atom; 4]>;

/// One equation: `outs = prim inputs`.
#[derive(Clone, Debug)]
pub struct Eqn {
    /// The primitive with its parameters.
    pub prim: Prim,
    /// The operands.
    pub inputs: Atoms,
    /// The number of the first output; outputs are numbered consecutively.
    pub first_out: u32,
    /// How many outputs.
    pub n_outs: u32,
    /// The user's line and the equation's role, outside of equality and hash.
    pub loc: Loc,
}

impl Eqn {
    /// The variables that this equation defines.
    pub fn outs(&self) -> impl ExactSizeIterator<Item = Var> + use<> {
        (self.first_out..self.first_out + self.n_outs).map(Var)
    }
}

impl PartialEq for Eqn {
    fn eq(&self, other: &Eqn) -> bool {
        self.first_out == other.first_out
            && self.n_outs == other.n_outs
            && self.inputs == other.inputs
            && self.prim == other.prim
    }
}

impl Eq for Eqn {}

impl Hash for Eqn {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.prim.hash(state);
        self.inputs.hash(state);
        self.first_out.hash(state);
    }
}

#[derive(Debug)]
struct JaxprData {
    n_ins: usize,
    /// Types of all variables, by number.
    types: Vec<Type>,
    eqns: Vec<Eqn>,
    outs: Vec<Atom>,
    hash: OnceLock<u64>,
}

/// An immutable program. Cloning bumps a counter; equality is structural (alpha-equivalence).
///
/// ```text
/// { lambda ; a:f32[3] b:f32[]. let
///     c:f32[3] = sin a
///     d:f32[3] = mul c b
///   in (d,) }
/// ```
#[derive(Clone)]
pub struct Jaxpr(Arc<JaxprData>);

impl Jaxpr {
    /// Assembles a jaxpr. The parts must be well-formed as [`check`](crate::check::check) says;
    /// transformations make jaxprs through a [`Builder`](crate::Builder), which guarantees it.
    pub fn from_parts(n_ins: usize, types: Vec<Type>, eqns: Vec<Eqn>, outs: Vec<Atom>) -> Jaxpr {
        Jaxpr(Arc::new(JaxprData { n_ins, types, eqns, outs, hash: OnceLock::new() }))
    }

    /// The number of inputs.
    pub fn n_ins(&self) -> usize {
        self.0.n_ins
    }

    /// The input variables.
    pub fn ins(&self) -> impl ExactSizeIterator<Item = Var> + use<> {
        (0..self.0.n_ins as u32).map(Var)
    }

    /// The types of the inputs.
    pub fn in_types(&self) -> &[Type] {
        &self.0.types[..self.0.n_ins]
    }

    /// The types of all variables, indexed by number.
    pub fn types(&self) -> &[Type] {
        &self.0.types
    }

    /// The equations in order.
    pub fn eqns(&self) -> &[Eqn] {
        &self.0.eqns
    }

    /// The results.
    pub fn outs(&self) -> &[Atom] {
        &self.0.outs
    }

    /// The number of variables: the size of an environment.
    pub fn n_vars(&self) -> usize {
        self.0.types.len()
    }

    /// The type of an operand.
    pub fn ty(&self, atom: Atom) -> Type {
        match atom {
            Atom::Var(v) => self.0.types[v.index()].clone(),
            Atom::Lit(l) => Type::scalar(l.dtype()),
        }
    }

    /// The types of the results.
    pub fn out_types(&self) -> Vec<Type> {
        self.0.outs.iter().map(|&a| self.ty(a)).collect()
    }

    /// The types of an equation's outputs.
    pub fn eqn_out_types(&self, eqn: &Eqn) -> &[Type] {
        &self.0.types[eqn.first_out as usize..(eqn.first_out + eqn.n_outs) as usize]
    }

    /// A hash of the structure: equal jaxprs have equal hashes, source lines do not count. It is
    /// computed once and then remembered.
    pub fn structural_hash(&self) -> u64 {
        *self.0.hash.get_or_init(|| {
            let mut h = rustc_hash::FxHasher::default();
            self.0.n_ins.hash(&mut h);
            self.0.types[..self.0.n_ins].hash(&mut h);
            self.0.eqns.hash(&mut h);
            self.0.outs.hash(&mut h);
            h.finish()
        })
    }

    /// The effects of all equations together; those of a call are its callee's.
    pub fn effects(&self) -> crate::prim::Effects {
        let effects = self.0.eqns.iter().map(|e| e.prim.effects());
        effects.fold(crate::prim::Effects::NONE, crate::prim::Effects::union)
    }
}

impl PartialEq for Jaxpr {
    fn eq(&self, other: &Jaxpr) -> bool {
        let (a, b) = (&*self.0, &*other.0);
        std::ptr::eq(a, b)
            || (self.structural_hash() == other.structural_hash()
                && a.n_ins == b.n_ins
                && a.types == b.types
                && a.outs == b.outs
                && a.eqns == b.eqns)
    }
}

impl Eq for Jaxpr {}

impl Hash for Jaxpr {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.structural_hash().hash(state);
    }
}
