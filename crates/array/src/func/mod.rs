//! Functions that transformations take and give.
//!
//! [`Func`] is nameable, cloneable, `Debug` and `Send + Sync`, and is called like a function. Anything
//! that can be transformed converts to one through [`IntoFunc`]: fn items, closures (also ones that
//! borrow), `Func` and `&Func`, with 1 to 8 arguments, the last of which may be a [`Key`] by value.
//! [`Signature`] and [`Args`] describe those functions to the transformations, which are written once
//! for all arities.

mod arity;
mod loss;

pub use loss::{Aux, Loss};

use crate::array::Array;
use crate::error::{Error, catching};
use crate::random::Key;
use crate::tree::{Flatten, Leaves, Tree};
use std::any::type_name;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A function that has been transformed, or can be. It is called like a function, `g(&x)`, and has a type
/// that can be written, so that a struct can hold it: `Func<dyn Fn(&Array) -> Array + Send + Sync>`.
///
/// Beside the call it has, for any number of arguments, `try_call` (faults as `Err`), `call_owned`
/// (arguments given away), `jaxpr` (its program for such arguments) and `lower` (what `jit` makes of that).
/// Cloning shares the function, and what a `jit` remembers with it.
///
/// ```
/// # use pullback_array::{array, grad, jit, Array, Func};
/// struct Model {
///     step: Func<dyn Fn(&Array) -> Array + Send + Sync>,
/// }
/// let model = Model { step: jit(grad(|x: &Array| x.square().sum())) };
/// assert_eq!((model.step)(&array![1.0, 2.0]).to_vec::<f64>(), [2.0, 4.0]);
/// assert!(model.step.try_call(&array![1, 2]).is_err()); // integers have no gradient
/// ```
pub struct Func<F: ?Sized + Callable> {
    pub(crate) call: Arc<F>,
    /// The same function of arguments that are given away, where that makes a difference.
    pub(crate) by_value: Option<Arc<F::ByValue>>,
    pub(crate) info: Arc<Info>,
}

/// A function type that a [`Func`] can hold: `dyn Fn(&A, &B) -> O + Send + Sync`.
pub trait Callable {
    /// The same function of a tuple of owned arguments.
    type ByValue: ?Sized + Send + Sync;
}

/// What is known of a [`Func`] besides how to call it.
pub(crate) struct Info {
    pub(crate) name: String,
    pub(crate) jit: Option<Arc<dyn crate::transform::jit::Inspect>>,
}

impl<F: ?Sized + Callable> Func<F> {
    pub(crate) fn new(call: Arc<F>, name: String) -> Func<F> {
        Func { call, by_value: None, info: Arc::new(Info { name, jit: None }) }
    }

    /// The name: `grad(loss)`.
    pub fn name(&self) -> &str {
        &self.info.name
    }

    /// How often a `jit` was called and compiled; zeros for other functions.
    pub fn stats(&self) -> crate::transform::jit::Stats {
        self.info.jit.as_ref().map(|j| j.stats()).unwrap_or_default()
    }

    /// Why the last call of a `jit` that had to trace was not answered from the cache: names the
    /// argument, the type that was known and the type that came. `None` before a second trace.
    pub fn explain_last_miss(&self) -> Option<String> {
        self.info.jit.as_ref().and_then(|j| j.explain_last_miss())
    }
}

impl<F: ?Sized + Callable> Clone for Func<F> {
    fn clone(&self) -> Self {
        let (call, by_value) = (self.call.clone(), self.by_value.clone());
        Func { call, by_value, info: self.info.clone() }
    }
}

impl<F: ?Sized + Callable> Deref for Func<F> {
    type Target = F;
    fn deref(&self) -> &F {
        &self.call
    }
}

impl<F: ?Sized + Callable> fmt::Debug for Func<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Func({})", self.info.name)
    }
}

/// The arguments of a function, as a tuple type: `(A, B)`, or `(A, Key)`.
pub trait Args: 'static {
    /// The arguments as values.
    type Owned: Send + Sync + 'static;
    /// The arguments as references.
    type Refs<'a>: Copy;
    /// The arguments without a key, as one tree: `A` for one argument, else a tuple.
    type Primal: Tree;
    /// The first argument; the key, where there is nothing else.
    type First: Tree;
    /// One batch axis an argument.
    type Axes: AsRef<[Option<usize>]> + Clone + Send + Sync + 'static;

    /// All arguments batched in front.
    fn all_axes() -> Self::Axes;

    /// Visits the leaves of all arguments; gives where each argument's leaves end.
    fn flatten<'a>(args: Self::Refs<'a>, out: &mut Flatten<'a>) -> smallvec::SmallVec<[usize; 8]>;

    /// The arguments again, with other leaves.
    fn unflatten(args: Self::Refs<'_>, leaves: &mut Leaves) -> Self::Owned;

    /// Borrows.
    fn refs(owned: &Self::Owned) -> Self::Refs<'_>;

    /// Borrows from a primal and a key.
    fn from_primal<'a>(primal: &'a Self::Primal, key: Option<&'a Key>) -> Self::Refs<'a>;

    /// Drops the key.
    fn into_primal(owned: Self::Owned) -> Self::Primal;

    /// The first argument.
    fn first<'a>(args: Self::Refs<'a>) -> &'a Self::First;
}

/// Argument lists without a key.
#[diagnostic::on_unimplemented(
    message = "this takes functions without a key",
    note = "make the key inside of a closure: `|x: &Array| f(x, Key::new(0))`"
)]
pub trait Keyless: Args {}

/// A function type that can be transformed: `dyn Fn(&A, &B) -> O + Send + Sync + 'c`.
pub trait Signature<'c>: Callable<ByValue: 'c> + Send + Sync + 'c {
    /// The arguments.
    type Args: Args;
    /// The result.
    type Out: 'c;
    /// The same arguments with another result.
    type With<O: 'c>: ?Sized + Signature<'c, Args = Self::Args, Out = O>;
    /// Primal and tangent of the same type, then the key if there is one.
    type Pair<T: Tree, O: 'c>: ?Sized + Callable;

    /// Calls the function.
    fn call(&self, args: <Self::Args as Args>::Owned) -> Self::Out;

    /// Makes a function of this shape.
    fn make<O: 'c>(
        f: impl for<'a> Fn(<Self::Args as Args>::Refs<'a>) -> O + Send + Sync + 'c,
    ) -> Arc<Self::With<O>>;

    /// Makes the function of owned arguments.
    fn make_by_value(
        f: impl Fn(<Self::Args as Args>::Owned) -> Self::Out + Send + Sync + 'c,
    ) -> Arc<Self::ByValue>;

    /// Makes a function of a primal and something beside it.
    fn make_pair<T: Tree, O: 'c>(
        f: impl for<'a> Fn(&'a <Self::Args as Args>::Primal, &'a T, Option<&'a Key>) -> O
        + Send
        + Sync
        + 'c,
    ) -> Arc<Self::Pair<T, O>>;
}

/// Marks a conversion from a function or closure.
pub struct IsFn<T>(T);
/// Marks a conversion from a `Func`.
pub struct IsFunc<T: ?Sized>(std::marker::PhantomData<T>);
/// Marks a conversion from a `&Func`.
pub struct IsFuncRef<T: ?Sized>(std::marker::PhantomData<T>);

/// Conversion to a [`Func`]: what every transformation accepts.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be transformed",
    label = "not a function of references to trees",
    note = "write the types of a closure's parameters, as references: `|x: &Array| ..`",
    note = "every argument and the result must be a `Tree`: add `#[derive(Tree)]` to your structs",
    note = "a function may have 1 to 8 arguments; only a `Key` in the last place is taken by value"
)]
pub trait IntoFunc<'c, M> {
    /// The function type.
    type Dyn: ?Sized + Signature<'c>;
    /// Converts.
    fn into_func(self) -> Func<Self::Dyn>;
}

impl<'c, D: ?Sized + Signature<'c>> IntoFunc<'c, IsFunc<D>> for Func<D> {
    type Dyn = D;
    fn into_func(self) -> Func<D> {
        self
    }
}

impl<'c, D: ?Sized + Signature<'c>> IntoFunc<'c, IsFuncRef<D>> for &Func<D> {
    type Dyn = D;
    fn into_func(self) -> Func<D> {
        self.clone()
    }
}

/// A function of several arguments as one of their tuple, for code that is written once for all numbers
/// of arguments. A function of one argument stays as it is.
///
/// ```
/// # use pullback_array::{array, func::tupled, Array};
/// let f = tupled(|x: &Array, y: &Array| x * y);
/// assert_eq!(f(&(array![2.0], array![3.0])).to_vec::<f64>(), [6.0]);
/// ```
pub fn tupled<'c, M, F>(f: F) -> Func<Tupled<'c, F::Dyn>>
where
    F: IntoFunc<'c, M>,
    <F::Dyn as Signature<'c>>::Args: Keyless,
{
    let f = f.into_func();
    let name = f.name().to_owned();
    let call: Arc<Tupled<'c, F::Dyn>> = Arc::new(move |primal| {
        let args = <<F::Dyn as Signature<'c>>::Args as Args>::from_primal(primal, None);
        let leaves = Flat::of::<<F::Dyn as Signature<'c>>::Args>(args).arrays();
        let owned =
            <<F::Dyn as Signature<'c>>::Args as Args>::unflatten(args, &mut Leaves::new(leaves));
        f.call.call(owned)
    });
    Func::new(call, name)
}

/// What [`tupled`] makes of a function.
pub type Tupled<'c, D> = dyn Fn(&<<D as Signature<'c>>::Args as Args>::Primal) -> <D as Signature<'c>>::Out
    + Send
    + Sync
    + 'c;

/// The last part of a type's path: `loss` for `my_crate::loss`.
pub(crate) fn short_name<F>() -> String {
    let full = type_name::<F>();
    if full.ends_with("}}") || full.ends_with('>') {
        return "<lambda>".into();
    }
    full.rsplit("::").next().unwrap_or(full).to_owned()
}

/// Flat arguments of a call.
pub(crate) struct Flat<'a> {
    pub(crate) flat: Flatten<'a>,
    /// Where each argument's leaves end.
    pub(crate) ends: smallvec::SmallVec<[usize; 8]>,
}

impl<'a> Flat<'a> {
    pub(crate) fn of<A: Args>(args: A::Refs<'a>) -> Flat<'a> {
        let mut flat = Flatten::default();
        let ends = A::flatten(args, &mut flat);
        Flat { flat, ends }
    }

    pub(crate) fn arrays(&self) -> Vec<Array> {
        self.flat.to_arrays()
    }

    /// The argument to which a leaf belongs.
    pub(crate) fn argument_of(&self, leaf: usize) -> usize {
        self.ends.iter().position(|&end| leaf < end).unwrap_or(0)
    }
}

/// `argument 0.layers[2].w`: where a leaf is, for messages.
pub(crate) fn leaf_path<A: Args>(args: A::Refs<'_>, leaf: usize) -> String {
    let mut flat = Flatten::recording_paths();
    let ends = A::flatten(args, &mut flat);
    let argument = ends.iter().position(|&end| leaf < end).unwrap_or(0);
    let path = &flat.paths()[leaf];
    match path.is_empty() {
        true => format!("argument {argument}"),
        false if path.starts_with('[') => format!("argument {argument}{path}"),
        false => format!("argument {argument}.{path}"),
    }
}

pub(crate) fn try_catching<T>(f: impl FnOnce() -> T) -> Result<T, Error> {
    catching(f)
}
