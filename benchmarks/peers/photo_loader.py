"""Photographs per second of PyTorch's DataLoader, torchvision and Pillow; prints one line an epoch.

usage: photo_loader.py FOLDER EPOCHS WORKERS

Ours on the same folder: cargo run --release -p lam-data --example photo_throughput -- FOLDER EPOCHS
"""
import pathlib
import sys
import time

from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torchvision import transforms as T

folder, epochs, workers = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])


class Photographs(Dataset):
    def __init__(self):
        self.files = sorted(folder.iterdir())
        self.view = T.Compose([
            T.RandomResizedCrop(227),
            T.RandomHorizontalFlip(),
            T.ToTensor(),
            T.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ])

    def __len__(self):
        return len(self.files)

    def __getitem__(self, index):
        return self.view(Image.open(self.files[index]).convert("RGB"))


loader = DataLoader(Photographs(), 64, shuffle=True, num_workers=workers, persistent_workers=workers > 0)
for epoch in range(epochs):
    start = time.perf_counter()
    images = sum(len(batch) for batch in loader)
    print(f"epoch {epoch}: {images} images, {images / (time.perf_counter() - start):.0f} per second")
