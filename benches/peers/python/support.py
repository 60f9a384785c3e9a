"""What the workloads of the peers have in common.

A workload is a function of its inputs (NumPy arrays by name) that prepares it and gives a function
without arguments: one call. What that returns, a tree of arrays, is what is compared.
"""


def jax_call(f, *args):
    """A jitted call that writes into the buffers of its last results: they are donated to it.

    So a call allocates nothing. Without this XLA maps and clears pages for every large result.
    """
    import jax

    into = jax.jit(lambda _, *args: f(*args), donate_argnums=0, keep_unused=True)
    out = None

    def call():
        nonlocal out
        out = jax.jit(f)(*args) if out is None else into(out, *args)
        return out

    return call


def jax_workload(f, *names):
    """`f` of these inputs, jitted."""
    return lambda inputs: jax_call(f, *jax_arrays(*names)(inputs))


def numpy_workload(f, *names):
    """`f` of these inputs."""

    def prepare(inputs):
        args = [inputs[name] for name in names]
        return lambda: f(*args)

    return prepare


def torch_workload(wrap):
    """`f` of these inputs, wrapped, without what derivatives need."""
    import torch

    def of(f, *names, cast=lambda x: x):
        def prepare(inputs):
            args, g = [cast(x) for x in torch_arrays(inputs, *names)], wrap(f)

            def call():
                with torch.inference_mode():
                    return g(*args)

            return call

        return prepare

    return of


def jax_steps(step, state, *args, shown=lambda state: state):
    """Steps of training: the state is donated to each and replaced by its result."""
    import jax

    step = jax.jit(step, donate_argnums=0)
    # Donating gives the buffers away, and the inputs are not ours to give.
    state = jax.tree.map(lambda x: x.copy(), state)

    def call():
        nonlocal state
        state = step(state, *args)
        return shown(state)

    return call


def jax_arrays(*names):
    """The inputs of these names as JAX arrays."""
    import jax.numpy as jnp

    return lambda inputs: [jnp.asarray(inputs[name]) for name in names]


def torch_arrays(inputs, *names):
    """The inputs of these names as torch tensors; indices as the int64 that torch prefers."""
    import torch

    tensors = [torch.from_numpy(inputs[name].copy()) for name in names]
    return [x.long() if x.dtype == torch.int32 else x for x in tensors]


def torch_compiler(compiled):
    """`torch.compile` for fixed shapes, or nothing."""
    import torch

    return (lambda f: torch.compile(f, dynamic=False)) if compiled else (lambda f: f)
