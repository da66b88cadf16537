"""The windows to train on, those to choose by, and those that are left out to measure with.

Two sources: the project's own corpus (crates/score/corpus), split by sitting with whole families and languages
left out, and a folder of labelled public mail and attacks, of which only what may be used is read.
"""

import json
import random
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import mail
import windows as w

#: Sources without a licence that lets us train on them.
NOT_LICENSED = {"tensortrust"}
#: Chat prompts rather than mail: few of them, at low weight.
CHAT = {"itw_jailbreaks", "jailbreak_classification", "deepset"}


@dataclass
class Window:
    text: str
    label: int
    mail: str
    source: str
    subject: str = ""
    sender: str = ""
    weight: float = 1.0
    pair: str = ""
    meta: dict = field(default_factory=dict)


def corpus(folder: Path):
    rows = []
    for path in sorted(Path(folder).glob("s[0-9]*.jsonl")):
        for line in path.open(encoding="utf-8"):
            row = json.loads(line)
            row["sitting"] = row["id"].split("-")[0]
            rows.append(row)
    return rows


def left_out(rows, folder: Path) -> dict[str, str]:
    """Which mail is left out of training by the corpus's split.json, and why: `sitting`, `family` or `language`."""
    split = json.loads((Path(folder) / "split.json").read_text())
    families, languages = set(split["left_out_families"]), set(split["left_out_languages"])
    family = {r["id"]: r["family"] for r in rows}
    out = {}
    for r in rows:
        if (r.get("lang") or "").split("-")[0] in languages:
            out[r["id"]] = "language"
        elif r["family"] in families or family.get(r.get("twin")) in families:
            out[r["id"]] = "family"
        elif r["sitting"] in split["test_sittings"]:
            out[r["id"]] = "sitting"
    return out


def payloads(row) -> list[str]:
    parts = row.get("payload_parts") or []
    parts = [p if isinstance(p, str) else p.get("text", "") for p in parts]
    return parts or ([row["payload"]] if row.get("payload") else [])


def cut(row, rng, sizes, negatives) -> list[tuple[str, int]]:
    """Windows of a mail with their labels: those with the payload, and some of the others."""
    subject, _, texts = mail.texts(row)
    attack = payloads(row)
    positive, negative = [], []
    for size in sizes:
        found, clean = [], []
        for text in [subject, *texts] if attack else texts:
            for window in w.windows(text, size, overlap=False):
                if not attack:
                    clean.append(window)
                    continue
                match w.label(window, attack):
                    case 1:
                        found.append(window)
                    case 0 if w.words(window) > 4:
                        clean.append(window)
        if row["label"] == 1:
            if not found:
                found = [" ".join(attack)] if attack else []
            positive += rng.sample(found, min(2, len(found)))
        negative += rng.sample(clean, min(negatives, len(clean)))
    return [(t, 1) for t in dict.fromkeys(positive)] + [(t, 0) for t in dict.fromkeys(negative)]


def own_windows(rows, rng) -> list[Window]:
    out = []
    for r in rows:
        subject, sender, _ = mail.texts(r)
        pair = r.get("twin") or (r["id"] if r["label"] == "injection" else "")
        row = {**r, "label": int(r["label"] == "injection")}
        for text, label in cut(row, rng, (64, 24) if rng.random() < 0.7 else (64, 40, 12), 2 if row["label"] == 0 else 1):
            out.append(Window(text, label, r["id"], "own", subject, sender, 1.0, pair,
                              {"family": r["family"], "lang": r["lang"], "size": w.words(text)}))
    return out


def public_rows(folder: Path):
    for path in sorted(Path(folder).glob("*.jsonl")):
        if path.stem in NOT_LICENSED:
            continue
        for n, line in enumerate(path.open(encoding="utf-8")):
            row = json.loads(line)
            if row.get("weak_label"):
                continue
            row["id"], row["source"] = f"{path.stem}:{n}", path.stem
            yield row


def public_windows(folder: Path, rng) -> list[Window]:
    out, limits = [], defaultdict(int)
    for row in public_rows(folder):
        source = row["source"]
        subject, sender, texts = mail.texts(row)
        weight = 1.0
        if source in CHAT:
            weight = 0.4
            if rng.random() < 0.5:
                continue
        if source == "assembled_train":
            cuts = cut(row, rng, (64, 24) if row["label"] else (64,), 1)
        elif row["label"] == 1:
            if row.get("payload"):
                cuts = cut(row, rng, (64,), 1)
            else:
                all_ = w.windows(texts[0], 64, overlap=False) if texts else []
                # A long prompt's middle may be harmless by itself; how it begins is what it is.
                cuts = [(all_[0], 1)] if all_ else []
                if len(all_) > 1 and source not in CHAT:
                    cuts.append((all_[-1], 1))
        else:
            cuts = cut(row, rng, (64, 24) if rng.random() < 0.3 else (64,), 2 if source.startswith("spamassassin") else 1)
        if source in ("pypi_llmsec_readmes", "owasp_llm_docs"):
            weight = 0.6
        for text, label in cuts:
            limits[source] += 1
            out.append(Window(text, label, row["id"], source, subject, sender, weight, "",
                              {"family": row.get("family", ""), "lang": row.get("lang", ""), "kind": row.get("kind", "")}))
    return out


def whole(row) -> tuple[str, str, list[str]]:
    """All windows of a mail, as they are asked for when it is judged: overlapping, 64 words."""
    subject, sender, texts = mail.texts(row)
    out = []
    for text in [subject, *texts]:
        if text.strip():
            out += w.windows(text, 64, overlap=True)
    return subject, sender, list(dict.fromkeys(out))
