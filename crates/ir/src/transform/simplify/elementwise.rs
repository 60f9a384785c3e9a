//! Rules of elementwise primitives.

use super::{Rewrite, Simplifier};
use crate::dtype::DType;
use crate::jaxpr::{Atom, Atoms, Lit};
use crate::prim::Prim;
use crate::prim::binary::Binary;
use crate::prim::compare::Compare;
use crate::prim::convert::Convert;
use crate::prim::select::SelectN;
use crate::prim::unary::Unary;
use crate::types::Type;
use Rewrite::{Full, Same};

impl Simplifier {
    pub(super) fn elementwise(&mut self, prim: &Prim, ins: &[Atom], ty: &Type) -> Option<Rewrite> {
        let found = match (prim, ins) {
            (Prim::Identity(_), &[x]) => Some(Same(x)),
            (Prim::Unary(op), &[x]) => self.unary(*op, x),
            (Prim::Binary(op), &[x, y]) => self.binary(*op, x, y, ty),
            (Prim::Compare(op), &[x, y]) => self.compare(*op, x, y, ty),
            (Prim::Convert(op), &[x]) => self.convert(*op, x, ty),
            (Prim::SelectN(_), &[which, ref cases @ ..]) => self.select(which, cases),
            (Prim::IntegerPow(p), &[x]) => match p.y {
                0 => Some(Rewrite::number(ty, 1.0)),
                1 => Some(Same(x)),
                2 => Some(Rewrite::eqn(Unary::Square, &[x])),
                -1 => {
                    let one = Atom::Lit(Lit::from_f64(ty.dtype(), 1.0));
                    Some(Rewrite::eqn(Binary::Div, &[one, x]))
                }
                _ => None,
            },
            (Prim::Clamp(_), _) => None,
            _ => return None,
        };
        found.or_else(|| self.of_scalars(prim, ins, ty))
    }

    /// Operands that repeat a scalar: the scalar itself where another operand has the shape, and if
    /// all do, the function is computed once.
    fn of_scalars(&mut self, prim: &Prim, ins: &[Atom], ty: &Type) -> Option<Rewrite> {
        let repeats = |a: &Atom| matches!(self.def(*a), Some((Prim::BroadcastInDim(_), _)));
        let bits_move = matches!(prim, Prim::Convert(Convert::Bitcast { .. }));
        if bits_move || ty.rank() == 0 || !ins.iter().any(repeats) {
            return None;
        }
        let scalars: Vec<Option<Atom>> = ins.iter().map(|&a| self.scalar(a)).collect();
        if let Some(scalars) = scalars.iter().copied().collect::<Option<Atoms>>() {
            let ty = Type::scalar(ty.dtype());
            // The operands have rank 0 now, so this comes here no second time.
            return Some(Full(self.simplified(prim.clone(), scalars, &ty)));
        }
        // The cases of a selection and the middle of a clamp have the shape of the result.
        let may_be_scalar = |i: usize| match prim {
            Prim::SelectN(_) => i == 0,
            Prim::Clamp(_) => i != 1,
            _ => true,
        };
        let pairs = ins.iter().zip(scalars).enumerate();
        let new: Atoms =
            pairs.map(|(i, (&a, s))| s.filter(|_| may_be_scalar(i)).unwrap_or(a)).collect();
        // Without an operand of the shape the result would lose it.
        let full = new.iter().any(|&a| self.b.ty(a).rank() > 0);
        (full && new[..] != *ins).then(|| Rewrite::Eqn(prim.clone(), new))
    }

    fn is_float(&self, a: Atom) -> bool {
        self.b.ty(a).is_float()
    }

    /// The operand of the unary operation that gives this value.
    fn operand_of(&self, op: Unary, a: Atom) -> Option<Atom> {
        match self.def(a)? {
            (Prim::Unary(inner), &[x]) if *inner == op => Some(x),
            _ => None,
        }
    }

    fn unary(&self, op: Unary, x: Atom) -> Option<Rewrite> {
        use Unary::{Abs, Ceil, Floor, Neg, Not, Round, RoundEven, Sign, Square};
        let inner = match self.def(x)? {
            (Prim::Unary(inner), &[y]) => match (op, *inner) {
                (Neg, Neg) | (Not, Not) => return Some(Same(y)),
                (Abs, Abs) | (Sign, Sign) => return Some(Same(x)),
                // What is rounded is an integer.
                (Floor | Ceil | Round | RoundEven, Floor | Ceil | Round | RoundEven) => {
                    return Some(Same(x));
                }
                (Abs | Square, Neg) | (Square, Abs) if self.is_float(x) => y,
                _ => return None,
            },
            // Rounding is symmetric, so the sign may go to the number.
            (Prim::Binary(Binary::Mul), &[y, Atom::Lit(c)]) if op == Neg && self.is_float(x) => {
                return Some(Rewrite::eqn(Binary::Mul, &[y, negated(c)]));
            }
            // Of floats, these two only: NaN is neither below nor above.
            (Prim::Compare(inner), ins) if op == Not => {
                let opposite = match inner {
                    Compare::Eq => Compare::Ne,
                    Compare::Ne => Compare::Eq,
                    _ if self.is_float(ins[0]) => return None,
                    Compare::Lt => Compare::Ge,
                    Compare::Ge => Compare::Lt,
                    Compare::Gt => Compare::Le,
                    Compare::Le => Compare::Gt,
                };
                return Some(Rewrite::eqn(opposite, ins));
            }
            _ => return None,
        };
        Some(Rewrite::eqn(op, &[inner]))
    }

    fn binary(&self, op: Binary, x: Atom, y: Atom, ty: &Type) -> Option<Rewrite> {
        use Binary::{Add, Div, Max, Min, Mul, Pow, Sub};
        let float = ty.is_float();
        // Literals are scalars, so the other operand has the shape of the result.
        let is = |a: Atom, v: f64| a.lit().is_some_and(|l| l.is(v));
        let zero = |a: Atom| is(a, 0.0);
        Some(match op {
            // Of integers, −0 is 0.
            Add if is(y, -0.0) => Same(x),
            Add if is(x, -0.0) => Same(y),
            Sub if zero(y) => Same(x),
            Sub if is(x, -0.0) => Rewrite::eqn(Unary::Neg, &[y]),
            Sub if x == y && !float => Rewrite::number(ty, 0.0),
            Mul | Div | Pow if is(y, 1.0) => Same(x),
            Mul if is(x, 1.0) => Same(y),
            Mul if !float && (zero(x) || zero(y)) => Rewrite::number(ty, 0.0),
            Mul if float && is(y, -1.0) => Rewrite::eqn(Unary::Neg, &[x]),
            Mul if float && is(x, -1.0) => Rewrite::eqn(Unary::Neg, &[y]),
            Div => {
                let inverse = exact_inverse(y.lit()?)?;
                Rewrite::eqn(Mul, &[x, Atom::Lit(inverse)])
            }
            Pow if zero(y) => Rewrite::number(ty, 1.0),
            Max | Min if x == y => Same(x),
            Add | Sub | Mul => return self.with_negated(op, x, y, float),
            _ => return bits(op, x, y, ty),
        })
    }

    /// Sums, differences and products of negated operands: rounding is symmetric.
    fn with_negated(&self, op: Binary, x: Atom, y: Atom, float: bool) -> Option<Rewrite> {
        use Binary::{Add, Mul, Sub};
        let neg = |a| self.operand_of(Unary::Neg, a);
        let (op, x, y) = match (op, neg(x), neg(y)) {
            (Add, _, Some(y)) => (Sub, x, y),
            (Add, Some(x), _) => (Sub, y, x),
            (Sub, _, Some(y)) => (Add, x, y),
            (Mul, Some(x), Some(y)) => (Mul, x, y),
            // Of a number of an unsigned dtype there is no negative.
            (Mul, Some(x), None) if float => (Mul, x, negated(y.lit()?)),
            (Mul, None, Some(y)) if float => (Mul, negated(x.lit()?), y),
            _ => return None,
        };
        Some(Rewrite::eqn(op, &[x, y]))
    }

    fn compare(&self, op: Compare, x: Atom, y: Atom, ty: &Type) -> Option<Rewrite> {
        let holds = match op {
            _ if x != y => return None,
            Compare::Lt | Compare::Gt => false,
            // A NaN is not equal to itself.
            _ if self.is_float(x) => return None,
            Compare::Ne => false,
            Compare::Eq | Compare::Le | Compare::Ge => true,
        };
        Some(Rewrite::number(ty, f64::from(holds)))
    }

    fn convert(&self, op: Convert, x: Atom, ty: &Type) -> Option<Rewrite> {
        let from = self.b.ty(x).dtype();
        let same = |a: Atom| (self.b.ty(a) == *ty).then_some(Same(a));
        match (op, self.def(x)) {
            (Convert::ReducePrecision { .. }, _) => None,
            _ if from == ty.dtype() => same(x),
            (Convert::Bitcast { .. }, Some((Prim::Convert(Convert::Bitcast { .. }), &[y]))) => {
                same(y)
            }
            (
                Convert::ElementType { .. },
                Some((Prim::Convert(Convert::ElementType { .. }), &[y])),
            ) => {
                let first = self.b.ty(y).dtype();
                // A float becomes an integer by saturation, an integer wraps.
                let wraps = first.is_int() && from.is_float() && ty.dtype().is_int();
                match embeds(first, from) {
                    true if first == ty.dtype() => Some(Same(y)),
                    true if !wraps => Some(Rewrite::eqn(op, &[y])),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    fn select(&self, which: Atom, cases: &[Atom]) -> Option<Rewrite> {
        let last = cases.len() - 1;
        if cases.iter().all(|c| *c == cases[0]) {
            return Some(Same(cases[0]));
        }
        if let Some(number) = self.scalar(which).and_then(Atom::lit) {
            // As the primitive does, beyond the ends the first and the last.
            let number = number.to_f64().clamp(0.0, last as f64);
            return Some(Same(cases[number as usize]));
        }
        let not =
            self.operand_of(Unary::Not, which).filter(|&p| self.b.ty(p).dtype() == DType::Bool);
        not.map(|p| Rewrite::eqn(SelectN, &[p, cases[1], cases[0]]))
    }
}

/// Operations on bits, of integers and of truth values.
fn bits(op: Binary, x: Atom, y: Atom, ty: &Type) -> Option<Rewrite> {
    use Binary::{And, Or, ShiftLeft, ShiftRightArithmetic, ShiftRightLogical, Xor};
    let zeros = |a: Atom| a.lit().is_some_and(|l| l.bits() == 0);
    let ones = |a: Atom| a.lit().is_some_and(|l| l == Lit::from_bits(l.dtype(), u64::MAX));
    Some(match op {
        And | Or if x == y => Same(x),
        And if ones(y) => Same(x),
        And if ones(x) => Same(y),
        And if zeros(x) || zeros(y) => Rewrite::number(ty, 0.0),
        Or if ones(x) => Full(x),
        Or if ones(y) => Full(y),
        Or | Xor if zeros(y) => Same(x),
        Or | Xor if zeros(x) => Same(y),
        Xor if x == y => Rewrite::number(ty, 0.0),
        Xor if ones(y) => Rewrite::eqn(Unary::Not, &[x]),
        Xor if ones(x) => Rewrite::eqn(Unary::Not, &[y]),
        ShiftLeft | ShiftRightArithmetic | ShiftRightLogical if zeros(y) => Same(x),
        _ => return None,
    })
}

fn negated(c: Lit) -> Atom {
    Atom::Lit(Lit::from_f64(c.dtype(), -c.to_f64()))
}

/// 1 / c, for a power of two whose reciprocal the dtype has: x / c and x · (1 / c) are the same number
/// before rounding.
fn exact_inverse(c: Lit) -> Option<Lit> {
    let x = c.to_f64();
    let mantissa = x.to_bits() << 12;
    let inverse = Lit::from_f64(c.dtype(), x.recip());
    (c.dtype().is_float() && x.is_normal() && mantissa == 0 && inverse.to_f64() == x.recip())
        .then_some(inverse)
}

/// Whether each number of one dtype is a number of another.
fn embeds(from: DType, to: DType) -> bool {
    // Sign, and bits that hold the magnitude: f64 has integers of 53 bits.
    let integer = |d: DType| (d.is_signed_int(), 8 * d.size() - usize::from(d.is_signed_int()));
    let mantissa = |d: DType| match d {
        DType::F16 => 11,
        DType::BF16 => 8,
        DType::F32 => 24,
        _ => 53,
    };
    match (from, to) {
        _ if from == to || from == DType::Bool => true,
        (_, DType::Bool) => false,
        _ if from.is_float() => to.is_float() && to.size() > from.size(),
        _ if to.is_float() => integer(from).1 <= mantissa(to),
        _ => {
            let ((signed, bits), (to_signed, to_bits)) = (integer(from), integer(to));
            bits <= to_bits && (to_signed || !signed)
        }
    }
}
