"""arrays.json: the vocabulary of arrays beside NumPy and JAX, and how NumPy prints arrays.

A case pairs an expression of the Rust API with the Python expression that means the same. Its result is computed by
jax.numpy, and by NumPy where the expression knows no JAX; both must agree. For floats there is also the gradient by `x` of
the sum of the results times 1, 2, 3, ….
"""

import json
import pathlib

import common
from common import encode, jax, jnp, np

HERE = pathlib.Path(__file__).resolve().parent


def inputs():
    return {
        "x": np.asarray(common.sixteenths("arrays.x", (3, 4))),
        "b": np.asarray(common.sixteenths("arrays.b", (2, 3, 4))),
        "w": np.asarray(common.sixteenths("arrays.w", (4, 5))),
        "c": np.asarray(common.sixteenths("arrays.c", (2, 4, 5))),
        "v": np.asarray(common.sixteenths("arrays.v", (4,))),
        "n": np.array([[-7, 0, 3, 5], [2, -1, 9, -4], [8, 6, -3, 1]], dtype=np.int32),
        "k": np.array([[2, 3, -2, 4], [-3, 5, 2, 7], [-5, 4, -2, 3]], dtype=np.int32),
        "i": np.array([2, 0], dtype=np.int32),
        "j": np.array([[3], [-2], [0]], dtype=np.int64),
        "u": np.array([1, 0, 1, 2], dtype=np.uint8),
        "p": np.array([True, False, True]),
    }


# Rust, Python.
CASES = """
-x                                        | -x
x + v                                     | x + v
1 - x * 2.0                               | 1 - x * 2.0
v / x                                     | v / x
n % k                                     | np.fmod(n, k)
n / k                                     | np.trunc(n / k).astype(np.int32)
n.remainder(k)                            | n % k
n.floor_divide(k)                         | n // k
x.remainder(v)                            | x % v
x.floor_divide(v)                         | x // v
n << 2                                    | n << 2
n >> 1                                    | n >> 1
n & k | n ^ 5                             | np.bitwise_or(n & k, n ^ 5)
!p                                        | ~p
x.abs().sqrt()                            | np.sqrt(np.abs(x))
x.sin().exp()                             | np.exp(np.sin(x))
x.pow(3)                                  | x ** 3
x.abs().pow(1.5)                          | np.abs(x) ** 1.5
x.abs().pow(v)                            | np.abs(x) ** v
n.powi(3)                                 | n ** 3
x.abs().log2()                            | np.log2(np.abs(x))
x.abs().log10()                           | np.log10(np.abs(x))
x.logaddexp(v)                            | np.logaddexp(x, v)
x.atan2(v)                                | np.arctan2(x, v)
x.round()                                 | np.round(x)
(x * 4.0).round()                         | np.round(x * 4.0)
x.floor() + x.ceil()                      | np.floor(x) + np.ceil(x)
x.sign()                                  | np.sign(x)
x.reciprocal()                            | 1 / x
x.sigmoid()                               | jax.nn.sigmoid(x)
x.relu()                                  | jax.nn.relu(x)
(x - x).relu()                            | jax.nn.relu(x - x)
x.softplus()                              | jax.nn.softplus(x)
x.silu()                                  | jax.nn.silu(x)
x.gelu()                                  | jax.nn.gelu(x, approximate=False)
x.clip(-0.5, 1.0)                         | np.clip(x, -0.5, 1.0)
x.clip(x, 1.0)                            | np.clip(x, x, 1.0)
x.clip(v, 0.25)                           | np.minimum(np.maximum(v, x), 0.25)
x.maximum(v)                              | np.maximum(x, v)
x.minimum(0.25)                           | np.minimum(x, 0.25)
x.maximum(x)                              | np.maximum(x, x)
x.gt(v)                                   | x > v
n.le(2)                                   | n <= 2
n.eq(k)                                   | n == k
select(x.gt(0.0), x, v * 2.0)             | np.where(x > 0.0, x, v * 2.0)
select(p.expand_dims(1), x, 0.0)          | np.where(p[:, None], x, 0.0)
x.cast(DType::F32)                        | x.astype(np.float32)
(x * 3.0).cast(DType::I32)                | (x * 3.0).astype(np.int32)
x.sum()                                   | np.sum(x)
b.sum_over([0, -1])                       | np.sum(b, axis=(0, -1))
b.sum_over(keep(1))                       | np.sum(b, axis=1, keepdims=True)
n.sum_over(0)                             | np.sum(n, axis=0, dtype=np.int32)
x.prod()                                  | np.prod(x)
(x * x.gt(0.0).cast(DType::F64)).prod_over(1) | np.prod(x * (x > 0.0), axis=1)
x.mean()                                  | np.mean(x)
x.mean_over(keep(0))                      | np.mean(x, axis=0, keepdims=True)
x.var()                                   | np.var(x)
x.var_over(1, 1)                          | np.var(x, axis=1, ddof=1)
x.std_over(0, 0)                          | np.std(x, axis=0)
x.max()                                   | np.max(x)
x.min_over(-1)                            | np.min(x, axis=-1)
(x * 0.0).max_over(1)                     | np.max(x * 0.0, axis=1)
x.argmax()                                | np.argmax(x).astype(np.int32)
x.argmin_over(1)                          | np.argmin(x, axis=1).astype(np.int32)
n.argmax_over(0)                          | np.argmax(n, axis=0).astype(np.int32)
p.all()                                   | np.all(p)
n.gt(0).any_over(1)                       | np.any(n > 0, axis=1)
n.count_nonzero()                         | np.count_nonzero(n).astype(np.int32)
x.norm()                                  | np.linalg.norm(x)
x.norm_over(1, 1.0)                       | np.linalg.norm(x, axis=1, ord=1)
x.norm_over(0, f64::INFINITY)             | np.linalg.norm(x, axis=0, ord=np.inf)
x.norm_over(0, f64::NEG_INFINITY)         | np.linalg.norm(x, axis=0, ord=-np.inf)
x.norm_over(keep(1), 3.0)                 | np.linalg.norm(x, axis=1, ord=3, keepdims=True)
x.norm_over(1, 0.0)                       | np.linalg.norm(x, axis=1, ord=0)
x.cumsum(0)                               | np.cumsum(x, axis=0)
x.cumprod(1)                              | np.cumprod(x, axis=1)
n.cumsum(1)                               | np.cumsum(n, axis=1, dtype=np.int32)
x.cummax(1)                               | jax.lax.cummax(x, axis=1)
x.cummin(0)                               | jax.lax.cummin(x, axis=0)
x.cumlogsumexp(1)                         | jax.lax.cumlogsumexp(x, axis=1)
x.softmax(-1)                             | jax.nn.softmax(x, axis=-1)
x.log_softmax(0)                          | jax.nn.log_softmax(x, axis=0)
x.logsumexp()                             | jax.nn.logsumexp(x)
b.logsumexp_over(keep([0, 2]))            | jax.nn.logsumexp(b, axis=(0, 2), keepdims=True)
one_hot::<f64>(&u, 3)                     | np.eye(3)[u]
x.matmul(w)                               | np.matmul(x, w)
x.dot(w)                                  | np.dot(x, w)
x.dot(v)                                  | np.dot(x, v)
v.dot(w)                                  | np.dot(v, w)
v.dot(v)                                  | np.dot(v, v)
b.matmul(w)                               | np.matmul(b, w)
b.matmul(c)                               | np.matmul(b, c)
x.matmul(c)                               | np.matmul(x, c)
v.matmul(c)                               | np.matmul(v, c)
b.matmul(v)                               | np.matmul(b, v)
b.expand_dims(1).matmul(c)                | np.matmul(b[:, None], c)
b.dot(w)                                  | np.dot(b, w)
x.dot(c)                                  | np.dot(x, c)
n.t().matmul(k)                           | np.matmul(n.T, k)
x.inner(v)                                | np.inner(x, v)
x.vdot(x * 2.0)                           | np.vdot(x, x * 2.0)
v.outer(v * x.get(0))                     | np.outer(v, v * x[0])
b.tensordot(x, [1, 2], [0, 1])            | np.tensordot(b, x, ((1, 2), (0, 1)))
b.tensordot(w, -1, 0)                     | np.tensordot(b, w, 1)
einsum("ij,jk->ik", [x, w])               | np.einsum("ij,jk->ik", x, w)
einsum("ij,jk", [x, w])                   | np.einsum("ij,jk", x, w)
einsum("ij,ij->", [x, x])                 | np.einsum("ij,ij->", x, x)
einsum("bij,bjk->kb", [b, c])             | np.einsum("bij,bjk->kb", b, c)
einsum("...ij,...jk->...ik", [x, c])      | np.einsum("...ij,...jk->...ik", x, c)
einsum("...i->...", [b])                  | np.einsum("...i->...", b)
einsum("ij->j", [x])                      | np.einsum("ij->j", x)
einsum("ba", [x])                         | np.einsum("ba", x)
einsum("ii->i", [&x.get((.., ..3))])      | np.einsum("ii->i", x[:, :3])
einsum("iij,kj->ik", [&b.get((.., ..2, ..)), x]) | np.einsum("iij,kj->ik", b[:, :2, :], x)
einsum("ij,jk,k,i->", [x, w, &w.get(0), &x.get((.., 0))]) | np.einsum("ij,jk,k,i->", x, w, w[0], x[:, 0])
einsum("i,j->ij", [v, v])                 | np.einsum("i,j->ij", v, v)
x.reshape([2, -1])                        | np.reshape(x, (2, -1))
x.ravel()                                 | np.ravel(x)
b.t()                                     | np.transpose(b)
b.permute([1, -1, 0])                     | np.transpose(b, (1, -1, 0))
b.swap_axes(0, -1)                        | np.swapaxes(b, 0, -1)
b.move_axis(0, -1)                        | np.moveaxis(b, 0, -1)
x.expand_dims([0, -1])                    | np.expand_dims(x, (0, -1))
v.broadcast_to([2, 3, 4])                 | np.broadcast_to(v, (2, 3, 4))
stack([x, &(x * 2.0)], 1)                 | np.stack([x, x * 2.0], 1)
stack([x, x], -1)                         | np.stack([x, x], -1)
concat([x, &b.get(0), x], 0)              | np.concatenate([x, b[0], x], 0)
concat([&x.get((.., ..1)), x], -1)        | np.concatenate([x[:, :1], x], -1)
x.split(2, 1).remove(1)                    | np.split(x, 2, 1)[1]
x.split_sizes([1, -1], 1).remove(1)        | np.split(x, [1], 1)[1]
x.tile([2, 1])                            | np.tile(x, (2, 1))
v.tile([2, 2])                            | np.tile(v, (2, 2))
x.tile(2)                                 | np.tile(x, 2)
x.repeat(3, 1)                            | np.repeat(x, 3, 1)
x.roll(1, 0)                              | np.roll(x, 1, 0)
x.roll(-6, 1)                             | np.roll(x, -6, 1)
x.flip(..)                                | np.flip(x)
x.flip(-1)                                | np.flip(x, -1)
x.pad(1, 0.5)                             | np.pad(x, 1, constant_values=0.5)
x.pad([(0, 2), (1, 0)], 0)                | np.pad(x, ((0, 2), (1, 0)))
x.pad_with((2, 1), PadMode::Edge)         | np.pad(x, (2, 1), mode="edge")
x.pad_with((5, 4), PadMode::Reflect)      | np.pad(x, (5, 4), mode="reflect")
x.pad_with((5, 4), PadMode::Symmetric)    | np.pad(x, (5, 4), mode="symmetric")
x.pad_with((5, 4), PadMode::Wrap)         | np.pad(x, (5, 4), mode="wrap")
x.triu(0)                                 | np.triu(x)
x.triu(-1)                                | np.triu(x, -1)
b.tril(1)                                 | np.tril(b, 1)
x.diagonal(1)                             | np.diagonal(x, 1)
x.diagonal(-2)                            | np.diagonal(x, -2)
b.diagonal_of(0, 0, 2)                    | np.diagonal(b, 0, 0, 2)
x.trace()                                 | np.trace(x)
x.get(0).diag(0)                          | np.diag(x[0])
x.get(0).diag(-2)                         | np.diag(x[0], -2)
x.get(0).diag(1)                          | np.diag(x[0], 1)
x.diag(1)                                 | np.diag(x, 1)
x.take(i, 0)                              | np.take(x, i, 0)
x.take(j, 1)                              | np.take(x, j, 1)
x.take(i.lt(1).cast(DType::I32) * 9, 0)   | jnp.take(x, (i < 1).astype(jnp.int32) * 9, 0)
x.take_along_axis(j, 1)                   | np.take_along_axis(x, j, 1)
x.take_along_axis(&x.argsort(1), 1)       | np.take_along_axis(x, np.argsort(x, 1), 1)
x.sort(0)                                 | np.sort(x, 0)
x.argsort(1)                              | np.argsort(x, 1).astype(np.int32)
n.argsort(-1)                             | np.argsort(n, -1).astype(np.int32)
x.top_k(2).0                              | jax.lax.top_k(x, 2)[0]
x.top_k(2).1                              | jax.lax.top_k(x, 2)[1]
x.get(1)                                  | x[1]
x.get((-1, 2))                            | x[-1, 2]
x.get((.., 1..3))                         | x[:, 1:3]
x.get((.., -2..))                         | x[:, -2:]
x.get((..=1, s(..).step(2)))              | x[:2, ::2]
x.get((s(..).step(-1), s(3..0).step(-2))) | x[::-1, 3:0:-2]
x.get((s(-1..).step(-1), 5..9))           | x[-1::-1, 5:9]
b.get((Ellipsis, 0))                      | b[..., 0]
b.get((0, Ellipsis, NewAxis))             | b[0, ..., None]
b.get((NewAxis, .., NewAxis, 1))          | b[None, :, None, 1]
x.get(i)                                  | x[i]
x.get([2, 0, -1])                         | x[np.array([2, 0, -1])]
x.get((.., i))                            | x[:, i]
x.get((i, 1))                             | x[i, 1]
x.get((i, i))                             | x[i, i]
x.get((i, j))                             | x[i, j]
b.get((0, .., i))                         | b[0, :, i]
b.get((.., i, i))                         | b[:, i, i]
b.get((i.clip(0, 1), .., j))              | b[np.clip(i, 0, 1), :, j]
b.get((.., NewAxis, i, NewAxis))          | b[:, None, i, None]
b.get((1, NewAxis, i))                    | b[1, None, i]
b.get((.., i, 1..3))                      | b[:, i, 1:3]
b.get((s(..).step(-1), i, s(3..0).step(-2))) | b[::-1, i, 3:0:-2]
b.get((u.get(..2), 1))                    | b[u[:2], 1]
x.get(p)                                  | x[np.array([True, False, True])]
x.get((p, i))                             | x[np.array([True, False, True]), i]
x.get(n.gt(4))                            | x[np.asarray(inputs()["n"]) > 4]
b.get((.., n.gt(4)))                      | b[:, np.asarray(inputs()["n"]) > 4]
x.get((i * 4, 0))                         | jnp.asarray(x)[i * 4, 0]
x.at((0, 1)).set(7.0)                     | jnp.asarray(x).at[0, 1].set(7.0)
x.at(1).set(v)                            | jnp.asarray(x).at[1].set(v)
x.at((.., 1..3)).add(&x.get((.., ..2)))   | jnp.asarray(x).at[:, 1:3].add(x[:, :2])
x.at((s(..).step(2), s(..).step(-3))).mul(10.0) | jnp.asarray(x).at[::2, ::-3].mul(10.0)
x.at((.., s(..).step(-1))).set(v * x.get(0)) | jnp.asarray(x).at[:, ::-1].set(v * x[0])
x.at((.., 5..)).set(1.0)                  | jnp.asarray(x).at[:, 5:].set(1.0)
x.at((NewAxis, 0)).add(v.expand_dims(0))  | jnp.asarray(x).at[None, 0].add(v[None])
x.at(i).set(x.get((1.., ..)) * 2.0)       | jnp.asarray(x).at[i].set(x[1:] * 2.0)
x.at((.., u)).add(x)                      | jnp.asarray(x).at[:, u].add(x)
x.at((.., u)).mul(x)                      | jnp.asarray(x).at[:, u].mul(x)
x.at((.., u)).max(0.25)                   | jnp.asarray(x).at[:, u].max(0.25)
x.at((.., u)).min(v)                      | jnp.asarray(x).at[:, u].min(v)
x.at((i, i)).sub(x.get((0, ..2)))         | jnp.asarray(x).at[i, i].add(-x[0, :2])
x.at((i, [9, 1])).set(5.0)                | jnp.asarray(x).at[i, jnp.array([9, 1])].set(5.0)
b.at((1, .., i)).set(v.get(..3))          | jnp.asarray(b).at[1, :, i].set(v[:3])
b.at((s(..).step(-1), i, 1..3)).add(2.0)  | jnp.asarray(b).at[::-1, i, 1:3].add(2.0)
x.at(p).set(0.0)                          | jnp.asarray(x).at[np.array([True, False, True])].set(0.0)
n.at((.., u)).max(k)                      | jnp.asarray(n).at[:, u].max(k)
arange(2..7)                              | np.arange(2, 7, dtype=np.int32)
arange_step(5, -4, -3)                    | np.arange(5, -4, -3, dtype=np.int32)
arange_step(0.5, 2.0, 0.25)               | np.arange(0.5, 2.0, 0.25)
linspace(-1.0, 2.0, 7)                    | np.linspace(-1.0, 2.0, 7)
linspace(3.0f32, 3.5, 1)                  | np.linspace(3.0, 3.5, 1, dtype=np.float32)
eye::<f32>(3)                             | np.eye(3, dtype=np.float32)
eye_at::<i32>(2, 4, -1)                   | np.eye(2, 4, -1, dtype=np.int32)
eye_at::<f64>(3, 4, 9)                    | np.eye(3, 4, 9)
tri::<f64>(3, 4, 1)                       | np.tri(3, 4, 1)
tri::<f64>(3, 2, -9)                      | np.tri(3, 2, -9)
"""

# JAX reads the nearest element out of bounds, but gives it no derivative; here it has the function's.
NO_GRADIENT = ["x.get((i*4,0))"]

# How NumPy prints.
DISPLAY = [
    np.array([1.0, 2.0]),
    np.array([[1.0, 2.0], [3.0, 4.0]]),
    np.array([[1.0, 2.5], [-3.25, 4.0]]),
    np.array([0.1, 0.2, 0.1 + 0.2]),
    np.array([1 / 3, 2 / 3, 100 / 3]),
    np.array([1e8, 1.0]),
    np.array([99999999.0, 0.5]),
    np.array([1e-4, 0.05]),
    np.array([1e-5, 0.05]),
    np.array([0.01, 10.1]),
    np.array([0.001, 1.1]),
    np.array([1e100, -1e-100, 0.0]),
    np.array([1.5, np.nan, -np.inf, 1e5]),
    np.array([np.nan, np.inf]),
    np.array([-np.inf]),
    np.array([1.0, -np.inf]),
    np.array([np.nan, 1.25, 100.0]),
    np.array([0.0, -0.0]),
    np.array([1.0, 0.99999999999, 123456.123456789]),
    np.array([999.9999999999, 1.0]),
    np.array([9.99999999999e10, 1.0]),
    np.array([5e-324, 1.7976931348623157e308]),
    np.array([1.0, 1e16]),
    np.array([0.1, 0.2, 1e5], dtype=np.float32),
    np.array([0.1, 0.2, 1e6], dtype=np.float32),
    np.array([1e-4, 1e-3], dtype=np.float32),
    np.array([1e-4, 0.2], dtype=np.float32),
    np.array([3.4e38, 1.0], dtype=np.float32),
    np.array([1 / 3, 16777216.0], dtype=np.float32),
    np.array([1 / 3, 2.0], dtype=np.float16),
    np.array([0.1, 999.5], dtype=np.float16),
    np.array([0.1, 1000.0], dtype=np.float16),
    np.array([1, -20, 300]),
    np.array([[1, -20], [300, 4]], dtype=np.int32),
    np.array([0, 255], dtype=np.uint8),
    np.array([-(2**63), 2**63 - 1]),
    np.array([True, False]),
    np.array([[True], [False]]),
    np.arange(24.0).reshape(2, 3, 4),
    np.arange(8).reshape(2, 2, 1, 2),
    np.arange(1000),
    np.arange(1001),
    np.arange(2000.0),
    np.arange(1200.0).reshape(30, 40),
    np.arange(1200).reshape(2, 600),
    np.arange(1200).reshape(10, 12, 10),
    np.arange(1300).reshape(1300, 1),
    np.linspace(0.0, 1.0, 30),
    np.linspace(-1.0, 1.0, 50, dtype=np.float32),
    np.zeros((0,)),
    np.zeros((0, 3)),
    np.zeros((2, 0, 3)),
    np.zeros((1, 1, 1)),
    np.float64(1.0),
    np.float64(1e16),
    np.float64(123456789012345.0),
    np.float64(1e-5),
    np.float64(1.5e-7),
    np.float64(1 / 3),
    np.float64(-0.0),
    np.float64(np.nan),
    np.float64(-np.inf),
    np.float32(0.1),
    np.float32(1e6),
    np.float32(123456.0),
    np.float16(0.1),
    np.int32(-7),
    np.bool_(True),
    np.uint64(2**64 - 1),
]


def evaluate(python, np, xs):
    scope = {"np": np, "jax": jax, "jnp": jnp, "inputs": inputs}
    return eval(python, {**scope, **xs})  # noqa: S307, our own text


def case(rust, python):
    xs = inputs()
    js = {k: jnp.asarray(x) for k, x in xs.items()}
    out = evaluate(python, jnp, js)
    if "jax" not in python and "jnp" not in python:
        plain = np.asarray(evaluate(python, np, xs))
        assert plain.shape == out.shape, (rust, plain.shape, out.shape)
        np.testing.assert_allclose(plain, np.asarray(out), rtol=1e-14, atol=1e-14, err_msg=rust)
        out = plain
    made = {"rust": "".join(rust.split()), "python": python, "out": encode(out)}
    if np.asarray(out).dtype == np.float64 and out.size and made["rust"] not in NO_GRADIENT:

        def weighted(x):
            y = jnp.ravel(evaluate(python, jnp, {**js, "x": x}))
            return jnp.sum(y * jnp.arange(1.0, y.size + 1))

        try:
            made["grad"] = encode(jax.grad(weighted)(js["x"]))
        except NotImplementedError:
            pass  # scatter-mul of JAX has no derivative where updates may meet
    return made


def main():
    lines = [c.rsplit(" | ", 1) for c in CASES.strip().splitlines()]
    cases = [case(rust.strip(), python.strip()) for rust, python in lines]
    display = []
    for x in DISPLAY:
        x = np.asarray(x)
        display.append({"array": encode(x), "text": str(x)})
    head = json.dumps(common.versions(), separators=(",", ":"))
    xs = ",\n".join(f'"{k}":{common.line(encode(x))}' for k, x in inputs().items())
    body = ",\n".join(common.line(c) for c in cases)
    shown = ",\n".join(common.line(c) for c in display)
    text = '{"versions":%s,"inputs":{\n%s\n},"cases":[\n%s\n],"display":[\n%s\n]}\n' % (head, xs, body, shown)
    (HERE / "arrays.json").write_text(text)
    print(len(cases), "cases,", len(display), "printed arrays")


if __name__ == "__main__":
    main()
