"""Steps and forward passes of the deterministic model in PyTorch, its defaults; prints one JSON line of milliseconds.

usage: torch_step.py {28|32} BATCH TRAINED ROUNDS
"""
import gzip
import json
import sys
import time
from pathlib import Path

import numpy
import torch
from torch import nn

side, batch, trained, rounds = (int(a) for a in sys.argv[1:5])
torch.manual_seed(1)


def shipped(name, header):
    path = Path(__file__).resolve().parents[2] / "data" / "sample" / f"train-{name}-ubyte.gz"
    return torch.from_numpy(numpy.frombuffer(gzip.decompress(path.read_bytes())[header:], numpy.uint8).copy())


# The images, batches and learning rate of the programs beside this one.
edge = (side - 28) // 2
all_labels = shipped("labels-idx1", 8)
all_images = nn.functional.pad(shipped("images-idx3", 16).view(-1, 1, 28, 28) / 255, [edge] * 4)


def chosen(number):
    i = torch.arange(number * batch, (number + 1) * batch) * 1_237 % len(all_labels)
    return all_images[i].repeat(1, channels, 1, 1), all_labels[i]


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
margin = 0.7
optimizer = torch.optim.RMSprop(net.parameters(), lr=1e-5 * batch, weight_decay=1e-5)


def triplets(distances, labels):
    """Every triplet within the margin, as pytorch-metric-learning's TripletMarginMiner(type 'all') finds them."""
    same = labels[:, None] == labels[None, :]
    positive = same & ~torch.eye(batch, dtype=torch.bool)
    a, p, n = torch.where(positive[:, :, None] & ~same[:, None, :])
    violation = distances[a, n] - distances[a, p]
    keep = violation <= margin
    return a[keep], p[keep], n[keep]


def step(images, labels):
    u = nn.functional.normalize(net(images))
    distances = torch.cdist(u, u)
    with torch.no_grad():
        a, p, n = triplets(distances, labels)
    positive, negative = distances[a, p], torch.relu(margin - distances[a, n])
    loss = positive.sum() / (positive > 0).sum().clamp(min=1) + negative.sum() / (negative > 0).sum().clamp(min=1)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def forward(images, _):
    with torch.no_grad():
        net(images)


def timed(what):
    times = []
    for number in range(trained, trained + rounds):
        inputs = chosen(number)
        start = time.perf_counter()
        what(*inputs)
        times.append((time.perf_counter() - start) * 1e3)
    return times


for number in range(trained):
    step(*chosen(number))
print(json.dumps({
    "version": f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads",
    "step": timed(step),
    "forward": timed(forward),
}))
