"""Texts to windows: runs of whole sentences of about so many words, and which of them hold the attack."""

import re

SENTENCE = re.compile(r"(?<=[.!?।؟…;])\s+|(?<=[。！？])|\n+")
WIDE = re.compile("[\u0e00-\u0eff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")


def words(text: str) -> float:
    """Words as spaces part them; scripts without spaces count two characters a word (Korean too, nearly)."""
    wide = len(WIDE.findall(text))
    return len(WIDE.sub(" ", text).split()) + wide / 2


def sentences(text: str, limit: float) -> list[str]:
    """Sentences of at most `limit` words; longer ones are cut."""
    out = []
    for sentence in SENTENCE.split(text):
        sentence = " ".join(sentence.split())
        while sentence:
            if words(sentence) <= limit:
                out.append(sentence)
                break
            spaced = sentence.split(" ")
            if len(spaced) > 4:
                cut = max(1, int(len(spaced) * limit / words(sentence)))
                head, sentence = " ".join(spaced[:cut]), " ".join(spaced[cut:])
            else:
                cut = max(1, int(len(sentence) * limit / words(sentence)))
                head, sentence = sentence[:cut], sentence[cut:]
            out.append(head[:2000])
    return out


def windows(text: str, size: float, overlap: bool) -> list[str]:
    """Windows of at most `size` words; with `overlap` each begins in the middle of the one before."""
    parts = sentences(text, size)
    lengths = [words(p) for p in parts]
    out, start = [], 0
    while start < len(parts):
        end, total = start, 0.0
        while end < len(parts) and (end == start or total + lengths[end] <= size):
            total += lengths[end]
            end += 1
        out.append(" ".join(parts[start:end]))
        if end == len(parts):
            break
        step, passed = start, 0.0
        while overlap and step < end and (step == start or passed < total / 2):
            passed += lengths[step]
            step += 1
        start = step if overlap else end
    return out


def squeeze(text: str) -> str:
    return re.sub(r"[\W_]+", "", text.lower())


def share(window: str, payload: str) -> float:
    """How much of the payload stands in the window, 0 to 1, by runs of twelve characters so that small differences
    of markup do not matter."""
    w, p = squeeze(window), squeeze(payload)
    if not w or not p:
        return 0.0
    if p in w:
        return 1.0
    if w in p:
        return len(w) / len(p)
    size = min(12, len(p), len(w))
    grams = {w[i : i + size] for i in range(len(w) - size + 1)}
    runs = [p[i : i + size] in grams for i in range(len(p) - size + 1)]
    return sum(runs) / len(runs)


def label(window: str, attack: list[str]) -> int | None:
    """1 if enough of the attack stands in the window to be seen there, 0 if none of it, else nothing."""
    shares = [share(window, p) for p in attack]
    if any(s >= 0.6 or s * words(p) >= 12 for s, p in zip(shares, attack)):
        return 1
    return 0 if max(shares, default=0) < 0.05 else None
