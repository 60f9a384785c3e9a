//! Function transformations for numerical Rust: differentiate, batch, linearise, checkpoint and compile
//! functions over arrays, in any order and to any depth.
//!
//! ```
//! use pullback::prelude::*;
//!
//! #[derive(Tree)]
//! struct Line {
//!     slope: Array,
//!     offset: Array,
//! }
//!
//! fn loss(p: &Line, x: &Array, y: &Array) -> Array {
//!     (x * &p.slope + &p.offset - y).square().mean()
//! }
//!
//! let (x, y) = (array![0.0, 1.0, 2.0], array![1.0, 3.0, 5.0]);
//! let mut p = Line { slope: Array::from(0.0), offset: Array::from(0.0) };
//! let step = jit(grad(loss)); // traced and compiled on the first call
//! for _ in 0..200 {
//!     let g: Line = step(&p, &x, &y);
//!     p = tree::zip(|p, g| p - g * 0.2, &p, &g);
//! }
//! assert!((p.slope.item::<f64>() - 2.0).abs() < 1e-3);
//! ```
//!
//! A function is run once with placeholders for its arguments; what it does with them is recorded as a
//! small typed program, a [`Jaxpr`]. Transformations rewrite such programs, and an engine runs them.
//!
//! # Where to begin
//!
//! The [`guide`] goes from a first gradient to a trained network, through batching, Jacobians, keys, custom
//! rules, debugging and performance. [`prelude`] has what most programs need. The folder `examples` of the
//! repository has one idea a file.
//!
//! # For those who know JAX
//!
//! | JAX | here |
//! |---|---|
//! | `jax.grad(f)(x)`, `argnums=1` | [`grad`]`(f)(&x)`, [`grad_wrt`]`(`[`arg`]`::<1>(), f)` |
//! | `value_and_grad`, `has_aux=True` | [`value_and_grad`]; `f` returns `(loss, `[`Aux`]`(more))` |
//! | `jit`, `static_argnums` | [`jit`](fn@jit); integers, `bool`, `String` and `#[tree(skip)]` fields are static |
//! | `donate_argnums` | [`call_owned`](Func::call_owned) |
//! | `vmap(f, in_axes=(None, 0), out_axes=1)` | [`vmap_axes`]`([None, Some(0)], f)`, [`Vmap`] |
//! | `vmap(f, axis_name="i")`, `lax.psum(x, "i")` | [`vmap_named`]`(\|i: &Axis, x: &Array\| i.psum(x))` |
//! | `jvp`, `vjp`, `linearize`, `linear_transpose` | [`jvp`], [`vjp`], [`linearize`], [`linear_transpose`] |
//! | `jacfwd`, `jacrev`, `hessian` | [`jacfwd`], [`jacrev`], [`hessian`], and [`hvp`] |
//! | `checkpoint`, `checkpoint_policies` | [`checkpoint`], [`checkpoint_with`] and [`Policy`] |
//! | `custom_jvp`, `custom_vjp` | [`custom_jvp`], [`custom_vjp`] |
//! | `make_jaxpr`, `eval_shape` | [`make_jaxpr`], [`eval_shape`]; [`from_jaxpr`] for the way back |
//! | pytrees, `tree_map` | [`Tree`] and its derive, [`tree::map`], [`tree::zip`] |
//! | `jnp.sum(x, axis=0, keepdims=True)` | `x.sum_over(`[`keep`]`(0))`; all axes: `x.sum()` |
//! | `x[0, 1:]`, `x.at[0].set(1)` | `x.get((0, 1..))`, `x.at(0).set(1.0)` |
//! | `jnp.where(c, a, b)` | [`select`]`(c, a, b)` |
//! | `x.astype(f32)` | `x.astype::<f32>()`, `x.cast(DType::F32)` |
//! | `random.key`, `split`, `fold_in`, `random.normal` | [`Key`], [`random`]; a key is used once, and the compiler sees to it |
//! | `lax.stop_gradient` | [`stop_gradient`] |
//! | `jax.debug.print`, `jax_debug_nans` | [`Array::debug_print`], [`debug_nans`] |
//! | `jax_enable_x64`, default dtypes, promotion | nothing: the dtype is the Rust type of the numbers |
//! | `lax.cond`, `while_loop`, `scan` | not there yet; Rust's loops unroll while tracing |

#![forbid(unsafe_code)]

// Arrays, their creation, and how operands, shapes, axes and indices are written.
pub use pullback_array::{
    Array, At, DType, Element, Elements, Ellipsis, Error, IndexItem, IndexMode, Int, IntoIndex,
    IntoOperand, IntoSizes, IntoSpan, IntoWidths, Nested, NewAxis, Over, PadMode, Scalar, Span,
    Type, Value, arange, arange_step, array, concat, einsum, eye, eye_at, full, full_like, full_of,
    identity, iota, iota_of, keep, linspace, load_npy, load_npz, one_hot, one_hot_of, ones,
    ones_like, ones_of, s, save_npy, save_npz, select, sort_together, stack, tri, zeros,
    zeros_like, zeros_of,
};

/// Floats of 16 bits, as elements: `x.astype::<bf16>()`.
///
/// ```
/// use pullback::{array, bf16};
///
/// let x = array![1.0f32, 0.3333].astype::<bf16>();
/// assert_eq!(x.to_vec::<bf16>(), [bf16::from_f32(1.0), bf16::from_f32(0.3333)]);
/// ```
pub use pullback_array::ir::half::{bf16, f16};

// Functions and their transformations.
pub use pullback_array::{
    Arg, Aux, Axis, Func, Lowered, Policy, Shapes, Stats, Vmap, arg, checkpoint, checkpoint_name,
    checkpoint_with, custom_jvp, custom_vjp, debug_infs, debug_nans, eval_shape, from_jaxpr, grad,
    grad_wrt, hessian, hvp, jacfwd, jacrev, jit, jvp, linear_transpose, linearize, make_jaxpr,
    profile, stop_gradient, value_and_grad, value_and_grad_wrt, vjp, vmap, vmap_axes, vmap_named,
    with_threads,
};

// Trees of arrays, keys, jaxprs.
pub use pullback_array::{Jaxpr, Key, Tree, func, ir, random, transform, tree};

/// Compiled programs and engines.
pub use pullback_cpu as cpu;
pub use pullback_cpu::{Memory, Profile, Timed};

/// What runs programs in this process: the engine, the processor's instructions, threads.
///
/// ```
/// use pullback::backend;
///
/// println!("{}", backend::info());
/// assert!(backend::info().threads >= 1);
/// ```
///
/// The environment variable `PULLBACK_ENGINE` chooses the engine by its [name](backend::Engine::name),
/// `PULLBACK_THREADS` the number of threads, `PULLBACK_ISA` (`avx512`, `avx2`, `none`) which vector instructions
/// are used at most; all are read once.
pub mod backend {
    pub use pullback_cpu::{Engine, Info, MachineCode, info};
}

/// The pool of memory behind large arrays, one for the process. Their buffers are kept when the last array
/// that shares them is dropped, and used again, because memory that is fresh from the system is slow to
/// touch.
///
/// ```
/// use pullback::memory;
///
/// memory::set_limit(256 << 20); // bytes
/// assert_eq!(memory::limit(), 256 << 20);
/// assert!(memory::held() <= memory::limit());
/// ```
pub mod memory {
    pub use pullback_array::ir::pool::{held, limit, set_limit};
}

#[doc(hidden)]
pub use pullback_array::__private;

#[doc = include_str!("../docs/guide.md")]
pub mod guide {}

// The blocks of the README run as tests too.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

/// What most programs need: `use pullback::prelude::*;`.
pub mod prelude {
    pub use crate::random::{
        self, bernoulli, categorical, normal, permutation, randint, shuffle, uniform, uniform_in,
    };
    pub use crate::{
        Array, Aux, Axis, DType, Ellipsis, Error, Func, Jaxpr, Key, NewAxis, PadMode, Policy, Tree,
        Vmap, arange, arange_step, arg, array, checkpoint, checkpoint_with, concat, custom_jvp,
        custom_vjp, debug_infs, debug_nans, einsum, eval_shape, eye, from_jaxpr, full, full_like,
        grad, grad_wrt, hessian, hvp, iota, jacfwd, jacrev, jit, jvp, keep, linear_transpose,
        linearize, linspace, make_jaxpr, one_hot, ones, ones_like, profile, s, select, stack,
        stop_gradient, tree, tri, value_and_grad, value_and_grad_wrt, vjp, vmap, vmap_axes,
        vmap_named, zeros, zeros_like,
    };
}
