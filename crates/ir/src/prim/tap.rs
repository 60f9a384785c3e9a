//! `tap`: shows a value to a function of the user's; the result is the operand.
//!
//! ```text
//! b:f64[3] = tap[batched=() callback=<fn loss@4>] a
//! ```
//!
//! The callback sees primal values: the tangent passes by it, unseen, and so does a cotangent. Under
//! `vmap` it sees the members of the batch one after the other, as JAX's `debug.callback` does:
//! `batched` lists the operand's axes over which it goes, the outermost first. An operand without a
//! batch is shown once. The equation has an effect, so it is neither removed nor merged; a
//! recomputation by `checkpoint` does not repeat it.

use super::permute::Transpose;
use super::structural::{only_dim, shifted_all};
use super::typing::{distinct_axes, operands};
use super::*;
use crate::dtype::DType;
use crate::fault;
use crate::param::Param;
use crate::shape::{Axes, Shape, numel};
use smallvec::smallvec;
use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A function of the user's that looks at values. Prints as `<fn name@id>`, compares by identity.
#[derive(Clone)]
pub struct Callback(Arc<Inner>);

struct Inner {
    name: String,
    id: u64,
    call: Box<dyn Fn(&Value) + Send + Sync>,
}

impl Callback {
    /// A callback with a name for the text form.
    pub fn new(
        name: impl Into<String>,
        call: impl Fn(&Value) + Send + Sync + 'static,
    ) -> Callback {
        // Identities are for printing and hashing; nothing numeric depends on them.
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let id = NEXT.fetch_add(1, Ordering::Relaxed);
        Callback(Arc::new(Inner { name: name.into(), id, call: Box::new(call) }))
    }
}

impl PartialEq for Callback {
    fn eq(&self, other: &Callback) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Callback {}

impl Hash for Callback {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

impl fmt::Debug for Callback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<fn {}@{}>", self.0.name, self.0.id)
    }
}

/// `tap[batched=… callback=…] x`: `x`, shown to a callback.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tap {
    /// What looks at the value.
    pub callback: Callback,
    /// The operand's axes over which the callback is mapped, the outermost `vmap`'s first.
    pub batched: Axes,
}

impl Tap {
    /// A tap outside of any `vmap`.
    pub fn new(callback: Callback) -> Tap {
        Tap { callback, batched: Axes::new() }
    }
}

impl Primitive for Tap {
    fn names() -> &'static [&'static str] {
        // Text cannot hold a user's code.
        &[]
    }

    fn name(&self) -> &str {
        "tap"
    }

    fn params(&self) -> Params {
        let Inner { name, id, .. } = &*self.callback.0;
        smallvec![
            ("batched", Param::usizes(&self.batched)),
            ("callback", Param::Func(name.clone(), *id))
        ]
    }

    fn parse(_: &str, _: &mut ParamMap) -> Result<Self, Fault> {
        Err(fault!("a user's callback has no text form"))
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        distinct_axes("`batched` axis", &self.batched, x.rank())?;
        Ok(smallvec![x.clone()])
    }

    fn effects(&self) -> Effects {
        Effects::IO
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (x, n) = (&ins[0], self.batched.len());
        let others = (0..x.shape().len()).filter(|axis| !self.batched.contains(axis));
        let permutation: Axes = self.batched.iter().copied().chain(others).collect();
        let members = Transpose { permutation }.eval(ins)?.remove(0);
        let (batch, member) = members.shape().split_at(n);
        let size = numel(member);
        for i in 0..numel(batch) {
            let elements = i * size..(i + 1) * size;
            (self.callback.0.call)(&crate::dispatch!(x.dtype(), T => {
                Value::new(Shape::from_slice(member), members.slice::<T>()[elements].to_vec())
            }));
        }
        Ok(vec![x.clone()])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        Ok((b.bind(self.clone(), primals)?, smallvec![tangents[0]]))
    }

    fn transpose(&self, _: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        classes::each_linear(operands, |_, _| cts[0])
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let d = only_dim(&batch);
        let mut batched = shifted_all(&self.batched, d);
        batched.insert(0, d);
        let prim = Tap { callback: self.callback.clone(), batched };
        Ok((b.bind(prim, batch.ins)?, smallvec![Some(d)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |batched: &[usize], dtype, shape: &[usize]| {
            let callback = Callback::new("look", |_| ());
            let prim = Tap { callback, batched: batched.into() };
            Sample::new(prim, vec![(Type::of(dtype, shape), Domain::Range(-2.0, 2.0))])
        };
        vec![
            sample(&[], DType::F64, &[2, 3]),
            sample(&[1], DType::F64, &[2, 3]),
            sample(&[2, 0], DType::F64, &[2, 1, 3]),
            sample(&[0], DType::I32, &[0, 2]),
            sample(&[], DType::Bool, &[]),
        ]
    }
}
