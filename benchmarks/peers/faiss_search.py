"""Exact search by faiss's flat index; prints one JSON line of milliseconds, adding the rows to the index included.

usage: faiss_search.py ROWS DIM QUERIES K ROUNDS
"""
import json
import sys
import time

import faiss
import numpy as np

rows, dim, queries, k, rounds = (int(a) for a in sys.argv[1:6])


def unit_rows(count, seed):
    values = np.random.default_rng(seed).standard_normal((count, dim), dtype=np.float32)
    return values / np.linalg.norm(values, axis=1, keepdims=True)


database, wanted = unit_rows(rows, 1), unit_rows(queries, 2)
times = []
for _ in range(rounds + 1):
    start = time.perf_counter()
    index = faiss.IndexFlatL2(dim)
    index.add(database)
    index.search(wanted, k)
    times.append((time.perf_counter() - start) * 1e3)
# The first round pays for memory and threads.
version = f"faiss-cpu {faiss.__version__}, {faiss.omp_get_max_threads()} threads"
print(json.dumps({"version": version, "search": times[1:]}))
