"""Steps of every optimiser on six numbers, in f64: the constants of `src/tests_golden.rs`.

Plain numpy, written from the papers and PyTorch's documentation; run once with numpy 2.4.6.
The gradient at step t (from 0) is p**3 + sin(t + i) for number i.
"""

import numpy as np

START = np.array([0.5, -1.0, 0.25, 2.0, -0.75, 1.5])
I = np.arange(6.0)


def gradient(p, t):
    return p**3 + np.sin(t + I)


def sgd(p, t, s, lr=0.1):
    return p - lr * gradient(p, t)


def momentum(p, t, s, lr=0.1, mu=0.9):
    s["v"] = mu * s.get("v", 0) + gradient(p, t)
    return p - lr * s["v"]


def nesterov(p, t, s, lr=0.1, mu=0.9):
    g = gradient(p, t)
    s["v"] = mu * s.get("v", 0) + g
    return p - lr * (g + mu * s["v"])


def adam(p, t, s, lr=0.1, b1=0.9, b2=0.999, eps=1e-8, decay=0.0):
    g = gradient(p, t)
    s["m"] = b1 * s.get("m", 0) + (1 - b1) * g
    s["v"] = b2 * s.get("v", 0) + (1 - b2) * g**2
    m = s["m"] / (1 - b1 ** (t + 1))
    v = s["v"] / (1 - b2 ** (t + 1))
    return p - lr * decay * p - lr * m / (np.sqrt(v) + eps)


def adamw(p, t, s):
    return adam(p, t, s, decay=0.02)


def adam_betas(p, t, s):
    return adam(p, t, s, b1=0.8, b2=0.95, eps=0.1)


def rmsprop(p, t, s, lr=0.1, alpha=0.99, eps=1e-8):
    g = gradient(p, t)
    s["v"] = alpha * s.get("v", 0) + (1 - alpha) * g**2
    return p - lr * g / (np.sqrt(s["v"]) + eps)


def adagrad(p, t, s, lr=0.1, eps=1e-10):
    g = gradient(p, t)
    s["s"] = s.get("s", 0) + g**2
    return p - lr * g / (np.sqrt(s["s"]) + eps)


def clipped_decayed(p, t, s, lr=0.1, limit=1.5, decay=0.1):
    g = gradient(p, t)
    norm = np.sqrt(np.sum(g**2))
    if norm > limit:
        g = g / norm * limit
    return p - lr * (g + decay * p)


def scheduled(p, t, s):
    return p - 0.1 * 0.5 ** (t / 3) * gradient(p, t)


def schedules():
    steps = [0, 1, 3, 4, 9, 10, 25]
    warm = lambda t, n, f: f(0) * t / n if t < n else f(t - n)
    cosine = lambda t: 2.0 * (0.1 + 0.9 * (1 + np.cos(np.pi * min(t, 10) / 10)) / 2)
    return {
        "step": [2.0 * 0.5 ** (t // 4) for t in steps],
        "exponential": [2.0 * 0.5 ** (t / 4) for t in steps],
        "linear": [2.0 + (0.5 - 2.0) * min(t, 10) / 10 for t in steps],
        "cosine": [cosine(t) for t in steps],
        "warm_up": [warm(t, 4, cosine) for t in steps],
    }


if __name__ == "__main__":
    rules = [sgd, momentum, nesterov, adam, adamw, adam_betas, rmsprop, adagrad, clipped_decayed, scheduled]
    for rule in rules:
        p, s = START, {}
        for t in range(7):
            p = rule(p, t, s)
            if t in (0, 1, 6):
                print(f"{rule.__name__} after {t + 1}: {[float(x) for x in p]}")
    for name, values in schedules().items():
        print(f"{name}: {[float(v) for v in values]}")
