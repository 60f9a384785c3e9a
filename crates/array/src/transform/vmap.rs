//! `vmap`: a function over a batch dimension.

use super::call::{At, ok_at, trace_call};
use crate::array::{Array, bind, bind_in};
use crate::error::{Error, fail};
use crate::func::{Args, Callable, Flat, Func, IntoFunc, Signature, leaf_path, short_name};
use crate::trace::{Trace, TraceAs, apply, innermost, trace};
use crate::tree::{Flatten, Leaves, Tree, template};
use pullback_ir::prim::collective::{Collective, CollectiveOp};
use pullback_ir::prim::concat::Concatenate;
use pullback_ir::prim::slice::Slice;
use pullback_ir::prim::{AxisId, binary::Binary};
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Jaxpr, Shape, Type};
use std::panic::Location;
use std::sync::Arc;

/// Maps a function over the leading axis of every leaf of every argument; results are stacked in
/// front: for a leaf of shape `[n, ..s]` the function sees shape `s`, and its result of shape `r` becomes
/// `[n, ..r]`. Batch sizes must agree. It makes one program of batched operations, not a loop.
///
/// ```
/// # use pullback_array::{array, vmap, Array};
/// let norms = vmap(|x: &Array| x.norm());
/// assert_eq!(norms(&array![[3.0, 4.0], [6.0, 8.0]]).to_vec::<f64>(), [5.0, 10.0]);
/// ```
///
/// # Panics
/// The returned function panics where a leaf has no such axis or sizes disagree.
#[track_caller]
pub fn vmap<'c, M, F>(f: F) -> Func<<F::Dyn as Signature<'c>>::With<<F::Dyn as Signature<'c>>::Out>>
where
    F: IntoFunc<'c, M>,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    let axes = <<F::Dyn as Signature<'c>>::Args as Args>::all_axes();
    build(f.into_func(), Spec::new(axes.as_ref()), Location::caller())
}

/// Maps a function over the given axis of each argument; `None` passes an argument whole:
/// `vmap_axes([None, Some(0)], f)`. A key counts as an argument. Every leaf of an argument has the same
/// axis; that of results is 0, see [`Vmap`] for others.
///
/// ```
/// # use pullback_array::{array, vmap_axes, Array};
/// let f = vmap_axes([None, Some(1)], |a: &Array, x: &Array| a.dot(x));
/// let y = f(&array![1.0, 10.0], &array![[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]); // three columns
/// assert_eq!(y.to_vec::<f64>(), [41.0, 52.0, 63.0]);
/// ```
///
/// # Panics
/// As [`vmap`].
#[track_caller]
pub fn vmap_axes<'c, M, F>(
    axes: <<F::Dyn as Signature<'c>>::Args as Args>::Axes,
    f: F,
) -> Func<<F::Dyn as Signature<'c>>::With<<F::Dyn as Signature<'c>>::Out>>
where
    F: IntoFunc<'c, M>,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    build(f.into_func(), Spec::new(axes.as_ref()), Location::caller())
}

/// A `vmap` with more choices: `Vmap::axes([None, Some(0)]).out_axis(1).chunk_size(64).of(f)`.
#[derive(Clone, Debug)]
pub struct Vmap<const N: usize> {
    spec: Spec,
}

#[derive(Clone, Debug)]
struct Spec {
    axes: Vec<Option<usize>>,
    out_axes: OutAxes,
    chunk: Option<usize>,
}

#[derive(Clone, Debug)]
enum OutAxes {
    All(Option<usize>),
    PerLeaf(Vec<Option<usize>>),
}

impl Spec {
    fn new(axes: &[Option<usize>]) -> Spec {
        Spec { axes: axes.to_vec(), out_axes: OutAxes::All(Some(0)), chunk: None }
    }
}

impl<const N: usize> Vmap<N> {
    /// The batch axis of each argument.
    pub fn axes(axes: [Option<usize>; N]) -> Vmap<N> {
        Vmap { spec: Spec::new(&axes) }
    }

    /// Where the batch dimension of every result goes; `None` wants results without one, which must
    /// then not depend on the batch.
    pub fn out_axis(mut self, axis: impl Into<Option<usize>>) -> Self {
        self.spec.out_axes = OutAxes::All(axis.into());
        self
    }

    /// As [`Vmap::out_axis`], one for each leaf of the result.
    pub fn out_axes(mut self, axes: impl IntoIterator<Item = Option<usize>>) -> Self {
        self.spec.out_axes = OutAxes::PerLeaf(axes.into_iter().collect());
        self
    }

    /// Computes at most `n` elements of the batch at a time, to bound memory.
    ///
    /// # Panics
    /// If `n` is 0.
    #[track_caller]
    pub fn chunk_size(mut self, n: usize) -> Self {
        if n == 0 {
            fail(Error::msg("`chunk_size` must be at least 1"));
        }
        self.spec.chunk = Some(n);
        self
    }

    /// The mapped function.
    #[track_caller]
    pub fn of<'c, M, F>(
        self,
        f: F,
    ) -> Func<<F::Dyn as Signature<'c>>::With<<F::Dyn as Signature<'c>>::Out>>
    where
        F: IntoFunc<'c, M>,
        <F::Dyn as Signature<'c>>::Args: Args<Axes = [Option<usize>; N]>,
        <F::Dyn as Signature<'c>>::Out: Tree,
    {
        build(f.into_func(), self.spec, Location::caller())
    }
}

fn build<'c, D>(f: Func<D>, spec: Spec, at: At) -> Func<D::With<D::Out>>
where
    D: Signature<'c> + ?Sized,
    D::Out: Tree,
{
    let name = format!("vmap({})", f.name());
    let call = D::make(move |args| ok_at(run(&*f.call, args, &spec, at), "vmap", at));
    Func::new(call, name)
}

/// Types of the leaves without the batch dimension, where that is, and its size.
struct Batched {
    types: Vec<Type>,
    dims: Vec<Option<usize>>,
    size: usize,
}

fn batched(
    flat: &Flat<'_>,
    axes: &[Option<usize>],
    path: impl Fn(usize) -> String,
) -> Result<Batched, Error> {
    let mut found: Option<(usize, usize)> = None;
    let (mut types, mut dims) = (Vec::new(), Vec::new());
    for (leaf, array) in flat.flat.leaves().iter().enumerate() {
        let axis = axes[flat.argument_of(leaf)];
        let ty = array.ty();
        dims.push(axis);
        let Some(axis) = axis else {
            types.push(ty);
            continue;
        };
        if axis >= ty.rank() {
            return Err(Error::msg(format!(
                "`vmap` over axis {axis}, but {} is {ty}: pass it whole with `None` in `vmap_axes`, or \
                 give it that axis",
                path(leaf)
            )));
        }
        let size = ty.shape()[axis];
        match found {
            Some((first, n)) if n != size => {
                return Err(Error::msg(format!(
                    "`vmap` over arguments of different batch sizes: {} has {n}, {} has {size}",
                    path(first),
                    path(leaf)
                )));
            }
            _ => found = Some((leaf, size)),
        }
        types.push(ty.without_axis(axis));
    }
    let Some((_, size)) = found else {
        return Err(Error::msg(
            "`vmap` needs at least one argument with a batch axis: all axes are `None`, or the \
             arguments have no leaves",
        ));
    };
    Ok(Batched { types, dims, size })
}

fn run<'c, D>(
    f: &D,
    args: <D::Args as Args>::Refs<'_>,
    spec: &Spec,
    at: At,
) -> Result<D::Out, Error>
where
    D: Signature<'c> + ?Sized,
    D::Out: Tree,
{
    let flat = Flat::of::<D::Args>(args);
    let b = batched(&flat, &spec.axes, |leaf| leaf_path::<D::Args>(args, leaf))?;
    let how = TraceAs { what: "vmap", knows_values: false, made_at: at };
    let (traced, out) = trace_call(f, args, &flat, &b.types, how, |out: D::Out| {
        (Flatten::of(&out).to_arrays(), template(&out))
    })?;
    let mut inputs = flat.arrays();
    inputs.extend(traced.captured);
    let leaves = finish(&traced.jaxpr, inputs, &b, spec, None, at)?;
    Ok(out.unflatten(&mut Leaves::new(leaves)))
}

/// Batches a traced program and applies it, in chunks if that is asked for.
fn finish(
    jaxpr: &Jaxpr,
    inputs: Vec<Array>,
    b: &Batched,
    spec: &Spec,
    axis: Option<AxisId>,
    at: At,
) -> Result<Vec<Array>, Error> {
    let mut dims = b.dims.clone();
    dims.resize(inputs.len(), None);
    let out_types = jaxpr.out_types();
    let out_dims = match &spec.out_axes {
        OutAxes::All(d) => vec![*d; out_types.len()],
        OutAxes::PerLeaf(list) if list.len() == out_types.len() => list.clone(),
        OutAxes::PerLeaf(list) => {
            return Err(Error::msg(format!(
                "`out_axes` has {} entries, but the result has {} leaves",
                list.len(),
                out_types.len()
            )));
        }
    };
    for (d, ty) in out_dims.iter().zip(&out_types) {
        if d.is_some_and(|d| d > ty.rank()) {
            return Err(Error::msg(format!(
                "the out axis {} is beyond the rank of a result of type {ty}",
                d.unwrap_or(0)
            )));
        }
    }
    let batch = |size| transform::vmap(jaxpr, size, &dims, axis, OutDims::At(&out_dims));
    let chunk = spec.chunk.filter(|&n| n < b.size && axis.is_none());
    let Some(chunk) = chunk else {
        return apply(&batch(b.size)?.jaxpr, &inputs, at);
    };
    let program = batch(chunk)?.jaxpr;
    let mut parts: Vec<Vec<Array>> = Vec::new();
    let mut start = 0;
    while start < b.size {
        let end = (start + chunk).min(b.size);
        let inputs: Vec<Array> = inputs
            .iter()
            .zip(&dims)
            .map(|(x, d)| d.map_or_else(|| x.clone(), |d| slice(x, d, start, end)))
            .collect();
        parts.push(match end - start == chunk {
            true => apply(&program, &inputs, at)?,
            false => apply(&batch(end - start)?.jaxpr, &inputs, at)?,
        });
        start = end;
    }
    Ok((0..out_types.len())
        .map(|i| match out_dims[i] {
            None => parts[0][i].clone(),
            Some(dimension) => {
                let pieces: Vec<&Array> = parts.iter().map(|p| &p[i]).collect();
                bind(Concatenate { dimension }, &pieces)
            }
        })
        .collect())
}

fn slice(x: &Array, axis: usize, start: usize, end: usize) -> Array {
    let mut from = Shape::from_elem(0, x.ndim());
    let mut to = Shape::from_slice(x.shape());
    (from[axis], to[axis]) = (start, end);
    let strides = Shape::from_elem(1, x.ndim());
    bind(Slice { start: from, limit: to, strides }, &[x])
}

/// The batch axis of a [`vmap_named`]: a value, so that no two axes can be mixed up, with collectives
/// as its methods. Inside the function each member of the batch sees its own part; a collective
/// combines the parts of all members.
#[derive(Clone)]
pub struct Axis {
    trace: Arc<Trace>,
    id: AxisId,
    size: usize,
}

impl std::fmt::Debug for Axis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Axis({})", self.size)
    }
}

impl Axis {
    /// The number of members.
    pub fn size(&self) -> usize {
        self.size
    }

    #[track_caller]
    fn collective(&self, op: CollectiveOp, x: &Array) -> Array {
        let prim = Collective { op, axis: self.id, size: self.size };
        // An array that does not depend on the batch may belong to no trace, or to an outer one; one of
        // an inner trace is combined there.
        let inner = innermost(std::iter::once(x)).filter(|t| t.id() > self.trace.id());
        crate::error::ok(inner.as_ref().unwrap_or(&self.trace).record(
            prim.into(),
            &[crate::trace::In::Array(x)],
            Location::caller(),
        ))
        .remove(0)
    }

    /// The sum over all members, the same for each.
    #[track_caller]
    pub fn psum(&self, x: &Array) -> Array {
        self.collective(CollectiveOp::Sum, x)
    }

    /// The mean over all members, the same for each.
    #[track_caller]
    pub fn pmean(&self, x: &Array) -> Array {
        let n = crate::error::ok(crate::array::scalar_like(x.dtype(), self.size as f64));
        let sum = self.psum(x);
        bind_in(Binary::Div, &[crate::trace::In::Array(&sum), crate::trace::In::Lit(n)])
    }

    /// The elementwise maximum over all members.
    #[track_caller]
    pub fn pmax(&self, x: &Array) -> Array {
        self.collective(CollectiveOp::Max, x)
    }

    /// The elementwise minimum over all members.
    #[track_caller]
    pub fn pmin(&self, x: &Array) -> Array {
        self.collective(CollectiveOp::Min, x)
    }

    /// The number of this member, `i32[]`.
    #[track_caller]
    pub fn index(&self) -> Array {
        let prim = Collective { op: CollectiveOp::Index, axis: self.id, size: self.size };
        crate::error::ok(self.trace.record_nullary(prim.into(), Location::caller()))
    }

    /// The arrays of all members, stacked along a new first axis.
    #[track_caller]
    pub fn all_gather(&self, x: &Array) -> Array {
        self.collective(CollectiveOp::AllGather, x)
    }
}

/// Maps a function that also takes the batch [`Axis`], for collectives:
/// `vmap_named(|ax: &Axis, x: &Array| x - &ax.pmean(x))`. All arguments are batched in front. The axis is
/// a value: that of an outer `vmap_named` can be used inside of an inner one.
///
/// ```
/// # use pullback_array::{array, vmap_named, Array, Axis};
/// let shares = vmap_named(|ax: &Axis, x: &Array| x / ax.psum(x));
/// assert_eq!(shares(&array![1.0, 3.0, 4.0]).to_vec::<f64>(), [0.125, 0.375, 0.5]);
/// ```
///
/// # Panics
/// As [`vmap`].
#[track_caller]
pub fn vmap_named<'c, M, F: IntoNamed<'c, M>>(f: F) -> Func<F::Dyn> {
    f.named(Location::caller())
}

/// Functions whose first parameter is the batch [`Axis`].
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be mapped over a named axis",
    note = "it must be a function of the axis and 1 to 4 trees, with the types written: `|ax: &Axis, x: &Array| ..`"
)]
pub trait IntoNamed<'c, M> {
    /// The mapped function, without the axis.
    type Dyn: ?Sized + Callable;
    #[doc(hidden)]
    fn named(self, at: At) -> Func<Self::Dyn>;
}

macro_rules! named {
    ($($A:ident $a:ident $i:tt),+) => {
        impl<'c, Func_, $($A: Tree,)+ O: Tree> IntoNamed<'c, fn(&Axis, $(&$A),+) -> O> for Func_
        where
            Func_: Fn(&Axis, $(&$A),+) -> O + Send + Sync + 'c,
        {
            type Dyn = dyn Fn($(&$A),+) -> O + Send + Sync + 'c;

            fn named(self, at: At) -> Func<Self::Dyn> {
                let name = format!("vmap_named({})", short_name::<Func_>());
                let call: Arc<Self::Dyn> = Arc::new(move |$($a: &$A),+| {
                    let args = ($($a,)+);
                    let call = |axis: &Axis, owned: ($($A,)+)| self(axis, $(&owned.$i),+);
                    ok_at(run_named::<($($A,)+), O>(args, &call, at), "vmap_named", at)
                });
                Func::new(call, name)
            }
        }
    };
}

named!(A a 0);
named!(A a 0, B b 1);
named!(A a 0, B b 1, C c 2);
named!(A a 0, B b 1, C c 2, D d 3);

fn run_named<A: Args, O: Tree>(
    args: A::Refs<'_>,
    f: &dyn Fn(&Axis, A::Owned) -> O,
    at: At,
) -> Result<O, Error> {
    let flat = Flat::of::<A>(args);
    let spec = Spec::new(A::all_axes().as_ref());
    let b = batched(&flat, &spec.axes, |leaf| leaf_path::<A>(args, leaf))?;
    let how = TraceAs { what: "vmap_named", knows_values: false, made_at: at };
    let mut rest = None;
    let traced = trace(how, &b.types, &flat.arrays(), |trace, leaves| {
        // The trace's number is unique in the process, so it serves as the axis's identity.
        let id = AxisId(trace.id());
        let axis = Axis { trace: trace.clone(), id, size: b.size };
        let out = f(&axis, A::unflatten(args, &mut Leaves::new(leaves)));
        let arrays = Flatten::of(&out).to_arrays();
        rest = Some((id, template(&out)));
        arrays
    })?;
    let (id, out) = rest.expect("the traced function ran");
    let mut inputs = flat.arrays();
    inputs.extend(traced.captured);
    let leaves = finish(&traced.jaxpr, inputs, &b, &spec, Some(id), at)?;
    Ok(out.unflatten(&mut Leaves::new(leaves)))
}
