#!/usr/bin/env python3
"""Loads the server with searches over HTTP and writes a section of docs/benchmarks.md.

usage: python3 benchmarks/serve.py [--program PATH] [--items N] [--seconds N] [--long N] [--note TEXT]

Takes wrk (Debian: apt-get install wrk) and nothing else. Builds the example serve_vectors of lam-serve unless it is given,
fills an index through POST /items, and asks on the loopback interface: client and server share the cores.
"""
import argparse
import datetime
import json
import os
import platform
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DOCUMENT = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- serve: begin -->", "<!-- serve: end -->"
DIM, CLASSES, K, EF = 128, 1000, 10, 64
CONNECTIONS = (1, 4, 16, 64)
QUERIES = 512
BATCH = 1000

# Each thread of wrk walks through the queries, from a place of its own.
SCRIPT = """
local queries = {}
for line in io.lines("%s") do queries[#queries + 1] = line end
local threads = 0
function setup(thread) thread:set("first", threads * 131); threads = threads + 1 end
local at = 0
function request()
  at = at + 1
  local body = queries[(first + at) %% #queries + 1]
  return wrk.format("POST", "/search", { ["Content-Type"] = "application/json" }, body)
end
function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration, latency:percentile(50),
    latency:percentile(99), e.status, e.connect + e.read + e.write + e.timeout))
end
"""


def say(what):
    print(what, file=sys.stderr)


def build():
    command = ["cargo", "build", "--release", "-p", "lam-serve", "--example", "serve_vectors", "--message-format", "json"]
    out = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    messages = (json.loads(line) for line in out.splitlines() if line.startswith("{"))
    return [m["executable"] for m in messages if m.get("executable")][-1]


def vectors(count, generator, centres):
    for i in range(count):
        centre = centres[i % CLASSES]
        yield [round(c + generator.gauss(0, 0.7), 4) for c in centre]


def rows(count, seed):
    """Points around the centres of classes, as embeddings lie; the server brings them to length 1."""
    first = random.Random(1)
    centres = [[first.gauss(0, 0.7) for _ in range(DIM)] for _ in range(CLASSES)]
    return vectors(count, random.Random(seed), centres)


class Server:
    def __init__(self, program, index, *options):
        command = [str(program), str(index), "--port", "0", "--dim", str(DIM), *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            raise SystemExit("the server did not start")

    def ask(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=120) as response:
            return json.load(response)

    def resident(self):
        """Anonymous and whole resident memory in MiB; the mapped files are the rest."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        kib = {name: int(value) for name, value in re.findall(r"^(RssAnon|VmRSS):\s+(\d+) kB$", status, re.M)}
        return kib["RssAnon"] / 1024, kib["VmRSS"] / 1024

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0


def load(server, script, connections, seconds):
    """Requests a second, median and 99th percentile in milliseconds."""
    threads = min(connections, 2)
    command = ["wrk", "-t", threads, "-c", connections, "-d", f"{seconds}s", "--timeout", "30s", "-s", script, server.url]
    out = subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout
    result = re.search(r"^RESULT (.*)$", out, re.M).group(1)
    requests, duration, median, last, wrong, lost = map(int, result.split())
    assert wrong == 0 and lost == 0, f"{wrong} errors, {lost} lost"
    return requests / duration * 1e6, median / 1e3, last / 1e3


def fill(server, count):
    begun = time.perf_counter()
    batch, sent = [], 0
    for i, row in enumerate(rows(count, 2)):
        batch.append({"id": i, "vector": row, "label": i % CLASSES})
        if len(batch) == BATCH or i == count - 1:
            server.ask("/items", {"items": batch})
            sent += len(batch)
            batch = []
    assert server.ask("/index")["items"] == sent == count
    return time.perf_counter() - begun


def wait_for_graph(server):
    begun = time.perf_counter()
    # The graph of the first, empty snapshot does not count.
    while not (about := server.ask("/index"))["graph"] or about["generation"] < 2:
        time.sleep(0.5)
    return time.perf_counter() - begun


def found(program, index, *arguments):
    """What 200 queries find. One server after the other: an index has one writer."""
    server = Server(program, index, *arguments)
    queries = ({"vector": row} for row in rows(200, 3))
    all_found = [{n["id"] for n in server.ask(f"/search?k={K}", query)["neighbours"]} for query in queries]
    server.end()
    return all_found


def recall(program, index):
    pairs = zip(found(program, index), found(program, index, "--ef", EF))
    return sum(len(exact & approximate) for exact, approximate in pairs) / (200 * K)


def table(*lines):
    first, *rest = ["| " + " | ".join(line) + " |" for line in lines]
    return ["", first, "|" + "---|" * len(lines[0]), *rest]


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def write(section):
    text = DOCUMENT.read_text()
    section = "\n".join([BEGIN, *section, END])
    if BEGIN in text:
        before, rest = text.split(BEGIN, 1)
        text = before + section + rest.split(END, 1)[1]
    else:
        text = text.rstrip("\n") + "\n\n" + section + "\n"
    DOCUMENT.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", help="the example serve_vectors, already built")
    parser.add_argument("--items", type=int, default=100_000)
    parser.add_argument("--seconds", type=int, default=15, help="of each measurement")
    parser.add_argument("--long", type=int, default=300, help="seconds of the run that memory is watched in; 0 for none")
    parser.add_argument("--note", default="", help="what else the machine was doing")
    options = parser.parse_args()
    program = options.program or build()
    folder = tempfile.TemporaryDirectory(prefix="lam-serve-")
    script, queries = Path(folder.name, "search.lua"), Path(folder.name, "queries.json")
    queries.write_text("".join(json.dumps({"vector": row}) + "\n" for row in rows(QUERIES, 3)))
    script.write_text(SCRIPT % queries)
    index = Path(folder.name, "index")

    say(f"filling an index with {options.items:,} items")
    server = Server(program, index, "--ef", EF)
    filled = fill(server, options.items)
    built = wait_for_graph(server)
    say(f"  {filled:.1f} s, and {built:.1f} s more for the graph")
    server.end()

    lines = [["search", "connections", "requests/s", "p50 ms", "p99 ms"]]
    memory = []
    for name, arguments in (("exact", []), (f"approximate, ef {EF}", ["--ef", EF])):
        server = Server(program, index, *arguments)
        load(server, script, 4, 2)
        for connections in CONNECTIONS:
            rate, median, last = load(server, script, connections, options.seconds)
            lines.append([name, str(connections), f"{rate:,.0f}", f"{median:.2f}", f"{last:.2f}"])
            say("  " + " | ".join(lines[-1]))
        if options.long:
            say(f"{options.long} s of searches by 16 connections, memory watched")
            before = server.resident()
            rate, median, last = load(server, script, 16, options.long)
            after = server.resident()
            memory.append([name, f"{rate:,.0f}", f"{last:.2f}", *(f"{value:.1f}" for value in (*before, *after))])
            say("  " + " | ".join(memory[-1]))
        server.end()
    share = recall(program, index)

    command = " ".join(["python3 benchmarks/serve.py", *(a for a in sys.argv[1:] if not os.path.exists(a) and a != "--program")])
    section = ["## The server", ""]
    section.append(
        f"Made by `{command}` on {datetime.date.today()}: {processor()}, {os.cpu_count()} cores, {platform.system()}. "
        f"`POST /search` over the loopback interface, {options.items:,} items of size {DIM} in {CLASSES:,} classes, the {K} "
        f"nearest; wrk with one or two threads shares the cores with the server. {options.seconds} s each. {options.note}".strip()
    )
    section += table(*lines)
    section += [
        "",
        f"The approximate search finds {share:.3f} of the {K} nearest (200 queries). Adding the items by requests of {BATCH:,}, each "
        f"on the disk before the next, took {filled:.1f} s, {options.items / filled:,.0f} items a second with the client's JSON; the graph "
        f"was there {built:.1f} s later.",
    ]
    if memory:
        head = ["search", "requests/s", "p99 ms", "anonymous before", "resident before", "anonymous after", "resident after"]
        section += ["", f"Memory in MiB around {options.long} s of searches by 16 connections (what is resident and not anonymous are mapped files):"]
        section += table(head, *memory)
    write(section)


if __name__ == "__main__":
    main()
