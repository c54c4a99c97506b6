#!/usr/bin/env python3
"""Times training, forward and post-hoc passes, search and evaluation, beside PyTorch's and faiss's where they have the
same, in turns, and writes docs/benchmarks.md.

usage: python3 benchmarks/run.py [--turns N] [--rounds N]

Makes its own virtual environment for the peers (benchmarks/.venv, from PyPI). Nothing else should run meanwhile.
"""
import argparse
import datetime
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PYTHON = HERE / ".venv" / "bin" / "python"
CASES = [(28, 64), (28, 256), (32, 64), (32, 256)]
APPROXIMATIONS = ("fix", "pos", "full")
LAPLACE = [(loss, approx) for loss in ("contrastive", "arccos") for approx in APPROXIMATIONS]
# Rows, dimensions, queries; the ten nearest of each.
SEARCHES = [(10_000, 3, 10_000), (100_000, 128, 2_000)]
# Steps of training before a step is timed: only then are features and mined pairs those of a training run.
TRAINED = 200
EVALUATED = "configs/fashionmnist/laplace_online_arccos_fix.yaml"


def peers():
    if not PYTHON.exists():
        venv.create(HERE / ".venv", with_pip=True)
    requirements = HERE / "requirements.txt"
    subprocess.run([PYTHON, "-m", "pip", "install", "-q", "-r", requirements], check=True)


def executable(name, *command):
    """The path of what a cargo command compiles."""
    command = ["cargo", *command, "--message-format", "json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = (json.loads(line) for line in out.splitlines() if line.startswith("{"))
    return [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == name][-1]


def bench(package, name):
    return executable(name, "bench", "-p", package, "--bench", name, "--no-run")


def say(what):
    print(what, file=sys.stderr)


def last_line(*command):
    command = [str(part) for part in command]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(out.stdout.splitlines()[-1])


def pooled(results, what):
    return [value for result in results for value in result[what]]


def median(results, what):
    return statistics.median(pooled(results, what))


def spread(results, what):
    first, _, third = statistics.quantiles(pooled(results, what), n=4)
    return f"{first:.2f}–{third:.2f}"


def paired(results, what, beside):
    """Median of the ratios of times that were taken one after the other."""
    pairs = zip(pooled(results, what), pooled(results, beside))
    return f"{statistics.median(a / b for a, b in pairs):.2f}"


def table(*rows):
    first, *rest = ["| " + " | ".join(row) + " |" for row in rows]
    return ["", first, "|" + "---|" * len(rows[0]), *rest]


def steps(program, side, batch, turns, rounds):
    """Training steps and forward passes of every program for one network and batch."""
    ours = {"deterministic": ["deterministic"]}
    for loss, approx in LAPLACE:
        ours[f"LAM online, {loss} {approx}"] = ["laplace_online", f"loss={loss}", f"loss_approx={approx}"]
    torch, times = [], {}
    for turn in range(turns):
        say(f"{side}×{side}, batch {batch}: turn {turn + 1} of {turns}")
        torch.append(last_line(PYTHON, HERE / "peers" / "torch_step.py", side, batch, TRAINED, rounds))
        for name, (method, *settings) in ours.items():
            result = last_line(program, method, side, batch, TRAINED, rounds, *settings)
            times.setdefault(name, []).append(result)

    def row(name, results):
        own = paired(results, "step", "beside") if results[0].get("beside") else "–"
        by_torch = [f"{median(results, what) / median(torch, what):.2f}" for what in ("step", "forward")]
        step, forward = (f"{median(results, what):.2f}" for what in ("step", "forward"))
        return [name, step, spread(results, "step"), by_torch[0], own, forward, by_torch[1]]

    head = ["", "step", "quartiles", "÷ PyTorch", "÷ our deterministic", "forward", "÷ PyTorch"]
    rows = [row("PyTorch, deterministic", torch)] + [row(*item) for item in times.items()]
    title = f"## {side}×{side} network, batch {batch}"
    return torch[0]["version"], ["", title, *table(head, *rows)]


def posthoc(program, turns, rounds):
    rows = []
    for side, batch in CASES:
        say(f"post-hoc pass, {side}×{side}, batch {batch}")
        for approx in APPROXIMATIONS:
            settings = ("loss=arccos", f"loss_approx={approx}")
            results = [last_line(program, side, batch, TRAINED, few(rounds, batch), *settings) for _ in range(turns)]
            times = [f"{median(results, what):.2f}" for what in ("forward", "pass")]
            rows.append([f"{side}×{side}", str(batch), approx, *times, paired(results, "pass", "forward")])
    head = ["network", "batch", "Hessian", "forward", "post-hoc pass", "÷ forward"]
    text = "Forward pass, mining and Hessian (arccos) of a batch, beside the forward pass alone, one after the other, trained as above."
    return ["", "## Post-hoc pass", "", text, *table(head, *rows)]


def search(program, turns):
    rows = []
    version = ""
    for count, dim, queries in SEARCHES:
        say(f"search, {count:,} × {dim}")
        ours, peer = [], []
        for _ in range(turns):
            arguments = (count, dim, queries, 10, 3)
            peer.append(last_line(PYTHON, HERE / "peers" / "faiss_search.py", *arguments))
            ours.append(last_line(program, *arguments))
        version = peer[0]["version"]
        times = [median(results, "search") for results in (peer, ours)]
        cells = [f"{count:,} × {dim}", f"{queries:,}"]
        cells += [f"{times[0]:.1f}", spread(peer, "search"), f"{times[1]:.1f}", spread(ours, "search")]
        rows.append([*cells, f"{times[1] / times[0]:.2f}"])
    head = ["rows", "queries", "faiss IndexFlatL2", "quartiles", "lam-search", "quartiles", "÷ faiss"]
    text = "The ten nearest of every query, exact, rows uniform on the sphere; preparation of the rows included."
    return version, ["", "## Search", "", text, *table(head, *rows)]


def measured(*command):
    """Seconds and peak resident memory in MiB of a program."""
    start = time.perf_counter()
    process = subprocess.Popen([str(part) for part in command], cwd=ROOT, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return time.perf_counter() - start, usage.ru_maxrss / 1024


def found(lam, name):
    rows = (line.split() for line in subprocess.check_output([lam, "data", "list"], text=True).splitlines())
    return any(row and row[0] == name and "lam data fetch" not in " ".join(row) for row in rows)


def evaluation(lam, turns):
    title = ["", "## Evaluation", ""]
    if not found(lam, "fashionmnist"):
        say("evaluation: left out, FashionMNIST is not here (lam data fetch fashionmnist)")
        return [*title, "Not measured: FashionMNIST was not there."]
    partner = "mnist" if found(lam, "mnist") else "sample_mnist"
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run"
        say("evaluation: one epoch of training first")
        settings = ["--set", f"ood_dataset={partner}"]
        epoch, epoch_memory = measured(lam, "train", "-q", EVALUATED, "--epochs", 1, "--out", run, *settings)
        say("evaluation")
        results = [measured(lam, "eval", "-q", run) for _ in range(turns)]
    seconds, memory = (statistics.median(column) for column in zip(*results))
    text = (
        f"`lam eval` of a run of `{EVALUATED}`: every image of the test sets of FashionMNIST and {partner}, 100 weight"
        " samples, every metric, figures and report. Training: one epoch of 54,000 images with its validation and the"
        " same evaluation."
    )
    rows = [["`lam eval`", f"{seconds:.1f}", f"{memory:.0f}"]]
    rows.append(["`lam train --epochs 1`", f"{epoch:.1f}", f"{epoch_memory:.0f}"])
    return [*title, text, *table(["", "seconds", "peak memory, MiB"], *rows)]


def few(rounds, batch):
    """Rounds for a batch, about as long in all for each."""
    return max(3, rounds * 64 // batch)


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    peers()
    programs = {name: bench("lam-train", name) for name in ("step", "posthoc")}
    exact = bench("lam-search", "exact")
    lam = executable("lam", "build", "--release", "-p", "lam-cli")
    sections = []
    for side, batch in CASES:
        torch, lines = steps(programs["step"], side, batch, options.turns, few(options.rounds, batch))
        sections += lines
    sections += posthoc(programs["posthoc"], options.turns, options.rounds)
    faiss, lines = search(exact, options.turns)
    sections += lines + evaluation(lam, options.turns)
    lines = [
        "# Benchmarks",
        "",
        f"Made by `python3 benchmarks/run.py --turns {options.turns} --rounds {options.rounds}` on "
        f"{datetime.date.today()}: {processor()}, {os.cpu_count()} cores, {platform.system()}. "
        f"Peers: {torch}; {faiss}.",
        "Milliseconds; medians over all turns and their quartiles. Programs run in turns, each on all cores.",
        "The step is forward, mining of all triplets, loss, backward and RMSprop; forward passes of LAM include one",
        "weight sample and its summary. PyTorch's mining forms every candidate triplet, as pytorch-metric-learning does;",
        "ours counts pairs: at batch 256 that difference is a large part of PyTorch's step. “÷ our deterministic” is the",
        "median ratio of a step to the deterministic one just before it in the same process. Every network has first been",
        f"trained for {TRAINED} steps on the shipped clothes (28×28, or with a black edge 32×32×3): which pairs are mined and how",
        "many features are 0 is part of what a step costs.",
    ]
    target = ROOT / "docs" / "benchmarks.md"
    # The server's section is made by benchmarks/serve.py.
    old = target.read_text() if target.exists() else ""
    mark = "<!-- serve: begin -->"
    served = ["", mark + old.split(mark, 1)[1].rstrip()] if mark in old else []
    target.write_text("\n".join(lines + sections + served) + "\n")
    print(target.read_text())


if __name__ == "__main__":
    main()
