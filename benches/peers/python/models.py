"""The models of the groups `model` and `compile`, as functions for JAX and for torch."""

HEADS = 4
BLOCKS = 2
MLP2 = ("w1", "b1", "w2", "b2")
MLP3 = (*MLP2, "w3", "b3")
BLOCK = ("gamma_{}a", "beta_{}a", "qkv_{}", "out_{}", "gamma_{}m", "beta_{}m") + (
    "w_{}u",
    "b_{}u",
    "w_{}d",
    "b_{}d",
)
TRANSFORMER = (
    "embed",
    "position",
    *(name.format(i) for i in range(BLOCKS) for name in BLOCK),
    "gamma_last",
    "beta_last",
    "unembed",
)


def blocks(params):
    """Embedding, position, the parameters of each block, and what is behind them."""
    n = len(BLOCK)
    each = [params[2 + i * n : 2 + (i + 1) * n] for i in range(BLOCKS)]
    return params[0], params[1], each, params[-3:]


class JaxModels:
    """The models as JAX functions."""

    def __init__(self):
        import jax
        import jax.numpy as jnp

        def cross_entropy(logits, labels):
            picked = jax.nn.log_softmax(logits) * jax.nn.one_hot(
                labels, logits.shape[-1], dtype=logits.dtype
            )
            return -picked.sum(-1).mean()

        def mlp(params, x, labels):
            *hidden, (w, b) = zip(params[::2], params[1::2])
            for weight, bias in hidden:
                x = jax.nn.relu(x @ weight + bias)
            return cross_entropy(x @ w + b, labels)

        def normalize(x, gamma, beta):
            centered = x - x.mean(-1, keepdims=True)
            variance = jnp.square(centered).mean(-1, keepdims=True)
            return centered * jax.lax.rsqrt(variance + 1e-5) * gamma + beta

        def attention(x, qkv, out):
            batch, time, width = x.shape
            q, k, v = (
                part.reshape(batch, time, HEADS, width // HEADS)
                for part in jnp.split(x @ qkv, 3, -1)
            )
            scores = jnp.einsum("bthd,bshd->bhts", q, k) * (width // HEADS) ** -0.5
            mask = jnp.tri(time, dtype=bool)
            weights = jax.nn.softmax(jnp.where(mask, scores, -1e9), -1)
            mixed = jnp.einsum("bhts,bshd->bthd", weights, v)
            return mixed.reshape(batch, time, width) @ out

        def transformer(params, tokens, targets):
            embed, position, each, (gamma, beta, unembed) = blocks(params)
            x = embed[tokens] + position
            for g1, b1, qkv, out, g2, b2, wu, bu, wd, bd in each:
                x = x + attention(normalize(x, g1, b1), qkv, out)
                hidden = jax.nn.gelu(normalize(x, g2, b2) @ wu + bu, approximate=False)
                x = x + hidden @ wd + bd
            return cross_entropy(normalize(x, gamma, beta) @ unembed, targets)

        self.mlp, self.attention, self.transformer = mlp, attention, transformer


class TorchModels:
    """The models as torch functions."""

    def __init__(self):
        import torch
        import torch.nn.functional as F

        def mlp(params, x, labels):
            *hidden, (w, b) = zip(params[::2], params[1::2])
            for weight, bias in hidden:
                x = torch.relu(torch.addmm(bias, x, weight))
            return F.cross_entropy(torch.addmm(b, x, w), labels)

        def attention(x, qkv, out):
            batch, time, width = x.shape
            parts = (x @ qkv).view(batch, time, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
            mixed = F.scaled_dot_product_attention(*parts.unbind(0), is_causal=True)
            return mixed.transpose(1, 2).reshape(batch, time, width) @ out

        def transformer(params, tokens, targets):
            embed, position, each, (gamma, beta, unembed) = blocks(params)
            norm = lambda x, gamma, beta: F.layer_norm(x, x.shape[-1:], gamma, beta, 1e-5)
            x = F.embedding(tokens, embed) + position
            for g1, b1, qkv, out, g2, b2, wu, bu, wd, bd in each:
                x = x + attention(norm(x, g1, b1), qkv, out)
                x = x + F.gelu(norm(x, g2, b2) @ wu + bu) @ wd + bd
            logits = norm(x, gamma, beta) @ unembed
            return F.cross_entropy(logits.flatten(0, -2), targets.flatten())

        self.mlp, self.attention, self.transformer = mlp, attention, transformer
