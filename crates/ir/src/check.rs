//! The checker: every fault of a jaxpr at once.
//!
//! A jaxpr is well-formed when
//!
//! *numbering*
//! 1. the inputs are the variables 0, 1, …, and the results of the equations follow in order, so that
//!    every variable has one definition and a type, and there is no type without a variable;
//!
//! *definition before use*
//!
//! 2. every operand is a variable of this jaxpr defined by an earlier equation or an input, or a
//!    literal; every result of the jaxpr is defined;
//! 3. a literal's bits are a value of its dtype;
//!
//! *types*
//!
//! 4. the number of elements of every variable's type is representable;
//! 5. every equation's operands fit its primitive's type rule, which gives as many results as the
//!    equation defines, of the types recorded for them;
//!
//! *sub-jaxprs*
//!
//! 6. every jaxpr among the parameters is well-formed. It is closed by construction: its variables
//!    are numbers of its own.
//!
//! Not checked: that a collective's axis is bound. A jaxpr may mention an axis that a `vmap_named`
//! around it binds, so that is a matter of where it is used. Users' rules (custom derivatives) are
//! functions, not text, and cannot be looked into.

use crate::error::{Error, Fault, Kind};
use crate::jaxpr::{Atom, Eqn, Jaxpr, Lit};
use crate::shape::checked_numel;
use crate::text::var_name;
use crate::types::Type;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

/// At most this many faults are listed.
const MAX_LISTED: usize = 50;

/// Checks that a jaxpr is well-formed: the list stands at the top of [this module](self).
///
/// # Errors
/// It is not; the error's text lists every fault.
pub fn check(jaxpr: &Jaxpr) -> Result<(), Error> {
    let mut checker = Checker::default();
    checker.jaxpr(jaxpr, &String::new);
    let Checker { listed, more, .. } = checker;
    if listed.is_empty() {
        return Ok(());
    }
    let mut message = String::from("the jaxpr is ill-formed:");
    for fault in listed {
        message += "\n  ";
        message += &fault;
    }
    if more > 0 {
        message += &format!("\n  and {more} more");
    }
    Err(Error::make(Kind::Check, message, None))
}

/// Checks the result of a transformation when debug assertions are on.
///
/// # Panics
/// It is ill-formed: the transformation is wrong. The message lists the faults and shows the jaxpr.
#[track_caller]
pub fn debug_check(jaxpr: &Jaxpr) {
    if cfg!(debug_assertions)
        && let Err(e) = check(jaxpr)
    {
        panic!("{e}\nin\n{jaxpr}");
    }
}

#[derive(Default)]
struct Checker {
    listed: Vec<String>,
    /// How many faults are not listed.
    more: usize,
    /// Sub-jaxprs seen already: a shared one is looked at once.
    checked: FxHashSet<Jaxpr>,
}

/// Says where a fault is; the beginning of its line.
type Place<'a> = &'a dyn Fn() -> String;

impl Checker {
    fn fault(&mut self, place: Place<'_>, fault: impl FnOnce() -> String) {
        if self.listed.len() < MAX_LISTED {
            self.listed.push(place() + &fault());
        } else {
            self.more += 1;
        }
    }

    fn n_faults(&self) -> usize {
        self.listed.len() + self.more
    }

    fn jaxpr(&mut self, jaxpr: &Jaxpr, place: Place<'_>) {
        let (n_ins, n_vars) = (jaxpr.n_ins(), jaxpr.n_vars());
        if n_ins > n_vars {
            self.fault(place, || format!("{n_ins} inputs, but types for {n_vars} variables"));
            return;
        }
        for (v, ty) in jaxpr.types().iter().enumerate() {
            if let Err(fault) = representable(ty) {
                self.fault(place, || format!("{}: {fault}", var_name(jaxpr, v as u32)));
            }
        }
        let mut defined = n_ins as u64;
        for (i, eqn) in jaxpr.eqns().iter().enumerate() {
            let here = || format!("{}equation {i}, `{}`: ", place(), eqn.prim.name());
            self.eqn(jaxpr, eqn, defined, &here);
            defined += u64::from(eqn.n_outs);
        }
        if let extra @ 1.. = (n_vars as u64).saturating_sub(defined) {
            self.fault(place, || format!("types for {extra} variables that nothing defines"));
        }
        for (i, &out) in jaxpr.outs().iter().enumerate() {
            self.atom(jaxpr, out, defined, &|| format!("{}result {i}: ", place()));
        }
    }

    fn eqn(&mut self, jaxpr: &Jaxpr, eqn: &Eqn, defined: u64, place: Place<'_>) {
        let (first, n_vars) = (eqn.first_out, jaxpr.n_vars());
        if u64::from(first) != defined {
            self.fault(place, || format!("its results count from {first}, not from {defined}"));
        }
        let end = defined + u64::from(eqn.n_outs);
        let all_typed = end <= n_vars as u64;
        if !all_typed {
            self.fault(place, || format!("{end} variables so far, but types for {n_vars}"));
        }
        let mut operands_typed = true;
        for (i, &a) in eqn.inputs.iter().enumerate() {
            operands_typed &= self.atom(jaxpr, a, defined, &|| format!("{}operand {i}: ", place()));
        }
        let before = self.n_faults();
        for sub in eqn.prim.sub_jaxprs() {
            // Hashing a jaxpr looks at its input types, so those must be there.
            if sub.n_ins() > sub.n_vars() || self.checked.insert(sub.clone()) {
                self.jaxpr(&sub, place);
            }
        }
        // A type rule may rely on operands that have types and on well-formed sub-jaxprs.
        if !operands_typed || !all_typed || self.n_faults() > before {
            return;
        }
        let ins: SmallVec<[Type; 4]> = eqn.inputs.iter().map(|&a| jaxpr.ty(a)).collect();
        let recorded = &jaxpr.types()[defined as usize..end as usize];
        match eqn.prim.check_types(&ins) {
            Err(e) => self.fault(place, || {
                let (name, text) = (format!("`{}` ", eqn.prim.name()), e.to_string());
                text.strip_prefix(&name).unwrap_or(&text).to_owned()
            }),
            Ok(outs) if outs.len() != recorded.len() => {
                let (n, m) = (outs.len(), recorded.len());
                self.fault(place, || format!("the type rule gives {n} results, not {m}"));
            }
            Ok(outs) => {
                for (v, (is, says)) in (defined..end).zip(outs.iter().zip(recorded)) {
                    if is != says {
                        let name = var_name(jaxpr, v as u32);
                        self.fault(place, || format!("{name} is recorded as {says}, but is {is}"));
                    }
                }
            }
        }
    }

    /// Checks an operand or result; true if it has a type.
    fn atom(&mut self, jaxpr: &Jaxpr, atom: Atom, defined: u64, place: Place<'_>) -> bool {
        match atom {
            Atom::Var(v) if u64::from(v.0) < defined && v.index() < jaxpr.n_vars() => {}
            Atom::Var(v) if v.index() < jaxpr.n_vars() => {
                let name = || var_name(jaxpr, v.0);
                self.fault(place, || format!("{} is used before its definition", name()));
            }
            Atom::Var(v) => {
                self.fault(place, || format!("there is no variable number {}", v.0));
                return false;
            }
            Atom::Lit(l) => {
                if Lit::from_bits(l.dtype(), l.bits()) != l {
                    let (bits, dtype) = (l.bits(), l.dtype());
                    self.fault(place, || format!("the bits {bits:#x} are no value of {dtype}"));
                }
            }
        }
        true
    }
}

fn representable(ty: &Type) -> Result<(), Fault> {
    match ty {
        Type::Array { shape, .. } => checked_numel(shape).map(drop),
        Type::Stack(elements) => elements.iter().try_for_each(representable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::jaxpr::Var;
    use crate::prim::binary::Binary;
    use crate::prim::unary::Unary;

    fn faults(jaxpr: &Jaxpr) -> String {
        check(jaxpr).map_or_else(|e| e.to_string(), |()| "none".into())
    }

    fn eqn(prim: impl Into<crate::Prim>, ins: &[u32], first_out: u32, n_outs: u32) -> Eqn {
        let inputs = ins.iter().map(|&v| Atom::Var(Var(v))).collect();
        Eqn { prim: prim.into(), inputs, first_out, n_outs, loc: crate::Loc::NONE }
    }

    #[test]
    fn every_fault_is_listed() {
        let f3 = Type::of(DType::F32, &[3]);
        let huge = Type::of(DType::F32, &[1 << 40, 1 << 40]);
        let eqns = vec![
            eqn(Unary::Sin, &[3], 2, 1),
            eqn(Binary::Add, &[0, 1], 3, 1),
            eqn(Unary::Sin, &[0], 9, 1),
            eqn(Unary::Sin, &[70], 5, 1),
        ];
        let types = vec![f3.clone(), Type::scalar(DType::F64), f3.clone(), f3, huge];
        let outs = vec![Atom::Var(Var(0)), Atom::Var(Var(4)), Atom::Var(Var(8))];
        insta::assert_snapshot!(faults(&Jaxpr::from_parts(2, types, eqns, outs)), @r"
        the jaxpr is ill-formed:
          `d`: the shape [1099511627776,1099511627776] has too many elements
          equation 0, `sin`: operand 0: `c` is used before its definition
          equation 1, `add`: cannot take f32[3] and f64[]: the dtypes f32 and f64 differ: convert one with `.cast(..)`
          equation 2, `sin`: its results count from 9, not from 4
          equation 2, `sin`: `d` is recorded as f32[1099511627776,1099511627776], but is f32[3]
          equation 3, `sin`: 6 variables so far, but types for 5
          equation 3, `sin`: operand 0: there is no variable number 70
          result 2: there is no variable number 8
        ");
    }

    #[test]
    fn a_well_formed_jaxpr_passes() {
        let text = "{ lambda ; a:f32[3]. let b:f32[3] = sin a in (b, 1.0:f32[]) }";
        assert_eq!(faults(&crate::text::parse(text).unwrap()), "none");
    }

    #[test]
    fn lengths_that_do_not_fit_are_faults() {
        let f = Type::scalar(DType::F32);
        let too_few = Jaxpr::from_parts(2, vec![f.clone()], vec![], vec![]);
        insta::assert_snapshot!(faults(&too_few), @r"
        the jaxpr is ill-formed:
          2 inputs, but types for 1 variables
        ");
        let too_many = Jaxpr::from_parts(1, vec![f.clone(), f.clone(), f], vec![], vec![]);
        insta::assert_snapshot!(faults(&too_many), @r"
        the jaxpr is ill-formed:
          types for 2 variables that nothing defines
        ");
    }
}
