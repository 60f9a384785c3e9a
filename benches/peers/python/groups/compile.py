"""Group `compile`: from a function to an executable: trace, differentiate, compile.

A new function each time, on arguments that are longer by one each time, so that no cache answers.
A call gives nothing; `call.outputs` compiles the first size and runs it.
"""

from models import MLP3, TRANSFORMER, JaxModels, TorchModels
from support import jax_arrays, torch_arrays

SIZES = 64


def chain(sin, x):
    """10,000 operations, by turns a sine and a sum."""
    y = x
    for _ in range(5_000):
        y = sin(y) + x
    return y


def sizes(first, arrays):
    """The n-th size of arguments: so many more rows."""
    return [[x[: first + n] for x in arrays] for n in range(SIZES)]


def counted(compile_nth, outputs):
    n = 0

    def call():
        nonlocal n
        n = (n + 1) % SIZES
        compile_nth(n)

    call.outputs = outputs
    return call


def jax():
    import jax
    import jax.numpy as jnp

    models = JaxModels()

    def of(f, first, names, params=None):
        def prepare(inputs):
            head = [] if params is None else [jax_arrays(*params)(inputs)]
            args = [head + tail for tail in sizes(first, jax_arrays(*names)(inputs))]

            def compile_nth(n):
                # A function of its own each time: JAX remembers traces by function.
                return jax.jit(lambda *args: f(*args)).lower(*args[n]).compile()

            if jax.config.jax_enable_x64:
                # The reference: what it computes is wanted, not how long it takes to compile.
                return counted(compile_nth, lambda: f(*args[0]))
            return counted(compile_nth, lambda: compile_nth(0)(*args[0]))

        return prepare

    return {
        "compile_tiny": of(lambda x: jnp.sin(x) * x + 1, 8, ["x"]),
        "compile_mlp_grad": of(jax.value_and_grad(models.mlp), 64, ["x", "labels"], MLP3),
        "compile_transformer_grad": of(
            jax.value_and_grad(models.transformer), 2, ["tokens", "targets"], TRANSFORMER
        ),
        "compile_chain_1e4": of(lambda x: chain(jnp.sin, x), 8, ["x"]),
    }


def numpy():
    """NumPy compiles nothing."""
    return {}


def torch(compiled):
    """The first call of `torch.compile`, with its caches on disk turned off."""
    import torch
    import torch._inductor.config

    if not compiled:
        return {}
    models = TorchModels()

    def of(f, first, names, params=()):
        def prepare(inputs):
            torch._inductor.config.force_disable_caches = True
            head = [x.requires_grad_() for x in torch_arrays(inputs, *params)]
            args = sizes(first, torch_arrays(inputs, *names))

            def compile_nth(n):
                torch._dynamo.reset()
                g = torch.compile(lambda *args: f(*args), dynamic=False)
                if not head:
                    return g(*args[n])
                value = g(head, *args[n])
                return value, torch.autograd.grad(value, head)

            return counted(compile_nth, lambda: compile_nth(0))

        return prepare

    return {
        "compile_tiny": of(lambda x: torch.sin(x) * x + 1, 8, ["x"]),
        "compile_mlp_grad": of(models.mlp, 64, ["x", "labels"], MLP3),
        "compile_transformer_grad": of(
            models.transformer, 2, ["tokens", "targets"], TRANSFORMER
        ),
        "compile_chain_1e4": of(lambda x: chain(torch.sin, x), 8, ["x"]),
    }
