"""Runs the workloads in all libraries, interleaved, and writes what was measured. See run.sh."""

import argparse
import datetime
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import agree
import inputs
import numpy as np
from workers import Failed, Worker, command_of

ROOT = Path(__file__).resolve().parents[3]
PEERS = ("jax", "numpy", "torch", "torch_compile")

# Nanoseconds for a number to another processor and back, from which on they share no cache, and seconds to
# wait for better ones in all rounds of a workload.
FAR_NS = 150
PATIENCE_S = 60


class Plan:
    """How long to measure. `quick` finds out whether everything runs, its times are rough."""

    def __init__(self, quick):
        self.rounds = 3 if quick else 5
        # Calls of a round take so long together; one call that takes longer is a round.
        self.round_s = 0.02 if quick else 0.2
        # What all rounds of one library may take; slow calls get fewer rounds, at least one.
        self.budget_s = 10 if quick else 60
        self.timeout_s = 120 if quick else 600


def options():
    parser = argparse.ArgumentParser(prog="run.sh", description=__doc__)
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="a workload or a group; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="short rounds: does everything run?")
    parser.add_argument("--no-torch", action="store_true", help="without torch and torch.compile")
    parser.add_argument("--threads", type=int, action="append", choices=(1, 2), help="default: both")
    parser.add_argument(
        "--data",
        default=os.environ.get("PULLBACK_MNIST", ROOT / "data/mnist"),
        metavar="DIR",
        help="folder with MNIST's training set; default: PULLBACK_MNIST, then data/mnist",
    )
    parser.add_argument("--binary", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--scratch", type=Path, required=True, help=argparse.SUPPRESS)
    return parser.parse_args()


def chosen(binary, only):
    """`(group, name)` of the workloads to run."""
    groups = json.loads(subprocess.check_output([binary, "names"]))
    every = [(g["group"], name) for g in groups for name in g["names"]]
    if unknown := set(only or []) - {x for pair in every for x in pair}:
        sys.exit(f"no workload or group is named {', '.join(sorted(unknown))}")
    return [pair for pair in every if not only or set(only) & set(pair)]


class Bench:
    """All libraries with one number of threads."""

    def __init__(self, args, plan, threads):
        self.plan = plan
        self.threads = threads
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < threads:
            sys.exit(f"{threads} threads need as many cores; this process may use {len(cores)}")
        peers = [p for p in PEERS if not (args.no_torch and p.startswith("torch"))]
        make = lambda library, cores: Worker(
            library,
            command_of(library, args.binary, threads),
            threads,
            set(cores),
            args.scratch,
            plan.timeout_s,
        )
        # The last cores: the first one gets most of the machine's interrupts.
        self.workers = {name: make(name, cores[-threads:]) for name in ("pullback", *peers)}
        self.reference = make("reference", cores)
        self.data = args.data
        self.binary = args.binary
        self.notes = []

    def start(self):
        return {name: worker.start() for name, worker in self.workers.items()}

    def stop(self):
        for worker in [*self.workers.values(), self.reference]:
            worker.stop()

    def note(self, library, name, what):
        self.notes.append(f"{name}, {self.threads} thread(s): {library}: {what}")
        print(f"    {library}: {what}", file=sys.stderr)

    def results(self, worker, library, name, group, paths, folder):
        """What a library computes; `None` if it has no such workload."""
        prepared = worker.ask(op="prepare", name=name, group=group, peer=library, inputs=paths)
        if "absent" in prepared:
            return None
        folder = Path(folder) / library
        folder.mkdir()
        count = worker.ask(op="outputs", dir=str(folder))["count"]
        outs = [np.load(folder / f"{i}.npy") for i in range(count)]
        shutil.rmtree(folder)
        return outs

    def measure(self, name, group):
        """The row of a workload for results.json, and the details behind it."""
        with tempfile.TemporaryDirectory(prefix="pullback-peers-") as folder:
            paths = inputs.write(name, folder, self.data)
            ready, checks = self.check(name, group, paths, folder)
        clock = "cpu" if self.threads == 1 else "wall"
        times = self.interleave(name, ready, clock)
        for library, t in times.items():
            # glibc's malloc may put an aligned block behind one that it has just got back.
            if library in PEERS and group != "compile" and t["faults"]:
                faults = statistics.median(t["faults"])
                if faults > 4:
                    self.note(library, name, f"{faults:.0f} page faults a call: memory is not kept")
        median = {library: statistics.median(t["ns"]) for library, t in times.items() if t["ns"]}
        ours = checks.get("pullback", (False, None))
        row = {"name": name, "group": group, "threads": self.threads}
        row |= {f"{library}_ns": median.get(library) for library in ("pullback", *PEERS)}
        row |= {
            "agree": "pullback" in median and all(ok for ok, _ in checks.values()),
            "error": ours[1] if ours[1] is not None and np.isfinite(ours[1]) else None,
        }
        details = {
            library: t | {"agree": bool(checks[library][0]), "error": checks[library][1]}
            for library, t in times.items()
        }
        return row, details

    def check(self, name, group, paths, folder):
        """Prepares the workload everywhere and compares what comes out of it."""
        expected = None
        if name not in agree.RANDOM:
            expected = self.results(self.reference, "reference", name, group, paths, folder)
        ready, checks = [], {}
        for library, worker in self.workers.items():
            try:
                outs = self.results(worker, library, name, group, paths, folder)
                if outs is None:
                    continue
                ready.append(library)
                if expected is None:
                    checks[library] = bool(agree.random(name, outs)), None
                else:
                    checks[library] = agree.compare(name, outs, expected)
                if not checks[library][0]:
                    self.note(library, name, f"DISAGREES, error {checks[library][1]}")
            except (Failed, ValueError) as fault:
                checks[library] = False, None
                self.note(library, name, f"FAILED: {fault}")
                # A peer that fails has no time; that ours agrees does not depend on it.
                if library != "pullback":
                    del checks[library]
                    ready = [r for r in ready if r != library]
        return ready, checks

    def interleave(self, name, libraries, clock):
        """Rounds of all libraries by turns: whatever else the machine does meets all of them."""
        times = {library: {"ns": [], "calls": 1, "faults": []} for library in libraries}
        rounds = {}
        for library in libraries:
            try:
                rounds[library] = self.calibrate(self.workers[library], times[library], clock)
            except Failed as fault:
                self.note(library, name, f"FAILED: {fault}")
        last = libraries[-1] if libraries else ""
        patience, far = PATIENCE_S, []
        for r in range(self.plan.rounds):
            turn = r % len(libraries) if libraries else 0
            for library in libraries[turn:] + libraries[:turn]:
                if len(times[library]["ns"]) >= rounds.get(library, 0):
                    continue
                if self.threads > 1:
                    # Threads of the last library may still wait for work in a loop, and would take a core
                    # from whoever comes next: those of NumPy's OpenBLAS do so for 0.1 s, of torch's OpenMP
                    # for 0.2 s.
                    time.sleep(0.3 if last.startswith("torch") else 0.15)
                    # A virtual machine moves its processors, those that are at work rather than idle ones.
                    start = time.monotonic()
                    while (apart := self.apart()) > FAR_NS and time.monotonic() < start + patience:
                        pass
                    patience -= time.monotonic() - start
                    if apart > FAR_NS:
                        far.append(apart)
                last = library
                try:
                    self.round(self.workers[library], times[library], clock)
                except Failed as fault:
                    self.note(library, name, f"FAILED: {fault}")
                    rounds[library] = 0
        if far:
            self.note("all", name, f"processors {max(far):.0f} ns apart in {len(far)} rounds")
        return times

    def apart(self):
        """Nanoseconds that a number takes from one processor to the other and back."""
        return float(subprocess.check_output([self.binary, "apart"]))

    def calibrate(self, worker, times, clock):
        """Warms up, finds the number of calls of a round, and gives the number of rounds."""
        ns = worker.ask(op="time", calls=1, clock=clock)["ns"]
        if ns * self.plan.rounds > 1e9 * self.plan.budget_s:
            # Too slow to be done again only because it was the warm-up.
            times["ns"].append(ns)
            times["faults"].append(0)
            return max(1, int(1e9 * self.plan.budget_s / ns))
        # The first call may be slow for other reasons; small workloads need many to be timed at all.
        calls = 1
        while True:
            seconds = worker.ask(op="time", calls=calls, clock=clock)["ns"] / 1e9
            if seconds >= self.plan.round_s / 4 or calls >= 10**7:
                break
            calls = min(10 * calls, int(calls * self.plan.round_s / max(seconds, 1e-9)) + 1)
        times["calls"] = max(1, round(calls * self.plan.round_s / max(seconds, 1e-9)))
        return self.plan.rounds

    def round(self, worker, times, clock):
        before = worker.faults()
        ns = worker.ask(op="time", calls=times["calls"], clock=clock)["ns"]
        times["ns"].append(ns / times["calls"])
        times["faults"].append((worker.faults() - before) / times["calls"])


def caption(versions, quick):
    cpu = next(
        line.split(":")[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    )
    libraries = {k: v for k, v in versions.items() if k not in ("pullback", "torch_compile")}
    listed = ", ".join(f"{name} {version}" for name, version in libraries.items())
    load = os.getloadavg()[0]
    rough = "; quick run, rough times" if quick else ""
    return f"{cpu}, {datetime.date.today()}; {listed}; load {load:.1f}{rough}"


def main():
    args = options()
    plan = Plan(args.quick)
    # As an interrupt: the workers are stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("terminated"))
    args.scratch.mkdir(parents=True, exist_ok=True)
    workloads = chosen(args.binary, args.only)
    print(f"load before: {os.getloadavg()}", file=sys.stderr)
    rows, details, notes, versions = [], [], [], {}
    results = ROOT / "benches/peers/results.json"
    for threads in args.threads or (1, 2):
        bench = Bench(args, plan, threads)
        try:
            versions = bench.start()
            for group, name in workloads:
                load = os.getloadavg()[0]
                print(f"{name}, {threads} thread(s), load {load:.1f}", file=sys.stderr)
                try:
                    row, times = bench.measure(name, group)
                except Failed as fault:
                    bench.note("reference", name, f"FAILED: {fault}; the workload is left out")
                    continue
                rows.append(row)
                details.append({"name": name, "threads": threads, "load": load, "libraries": times})
                results.write_text(json.dumps(rows, indent=1) + "\n")
                (args.scratch / "rounds.json").write_text(json.dumps(details, indent=1) + "\n")
        finally:
            bench.stop()
            notes += bench.notes
    print(f"load after: {os.getloadavg()}\n", file=sys.stderr)
    text = caption(versions, args.quick)
    print(text + "\n", flush=True)
    # A picture of a part would look like the whole.
    svg = [] if args.only else ["--svg", str(ROOT / "docs/benchmarks.svg"), "--caption", text]
    subprocess.run([args.binary, "report", results, *svg], check=True)
    if notes:
        print("\nNotes:\n  " + "\n  ".join(notes))


main()
