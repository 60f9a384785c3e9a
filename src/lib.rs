//! Composable function transformations for Rust.

#![forbid(unsafe_code)]

// Arrays, their creation, and how operands, shapes, axes and indices are written.
pub use pullback_array::{
    Array, At, DType, Element, Elements, Ellipsis, Error, IndexItem, IndexMode, Int, IntoIndex,
    IntoOperand, IntoSizes, IntoSpan, IntoWidths, Nested, NewAxis, Over, PadMode, Scalar, Span,
    Type, Value, arange, arange_step, array, concat, einsum, eye, eye_at, full, full_like, full_of,
    identity, iota, iota_of, keep, linspace, load_npy, load_npz, one_hot, one_hot_of, ones,
    ones_like, ones_of, s, select, sort_together, stack, tri, zeros, zeros_like, zeros_of,
};

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
/// `PULLBACK_THREADS` the number of threads; both are read once.
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
