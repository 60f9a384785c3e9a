"""primitives.json: what JAX prints, computes and differentiates, a primitive at a time.

Every case is a function of one equation (now and then a few). Its fields:
  name             family.primitive.what-is-special
  jaxpr            exactly what jax.make_jaxpr prints; constants, if any, are leading inputs
  args, outs       arrays
  tangents, out_tangents       jax.jvp   (zeros of their own type at integers and booleans)
  cotangents, in_cotangents    jax.vjp   (likewise)
  jvp_error, vjp_error         set instead where JAX has no rule
Names that start with "kink." fix a convention: their tangents and cotangents are ones, so in_cotangents
are the partial derivatives themselves.
"""

import functools
import warnings

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax._src.ad_util import add_any_p
from jax.ad_checkpoint import checkpoint_name

from common import HERE, encode, is_float, sixteenths, write_cases

warnings.simplefilter("ignore")
INF, NAN = np.inf, np.nan
CASES = []


def arr(dtype):
    return lambda *v: jnp.asarray(v[0] if len(v) == 1 else v, dtype=dtype)


F64, F32, F16, BF16 = arr("float64"), arr("float32"), arr("float16"), arr("bfloat16")
I8, I32, I64 = arr("int8"), arr("int32"), arr("int64")
U8, U32, U64, BOOL = arr("uint8"), arr("uint32"), arr("uint64"), arr("bool")


def rand(name, *shape):
    return sixteenths("arg:" + name, shape)


def zero_or(x, make):
    """A (co)tangent for x: made by `make` for floats, zeros of its own type otherwise."""
    return make(x) if is_float(x) else jnp.zeros_like(x)


def own(t, x):
    """JAX's float0 (co)tangents of integers become zeros of the integer's own type."""
    return jnp.zeros_like(x) if t.dtype == jax.dtypes.float0 else t


def for_jax(t, x):
    return t if is_float(x) else np.zeros(x.shape, jax.dtypes.float0)


def case(name, f, *args, diff=True, ones=False):
    args = [jnp.asarray(a) for a in args]
    flat = lambda *a: jax.tree.leaves(f(*a))
    closed = jax.make_jaxpr(f)(*args)
    outs = [jnp.asarray(o) for o in flat(*args)]
    consts = [jnp.asarray(c) for c in closed.consts]
    c = {"name": name, "jaxpr": str(closed)}
    if consts:
        c["consts"] = len(consts)
    c["args"] = [encode(a) for a in consts + args]
    c["outs"] = [encode(o) for o in outs]
    if diff and any(map(is_float, args)) and any(map(is_float, outs)):
        kind = (lambda tag: jnp.ones_like) if ones else (lambda tag: lambda x: sixteenths(f"{tag}:{name}", x.shape, x.dtype))
        ts = [zero_or(a, kind(f"t{i}")) for i, a in enumerate(args)]
        cts = [zero_or(o, kind(f"c{i}")) for i, o in enumerate(outs)]
        try:
            _, ots = jax.jvp(flat, args, [for_jax(t, a) for t, a in zip(ts, args)])
            c["tangents"] = [encode(t) for t in [jnp.zeros_like(k) for k in consts] + ts]
            c["out_tangents"] = [encode(own(t, o)) for t, o in zip(ots, outs)]
        except (NotImplementedError, TypeError, ValueError) as e:
            c["jvp_error"] = str(e).splitlines()[0][:120]
        try:
            _, pull = jax.vjp(flat, *args)
            ics = pull([for_jax(t, o) for t, o in zip(cts, outs)])
            if not consts:
                c["cotangents"] = [encode(t) for t in cts]
                c["in_cotangents"] = [encode(own(t, a)) for t, a in zip(ics, args)]
        except (NotImplementedError, TypeError, ValueError) as e:
            c["vjp_error"] = str(e).splitlines()[0][:120]
    CASES.append(c)


def kink(name, f, *args):
    case("kink." + name, f, *args, ones=True)


# ---------------------------------------------------------------- unary

WIDE = [-3.25, -1.5, -0.75, -0.1, 0.3, 0.9, 1.75, 4.5]
POS = [0.01, 0.3, 0.9, 1.0, 1.75, 4.5, 30.0, 1000.0]
UNIT = [-0.99, -0.75, -0.5, -0.1, 0.01, 0.3, 0.9, 0.999]
SPECIAL = [0.0, -0.0, INF, -INF, NAN, 1.0, -1.0]
UNARY = {
    "neg": WIDE, "sign": WIDE, "abs": WIDE, "floor": WIDE, "ceil": WIDE, "exp": WIDE, "exp2": WIDE,
    "expm1": WIDE + [1e-9], "log": POS, "log1p": UNIT + [1e-9, 5.0], "sqrt": POS, "rsqrt": POS, "cbrt": WIDE,
    "square": WIDE, "sin": WIDE, "cos": WIDE, "tan": WIDE, "asin": UNIT, "acos": UNIT, "atan": WIDE, "sinh": WIDE,
    "cosh": WIDE, "tanh": WIDE, "asinh": WIDE, "acosh": [1.01, 1.5, 2.0, 10.0, 1e6], "atanh": UNIT, "logistic": WIDE + [-40.0, 40.0],
    "erf": WIDE, "erfc": WIDE + [6.0], "erf_inv": UNIT, "lgamma": POS + [-0.5, -2.75], "digamma": POS + [-0.5, -2.75],
    "is_finite": SPECIAL, "stop_gradient": WIDE,
}
for op, xs in UNARY.items():
    f = getattr(lax, op)
    case(f"unary.{op}", f, F64(xs))
    if op != "is_finite":
        # digamma' at infinity is NaN in JAX only because its polygamma fails there: not asked for
        kink(f"{op}.specials", f, F64([x for x in SPECIAL if op != "digamma" or not np.isinf(x)]))
for op in ["neg", "abs", "exp", "log1p", "sqrt", "tanh", "logistic", "erf", "sin", "floor", "rsqrt", "lgamma"]:
    case(f"unary.{op}.f32", getattr(lax, op), F32([0.1, 0.25, 0.5, 0.75, 1.5]))
for op in ["neg", "exp", "tanh", "sign"]:
    case(f"unary.{op}.f16", getattr(lax, op), F16([-1.5, 0.25, 0.5]))
    case(f"unary.{op}.bf16", getattr(lax, op), BF16([-1.5, 0.25, 0.5]))
case("unary.exp.scalar", lax.exp, F64(0.5))
case("unary.exp.empty", lax.exp, F64(np.zeros((0, 3))))
case("unary.neg.i32", lax.neg, I32([0, 3, -7, -(2**31)]))
case("unary.neg.u8", lax.neg, U8([0, 1, 200]))
case("unary.abs.i32", lax.abs, I32([0, 3, -7, -(2**31)]))
case("unary.abs.i8", lax.abs, I8([-128, 127, -1]))
case("unary.sign.i32", lax.sign, I32([0, 3, -7]))
case("unary.sign.u8", lax.sign, U8([0, 3, 255]))
case("unary.square.i32", lax.square, I32([0, 3, -7, 70000]))
HALVES = [-2.5, -1.5, -0.5, -0.2, 0.5, 1.5, 2.5, 0.49999999999999994, 4503599627370495.5]
case("unary.round.away_from_zero", lambda x: lax.round(x, lax.RoundingMethod.AWAY_FROM_ZERO), F64(HALVES))
case("unary.round.to_nearest_even", lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), F64(HALVES))
case("unary.round.specials", lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), F64(SPECIAL))
case("unary.floor.halves", lax.floor, F64(HALVES))
case("unary.ceil.halves", lax.ceil, F64(HALVES))
case("unary.not.bool", lax.bitwise_not, BOOL([True, False]))
case("unary.not.i32", lax.bitwise_not, I32([0, 5, -6]))
case("unary.not.u8", lax.bitwise_not, U8([0, 5, 255]))
for y in [-3, -1, 0, 1, 2, 3, 7]:
    case(f"unary.integer_pow.{y}", functools.partial(lambda x, y: lax.integer_pow_p.bind(x, y=y), y=y), F64([-2.5, -0.5, 0.75, 3.0]))
    kink(f"integer_pow.{y}.specials", functools.partial(lambda x, y: lax.integer_pow_p.bind(x, y=y), y=y), F64(SPECIAL))
case("unary.integer_pow.i32", lambda x: lax.integer_pow(x, 3), I32([-3, 0, 2, 2000]))
for n in range(5):
    g = functools.partial(lambda x, n: lax.polygamma(np.float64(n), x), n=n)
    case(f"unary.polygamma.{n}", g, F64([0.1, 0.5, 1.0, 2.5, 10.0, 100.0, 1e4]))
    case(f"unary.polygamma.{n}.negative", g, F64([-0.5, -1.25, -3.75]))
case("unary.polygamma.operand_order", lax.polygamma, F64([0.0, 1.0, 2.0]), F64([0.5, 0.5, 0.5]), diff=False)
case("unary.copy", lambda x: lax.copy_p.bind(x), F64([1.0, 2.0]))

# ---------------------------------------------------------------- binary

A23 = F64([[1.5, -2.0, 0.25], [-0.75, 3.0, 2.5]])
B23 = F64([[0.5, 2.0, -1.25], [-3.0, 1.75, 0.125]])
for op in ["add", "sub", "mul", "div", "rem", "max", "min", "atan2"]:
    f = getattr(lax, op)
    case(f"binary.{op}", f, A23, B23)
    case(f"binary.{op}.f32", f, A23.astype("float32"), B23.astype("float32"))
    case(f"binary.{op}.bf16", f, A23.astype("bfloat16"), B23.astype("bfloat16"), diff=False)
    case(f"binary.{op}.scalar_left", f, F64(1.25), B23)
    case(f"binary.{op}.scalar_right", f, A23, F64(1.25))
    case(f"binary.{op}.literal", lambda x, f=f: f(x, 2.5), A23)
    case(f"binary.{op}.size_one_axes", f, F64([[1.5], [-0.75]]), F64([[0.5, 2.0, -1.25]]))
    kink(f"{op}.specials", f,
         F64([0.0, 0.0, -0.0, INF, INF, -INF, 1.0, NAN, 1.0, -1.0, 0.0]),
         F64([0.0, -0.0, 0.0, INF, -INF, INF, NAN, 1.0, INF, 0.0, -1.0]))
case("binary.pow", lax.pow, F64([0.5, 1.5, 2.0, 3.0]), F64([2.0, -1.5, 0.0, 2.5]))
case("binary.pow.literal", lambda x: lax.pow(x, 2.5), F64([0.5, 1.5, 2.0, 3.0]))
case("binary.pow.integer_exponent", lax.pow, F64([0.5, -1.5, 2.0, -3.0, 0.0]), I32([2, -1, 0, 3, 2]))
PX = [0.0, 0.0, 0.0, 0.0, -0.0, -0.0, -0.0, 2.0, -2.0, -2.0, -2.0, -2.0, 1.0, 1.0, -1.0, INF, INF, -INF, -INF, NAN, NAN, 2.0, 0.5, 0.5]
PY = [0.0, 1.0, 2.0, -1.0, -1.0, 3.0, 0.5, 0.0, 0.0, 2.0, 3.0, 0.5, INF, NAN, INF, 0.0, -1.0, 3.0, 2.0, 0.0, 1.0, -INF, INF, -INF]
kink("pow.specials", lax.pow, F64(PX), F64(PY))
kink("pow.base_0", lax.pow, F64([0.0] * 6), F64([0.0, 0.5, 1.0, 2.0, 3.0, -1.0]))
kink("pow.exponent_0", lax.pow, F64([-2.0, -1.0, 0.0, 1.0, 2.0]), F64([0.0] * 5))
kink("pow.negative_base", lax.pow, F64([-2.0, -2.0, -2.0, -0.5]), F64([1.0, 2.0, 3.0, -1.0]))
kink("pow.integer_exponent_0", lax.pow, F64([-2.0, 0.0, 0.0, 0.0]), I32([0, 0, 1, 2]))
NX = [0.0, 0.0, -0.0, 1.0, 1.0, INF, -INF, 1.0, NAN, 5e-324, 1.7976931348623157e308, 2.0]
NY = [1.0, -1.0, 0.0, 2.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, INF, NAN]
case("binary.nextafter", lax.nextafter, F64(NX), F64(NY))
case("binary.nextafter.f32", lax.nextafter, F32([0.0, 1.0, 1.0]), F32([1.0, 2.0, -2.0]), diff=False)
IMIN, IMAX = -(2**31), 2**31 - 1
IX, IY = [7, -7, 7, -7, 0, IMIN, IMAX, IMIN, 5, -5, 0], [2, 2, -2, -2, 3, -1, -1, 1, 0, 0, 0]
for op in ["add", "sub", "mul", "div", "rem", "max", "min", "bitwise_and", "bitwise_or", "bitwise_xor"]:
    f, n = getattr(lax, op), op.replace("bitwise_", "")
    case(f"binary.{n}.i32", f, I32(IX), I32(IY))
    case(f"binary.{n}.i64", f, I64([7, -7, -(2**63), 2**63 - 1, 5]), I64([-2, 2, -1, 2, 0]))
    case(f"binary.{n}.i8", f, I8([100, -128, -128, 7, 9]), I8([100, 1, -1, -3, 0]))
    case(f"binary.{n}.u8", f, U8([200, 3, 7, 255, 9]), U8([100, 5, 2, 255, 0]))
    case(f"binary.{n}.u32", f, U32([7, 0, 2**32 - 1, 9]), U32([2, 1, 2**32 - 1, 0]))
    case(f"binary.{n}.u64", f, U64([7, 0, 2**64 - 1, 9]), U64([2, 1, 2**64 - 1, 0]))
for op in ["and", "or", "xor"]:
    case(f"binary.{op}.bool", getattr(lax, "bitwise_" + op), BOOL([False, False, True, True]), BOOL([False, True, False, True]))
for op in ["max", "min"]:
    case(f"binary.{op}.bool", getattr(lax, op), BOOL([False, False, True, True]), BOOL([False, True, False, True]))
for op in ["shift_left", "shift_right_logical", "shift_right_arithmetic"]:
    f = getattr(lax, op)
    case(f"binary.{op}.i32", f, I32([1, -8, -8, -1, 5, IMIN, 3, 3]), I32([4, 1, 0, 31, 32, 40, -1, 31]))
    case(f"binary.{op}.u32", f, U32([1, 2**32 - 8, 2**31, 5]), U32([4, 1, 31, 32]))
    case(f"binary.{op}.i64", f, I64([1, -8, -8, 5]), I64([40, 1, 63, 64]))
    case(f"binary.{op}.u64", f, U64([1, 2**64 - 8, 5]), U64([40, 1, 64]))
    case(f"binary.{op}.i8", f, I8([1, -8, -128, 5, 5]), I8([4, 1, 7, 8, -1]))
    case(f"binary.{op}.u8", f, U8([1, 248, 128, 5]), U8([4, 1, 7, 8]))
for op in ["eq", "ne", "lt", "le", "gt", "ge"]:
    f = getattr(lax, op)
    case(f"compare.{op}.f64", f, F64([0.0, 1.0, 2.0, NAN, NAN, INF, -INF, -0.0]), F64([-0.0, 2.0, 1.0, NAN, 1.0, INF, INF, 0.0]))
    case(f"compare.{op}.i32", f, I32([1, -1, 3]), I32([1, 2, -3]))
    case(f"compare.{op}.u64", f, U64([1, 2**64 - 1, 3]), U64([1, 2, 2**63]))
    case(f"compare.{op}.bool", f, BOOL([False, False, True, True]), BOOL([False, True, False, True]))
    case(f"compare.{op}.f32.literal", lambda x, f=f: f(x, np.float32(0.5)), F32([0.25, 0.5, 0.75]))
case("binary.add_any", lambda x, y: add_any_p.bind(x, y), A23, B23)
case("binary.mul.same_operand", lambda x: lax.mul(x, x), A23)

# ---------------------------------------------------------------- select, clamp, convert

PRED = BOOL([[True, False, True], [False, False, True]])
case("select.select_n.bool", lax.select_n, PRED, A23, B23)
case("select.select_n.scalar_predicate", lax.select_n, BOOL(True), A23, B23)
case("select.select_n.three", lax.select_n, I32([[0, 1, 2], [2, 1, 0]]), A23, B23, A23 * 10)
case("select.select_n.three_scalar", lax.select_n, I32(2), A23, B23, A23 * 10)
case("select.select_n.two_by_integer", lax.select_n, I32([[0, 1, 1], [0, 1, 0]]), A23, B23)
case("select.select_n.integers", lax.select_n, BOOL([True, False]), I32([1, 2]), I32([3, 4]))
case("select.select_n.one", lax.select_n, I32([0, 0]), F64([1.0, 2.0]))
case("select.clamp", lax.clamp, F64([[-1.0] * 3] * 2), A23, F64([[2.0] * 3] * 2))
case("select.clamp.scalar_bounds", lax.clamp, F64(-1.0), A23, F64(2.0), diff=False)  # JAX's own rule fails for rank-0 bounds that vary
case("select.clamp.literals", lambda x: lax.clamp(-1.0, x, 2.0), A23)
case("select.clamp.i32", lax.clamp, I32(-1), I32([-5, 0, 5]), I32(3))
case("select.clamp.low_above_high", lax.clamp, F64([2.0] * 3), F64([0.0, 1.5, 3.0]), F64([1.0] * 3))
case("select.clamp.nan", lax.clamp, F64([0.0, NAN, 0.0]), F64([NAN, 0.5, 0.5]), F64([1.0, 1.0, NAN]), diff=False)
kink("clamp.at_bounds", lax.clamp, F64([0.0] * 5), F64([-1.0, 0.0, 0.5, 1.0, 2.0]), F64([1.0] * 5))
kink("clamp.literal_bounds_at_bounds", lambda x: lax.clamp(0.0, x, 1.0), F64([-1.0, 0.0, 0.5, 1.0, 2.0]))
kink("clamp.low_is_high", lax.clamp, F64([1.0] * 3), F64([0.0, 1.0, 2.0]), F64([1.0] * 3))
FLOATS = [0.0, -0.0, 0.5, -0.5, 1.5, 2.5, -2.9, 127.9, 128.0, 255.9, 256.0, -1.0, 3e9, -3e9, 1e19, -1e19, 1e30, INF, -INF, NAN, 65520.0, 1e-8, 0.1]
LONG = {"bool": "bool", "u8": "uint8", "i8": "int8", "i32": "int32", "u32": "uint32", "i64": "int64", "u64": "uint64",
        "f16": "float16", "bf16": "bfloat16", "f32": "float32", "f64": "float64"}
for to in LONG:
    g = functools.partial(lambda x, to: lax.convert_element_type(x, LONG[to]), to=to)
    if to != "f64":
        case(f"convert.f64_to_{to}", g, F64(FLOATS))
    if to not in ("f32", "f64"):
        case(f"convert.f32_to_{to}", g, F32(FLOATS), diff=False)
    if to != "i64":
        case(f"convert.i64_to_{to}", g, I64([0, 1, -1, 127, 128, 255, 256, 2**31, 2**53 + 1, -(2**63), 2**63 - 1]))
    if to != "u64":
        case(f"convert.u64_to_{to}", g, U64([0, 1, 127, 128, 255, 256, 2**31, 2**53 + 1, 2**63, 2**64 - 1]))
    if to != "bool":
        case(f"convert.bool_to_{to}", g, BOOL([True, False]))
    if to != "i8":
        case(f"convert.i8_to_{to}", g, I8([-128, -1, 0, 127]))
case("convert.f16_to_f64", lambda x: lax.convert_element_type(x, "float64"), F16([1.5, -0.1, INF, NAN, 6e-8]))
case("convert.bf16_to_f32", lambda x: lax.convert_element_type(x, "float32"), BF16([1.5, -0.1, INF, NAN, 1e38]))
case("convert.f32_to_f64", lambda x: lax.convert_element_type(x, "float64"), F32([0.1, -1e-30, 3e38, INF]))
case("convert.bf16_to_f16", lambda x: lax.convert_element_type(x, "float16"), BF16([1.5, -0.1, 1e38]))
BITS = F64([1.0, -0.0, NAN, 3.141592653589793])
case("convert.bitcast.f64_to_u64", lambda x: lax.bitcast_convert_type(x, "uint64"), BITS)
case("convert.bitcast.f64_to_i64", lambda x: lax.bitcast_convert_type(x, "int64"), BITS)
case("convert.bitcast.f64_to_u32", lambda x: lax.bitcast_convert_type(x, "uint32"), BITS)
case("convert.bitcast.f64_to_u8", lambda x: lax.bitcast_convert_type(x, "uint8"), BITS[:2])
case("convert.bitcast.f64_to_f32", lambda x: lax.bitcast_convert_type(x, "float32"), BITS, diff=False)
case("convert.bitcast.u32_to_u64", lambda x: lax.bitcast_convert_type(x, "uint64"), U32([[1, 0], [0, 1], [2**32 - 1, 7]]))
case("convert.bitcast.u32_to_f64", lambda x: lax.bitcast_convert_type(x, "float64"), U32([[0, 1072693248], [1413754136, 1074340347]]))
case("convert.bitcast.u32_to_f32", lambda x: lax.bitcast_convert_type(x, "float32"), U32([1065353216, 2**31, 1]), diff=False)
case("convert.bitcast.f32_to_i32", lambda x: lax.bitcast_convert_type(x, "int32"), F32([1.0, -0.0, -2.5]))
case("convert.bitcast.u8_to_i32", lambda x: lax.bitcast_convert_type(x, "int32"), U8([[1, 2, 3, 4], [255, 255, 255, 255]]))
case("convert.bitcast.i8_to_u8", lambda x: lax.bitcast_convert_type(x, "uint8"), I8([-128, -1, 0, 127]))
case("convert.bitcast.bf16_to_u8", lambda x: lax.bitcast_convert_type(x, "uint8"), BF16([1.0, -2.5]))
case("convert.bitcast.f16_to_u8", lambda x: lax.bitcast_convert_type(x, "uint8"), F16([1.0, -2.5]))
RP = [0.1, 1.0, -1.0000001, 3.14159265358979, 65519.0, 65520.0, 1e-7, 6e-8, 2.9e-8, 1e30, -1e-30, INF, NAN, -0.0]
for e, m in [(5, 10), (8, 7), (8, 23), (11, 52), (4, 3), (5, 2), (8, 0), (2, 4)]:
    case(f"convert.reduce_precision.e{e}m{m}", functools.partial(lambda x, e, m: lax.reduce_precision(x, e, m), e=e, m=m), F64(RP))
case("convert.reduce_precision.f32", lambda x: lax.reduce_precision(x, 5, 10), F32([0.1, 65520.0, -1.5]))
case("iota.iota.i32", lambda: lax.iota("int32", 5))
case("iota.iota.f32.axis_1", lambda: lax.broadcasted_iota("float32", (2, 3), 1))
case("iota.iota.u8.axis_0", lambda: lax.broadcasted_iota("uint8", (2, 3), 0))
case("iota.iota.empty", lambda: lax.iota("int64", 0))
case("iota.iota.bf16", lambda: lax.iota("bfloat16", 5))
case("iota.full", lambda: lax.full((2, 3), 2.5))
case("iota.full.bool", lambda: lax.full((2,), True))

# ---------------------------------------------------------------- reductions

R = F64([[[0.5, -1.0], [2.0, 0.25]], [[1.5, 3.0], [-0.5, -2.0]]])
for op in ["sum", "prod", "max", "min"]:
    f = getattr(lax, "reduce_" + op)
    for axes in [(0,), (1,), (2,), (0, 2), (0, 1, 2), ()]:
        case(f"reduce.{op}.axes_" + "".join(map(str, axes)), functools.partial(lambda x, f, a: f(x, a), f=f, a=axes), R)
    case(f"reduce.{op}.f32", lambda x, f=f: f(x, (0,)), R.astype("float32"))
    case(f"reduce.{op}.i32", lambda x, f=f: f(x, (1,)), I32([[1, -2, 3], [IMAX, 2, -5]]))
    case(f"reduce.{op}.u8", lambda x, f=f: f(x, (0,)), U8([200, 100, 3]))
    # (JAX's tangent of the maximum of nothing is 0/0)
    case(f"reduce.{op}.empty_axis", lambda x, f=f: f(x, (0,)), F64(np.zeros((0, 3))), diff=op in ("sum", "prod"))
    case(f"reduce.{op}.empty_result", lambda x, f=f: f(x, (1,)), F64(np.zeros((0, 3))))
    case(f"reduce.{op}.nan", lambda x, f=f: f(x, (1,)), F64([[1.0, NAN, 3.0], [INF, 1.0, -INF], [-0.0, 0.0, -0.0]]))
    case(f"reduce.{op}.scalar", lambda x, f=f: f(x, ()), F64(1.5))
case("reduce.sum.f16", lambda x: lax.reduce_sum(x, (0,)), F16([0.5, 0.25, 8.0]))
case("reduce.max.i32.empty", lambda x: lax.reduce_max(x, (0,)), I32(np.zeros((0,))))
case("reduce.min.u8.empty", lambda x: lax.reduce_min(x, (0,)), U8(np.zeros((0,))))
case("reduce.max.bool", lambda x: lax.reduce_max(x, (1,)), PRED)
for op in ["and", "or", "xor"]:
    f = getattr(lax, "reduce_" + op)
    case(f"reduce.{op}.bool", lambda x, f=f: f(x, (1,)), BOOL([[True, True, True], [False, True, False], [False, False, False]]))
    case(f"reduce.{op}.i32", lambda x, f=f: f(x, (0,)), I32([[6, -1], [3, 12]]))
    case(f"reduce.{op}.bool.empty", lambda x, f=f: f(x, (0,)), BOOL(np.zeros((0, 2))))
kink("reduce_max.ties", lambda x: lax.reduce_max(x, (1,)), F64([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [0.0, -0.0, -1.0]]))
kink("reduce_min.ties", lambda x: lax.reduce_min(x, (1,)), F64([[1.0, 1.0, 3.0], [2.0, 2.0, 2.0], [0.0, -0.0, 1.0]]))
kink("reduce_max.nan", lambda x: lax.reduce_max(x, (0,)), F64([1.0, NAN, 3.0]))
kink("reduce_max.all_minus_inf", lambda x: lax.reduce_max(x, (0,)), F64([-INF, -INF]))
kink("reduce_prod.zeros", lambda x: lax.reduce_prod(x, (1,)), F64([[2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0], [0.0, 0.0, 0.0]]))
kink("reduce_prod.zeros_two_axes", lambda x: lax.reduce_prod(x, (0, 2)), F64([[[2.0, 0.0], [0.0, 5.0]], [[3.0, 4.0], [0.0, 2.0]]]))
kink("reduce_prod.inf", lambda x: lax.reduce_prod(x, (1,)), F64([[2.0, INF], [0.0, INF]]))
TIES = F64([[1.0, 3.0, 3.0], [2.0, 2.0, 2.0], [1.0, NAN, NAN], [-INF, -INF, -INF], [0.0, -0.0, -1.0]])
for op in ["argmax", "argmin"]:
    f = getattr(lax, op)
    case(f"reduce.{op}.axis_1", lambda x, f=f: f(x, 1, np.int32), A23)
    case(f"reduce.{op}.axis_0.i64", lambda x, f=f: f(x, 0, np.int64), A23)
    case(f"reduce.{op}.ties_and_nan", lambda x, f=f: f(x, 1, np.int32), TIES)
    case(f"reduce.{op}.i32", lambda x, f=f: f(x, 0, np.int32), I32([3, 7, 7, -1, -1]))
    case(f"reduce.{op}.u8_index", lambda x, f=f: f(x, 0, np.uint8), U8([3, 255, 0]))
    case(f"reduce.{op}.bool", lambda x, f=f: f(x, 0, np.int32), BOOL([False, True, True]))
case("reduce.reduce.custom", lambda x: lax.reduce(x, np.float64(0.0), lambda a, b: a + b + a * b, (1,)), F64([[0.5, -0.25, 2.0], [1.0, 0.0, -0.5]]))
case("reduce.reduce.custom_two_axes", lambda x: lax.reduce(x, np.float64(0.0), lambda a, b: a + b + a * b, (0, 2)), R)
case("reduce.reduce.variadic",
     lambda x, i: lax.reduce((x, i), (-INF, np.int32(-1)), lambda a, b: (lax.max(a[0], b[0]), lax.select(a[0] >= b[0], a[1], b[1])), (1,)),
     A23, I32([[0, 1, 2], [0, 1, 2]]))
case("reduce.reduce.init_operand", lambda x, i: lax.reduce(x, i, lambda a, b: a + b + a * b, (0,)), F64([0.5, -0.25, 2.0]), F64(0.5))
for op in ["sum", "prod", "max", "min", "logsumexp"]:
    f = getattr(lax, "cum" + op)
    for ax in (0, 1):
        for rev in (False, True):
            case(f"cumulative.cum{op}.axis_{ax}{'.reverse' if rev else ''}", functools.partial(lambda x, f, a, r: f(x, axis=a, reverse=r), f=f, a=ax, r=rev),
                 F64([[0.5, -1.0, 2.0], [1.5, 3.0, -0.5], [0.25, 1.25, -0.75]]))
    case(f"cumulative.cum{op}.f32", lambda x, f=f: f(x, axis=0), F32([0.5, -1.0, 2.0]))
    case(f"cumulative.cum{op}.empty", lambda x, f=f: f(x, axis=0), F64(np.zeros((0, 2))))
    case(f"cumulative.cum{op}.nan", lambda x, f=f: f(x, axis=0), F64([1.0, NAN, 2.0]), diff=False)
    if op != "logsumexp":
        case(f"cumulative.cum{op}.i32", lambda x, f=f: f(x, axis=0), I32([3, -2, 7, 7]))
        case(f"cumulative.cum{op}.u8.reverse", lambda x, f=f: f(x, axis=0, reverse=True), U8([200, 100, 3]))
kink("cumprod.zeros", lambda x: lax.cumprod(x, axis=1), F64([[2.0, 0.0, 3.0, 4.0], [0.0, 2.0, 0.0, 4.0], [2.0, 3.0, 4.0, 0.0]]))
kink("cumprod.zeros_reverse", lambda x: lax.cumprod(x, axis=0, reverse=True), F64([2.0, 0.0, 3.0, 0.0]))
kink("cummax.ties", lambda x: lax.cummax(x, axis=0), F64([1.0, 3.0, 3.0, 2.0, 3.0, 4.0, 4.0]))
kink("cummax.four_way_tie", lambda x: lax.cummax(x, axis=0), F64([3.0, 3.0, 3.0, 3.0]))
kink("cummin.ties", lambda x: lax.cummin(x, axis=0), F64([3.0, 1.0, 1.0, 2.0, 1.0, 0.0]))
kink("cummax.ties_reverse", lambda x: lax.cummax(x, axis=0, reverse=True), F64([3.0, 3.0, 1.0, 2.0, 2.0]))
kink("cumlogsumexp.minus_inf", lambda x: lax.cumlogsumexp(x, axis=0), F64([-INF, -INF, 0.5, -INF, 1.0]))
kink("cumlogsumexp.large", lambda x: lax.cumlogsumexp(x, axis=0), F64([1000.0, 1001.0, -1000.0, 1000.0]))

# ---------------------------------------------------------------- sort

case("sort.sort.axis_1", lambda x: lax.sort(x, dimension=1), A23)
case("sort.sort.axis_0", lambda x: lax.sort(x, dimension=0), A23)
case("sort.sort.nan_zero_inf", lambda x: lax.sort(x), F64([NAN, 1.0, -INF, 0.0, -0.0, INF, -1.0, NAN]))
case("sort.sort.zeros_are_equal", lambda x, i: lax.sort((x, i), num_keys=1), F64([0.0, -0.0, 0.0, -0.0]), I32([0, 1, 2, 3]))
case("sort.sort.key_value", lambda k, v: lax.sort((k, v), num_keys=1), I32([3, 1, 2, 1]), F64([0.5, 1.5, 2.5, 3.5]))
case("sort.sort.two_keys", lambda a, b, v: lax.sort((a, b, v), dimension=0, num_keys=2), I32([1, 0, 1, 0, 1]), F64([2.0, 3.0, 1.0, 3.0, 2.0]), F64([10.0, 20.0, 30.0, 40.0, 50.0]))
case("sort.sort.all_keys", lambda a, b: lax.sort((a, b), dimension=0, num_keys=2), F64([2.0, 1.0, 2.0]), F64([3.0, 5.0, 1.0]))
case("sort.sort.unstable", lambda x: lax.sort(x, is_stable=False), F64([3.0, 1.0, 2.0]))
case("sort.sort.operands_axis_0", lambda a, b: lax.sort((a, b), dimension=0, num_keys=1), A23, B23)
for mk, n in [(I32, "i32"), (I8, "i8")]:
    case(f"sort.sort.{n}", lambda x: lax.sort(x), mk([3, -1, 2, 3, -128]))
case("sort.sort.u8", lambda x: lax.sort(x), U8([3, 255, 2, 0]))
case("sort.sort.bool", lambda x: lax.sort(x), BOOL([True, False, True]))
case("sort.sort.f32", lambda x: lax.sort(x), F32([3.0, -1.0, 2.0]))
case("sort.sort.empty", lambda x: lax.sort(x), F64(np.zeros((0,))))
kink("sort.ties", lambda x: lax.sort(x), F64([2.0, 1.0, 2.0, 1.0]))
case("sort.sort.ties_weighted", lambda x: lax.sort(x), F64([2.0, 1.0, 2.0, 1.0]))
for k in (0, 1, 2, 3):
    case(f"sort.top_k.{k}", functools.partial(lambda x, k: lax.top_k(x, k), k=k), A23)
case("sort.top_k.axis_0", lambda x: lax.top_k(x, 1, axis=0), A23)
case("sort.top_k.ties", lambda x: lax.top_k(x, 3), F64([1.0, 3.0, 2.0, 3.0, 2.0]))
case("sort.top_k.i32", lambda x: lax.top_k(x, 2), I32([[1, 5, 5], [-1, -7, -1]]))
case("sort.top_k.nan", lambda x: lax.top_k(x, 3), F64([1.0, NAN, INF, 2.0]), diff=False)
case("sort.top_k.zeros", lambda x: lax.top_k(x, 4), F64([-0.0, 0.0, -0.0, 0.0]), diff=False)
kink("top_k.ties", lambda x: lax.top_k(x, 2)[0], F64([1.0, 3.0, 3.0, 3.0]))

# ---------------------------------------------------------------- dot_general

def dot(lc, rc, lb=(), rb=(), **kw):
    return lambda x, y: lax.dot_general(x, y, ((lc, rc), (lb, rb)), **kw)


case("dot.matrix", dot((1,), (0,)), rand("d1", 2, 3), rand("d2", 3, 4))
case("dot.matrix_transposed", dot((0,), (1,)), rand("d3", 3, 2), rand("d4", 4, 3))
case("dot.vector", dot((0,), (0,)), rand("d5", 3), rand("d6", 3))
case("dot.outer", dot((), ()), rand("d7", 2), rand("d8", 3))
case("dot.scalar_scalar", dot((), ()), F64(1.5), F64(-2.0))
case("dot.scalar_matrix", dot((), ()), F64(1.5), A23)
case("dot.full_contraction_crossed", dot((0, 1), (1, 0)), rand("d9", 2, 3), rand("d10", 3, 2))
case("dot.batch_leading", dot((2,), (1,), (0,), (0,)), rand("d11", 2, 2, 3), rand("d12", 2, 3, 2))
case("dot.batch_odd_places", dot((0,), (2,), (2,), (1,)), rand("d13", 3, 2, 2), rand("d14", 4, 2, 3))
case("dot.two_batch_swapped", dot((2,), (0,), (0, 1), (2, 1)), rand("d15", 2, 3, 2), rand("d16", 2, 3, 2))
case("dot.two_contract_odd_order", dot((3, 1), (0, 2), (0,), (1,)), rand("d17", 2, 2, 2, 3), rand("d18", 3, 2, 2))
case("dot.batch_only", dot((), (), (0,), (1,)), rand("d19", 2, 3), rand("d20", 2, 2))
case("dot.all_batch", dot((), (), (0, 1), (0, 1)), A23, B23)
case("dot.empty_contraction", dot((1,), (0,)), F64(np.zeros((2, 0))), F64(np.zeros((0, 3))))
case("dot.empty_result", dot((1,), (0,)), F64(np.zeros((0, 2))), rand("d21", 2, 3))
case("dot.preferred_f64", dot((1,), (0,), preferred_element_type="float64"), rand("d22", 2, 3).astype("float32"), rand("d23", 3, 2).astype("float32"))
case("dot.preferred_f32_of_bf16", dot((1,), (0,), preferred_element_type="float32"), rand("d24", 2, 3).astype("bfloat16"), rand("d25", 3, 2).astype("bfloat16"))
case("dot.precision", dot((1,), (0,), precision="highest"), rand("d26", 2, 3).astype("float32"), rand("d27", 3, 2).astype("float32"))
case("dot.i32", dot((1,), (0,)), I32([[1, -2], [3, IMAX]]), I32([[2, 0], [-1, 5]]))
case("dot.i8_preferred_i32", dot((1,), (0,), preferred_element_type="int32"), I8([[100, 100], [-128, 1]]), I8([[100, 2], [100, -128]]))
case("dot.u8", dot((0,), (0,)), U8([200, 3]), U8([2, 255]))
case("dot.f16", dot((1,), (0,)), rand("d28", 2, 3).astype("float16"), rand("d29", 3, 2).astype("float16"))
case("dot.bool", dot((1,), (0,)), BOOL([[True, False], [False, False]]), BOOL([[True, True], [True, False]]))

# ---------------------------------------------------------------- shape

def b_in(shape, dims):
    return lambda x: lax.broadcast_in_dim_p.bind(x, shape=shape, broadcast_dimensions=dims, sharding=None)


case("shape.broadcast_in_dim.scalar", b_in((2, 3), ()), F64(1.5))
case("shape.broadcast_in_dim.leading", b_in((2, 3), (1,)), F64([1.0, 2.0, 3.0]))
case("shape.broadcast_in_dim.trailing", b_in((2, 3), (0,)), F64([1.0, 2.0]))
case("shape.broadcast_in_dim.size_one", b_in((2, 3, 4), (0, 2)), F64([[1.0], [2.0]]))
case("shape.broadcast_in_dim.same", b_in((2, 3), (0, 1)), A23)
case("shape.broadcast_in_dim.empty", b_in((0, 3), (1,)), F64([1.0, 2.0, 3.0]))
case("shape.broadcast_in_dim.bool", b_in((2, 3), (0,)), BOOL([True, False]))
case("shape.reshape", lambda x: lax.reshape(x, (3, 2)), A23)
case("shape.reshape.flat", lambda x: lax.reshape(x, (6,)), A23)
case("shape.reshape.to_scalar", lambda x: lax.reshape(x, ()), F64([[2.5]]))
case("shape.reshape.from_scalar", lambda x: lax.reshape(x, (1, 1)), F64(2.5))
case("shape.reshape.empty", lambda x: lax.reshape(x, (0, 5)), F64(np.zeros((2, 0))))
case("shape.reshape.dimensions", lambda x: lax.reshape(x, (3, 2), (1, 0)), A23)
case("shape.transpose", lambda x: lax.transpose(x, (1, 0)), A23)
case("shape.transpose.3d", lambda x: lax.transpose(x, (2, 0, 1)), rand("t3", 2, 3, 4))
case("shape.squeeze", lambda x: lax.squeeze(x, (0, 2)), rand("sq", 1, 3, 1))
case("shape.expand_dims", lambda x: lax.expand_dims(x, (0, 2)), A23)
case("shape.rev", lambda x: lax.rev(x, (0,)), A23)
case("shape.rev.both", lambda x: lax.rev(x, (1, 0)), A23)
case("shape.slice", lambda x: lax.slice(x, (0, 1), (2, 3)), A23)
case("shape.slice.strided", lambda x: lax.slice(x, (1, 0), (5, 3), (3, 2)), rand("sl", 5, 3))
case("shape.slice.empty", lambda x: lax.slice(x, (1, 3), (1, 3)), A23)
case("shape.split", lambda x: lax.split(x, (1, 2), 1), A23)
case("shape.split.one", lambda x: lax.split(x, (2,), 0), A23)
case("shape.split.empty_part", lambda x: lax.split(x, (0, 2, 1), 1), A23)
case("shape.tile", lambda x: lax.tile(x, (2, 3)), F64([[1.0, 2.0]]))
case("shape.tile.zero", lambda x: lax.tile(x, (0, 2)), F64([[1.0, 2.0]]))
case("shape.stack.0", lambda x, y: lax.stack([x, y], 0), A23, B23)
case("shape.stack.2", lambda x, y: lax.stack([x, y, x], 2), A23, B23)
case("shape.unstack", lambda x: lax.unstack(x, 1), A23)
case("shape.pad.positive", lambda x: lax.pad(x, np.float64(9.0), ((1, 2, 0),)), F64([1.0, 2.0, 3.0]))
for tag, cfg in {"negative": ((-1, -1, 0),), "negative_low_positive_high": ((-2, 3, 0),), "interior": ((0, 0, 2),), "interior_negative": ((-1, -2, 1),),
                 "interior_negative_positive": ((-4, 1, 2),), "crop_to_empty": ((-3, -1, 0),)}.items():
    case(f"shape.pad.{tag}", functools.partial(lambda x, p, c: lax.pad(x, p, c), c=cfg), F64([1.0, 2.0, 3.0, 4.0]), F64(9.0))
case("shape.pad.two_axes", lambda x, p: lax.pad(x, p, ((-1, 2, 0), (1, -1, 1))), A23, F64(0.5))
case("shape.pad.empty_operand", lambda x, p: lax.pad(x, p, ((1, 2, 1),)), F64(np.zeros((0,))), F64(0.5))
case("shape.pad.one_interior", lambda x, p: lax.pad(x, p, ((0, 0, 5),)), F64([1.0]), F64(0.5))
case("shape.pad.i32", lambda x: lax.pad(x, np.int32(7), ((1, 0, 1),)), I32([1, 2]))
case("shape.concatenate.0", lambda x, y: lax.concatenate([x, y], 0), A23, B23)
case("shape.concatenate.1", lambda x, y, z: lax.concatenate([x, y, z], 1), A23, B23[:, :1], F64(np.zeros((2, 0))))
case("shape.concatenate.one", lambda x: lax.concatenate([x], 0), A23)
case("shape.concatenate.same_twice", lambda x: lax.concatenate([x, x], 0), A23)
DS = rand("ds", 4, 3)
for i, j in [(0, 0), (1, 1), (3, 2), (9, 9), (-5, -1), (-1, 1)]:
    case(f"slice.dynamic_slice.{i}_{j}", lambda x, i, j: lax.dynamic_slice_p.bind(x, i, j, slice_sizes=(2, 2)), DS, I32(i), I32(j))
    case(f"slice.dynamic_update_slice.{i}_{j}", lambda x, u, i, j: lax.dynamic_update_slice_p.bind(x, u, i, j), DS, rand("dus", 2, 2), I32(i), I32(j))
case("slice.dynamic_slice.u8_index", lambda x, i: lax.dynamic_slice_p.bind(x, i, slice_sizes=(2,)), F64([1.0, 2.0, 3.0, 4.0]), U8(255))
case("slice.dynamic_slice.i64_index", lambda x, i: lax.dynamic_slice_p.bind(x, i, slice_sizes=(2,)), F64([1.0, 2.0, 3.0, 4.0]), I64(2**40))
case("slice.dynamic_slice.literal_index", lambda x, i: lax.dynamic_slice_p.bind(x, i, np.int32(1), slice_sizes=(1, 2)), DS, I32(2))
case("slice.dynamic_slice.whole", lambda x, i: lax.dynamic_slice_p.bind(x, i, slice_sizes=(4,)), F64([1.0, 2.0, 3.0, 4.0]), I32(3))
case("slice.dynamic_update_slice.empty", lambda x, u, i: lax.dynamic_update_slice_p.bind(x, u, i), F64([1.0, 2.0]), F64(np.zeros((0,))), I32(1))
case("slice.dynamic_slice.integers", lambda x, i: lax.dynamic_slice_p.bind(x, i, slice_sizes=(2,)), I32([1, 2, 3]), I32(1))

# ---------------------------------------------------------------- gather and scatter

G = lax.GatherDimensionNumbers
S = lax.ScatterDimensionNumbers
MODES = {"clip": "clip", "fill": "fill", "promise": "promise_in_bounds"}
OP43 = rand("op43", 4, 3)
IN = I32([[2], [0], [2]])
OUT = I32([[-1], [4], [3], [100], [-7]])


def gat(dn, sizes, mode, fill=None, **kw):
    return lambda x, i: lax.gather(x, i, dn, sizes, mode=mode, fill_value=fill, **kw)


ROWS = G(offset_dims=(1,), collapsed_slice_dims=(0,), start_index_map=(0,))
for tag, mode in MODES.items():
    case(f"gather.rows.{tag}", gat(ROWS, (1, 3), mode), OP43, IN)
    case(f"gather.partial_window.{tag}", gat(G((1,), (0,), (0, 1)), (1, 2), mode), OP43, I32([[1, 1], [3, 0], [0, 1]]))
    case(f"gather.batching_dims.{tag}", gat(G((), (1,), (1,), (0,), (0,)), (1, 1), mode), OP43, I32([[[2], [0]], [[1], [1]], [[0], [2]], [[2], [2]]]))
    case(f"gather.batching_dims_second.{tag}", gat(G((2,), (), (0,), (1,), (1,)), (2, 1), mode), OP43, I32([[[2], [0], [1]], [[1], [1], [0]]]))
for tag in ("clip", "fill"):
    mode = MODES[tag]
    case(f"gather.out_of_bounds.{tag}", gat(ROWS, (1, 3), mode), OP43, OUT)
    case(f"gather.window_overhangs.{tag}", gat(G((1,), (0,), (0, 1)), (1, 2), mode), OP43, I32([[1, 2], [3, -1], [4, 0]]))
    case(f"gather.batching_out_of_bounds.{tag}", gat(G((), (1,), (1,), (0,), (0,)), (1, 1), mode), OP43, I32([[[2]], [[3]], [[-1]], [[0]]]))
    case(f"gather.i32_operand.{tag}", gat(ROWS, (1, 2), mode), I32([[1, 2], [3, 4]]), I32([[1], [5]]))
    case(f"gather.u8_operand.{tag}", gat(ROWS, (1, 2), mode), U8([[1, 2], [3, 4]]), I32([[1], [5]]))
    case(f"gather.bool_operand.{tag}", gat(ROWS, (1, 2), mode), BOOL([[True, False], [False, False]]), I32([[1], [5]]))
    # (JAX narrows i64 indices to i32 before it tests them: 2**40 would be row 0 in mode fill, so it is not asked for there.)
    case(f"gather.i64_index.{tag}", gat(ROWS, (1, 3), mode), OP43, I64([[2**40 if tag == "clip" else 7], [1]]))
    case(f"gather.u8_index.{tag}", gat(ROWS, (1, 3), mode), OP43, U8([[255], [1]]))
case("gather.fill_value", gat(ROWS, (1, 3), "fill", -7.5), OP43, OUT)
case("gather.scalar_result", gat(G((), (0, 1), (0, 1)), (1, 1), "clip"), OP43, I32([2, 1]))
case("gather.index_map_swapped", gat(G((), (0, 1), (1, 0)), (1, 1), "clip"), OP43, I32([[2, 1], [0, 3]]))
case("gather.offset_first", gat(G((0,), (1,), (1,)), (4, 1), "clip"), OP43, I32([[2], [0]]))
case("gather.offset_both", gat(G((0, 2), (), (0,)), (2, 3), "clip"), OP43, I32([[2], [0], [3]]))
case("gather.two_batch_axes", gat(G((1,), (0,), (0,)), (1, 3), "clip"), OP43, I32([[[2], [0]]])[0])
case("gather.no_indices", gat(ROWS, (1, 3), "clip"), OP43, I32(np.zeros((0, 1))))
case("gather.empty_index_vector", gat(G((0, 1), (), ()), (4, 3), "clip"), OP43, I32(np.zeros((0,))))
case("gather.zero_size_slice", gat(G((1,), (0,), (0,)), (1, 0), "clip"), OP43, IN)
case("gather.sorted_unique", gat(ROWS, (1, 3), "clip", indices_are_sorted=True, unique_indices=True), OP43, I32([[0], [2]]))


def sca(op, dn, mode, **kw):
    f = getattr(lax, op)
    return lambda x, i, u: f(x, i, u, dn, mode=mode, **kw)


SROWS = S(update_window_dims=(1,), inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,))
UNIQ = I32([[2], [0], [3]])
UPD = rand("upd33", 3, 3)
for op in ["scatter", "scatter_add", "scatter_mul", "scatter_min", "scatter_max"]:
    n = op.replace("_", "-")
    for tag, mode in MODES.items():
        case(f"{n}.rows.{tag}", sca(op, SROWS, mode, unique_indices=True), OP43, UNIQ, UPD)
        case(f"{n}.batching_dims.{tag}", sca(op, S((), (1,), (1,), (0,), (0,)), mode, unique_indices=True), OP43, I32([[[2], [0]], [[1], [2]], [[0], [1]], [[2], [1]]]), rand("upd42", 4, 2))
    for tag in ("clip", "fill"):
        mode = MODES[tag]
        case(f"{n}.out_of_bounds.{tag}", sca(op, SROWS, mode, unique_indices=True), OP43, I32([[1], [-1], [4]])if tag == "fill" else I32([[1], [-1], [100]]), UPD)
        case(f"{n}.window_overhangs.{tag}", sca(op, S((1,), (0,), (0, 1)), mode, unique_indices=True), OP43, I32([[1, 2], [3, 0]]), rand("upd22", 2, 2))
        case(f"{n}.i32.{tag}", sca(op, S((), (0,), (0,)), mode), I32([5, -6, 7]), I32([[1], [1], [-1], [3]]), I32([2, 3, 4, 10]))
    case(f"{n}.repeated", sca(op, S((), (0,), (0,)), "clip"), F64([0.5, -1.0, 2.0]), I32([[1], [1], [0]]), F64([3.0, -2.0, 0.25]))
    case(f"{n}.scalar_update", sca(op, S((), (0, 1), (0, 1)), "clip", unique_indices=True), OP43, I32([2, 1]), F64(1.25))
    case(f"{n}.no_updates", sca(op, SROWS, "clip", unique_indices=True), OP43, I32(np.zeros((0, 1))), F64(np.zeros((0, 3))))
    case(f"{n}.f32", sca(op, S((), (0,), (0,)), "fill", unique_indices=True), F32([0.5, -1.0, 2.0]), I32([[2], [0]]), F32([3.0, -2.0]))
case("scatter-sub.rows", sca("scatter_sub", SROWS, "clip", unique_indices=True), OP43, UNIQ, UPD)
kink("scatter-min.ties", sca("scatter_min", S((), (0,), (0,)), "clip", unique_indices=True), F64([1.0, 2.0]), I32([[0], [1]]), F64([1.0, 3.0]))
kink("scatter-max.ties", sca("scatter_max", S((), (0,), (0,)), "clip", unique_indices=True), F64([1.0, 2.0]), I32([[0], [1]]), F64([1.0, 3.0]))
kink("scatter.repeated", sca("scatter", S((), (0,), (0,)), "clip"), F64([1.0, 2.0]), I32([[0], [0]]), F64([5.0, 6.0]))
kink("scatter-mul.zero", sca("scatter_mul", S((), (0,), (0,)), "clip", unique_indices=True), F64([0.0, 2.0, 3.0]), I32([[0], [1]]), F64([5.0, 0.0]))

# ---------------------------------------------------------------- calls

@jax.custom_jvp
def cube(x):
    return x * x * x


cube.defjvps(lambda t, ans, x: 3.0 * x * x * t)


@jax.custom_vjp
def sin_times(x, y):
    return jnp.sin(x) * y


sin_times.defvjp(lambda x, y: (jnp.sin(x) * y, (x, y)), lambda r, c: (c * jnp.cos(r[0]) * r[1], c * jnp.sin(r[0])))
inner = jax.jit(lambda x: jnp.sin(x) * 2.0)
case("call.jit", lambda x: inner(x), A23)
case("call.jit.twice", lambda x: inner(inner(x)), A23)
case("call.custom_jvp_call", cube, A23)
case("call.custom_vjp_call", sin_times, A23, B23)
case("call.remat2", jax.checkpoint(lambda x, y: jnp.sin(jnp.sin(x) * y)), A23, B23)
case("call.remat2.policy", jax.checkpoint(lambda x, y: jnp.sin(x @ y), policy=jax.checkpoint_policies.dots_saveable), A23, rand("rm", 3, 2))
case("call.name", lambda x: checkpoint_name(x, "h"), A23)
case("call.optimization_barrier", lambda x, y: lax.optimization_barrier((x, y)), A23, B23)

# ---------------------------------------------------------------- kinks that are not one primitive's special row above

kink("max.ties", lax.max, F64([1.0, 0.0, -2.0]), F64([1.0, 0.0, -2.0]))
kink("min.ties", lax.min, F64([1.0, 0.0, -2.0]), F64([1.0, 0.0, -2.0]))
kink("max.signed_zeros", lax.max, F64([0.0, -0.0]), F64([-0.0, 0.0]))
kink("relu.max_with_literal", lambda x: lax.max(x, 0.0), F64([-1.0, -0.0, 0.0, 1.0]))
kink("relu.jax_nn", jax.nn.relu, F64([-1.0, -0.0, 0.0, 1.0]))
kink("relu6.jax_nn", jax.nn.relu6, F64([-1.0, 0.0, 3.0, 6.0, 7.0]))
kink("leaky_relu.jax_nn", jax.nn.leaky_relu, F64([-1.0, -0.0, 0.0, 1.0]))
kink("clip.jnp", lambda x: jnp.clip(x, 0.0, 1.0), F64([-1.0, 0.0, 0.5, 1.0, 2.0]))
kink("where.relu", lambda x: jnp.where(x > 0, x, 0.0), F64([-1.0, 0.0, 1.0]))
kink("where.sqrt_of_masked_zero", lambda x: jnp.where(x > 0, jnp.sqrt(x), 0.0), F64([0.0, 1.0]))
kink("abs.at_0", lax.abs, F64([-1.0, -0.0, 0.0, 1.0]))
kink("sqrt.at_0", lax.sqrt, F64([0.0, -1.0, 4.0]))
kink("cbrt.at_0", lax.cbrt, F64([0.0, 8.0, -8.0]))
kink("rsqrt.at_0", lax.rsqrt, F64([0.0, 4.0]))
kink("log.at_0", lax.log, F64([0.0, -1.0, 2.0]))
kink("log1p.at_minus_1", lax.log1p, F64([-1.0, -2.0, 0.0]))
kink("asin.ends", lax.asin, F64([-1.0, 1.0, 1.5]))
kink("acos.ends", lax.acos, F64([-1.0, 1.0, 1.5]))
kink("acosh.at_1", lax.acosh, F64([1.0, 0.5]))
kink("atanh.ends", lax.atanh, F64([-1.0, 1.0, 1.5]))
kink("erf_inv.ends", lax.erf_inv, F64([-1.0, 1.0, 0.0, 1.5]))
kink("lgamma.poles", lax.lgamma, F64([0.0, -1.0, -2.0, 1.0, 2.0]))
kink("digamma.poles", lax.digamma, F64([0.0, -1.0, -2.0, 1.0]))
kink("atan2.at_0", lax.atan2, F64([0.0, 0.0, -0.0, 0.0, 1.0]), F64([0.0, -0.0, 0.0, -1.0, 0.0]))
kink("rem.at_multiples", lax.rem, F64([4.0, -4.0, 5.0, -5.0, 5.0, 0.0, 7.0]), F64([2.0, 2.0, 3.0, 3.0, -3.0, 3.0, INF]))
kink("rem.by_0", lax.rem, F64([1.0, 0.0]), F64([0.0, 0.0]))
kink("div.by_0", lax.div, F64([1.0, -1.0, 0.0]), F64([0.0, 0.0, 0.0]))
kink("floor.at_integers", lax.floor, F64([1.0, 1.5]))
kink("round.at_halves", lambda x: lax.round(x, lax.RoundingMethod.TO_NEAREST_EVEN), F64([0.5, 1.5, 1.0]))
kink("nextafter", lax.nextafter, F64([1.0]), F64([2.0]))
kink("select_n", lax.select_n, BOOL([False, True]), F64([1.0, 2.0]), F64([3.0, 4.0]))
kink("stop_gradient", lambda x: x * lax.stop_gradient(x), F64([2.0, -3.0]))
kink("convert.float_to_int_and_back", lambda x: lax.convert_element_type(lax.convert_element_type(x, "int32"), "float64"), F64([1.5, -2.0]))
kink("reduce_precision", lambda x: lax.reduce_precision(x, 5, 10), F64([0.1, 1e6]))
kink("norm.at_0", lambda x: lax.sqrt(lax.reduce_sum(lax.mul(x, x), (0,))), F64([0.0, 0.0]))
kink("norm.jnp_at_0", jnp.linalg.norm, F64([0.0, 0.0]))
kink("logsumexp.some_minus_inf", jax.nn.logsumexp, F64([-INF, 0.0, 1.0]))
kink("logsumexp.all_minus_inf", jax.nn.logsumexp, F64([-INF, -INF]))
kink("logsumexp.plus_inf", jax.nn.logsumexp, F64([INF, 0.0]))
kink("logsumexp.empty_tie", jax.nn.logsumexp, F64([2.0, 2.0]))
kink("softmax.minus_inf", jax.nn.softmax, F64([-INF, 0.0, 1.0]))
kink("softmax.all_minus_inf", jax.nn.softmax, F64([-INF, -INF]))
kink("log_softmax.minus_inf", jax.nn.log_softmax, F64([-INF, 0.0, 1.0]))
kink("logaddexp.specials", jnp.logaddexp, F64([-INF, -INF, INF, INF, 0.0, NAN]), F64([-INF, 0.0, INF, 0.0, 0.0, 0.0]))
kink("softplus.large", jax.nn.softplus, F64([-1000.0, 0.0, 1000.0]))
kink("sinc.at_0", jnp.sinc, F64([0.0, 1.0, 0.5]))
kink("var.of_one", lambda x: jnp.var(x), F64([2.0]))
kink("std.of_equal", lambda x: jnp.std(x), F64([2.0, 2.0]))
kink("max.jnp_ties", jnp.max, F64([1.0, 3.0, 3.0]))
kink("argmax.then_take", lambda x: x[jnp.argmax(x)], F64([1.0, 3.0, 3.0]))
kink("median.ties", jnp.median, F64([2.0, 1.0, 2.0, 3.0]))
kink("prod.jnp_zero", jnp.prod, F64([0.0, 2.0, 3.0]))
kink("x_to_x.at_0", lambda x: lax.pow(x, x), F64([0.0, 1.0]))
kink("gather.out_of_bounds_fill", gat(ROWS, (1, 3), "fill"), OP43, OUT)
kink("gather.out_of_bounds_clip", gat(ROWS, (1, 3), "clip"), OP43, OUT)
kink("dynamic_slice.clamped", lambda x, i: lax.dynamic_slice_p.bind(x, i, slice_sizes=(2,)), F64([1.0, 2.0, 3.0]), I32(9))


def main():
    names = [c["name"] for c in CASES]
    assert len(set(names)) == len(names), [n for n in names if names.count(n) > 1]
    write_cases(HERE / "primitives.json", CASES)
    for c in CASES:
        if "jvp_error" in c or "vjp_error" in c:
            print("no rule in JAX:", c["name"], c.get("jvp_error"), "|", c.get("vjp_error"))
    print(len(CASES), "cases")


if __name__ == "__main__":
    main()
