"""Reads a model that export.py wrote back into the file that train.py goes on from, so that another round needs none of
the rounds before it. What eight bits had rounded stays rounded.
"""

import argparse
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

from encoder import Judge, load
from export import MAGIC
from pretrained import BLOCK, Pretrained


class Reader:
    """The parts of the file, one after the other."""

    def __init__(self, data: bytes):
        assert data.startswith(MAGIC), "this is no model that export.py wrote"
        body, (check,) = data[len(MAGIC) : -4], struct.unpack("<I", data[-4:])
        assert zlib.crc32(body) == check, "the file is damaged"
        self.body, self.at = body, 0

    def take(self, count: int) -> bytes:
        self.at += count
        return self.body[self.at - count : self.at]

    def integers(self, count: int):
        return struct.unpack(f"<{count}I", self.take(4 * count))

    def numbers(self, *shape: int) -> torch.Tensor:
        flat = np.frombuffer(self.take(4 * int(np.prod(shape))), dtype="<f4")
        return torch.from_numpy(flat.copy()).view(*shape)

    def linear(self, depth: int, columns: int):
        """As `export.linear` wrote it: weights as columns x depth, and biases."""
        rounded = np.frombuffer(self.take(depth * columns), dtype=np.int8).reshape(depth, columns)
        scale, bias = self.numbers(columns), self.numbers(columns)
        return torch.from_numpy(rounded.T.astype(np.float32)) * scale[:, None], bias


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--e5", required=True)
    ap.add_argument("--model", required=True, help="the file that export.py wrote")
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    p = Pretrained(Path(a.e5))
    r = Reader(Path(a.model).read_bytes())
    hidden, layers, heads, inner, positions, count = r.integers(6)
    assert (hidden, heads, inner) == (p.hidden, p.heads, p.inner), "another encoder than this one"
    r.integers(5)
    places = {piece: n for n, piece in enumerate(p.pieces)}
    keep = [places[r.take(r.take(1)[0]).decode()] for _ in range(count)]
    r.numbers(count)
    r.take(count * hidden // BLOCK * 18)
    judge = Judge(load(p, layers, keep, positions), hidden)
    state = judge.state_dict()
    state["encoder.position.weight"] = r.numbers(positions, hidden)

    def norm(name: str):
        state[f"{name}.weight"], state[f"{name}.bias"] = r.numbers(hidden), r.numbers(hidden)

    def linear(depth: int, *names: str, width: int = hidden):
        weight, bias = r.linear(depth, width * len(names))
        for name, w, b in zip(names, weight.split(width), bias.split(width)):
            state[f"{name}.weight"], state[f"{name}.bias"] = w, b

    norm("encoder.ln")
    for layer in (f"encoder.layers.{n}" for n in range(layers)):
        linear(hidden, f"{layer}.q", f"{layer}.k", f"{layer}.v")
        linear(hidden, f"{layer}.ao")
        norm(f"{layer}.aln")
        linear(hidden, f"{layer}.fi", width=inner)
        linear(inner, f"{layer}.fo")
        norm(f"{layer}.oln")
    linear(hidden, "dense")
    state["out.weight"], state["out.bias"] = r.numbers(1, hidden), r.numbers(1)
    assert r.at == len(r.body), "more stands in the file than was read"
    judge.load_state_dict(state)
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.save({"state": judge.state_dict(), "keep": keep, "layers": layers, "args": {}}, out / "judge.pt")


if __name__ == "__main__":
    main()
