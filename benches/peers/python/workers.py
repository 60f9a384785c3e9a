"""The worker processes: one for each library, pinned to the cores that are measured."""

import json
import os
import select
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent

#: glibc keeps freed memory and takes huge pages, as a training job would have it set up. The peers
#: get it, Pullback does not: its users would not set it, and its memory is its own business.
KEEP_MEMORY = ":".join(
    f"glibc.malloc.{setting}"
    for setting in (
        "mmap_max=0",
        "trim_threshold=68719476736",
        "top_pad=67108864",
        "arena_max=1",
        "hugetlb=1",
    )
)

#: Settings of the machine that would make a library slow, fast, or differently threaded.
DROPPED = (
    "OPENBLAS_",
    "MKL_",
    "OMP_",
    "GOMP_",
    "KMP_",
    "RAYON_",
    "XLA_",
    "JAX_",
    "TORCH",
    "PYTORCH_",
    "MALLOC_",
    "GLIBC_",
    "LD_PRELOAD",
)


class Failed(Exception):
    """A worker could not do what it was asked for."""


def environment(library, threads, scratch):
    env = {k: v for k, v in os.environ.items() if not k.startswith(DROPPED)}
    for variable in ("OMP", "OPENBLAS", "MKL", "RAYON"):
        env[f"{variable}_NUM_THREADS"] = str(threads)
    if library == "pullback":
        return env
    env["GLIBC_TUNABLES"] = KEEP_MEMORY
    env["JAX_PLATFORMS"] = "cpu"
    # XLA makes as many threads as there are cores in its affinity. Its flag for single-threaded
    # products, `--xla_cpu_multi_thread_eigen=false`, made them slower on one core.
    env["TORCHINDUCTOR_CACHE_DIR"] = str(scratch / "inductor")
    env["TORCHINDUCTOR_COMPILE_THREADS"] = str(threads)
    return env


class Worker:
    """A process that answers requests. After a failure that it does not survive it starts anew."""

    def __init__(self, library, command, threads, cores, scratch, timeout):
        self.library = library
        self.command = command
        self.cores = cores
        self.timeout = timeout
        self.env = environment(library, threads, scratch)
        self.log = scratch / f"{library}-{threads}.log"
        self.process = None
        self.rest = b""

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env=self.env,
                preexec_fn=lambda: os.sched_setaffinity(0, self.cores),
            )
        self.rest = b""
        # It greets with its version; importing a large library takes a while.
        return self.answer(max(self.timeout, 300))["version"]

    def stop(self):
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, **request):
        if self.process is None:
            self.start()
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            self.stop()
            raise Failed(f"ended by itself, see {self.log.name}") from None
        return self.answer(self.timeout)

    def answer(self, timeout):
        end = time.monotonic() + timeout
        pipe = self.process.stdout.fileno()
        while b"\n" not in self.rest:
            readable, _, _ = select.select([pipe], [], [], max(0, end - time.monotonic()))
            if not readable:
                self.stop()
                raise Failed(f"no answer within {timeout} s")
            data = os.read(pipe, 1 << 16)
            if not data:
                self.stop()
                raise Failed(f"ended by itself, see {self.log.name}")
            self.rest += data
        line, self.rest = self.rest.split(b"\n", 1)
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(answer["error"])
        return answer

    def faults(self):
        """Page faults so far: memory that the process had to map anew."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[7])


def command_of(library, binary, threads):
    if library == "pullback":
        return [str(binary), "serve"]
    module = "torch" if library.startswith("torch") else library
    return [sys.executable, str(HERE / "worker.py"), module, str(threads)]
