"""Writes a trained judge as the one file that crates/deep reads: pieces, the pretrained four-bit vectors of the
pieces as they were, weights in eight bits with a scale for each column."""

import argparse
import json
import struct
import zlib
from pathlib import Path

import numpy as np
import torch

from pretrained import BLOCK, Pretrained

MAGIC = b"MWDEEP1\n"


def numbers(tensor) -> bytes:
    return tensor.detach().float().numpy().astype("<f4").tobytes()


def linear(*parts) -> bytes:
    """Weights as depth x columns in eight bits, the scales of the columns, the biases; parts stand side by side."""
    weight = torch.cat([w for w, _ in parts]).float()
    bias = torch.cat([b for _, b in parts]).float()
    scale = weight.abs().amax(1).clamp(min=1e-8) / 127
    rounded = (weight / scale[:, None]).round().clamp(-127, 127).to(torch.int8)
    return rounded.T.contiguous().numpy().tobytes() + numbers(scale) + numbers(bias)


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--e5", required=True)
    ap.add_argument("--model", required=True, help="the folder that train.py wrote")
    ap.add_argument("--pieces", help="what vocabulary.py chose, if other pieces are to be shipped than trained with")
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    p = Pretrained(Path(a.e5))
    saved = torch.load(Path(a.model) / "judge.pt", weights_only=False)
    s, keep, layers = saved["state"], saved["keep"], saved["layers"]
    if a.pieces:
        keep = json.loads(Path(a.pieces).read_text())
    at = {p.pieces[i]: n for n, i in enumerate(keep)}
    positions = s["encoder.position.weight"].shape[0]
    out = [struct.pack("<6I", p.hidden, layers, p.heads, p.inner, positions, len(keep))]
    out.append(struct.pack("<5I", *(at[m] for m in ("<s>", "<pad>", "</s>", "<unk>", "<mask>"))))
    for i in keep:
        piece = p.pieces[i].encode()
        out.append(bytes([len(piece)]) + piece)
    out.append(p.scores[keep].astype("<f4").tobytes())
    rows = p.blocks("emb.word").reshape(-1, p.hidden // BLOCK, 18)
    out.append(np.ascontiguousarray(rows[keep]).tobytes())
    out.append(numbers(s["encoder.position.weight"]))
    norm = lambda name: numbers(s[f"{name}.weight"]) + numbers(s[f"{name}.bias"])
    part = lambda name: (s[f"{name}.weight"], s[f"{name}.bias"])
    out.append(norm("encoder.ln"))
    for n in range(layers):
        layer = f"encoder.layers.{n}"
        out.append(linear(part(f"{layer}.q"), part(f"{layer}.k"), part(f"{layer}.v")))
        out.append(linear(part(f"{layer}.ao")))
        out.append(norm(f"{layer}.aln"))
        out.append(linear(part(f"{layer}.fi")))
        out.append(linear(part(f"{layer}.fo")))
        out.append(norm(f"{layer}.oln"))
    out.append(linear(part("dense")))
    out.append(numbers(s["out.weight"].view(-1)) + numbers(s["out.bias"]))
    body = b"".join(out)
    Path(a.out).write_bytes(MAGIC + body + struct.pack("<I", zlib.crc32(body)))
    print(f"{len(body) + 12} bytes, {layers} layers, {len(keep)} pieces")


if __name__ == "__main__":
    main()
