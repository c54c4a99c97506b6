#!/usr/bin/env python3
"""Times our training step and forward pass beside PyTorch's, in turns, and writes docs/benchmarks.md.

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
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PYTHON = HERE / ".venv" / "bin" / "python"
LAPLACE = [(loss, approx) for loss in ("contrastive", "arccos") for approx in ("fix", "pos", "full")]


def peers():
    if not PYTHON.exists():
        venv.create(HERE / ".venv", with_pip=True)
        requirements = HERE / "requirements.txt"
        subprocess.run([PYTHON, "-m", "pip", "install", "-q", "-r", requirements], check=True)


def step_bench():
    """The path of the compiled benchmark."""
    command = ["cargo", "bench", "-p", "lam-train", "--bench", "step", "--no-run", "--message-format", "json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = (json.loads(line) for line in out.splitlines() if line.startswith("{"))
    found = [m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "step"]
    return found[-1]


def last_line(command):
    out = subprocess.run([str(part) for part in command], cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(out.stdout.splitlines()[-1])


def case(bench, side, batch, turns, rounds):
    """Times of every program for one network and batch, in turns."""
    ours = {"deterministic": ["deterministic"]}
    for loss, approx in LAPLACE:
        ours[f"LAM online, {loss} {approx}"] = ["laplace_online", f"loss={loss}", f"loss_approx={approx}"]
    times = {}
    version = ""
    for turn in range(turns):
        print(f"{side}×{side}, batch {batch}: turn {turn + 1} of {turns}", file=sys.stderr)
        result = last_line([PYTHON, HERE / "peers" / "torch_step.py", side, batch, 3, rounds])
        version = result["version"]
        times.setdefault("PyTorch, deterministic", []).append(result)
        for name, (method, *settings) in ours.items():
            result = last_line([bench, method, side, batch, 5, rounds, *settings])
            times.setdefault(name, []).append(result)
    return version, times


def pooled(results, what):
    return sorted(value for result in results for value in result[what])


def row(name, results, torch, own):
    step, forward = pooled(results, "step"), pooled(results, "forward")
    median = statistics.median(step)
    quartiles = statistics.quantiles(step, n=4)
    cells = [
        name,
        f"{median:.2f}",
        f"{quartiles[0]:.2f}–{quartiles[2]:.2f}",
        f"{median / statistics.median(pooled(torch, 'step')):.2f}",
        f"{median / statistics.median(pooled(own, 'step')):.2f}",
        f"{statistics.median(forward):.2f}",
        f"{statistics.median(forward) / statistics.median(pooled(torch, 'forward')):.2f}",
    ]
    return "| " + " | ".join(cells) + " |"


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
    bench = step_bench()
    lines = [
        "# Benchmarks",
        "",
        f"Made by `python3 benchmarks/run.py --turns {options.turns} --rounds {options.rounds}` on "
        f"{datetime.date.today()}: {processor()}, {os.cpu_count()} cores, {platform.system()}.",
        "Milliseconds; medians over all turns, quartiles in the third column. Programs run in turns, each on all cores.",
        "The step is forward, mining of all triplets, loss, backward and RMSprop; forward passes of LAM include one",
        "weight sample and its summary. PyTorch's mining forms every candidate triplet, as pytorch-metric-learning does;",
        "ours counts pairs: at batch 256 that difference is a large part of PyTorch's step.",
    ]
    version = ""
    for side, batch in [(28, 64), (28, 256), (32, 64), (32, 256)]:
        rounds = max(5, options.rounds * 64 // batch)
        version, times = case(bench, side, batch, options.turns, rounds)
        torch, own = times["PyTorch, deterministic"], times["deterministic"]
        lines += [
            "",
            f"## {side}×{side} network, batch {batch}",
            "",
            "| | step | quartiles | ÷ PyTorch | ÷ our deterministic | forward | ÷ PyTorch |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [row(name, results, torch, own) for name, results in times.items()]
    lines[2] += f" Peer: {version}."
    target = ROOT / "docs" / "benchmarks.md"
    target.write_text("\n".join(lines) + "\n")
    print(target.read_text())


if __name__ == "__main__":
    main()
