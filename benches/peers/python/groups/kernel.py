"""Group `kernel`: elementwise programs and reductions."""

import functools
import math

from support import jax_workload, torch_arrays, torch_compiler, torch_workload

RATE = 0.03
SQRT_HALF = math.sqrt(0.5)
OPTION = ("spot", "strike", "time", "vol")


def jax():
    import jax
    import jax.numpy as jnp

    of = jax_workload

    def gelu(x, bias, residual):
        return jax.nn.gelu(x + bias, approximate=False) + residual

    def price(spot, strike, time, vol):
        cdf = jax.scipy.stats.norm.cdf
        sd = vol * jnp.sqrt(time)
        d1 = (jnp.log(spot / strike) + (vol * vol * 0.5 + RATE) * time) / sd
        return spot * cdf(d1) - strike * jnp.exp(-RATE * time) * cdf(d1 - sd)

    def blackscholes(spot, strike, time, vol):
        call = price(spot, strike, time, vol)
        return call, call - spot + strike * jnp.exp(-RATE * time)

    def layernorm(x, gamma, beta):
        centered = x - x.mean(-1, keepdims=True)
        variance = jnp.square(centered).mean(-1, keepdims=True)
        return centered * jax.lax.rsqrt(variance + 1e-5) * gamma + beta

    def layernorm_loss(x, gamma, beta, ct):
        return (layernorm(x, gamma, beta) * ct).sum()

    axpby = of(lambda x, z: 1.5 * x + -0.75 * z - 0.25, "x", "z")
    black = of(blackscholes, *OPTION)
    greeks = jax.vmap(jax.grad(price, argnums=(0, 3)))
    return {
        "axpby_1e6": axpby,
        "axpby_1e7": axpby,
        "axpby_f64_1e7": axpby,
        "gelu_1e6": of(gelu, "x", "bias", "residual"),
        "gelu_1e7": of(gelu, "x", "bias", "residual"),
        "blackscholes_1e6": black,
        "blackscholes_f64_1e6": black,
        "blackscholes_vmapgrad_1e5": of(greeks, *OPTION),
        "softmax_1e4x1024": of(lambda x: jax.nn.softmax(x, -1), "x"),
        "logsumexp_1e4x1024": of(lambda x: jax.nn.logsumexp(x, -1), "x"),
        "layernorm_1e4x1024": of(layernorm, "x", "gamma", "beta"),
        "layernorm_grad_1e4x1024": of(
            jax.grad(layernorm_loss, argnums=(0, 1, 2)), "x", "gamma", "beta", "ct"
        ),
        "meanvar_axis0": of(lambda x: (x.mean(0), x.var(0)), "x"),
        "meanvar_axis1": of(lambda x: (x.mean(1), x.var(1)), "x"),
        "sum_1e7": of(jnp.sum, "x"),
        "max_1e7": of(jnp.max, "x"),
        "where_tanh_1e6": of(lambda x: jnp.where(x > 0, jnp.tanh(x), 0.01 * x), "x"),
        "sin_1e6": of(jnp.sin, "x"),
        "pow_1e6": of(jnp.power, "x", "y"),
        "lgamma_1e6": of(jax.lax.lgamma, "x"),
        "erfinv_1e6": of(jax.lax.erf_inv, "x"),
    }


def numpy():
    """NumPy writes into arrays that are there already. erf, gammaln, ndtr, erfinv are SciPy's."""
    import numpy as np
    from scipy import special

    def into(f):
        """`f(*inputs, out)` on buffers like the first input."""

        def prepare(inputs, *, count=1):
            args = list(inputs.values())
            buffers = [np.zeros_like(args[0]) for _ in range(count)]
            return lambda: f(*args, *buffers)

        return prepare

    def axpby(x, z, out, scratch):
        np.multiply(x, x.dtype.type(1.5), out=out)
        np.multiply(z, z.dtype.type(0.75), out=scratch)
        np.subtract(out, scratch, out=out)
        np.subtract(out, out.dtype.type(0.25), out=out)
        return out

    def gelu(x, bias, residual, h, out):
        np.add(x, bias, out=h)
        np.multiply(h, np.float32(SQRT_HALF), out=out)
        special.erf(out, out=out)
        out += 1
        out *= h
        out *= np.float32(0.5)
        out += residual
        return out

    def blackscholes(spot, strike, time, vol):
        sd = vol * np.sqrt(time)
        d1 = (np.log(spot / strike) + (vol * vol * 0.5 + RATE) * time) / sd
        discounted = strike * np.exp(-RATE * time)
        call = spot * special.ndtr(d1) - discounted * special.ndtr(d1 - sd)
        return call, call - spot + discounted

    def greeks(spot, strike, time, vol):
        """By formula: NumPy has no derivatives."""
        root = np.sqrt(time)
        d1 = (np.log(spot / strike) + (vol * vol * 0.5 + RATE) * time) / (vol * root)
        density = np.exp(-0.5 * d1 * d1) * (1 / math.sqrt(2 * math.pi))
        return special.ndtr(d1), spot * density * root

    def softmax(x, out):
        np.subtract(x, x.max(-1, keepdims=True), out=out)
        np.exp(out, out=out)
        np.divide(out, out.sum(-1, keepdims=True), out=out)
        return out

    def logsumexp(x, out):
        top = x.max(-1, keepdims=True)
        np.subtract(x, top, out=out)
        np.exp(out, out=out)
        return np.log(out.sum(-1)) + top[:, 0]

    def layernorm(x, gamma, beta, out, scratch):
        np.subtract(x, x.mean(-1, keepdims=True), out=out)
        np.multiply(out, out, out=scratch)
        out *= 1 / np.sqrt(scratch.mean(-1, keepdims=True) + 1e-5)
        out *= gamma
        out += beta
        return out

    def where_tanh(x, out, scratch):
        np.tanh(x, out=out)
        np.multiply(x, np.float32(0.01), out=scratch)
        np.copyto(out, scratch, where=x <= 0)
        return out

    def meanvar(axis):
        def f(x):
            mean = x.mean(axis, keepdims=True)
            return mean.squeeze(axis), x.var(axis, mean=mean)

        return plain(f)

    def plain(f):
        return lambda inputs: functools.partial(f, *inputs.values())

    def two(prepare):
        return functools.partial(prepare, count=2)

    return {
        "axpby_1e6": two(into(axpby)),
        "axpby_1e7": two(into(axpby)),
        "axpby_f64_1e7": two(into(axpby)),
        "gelu_1e6": two(into(gelu)),
        "gelu_1e7": two(into(gelu)),
        "blackscholes_1e6": plain(blackscholes),
        "blackscholes_f64_1e6": plain(blackscholes),
        "blackscholes_vmapgrad_1e5": plain(greeks),
        "softmax_1e4x1024": into(softmax),
        "logsumexp_1e4x1024": into(logsumexp),
        "layernorm_1e4x1024": two(into(layernorm)),
        "meanvar_axis0": meanvar(0),
        "meanvar_axis1": meanvar(1),
        "sum_1e7": plain(np.sum),
        "max_1e7": plain(np.max),
        "where_tanh_1e6": two(into(where_tanh)),
        "sin_1e6": into(np.sin),
        "pow_1e6": into(np.power),
        "lgamma_1e6": into(special.gammaln),
        "erfinv_1e6": into(special.erfinv),
    }


def torch(compiled):
    import torch
    import torch.nn.functional as F

    wrap = torch_compiler(compiled)

    of = torch_workload(wrap)

    def grads(f, names, wrt):
        """The gradient of a scalar function by the named arguments."""

        def prepare(inputs):
            args, g = torch_arrays(inputs, *names), wrap(f)
            chosen = [x.requires_grad_() for n, x in zip(names, args) if n in wrt]
            return lambda: torch.autograd.grad(g(*args), chosen)

        return prepare

    def axpby(x, z):
        # In place where it can be: two passes less.
        return torch.mul(x, 1.5).add_(z, alpha=-0.75).sub_(0.25)

    def gelu(x, bias, residual):
        return F.gelu(x + bias).add_(residual)

    def cdf(x):
        return torch.special.ndtr(x)

    def price(spot, strike, time, vol):
        sd = vol * torch.sqrt(time)
        d1 = (torch.log(spot / strike) + (vol * vol * 0.5 + RATE) * time) / sd
        return spot * cdf(d1) - strike * torch.exp(-RATE * time) * cdf(d1 - sd)

    def blackscholes(spot, strike, time, vol):
        call = price(spot, strike, time, vol)
        return call, call - spot + strike * torch.exp(-RATE * time)

    def layernorm(x, gamma, beta):
        return F.layer_norm(x, x.shape[-1:], gamma, beta, 1e-5)

    def meanvar(axis):
        def by_hand(x):
            mean = x.mean(axis, keepdim=True)
            return mean.squeeze(axis), (x - mean).square_().mean(axis)

        # Uncompiled, `var_mean` takes several times as long.
        return (lambda x: torch.var_mean(x, axis, correction=0)[::-1]) if compiled else by_hand

    axpby = of(axpby, "x", "z")
    return {
        "axpby_1e6": axpby,
        "axpby_1e7": axpby,
        "axpby_f64_1e7": axpby,
        "gelu_1e6": of(gelu, "x", "bias", "residual"),
        "gelu_1e7": of(gelu, "x", "bias", "residual"),
        "blackscholes_1e6": of(blackscholes, *OPTION),
        "blackscholes_f64_1e6": of(blackscholes, *OPTION),
        # Elementwise, so the gradient of the sum has each element's gradient.
        "blackscholes_vmapgrad_1e5": grads(
            lambda *option: price(*option).sum(), OPTION, ("spot", "vol")
        ),
        "softmax_1e4x1024": of(lambda x: torch.softmax(x, -1), "x"),
        "logsumexp_1e4x1024": of(lambda x: torch.logsumexp(x, -1), "x"),
        "layernorm_1e4x1024": of(layernorm, "x", "gamma", "beta"),
        "layernorm_grad_1e4x1024": grads(
            lambda x, gamma, beta, ct: (layernorm(x, gamma, beta) * ct).sum(),
            ("x", "gamma", "beta", "ct"),
            ("x", "gamma", "beta"),
        ),
        "meanvar_axis0": of(meanvar(0), "x"),
        "meanvar_axis1": of(meanvar(1), "x"),
        "sum_1e7": of(lambda x: x.sum(), "x"),
        "max_1e7": of(lambda x: x.max(), "x"),
        "where_tanh_1e6": of(lambda x: torch.where(x > 0, torch.tanh(x), 0.01 * x), "x"),
        "sin_1e6": of(torch.sin, "x"),
        "pow_1e6": of(torch.pow, "x", "y"),
        "lgamma_1e6": of(torch.lgamma, "x"),
        "erfinv_1e6": of(torch.erfinv, "x"),
    }
