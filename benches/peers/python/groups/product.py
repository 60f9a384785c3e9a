"""Group `product`: products of matrices and vectors."""

from support import jax_arrays, jax_call, jax_workload, torch_compiler, torch_workload

PLAIN = [f"matmul_{n}" for n in (32, 64, 128, 256, 512, 1024, 2048)] + [
    "matmul_f64_256",
    "matmul_f64_1024",
    "matvec_1024",
    "vecmat_4096",
    "batched_64x32",
]


def jax():
    import jax.numpy as jnp

    def of(f):
        return jax_workload(f, "a", "b")

    def bf16(inputs):
        a, b = jax_arrays("a", "b")(inputs)
        if a.dtype == jnp.float32:  # f64 in the reference
            a, b = a.astype(jnp.bfloat16), b.astype(jnp.bfloat16)
        return jax_call(jnp.matmul, a, b)

    return {
        **{name: of(jnp.matmul) for name in PLAIN},
        "tn_1024": of(lambda a, b: a.T @ b),
        "nt_1024": of(lambda a, b: a @ b.T),
        "bf16_512": bf16,
    }


def numpy():
    import numpy as np

    def of(f):
        def prepare(inputs):
            a, b = inputs["a"], inputs["b"]
            out = np.zeros_like(f(a, b))
            return lambda: f(a, b, out=out)

        return prepare

    return {
        **{name: of(np.matmul) for name in PLAIN},
        "tn_1024": of(lambda a, b, out=None: np.matmul(a.T, b, out=out)),
        "nt_1024": of(lambda a, b, out=None: np.matmul(a, b.T, out=out)),
    }


def torch(compiled):
    import torch

    wrap = torch_compiler(compiled)

    def of(f, **options):
        return torch_workload(wrap)(f, "a", "b", **options)

    return {
        **{name: of(torch.matmul) for name in PLAIN},
        "tn_1024": of(lambda a, b: a.T @ b),
        "nt_1024": of(lambda a, b: a @ b.T),
        "bf16_512": of(torch.matmul, cast=lambda x: x.bfloat16()),
    }
