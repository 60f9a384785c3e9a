//! Executables: a jaxpr as a flat program over slots.
//!
//! Lowering assigns each variable a slot, gives slots of dead variables to later ones, and notes with
//! each operand whether it dies there. Running hashes nothing and derives no types. The fused compiler
//! will replace what is behind [`Executable`]; its methods are the boundary.

use crate::operand::{Operand, Values};
use pullback_ir::prim::HigherOrder;
use pullback_ir::{Atom, Eqn, Error, Jaxpr, Prim, Type, Value, interp};
use smallvec::SmallVec;
use std::sync::Arc;

/// A jaxpr that is ready to run. Cloning bumps a counter.
#[derive(Clone, Debug)]
pub struct Executable(Arc<Body>);

#[derive(Debug)]
enum Body {
    Interpreted(Jaxpr),
    Lowered(Program),
}

/// Where an operand comes from.
#[derive(Clone, Copy, Debug)]
enum Source {
    /// A slot that is read again later.
    Slot(u32),
    /// A slot that dies here: its value is moved out.
    Last(u32),
    /// A literal.
    Const(u32),
}

/// What a step does.
#[derive(Debug)]
enum Op {
    Prim(Prim),
    /// A call that is kept as one, so that what it recomputes is not merged with the rest.
    Call(Executable),
}

#[derive(Debug)]
struct Step {
    op: Op,
    ins: SmallVec<[Source; 3]>,
    /// The slots of the results.
    outs: SmallVec<[u32; 2]>,
    /// Slots whose values die here without having been moved: results that nothing reads, operands
    /// that occur twice.
    drops: SmallVec<[u32; 1]>,
    /// The first of the result types in [`Program::types`].
    first_type: u32,
}

#[derive(Debug)]
struct Program {
    in_types: Vec<Type>,
    consts: Vec<Value>,
    steps: Vec<Step>,
    /// Result types of all steps.
    types: Vec<Type>,
    outs: Vec<Source>,
    n_slots: usize,
}

type Slots = SmallVec<[Option<Value>; 8]>;

impl Executable {
    /// The number of arguments.
    pub fn n_ins(&self) -> usize {
        match &*self.0 {
            Body::Interpreted(jaxpr) => jaxpr.n_ins(),
            Body::Lowered(program) => program.in_types.len(),
        }
    }

    /// Runs the program.
    ///
    /// # Errors
    /// The arguments do not have the types of the inputs, or a primitive fails on values.
    pub fn run(&self, args: &[Value]) -> Result<Vec<Value>, Error> {
        match &*self.0 {
            Body::Interpreted(jaxpr) => interp::eval(jaxpr, args),
            Body::Lowered(program) => program.run(args.iter().cloned()),
        }
    }

    /// Runs the program on arguments that are given away: their buffers are reused where nothing else
    /// holds them.
    ///
    /// # Errors
    /// As [`Executable::run`].
    pub fn run_owned(&self, args: impl IntoIterator<Item = Value>) -> Result<Vec<Value>, Error> {
        match &*self.0 {
            Body::Interpreted(jaxpr) => interp::eval(jaxpr, &args.into_iter().collect::<Vec<_>>()),
            Body::Lowered(program) => program.run(args),
        }
    }

    pub(crate) fn interpreted(jaxpr: &Jaxpr) -> Executable {
        Executable(Arc::new(Body::Interpreted(jaxpr.clone())))
    }

    pub(crate) fn lower(jaxpr: &Jaxpr) -> Result<Executable, Error> {
        Ok(Executable(Arc::new(Body::Lowered(Program::lower(jaxpr)?))))
    }
}

/// Slots that are free to be given out again.
#[derive(Default)]
struct Allocator {
    free: Vec<u32>,
    n_slots: u32,
}

impl Allocator {
    fn take(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.n_slots += 1;
            self.n_slots - 1
        })
    }
}

/// The position of an equation after which no variable is alive; results of the program die there.
const END: u32 = u32::MAX;
/// A variable that nothing reads.
const NEVER: u32 = u32::MAX - 1;

impl Program {
    fn lower(jaxpr: &Jaxpr) -> Result<Program, Error> {
        let mut last_use = vec![NEVER; jaxpr.n_vars()];
        for (i, eqn) in jaxpr.eqns().iter().enumerate() {
            for v in eqn.inputs.iter().filter_map(|a| a.var()) {
                last_use[v.index()] = i as u32;
            }
        }
        for v in jaxpr.outs().iter().filter_map(|a| a.var()) {
            last_use[v.index()] = END;
        }
        let mut slots = Allocator::default();
        let mut slot_of = vec![0u32; jaxpr.n_vars()];
        for v in jaxpr.ins() {
            slot_of[v.index()] = slots.take();
        }
        let mut program = Program {
            in_types: jaxpr.in_types().to_vec(),
            consts: Vec::new(),
            steps: Vec::with_capacity(jaxpr.eqns().len()),
            types: jaxpr.types()[jaxpr.n_ins()..].to_vec(),
            outs: Vec::with_capacity(jaxpr.outs().len()),
            n_slots: 0,
        };
        for (i, eqn) in jaxpr.eqns().iter().enumerate() {
            let mut step = Step {
                op: lower_op(eqn)?,
                ins: SmallVec::new(),
                outs: SmallVec::new(),
                drops: SmallVec::new(),
                first_type: eqn.first_out - jaxpr.n_ins() as u32,
            };
            let mut freed: SmallVec<[u32; 4]> = SmallVec::new();
            for (k, &atom) in eqn.inputs.iter().enumerate() {
                step.ins.push(match atom {
                    Atom::Lit(lit) => program.constant(lit.value()),
                    Atom::Var(v) => {
                        let slot = slot_of[v.index()];
                        let twice = || {
                            let same = |j: &usize| *j != k && eqn.inputs[*j] == atom;
                            (0..eqn.inputs.len()).find(same)
                        };
                        if last_use[v.index()] != i as u32 {
                            Source::Slot(slot)
                        } else if let Some(other) = twice() {
                            if k < other {
                                step.drops.push(slot);
                            }
                            Source::Slot(slot)
                        } else {
                            freed.push(slot);
                            Source::Last(slot)
                        }
                    }
                });
            }
            // Operands are moved out before results are stored, so a result may take their slot.
            slots.free.extend(freed);
            for v in eqn.outs() {
                let slot = slots.take();
                slot_of[v.index()] = slot;
                step.outs.push(slot);
                if last_use[v.index()] == NEVER {
                    step.drops.push(slot);
                }
            }
            slots.free.extend(&step.drops);
            program.steps.push(step);
        }
        for (k, &atom) in jaxpr.outs().iter().enumerate() {
            let source = match atom {
                Atom::Lit(lit) => program.constant(lit.value()),
                Atom::Var(v) if jaxpr.outs()[k + 1..].contains(&atom) => {
                    Source::Slot(slot_of[v.index()])
                }
                Atom::Var(v) => Source::Last(slot_of[v.index()]),
            };
            program.outs.push(source);
        }
        program.n_slots = slots.n_slots as usize;
        Ok(program)
    }

    fn constant(&mut self, value: Value) -> Source {
        self.consts.push(value);
        Source::Const(self.consts.len() as u32 - 1)
    }

    fn run(&self, args: impl IntoIterator<Item = Value>) -> Result<Vec<Value>, Error> {
        let mut slots: Slots = SmallVec::with_capacity(self.n_slots);
        slots.extend(args.into_iter().map(Some));
        self.check_args(&slots)?;
        slots.resize_with(self.n_slots, || None);
        for step in &self.steps {
            self.step(step, &mut slots)?;
        }
        Ok(self.outs.iter().map(|&source| self.take(source, &mut slots)).collect())
    }

    #[inline]
    fn step(&self, step: &Step, slots: &mut Slots) -> Result<(), Error> {
        // Values that die are moved out first; after that the slots are only read.
        let mut dying: SmallVec<[Option<Value>; 3]> = SmallVec::new();
        for &source in &step.ins {
            dying.push(match source {
                Source::Last(slot) => slots[slot as usize].take(),
                _ => None,
            });
        }
        let mut ins: SmallVec<[Operand<'_>; 3]> = SmallVec::new();
        for (&source, dying) in step.ins.iter().zip(dying) {
            ins.push(match (dying, source) {
                (Some(value), _) => Operand::Owned(value),
                (None, Source::Const(i)) => Operand::Shared(&self.consts[i as usize]),
                (None, Source::Slot(i) | Source::Last(i)) => {
                    Operand::Shared(slots[i as usize].as_ref().expect("a slot is read while alive"))
                }
            });
        }
        let outs: Values = match &step.op {
            Op::Prim(prim) => {
                let first = step.first_type as usize;
                let types = &self.types[first..first + step.outs.len()];
                crate::execute::execute(prim, &mut ins, types)?
            }
            Op::Call(callee) => {
                let args = ins.drain(..).map(|x| match x {
                    Operand::Owned(value) => value,
                    Operand::Shared(value) => value.clone(),
                });
                Values::from_vec(callee.run_owned(args)?)
            }
        };
        drop(ins);
        for (&slot, value) in step.outs.iter().zip(outs) {
            slots[slot as usize] = Some(value);
        }
        for &slot in &step.drops {
            slots[slot as usize] = None;
        }
        Ok(())
    }

    fn take(&self, source: Source, slots: &mut Slots) -> Value {
        match source {
            Source::Const(i) => self.consts[i as usize].clone(),
            Source::Slot(i) => slots[i as usize].clone().expect("a result is alive at the end"),
            Source::Last(i) => slots[i as usize].take().expect("a result is alive at the end"),
        }
    }

    fn check_args(&self, args: &[Option<Value>]) -> Result<(), Error> {
        if args.len() != self.in_types.len() {
            return Err(Error::msg(format!(
                "the program has {} inputs, but {} arguments were given",
                self.in_types.len(),
                args.len()
            )));
        }
        for (i, (want, arg)) in self.in_types.iter().zip(args.iter().flatten()).enumerate() {
            let fits = matches!(want, Type::Array { dtype, shape }
                if *dtype == arg.dtype() && shape.as_slice() == arg.shape());
            if !fits {
                return Err(Error::msg(format!(
                    "argument {i} is {}, but the input is {want}",
                    arg.ty()
                )));
            }
        }
        Ok(())
    }
}

fn lower_op(eqn: &Eqn) -> Result<Op, Error> {
    Ok(match eqn.prim.higher_order() {
        Some(HigherOrder::Jit(call)) => Op::Call(Executable::lower(&call.jaxpr)?),
        Some(HigherOrder::Checkpoint(call)) => Op::Call(Executable::lower(&call.jaxpr)?),
        None => Op::Prim(eqn.prim.clone()),
    })
}
