"""Ten nearest of every query in faiss's flat index; prints one JSON line of milliseconds.

usage: faiss_flat.py ITEMS DIM QUERIES K ROUNDS
"""
import json
import sys
import time

import faiss
import numpy as np

items, dim, queries, k, rounds = (int(a) for a in sys.argv[1:6])
rng = np.random.default_rng(1)
database = rng.standard_normal((items, dim), dtype=np.float32)
database /= np.linalg.norm(database, axis=1, keepdims=True)
asked = rng.standard_normal((queries, dim), dtype=np.float32)
asked /= np.linalg.norm(asked, axis=1, keepdims=True)
index = faiss.IndexFlatL2(dim)
index.add(database)
times = []
for _ in range(rounds):
    start = time.perf_counter()
    index.search(asked, k)
    times.append((time.perf_counter() - start) * 1e3)
print(json.dumps({"version": f"faiss-cpu {faiss.__version__}, {faiss.omp_get_max_threads()} threads", "search": times}))
