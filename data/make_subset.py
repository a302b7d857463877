#!/usr/bin/env python3
"""Cuts the shipped subset out of the full Fashion-MNIST: the first images of each part, as gzipped IDX files.

usage: make_subset.py [SOURCE [TARGET]]

SOURCE is a folder with the four full files (default: where Debian's package dataset-fashion-mnist puts them), TARGET the
folder that gets the subset (default: fashion-mnist-small beside this script). Prints the SHA-256 of each file's IDX bytes (before
compression), which is what README.md and the program compare. Needs nothing but Python's standard library.
"""
import gzip
import hashlib
import os
import struct
import sys

PARTS = {"train": 12000, "t10k": 2500}


def cut(data, count):
    """The first count items of an IDX file, under a header that says so."""
    rank = data[3]
    sizes = struct.unpack(">%dI" % rank, data[4:4 + 4 * rank])
    if data[:3] != b"\0\0\x08" or not 0 < count <= sizes[0]:
        raise SystemExit("not an IDX file of unsigned bytes with at least %d items" % count)
    item = 1
    for size in sizes[1:]:
        item *= size
    start = 4 + 4 * rank
    return data[:4] + struct.pack(">%dI" % rank, count, *sizes[1:]) + data[start:start + count * item]


def main():
    source = sys.argv[1] if len(sys.argv) > 1 else "/usr/share/datasets/fashion-mnist"
    beside = os.path.join(os.path.dirname(os.path.abspath(__file__)), "fashion-mnist-small")
    target = sys.argv[2] if len(sys.argv) > 2 else beside
    os.makedirs(target, exist_ok=True)
    for part, count in PARTS.items():
        for kind in ("images-idx3-ubyte", "labels-idx1-ubyte"):
            name = "%s-%s.gz" % (part, kind)
            with gzip.open(os.path.join(source, name), "rb") as file:
                subset = cut(file.read(), count)
            with open(os.path.join(target, name), "wb") as raw:
                # No name and no time in the header: the same bytes on every run.
                with gzip.GzipFile(filename="", mode="wb", compresslevel=9, fileobj=raw, mtime=0) as packed:
                    packed.write(subset)
            print("%s  %s" % (hashlib.sha256(subset).hexdigest(), name))


if __name__ == "__main__":
    main()
