//! Products of two arrays, summed: each axis has a label, equal labels are one index.
//!
//! `dot_general` numbers axes by position, in each operand and in the result. With labels in their
//! place, a transpose of an operand is another order of its labels and a broadcast is a label less;
//! what is left to do is to find the dimension numbers that say the same.

use super::Program;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::jaxpr::{Atom, Jaxpr};
use crate::prim::Prim;
use crate::prim::dot::DotGeneral;
use crate::prim::reshape::Reshape;
use crate::shape::{Axes, Shape};

/// The label of an axis of size 1 that no index runs along.
const NONE: usize = usize::MAX;

/// How many transposes and broadcasts are looked through: after `simplify` there is one of each.
const VIEWS: usize = 3;

#[derive(Clone)]
struct Factor {
    atom: Atom,
    /// One an axis.
    labels: Axes,
}

/// A sum of products before dimension numbers are chosen.
#[derive(Clone)]
pub(super) struct Contraction {
    factors: [Factor; 2],
    /// The size of each label.
    sizes: Shape,
    /// The labels of the result's axes; the product is summed over the others, in ascending order.
    outs: Axes,
    preferred: Option<DType>,
    /// Whether a single term is what `mul` of operands of the result's dtype gives.
    rounds_as_mul: bool,
}

impl Contraction {
    pub(super) fn of_dot(jaxpr: &Jaxpr, dot: &DotGeneral, ins: &[Atom]) -> Contraction {
        let types = [jaxpr.ty(ins[0]), jaxpr.ty(ins[1])];
        let mut labels = [0, 1].map(|i| Axes::from_elem(NONE, types[i].rank()));
        let mut sizes = Shape::new();
        // One label after the other, to an axis of either operand or of both.
        let mut name = |x: Option<usize>, y: Option<usize>| {
            for (side, axis) in [(0, x), (1, y)] {
                if let Some(axis) = axis {
                    labels[side][axis] = sizes.len();
                }
            }
            sizes.push(x.map_or_else(|| types[1].shape()[y.unwrap_or(0)], |x| types[0].shape()[x]));
        };
        let pairs = |x: &Axes, y: &Axes| {
            x.iter().copied().map(Some).zip(y.iter().copied().map(Some)).collect::<Vec<_>>()
        };
        let [x_free, y_free] = [dot.lhs_free(types[0].rank()), dot.rhs_free(types[1].rank())];
        pairs(&dot.lhs_batch, &dot.rhs_batch).into_iter().for_each(|(x, y)| name(x, y));
        x_free.iter().for_each(|&x| name(Some(x), None));
        y_free.iter().for_each(|&y| name(None, Some(y)));
        let n_outs = dot.lhs_batch.len() + x_free.len() + y_free.len();
        pairs(&dot.lhs_contract, &dot.rhs_contract).into_iter().for_each(|(x, y)| name(x, y));
        let [x, y] = labels;
        Contraction {
            factors: [Factor { atom: ins[0], labels: x }, Factor { atom: ins[1], labels: y }],
            sizes,
            outs: (0..n_outs).collect(),
            preferred: dot.preferred,
            rounds_as_mul: rounds_as_mul(types[0].dtype(), dot.preferred),
        }
    }

    /// The elementwise product of two arrays of this shape, summed over axes.
    pub(super) fn of_sum(shape: &[usize], axes: &[usize], factors: [Atom; 2]) -> Contraction {
        let labels: Axes = (0..shape.len()).collect();
        Contraction {
            factors: factors.map(|atom| Factor { atom, labels: labels.clone() }),
            sizes: shape.into(),
            outs: labels.iter().copied().filter(|l| !axes.contains(l)).collect(),
            preferred: None,
            rounds_as_mul: true,
        }
    }

    /// Whether it is an elementwise product: of one term at most, and rounded as that is.
    pub(super) fn is_elementwise(&self) -> bool {
        let sums = (0..self.sizes.len()).any(|l| self.sizes[l] != 1 && !self.outs.contains(&l));
        self.rounds_as_mul && !sums
    }

    /// The same, its result transposed.
    pub(super) fn transposed(mut self, permutation: &[usize]) -> Contraction {
        self.outs = permutation.iter().map(|&p| self.outs[p]).collect();
        self
    }

    /// Ways to compute it, with both operands looked through, or one of them, and if `as_it_is` with
    /// none.
    pub(super) fn plans(&self, program: &Program<'_>, as_it_is: bool) -> Vec<Plan> {
        let [x, y] = &self.factors;
        let (in_x, in_y) = (x.looked_through(program), y.looked_through(program));
        let mut choices = Vec::new();
        if let (Some(x), Some(y)) = (&in_x, &in_y) {
            choices.push([x.clone(), y.clone()]);
        }
        choices.extend(in_x.map(|x| [x, y.clone()]));
        choices.extend(in_y.map(|y| [x.clone(), y]));
        if as_it_is {
            choices.push(self.factors.clone());
        }
        choices.into_iter().filter_map(|factors| self.plan(factors)).collect()
    }

    /// The dimension numbers for these factors in the place of its own; `None` if there are none.
    fn plan(&self, mut factors: [Factor; 2]) -> Option<Plan> {
        let has = |f: &Factor, l: usize| f.labels.contains(&l);
        let summed = (0..self.sizes.len()).filter(|l| !self.outs.contains(l));
        let mut contract = Axes::new();
        for l in summed {
            match factors.each_ref().map(|f| has(f, l)) {
                [true, true] if self.sizes[l] != 1 => contract.push(l),
                // A sum of many equal terms is a product with their number, rounded otherwise.
                _ if self.sizes[l] != 1 => return None,
                // One term is no sum.
                _ => factors.iter_mut().for_each(|f| f.forget(l)),
            }
        }
        let [x, y] = &factors;
        let here = |l: &usize| has(x, *l) || has(y, *l);
        let wanted: Axes = self.outs.iter().copied().filter(here).collect();
        let batch: Axes = wanted.iter().copied().filter(|&l| has(x, l) && has(y, l)).collect();
        let free = |f: &Factor| -> Axes {
            let free = |l: &usize| *l != NONE && !batch.contains(l) && !contract.contains(l);
            f.labels.iter().copied().filter(free).collect()
        };
        let n_free = [free(x).len(), free(y).len()];
        let order = |x: &Factor, y: &Factor| -> Axes {
            batch.iter().copied().chain(free(x)).chain(free(y)).collect()
        };
        if Move::between(&order(y, x), &wanted) < Move::between(&order(x, y), &wanted) {
            factors.swap(0, 1);
        }
        let multiplies = contract.is_empty() && self.rounds_as_mul;
        let product = if multiplies { wanted.clone() } else { order(&factors[0], &factors[1]) };
        let place = |l: &usize| product.iter().position(|p| p == l);
        let permutation = wanted.iter().map(place).collect::<Option<Axes>>()?;
        let outs = &self.outs;
        Some(Plan {
            multiplies,
            contract,
            batch,
            factors,
            moves: Move::between(&product, &wanted),
            permutation,
            kept: (0..outs.len()).filter(|&i| wanted.contains(&outs[i])).collect(),
            shape: outs.iter().map(|&l| self.sizes[l]).collect(),
            wanted,
            n_free,
            preferred: self.preferred,
        })
    }
}

fn rounds_as_mul(dtype: DType, preferred: Option<DType>) -> bool {
    // Operands that are converted to a wider float first are exact.
    let widens = |to: DType| {
        let wide = matches!(to, DType::F32 | DType::F64) && to.size() > dtype.size();
        to == dtype || (dtype.is_float() && wide)
    };
    dtype != DType::Bool && preferred.is_none_or(widens)
}

impl Factor {
    /// The operand behind transposes and broadcasts; `None` if there are none.
    fn looked_through(&self, program: &Program<'_>) -> Option<Factor> {
        let mut f = self.clone();
        for _ in 0..VIEWS {
            let Some(eqn) = program.def(f.atom) else { break };
            let &[x] = &eqn.inputs[..] else { break };
            let labels: Axes = match &eqn.prim {
                Prim::Transpose(t) => {
                    let mut labels = f.labels.clone();
                    t.permutation.iter().zip(&f.labels).for_each(|(&p, &l)| labels[p] = l);
                    labels
                }
                Prim::BroadcastInDim(p) => {
                    // Along an axis that is repeated no index runs any more.
                    let from = program.jaxpr.ty(x);
                    let to = |(&d, &n): (&usize, &usize)| {
                        if n == p.shape[d] { f.labels[d] } else { NONE }
                    };
                    p.broadcast_dimensions.iter().zip(from.shape()).map(to).collect()
                }
                Prim::Reshape(Reshape::ExpandDims { dimensions }) => {
                    let kept = f.labels.iter().enumerate().filter(|(i, _)| !dimensions.contains(i));
                    kept.map(|(_, &l)| l).collect()
                }
                _ => break,
            };
            f = Factor { atom: x, labels };
        }
        (f.atom != self.atom).then_some(f)
    }

    /// Takes an index away from an axis of size 1.
    fn forget(&mut self, label: usize) {
        self.labels.iter_mut().filter(|l| **l == label).for_each(|l| *l = NONE);
    }
}

/// A transposition, by what it costs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Move {
    Nothing,
    /// Of rows, which stay as they are.
    Rows,
    /// Within parts, each of which stays in its place.
    Parts,
    All,
}

impl Move {
    /// That from one order of axes to another one.
    pub(super) fn between<T: PartialEq>(from: &[T], to: &[T]) -> Move {
        match () {
            () if from == to => Move::Nothing,
            () if from.last() == to.last() => Move::Rows,
            () if from.first() == to.first() => Move::Parts,
            () => Move::All,
        }
    }
}

/// A `dot_general`, and what is done with its operands and its result.
pub(super) struct Plan {
    /// Whether the product is elementwise.
    multiplies: bool,
    factors: [Factor; 2],
    contract: Axes,
    batch: Axes,
    /// How the product's axes are to be permuted.
    permutation: Axes,
    moves: Move,
    /// The labels of the axes that the product has in the result, in their order.
    wanted: Axes,
    /// The axes of the result that the product has; it is repeated along the others.
    kept: Axes,
    shape: Shape,
    n_free: [usize; 2],
    preferred: Option<DType>,
}

impl Plan {
    /// How the product must be transposed.
    pub(super) fn moves(&self) -> Move {
        self.moves
    }

    /// Whether the product must be transposed.
    pub(super) fn moves_result(&self) -> bool {
        self.moves != Move::Nothing
    }

    /// Whether the product is smaller than the result.
    pub(super) fn repeats_result(&self) -> bool {
        (0..self.shape.len()).any(|i| self.shape[i] != 1 && !self.kept.contains(&i))
    }

    /// Whether anything is summed.
    pub(super) fn sums(&self) -> bool {
        !self.contract.is_empty()
    }

    /// Whether both operands have axes of their own.
    pub(super) fn is_of_matrices(&self) -> bool {
        self.n_free[0] > 0 && self.n_free[1] > 0
    }

    /// Whether one operand has no axes but those that are summed over.
    pub(super) fn is_with_vector(&self) -> bool {
        self.batch.is_empty() && self.n_free.contains(&0)
    }

    /// The operands that have every axis of the product and of the sum.
    pub(super) fn operands_of_full_size(&self) -> impl Iterator<Item = Atom> + '_ {
        let n = self.contract.len() + self.permutation.len();
        let used = |f: &Factor| f.labels.iter().filter(|l| **l != NONE).count();
        self.factors.iter().filter(move |f| used(f) == n).map(|f| f.atom)
    }

    /// Records it; `read` gives the operands.
    pub(super) fn record(&self, b: &Builder, read: impl Fn(Atom) -> Atom) -> Atom {
        let [x, y] = self.factors.each_ref().map(|f| {
            let unused: Axes = (0..f.labels.len()).filter(|&i| f.labels[i] == NONE).collect();
            let x = read(f.atom);
            let x = if unused.is_empty() { x } else { b.squeeze(x, &unused) };
            let labels: Axes = f.labels.iter().copied().filter(|l| *l != NONE).collect();
            (x, labels)
        });
        let places = |labels: &Axes, wanted: &Axes| -> Axes {
            wanted.iter().filter_map(|l| labels.iter().position(|k| k == l)).collect()
        };
        let product = if self.multiplies {
            self.multiplied(b, [x, y])
        } else {
            let dot = DotGeneral {
                lhs_contract: places(&x.1, &self.contract),
                rhs_contract: places(&y.1, &self.contract),
                lhs_batch: places(&x.1, &self.batch),
                rhs_batch: places(&y.1, &self.batch),
                preferred: self.preferred,
            };
            b.transpose(b.op(dot, &[x.0, y.0]), &self.permutation)
        };
        let inserted: Axes = (0..self.shape.len()).filter(|i| !self.kept.contains(i)).collect();
        match inserted.iter().all(|&i| self.shape[i] == 1) {
            true if inserted.is_empty() => product,
            true => b.expand_dims(product, &inserted),
            false => b.broadcast_in_dim(product, &self.shape, &self.kept),
        }
    }

    /// Records a product in which nothing is summed, of operands with the labels of their axes.
    fn multiplied(&self, b: &Builder, factors: [(Atom, Axes); 2]) -> Atom {
        let shape: Shape = self.kept.iter().map(|&i| self.shape[i]).collect();
        let [x, y] = factors.map(|(x, labels)| {
            // In the order of the result, then repeated along the axes of the other operand.
            let place = |l: &usize| self.wanted.iter().position(|w| w == l);
            let mut axes: Vec<_> = labels.iter().filter_map(place).zip(0..).collect();
            axes.sort_unstable();
            let (to, from): (Axes, Axes) = axes.into_iter().unzip();
            let x = b.convert(x, self.preferred.unwrap_or(b.ty(x).dtype()));
            b.broadcast_in_dim(b.transpose(x, &from), &shape, &to)
        });
        b.mul(x, y)
    }
}
