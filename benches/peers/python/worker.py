"""The worker of one peer: answers the driver's requests, as `src/serve.rs` does for Pullback.

    python worker.py jax|numpy|torch|reference THREADS

torch's worker serves `torch` and `torch_compile`. `reference` is JAX with f64 in place of f32.
"""

import gc
import importlib
import json
import resource
import sys
import time
import traceback
from itertools import repeat
from pathlib import Path

import numpy as np


def cpu_time_ns():
    """CPU time of the process and of the compilers that it has called and waited for."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time_ns() + int(1e9 * (children.ru_utime + children.ru_stime))


CLOCKS = {"cpu": cpu_time_ns, "wall": time.perf_counter_ns}


class Worker:
    def __init__(self, library, threads):
        self.library = library
        self.call = None
        self.wait = None
        self.wait_for_each = True
        if library in ("jax", "reference"):
            import jax

            self.wait = jax.block_until_ready
        if library == "torch":
            import torch

            torch.set_num_threads(threads)

    def versions(self):
        name = "jax" if self.library == "reference" else self.library
        return importlib.import_module(name).__version__

    def prepare(self, request):
        self.call = None
        gc.collect()
        module = importlib.import_module(f"groups.{request['group']}")
        peer = request["peer"]
        if peer in ("jax", "reference"):
            import jax

            # Without it JAX turns f64 into f32, silently.
            jax.config.update("jax_enable_x64", peer == "reference" or "f64" in request["name"])
        if peer == "torch_compile":
            import torch

            # What was compiled for other workloads counts towards a limit, beyond which torch goes
            # on without compiling.
            torch._dynamo.reset()
            torch._dynamo.config.fail_on_recompile_limit_hit = True
        if peer in ("torch", "torch_compile"):
            workloads = module.torch(compiled=peer == "torch_compile")
        else:
            workloads = module.numpy() if peer == "numpy" else module.jax()
        build = workloads.get(request["name"])
        if build is None:
            return {"absent": True}
        inputs = {name: np.load(path) for name, path in request["inputs"].items()}
        if peer == "reference":
            inputs = {k: x.astype("f8") if x.dtype == "f4" else x for k, x in inputs.items()}
        self.wait_for_each = getattr(module, "WAIT_FOR_EACH", True)
        self.call = build(inputs)
        return {}

    def outputs(self, request):
        outs = leaves(getattr(self.call, "outputs", self.call)())
        for i, x in enumerate(outs):
            np.save(Path(request["dir"]) / f"{i}.npy", as_numpy(x))
        return {"count": len(outs)}

    def time(self, request):
        clock, call, wait, calls = CLOCKS[request["clock"]], self.call, self.wait, request["calls"]
        gc.collect()
        gc.disable()
        try:
            if wait is None:
                start = clock()
                for _ in repeat(None, calls):
                    call()
            elif self.wait_for_each:
                start = clock()
                for _ in repeat(None, calls):
                    wait(call())
            else:
                start = clock()
                for _ in repeat(None, calls):
                    out = call()
                wait(out)
            return {"ns": clock() - start}
        finally:
            gc.enable()


def leaves(tree):
    if isinstance(tree, (tuple, list)):
        return [leaf for part in tree for leaf in leaves(part)]
    return [tree]


def as_numpy(x):
    if hasattr(x, "detach"):
        x = x.detach()
        x = (x.float() if x.dtype.is_floating_point and x.element_size() == 2 else x).numpy()
    x = np.asarray(x)
    # bf16 is none of NumPy's own types.
    return x.astype(np.float32) if x.dtype.kind == "V" or x.dtype.name == "bfloat16" else x


def main():
    library, threads = sys.argv[1], int(sys.argv[2])
    # What libraries print must not get between the answers.
    answers, sys.stdout = sys.stdout, sys.stderr
    worker = Worker(library, threads)
    print(json.dumps({"ok": True, "version": worker.versions()}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": True} | getattr(worker, request["op"])(request)
        except Exception as fault:
            traceback.print_exc()
            answer = {"error": f"{type(fault).__name__}: {fault}".splitlines()[0]}
        print(json.dumps(answer), file=answers, flush=True)


main()
