"""Group `data`: sorting, scanning, moving, gathering, drawing."""

from support import jax_workload, numpy_workload, torch_arrays, torch_compiler, torch_workload


def jax():
    import jax
    import jax.numpy as jnp

    of = jax_workload

    def draw(f):
        """New numbers in each call, from one key and the number of the call."""

        def prepare(_):
            key = jax.random.key(0)
            into = jax.jit(
                lambda _, key, n: f(jax.random.fold_in(key, n)),
                donate_argnums=0,
                keep_unused=True,
            )
            n, out = 0, jax.jit(f)(key)

            def call():
                nonlocal n, out
                n += 1
                out = into(out, key, n)
                return out

            return call

        return prepare

    def embedding(table, indices, ct):
        return (table[indices] * ct).sum()

    def scatter(x, indices):
        return jnp.zeros(100_000, x.dtype).at[indices].add(x)

    return {
        "sort_1e6": of(jnp.sort, "x"),
        "argsort_1e6": of(jnp.argsort, "x"),
        "topk100_1e6": of(lambda x: jax.lax.top_k(x, 100), "x"),
        "cumsum_1e7": of(jnp.cumsum, "x"),
        "cumsum_axis1": of(lambda x: jnp.cumsum(x, 1), "x"),
        "argmax_1e7": of(jnp.argmax, "x"),
        "transpose_1e4x1e3": of(lambda x: x.T, "x"),
        "gather_1e6": of(lambda x, indices: x[indices], "x", "indices"),
        "embedding_2e4x128": of(lambda x, indices: x[indices], "x", "indices"),
        "embedding_grad_2e4x128": of(jax.grad(embedding), "x", "indices", "ct"),
        "scatter_add_1e6": of(scatter, "x", "indices"),
        "bits_1e7": draw(lambda key: jax.random.bits(key, 10_000_000)),
        "uniform_1e7": draw(lambda key: jax.random.uniform(key, 10_000_000)),
        "normal_1e7": draw(lambda key: jax.random.normal(key, 10_000_000)),
        "permutation_1e6": draw(lambda key: jax.random.permutation(key, 1_000_000)),
    }


def numpy():
    import numpy as np
    from scipy import sparse

    of = numpy_workload

    def into(f, dtype=None):
        """`f(x, out=..)` into an array that is there already."""

        def prepare(inputs):
            x = inputs["x"]
            out = np.zeros_like(f(x), dtype=dtype)
            return lambda: f(x, out=out)

        return prepare

    def top_k(x):
        # The hundred largest in any order, then those sorted.
        i = np.argpartition(x, -100)[-100:]
        i = i[np.argsort(-x[i])]
        return x[i], i

    def transpose(inputs):
        x = inputs["x"]
        out = np.zeros(x.shape[::-1], x.dtype)

        def call():
            np.copyto(out, x.T)
            return out

        return call

    def gather(inputs):
        # `clip` spares the check of bounds; indices as np.intp spare a conversion.
        x, i = inputs["x"], inputs["indices"].astype(np.intp)
        out = np.zeros((len(i), *x.shape[1:]), x.dtype)
        return lambda: np.take(x, i, axis=0, out=out, mode="clip")

    def embedding_grad(inputs):
        """A product with a sparse matrix: several times as fast as `np.add.at` on rows."""
        shape, i, ct = inputs["x"].shape, inputs["indices"], inputs["ct"]
        ones, columns = np.ones(len(i), ct.dtype), np.arange(len(i) + 1, dtype=np.int32)

        def call():
            return sparse.csc_array((ones, i, columns), (shape[0], len(i))) @ ct

        return call

    def scatter_add(inputs):
        x, i = inputs["x"], inputs["indices"].astype(np.intp)
        return lambda: np.bincount(i, x, 100_000).astype(x.dtype)

    def draw(f):
        def prepare(_):
            rng = np.random.Generator(np.random.SFC64(0))
            return lambda: f(rng)

        return prepare

    floats = np.zeros(10_000_000, np.float32)
    return {
        "sort_1e6": of(np.sort, "x"),
        "argsort_1e6": of(np.argsort, "x"),
        "topk100_1e6": of(top_k, "x"),
        "cumsum_1e7": into(np.cumsum),
        "cumsum_axis1": into(lambda x, out=None: np.cumsum(x, 1, out=out)),
        "argmax_1e7": of(np.argmax, "x"),
        "transpose_1e4x1e3": transpose,
        "gather_1e6": gather,
        "embedding_2e4x128": gather,
        "embedding_grad_2e4x128": embedding_grad,
        "scatter_add_1e6": scatter_add,
        "bits_1e7": draw(lambda rng: rng.integers(0, 2**32, 10_000_000, np.uint32)),
        "uniform_1e7": draw(lambda rng: rng.random(out=floats, dtype=np.float32)),
        "normal_1e7": draw(lambda rng: rng.standard_normal(out=floats, dtype=np.float32)),
        "permutation_1e6": draw(lambda rng: rng.permutation(1_000_000)),
    }


def torch(compiled):
    import torch

    wrap = torch_compiler(compiled)

    of = torch_workload(wrap)

    def embedding_grad(inputs):
        table, i, ct = torch_arrays(inputs, "x", "indices", "ct")
        table.requires_grad_()
        loss = wrap(lambda table, i, ct: (torch.nn.functional.embedding(i, table) * ct).sum())
        return lambda: torch.autograd.grad(loss(table, i, ct), table)

    return {
        "sort_1e6": of(lambda x: torch.sort(x).values, "x"),
        "argsort_1e6": of(torch.argsort, "x"),
        "topk100_1e6": of(lambda x: tuple(torch.topk(x, 100)), "x"),
        "cumsum_1e7": of(lambda x: torch.cumsum(x, 0), "x"),
        "cumsum_axis1": of(lambda x: torch.cumsum(x, 1), "x"),
        "argmax_1e7": of(torch.argmax, "x"),
        "transpose_1e4x1e3": of(lambda x: x.T.contiguous(), "x"),
        "gather_1e6": of(lambda x, i: torch.index_select(x, 0, i), "x", "indices"),
        "embedding_2e4x128": of(lambda x, i: torch.index_select(x, 0, i), "x", "indices"),
        "embedding_grad_2e4x128": embedding_grad,
        "scatter_add_1e6": of(
            lambda x, i: torch.zeros(100_000).index_add_(0, i, x), "x", "indices"
        ),
        "bits_1e7": of(lambda: torch.empty(10_000_000, dtype=torch.int32).random_(-(2**31), 2**31)),
        "uniform_1e7": of(lambda: torch.rand(10_000_000)),
        "normal_1e7": of(lambda: torch.randn(10_000_000)),
        "permutation_1e6": of(lambda: torch.randperm(1_000_000)),
    }
