"""Cuts the subset in this folder out of the complete MNIST set.

Usage: python3 make_subset.py FOLDER_OF_THE_COMPLETE_SET

Needs Python 3 and `gzip`. The images and labels stay in their published order; only the count in
each header changes. `gzip -9n` writes neither name nor time, so that the sums in SHA256SUMS can be
reproduced.
"""

import gzip
import hashlib
import pathlib
import struct
import subprocess
import sys

# Each entry: file name without `.gz`, items to keep, rank of the array.
FILES = [
    ("t10k-images-idx3-ubyte", 2_000, 3),
    ("t10k-labels-idx1-ubyte", 2_000, 1),
    ("train-images-idx3-ubyte", 10_000, 3),
    ("train-labels-idx1-ubyte", 10_000, 1),
]

source = pathlib.Path(sys.argv[1])
target = pathlib.Path(__file__).resolve().parent
sums = []
for name, keep, rank in FILES:
    raw = gzip.decompress((source / f"{name}.gz").read_bytes())
    header = 4 + 4 * rank
    magic, count, *item_shape = struct.unpack_from(f">{1 + rank}I", raw)
    assert magic == 0x0800 + rank, f"{name}: magic {magic:#x}"
    item = 1
    for size in item_shape:
        item *= size
    assert len(raw) == header + count * item and count >= keep, f"{name}: length {len(raw)}"
    subset = struct.pack(f">{1 + rank}I", magic, keep, *item_shape) + raw[header : header + keep * item]
    packed = subprocess.run(["gzip", "-9n"], input=subset, stdout=subprocess.PIPE, check=True).stdout
    (target / f"{name}.gz").write_bytes(packed)
    sums.append(f"{hashlib.sha256(packed).hexdigest()}  {name}.gz\n")
(target / "SHA256SUMS").write_text("".join(sums))
