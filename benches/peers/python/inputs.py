"""The inputs of each workload: drawn once from a fixed seed, the same for all libraries.

Each function gives the arrays of a workload by name. `mlp`, `transformer` and others name the
parameters as the workloads' sources do. Arrays are f32 and i32 unless the workload's name says f64.
"""

import gzip
import zlib
from pathlib import Path

import numpy as np

F32 = np.float32
BATCH = 64
BLOCKS = 2
MNIST_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")


class Draw:
    """Random arrays from a seed that depends on the workload's name alone."""

    def __init__(self, name):
        self.rng = np.random.default_rng(zlib.crc32(name.encode()))

    def normal(self, *shape, scale=1.0, dtype=F32):
        return (self.rng.standard_normal(shape) * scale).astype(dtype)

    def uniform(self, low, high, *shape, dtype=F32):
        return self.rng.uniform(low, high, shape).astype(dtype)

    def below(self, n, *shape):
        return self.rng.integers(0, n, shape, dtype=np.int32)

    def distinct(self, n):
        """Numbers in -1/2..1/2 of which no two are equal, in random order: one right way to sort."""
        return ((self.rng.permutation(n) + 0.5) / n - 0.5).astype(F32)


def options(d, n, dtype=F32):
    return {
        "spot": d.uniform(50, 150, n, dtype=dtype),
        "strike": d.uniform(50, 150, n, dtype=dtype),
        "time": d.uniform(0.1, 2, n, dtype=dtype),
        "vol": d.uniform(0.1, 0.5, n, dtype=dtype),
    }


def gelu(d, rows):
    shape = (rows, 1000)
    return {"x": d.normal(*shape), "bias": d.normal(1000), "residual": d.normal(*shape)}


def rows(d, **more):
    return {"x": d.normal(10_000, 1024), **more}


def norm(d, width=1024):
    return {"gamma": d.uniform(0.5, 1.5, width), "beta": d.normal(width)}


def matrices(d, a, b, dtype=F32):
    return {"a": d.normal(*a, dtype=dtype), "b": d.normal(*b, dtype=dtype)}


def square(n, dtype=F32):
    return lambda d: matrices(d, (n, n), (n, n), dtype)


def rounded_to_bf16(x):
    """The nearest numbers that bf16 holds, halves to even."""
    bits = x.view(np.uint32)
    bits = (bits + 0x7FFF + ((bits >> 16) & 1)) & np.uint32(0xFFFF0000)
    return bits.view(F32)


def mlp(d, *sizes, ending=""):
    """Weights and biases uniform in ±1/√fan_in."""
    out = {}
    for i, (fan_in, fan_out) in enumerate(zip(sizes, sizes[1:]), 1):
        bound = fan_in**-0.5
        out[f"w{i}{ending}"] = d.uniform(-bound, bound, fan_in, fan_out)
        out[f"b{i}{ending}"] = d.uniform(-bound, bound, fan_out)
    return out


def examples(d, n=BATCH):
    return {"x": d.uniform(0, 1, n, 784), "labels": d.below(10, n)}


def attention(d, ending=""):
    return {
        f"qkv{ending}": d.normal(256, 768, scale=256**-0.5),
        f"out{ending}": d.normal(256, 256, scale=256**-0.5),
    }


def transformer(d, batch):
    out = {"embed": d.normal(256, 256, scale=0.1), "position": d.normal(128, 256, scale=0.1)}
    for i in range(BLOCKS):
        for part in "am":
            out |= {f"{k}_{i}{part}": v for k, v in norm(d, 256).items()}
        out |= attention(d, f"_{i}")
        for part, fan_in, fan_out in (("u", 256, 1024), ("d", 1024, 256)):
            out[f"w_{i}{part}"] = d.normal(fan_in, fan_out, scale=fan_in**-0.5)
            out[f"b_{i}{part}"] = d.normal(fan_out, scale=0.1)
    out |= {f"{k}_last": v for k, v in norm(d, 256).items()}
    out["unembed"] = d.normal(256, 256, scale=256**-0.5)
    return out | {"tokens": d.below(256, batch, 128), "targets": d.below(256, batch, 128)}


def small_mlp(d):
    return {
        "w1": d.normal(8, 32, scale=8**-0.5),
        "b1": d.normal(32, scale=0.1),
        "w2": d.normal(32, scale=32**-0.5),
        "x": d.normal(BATCH, 8),
        "y": d.normal(BATCH),
    }


def idx(path):
    """The array of an IDX file, gzip'd or not."""
    zipped = path.with_name(path.name + ".gz")
    data = gzip.decompress(zipped.read_bytes()) if zipped.exists() else path.read_bytes()
    rank = data[3]
    shape = np.frombuffer(data, ">u4", rank, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * rank).reshape(shape)


def mnist(d, folder):
    """Whole batches of the training set in random order; what is left over is left out."""
    images, labels = (idx(Path(folder) / name) for name in MNIST_FILES)
    n = len(images) // BATCH
    return mlp(d, 784, 128, 10) | {
        "images": images.reshape(len(images), -1),
        "labels": labels,
        "order": d.rng.permutation(len(images))[: n * BATCH].astype(np.int32).reshape(n, BATCH),
    }


def lookup(d, n, shape, count, **more):
    return {"x": d.normal(n, *shape), "indices": d.below(n, count), **more}


def xy(d, n, dtype=F32):
    return {"x": d.normal(n, dtype=dtype), "z": d.normal(n, dtype=dtype)}


def vector(d, n=8):
    return {"x": d.uniform(0.1, 1, n)}


INPUTS = {
    "axpby_1e6": lambda d: xy(d, 10**6),
    "axpby_1e7": lambda d: xy(d, 10**7),
    "axpby_f64_1e7": lambda d: xy(d, 10**7, np.float64),
    "gelu_1e6": lambda d: gelu(d, 1000),
    "gelu_1e7": lambda d: gelu(d, 10_000),
    "blackscholes_1e6": lambda d: options(d, 10**6),
    "blackscholes_f64_1e6": lambda d: options(d, 10**6, np.float64),
    "blackscholes_vmapgrad_1e5": lambda d: options(d, 10**5),
    "softmax_1e4x1024": rows,
    "logsumexp_1e4x1024": rows,
    "layernorm_1e4x1024": lambda d: rows(d, **norm(d)),
    "layernorm_grad_1e4x1024": lambda d: rows(d, **norm(d), ct=d.normal(10_000, 1024)),
    "meanvar_axis0": lambda d: {"x": d.uniform(0, 1, 10_000, 1000)},
    "meanvar_axis1": lambda d: {"x": d.uniform(0, 1, 10_000, 1000)},
    "sum_1e7": lambda d: {"x": d.uniform(0, 1, 10**7)},
    "max_1e7": lambda d: {"x": d.normal(10**7)},
    "where_tanh_1e6": lambda d: {"x": d.normal(10**6)},
    "sin_1e6": lambda d: {"x": d.uniform(-10, 10, 10**6)},
    "pow_1e6": lambda d: {"x": d.uniform(0.1, 4, 10**6), "y": d.uniform(-3, 3, 10**6)},
    "lgamma_1e6": lambda d: {"x": d.uniform(0.1, 20, 10**6)},
    "erfinv_1e6": lambda d: {"x": d.uniform(-0.999, 0.999, 10**6)},
    **{f"matmul_{n}": square(n) for n in (32, 64, 128, 256, 512, 1024, 2048)},
    **{f"matmul_f64_{n}": square(n, np.float64) for n in (256, 1024)},
    "matvec_1024": lambda d: matrices(d, (1024, 1024), (1024,)),
    "vecmat_4096": lambda d: matrices(d, (4096,), (4096, 4096)),
    "batched_64x32": lambda d: matrices(d, (64, 32, 32), (64, 32, 32)),
    "tn_1024": square(1024),
    "nt_1024": square(1024),
    "bf16_512": lambda d: {k: rounded_to_bf16(v) for k, v in square(512)(d).items()},
    "mlp_step_784_512_256_10_b64": lambda d: mlp(d, 784, 512, 256, 10) | examples(d),
    "mnist_epoch_sgd": mnist,
    "mnist_epoch_adam": mnist,
    "attention_fwd_8x128x256h4": lambda d: attention(d) | {"x": d.normal(8, 128, 256)},
    "attention_grad_8x128x256h4": lambda d: attention(d)
    | {"x": d.normal(8, 128, 256), "ct": d.normal(8, 128, 256)},
    "transformer_step_2x128x256": lambda d: transformer(d, 2),
    "per_example_grads_mlp": lambda d: mlp(d, 784, 128, 10) | examples(d),
    "hessian_rosenbrock_100": lambda d: {"x": d.normal(100)},
    "hessian_mlp": small_mlp,
    "hvp_mlp": lambda d: mlp(d, 784, 128, 10) | mlp(d, 784, 128, 10, ending="v") | examples(d),
    "sort_1e6": lambda d: {"x": d.distinct(10**6)},
    "argsort_1e6": lambda d: {"x": d.distinct(10**6)},
    "topk100_1e6": lambda d: {"x": d.distinct(10**6)},
    "cumsum_1e7": lambda d: {"x": d.uniform(0, 1, 10**7)},
    "cumsum_axis1": lambda d: {"x": d.uniform(0, 1, 10_000, 1000)},
    "argmax_1e7": lambda d: {"x": d.distinct(10**7)},
    "transpose_1e4x1e3": lambda d: {"x": d.normal(10_000, 1000)},
    "gather_1e6": lambda d: lookup(d, 10**6, (), 10**6),
    "embedding_2e4x128": lambda d: lookup(d, 20_000, (128,), 20_000),
    "embedding_grad_2e4x128": lambda d: lookup(
        d, 20_000, (128,), 20_000, ct=d.normal(20_000, 128)
    ),
    "scatter_add_1e6": lambda d: {"x": d.normal(10**6), "indices": d.below(10**5, 10**6)},
    **{name: lambda d: {} for name in ("bits_1e7", "uniform_1e7", "normal_1e7", "permutation_1e6")},
    "eager_add_8": lambda d: vector(d) | {"y": d.uniform(0.1, 1, 8)},
    "eager_sin_8": vector,
    "eager_slice": vector,
    "eager_grad_8": vector,
    "jit_call_8": vector,
    "jit_call_10in_10out": lambda d: {f"x{i}": d.normal(8) for i in range(10)},
    # The compiled sizes grow by one from call to call: these are the longest of all.
    "compile_tiny": lambda d: vector(d, 8 + 64),
    "compile_mlp_grad": lambda d: mlp(d, 784, 512, 256, 10) | examples(d, 64 + 64),
    "compile_transformer_grad": lambda d: transformer(d, 2 + 64),
    "compile_chain_1e4": lambda d: vector(d, 8 + 64),
}


def write(name, folder, mnist_folder):
    """Writes the inputs of a workload as .npy files and gives their paths by name."""
    draw = INPUTS[name]
    arrays = draw(Draw(name), mnist_folder) if draw is mnist else draw(Draw(name))
    paths = {}
    for key, array in arrays.items():
        paths[key] = str(Path(folder) / f"{key}.npy")
        np.save(paths[key], array)
    return paths
