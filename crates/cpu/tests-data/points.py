"""Prints points of the elementary functions with many digits: python3 points.py [COUNT] > points.txt

Needs mpmath (written with 1.4.1). A line is: function, arguments, the nearest f64 of the value, and how far the value
lies above it in units of the last place, as in pullback-ir's scalar_golden.txt. COUNT is the number of points of each
function, 24 in the file that is committed; docs/ACCURACY.md was measured on 20000. The points are random, with a fixed
seed: a third each logarithmic over the whole domain, even over its middle, and close to where the formulas change.
"""
import math
import random
import sys
import mpmath as mp

mp.mp.dps = 60
COUNT = int(sys.argv[1]) if len(sys.argv) > 1 else 24
random.seed(20261125)
LN2, PI = math.log(2), math.pi

def erf_inv(x):
    y = mp.erfinv(x)
    for _ in range(2):
        error = mp.erf(y) - x if abs(x) < 0.5 else mp.sign(x) * ((1 - abs(x)) - mp.erfc(abs(y)))
        y -= error * mp.sqrt(mp.pi) / 2 * mp.exp(y * y)
    return y

def logarithmic(low, high):
    return lambda: math.exp(random.uniform(math.log(low), math.log(high)))

def either(f):
    return lambda: random.choice((-1, 1)) * f()

def even(low, high):
    return lambda: random.uniform(low, high)

def near(*places):
    return lambda: random.choice(places) * (1 + random.choice((-1, 1)) * math.exp(random.uniform(math.log(1e-15), math.log(0.1))))

halves = [LN2 / 2 * k for k in range(-9, 10, 2)]
quarters = [PI / 4 * k for k in range(-9, 10)] + [1e5, 1e8]
everywhere = either(logarithmic(1e-300, 1e300))
unit = [either(logarithmic(1e-300, 1)), even(-1, 1), near(1 / math.sqrt(2), 0.5, -0.5, 0.8, 1 - 1e-3)]
positive = [logarithmic(1e-307, 1e307), even(0.1, 10), near(1, 0.5, math.sqrt(0.5), math.sqrt(2))]
table = [
    ("exp", mp.exp, [either(logarithmic(1e-20, 700)), even(-5, 5), near(*halves)]),
    ("exp2", lambda x: mp.mpf(2) ** x, [either(logarithmic(1e-20, 1000)), even(-5, 5), near(0.5, -0.5, 1.5)]),
    ("expm1", mp.expm1, [either(logarithmic(1e-300, 700)), even(-3, 3), near(*halves)]),
    ("logistic", lambda x: 1 / (1 + mp.exp(-x)), [either(logarithmic(1e-300, 700)), even(-5, 5), near(*halves)]),
    ("log", mp.log, positive),
    ("log1p", mp.log1p, [logarithmic(1e-300, 1e300), even(-1, 3), near(-0.5, math.sqrt(2) - 1, math.sqrt(0.5) - 1, 1e-8, -0.99)]),
    ("rsqrt", lambda x: 1 / mp.sqrt(x), positive),
    ("cbrt", lambda x: mp.sign(x) * mp.cbrt(abs(x)), [everywhere, even(-9, 9), near(1, 2, 4, 0.7071)]),
    ("sin", mp.sin, [everywhere, even(-10, 10), near(*quarters)]),
    ("cos", mp.cos, [everywhere, even(-10, 10), near(*quarters)]),
    ("tan", mp.tan, [everywhere, even(-10, 10), near(*quarters)]),
    ("asin", mp.asin, unit), ("acos", mp.acos, unit),
    ("atan", mp.atan, [everywhere, even(-4, 4), near(0.4142, 1, 2.4142, -1)]),
    ("sinh", mp.sinh, [either(logarithmic(1e-300, 710)), even(-5, 5), near(*halves)]),
    ("cosh", mp.cosh, [either(logarithmic(1e-300, 710)), even(-5, 5), near(*halves)]),
    ("tanh", mp.tanh, [either(logarithmic(1e-300, 30)), even(-5, 5), near(*halves)]),
    ("asinh", mp.asinh, [everywhere, even(-4, 4), near(1, 0.5, 0.1)]),
    ("acosh", mp.acosh, [lambda: 1 + logarithmic(1e-15, 1e300)(), even(1, 4), near(1.1, 1.5, 2)]),
    ("atanh", mp.atanh, unit),
    ("erf", mp.erf, [either(logarithmic(1e-300, 6)), even(-3, 3), near(1.1, 1.2, 1, -0.5)]),
    ("erfc", mp.erfc, [either(logarithmic(1e-300, 26)), even(-3, 5), near(0.5, 1, 4)]),
    ("erf_inv", erf_inv, [either(logarithmic(1e-300, 1)), even(-1, 1), lambda: 1 - logarithmic(1e-15, 0.1)()]),
    ("pow", lambda x, y: x**y, None),
    ("atan2", mp.atan2, None),
    ("lgamma", lambda x: mp.re(mp.loggamma(x)), [everywhere, even(-4, 12), near(1, 2, 0.5, 1.5, 2.5, 8.5)]),
    ("digamma", mp.digamma, [everywhere, even(-4, 12), near(1.4616321449683622, 1, 2.2, 3.2, 8)]),
]

# Where a correction of the formulas counts most; without it the budget is missed.
hard = {
    "log1p": [0.41421356251791913, 0.42029577209565133, 0.41421356237373436, 0.4210332161077697],
    "atanh": [0.18790414970237923, 0.10888294524061348],
    "erf": [1.0993541266484992, 1.0430517824052594],
    "log": [0.7061192543486852, 1.4135146646760746],
    "expm1": [0.39302074899369444, 0.3880513696999111, 0.39049484383845634],
    "sinh": [-0.35386904580829714, -0.3465735903170457],
    "tanh": [0.3465799317643765, 4.509562279188831],
    "sin": [float(k * mp.pi) for k in (22, 355, 10**6 + 3, 10**8 + 1, 2 * 10**8 + 7, 3 * 10**8)],
    "cos": [float((k + 0.5) * mp.pi) for k in (22, 355, 10**6 + 3, 10**8 + 1, 2 * 10**8 + 7)],
}

def points(name, samplers):
    for x in hard.get(name, []):
        yield (x,)
    for k in range(COUNT):
        if name == "pow":
            x = (logarithmic(1e-300, 1e300), even(0.2, 5), near(1))[k % 3]()
            # So that the power is a finite normal number.
            yield x, random.uniform(-1, 1) * (700 / abs(math.log(x)) if k % 2 else 3)
        elif name == "atan2":
            yield (everywhere(), everywhere()) if k % 3 == 0 else (even(-2, 2)(), even(-2, 2)())
        else:
            yield (samplers[k % 3](),)

for name, f, samplers in table:
    for arguments in points(name, samplers):
        try:
            value = f(*map(mp.mpf, arguments))
        except (ValueError, ZeroDivisionError):
            continue
        if not isinstance(value, mp.mpf) or not 1e-307 < abs(value) < 1e308:
            continue
        nearest = float(value)
        unit_in_last = mp.mpf(2) ** (math.frexp(nearest)[1] - 53)
        print(name, *map(repr, arguments), repr(nearest), mp.nstr((value - nearest) / unit_in_last, 3))
