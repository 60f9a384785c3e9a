"""Prints scalar_golden.txt, the golden points of src/scalar/tests.rs: python3 scalar_golden.py > scalar_golden.txt

Needs mpmath (written with 1.4.1). A line is: function, arguments, the nearest f64 of the value, and how far the
value lies above it in units of the last place. All arguments are f32 numbers, so both widths share the table.
The working precision is 120 digits, because mpmath's Hurwitz zeta loses most of them at 50.
"""
import struct
import mpmath as mp

mp.mp.dps = 120

def single(x):
    return struct.unpack("f", struct.pack("f", x))[0]

def lgamma(x):
    return mp.log(abs(mp.gamma(x)))

def polygamma(n, x):
    if n == 0 or x < 0:
        return mp.polygamma(int(n), x)
    return (-1) ** (int(n) + 1) * mp.factorial(int(n)) * mp.zeta(int(n) + 1, x)

small = [1e-6, -0.003, 0.11, -0.24, 0.37, -0.45]
wide = small + [0.73, -0.95, 1.19, 1.4, -2.6, 7.5, -19.0]
unit = small + [0.73, -0.95, 0.9999]
positive = [1e-30, 0.003, 0.46, 0.98, 1.03, 2.7, 7.5, 1234.5, 1e30]
angles = small + [1.5, -3.1415925, 22.0, 1e5, -3.7e22]
gamma = [1e-6, 0.3, 0.99, 1.46, 1.4616321, 2.01, 3.3, 7.7, 25.5, 1e6, -1e-6, -0.7, -1.5, -2.4570246, -2.7, -3.99, -6.1, -15.5, -33.3]
table = [
    ("exp", mp.exp, wide + [80.5, -80.5]),
    ("exp2", lambda x: mp.mpf(2) ** x, wide + [100.5, -100.25]),
    ("expm1", mp.expm1, wide + [80.5, -30.0]),
    ("log", mp.log, positive),
    ("log1p", mp.log1p, unit + [7.5, 1e30]),
    ("sqrt", mp.sqrt, positive),
    ("rsqrt", lambda x: 1 / mp.sqrt(x), positive),
    ("cbrt", lambda x: mp.sign(x) * mp.cbrt(abs(x)), positive + [-3.3]),
    ("sin", mp.sin, angles), ("cos", mp.cos, angles), ("tan", mp.tan, angles),
    ("asin", mp.asin, unit), ("acos", mp.acos, unit), ("atan", mp.atan, wide + [1e10]),
    ("sinh", mp.sinh, wide + [50.0]), ("cosh", mp.cosh, wide + [50.0]), ("tanh", mp.tanh, wide),
    ("asinh", mp.asinh, wide + [1e30, 4e-3]),
    ("acosh", mp.acosh, [1.0001, 1.03, 1.5, 2.6, 77.0, 1e30]),
    ("atanh", mp.atanh, unit),
    ("logistic", lambda x: 1 / (1 + mp.exp(-x)), wide + [-1.9, -4.85, -80.0]),
    ("erf", mp.erf, wide[:-1] + [0.83, 1.3]),
    ("erfc", mp.erfc, wide[:-2] + [0.83, 1.32, 4.2, 8.9]),
    ("erf_inv", mp.erfinv, unit + [0.997, -0.99999]),
    ("lgamma", lgamma, gamma), ("digamma", mp.digamma, gamma),
    ("polygamma", polygamma, [(1, 1e-3), (1, 0.7), (2, 3.3), (3, 0.1), (4, 12.0), (7, 55.5), (19, 12.85), (1, -0.3), (2, -5.2), (3, -47.3)]),
    ("zeta", mp.zeta, [(1.1, 2.0), (2.0, 0.5), (3.5, 7.0), (20.0, 3.0), (25.5, 30.25)]),
    ("pow", lambda x, y: x**y, [(1.1, 2.5), (0.3, -7.7), (7.0, 0.01), (-3.0, 7.0), (1.0001, 1e5)]),
    ("atan2", mp.atan2, [(1.0, 2.0), (1.0, -2.0), (-3.0, -0.1), (-1e-10, 5.0)]),
    ("logaddexp", lambda x, y: mp.log(mp.exp(x) + mp.exp(y)), [(1.0, 2.0), (-3.0, -3.0), (0.5, -20.0), (90.0, 95.5)]),
]
for name, f, points in table:
    for point in points:
        arguments = [single(a) for a in (point if isinstance(point, tuple) else (point,))]
        value = f(*map(mp.mpf, arguments))
        nearest = float(value)
        exponent = int(mp.frexp(value)[1])
        above = float((value - mp.mpf(nearest)) / mp.mpf(2) ** max(exponent - 53, -1074))
        print(name, *map(repr, arguments), repr(nearest), f"{above:.3f}")
