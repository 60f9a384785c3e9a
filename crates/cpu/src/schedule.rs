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
use pullback_ir::{Atom, DType, Eqn, Jaxpr, Prim};
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
    scalars: HashMap<u32, Atom>,
    pub(crate) nodes: Vec<Node>,
}

const NONE: u32 = u32::MAX;

/// Arrays that a chain reads at most, so that a block of each stays in the first-level cache.
const MOST_INPUTS: usize = 16;

#[derive(Default)]
struct Open {
    members: Vec<usize>,
    n_inputs: usize,
}

impl<'a> Schedule<'a> {
    pub(crate) fn new(jaxpr: &'a Jaxpr) -> Schedule<'a> {
        let mut schedule = Schedule {
            jaxpr,
            kernels: Vec::with_capacity(jaxpr.eqns().len()),
            scalars: HashMap::new(),
            nodes: Vec::new(),
        };
        for eqn in jaxpr.eqns() {
            schedule.kernels.push(chainable(jaxpr, eqn));
            if let (Prim::BroadcastInDim(_), &[x]) = (&eqn.prim, eqn.inputs.as_slice())
                && jaxpr.ty(x).numel() == 1
            {
                let source = schedule.resolve(x);
                schedule.scalars.insert(eqn.first_out, source);
            }
        }
        let used = schedule.used();
        schedule.order(&used);
        schedule
    }

    /// The operand that an elementwise equation reads in the place of a broadcast scalar.
    fn resolve(&self, atom: Atom) -> Atom {
        match atom {
            Atom::Var(v) => self.scalars.get(&v.0).copied().unwrap_or(atom),
            Atom::Lit(_) => atom,
        }
    }

    /// The operands that an equation reads.
    pub(crate) fn inputs(&self, eqn: usize) -> SmallVec<[Atom; 4]> {
        let inputs = self.jaxpr.eqns()[eqn].inputs.iter();
        match self.kernels[eqn] {
            Some(_) => inputs.map(|&a| self.resolve(a)).collect(),
            None => inputs.copied().collect(),
        }
    }

    /// The variables that something reads.
    fn used(&self) -> Vec<bool> {
        let mut used = vec![false; self.jaxpr.n_vars()];
        for v in self.jaxpr.outs().iter().filter_map(|a| a.var()) {
            used[v.index()] = true;
        }
        for (i, eqn) in self.jaxpr.eqns().iter().enumerate().rev() {
            let dropped =
                self.scalars.contains_key(&eqn.first_out) && !used[eqn.first_out as usize];
            if !dropped {
                for v in self.inputs(i).into_iter().filter_map(Atom::var) {
                    used[v.index()] = true;
                }
            }
        }
        used
    }

    fn order(&mut self, used: &[bool]) {
        // The size of the open chain that gives a variable.
        let mut open_of: Vec<usize> = vec![usize::MAX; self.jaxpr.n_vars()];
        let mut open: HashMap<usize, Open> = HashMap::new();
        for (i, eqn) in self.jaxpr.eqns().iter().enumerate() {
            if self.scalars.contains_key(&eqn.first_out) && !used[eqn.first_out as usize] {
                continue;
            }
            let size = match self.kernels[i] {
                Some(_) => self.jaxpr.types()[eqn.first_out as usize].numel(),
                None => usize::MAX,
            };
            let mut fresh = 0;
            for v in self.inputs(i).into_iter().filter_map(Atom::var) {
                let from = open_of[v.index()];
                if from != usize::MAX && from != size {
                    self.close(&mut open, from, &mut open_of);
                }
                fresh += usize::from(from != size);
            }
            if size == usize::MAX {
                self.nodes.push(Node::One(i));
                continue;
            }
            if open.get(&size).is_some_and(|c| size > 1 && c.n_inputs + fresh > MOST_INPUTS) {
                self.close(&mut open, size, &mut open_of);
            }
            let chain = open.entry(size).or_default();
            chain.members.push(i);
            chain.n_inputs += fresh;
            open_of[eqn.first_out as usize] = size;
        }
        let mut rest: Vec<(usize, usize)> =
            open.iter().filter_map(|(&n, c)| Some((*c.members.first()?, n))).collect();
        rest.sort_unstable();
        for (_, n) in rest {
            self.close(&mut open, n, &mut open_of);
        }
    }

    fn close(&mut self, open: &mut HashMap<usize, Open>, size: usize, open_of: &mut [usize]) {
        let Some(chain) = open.remove(&size) else { return };
        for &i in &chain.members {
            open_of[self.jaxpr.eqns()[i].first_out as usize] = usize::MAX;
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
        let mut local: HashMap<u32, usize> = HashMap::new();
        for (k, &i) in members.iter().enumerate() {
            local.insert(self.jaxpr.eqns()[i].first_out, k);
        }
        // The operands, and when each value of the chain is read last.
        let mut operands: Vec<Atom> = Vec::new();
        let mut register_of: HashMap<Atom, u32> = HashMap::new();
        let mut last = vec![0; members.len()];
        let mut outs: Vec<u32> = Vec::new();
        for (k, &i) in members.iter().enumerate() {
            for atom in self.inputs(i) {
                match atom.var().and_then(|v| local.get(&v.0)) {
                    Some(&from) => last[from] = k,
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
        let mut out_register =
            outs.iter().zip(first_out..).map(|(&v, r)| (v, r)).collect::<HashMap<_, _>>();
        let mut registers = vec![NONE; members.len()];
        let (mut free, mut n_blocks) = (Vec::new(), 0u32);
        let mut links = Vec::with_capacity(members.len());
        for (k, &i) in members.iter().enumerate() {
            let Some(kernel) = self.kernels[i] else { unreachable!("members have kernels") };
            let mut ins = [0; 3];
            let inputs = self.inputs(i);
            for (register, &atom) in ins.iter_mut().zip(&inputs) {
                *register = match atom.var().and_then(|v| local.get(&v.0)) {
                    Some(&from) => registers[from],
                    None => register_of[&atom],
                };
            }
            registers[k] = match out_register.remove(&self.jaxpr.eqns()[i].first_out) {
                Some(register) => register,
                None => free.pop().unwrap_or_else(|| {
                    n_blocks += 1;
                    first_block + n_blocks - 1
                }),
            };
            links.push(Link { kernel, ins, out: registers[k] });
            // Blocks that are free only after the link, since its output overlaps no operand.
            for (j, atom) in inputs.iter().enumerate() {
                if let Some(&from) = atom.var().and_then(|v| local.get(&v.0))
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
    use pullback_ir::Type;
    if eqn.n_outs != 1 || eqn.inputs.len() > 3 || eqn.inputs.is_empty() {
        return None;
    }
    let out = jaxpr.types()[eqn.first_out as usize].clone();
    let mut dtypes: SmallVec<[DType; 3]> = SmallVec::new();
    for &atom in &eqn.inputs {
        let ty = jaxpr.ty(atom);
        let Type::Array { dtype, .. } = ty else { return None };
        if ty.numel() != out.numel() && ty.numel() != 1 {
            return None;
        }
        dtypes.push(dtype);
    }
    let kernel = kernel(&eqn.prim, &dtypes)?;
    (kernel.arity == dtypes.len() && kernel.out == out.dtype()).then_some(kernel)
}
