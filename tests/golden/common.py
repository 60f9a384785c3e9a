"""What the golden scripts share: versions, array <-> JSON, one line per case."""

import json
import math
import pathlib
import platform
import zlib

import jax

jax.config.update("jax_platforms", "cpu")
jax.config.update("jax_enable_x64", True)

import jax.numpy as jnp
import numpy as np

HERE = pathlib.Path(__file__).resolve().parent

SHORT = {
    "bool": "bool", "uint8": "u8", "int8": "i8", "int32": "i32", "uint32": "u32",
    "int64": "i64", "uint64": "u64", "float16": "f16", "bfloat16": "bf16",
    "float32": "f32", "float64": "f64",
}


def versions():
    import jaxlib
    import mpmath

    return {
        "jax": jax.__version__,
        "jaxlib": jaxlib.__version__,
        "numpy": np.__version__,
        "mpmath": mpmath.__version__,
        "python": platform.python_version(),
    }


def is_float(x):
    return jnp.issubdtype(jnp.asarray(x).dtype, jnp.floating)


def number(v):
    """A JSON value that reads back as the same number: repr round-trips f64, and every narrower float is an f64."""
    if math.isnan(v):
        return "NaN"
    if math.isinf(v):
        return "Infinity" if v > 0 else "-Infinity"
    return v


def encode(x):
    x = np.asarray(x)
    name = SHORT[x.dtype.name]
    if name == "bool":
        data = [bool(v) for v in x.ravel()]
    elif name[0] in "iu":
        data = [int(v) for v in x.ravel()]
    else:
        data = [number(float(v)) for v in x.ravel()]
    return {"dtype": name, "shape": list(x.shape), "data": data}


def line(case):
    return json.dumps(case, separators=(",", ":"), allow_nan=False, ensure_ascii=True)


def write_cases(path, cases):
    head = json.dumps(versions(), separators=(",", ":"))
    body = ",\n".join(line(c) for c in cases)
    pathlib.Path(path).write_text('{"versions":%s,"cases":[\n%s\n]}\n' % (head, body))


def rng(name):
    """A generator that depends on the case's name alone, so that adding a case changes no other."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def sixteenths(name, shape, dtype="float64"):
    """Random non-zero multiples of 1/16 in [-2, 2]: exact in every float type, short as text."""
    g = rng(name)
    m = g.integers(1, 33, size=shape) * g.choice([-1, 1], size=shape)
    return jnp.asarray(m / 16.0, dtype=dtype)
