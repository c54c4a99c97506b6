"""Steps and forward passes of the deterministic model in PyTorch, its defaults; prints one JSON line of milliseconds.

usage: torch_step.py {28|32} BATCH WARMUP ROUNDS
"""
import json
import sys
import time

import torch
from torch import nn

side, batch, warmup, rounds = (int(a) for a in sys.argv[1:5])
torch.manual_seed(1)

if side == 28:
    channels, latent = 1, 3
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(9216, latent),
    )
else:
    channels, latent = 3, 16
    net = nn.Sequential(
        nn.Conv2d(3, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3), nn.ReLU(), nn.Flatten(), nn.Linear(1024, latent),
    )
images = torch.rand(batch, channels, side, side)
labels = torch.arange(batch) % 10
margin = 0.7
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-4, weight_decay=1e-5)


def triplets(distances):
    """Every triplet within the margin, as pytorch-metric-learning's TripletMarginMiner(type 'all') finds them."""
    same = labels[:, None] == labels[None, :]
    positive = same & ~torch.eye(batch, dtype=torch.bool)
    a, p, n = torch.where(positive[:, :, None] & ~same[:, None, :])
    violation = distances[a, n] - distances[a, p]
    keep = violation <= margin
    return a[keep], p[keep], n[keep]


def step():
    u = nn.functional.normalize(net(images))
    distances = torch.cdist(u, u)
    with torch.no_grad():
        a, p, n = triplets(distances)
    positive, negative = distances[a, p], torch.relu(margin - distances[a, n])
    loss = positive.sum() / (positive > 0).sum().clamp(min=1) + negative.sum() / (negative > 0).sum().clamp(min=1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def forward():
    with torch.no_grad():
        net(images)


def timed(what):
    for _ in range(warmup):
        what()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        what()
        times.append((time.perf_counter() - start) * 1e3)
    return times


print(json.dumps({
    "version": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads",
    "step": timed(step),
    "forward": timed(forward),
}))
