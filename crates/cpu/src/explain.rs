//! What an executable does, as text, and how much memory it takes.

use crate::program::{Body, Executable, Op, Program, Source, Step};
use crate::shape_ops::shares_first;
use pullback_ir::prim::Primitive;
use pullback_ir::{Prim, Type, Value};
use std::fmt;

/// Bytes a second that memory gives a core, for estimates (Zen 4 server, one thread, 2026).
const BANDWIDTH: f64 = 15e9;

/// Multiplications and additions a second of a core in products, for estimates.
const FLOPS: f64 = 80e9;

/// The memory of a run, in bytes. It prints with units.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Memory {
    /// Arguments.
    pub arguments: usize,
    /// Results.
    pub results: usize,
    /// The most that is alive at one time, arguments, results and constants included.
    pub peak: usize,
}

pub(crate) fn bytes(ty: &Type) -> usize {
    match ty {
        Type::Array { dtype, .. } => ty.numel() * dtype.size(),
        Type::Stack(_) => 0,
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [arguments, results, peak] = [self.arguments, self.results, self.peak].map(show_bytes);
        write!(f, "arguments {arguments}, results {results}, peak {peak}")
    }
}

fn value_bytes(v: &Value) -> usize {
    v.len() * v.dtype().size()
}

impl Executable {
    /// The memory that a run takes, known before it. An estimate from above: a kernel that writes into an
    /// operand that dies takes less. Calls inside count with their own peak.
    pub fn memory(&self) -> Memory {
        match self.body() {
            Body::Interpreted(jaxpr) => {
                let all: usize = jaxpr.types().iter().map(bytes).sum();
                let arguments = jaxpr.in_types().iter().map(bytes).sum();
                let results = jaxpr.outs().iter().map(|&a| bytes(&jaxpr.ty(a))).sum();
                Memory { arguments, results, peak: all }
            }
            Body::Lowered(program) => program.memory(),
        }
    }
}

impl Program {
    /// Calls `visit` for each step with the types of its operands and results.
    pub(crate) fn walk<'a>(
        &'a self,
        mut visit: impl FnMut(usize, &'a Step, &[Type], &[Type], usize),
    ) -> Memory {
        let mut alive = Alive::default();
        alive.slots.resize(self.n_slots.max(self.in_types.len()), None);
        for (slot, ty) in self.in_types.iter().enumerate() {
            alive.insert(slot as u32, ty.clone(), None);
        }
        let constants: usize = self.consts.iter().map(value_bytes).sum();
        let arguments: usize = self.in_types.iter().map(bytes).sum();
        let mut peak = arguments + constants;
        for (i, step) in self.steps.iter().enumerate() {
            let operand = |source: &Source| match *source {
                Source::Slot(s) | Source::Last(s) => {
                    alive.slots[s as usize].as_ref().map(|(ty, _)| ty.clone())
                }
                Source::Const(c) => Some(self.consts[c as usize].ty().clone()),
            };
            let ins: Vec<Type> = step.ins.iter().filter_map(operand).collect();
            let first = step.first_type as usize;
            let outs = &self.types[first..first + step.outs.len()];
            let inside = match &step.op {
                Op::Fused(kernel) => kernel.scratch_bytes(),
                Op::Product(_, kernel) => kernel.product_bytes(),
                Op::Call(callee) | Op::Custom(_, callee) => {
                    let m = callee.memory();
                    m.peak.saturating_sub(m.arguments + m.results)
                }
                Op::Prim(_) | Op::Windows(..) => 0,
            };
            // A result can have the slot of an operand that dies here.
            let mut replaced = Vec::new();
            for (&s, ty) in step.outs.iter().zip(outs) {
                let shared = alive.shared_by(step, &ins, ty);
                replaced.extend(alive.insert(s, ty.clone(), shared));
            }
            let now = constants + alive.bytes + inside;
            peak = peak.max(now);
            visit(i, step, &ins, outs, now);
            for source in &step.ins {
                if let Source::Last(s) = *source
                    && !step.outs.contains(&s)
                {
                    alive.remove(s);
                }
            }
            replaced.into_iter().for_each(|buffer| alive.release(buffer));
            for &s in &step.drops {
                alive.remove(s);
            }
        }
        let result = |source: &Source| match *source {
            Source::Slot(s) | Source::Last(s) => {
                alive.slots[s as usize].as_ref().map_or(0, |(ty, _)| bytes(ty))
            }
            Source::Const(c) => value_bytes(&self.consts[c as usize]),
        };
        Memory { arguments, results: self.outs.iter().map(result).sum(), peak }
    }

    fn memory(&self) -> Memory {
        self.walk(|_, _, _, _, _| {})
    }
}

/// What is alive between steps. Values that share a buffer count once.
#[derive(Default)]
struct Alive {
    /// The type and the buffer of each slot's value.
    slots: Vec<Option<(Type, usize)>>,
    /// Bytes of each buffer, and how many slots it serves.
    buffers: Vec<(usize, u32)>,
    /// Of all buffers that serve a slot.
    bytes: usize,
}

impl Alive {
    /// The buffer of a step's first operand, if a result of this type is a part of it.
    fn shared_by(&self, step: &Step, ins: &[Type], out: &Type) -> Option<usize> {
        let Op::Prim(prim) = &step.op else { return None };
        let (Source::Slot(s) | Source::Last(s)) = *step.ins.first()? else { return None };
        let (_, buffer) = self.slots[s as usize].as_ref()?;
        let shares = shares_first(prim, self.buffers[*buffer].0, ins, out);
        shares.then_some(*buffer)
    }

    /// A slot gets a value, in a buffer of its own or in one that there is. Gives the buffer of the value
    /// that it had.
    fn insert(&mut self, slot: u32, ty: Type, shared: Option<usize>) -> Option<usize> {
        let buffer = shared.unwrap_or_else(|| {
            self.buffers.push((bytes(&ty), 0));
            self.bytes += bytes(&ty);
            self.buffers.len() - 1
        });
        self.buffers[buffer].1 += 1;
        self.slots[slot as usize].replace((ty, buffer)).map(|(_, before)| before)
    }

    fn remove(&mut self, slot: u32) {
        if let Some((_, buffer)) = self.slots[slot as usize].take() {
            self.release(buffer);
        }
    }

    fn release(&mut self, buffer: usize) {
        let (bytes, users) = &mut self.buffers[buffer];
        *users -= 1;
        if *users == 0 {
            self.bytes -= *bytes;
        }
    }
}

/// `1.5 MB`, in units of 1000 bytes.
pub(crate) fn show_bytes(n: usize) -> String {
    let (mut x, mut unit) = (n as f64, 0);
    while x >= 1000.0 && unit < 4 {
        x /= 1000.0;
        unit += 1;
    }
    let digits = usize::from(unit > 0 && x < 100.0);
    format!("{x:.digits$} {}", ["B", "kB", "MB", "GB", "TB"][unit])
}

pub(crate) fn types(ts: &[Type]) -> String {
    ts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// The plan: a line for each step with the buffers that it reads and gives (`b0`; `c0` is a constant), the bytes that it moves and an estimate of
/// its time on one core, below it the primitives in a kernel. `{:#}` shows the kernels' instructions as well.
impl fmt::Display for Executable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let program = match self.body() {
            Body::Interpreted(jaxpr) => return write!(f, "interpreted:\n{jaxpr}"),
            Body::Lowered(program) => program,
        };
        let mut text = String::new();
        let memory = program.walk(|i, step, ins, outs, alive| {
            let moved: usize = ins.iter().chain(outs).map(bytes).sum();
            let what = step.op.title();
            let work = work(&step.op, ins, outs);
            let seconds = (moved as f64 / BANDWIDTH).max(work / FLOPS);
            text += &format!(
                "{i:4}: {} = {what}{}\n      moves {}, about {:.1} us, {} alive{}\n",
                buffers(step.outs.iter().map(|s| format!("b{s}")), outs).trim_start(),
                buffers(step.ins.iter().map(name), ins),
                show_bytes(moved),
                seconds * 1e6,
                show_bytes(alive),
                last_uses(step)
            );
            match &step.op {
                Op::Fused(kernel) | Op::Product(_, kernel) | Op::Windows(_, _, kernel) => {
                    let names = some_of(program.eqns_of(i).map(|eqn| eqn.prim.name()));
                    text += &format!("      {names}\n");
                    if f.alternate() {
                        text += &kernel.body();
                    }
                }
                Op::Call(callee) => {
                    let inside =
                        if f.alternate() { format!("{callee:#}") } else { callee.to_string() };
                    text.extend(inside.lines().map(|l| format!("      {l}\n")));
                }
                Op::Prim(_) | Op::Custom(..) => {}
            }
        });
        writeln!(
            f,
            "{} step{}, {memory}",
            program.steps.len(),
            if program.steps.len() == 1 { "" } else { "s" }
        )?;
        let inputs = (0..program.in_types.len()).map(|s| format!("b{s}"));
        writeln!(f, "inputs{}", buffers(inputs, &program.in_types))?;
        f.write_str(&text)?;
        let results: Vec<String> = program.outs.iter().map(name).collect();
        writeln!(f, "results {}", results.join(" "))
    }
}

/// What is read: a buffer, or a constant of the program.
fn name(source: &Source) -> String {
    match source {
        Source::Slot(s) | Source::Last(s) => format!("b{s}"),
        Source::Const(c) => format!("c{c}"),
    }
}

/// ` b0:f32[3] b1:f32[]`
fn buffers(names: impl Iterator<Item = String>, types: &[Type]) -> String {
    names.zip(types).map(|(name, ty)| format!(" {name}:{ty}")).collect()
}

/// The first of a kernel's primitives.
pub(crate) fn some_of(names: impl ExactSizeIterator<Item = impl fmt::Display>) -> String {
    const MOST: usize = 12;
    let n = names.len();
    let mut text: Vec<String> = names.take(MOST).map(|name| name.to_string()).collect();
    if n > MOST {
        text.push(format!("and {} more", n - MOST));
    }
    text.join(" ")
}

/// The buffers that hold other values after a step, its results first of all.
fn last_uses(step: &Step) -> String {
    let last = step.ins.iter().filter(|s| matches!(s, Source::Last(_))).map(name);
    let dropped = step.drops.iter().map(|s| format!("b{s}"));
    let all: Vec<String> = last.chain(dropped).collect();
    if all.is_empty() { String::new() } else { format!(", last use of {}", all.join(" ")) }
}

impl Op {
    /// What it is, in a word.
    pub(crate) fn title(&self) -> String {
        match self {
            Op::Fused(kernel) => kernel.title(),
            Op::Product(dot, kernel) => format!("{} + {}", dot.name(), kernel.title()),
            Op::Windows(prim, _, kernel) => format!("{} + {}", prim.name(), kernel.title()),
            Op::Prim(prim) => prim.name().to_owned(),
            Op::Call(_) => "call".to_owned(),
            Op::Custom(prim, _) => prim.name().to_owned(),
        }
    }
}

/// Operations of a product; 0 for what is bound by memory.
fn work(op: &Op, ins: &[Type], outs: &[Type]) -> f64 {
    let dot = match op {
        Op::Product(dot, _) => dot,
        Op::Prim(prim) => match &**prim {
            Prim::DotGeneral(dot) => dot,
            _ => return 0.0,
        },
        _ => return 0.0,
    };
    let k: usize = dot.lhs_contract.iter().map(|&a| ins[0].shape()[a]).product();
    2.0 * k as f64 * outs[0].numel() as f64
}
