//! Executables: a jaxpr as a flat program over slots.
//!
//! [`crate::lower`] makes them. Running hashes nothing and derives no types.

use crate::dot::dot_general_in_parts;
use crate::fused::kernel::Kernel;
use crate::fused::stages::How;
use crate::operand::{Operand, Values};
use pullback_ir::prim::custom::Custom;
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::{Eqn, Error, Jaxpr, Prim, Shape, Type, Value, interp};
use smallvec::SmallVec;
use std::sync::Arc;

/// A jaxpr that is ready to run. Cloning bumps a counter.
#[derive(Clone, Debug)]
pub struct Executable(Arc<Body>);

#[derive(Debug)]
pub(crate) enum Body {
    Interpreted(Jaxpr),
    Lowered(Program),
}

/// Where an operand comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    /// A slot that is read again later.
    Slot(u32),
    /// A slot that dies here: its value is moved out.
    Last(u32),
    /// A literal.
    Const(u32),
}

/// What a step does.
#[derive(Debug)]
pub(crate) enum Op {
    Prim(Box<Prim>),
    Fused(Box<Kernel>),
    /// A product and the kernel that works on each part of it. The operands of the product come first, then
    /// what else the kernel reads.
    Product(Box<DotGeneral>, Box<Kernel>),
    /// A gather or scatter, the shape of its indices, and the kernel that computes them. The other operands come
    /// first, then what the kernel reads.
    Windows(Box<Prim>, Shape, Box<Kernel>),
    /// A user's primitive, and its expansion for when the user gives no evaluation.
    Custom(Custom, Executable),
    /// A call that is kept as one, so that what it recomputes is not merged with the rest.
    Call(Executable),
}

#[derive(Debug)]
pub(crate) struct Step {
    pub(crate) op: Op,
    pub(crate) ins: SmallVec<[Source; 3]>,
    /// The slots of the results.
    pub(crate) outs: SmallVec<[u32; 2]>,
    /// Slots whose values die here without having been moved: results that nothing reads, operands
    /// that occur twice.
    pub(crate) drops: SmallVec<[u32; 1]>,
    /// The first of the result types in [`Program::types`].
    pub(crate) first_type: u32,
}

#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) in_types: Vec<Type>,
    pub(crate) consts: Vec<Value>,
    pub(crate) steps: Vec<Step>,
    /// Result types of all steps.
    pub(crate) types: Vec<Type>,
    pub(crate) outs: Vec<Source>,
    pub(crate) n_slots: usize,
    /// What was lowered, to explain steps.
    pub(crate) jaxpr: Jaxpr,
    /// The equations in each step, by their position.
    pub(crate) eqns: Vec<Box<[u32]>>,
}

/// Looks on while a program runs.
pub(crate) trait Watch {
    /// A step begins; gives what [`Watch::leave`] is told.
    fn enter(&mut self) -> usize;
    /// It has ended.
    fn leave(&mut self, step: usize);
}

/// Does not look, and costs nothing.
struct Nobody;

impl Watch for Nobody {
    #[inline]
    fn enter(&mut self) -> usize {
        0
    }

    #[inline]
    fn leave(&mut self, _: usize) {}
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
            Body::Lowered(program) => program.run(args.iter().cloned(), &mut Nobody),
        }
    }

    /// Runs the program on arguments that are given away: their buffers are reused where nothing else
    /// holds them.
    ///
    /// # Errors
    /// As [`Executable::run`].
    pub fn run_owned(&self, args: impl IntoIterator<Item = Value>) -> Result<Vec<Value>, Error> {
        self.run_watched(args, &mut Nobody)
    }

    /// [`Executable::run_owned`] with somebody who looks on.
    pub(crate) fn run_watched(
        &self,
        args: impl IntoIterator<Item = Value>,
        watch: &mut impl Watch,
    ) -> Result<Vec<Value>, Error> {
        match &*self.0 {
            Body::Interpreted(jaxpr) => {
                let args: Vec<Value> = args.into_iter().collect();
                interp::eval_each(jaxpr, &args, |eval| {
                    let step = watch.enter();
                    let outs = eval();
                    watch.leave(step);
                    outs
                })
            }
            Body::Lowered(program) => program.run(args, watch),
        }
    }

    pub(crate) fn body(&self) -> &Body {
        &self.0
    }

    pub(crate) fn interpreted(jaxpr: &Jaxpr) -> Executable {
        Executable(Arc::new(Body::Interpreted(jaxpr.clone())))
    }

    pub(crate) fn lower(jaxpr: &Jaxpr, how: impl Into<How>) -> Result<Executable, Error> {
        Ok(Executable(Arc::new(Body::Lowered(crate::lower::lower(jaxpr, how.into())?))))
    }
}

impl Program {
    /// The equations in a step.
    pub(crate) fn eqns_of(&self, step: usize) -> impl ExactSizeIterator<Item = &Eqn> {
        self.eqns[step].iter().map(|&i| &self.jaxpr.eqns()[i as usize])
    }

    fn run(
        &self,
        args: impl IntoIterator<Item = Value>,
        watch: &mut impl Watch,
    ) -> Result<Vec<Value>, Error> {
        let mut slots: Slots = SmallVec::with_capacity(self.n_slots);
        slots.extend(args.into_iter().map(Some));
        self.check_args(&slots)?;
        slots.resize_with(self.n_slots, || None);
        for step in &self.steps {
            let at = watch.enter();
            self.step(step, &mut slots, watch)?;
            watch.leave(at);
        }
        Ok(self.outs.iter().map(|&source| self.take(source, &mut slots)).collect())
    }

    #[inline]
    fn step(&self, step: &Step, slots: &mut Slots, watch: &mut impl Watch) -> Result<(), Error> {
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
            Op::Fused(kernel) => {
                let first = step.first_type as usize;
                kernel.run(&mut ins, &self.types[first..first + step.outs.len()])
            }
            Op::Product(dot, kernel) => {
                let first = step.first_type as usize;
                let types = &self.types[first..first + step.outs.len()];
                let (operands, others) = ins.split_at_mut(2);
                let [x, y] = [&operands[0], &operands[1]].map(Operand::value);
                kernel.run_behind(others, types, |to, done| {
                    // SAFETY: the kernel has room for the product, whose type its first input has.
                    unsafe { dot_general_in_parts(dot, x, y, to, done) }
                })
            }
            Op::Windows(prim, shape, kernel) => {
                let first = step.first_type as usize;
                let types = &self.types[first..first + step.outs.len()];
                crate::execute::windows(prim, shape, kernel, &mut ins, types)?
            }
            Op::Custom(prim, expansion) => crate::execute::custom(prim, expansion, &mut ins)?,
            Op::Call(callee) => {
                let args: SmallVec<[Value; 4]> = ins.iter_mut().map(Operand::take).collect();
                Values::from_vec(callee.run_watched(args, watch)?)
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
            if want != arg.ty() {
                return Err(Error::msg(format!(
                    "argument {i} is {}, but the input is {want}",
                    arg.ty()
                )));
            }
        }
        Ok(())
    }
}
