"""Prints coefficients.rs: python3 coefficients.py > coefficients.rs && rustfmt coefficients.rs

Needs mpmath, and gmpy2 to take two minutes instead of twenty. Each polynomial is the minimax one for the error that
matters in its place (Remez's exchange on a grid). Rounding the coefficients one after the
other, the lowest first, and fitting the remaining ones anew after each is tried beside rounding each by itself.
"""
import sys
import mpmath as mp

mp.mp.dps = 45
PI, LN2 = mp.pi, mp.log(2)

def rounded(x, bits):
    if x == 0:
        return mp.mpf(0)
    scale = mp.mpf(2) ** (bits - int(mp.frexp(x)[1]))
    return mp.nint(x * scale) / scale

def remez(ts, gs, ws, n):
    """The n coefficients c with the least max |w (sum c_j t^j - g)| on the grid, and that maximum."""
    rows = [[t**j for j in range(n)] for t in ts]
    pick = [(2 * i + 1) * len(ts) // (2 * n + 2) for i in range(n + 1)]
    for _ in range(100):
        a, b = mp.matrix(n + 1), mp.matrix(n + 1, 1)
        for i, k in enumerate(pick):
            for j in range(n):
                a[i, j] = rows[k][j]
            a[i, n] = (-1) ** i / ws[k]
            b[i] = gs[k]
        solution = mp.lu_solve(a, b)
        c, level = [solution[j] for j in range(n)], abs(solution[n])
        errors = [w * (sum(x * y for x, y in zip(c, row)) - g) for row, g, w in zip(rows, gs, ws)]
        worst = max(map(abs, errors))
        if worst < level * mp.mpf("1.005"):
            return c, worst
        # The largest error of each run of equal signs; the smaller end goes while there are too many.
        extrema = []
        for k, e in enumerate(errors):
            if extrema and (e > 0) == (errors[extrema[-1]] > 0):
                if abs(e) > abs(errors[extrema[-1]]):
                    extrema[-1] = k
            else:
                extrema.append(k)
        while len(extrema) > n + 1:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        if len(extrema) == n + 1:
            pick = extrema
            continue
        # Too few: the worst point alone replaces its neighbour of the same sign.
        k = max(range(len(errors)), key=lambda k: abs(errors[k]))
        at = sum(p < k for p in pick)
        sides = [i for i in (at - 1, at) if 0 <= i <= n and (errors[pick[i]] > 0) == (errors[k] > 0)]
        if sides:
            pick[sides[0]] = k
        else:
            pick = [k] + pick[:-1] if at == 0 else pick[1:] + [k]
    return c, worst

def staged(ts, gs, ws, c, bits):
    """The coefficients rounded one after the other, the lowest first; in f64 only four, where it matters."""
    fixed = []
    for left in range(len(c) - 1, -1, -1):
        fixed.append(rounded(c[0], bits))
        gs = [(y - fixed[-1]) / t for y, t in zip(gs, ts)]
        ws = [w * abs(t) for w, t in zip(ws, ts)]
        if bits == 53 and len(fixed) == 4:
            return fixed + [rounded(x, bits) for x in remez(ts, gs, ws, left)[0]]
        if left:
            c, _ = remez(ts, gs, ws, left)
    return fixed

def fit(name, bits, g, lo, hi, n, weight, doc):
    """Prints the coefficients, lowest first, of the polynomial for g on [lo, hi]."""
    lo, hi = mp.mpf(lo), mp.mpf(hi)
    count = 24 * n + 40
    ts = [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(PI * (2 * i + 1) / (2 * count)) for i in range(count)]
    ts = [t for t in ts if abs(t) > 1e-9]
    gs, ws = [g(t) for t in ts], [abs(weight(t)) for t in ts]
    c, level = remez(ts, gs, ws, n)
    # Errors change sign at t = 0, where the fit in stages may fail to converge.
    candidates = [[rounded(x, bits) for x in c], staged(ts, gs, ws, c, bits)]
    distance = lambda c: max(abs(w * (sum(x * t**j for j, x in enumerate(c)) - y)) for t, y, w in zip(ts, gs, ws))
    fixed = min(candidates, key=distance)
    worst = distance(fixed)
    print(f"{name}: {n} coefficients, minimax {mp.nstr(mp.log(level, 2), 4)}, rounded {mp.nstr(mp.log(worst, 2), 4)}", file=sys.stderr)
    print(f"/// {doc}; error 2^{mp.nstr(mp.log(worst, 2), 3)}.")
    print(f"pub(super) const {name}: [f64; {n}] = [{', '.join(repr(float(x)) for x in fixed)}];")

def both(name, g, lo, hi, n32, n64, weight, doc):
    for suffix, bits, n in (("32", 24, n32), ("64", 53, n64)):
        if n:
            fit(f"{name}_{suffix}", bits, g, lo, hi, n, weight, doc)

def parts(name, value, bits, cuts, doc):
    """A constant as a sum of floats; `cuts` gives the bits kept in each."""
    out = []
    for cut in cuts:
        out.append(rounded(value, cut))
        value -= out[-1]
    print(f"/// {doc}.\npub(super) const {name}: [f64; {len(out)}] = [{', '.join(repr(float(x)) for x in out)}];")

def exp_tables():
    h = LN2 / 2 * mp.mpf("1.001")
    # e^r = 1 + r + r^2 q(r)
    both("EXP", lambda r: (mp.expm1(r) - r) / r**2, -h, h, 5, 10, lambda r: r**2, "(e^r - 1 - r)/r^2")
    # 2^r = 1 + r q(r)
    both("EXP2", lambda r: mp.expm1(r * LN2) / r, -0.5005, 0.5005, 6, 12, lambda r: r, "(2^r - 1)/r")
    # sinh r = r + r z s(z), cosh r = 1 + z c(z), z = r^2
    both("SINH", lambda z: (mp.sinh(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, 0, h**2, 3, 6, lambda z: z, "(sinh r / r - 1)/z, z = r^2")
    both("COSH", lambda z: (mp.cosh(mp.sqrt(z)) - 1) / z, 0, h**2, 3, 6, lambda z: z, "(cosh r - 1)/z, z = r^2")

    # tanh x = x + x z p(z), z = x^2, up to artanh 1/2
    top = mp.mpf("0.5494") ** 2 * mp.mpf("1.002")
    tanh = lambda z: mp.tanh(mp.sqrt(z)) / mp.sqrt(z)
    fit("TANH_32", 24, lambda z: (tanh(z) - 1) / z, 0, top, 5, lambda z: z / tanh(z), "(tanh x / x - 1)/z, z = x^2, |x| < artanh 1/2")

def log_tables():
    lo, hi = mp.sqrt(mp.mpf(1) / 2) - 1, mp.sqrt(mp.mpf(2)) - 1
    e = mp.mpf("0.0005")
    both("LOG", lambda f: (mp.log1p(f) - f) / f**2, lo - e, hi + e, 9, 21, lambda f: f**2 / mp.log1p(f), "(log(1 + f) - f)/f^2")
    # log m = 2 s + s^3 (2/3 + s^2 q), s = f/(2 + f): the part that pow takes in single pieces
    smax = (3 - 2 * mp.sqrt(2)) * mp.mpf("1.002")
    t = mp.mpf(2) / 3
    fit("LOG_ODD_64", 53, lambda z: ((mp.log((1 + mp.sqrt(z)) / (1 - mp.sqrt(z))) / mp.sqrt(z) - 2) / z - t) / z, 0, smax**2, 8, lambda z: z**2, "(((log m)/s - 2)/z - 2/3)/z, s = (m - 1)/(m + 1), z = s^2")

def root_tables():
    lo, hi = mp.sqrt(mp.mpf(1) / 2), mp.sqrt(mp.mpf(2))
    fit("RCBRT", 53, lambda m: m ** (-mp.mpf(1) / 3), lo, hi, 6, lambda m: mp.cbrt(m), "m^(-1/3)")

def trig_tables():
    h = (PI / 4 * mp.mpf("1.01")) ** 2
    both("SIN", lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, 0, h, 3, 6, lambda z: z, "(sin r / r - 1)/z, z = r^2")
    both("COS", lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2, 0, h, 3, 6, lambda z: z**2, "(cos r - 1 + z/2)/z^2, z = r^2")
    both("ASIN", lambda z: (mp.asin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z, 0, 0.2501, 5, 13, lambda z: z, "(asin r / r - 1)/z, z = r^2")
    atan = lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z
    fit("ATAN_32", 24, atan, 0, 1.0002, 9, lambda z: z, "(atan r / r - 1)/z, z = r^2 < 1")
    fit("ATAN_64", 53, atan, 0, mp.tan(PI / 8 * mp.mpf("1.001")) ** 2, 11, lambda z: z, "(atan r / r - 1)/z, z = r^2, r < tan(pi/8)")

def erf_tables():
    two = 2 / mp.sqrt(PI)
    g = lambda z: (mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1)
    # erf x = x + x p(z)
    fit("ERF_32", 24, g, 0, 1.21**2, 7, lambda z: 1, "erf x / x - 1, z = x^2, |x| < 1.2")
    fit("ERF_64", 53, g, 0, 1.11**2, 13, lambda z: 1, "erf x / x - 1, z = x^2, |x| < 1.1")
    middle, half = mp.mpf("2.5625"), mp.mpf("1.395")
    print(f"/// The middle of the interval of [`ERF_TAIL_32`].\npub(super) const ERF_TAIL_CENTRE: f64 = {float(middle)!r};")
    fit("ERF_TAIL_32", 24, lambda t: mp.erfc(t + middle), -half, half, 14, lambda t: 1, "erfc(t + centre) for |t| < 1.395, absolute")
    # erfc(a) = exp(-a^2) p(t)/(1 + ca), t = (a - k)/(a + k). In f32 c and k are such that errors of t weigh
    # little where a is small, p(0) is almost a float, and p(-1), summed in f32, is 1.
    for bits, c, k, end, n in (24, mp.mpf("1.375"), mp.mpf("1.96875"), "10.1", 10), (53, 2, 4, "27.3", 23):
        def scaled(t):
            a = k * (1 + t) / (1 - t)
            return mp.exp(a * a) * mp.erfc(a) * (1 + c * a)
        end, by, to = mp.mpf(end), mp.nstr(c), mp.nstr(k, 8)
        name = 32 if bits == 24 else 64
        fit(f"ERFC_{name}", bits, scaled, -1, (end - k) / (end + k), n, lambda t: 1 / scaled(t), f"exp(a^2) erfc(a) (1 + {by}a), t = (a - {to})/(a + {to})")

    # The inverse: x p(w) with w = -log(1 - x^2) < 6.25, and p(sqrt w) up to w = 37.
    at = mp.mpf("3.125")
    def centre(t):
        x = mp.sqrt(-mp.expm1(-(t + at)))
        return inverse(x) / x
    def inverse(x):
        y = mp.erfinv(mp.mpf(float(x)) if x < 0.999 else x)
        return y - (mp.erf(y) - x) * mp.sqrt(PI) / 2 * mp.exp(y * y)
    print(f"/// What is subtracted from w.\npub(super) const ERF_INV_CENTRE_AT: f64 = {float(at)!r};")
    fit("ERF_INV_CENTRE", 24, centre, -at, at, 11, lambda t: 1, "erfinv(x)/x, w = -log(1 - x^2) < 6.25")
    middle = mp.mpf("4.25")
    def outer(t):
        q = mp.exp(-((t + middle) ** 2))  # 1 - x^2
        c = q / (1 + mp.sqrt(1 - q))  # 1 - x
        y = t + middle - mp.mpf("0.3")
        for _ in range(60):
            step = (mp.erfc(y) - c) * mp.sqrt(PI) / 2 * mp.exp(y * y)
            y += step
            if abs(step) < mp.mpf(10) ** -30:
                break
        return y
    print(f"/// What is subtracted from sqrt w.\npub(super) const ERF_INV_TAIL_AT: f64 = {float(middle)!r};")
    fit("ERF_INV_TAIL", 24, outer, mp.mpf("2.4999") - middle, mp.mpf("6.07") - middle, 11, lambda t: 1 / (t + middle), "erfinv(x), 2.5 < sqrt w < 6.07")

def gamma_tables():
    # sin(pi r) = r p(r^2)
    fit("SIN_PI", 53, lambda z: mp.sin(PI * mp.sqrt(z)) / mp.sqrt(z), 0, 0.2501, 9, lambda z: 1 / 3, "sin(pi r)/r, z = r^2, |r| < 1/2")
    # About 2 the logarithm of the gamma function, about its root the digamma function.
    lgamma = lambda t: mp.loggamma(2 + t) / t
    fit("LGAMMA", 53, lgamma, mp.mpf("-0.7"), mp.mpf("0.3"), 20, lambda t: 1 / lgamma(t), "(log Gamma(2 + t))/t, -0.7 < t < 0.3")
    root = mp.findroot(mp.digamma, 1.46)
    parts("DIGAMMA_ROOT", root, 53, (53, 53), "The root of the digamma function, in two parts")
    digamma = lambda t: mp.digamma(root + t) / t
    fit("DIGAMMA", 53, digamma, 1 - root, mp.mpf("2.2") - root, 26, lambda t: 1 / digamma(t), "psi(root + t)/t from psi(1) to psi(2.2)")

def pow_tables():
    # log2 x = e - log2 c + log2(1 + f), f = m c - 1: c has six bits, so f is exact; 1 and 1/2 at the ends,
    # where the logarithm has zeros.
    cells = [(1 + mp.mpf(i) / 32, 1 + mp.mpf(i + 1) / 32) for i in range(32)]
    width = lambda j, cell: max(abs(x * j / 64 - 1) for x in cell)
    inverse = [mp.mpf(min(range(32, 65), key=lambda j: width(j, cell))) / 64 for cell in cells]
    inverse[0], inverse[31] = mp.mpf(1), mp.mpf(1) / 2
    logs = [-mp.log(c, 2) for c in inverse]
    high = [mp.nint(x * 65536) / 65536 for x in logs]
    low = [rounded(x - h, 24) for x, h in zip(logs, high)]
    for name, row, doc in (
        ("INVERSE", inverse, "1/m for m from 1 to 2, by its first five bits, in six bits"),
        ("LOG2", high, "-log2 of [`INVERSE`], in sixteen bits"),
        ("LOG2_LOW", low, "what [`LOG2`] lacks"),
    ):
        print(f"/// {doc}.\npub(super) static {name}: [f32; 32] = [{', '.join(mp.nstr(x, 9) for x in row)}];")
    parts("LOG2_E_32", 1 / LN2, 24, (24, 24), "log2 e in two parts")
    ends = [x * c - 1 for cell, c in zip(cells, inverse) for x in cell]
    fit("LOG2_32", 24, lambda f: (mp.log1p(f) - f) / f**2 / LN2, min(ends), max(ends), 4, lambda f: f**2 * LN2 / mp.log1p(f), "log2(1 + f)/f^2 - log2 e/f")

def constants():
    print(f"/// 2/3 in two parts.\npub(super) const TWO_THIRDS: [f64; 2] = [{2/3!r}, {float(mp.mpf(2) / 3 - mp.mpf(2/3))!r}];")
    print(f"/// log2 e.\npub(super) const LOG2_E: f64 = {float(1 / LN2)!r};")
    parts("LN2_32", LN2, 24, (15, 24), "log 2 in two parts; a multiple of the first by an exponent is exact")
    parts("LN2_64", LN2, 53, (41, 53), "log 2 in two parts; a multiple of the first by an exponent is exact")
    parts("FRAC_PI_2_32", PI / 2, 24, (24, 24, 24), "π/2 in three parts")
    parts("FRAC_PI_2_64", PI / 2, 53, (53, 53, 53), "π/2 in three parts")

print("//! Coefficients, lowest power first. Written by coefficients.py, which says what they minimise.\n")
print("#![allow(clippy::approx_constant, clippy::excessive_precision, reason = \"generated\")]")
groups = [constants, exp_tables, log_tables, root_tables, trig_tables, erf_tables, gamma_tables, pow_tables]
for group in groups:
    group()
