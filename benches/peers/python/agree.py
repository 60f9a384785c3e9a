"""Whether results agree with the reference, and how far they are from it."""

import numpy as np

#: The largest error that counts as agreement, by the number of bytes of a float.
TOLERANCE = {8: 1e-10, 4: 1e-4}

#: Where more is the nature of the workload and not a fault.
LOOSE = {
    "bf16_512": 1e-2,  # the result is rounded to 8 bits
    "cumsum_1e7": 1e-3,  # NumPy and torch add 10 million numbers one after the other
    "embedding_grad_2e4x128": 1e-3,
    "mnist_epoch_sgd": 1e-3,  # errors grow from step to step
    "mnist_epoch_adam": 1e-1,  # and are divided by small roots
    "transformer_step_2x128x256": 1e-3,
}


def error(out, reference):
    """The largest difference, relative to each element or, where that is smaller, to the root mean
    square of the array: cancellation makes elements near 0 that nothing computes to full precision.

    0 or infinity for integers, which are equal or wrong. NaN beside a number is infinitely wrong.
    """
    if out.shape != reference.shape:
        raise ValueError(f"shape {out.shape}, expected {reference.shape}")
    if out.size == 0:
        return 0.0
    if reference.dtype.kind in "iub":
        return 0.0 if np.array_equal(out, reference) else float("inf")
    out, reference = out.astype(np.float64), reference.astype(np.float64)
    scale = np.maximum(np.abs(reference), np.sqrt(np.mean(reference * reference)))
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = np.abs(out - reference) / scale
    # Equal infinities, zeros among zeros, NaN where NaN is right.
    same = (out == reference) | (np.isnan(out) & np.isnan(reference))
    relative = np.where(same, 0.0, np.where(np.isnan(relative), np.inf, relative))
    return float(relative.max())


def bytes_of(name):
    """What a float of a workload takes."""
    return 8 if "f64" in name else 4


def compare(name, outs, references):
    """`(agree, error)` of the results of a workload.

    A library that computes in another precision than the workload's does not compute the same.
    """
    if len(outs) != len(references):
        raise ValueError(f"{len(outs)} results, expected {len(references)}")
    size = bytes_of(name)
    for x in outs:
        if x.dtype.kind == "f" and x.dtype.itemsize != size:
            raise ValueError(f"{x.dtype}, expected floats of {size} bytes")
    worst = max(error(out, reference) for out, reference in zip(outs, references))
    return worst <= LOOSE.get(name, TOLERANCE[size]), worst


def _moments(x, mean, variance):
    """Mean and variance are within five standard errors, which chance exceeds once in a million."""
    n, deviation = x.size, x - mean
    spread = np.sqrt(max(np.mean(deviation**4) - variance**2, 0) / n)
    return abs(deviation.mean()) < 5 * np.sqrt(variance / n) and (
        abs(np.mean(deviation**2) - variance) < 5 * spread
    )


def random(name, outs):
    """Whether random numbers are what their name says; there is no reference for them."""
    (x,) = outs
    n = int(float(name.rsplit("_", 1)[1]))
    if x.shape != (n,):
        raise ValueError(f"shape {x.shape}, expected {(n,)}")
    if name.startswith("permutation"):
        return np.array_equal(np.sort(x), np.arange(n)) and not np.array_equal(x, np.sort(x))
    if name.startswith("bits"):
        unit = (x.astype(np.uint32).astype(np.float64) + 0.5) / 2**32
        return x.dtype.itemsize == 4 and _moments(unit, 0.5, 1 / 12)
    if x.dtype != np.float32:
        raise ValueError(f"{x.dtype}, expected float32")
    x = x.astype(np.float64)
    if name.startswith("uniform"):
        return x.min() >= 0 and x.max() <= 1 and _moments(x, 0.5, 1 / 12)
    return _moments(x, 0.0, 1.0)


#: The workloads that `random` judges.
RANDOM = ("bits_1e7", "uniform_1e7", "normal_1e7", "permutation_1e6")
