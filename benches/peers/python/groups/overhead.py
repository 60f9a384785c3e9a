"""Group `overhead`: what a call costs when there is nothing to compute."""

from support import jax_arrays, numpy_workload, torch_arrays, torch_compiler, torch_workload

#: Results are waited for once, behind all calls of a round: JAX may then run ahead.
WAIT_FOR_EACH = False
TEN = tuple(f"x{i}" for i in range(10))


def jax():
    import jax
    import jax.numpy as jnp

    def of(f, *names):
        def prepare(inputs):
            args = jax_arrays(*names)(inputs)
            return lambda: f(*args)

        return prepare

    def ten(inputs):
        xs = jax_arrays(*TEN)(inputs)
        f = jax.jit(lambda xs: [xs[i] + xs[(i + 1) % 10] for i in range(10)])
        return lambda: f(xs)

    def square_sum(x):
        return jnp.sum(x * x)

    return {
        "eager_add_8": of(lambda x, y: x + y, "x", "y"),
        "eager_sin_8": of(jnp.sin, "x"),
        "eager_slice": of(lambda x: x[2:6], "x"),
        "eager_grad_8": of(lambda x: jax.grad(square_sum)(x), "x"),
        "jit_call_8": of(jax.jit(lambda x: jnp.exp(jnp.sin(x) * x)), "x"),
        "jit_call_10in_10out": ten,
    }


def numpy():
    """Eager is all there is, so it also stands beside the jitted calls."""
    import numpy as np

    of = numpy_workload

    return {
        "eager_add_8": of(lambda x, y: x + y, "x", "y"),
        "eager_sin_8": of(np.sin, "x"),
        "eager_slice": of(lambda x: x[2:6], "x"),
        "jit_call_8": of(lambda x: np.exp(np.sin(x) * x), "x"),
        "jit_call_10in_10out": of(lambda *xs: [xs[i] + xs[(i + 1) % 10] for i in range(10)], *TEN),
    }


def torch(compiled):
    import torch

    wrap = torch_compiler(compiled)

    of = torch_workload(wrap)

    def grad(inputs):
        (x,) = torch_arrays(inputs, "x")
        x.requires_grad_()
        return lambda: torch.autograd.grad((x * x).sum(), x)

    jitted = {
        "jit_call_8": of(lambda x: torch.exp(torch.sin(x) * x), "x"),
        "jit_call_10in_10out": of(lambda *xs: [xs[i] + xs[(i + 1) % 10] for i in range(10)], *TEN),
    }
    if compiled:
        return jitted
    return jitted | {
        "eager_add_8": of(lambda x, y: x + y, "x", "y"),
        "eager_sin_8": of(torch.sin, "x"),
        "eager_slice": of(lambda x: x[2:6], "x"),
        "eager_grad_8": grad,
    }
