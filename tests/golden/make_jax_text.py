"""jax_text/NAME.jaxpr and NAME.json: what JAX prints for realistic functions, with arguments and results.

Each entry is one line of Python that defines `fun`; the first line of the .jaxpr file repeats it. The rest is
exactly what `print(jax.make_jaxpr(fun)(*args))` prints. The .json holds {"source", "consts", "args", "outs"}: arrays that
JAX hoisted out of the function (the binders before the semicolon) come first in "args", "consts" says how many.
No control flow (scan, while, cond) and no random numbers.
"""

import json
import shutil

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from common import HERE, encode, sixteenths, versions

OUT = HERE / "jax_text"


def f64(name, *shape):
    return sixteenths("text:" + name, shape)


def f32(name, *shape):
    return sixteenths("text:" + name, shape, "float32")


def ints(*v):
    return jnp.asarray(v, "int64")


MLP = "mlp = lambda p, x: jnp.tanh(x @ p['w1'] + p['b1']) @ p['w2'] + p['b2']; "
LOSS = MLP + "loss = lambda p, x, y: -jnp.mean(jnp.sum(jax.nn.log_softmax(mlp(p, x)) * y, axis=-1)); "
PARAMS = {"w1": f32("w1", 4, 3), "b1": f32("b1", 3), "w2": f32("w2", 3, 2), "b2": f32("b2", 2)}
XB, YB = f32("xb", 5, 4), jnp.asarray(np.eye(2, dtype="float32")[[0, 1, 1, 0, 1]])
X23, X34, V3, V4 = f64("x23", 2, 3), f64("x34", 3, 4), f64("v3", 3), f64("v4", 4)
ROSEN = "rosen = lambda x: jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2); "
LAYER = "norm = lambda x, g, b: (x - jnp.mean(x, -1, keepdims=True)) * lax.rsqrt(jnp.var(x, -1, keepdims=True) + 1e-5) * g + b; "
ATT = ("att = lambda q, k, v: jax.nn.softmax(jnp.where(jnp.tril(jnp.ones((q.shape[0], k.shape[0]), bool)), "
       "q @ k.T / np.sqrt(q.shape[-1]), -jnp.inf)) @ v; ")
CLIP_GRAD = "clip_grad = jax.custom_vjp(lambda x: x * 1.0); clip_grad.defvjp(lambda x: (x * 1.0, ()), lambda r, c: (jnp.clip(c, -1.0, 1.0),)); "
STABLE = "log1pexp = jax.custom_jvp(lambda x: jnp.log(1.0 + jnp.exp(x))); log1pexp.defjvps(lambda t, ans, x: (1.0 - 1.0 / (1.0 + jnp.exp(x))) * t); "

TEXTS = {
    "mlp_loss": (LOSS + "fun = loss", PARAMS, XB, YB),
    "mlp_grad": (LOSS + "fun = jax.grad(loss)", PARAMS, XB, YB),
    "mlp_value_and_grad_jit": (LOSS + "fun = jax.jit(jax.value_and_grad(loss))", PARAMS, XB, YB),
    "mlp_per_example_grads": (LOSS + "fun = jax.vmap(jax.grad(loss), in_axes=(None, 0, 0))", PARAMS, XB, YB),
    "mlp_relu_integer_labels": ("fun = jax.value_and_grad(lambda w, x, y: -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(jax.nn.relu(x @ w)), y[:, None], axis=1)))",
                                f32("w42", 4, 2), XB, ints(0, 1, 1, 0, 1)),
    "sgd_momentum_step": ("fun = lambda w, v, g: (w - 0.01 * (0.9 * v + g), 0.9 * v + g)", V3, V3 * 2, V3 * 3),
    "adam_step": ("fun = lambda w, m, v, g, t: (lambda m, v: (w - 0.001 * (m / (1 - 0.9 ** t)) / (jnp.sqrt(v / (1 - 0.999 ** t)) + 1e-8), m, v))(0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g)",
                  f32("w3", 3), f32("m3", 3), abs(f32("s3", 3)), f32("g3", 3), jnp.float32(3.0)),
    "softmax": ("fun = jax.nn.softmax", X23),
    "softmax_grad": ("fun = jax.grad(lambda x, y: jnp.sum(jax.nn.softmax(x) * y))", X23, X23 * 2),
    "logsumexp": ("fun = lambda x: jax.nn.logsumexp(x, axis=1, keepdims=True)", X23),
    "logsumexp_grad": ("fun = jax.grad(jax.nn.logsumexp)", X23),
    "log_softmax_cross_entropy_f32": ("fun = jax.grad(lambda z, y: -jnp.sum(jax.nn.one_hot(y, 3) * jax.nn.log_softmax(z)))", f32("z", 4, 3), ints(0, 2, 1, 1)),
    "layer_norm": (LAYER + "fun = norm", X34, V4, V4 * 0.5),
    "layer_norm_grad": (LAYER + "fun = jax.grad(lambda x, g, b: jnp.sum(jnp.sin(norm(x, g, b))), argnums=(0, 1, 2))", X34, V4, V4 * 0.5),
    "attention_causal": (ATT + "fun = att", X34, X34 * 0.5, f64("vv", 3, 2)),
    "attention_causal_grad": (ATT + "fun = jax.grad(lambda q, k, v: jnp.sum(att(q, k, v) ** 2), argnums=(0, 1, 2))", X34, X34 * 0.5, f64("vv", 3, 2)),
    "attention_batched_heads": ("fun = lambda q, k, v: jnp.einsum('bhqk,bkhd->bqhd', jax.nn.softmax(jnp.einsum('bqhd,bkhd->bhqk', q, k)), v)",
                                f32("q4", 1, 3, 2, 2), f32("k4", 1, 3, 2, 2), f32("v4", 1, 3, 2, 2)),
    "rosenbrock_hessian": (ROSEN + "fun = jax.hessian(rosen)", V3),
    "rosenbrock_hvp": (ROSEN + "fun = lambda x, v: jax.jvp(jax.grad(rosen), (x,), (v,))[1]", V3, V3 * 2),
    "jacfwd": ("fun = jax.jacfwd(lambda x: jnp.stack([x[0] * x[1], jnp.sin(x[2]), x[0] / x[2]]))", V3),
    "jacrev": ("fun = jax.jacrev(lambda x: jnp.outer(x, jnp.cos(x)))", V3),
    "third_derivative": ("fun = jax.grad(jax.grad(jax.grad(lambda x: jnp.exp(jnp.sin(x)) * x)))", jnp.float64(0.75)),
    "vmap_of_jvp": ("fun = jax.vmap(lambda x, t: jax.jvp(lambda y: jnp.tanh(y) * y.sum(), (x,), (t,)))", X23, X23 * 2),
    "relu": ("fun = jax.nn.relu", X23),
    "relu_grad": ("fun = jax.grad(lambda x: jnp.sum(jax.nn.relu(x) * 2.0))", X23),
    "softplus_and_friends": ("fun = lambda x: (jax.nn.softplus(x), jax.nn.silu(x), jax.nn.gelu(x), jax.nn.elu(x), jnp.logaddexp(x, 1.0))", V3),
    "custom_jvp": (STABLE + "fun = log1pexp", V3),
    "custom_jvp_grad": (STABLE + "fun = jax.vmap(jax.grad(log1pexp))", V3),
    "custom_vjp": (CLIP_GRAD + "fun = lambda x: jnp.sum(clip_grad(x) ** 2)", V3),
    "custom_vjp_grad": (CLIP_GRAD + "fun = jax.grad(lambda x: jnp.sum(clip_grad(x) ** 2))", V3),
    "checkpoint": ("fun = jax.checkpoint(lambda x, w: jnp.sin(jnp.sin(x @ w) @ w.T))", X23, f64("cw", 3, 2)),
    "checkpoint_grad": ("fun = jax.grad(lambda x, w: jnp.sum(jax.checkpoint(lambda x: jnp.sin(jnp.sin(x @ w) @ w.T))(x)))", X23, f64("cw", 3, 2)),
    "checkpoint_policy_grad": ("from jax.ad_checkpoint import checkpoint_name as name; "
                               "fun = jax.grad(lambda x: jnp.sum(jax.checkpoint(lambda x: jnp.sin(name(jnp.cos(x), 'mid')), policy=jax.checkpoint_policies.save_only_these_names('mid'))(x)))", V3),
    "nested_jit": ("inner = jax.jit(lambda x, s: jnp.sin(x) * s); fun = jax.jit(lambda x: inner(x, 2.0) + inner(x * x, 3.0))", V3),
    "shared_jit": ("half = jax.jit(lambda x: x * 0.5); twice = jax.jit(lambda x: half(half(x)) + 1.0); fun = lambda x: (twice(twice(x)), half(x[0]))", V3),
    "long_jit_is_hoisted": ("poly = jax.jit(lambda x: ((((x + 1.0) * x + 2.0) * x + 3.0) * x + 4.0) * x + jnp.sin(x) * jnp.cos(x)); fun = lambda x: poly(x) - 1.0", V3),
    "sort_and_argsort": ("fun = lambda x: (jnp.sort(x, axis=0), jnp.argsort(x, axis=1), jnp.sort(x, axis=1, descending=True))", X34),
    "sort_grad": ("fun = jax.grad(lambda x, w: jnp.sum(jnp.sort(x) * w))", V4, V4 * 2),
    "top_k_and_argmax": ("fun = lambda x: (*lax.top_k(x, 2), jnp.argmax(x), jnp.argmin(x, axis=0), jnp.max(x, axis=1))", X34),
    "gather_rows": ("fun = lambda table, ids: table[ids]", X34, ints(2, 0, -1, 2)),
    "gather_rows_grad": ("fun = jax.grad(lambda table, ids: jnp.sum(jnp.sin(table[ids])))", X34, ints(2, 0, -1, 2)),
    "scatter_add": ("fun = lambda x, i, u: x.at[i].add(u)", V4, ints(1, 1, -1), V3),
    "scatter_set_max_mul": ("fun = lambda x, i, u: (x.at[i].set(u), x.at[i].max(u), x.at[i].multiply(u, unique_indices=True), x.at[1, ::2].min(0.5))", X34, ints(2, 0), f64("su", 2, 4)),
    "segment_mean": ("fun = lambda x, ids: jnp.zeros(3).at[ids].add(x) / jnp.zeros(3).at[ids].add(1.0)", V4, ints(0, 2, 1, 2)),
    "indexing": ("fun = lambda x, i: (x[1], x[:, ::2], x[..., None, 1], x[-1, 1:-1], x[i], x[::-1], x[i, i])", X34, jnp.int64(1)),
    "take_along_axis": ("fun = lambda x, i: jnp.take_along_axis(x, i, axis=1)", X34, jnp.asarray([[1], [3], [0]])),
    "cumulative": ("fun = lambda x: (jnp.cumsum(x, axis=1), jnp.cumprod(x, axis=0), lax.cummax(x, axis=1, reverse=True), lax.cumlogsumexp(x, axis=0))", X23),
    "cumsum_grad": ("fun = jax.grad(lambda x: jnp.sum(jnp.cumsum(x) ** 2))", V4),
    "clip_where_one_hot": ("fun = lambda x, y: (jnp.clip(x, -0.5, 0.5), jnp.where(x > 0, x, 0.1 * x), jax.nn.one_hot(y, 4, dtype=jnp.float32))", X23, ints(1, 3)),
    "einsum": ("fun = lambda a, b, c: (jnp.einsum('ij,jk,lk->il', a, b, c), jnp.einsum('ij->ji', a), jnp.einsum('ij,ij->', a, a), jnp.einsum('i,j->ij', a[0], b[0]))", X23, X34, f64("ec", 2, 4)),
    "statistics": ("fun = lambda x: (jnp.mean(x), jnp.var(x, axis=0), jnp.std(x, axis=1), jnp.prod(x), jnp.median(x), jnp.any(x > 1), jnp.all(x < 9), jnp.linalg.norm(x))", X23),
    "shapes": ("fun = lambda x: (x.reshape(-1), jnp.concatenate([x, x * 2], 0), jnp.stack([x, x], 1), jnp.pad(x, ((1, 0), (0, 2))), jnp.tile(x, (2, 1)), jnp.repeat(x, 2, 0), jnp.roll(x, 1, 1), jnp.flip(x, 0), jnp.split(x, 3, 1), jnp.triu(x), jnp.swapaxes(x, 0, 1), x.ravel()[None].squeeze(0))", X23),
    "integers_and_bits": ("fun = lambda a, b: (a // b, a % b, a << 2, a >> 1, a & b, a | b, a ^ b, ~a, a.astype(jnp.uint8), jnp.abs(a), jnp.sign(a), (a > b) & (b > 0))", jnp.asarray([7, -7, 9], "int32"), jnp.asarray([2, 2, -4], "int32")),
    "mixed_precision": ("fun = lambda x, w: (x.astype(jnp.bfloat16) @ w.astype(jnp.bfloat16)).astype(jnp.float32) + lax.reduce_precision(x[0, 0], 5, 10)", f32("mx", 2, 3), f32("mw", 3, 2)),
    "captured_array": ("c = jnp.arange(3.0); d = jnp.asarray([[1, 2, 3]]); fun = lambda x: x * c + d", X23),
    "dynamic_slices": ("fun = lambda x, i: (lax.dynamic_slice_in_dim(x, i, 2, 1), lax.dynamic_update_slice(x, x[:1] * 0.0, (i, i - i)), lax.dynamic_index_in_dim(x, i, 0))", X34, jnp.int32(1)),
    "linearized": ("fun = lambda x, t: jax.linearize(lambda y: jnp.sin(y) * jnp.exp(y), x)[1](t)", V3, V3 * 2),
    "newton_step": ("f = lambda x: x ** 3 - 2.0 * x - 5.0; fun = lambda x: x - f(x) / jax.grad(f)(x)", jnp.float64(2.0)),
    "gaussian_log_density": ("fun = jax.value_and_grad(lambda mu, s, x: jnp.sum(-0.5 * ((x - mu) / s) ** 2 - jnp.log(s) - 0.5 * jnp.log(2 * jnp.pi)), argnums=(0, 1))", jnp.float64(0.5), jnp.float64(1.25), V4),
    "special_functions": ("from jax.scipy import special as sp; fun = lambda x: (lax.lgamma(x), lax.digamma(x), lax.erf(x), lax.erfc(x), sp.polygamma(1, x), sp.expit(x), sp.logit(x / 8), jnp.sinc(x))", abs(V3)),
    "empty_and_scalar": ("fun = lambda x, s: (jnp.sum(x), x.reshape(2, 0), s, 1.5, jnp.zeros((0, 2)))", jnp.zeros((0,)), jnp.float64(2.5)),
    "many_inputs": ("fun = lambda *a: sum(a[1:], a[0])", *[jnp.float32(i / 4) for i in range(30)]),
}


def main():
    if OUT.exists():
        shutil.rmtree(OUT)
    OUT.mkdir()
    version = jax.__version__
    for name, (source, *args) in TEXTS.items():
        scope = {"jax": jax, "jnp": jnp, "np": np, "lax": lax}
        exec(source, scope)
        fun = scope["fun"]
        args = jax.tree.map(jnp.asarray, args)
        closed = jax.make_jaxpr(fun)(*args)
        text = str(closed)
        for word in ("scan[", "while[", "cond[", "random_", "custom_lin[", "0x0", "[...]"):
            assert word not in text, (name, word)
        # Constants of a nested jaxpr have no operand, so text could not carry them.
        assert text.count("{ lambda ;") == text.count("{ lambda ") - (1 if closed.consts else 0), name
        flat = [jnp.asarray(a) for a in list(closed.consts) + jax.tree.leaves(args)]
        outs = [jnp.asarray(o) for o in jax.tree.leaves(fun(*args))]
        (OUT / f"{name}.jaxpr").write_text(f"# jax {version}: {source}\n{text}\n")
        rec = {"source": source, "jax": version, "consts": len(closed.consts), "args": [encode(a) for a in flat], "outs": [encode(o) for o in outs]}
        rows = ",\n".join(f"{json.dumps(k)}:" + ("[\n" + ",\n".join(json.dumps(a, separators=(",", ":"), allow_nan=False) for a in v) + "\n]" if isinstance(v, list) else json.dumps(v)) for k, v in rec.items())
        (OUT / f"{name}.json").write_text("{" + rows + "}\n")
    print(len(TEXTS), "texts", versions())


if __name__ == "__main__":
    main()
