//! The order of execution: which elementwise equations run as one chain.
//!
//! Equations are taken in order. One that is elementwise joins the open chain over arrays of its size,
//! if there is one; a chain is closed, and runs, right before the first equation outside of it that
//! reads one of its values. So the members of a chain need not be neighbours, as in a step of an
//! optimiser that is written tree by tree.
//!
//! A scalar that is broadcast only for elementwise equations is not broadcast: they take it as it is.

use crate::chain::{Chain, Input, Link};
use crate::kernel::{Kernel, kernel};
use pullback_ir::shape::numel;
use pullback_ir::{Atom, DType, Eqn, Jaxpr, Prim, Type};
use smallvec::SmallVec;
use std::collections::HashMap;

/// A step of the schedule: equations by their position.
#[derive(Debug)]
pub(crate) enum Node {
    /// One equation.
    One(usize),
    /// A chain of at least two.
    Chain(Vec<usize>),
}

/// What scheduling finds out about a jaxpr.
pub(crate) struct Schedule<'a> {
    jaxpr: &'a Jaxpr,
    /// The kernel of each equation that may join a chain.
    kernels: Vec<Option<Kernel>>,
    /// The scalar behind each variable that is a broadcast of one.
    scalars: Vec<Option<Atom>>,
    pub(crate) nodes: Vec<Node>,
    /// The place of each variable among the members of its node.
    places: Vec<u32>,
}

const NONE: u32 = u32::MAX;

/// Arrays that a chain reads at most, so that a block of each stays in the first-level cache.
const MOST_INPUTS: usize = 16;

/// A chain that equations may still join.
struct Open {
    members: Vec<usize>,
    /// How many variables it reads, and the number that marks those.
    n_inputs: usize,
    mark: u32,
}

/// The chains that are open while equations are taken in order.
struct Opens {
    by_size: HashMap<usize, Open>,
    /// The size of the open chain that gives a variable.
    giving: Vec<usize>,
    /// The mark of the last chain that read a variable.
    read: Vec<u32>,
    n_marks: u32,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(jaxpr: &'a Jaxpr) -> Schedule<'a> {
        let mut schedule = Schedule {
            jaxpr,
            kernels: Vec::with_capacity(jaxpr.eqns().len()),
            scalars: vec![None; jaxpr.n_vars()],
            nodes: Vec::new(),
            places: vec![0; jaxpr.n_vars()],
        };
        for eqn in jaxpr.eqns() {
            schedule.kernels.push(chainable(jaxpr, eqn));
            if let (Prim::BroadcastInDim(_), &[x]) = (&eqn.prim, eqn.inputs.as_slice())
                && jaxpr.ty(x).numel() == 1
            {
                schedule.scalars[eqn.first_out as usize] = Some(schedule.resolve(x));
            }
        }
        let used = schedule.used();
        schedule.order(&used);
        schedule
    }

    /// The operand that an elementwise equation reads in the place of a broadcast scalar.
    fn resolve(&self, atom: Atom) -> Atom {
        atom.var().and_then(|v| self.scalars[v.index()]).unwrap_or(atom)
    }

    /// The operands that an equation reads.
    pub(crate) fn inputs(&self, eqn: usize) -> SmallVec<[Atom; 4]> {
        let inputs = &self.jaxpr.eqns()[eqn].inputs;
        match self.kernels[eqn] {
            Some(_) => inputs.iter().map(|&a| self.resolve(a)).collect(),
            None => SmallVec::from_slice(inputs),
        }
    }

    /// True for the broadcast of a scalar that only elementwise equations read.
    fn is_dropped(&self, eqn: &Eqn, used: &[bool]) -> bool {
        let out = eqn.first_out as usize;
        eqn.n_outs == 1 && self.scalars[out].is_some() && !used[out]
    }

    /// The variables that something reads.
    fn used(&self) -> Vec<bool> {
        let mut used = vec![false; self.jaxpr.n_vars()];
        for v in self.jaxpr.outs().iter().filter_map(|a| a.var()) {
            used[v.index()] = true;
        }
        for (i, eqn) in self.jaxpr.eqns().iter().enumerate().rev() {
            if !self.is_dropped(eqn, &used) {
                for v in self.inputs(i).into_iter().filter_map(Atom::var) {
                    used[v.index()] = true;
                }
            }
        }
        used
    }

    fn order(&mut self, used: &[bool]) {
        let mut open = Opens {
            by_size: HashMap::new(),
            giving: vec![usize::MAX; self.jaxpr.n_vars()],
            read: vec![NONE; self.jaxpr.n_vars()],
            n_marks: 0,
        };
        let jaxpr = self.jaxpr;
        for (i, eqn) in jaxpr.eqns().iter().enumerate() {
            if self.is_dropped(eqn, used) {
                continue;
            }
            let size = match self.kernels[i] {
                Some(_) => jaxpr.types()[eqn.first_out as usize].numel(),
                None => usize::MAX,
            };
            let inputs = self.inputs(i);
            for v in inputs.iter().filter_map(|a| a.var()) {
                let from = open.giving[v.index()];
                if from != usize::MAX && from != size {
                    self.close(&mut open, from);
                }
            }
            if size == usize::MAX {
                self.nodes.push(Node::One(i));
                continue;
            }
            if open.by_size.get(&size).is_some_and(|c| size > 1 && c.n_inputs >= MOST_INPUTS) {
                self.close(&mut open, size);
            }
            let chain = open.by_size.entry(size).or_insert_with(|| {
                open.n_marks += 1;
                Open { members: Vec::new(), n_inputs: 0, mark: open.n_marks }
            });
            for v in inputs.iter().filter_map(|a| a.var()) {
                if open.giving[v.index()] != size && open.read[v.index()] != chain.mark {
                    open.read[v.index()] = chain.mark;
                    chain.n_inputs += 1;
                }
            }
            self.places[eqn.first_out as usize] = chain.members.len() as u32;
            chain.members.push(i);
            open.giving[eqn.first_out as usize] = size;
        }
        let first = |c: &Open| c.members.first().copied();
        let mut rest: Vec<_> = open.by_size.iter().map(|(&n, c)| (first(c), n)).collect();
        rest.sort_unstable();
        for (_, n) in rest {
            self.close(&mut open, n);
        }
    }

    fn close(&mut self, open: &mut Opens, size: usize) {
        let Some(chain) = open.by_size.remove(&size) else { return };
        for &i in &chain.members {
            open.giving[self.jaxpr.eqns()[i].first_out as usize] = usize::MAX;
        }
        self.nodes.push(match chain.members.as_slice() {
            &[one] => Node::One(one),
            _ => Node::Chain(chain.members),
        });
    }

    /// A chain, the operands that it reads and the variables that it gives. `escapes` tells which of
    /// its values are read outside of it.
    pub(crate) fn chain(
        &self,
        members: &[usize],
        escapes: impl Fn(u32) -> bool,
    ) -> (Chain, Vec<Atom>, Vec<u32>) {
        let n = self.jaxpr.types()[self.jaxpr.eqns()[members[0]].first_out as usize].numel();
        // The member that gives an operand.
        let local = |atom: &Atom| {
            let place = self.places[atom.var()?.index()] as usize;
            let eqn = &self.jaxpr.eqns()[*members.get(place)?];
            (eqn.first_out == atom.var()?.0).then_some(place)
        };
        // The operands, and when each value of the chain is read last.
        let mut operands: Vec<Atom> = Vec::new();
        let mut register_of: HashMap<Atom, u32> = HashMap::new();
        let mut last = vec![0; members.len()];
        let mut outs: Vec<u32> = Vec::new();
        for (k, &i) in members.iter().enumerate() {
            for atom in self.inputs(i) {
                match local(&atom) {
                    Some(from) => last[from] = k,
                    None => {
                        register_of.entry(atom).or_insert_with(|| {
                            operands.push(atom);
                            operands.len() as u32 - 1
                        });
                    }
                }
            }
            let out = self.jaxpr.eqns()[i].first_out;
            if escapes(out) {
                outs.push(out);
            }
        }
        let first_out = operands.len() as u32;
        let first_block = first_out + outs.len() as u32;
        let mut next_out = first_out..first_block;
        let mut registers = vec![NONE; members.len()];
        let (mut free, mut n_blocks) = (Vec::new(), 0u32);
        let mut links = Vec::with_capacity(members.len());
        for (k, &i) in members.iter().enumerate() {
            let Some(kernel) = self.kernels[i] else { unreachable!("members have kernels") };
            let mut ins = [0; 3];
            let inputs = self.inputs(i);
            for (register, &atom) in ins.iter_mut().zip(&inputs) {
                *register = match local(&atom) {
                    Some(from) => registers[from],
                    None => register_of[&atom],
                };
            }
            // Results are numbered in the order of the members that give them.
            registers[k] = match escapes(self.jaxpr.eqns()[i].first_out) {
                true => next_out.next().unwrap_or(NONE),
                false => free.pop().unwrap_or_else(|| {
                    n_blocks += 1;
                    first_block + n_blocks - 1
                }),
            };
            links.push(Link { kernel, ins, out: registers[k] });
            // Blocks that are free only after the link, since its output overlaps no operand.
            for (j, atom) in inputs.iter().enumerate() {
                if let Some(from) = local(atom)
                    && last[from] == k
                    && registers[from] >= first_block
                    && !inputs[..j].contains(atom)
                {
                    free.push(registers[from]);
                }
            }
        }
        let ins = operands
            .iter()
            .map(|&a| {
                let ty = self.jaxpr.ty(a);
                Input { dtype: ty.dtype(), scalar: n != 1 && ty.numel() == 1 }
            })
            .collect();
        let dtypes: Vec<DType> =
            outs.iter().map(|&v| self.jaxpr.types()[v as usize].dtype()).collect();
        (Chain::new(n, ins, dtypes, n_blocks as usize, links), operands, outs)
    }
}

/// The kernel of an equation that may be part of a chain.
fn chainable(jaxpr: &Jaxpr, eqn: &Eqn) -> Option<Kernel> {
    if eqn.n_outs != 1 || eqn.inputs.len() > 3 || eqn.inputs.is_empty() {
        return None;
    }
    let Type::Array { dtype: out, shape } = &jaxpr.types()[eqn.first_out as usize] else {
        return None;
    };
    let n = numel(shape);
    let mut dtypes: SmallVec<[DType; 3]> = SmallVec::new();
    for &atom in &eqn.inputs {
        dtypes.push(match atom {
            Atom::Lit(lit) => lit.dtype(),
            Atom::Var(v) => match &jaxpr.types()[v.index()] {
                Type::Array { dtype, shape } if [n, 1].contains(&numel(shape)) => *dtype,
                _ => return None,
            },
        });
    }
    let kernel = kernel(&eqn.prim, &dtypes)?;
    (kernel.arity == dtypes.len() && kernel.out == *out).then_some(kernel)
}
