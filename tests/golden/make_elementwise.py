"""elementwise.json: exact values of the elementwise functions, rounded to the nearest f64.

The points are f64 values; the expected values are computed by mpmath with 100 digits and rounded once (through an exact
fraction, so also right for subnormal results). Zeros, infinities, NaN, poles and the ends of domains are written by
hand, as IEEE 754 and the C library have them; digamma and polygamma, which no standard covers, are at a pole (0 and -0
too) the limit where both sides agree and NaN where they do not, and NaN at minus infinity.
"""

import fractions
import math
import warnings

import mpmath
import numpy as np
from jax import lax

from common import HERE, encode, write_cases

warnings.simplefilter("ignore")
mpmath.mp.dps = 100
M = mpmath.mp
INF, NAN = math.inf, math.nan
TINY, SUB, MAX, EPS = 2.0**-1022, 5e-324, 1.7976931348623157e308, 2.0**-52


def rounded(v):
    """The f64 nearest to an mpmath number."""
    v = M.mpf(v)
    if v == 0 or not M.isfinite(v):
        return float(v)
    sign, man, exp, bits = v._mpf_
    if exp + bits > 1030:
        return -INF if sign else INF
    if exp + bits < -1080:
        return -0.0 if sign else 0.0
    man = int(man)
    q = fractions.Fraction(man * 2**exp) if exp >= 0 else fractions.Fraction(man, 2**-exp)
    try:
        r = float(q)
    except OverflowError:
        r = INF
    return -r if sign else r


def lgamma(x):
    return M.re(M.loggamma(x)) if x > 0 else M.log(abs(M.pi / (M.sin(M.pi * x) * M.gamma(1 - x)))) if x > -1e4 else M.log(M.pi) - M.log(abs(M.sin(M.pi * x))) - M.re(M.loggamma(1 - x))


def digamma(x):
    return M.digamma(x) if x > 0 else M.digamma(1 - x) - M.pi / M.tan(M.pi * x)


def cbrt(x):
    return M.sign(x) * M.cbrt(abs(x))


SPAN = [1e-300, 1e-20, 2.0**-30, 1e-5, 0.001, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0, 1.1, 1.5, 2.0, math.e, 3.0, math.pi, 5.0, 7.5, 10.0]
BOTH = sorted([-x for x in SPAN]) + SPAN
TRIG = [0.7853981633974483, 1.5707963267948966, 3.141592653589793, 6.283185307179586, 4.71238898038469, 22.0, 355.0, 710.0, 1e5, 1e10, 5.319372648326541e255, 1e300, MAX, TINY, SUB]
NEAR1 = [1 - EPS / 2, 1 + EPS, 1 - 1e-10, 1 + 1e-10, 0.999, 1.001]
UNIT = [-x for x in (TINY, SUB, 1e-300, 1e-20, 1e-9, 1e-5, 0.01, 0.1, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.99, 0.999999, 1 - 1e-12, 1 - EPS / 2)]
UNIT = UNIT + [-x for x in UNIT]
POS = [SUB, TINY, 1e-300, 1e-100, 1e-20, 1e-10, 1e-5, 0.001, 0.1, 0.25, 0.5, 0.7071067811865476, 0.75, 0.9, 1.0, 1.1, 1.4142135623730951, 1.5, 2.0, math.e, 3.0, 5.0, 7.0, 10.0, 100.0, 1234.5, 1e5, 1e10, 2.0**53, 1e100, 1e300, MAX] + NEAR1
EXP = BOTH[::2] + [TINY, SUB, -SUB, 20.0, -20.0, 37.0, -37.0, 100.0, -100.0, 345.6, -345.6, 700.0, -700.0, 708.0, -708.0, 709.782712893384, 709.7827128933841, -740.0, -745.0, -745.2, 1e4, -1e4]
GAMMA_POS = [1e-300, 1e-20, 1e-10, 1e-5, 0.01, 0.1, 0.25, 0.5, 0.9, 1.1, 1.4616321449683622, 1.5, 1.9, 2.1, 2.5, 3.0, 4.5, 6.0, 7.5, 10.0, 15.5, 33.3, 100.0, 171.5, 1000.0, 12345.6, 1e6, 1e10, 1e20, 1e100]
GAMMA_NEG = [-1e-10, -0.01, -0.25, -0.5, -0.75, -1.5, -2.25, -2.4570247382208, -3.75, -5.5, -10.3, -33.3, -100.7]
PM = [0.0, -0.0, INF, -INF, NAN]
ODD = (0.0, -0.0, INF, -INF, NAN)  # values at +0, -0, +inf, -inf, NaN

# name: (mpmath function, points, values at PM, other special points)
TABLE = {
    "exp": (M.exp, EXP, (1.0, 1.0, INF, 0.0, NAN), {}),
    "exp2": (lambda x: M.mpf(2) ** x, BOTH[::2] + [SUB, 20.0, -20.0, 52.5, -52.5, 100.25, -100.25, 1000.1, -1000.1, 1023.0, 1023.9999999999999, 1024.0, -1022.0, -1022.5, -1074.0, -1074.5, -1075.0, -1076.0, 1e5, -1e5], (1.0, 1.0, INF, 0.0, NAN), {}),
    "expm1": (M.expm1, EXP, (0.0, -0.0, INF, -1.0, NAN), {}),
    "log": (M.log, POS, (-INF, -INF, INF, NAN, NAN), {-1.0: NAN, -SUB: NAN}),
    "log1p": (M.log1p, [-x for x in (SUB, TINY, 1e-300, 1e-20, 1e-10, 1e-5, 0.01, 0.25, 0.5, 0.75, 0.9, 0.999, 1 - EPS / 2)] + POS[:26], (0.0, -0.0, INF, NAN, NAN), {-1.0: -INF, -1.5: NAN}),
    "sqrt": (M.sqrt, POS, (0.0, -0.0, INF, NAN, NAN), {-1.0: NAN, -SUB: NAN}),
    "rsqrt": (lambda x: 1 / M.sqrt(x), POS, (INF, -INF, 0.0, NAN, NAN), {-1.0: NAN}),
    "cbrt": (cbrt, POS[::2] + [-x for x in POS[1::2]] + [8.0, -27.0, 1e-9, 1e15], ODD, {}),
    "sin": (M.sin, BOTH[::2] + TRIG + [-x for x in TRIG[5:10]], (0.0, -0.0, NAN, NAN, NAN), {}),
    "cos": (M.cos, BOTH[::2] + TRIG + [-x for x in TRIG[5:10]], (1.0, 1.0, NAN, NAN, NAN), {}),
    "tan": (M.tan, BOTH[::2] + TRIG + [-x for x in TRIG[5:10]], (0.0, -0.0, NAN, NAN, NAN), {}),
    "asin": (M.asin, UNIT, (0.0, -0.0, NAN, NAN, NAN), {1.0: math.pi / 2, -1.0: -math.pi / 2, 1 + EPS: NAN, -2.0: NAN}),
    "acos": (M.acos, UNIT, (math.pi / 2, math.pi / 2, NAN, NAN, NAN), {1.0: 0.0, -1.0: math.pi, 1 + EPS: NAN, -2.0: NAN}),
    "atan": (M.atan, BOTH[::2] + [TINY, SUB, 1e5, -1e5, 1e10, 1e16, -1e16, 1e300, MAX, -MAX] + NEAR1, (0.0, -0.0, math.pi / 2, -math.pi / 2, NAN), {}),
    "sinh": (M.sinh, EXP + [710.4, -710.4, 711.0], ODD, {}),
    "cosh": (M.cosh, EXP + [710.4, -710.4, 711.0], (1.0, 1.0, INF, INF, NAN), {}),
    "tanh": (M.tanh, BOTH[::2] + [TINY, SUB, 0.0001, -0.02, 0.55, 0.625, 18.0, 19.0, 19.1, -22.0, 50.0, 1e5, -MAX], (0.0, -0.0, 1.0, -1.0, NAN), {}),
    "asinh": (M.asinh, BOTH[::2] + [TINY, SUB, 100.0, -1e5, 1e10, 1e100, -1e155, 1e300, MAX, -MAX, 2.0**28, -(2.0**29)], ODD, {}),
    "acosh": (M.acosh, [1 + EPS, 1 + 4 * EPS, 1 + 1e-12, 1 + 1e-9, 1 + 1e-6, 1.0001, 1.001, 1.01, 1.1, 1.25, 1.5, 1.75, 2.0, math.e, 3.0, 5.0, 10.0, 30.0, 100.0, 1e3, 1e5, 2.0**28, 1e10, 1e50, 1e100, 1e155, 1e300, MAX], (NAN, NAN, INF, NAN, NAN), {1.0: 0.0, 1 - EPS / 2: NAN, -2.0: NAN}),
    "atanh": (M.atanh, UNIT, (0.0, -0.0, NAN, NAN, NAN), {1.0: INF, -1.0: -INF, 1 + EPS: NAN}),
    "logistic": (lambda x: 1 / (1 + M.exp(-x)), EXP, (0.5, 0.5, 1.0, 0.0, NAN), {}),
    "erf": (M.erf, BOTH[::2] + [TINY, SUB, 0.45, 0.84, -0.8437, 0.85, 1.25, 2.5, -2.5, 2.86, 4.0, 5.5, 5.9, 6.0, -6.5, 27.0, 1e10, -MAX], (0.0, -0.0, 1.0, -1.0, NAN), {}),
    "erfc": (M.erfc, BOTH[::2] + [TINY, SUB, 0.45, 0.84, -0.8437, 0.85, 1.25, 2.5, -2.5, 2.86, 4.0, 5.5, 5.9, 6.0, -6.5, 9.0, 15.0, 20.0, 25.0, 26.5, 26.6, 27.0, 27.2, 28.0, 1e10, -MAX], (1.0, 1.0, 0.0, 2.0, NAN), {}),
    "erf_inv": (M.erfinv, UNIT, (0.0, -0.0, NAN, NAN, NAN), {1.0: INF, -1.0: -INF, 1 + EPS: NAN, -2.0: NAN}),
    "lgamma": (lgamma, [SUB, TINY] + GAMMA_POS + [2.5e305] + GAMMA_NEG + [-1e5 - 0.5], (INF, INF, INF, INF, NAN), {1.0: 0.0, 2.0: 0.0, -1.0: INF, -2.0: INF, -1e300: INF, MAX: INF}),
    "digamma": (digamma, GAMMA_POS + GAMMA_NEG, (NAN, NAN, INF, NAN, NAN), {-1.0: NAN, -2.0: NAN, -1e300: NAN}),
}


def polygamma(n, x):
    return M.polygamma(n, x) if x > 0 else (M.mpf(-1) ** n) * M.polygamma(n, 1 - x) - M.pi * M.diff(lambda t: M.cot(M.pi * t), x, n)


def polygamma_special(n):
    pole = INF if n % 2 == 1 else NAN  # even orders change sign across a pole
    return (pole, pole, INF if n == 0 else 0.0 if n % 2 == 1 else -0.0, NAN, NAN), {-1.0: pole, -2.0: pole}


def points(f, xs, pm, other):
    xs = [x for i, x in enumerate(xs) if x not in xs[:i]]
    xy = [(x, rounded(f(M.mpf(x)))) for x in xs]
    xy += list(zip(PM, pm)) + list(other.items())
    return np.array([p[0] for p in xy]), np.array([p[1] for p in xy])


def ulps(got, want):
    ok = np.isfinite(got) & np.isfinite(want) & (want != 0)
    if not ok.any():
        return 0.0
    return float(np.max(np.abs(got[ok] - want[ok]) / np.spacing(np.abs(want[ok]))))


def main():
    cases = []
    for name, (f, xs, pm, other) in TABLE.items():
        x, y = points(f, xs, pm, other)
        cases.append({"name": name, "x": encode(x), "y": encode(y)})
    for n in range(5):
        pm, other = polygamma_special(n)
        xs = GAMMA_POS[2:] + GAMMA_NEG[1:]
        x, y = points(lambda v: polygamma(n, v) if n else digamma(v), xs, pm, other)
        cases.append({"name": "polygamma", "n": n, "x": encode(x), "y": encode(y)})
    write_cases(HERE / "elementwise.json", cases)
    print("how far JAX's f64 functions are from these (ulp of finite values; where the class of value differs, x: JAX, here)")
    dec = lambda a: np.array([float(v.replace("Infinity", "inf")) if isinstance(v, str) else v for v in a["data"]])
    for c in cases:
        x, y = dec(c["x"]), dec(c["y"])
        g = np.asarray(getattr(lax, c["name"])(x) if "n" not in c else lax.polygamma(np.full_like(x, c["n"]), x))
        bad = [(float(a), float(b), float(w)) for a, b, w in zip(x, g, y) if not (np.isnan(b) and np.isnan(w)) and not (np.isfinite(b) and np.isfinite(w)) and b != w]
        lost = [(float(a), float(b), float(w)) for a, b, w in zip(x, g, y) if b == 0 and w != 0 or b != 0 and w == 0]
        print(f"{c['name']}{c.get('n', '')}: {len(x)} points, {ulps(g, y):.3g}", *([("class", bad)] if bad else []), *([("zero", lost)] if lost else []))


if __name__ == "__main__":
    main()
