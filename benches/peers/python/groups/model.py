"""Group `model`: training steps, epochs, and higher derivatives of models."""

import functools

from models import HEADS, MLP2, MLP3, TRANSFORMER, JaxModels, TorchModels
from support import jax_arrays, jax_call, jax_steps, torch_arrays, torch_compiler

RATE = 0.01


def jax():
    import jax
    import jax.numpy as jnp

    models = JaxModels()

    def train(loss, names, data):
        def step(state, *data):
            value, grads = jax.value_and_grad(loss)(state[1], *data)
            return value, jax.tree.map(lambda p, g: p - RATE * g, state[1], grads)

        def prepare(inputs):
            params = jax_arrays(*names)(inputs)
            first = (jnp.zeros((), params[0].dtype), params)
            return jax_steps(step, first, *jax_arrays(*data)(inputs))

        return prepare

    def epoch(optimizer):
        """The whole epoch is one program, a scan over the batches."""

        def run(params, images, labels, order):
            def step(state, rows):
                x = images[rows].astype(params[0].dtype) / 255
                value, grads = jax.value_and_grad(models.mlp)(state[0], x, labels[rows])
                return optimizer(state, grads), value

            zeros = jax.tree.map(jnp.zeros_like, params)
            state, losses = jax.lax.scan(step, (params, zeros, zeros, 0), order)
            return losses.mean(), state[0]

        def prepare(inputs):
            params = jax_arrays(*MLP2)(inputs)
            return jax_call(run, params, *jax_arrays("images", "labels", "order")(inputs))

        return prepare

    def sgd(state, grads):
        params, *rest = state
        return (jax.tree.map(lambda p, g: p - RATE * g, params, grads), *rest)

    def adam(state, grads):
        params, m, v, t = state
        t = t + 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grads)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grads)
        c1, c2 = 1 - 0.9**t, 1 - 0.999**t
        update = lambda p, m, v: p - 0.001 * (m / c1) / (jnp.sqrt(v / c2) + 1e-8)
        return jax.tree.map(update, params, m, v), m, v, t

    def of_network(f, *data, names=MLP2):
        def prepare(inputs):
            return jax_call(f, jax_arrays(*names)(inputs), *jax_arrays(*data)(inputs))

        return prepare

    def attention(params, x):
        return models.attention(x, *params)

    def attention_loss(params, x, ct):
        return (attention(params, x) * ct).sum()

    def rosenbrock(x):
        return (100 * jnp.square(x[1:] - jnp.square(x[:-1])) + jnp.square(1 - x[:-1])).sum()

    def squared_error(params, x, y):
        w1, b1, w2 = params
        return jnp.square(jnp.tanh(x @ w1 + b1) @ w2 - y).mean()

    def hvp(inputs):
        params = jax_arrays(*MLP2)(inputs)
        direction = jax_arrays("w1v", "b1v", "w2v", "b2v")(inputs)

        def f(params, direction, x, labels):
            gradient = jax.grad(lambda params: models.mlp(params, x, labels))
            return jax.jvp(gradient, (params,), (direction,))[1]

        return jax_call(f, params, direction, *jax_arrays("x", "labels")(inputs))

    return {
        "mlp_step_784_512_256_10_b64": train(models.mlp, MLP3, ("x", "labels")),
        "mnist_epoch_sgd": epoch(sgd),
        "mnist_epoch_adam": epoch(adam),
        "attention_fwd_8x128x256h4": of_network(attention, "x", names=("qkv", "out")),
        "attention_grad_8x128x256h4": of_network(
            jax.grad(attention_loss, argnums=(0, 1)), "x", "ct", names=("qkv", "out")
        ),
        "transformer_step_2x128x256": train(models.transformer, TRANSFORMER, ("tokens", "targets")),
        "per_example_grads_mlp": of_network(
            jax.vmap(jax.grad(models.mlp), (None, 0, 0)), "x", "labels"
        ),
        "hessian_rosenbrock_100": lambda inputs: jax_call(
            jax.hessian(rosenbrock), *jax_arrays("x")(inputs)
        ),
        "hessian_mlp": of_network(
            jax.hessian(squared_error), "x", "y", names=("w1", "b1", "w2")
        ),
        "hvp_mlp": hvp,
    }


def numpy():
    """Derivatives by hand, for the networks where people write them by hand."""
    import numpy as np

    def gradients(params, x, labels):
        """Loss and gradients of a mean cross-entropy."""
        layers = list(zip(params[::2], params[1::2]))
        inputs = [x]
        for w, b in layers[:-1]:
            h = inputs[-1] @ w
            h += b
            inputs.append(np.maximum(h, 0, out=h))
        w, b = layers[-1]
        logits = inputs[-1] @ w + b
        logits -= logits.max(-1, keepdims=True)
        p = np.exp(logits)
        total = p.sum(-1, keepdims=True)
        n = np.arange(len(x))
        loss = (np.log(total[:, 0]) - logits[n, labels]).mean()
        p /= total
        p[n, labels] -= 1
        p /= len(x)
        grads = []
        for i in reversed(range(len(layers))):
            grads[:0] = [inputs[i].T @ p, p.sum(0)]
            if i > 0:
                p = p @ layers[i][0].T
                p *= inputs[i] > 0
        return loss, grads

    def mlp_step(inputs):
        params = [inputs[name].copy() for name in MLP3]
        x, labels = inputs["x"], inputs["labels"]

        def call():
            loss, grads = gradients(params, x, labels)
            for p, g in zip(params, grads):
                g *= RATE
                p -= g
            return loss, params

        return call

    def epoch(optimizer):
        def prepare(inputs):
            first = [inputs[name] for name in MLP2]
            images, labels, order = inputs["images"], inputs["labels"], inputs["order"]

            def call():
                params, total = [p.copy() for p in first], 0.0
                update = optimizer(params)
                for rows in order:
                    x = images[rows].astype(np.float32)
                    x /= 255
                    loss, grads = gradients(params, x, labels[rows])
                    update(grads)
                    total += loss
                return np.float32(total / len(order)), params

            return call

        return prepare

    def sgd(params):
        def update(grads):
            for p, g in zip(params, grads):
                g *= RATE
                p -= g

        return update

    def adam(params):
        ms, vs = ([np.zeros_like(p) for p in params] for _ in range(2))
        t = 0

        def update(grads):
            nonlocal t
            t += 1
            c1, c2 = 1 - 0.9**t, 1 - 0.999**t
            for p, m, v, g in zip(params, ms, vs, grads):
                m *= 0.9
                m += 0.1 * g
                v *= 0.999
                g *= g
                g *= 0.001
                v += g
                np.divide(v, c2, out=g)
                np.sqrt(g, out=g)
                g += 1e-8
                np.divide(m, g, out=g)
                g *= 0.001 / c1
                p -= g

        return update

    def attention(inputs):
        qkv, out, x = inputs["qkv"], inputs["out"], inputs["x"]
        batch, time, width = x.shape
        mask = np.tri(time, dtype=bool)

        def call():
            parts = (x.reshape(-1, width) @ qkv).reshape(batch, time, 3, HEADS, width // HEADS)
            q, k, v = parts.transpose(2, 0, 3, 1, 4)
            scores = np.matmul(q, k.swapaxes(-1, -2))
            scores *= np.float32((width // HEADS) ** -0.5)
            np.copyto(scores, np.float32(-1e9), where=~mask)
            scores -= scores.max(-1, keepdims=True)
            np.exp(scores, out=scores)
            scores /= scores.sum(-1, keepdims=True)
            mixed = np.matmul(scores, v).transpose(0, 2, 1, 3).reshape(-1, width)
            return (mixed @ out).reshape(x.shape)

        return call

    def per_example(inputs):
        w1, b1, w2, b2 = (inputs[name] for name in MLP2)
        x, labels = inputs["x"], inputs["labels"]
        n = np.arange(len(x))
        g1, g2 = (np.zeros((len(x), *w.shape), w.dtype) for w in (w1, w2))

        def call():
            h = np.maximum(x @ w1 + b1, 0)
            logits = h @ w2 + b2
            p = np.exp(logits - logits.max(-1, keepdims=True))
            p /= p.sum(-1, keepdims=True)
            p[n, labels] -= 1
            d = (p @ w2.T) * (h > 0)
            np.multiply(x[:, :, None], d[:, None, :], out=g1)
            np.multiply(h[:, :, None], p[:, None, :], out=g2)
            return g1, d, g2, p

        return call

    return {
        "mlp_step_784_512_256_10_b64": mlp_step,
        "mnist_epoch_sgd": epoch(sgd),
        "mnist_epoch_adam": epoch(adam),
        "attention_fwd_8x128x256h4": attention,
        "per_example_grads_mlp": per_example,
    }


def torch(compiled):
    import torch

    wrap, models = torch_compiler(compiled), TorchModels()

    def parameters(inputs, names):
        return [x.requires_grad_() for x in torch_arrays(inputs, *names)]

    def train(loss, names, data):
        def prepare(inputs):
            params, data_ = parameters(inputs, names), torch_arrays(inputs, *data)
            opt, f = torch.optim.SGD(params, lr=RATE, fused=True), wrap(loss)

            def call():
                opt.zero_grad()
                value = f(params, *data_)
                value.backward()
                opt.step()
                return value, params

            return call

        return prepare

    def epoch(optimizer):
        def prepare(inputs):
            first = torch_arrays(inputs, *MLP2)
            images, labels, order = torch_arrays(inputs, "images", "labels", "order")
            labels = labels.long()
            f = wrap(lambda params, x, labels: models.mlp(params, x.float() / 255, labels))

            def call():
                params = [p.clone().requires_grad_() for p in first]
                opt, total = optimizer(params), torch.zeros(())
                for rows in order.unbind(0):
                    opt.zero_grad()
                    value = f(params, images[rows], labels[rows])
                    value.backward()
                    opt.step()
                    total += value.detach()
                return total / len(order), params

            return call

        return prepare

    def function(f, *names, params=()):
        """A function of one list of parameters and of data, without autograd's tape."""

        def prepare(inputs):
            args, g = torch_arrays(inputs, *names), wrap(f)
            if params:
                args.insert(0, torch_arrays(inputs, *params))

            def call():
                with torch.no_grad():
                    return g(*args)

            return call

        return prepare

    def attention_grad(inputs):
        args, (ct,) = parameters(inputs, ("x", "qkv", "out")), torch_arrays(inputs, "ct")
        f = wrap(lambda x, qkv, out, ct: (models.attention(x, qkv, out) * ct).sum())

        def call():
            x, qkv, out = torch.autograd.grad(f(*args, ct), args)
            return qkv, out, x

        return call

    def one_example(params, x, label):
        return models.mlp(params, x[None], label[None])

    def rosenbrock(x):
        return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()

    def squared_error(params, x, y):
        w1, b1, w2 = params
        return ((torch.tanh(x @ w1 + b1) @ w2 - y) ** 2).mean()

    def hvp(params, direction, x, labels):
        gradient = torch.func.grad(lambda params: models.mlp(params, x, labels))
        return torch.func.jvp(gradient, (params,), (direction,))[1]

    def prepare_hvp(inputs):
        params = torch_arrays(inputs, *MLP2)
        direction = torch_arrays(inputs, "w1v", "b1v", "w2v", "b2v")
        data, f = torch_arrays(inputs, "x", "labels"), wrap(hvp)
        return lambda: f(params, direction, *data)

    func = torch.func
    return {
        "mlp_step_784_512_256_10_b64": train(models.mlp, MLP3, ("x", "labels")),
        "mnist_epoch_sgd": epoch(functools.partial(torch.optim.SGD, lr=RATE, fused=True)),
        "mnist_epoch_adam": epoch(functools.partial(torch.optim.Adam, lr=0.001, fused=True)),
        "attention_fwd_8x128x256h4": function(models.attention, "x", "qkv", "out"),
        "attention_grad_8x128x256h4": attention_grad,
        "transformer_step_2x128x256": train(models.transformer, TRANSFORMER, ("tokens", "targets")),
        "per_example_grads_mlp": function(
            func.vmap(func.grad(one_example), (None, 0, 0)), "x", "labels", params=MLP2
        ),
        "hessian_rosenbrock_100": function(func.hessian(rosenbrock), "x"),
        "hessian_mlp": function(
            func.hessian(squared_error), "x", "y", params=("w1", "b1", "w2")
        ),
        "hvp_mlp": prepare_hvp,
    }
