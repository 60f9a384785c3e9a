//! Traces: programs under construction, and the values that belong to them.
//!
//! An [`Array`] carries its trace, so recording never looks at a global: an operation with a traced
//! operand is recorded in the most recently created trace among its operands. Everything else that it
//! reads, concrete arrays and values of outer traces, becomes a trailing input of that trace's jaxpr.

use crate::array::{Array, Repr};
use crate::error::Error;
use pullback_ir::prim::Prim;
use pullback_ir::{Atom, Atoms, Builder, Jaxpr, Loc, Type, Value, transform};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;
use std::panic::Location;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

/// What a traced value is, besides its trace.
#[derive(Clone)]
pub(crate) struct Tracer {
    pub(crate) trace: Arc<Trace>,
    pub(crate) atom: Atom,
    pub(crate) ty: Type,
}

/// A trace: open while the user's function runs, closed afterwards.
pub(crate) struct Trace {
    /// From a process-wide counter: later traces have larger numbers, so that of two open ones the
    /// larger is the inner one.
    id: u64,
    /// The transformation, for messages.
    what: &'static str,
    made_at: &'static Location<'static>,
    /// Whether inputs have values that `item()` may read.
    knows_values: bool,
    /// A trace that was never open: its arrays only have types.
    types_only: bool,
    state: Mutex<Option<State>>,
}

struct State {
    builder: Builder,
    thread: ThreadId,
    /// What the inputs stand for: the arguments, then what was captured.
    inputs: Vec<Array>,
    captured: FxHashMap<CaptureKey, Atom>,
    /// Symbolic arrays that became equations.
    alive: Vec<Array>,
    /// Values that `item()` has computed.
    known: FxHashMap<Atom, Value>,
}

/// The identity of a captured array: the same array captured twice is one input.
#[derive(PartialEq, Eq, Hash)]
enum CaptureKey {
    Value((usize, usize), SmallVec<[usize; 4]>),
    Lazy(usize),
    Traced(u64, Atom),
}

/// What tracing a function gives.
pub(crate) struct Traced {
    /// (Arguments, captured arrays) → results.
    pub(crate) jaxpr: Jaxpr,
    /// The captured arrays, in the order of the trailing inputs.
    pub(crate) captured: Vec<Array>,
}

/// How to trace.
#[derive(Clone, Copy)]
pub(crate) struct TraceAs {
    /// The transformation, for messages.
    pub(crate) what: &'static str,
    /// Whether `item()` may read values: only where the arguments are at hand, un-jitted.
    pub(crate) knows_values: bool,
    pub(crate) made_at: &'static Location<'static>,
}

impl Trace {
    fn open(how: TraceAs) -> Arc<Trace> {
        // Only the order of the numbers matters, and only among traces that nest on one thread.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Arc::new(Trace {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            what: how.what,
            made_at: how.made_at,
            knows_values: how.knows_values,
            types_only: false,
            state: Mutex::new(Some(State {
                builder: Builder::new(),
                thread: std::thread::current().id(),
                inputs: Vec::new(),
                captured: FxHashMap::default(),
                alive: Vec::new(),
                known: FxHashMap::default(),
            })),
        })
    }

    pub(crate) fn id(&self) -> u64 {
        self.id
    }

    pub(crate) fn what(&self) -> &'static str {
        self.what
    }

    fn lock(&self) -> MutexGuard<'_, Option<State>> {
        // A panic while recording leaves nothing half-done that matters: the trace is given up.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ended(&self) -> Error {
        if self.types_only {
            return Error::msg(format!(
                "this array has a type but no elements, because the `{}` at {} computed none: make an \
                 array of the same type with `zeros_like`",
                self.what, self.made_at
            ));
        }
        Error::msg(format!(
            "this array belongs to a call of `{}` at {} that has ended: return it from the function \
             that is transformed instead of keeping it elsewhere",
            self.what, self.made_at
        ))
    }

    fn escaped(&self) -> Error {
        Error::msg(format!(
            "an array of the call of `{}` at {} is used by a call around it, which goes on when that \
             one has ended: return it from the function that is transformed",
            self.what, self.made_at
        ))
    }

    /// Runs a function on the open state.
    fn with<R>(&self, f: impl FnOnce(&mut State) -> Result<R, Error>) -> Result<R, Error> {
        let mut guard = self.lock();
        let state = guard.as_mut().ok_or_else(|| self.ended())?;
        if state.thread != std::thread::current().id() {
            return Err(Error::msg(format!(
                "an array of the call of `{}` at {} is used on another thread: one call records on \
                 one thread; whole calls may run in parallel",
                self.what, self.made_at
            )));
        }
        f(state)
    }

    fn tracer(self: &Arc<Trace>, state: &State, atom: Atom) -> Array {
        Array(match atom {
            Atom::Lit(l) => Repr::Value(l.value()),
            Atom::Var(_) => {
                Repr::Traced(Tracer { trace: self.clone(), atom, ty: state.builder.ty(atom) })
            }
        })
    }

    /// Records an equation.
    pub(crate) fn record(
        self: &Arc<Trace>,
        prim: Prim,
        ins: &[In<'_>],
        loc: &'static Location<'static>,
    ) -> Result<Arrays, Error> {
        self.with(|state| {
            let mut atoms = Atoms::new();
            for i in ins {
                atoms.push(match i {
                    In::Lit(l) => Atom::Lit(*l),
                    In::Array(a) => state.atom(self.id, a)?,
                });
            }
            state.builder.set_loc(Loc::at(loc));
            let outs = state.builder.bind(prim, &atoms)?;
            Ok(outs.into_iter().map(|a| self.tracer(state, a)).collect())
        })
    }

    /// Records an equation with one result.
    pub(crate) fn record_one(
        self: &Arc<Trace>,
        prim: Prim,
        ins: &[In<'_>],
        loc: &'static Location<'static>,
    ) -> Result<Array, Error> {
        Ok(self.record(prim, ins, loc)?.remove(0))
    }

    /// Records all equations of a jaxpr.
    pub(crate) fn record_jaxpr(
        self: &Arc<Trace>,
        jaxpr: &Jaxpr,
        args: &[Array],
        loc: &'static Location<'static>,
    ) -> Result<Vec<Array>, Error> {
        self.with(|state| {
            let atoms = state.atoms(self.id, args)?;
            state.builder.set_loc(Loc::at(loc));
            let outs = state.builder.inline(jaxpr, &atoms);
            Ok(outs.into_iter().map(|a| self.tracer(state, a)).collect())
        })
    }

    /// The value of a traced array, where it is known.
    pub(crate) fn value_of(self: &Arc<Trace>, atom: Atom) -> Result<Option<Value>, Error> {
        if self.types_only {
            return Err(self.ended());
        }
        if !self.knows_values {
            return Ok(None);
        }
        if let Some(known) = self.with(|s| Ok(s.known.get(&atom).cloned()))? {
            return Ok(Some(known));
        }
        // The program up to here, cut down to what this value depends on.
        let (program, inputs) = self.with(|s| {
            let program = s.builder.snapshot([atom]);
            Ok((program, s.inputs.clone()))
        })?;
        let keep = vec![false; program.n_ins()];
        // Taps are shown what the whole program computes, and not this as well.
        let needed = transform::dce_with(&transform::silence(&program), &[true], &keep);
        let mut args = Vec::new();
        for (input, _) in inputs.iter().zip(&needed.used_ins).filter(|(_, used)| **used) {
            match input.known_value()? {
                Some(v) => args.push(v),
                None => return Ok(None),
            }
        }
        let value = match pullback_cpu::run(&needed.jaxpr, &args) {
            Ok(mut outs) => outs.remove(0),
            Err(e) => return Err(e.into()),
        };
        self.with(|s| {
            s.known.insert(atom, value.clone());
            Ok(Some(value))
        })
    }

    /// Records a fresh input-less axis value or any other equation without operands.
    pub(crate) fn record_nullary(
        self: &Arc<Trace>,
        prim: Prim,
        loc: &'static Location<'static>,
    ) -> Result<Array, Error> {
        self.record_one(prim, &[], loc)
    }
}

impl State {
    /// The operand that stands for an array in this trace.
    fn atom(&mut self, id: u64, array: &Array) -> Result<Atom, Error> {
        let key = match &array.0 {
            Repr::Traced(t) if t.trace.id == id => return Ok(t.atom),
            Repr::Traced(t) => {
                // A value of an outer trace becomes an operand; it has to be alive there. One of a
                // later trace would outlive it here.
                t.trace.with(|_| Ok(()))?;
                if t.trace.id > id {
                    return Err(t.trace.escaped());
                }
                CaptureKey::Traced(t.trace.id, t.atom)
            }
            Repr::Value(v) => CaptureKey::Value(v.key(), v.shape().into()),
            Repr::Lazy(l) => CaptureKey::Lazy(Arc::as_ptr(l) as usize),
        };
        if let Some(&atom) = self.captured.get(&key) {
            return Ok(atom);
        }
        let atom = match &array.0 {
            // Symbolic arrays become equations, so that engines see how they are made.
            Repr::Lazy(l) => {
                let args = self.atoms(id, l.args())?;
                // Kept alive, so that its address stays its own while this trace is open.
                self.alive.push(array.clone());
                self.builder.inline(l.jaxpr(), &args)[0]
            }
            Repr::Value(_) | Repr::Traced(_) => {
                self.inputs.push(array.clone());
                self.builder.input(array.ty())
            }
        };
        self.captured.insert(key, atom);
        Ok(atom)
    }

    fn atoms(&mut self, id: u64, arrays: &[Array]) -> Result<Vec<Atom>, Error> {
        arrays.iter().map(|a| self.atom(id, a)).collect()
    }
}

/// An operand of an operation: an array, or a scalar written in the source.
#[derive(Clone, Copy)]
pub(crate) enum In<'a> {
    Array(&'a Array),
    Lit(pullback_ir::Lit),
}

/// A short list of arrays.
pub(crate) type Arrays = SmallVec<[Array; 1]>;

/// Closes a trace when the user's function returns or panics.
struct Closing(Arc<Trace>);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.lock().take();
    }
}

/// Arrays that have types and nothing else: their shapes can be read, and using them says why not.
pub(crate) fn types_only(how: TraceAs, types: Vec<Type>) -> Vec<Array> {
    let trace = Arc::new(Trace {
        id: 0,
        what: how.what,
        made_at: how.made_at,
        knows_values: false,
        types_only: true,
        state: Mutex::new(None),
    });
    let tracer = |(i, ty)| {
        let atom = Atom::Var(pullback_ir::Var(i as u32));
        Array(Repr::Traced(Tracer { trace: trace.clone(), atom, ty }))
    };
    types.into_iter().enumerate().map(tracer).collect()
}

/// Traces a function of flat arrays. `types[i]` is the type under which argument i is seen (for vmap
/// it lacks the batch dimension), `args[i]` the array that it stands for.
pub(crate) fn trace(
    how: TraceAs,
    types: &[Type],
    args: &[Array],
    f: impl FnOnce(&Arc<Trace>, Vec<Array>) -> Vec<Array>,
) -> Result<Traced, Error> {
    let trace = Trace::open(how);
    let closing = Closing(trace.clone());
    let ins = trace.with(|s| {
        s.inputs.extend_from_slice(args);
        let atoms: Vec<Atom> = types.iter().map(|t| s.builder.input(t.clone())).collect();
        Ok(atoms.into_iter().map(|a| trace.tracer(s, a)).collect::<Vec<_>>())
    })?;
    let outs = f(&trace, ins);
    let atoms = trace.with(|s| s.atoms(trace.id, &outs))?;
    drop(outs);
    let state = closing.0.lock().take();
    let Some(State { builder, mut inputs, .. }) = state else { return Err(trace.ended()) };
    let jaxpr = builder.finish(atoms);
    let captured = inputs.split_off(types.len());
    Ok(Traced { jaxpr, captured })
}

/// Evaluates a jaxpr on arrays: at once if all are concrete, else by recording its equations in the
/// innermost trace.
pub(crate) fn apply(
    jaxpr: &Jaxpr,
    args: &[Array],
    loc: &'static Location<'static>,
) -> Result<Vec<Array>, Error> {
    if let Some(trace) = innermost(args.iter()) {
        return trace.record_jaxpr(jaxpr, args, loc);
    }
    let values: Vec<Value> = args.iter().map(Array::force).collect();
    let outs = crate::eager::run(jaxpr, values)?;
    Ok(outs.into_iter().map(Array::from_value).collect())
}

/// The most recently created trace among arrays.
pub(crate) fn innermost<'a>(arrays: impl Iterator<Item = &'a Array>) -> Option<Arc<Trace>> {
    let traces = arrays.filter_map(|a| match &a.0 {
        Repr::Traced(t) => Some(&t.trace),
        _ => None,
    });
    traces.max_by_key(|t| t.id).cloned()
}
