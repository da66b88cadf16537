"""Chooses the pieces that are shipped: what the training texts are made of, the letters of the scripts that count,
and the most frequent pieces of each language that mail is judged in, by the word lists of the PyPI package wordfreq.

The pretrained vectors are not trained, so pieces that no training text has are as good as those that one has.
"""

import argparse
import gzip
import json
import random
import unicodedata
from collections import Counter
from pathlib import Path

import msgpack

import dataset
from pieces import SPACE, Pieces
from pretrained import Pretrained

LANGUAGES = "ar bg cs da de el en es fi fr he hi hu id it ja ko nb nl pl pt ro ru sk sv tr uk vi zh".split()
#: The word lists have no Thai: its pieces are those of its script.
SCRIPTS = {"th": "THAI"}
LETTERS = ("LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARABIC", "DEVANAGARI", "THAI", "HANGUL", "HIRAGANA", "KATAKANA", "CJK")


def script(piece: str) -> str:
    letter = next((c for c in piece if c.isalpha()), "")
    return unicodedata.name(letter, "").split(" ")[0] if letter else ""


def frequent(full: Pieces, path: Path, most: int) -> list[int]:
    """The pieces of the commonest words of a list, the most frequent first. A list holds words by centibels."""
    buckets = msgpack.load(gzip.open(path), raw=False)[1:]
    count, words = Counter(), 0
    for centibels, bucket in enumerate(buckets):
        for word in bucket:
            for form in (word, word.capitalize()):
                for piece in full.encode(form):
                    count[piece] += 10 ** (-centibels / 100)
        words += len(bucket)
        if words > most:
            break
    return [piece for piece, _ in count.most_common()]


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--e5", required=True)
    ap.add_argument("--corpus", required=True)
    ap.add_argument("--public", required=True)
    ap.add_argument("--wordfreq", required=True, help="the folder wordfreq/data out of the package")
    ap.add_argument("--size", type=int, default=65500)
    ap.add_argument("--out", required=True)
    a = ap.parse_args()
    p = Pretrained(Path(a.e5))
    full = Pieces(p.pieces, p.scores)
    rng = random.Random(1)
    rows = dataset.corpus(Path(a.corpus))
    left = dataset.left_out(rows, Path(a.corpus))
    texts = dataset.own_windows([r for r in rows if r["id"] not in left], rng) + dataset.public_windows(Path(a.public), rng)
    seen = Counter(i for m in texts for i in full.encode(f"{m.subject} {m.text}"))
    keep = {p.bos, p.pad, p.eos, p.unk, p.pieces.index("<mask>"), *(i for i, n in seen.items() if n >= 2)}
    print(f"{len(keep)} in the training texts", flush=True)
    order = sorted(range(len(p.pieces)), key=lambda i: -p.scores[i])
    letters = [i for i in order if len(p.pieces[i].strip(SPACE)) == 1]
    keep.update([i for i in letters if script(p.pieces[i]) in ("", *LETTERS)][:8000])
    print(f"{len(keep)} with letters", flush=True)
    lists = [frequent(full, Path(a.wordfreq) / f"small_{language}.msgpack.gz", 20000) for language in LANGUAGES]
    lists += [[i for i in order if script(p.pieces[i]) == name] for name in SCRIPTS.values()]
    for rank in range(max(map(len, lists))):
        for pieces in lists:
            if rank < len(pieces) and len(keep) < a.size:
                keep.add(pieces[rank])
        if len(keep) >= a.size:
            print(f"the first {rank} pieces of each language")
            break
    Path(a.out).write_text(json.dumps(sorted(map(int, keep))))


if __name__ == "__main__":
    main()
