"""Measures a trained judge: recall of injections at the score that lets 1 % and 0.1 % of benign mail through."""

import argparse
import json
import random
import shlex
import subprocess
from collections import defaultdict
from pathlib import Path

import torch

import dataset
from encoder import Judge, load
from pieces import Pieces
from pretrained import Pretrained
from train import POSITIONS, Batcher


class Trained:
    def __init__(self, e5: Path, folder: Path):
        p = Pretrained(e5)
        saved = torch.load(Path(folder) / "judge.pt", weights_only=False)
        keep = saved["keep"]
        kept = {p.pieces[i]: n for n, i in enumerate(keep)}
        self.batcher = Batcher(Pieces([p.pieces[i] for i in keep], p.scores[keep]), kept)
        self.judge = Judge(load(p, saved["layers"], keep, POSITIONS), p.hidden)
        self.judge.load_state_dict(saved["state"])
        self.judge.eval()
        self.pad = kept["<pad>"]

    @torch.no_grad()
    def logits(self, texts: list[tuple[str, str]]) -> list[float]:
        rows = [self.batcher.ids(text, subject) for text, subject in texts]
        order = sorted(range(len(rows)), key=lambda i: len(rows[i]))
        out = [0.0] * len(rows)
        for at in range(0, len(order), 64):
            part = order[at : at + 64]
            with torch.autocast("cpu", torch.bfloat16):
                logits = self.judge(self.batcher.pad([rows[i] for i in part]), self.pad)
            for i, logit in zip(part, logits.float().tolist()):
                out[i] = logit
        return out


class Shipped:
    """The exported model, asked through the Rust runtime: what is measured is what is shipped."""

    def __init__(self, command: str):
        self.command = shlex.split(command)

    def logits(self, texts: list[tuple[str, str]]) -> list[float]:
        lines = "".join(json.dumps({"text": text, "subject": subject}) + "\n" for text, subject in texts)
        done = subprocess.run(self.command, input=lines.encode(), stdout=subprocess.PIPE, check=True)
        return [float(line) for line in done.stdout.split()]


def mails(rows, most: int):
    """Subject and windows of each mail, evenly thinned to `most`."""
    out = []
    for r in rows:
        subject, _, windows = dataset.whole(r)
        if len(windows) > most:
            windows = [windows[i * len(windows) // most] for i in range(most)]
        out.append((subject, windows or [""]))
    return out


def score(trained, asked, context: bool) -> list[float]:
    """A mail's score is that of its hottest window."""
    flat = [(w, subject if context and w != subject else "") for subject, windows in asked for w in windows]
    logits = iter(trained.logits(flat))
    return [max(next(logits) for _ in windows) for _, windows in asked]


def at(benign: list[float], share: float) -> float:
    ordered = sorted(benign, reverse=True)
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)]


def recall(scores, threshold):
    return sum(s > threshold for s in scores) / max(1, len(scores))


def auc(positive, negative):
    both = sorted([(s, 1) for s in positive] + [(s, 0) for s in negative])
    ranks = sum(i + 1 for i, (_, y) in enumerate(both) if y)
    n = len(positive)
    return (ranks - n * (n + 1) / 2) / max(1, n * len(negative))


def own(rows_scores):
    """Figures of the corpus rows: over all, by family, by language."""
    benign = [s for r, s in rows_scores if r["label"] == "benign"]
    attacks = [(r, s) for r, s in rows_scores if r["label"] == "injection"]
    one, tenth = at(benign, 0.01), at(benign, 0.001)
    figure = lambda part: {"n": len(part), "recall_1": round(recall(part, one), 3), "recall_01": round(recall(part, tenth), 3)}
    out = {"benign": len(benign), "threshold_1": one, **figure([s for _, s in attacks]),
           "auc": round(auc([s for _, s in attacks], benign), 4), "recall_5": round(recall([s for _, s in attacks], at(benign, 0.05)), 3)}
    for key in ("why_left", "family", "lang"):
        groups = defaultdict(list)
        for r, s in attacks:
            groups[r[key]].append(s)
        out[key] = {k: figure(v) for k, v in sorted(groups.items())}
    by_id = {r["id"]: s for r, s in rows_scores}
    twins = [(by_id[r["twin"]], s) for r, s in rows_scores if r.get("twin") in by_id]
    out["twins_in_order"] = round(sum(a > b for a, b in twins) / max(1, len(twins)), 3)
    benign_families = defaultdict(list)
    for r, s in rows_scores:
        if r["label"] == "benign":
            benign_families[r["family"]].append(s)
    out["benign_over_5pct"] = {k: round(recall(v, at(benign, 0.05)), 3) for k, v in sorted(benign_families.items())}
    return out


def dev(rows_scores):
    """Figures per source of the public data, as the project measures them: against benign mail."""
    benign = [s for r, s in rows_scores if r["label"] == 0 and r["kind"] == "benign_mail"]
    one, tenth = at(benign, 0.01), at(benign, 0.001)
    groups = defaultdict(list)
    for r, s in rows_scores:
        groups[(r["label"], r["kind"], r["source"], bool(r.get("weak_label")))].append(s)
    out, mean = {"benign_mail": len(benign), "positives": {}, "negatives_over_1pct": {}}, []
    for (label, kind, source, weak), v in sorted(groups.items(), key=str):
        if label:
            f = {"n": len(v), "auc": round(auc(v, benign), 4), "recall_1": round(recall(v, one), 3), "recall_01": round(recall(v, tenth), 3)}
            out["positives"][f"{source}:{kind}{':weak' if weak else ''}"] = f
            if kind in ("indirect_email", "indirect_doc") and not weak and len(v) >= 20:
                mean.append(f)
        else:
            out["negatives_over_1pct"][f"{source}:{kind}"] = {"n": len(v), "share": round(recall(v, one), 4)}
    out["mean_of_mail"] = {k: round(sum(f[k] for f in mean) / len(mean), 3) for k in ("auc", "recall_1", "recall_01")}
    return out


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--command", help="the example `logits` of crates/deep, with the path of a model")
    ap.add_argument("--e5", help="with --model: measure in torch, before export")
    ap.add_argument("--model")
    ap.add_argument("--corpus")
    ap.add_argument("--sittings", default="", help="measure these sittings rather than what is left out")
    ap.add_argument("--dev")
    ap.add_argument("--sample", type=int, default=0, help="so many rows of each dev source at most")
    ap.add_argument("--most", type=int, default=12)
    ap.add_argument("--context", action="store_true")
    ap.add_argument("--full", action="store_true", help="all kinds of dev rows, chat and weak labels too")
    ap.add_argument("--json", help="write the figures there rather than to standard output")
    ap.add_argument("--scores", help="write each mail's score there")
    a = ap.parse_args()
    trained = Shipped(a.command) if a.command else Trained(Path(a.e5), Path(a.model))
    figures, kept = {}, []
    if a.corpus:
        rows = dataset.corpus(Path(a.corpus))
        left = dataset.left_out(rows, Path(a.corpus))
        chosen = set(filter(None, a.sittings.split(",")))
        rows = [{**r, "why_left": left.get(r["id"], "-")} for r in rows
                if (r["sitting"] in chosen and r["id"] not in left if chosen else r["id"] in left)]
        scores = score(trained, mails(rows, a.most), a.context)
        figures["own"] = own(list(zip(rows, scores)))
        kept += [{"id": r["id"], "logit": s} for r, s in zip(rows, scores)]
    if a.dev:
        by_source = defaultdict(list)
        for path in sorted(Path(a.dev).glob("*.jsonl")):
            for line in path.open(encoding="utf-8"):
                by_source[path.stem].append({**json.loads(line), "source": path.stem})
        rng, rows = random.Random(1), []
        for source, members in by_source.items():
            wanted = [r for r in members if a.full or r["kind"] in ("indirect_email", "indirect_doc", "benign_mail") and not r.get("weak_label")]
            rows += rng.sample(wanted, min(len(wanted), a.sample or len(wanted)))
        scores = score(trained, mails(rows, a.most), a.context)
        figures["dev"] = dev(list(zip(rows, scores)))
        kept += [{"id": r["id"], "logit": s} for r, s in zip(rows, scores)]
    if a.scores:
        Path(a.scores).write_text("".join(json.dumps(k) + "\n" for k in kept))
    text = json.dumps(figures, indent=1, ensure_ascii=False) + "\n"
    Path(a.json).write_text(text) if a.json else print(text)


if __name__ == "__main__":
    main()
