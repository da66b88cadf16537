"""Averages the weights of two rounds of training, the second of which began with the first: what it forgot of unlike
mail while it learnt the finer differences comes back, and little of those is lost (Wortsman et al. 2022, model soups).
"""

import argparse
from pathlib import Path

import torch

FROZEN = "encoder.word.weight"


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--first", required=True, help="the folder of the first round")
    ap.add_argument("--second", required=True, help="the folder of the second, whose pieces are kept")
    ap.add_argument("--share", type=float, default=0.5, help="of the first")
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    first = torch.load(Path(a.first) / "judge.pt", weights_only=False)["state"]
    saved = torch.load(Path(a.second) / "judge.pt", weights_only=False)
    # The vectors of the pieces are not trained, and the two may have kept other pieces.
    saved["state"] = {
        name: weight if name == FROZEN else weight * (1 - a.share) + first[name] * a.share
        for name, weight in saved["state"].items()
    }
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.save(saved, out / "judge.pt")


if __name__ == "__main__":
    main()
