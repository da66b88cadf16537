"""Text to pieces: the normalisation and the unigram search of SentencePiece, over any subset of the pieces.

A character that no piece spells is `<unk>`; nothing fails. The Rust runtime does the same, and is compared with
this file on the corpus.
"""

import unicodedata

SPACE = "\u2581"
#: Characters that the pretrained normalisation drops or makes a space, beyond NFKC.
DROPPED = {*range(0x1, 0x9), 0xB, *range(0xE, 0x20), 0x7F, 0x8F, 0x9F}
SPACES = {0x9, 0xA, 0xC, 0xD, 0x1680, 0x2028, 0x2029, 0x2581, 0xFEFF, 0xFFFD, *range(0x200B, 0x2010)}
UNKNOWN_PENALTY = 10.0


def normalise(text: str) -> str:
    """NFKC by character, controls dropped, spaces joined, a mark before each word."""
    out = []
    for char in text:
        point = ord(char)
        if point in SPACES:
            out.append(" ")
        elif point not in DROPPED:
            out.append(char if point < 0x80 else unicodedata.normalize("NFKC", char))
    words = "".join(out).split()
    return "".join(SPACE + word for word in words)


class Pieces:
    """The pieces that are kept, by text; ids count in the order given."""

    def __init__(self, pieces: list[str], scores):
        self.ids = {piece: i for i, piece in enumerate(pieces)}
        self.scores = [float(s) for s in scores]
        self.longest = max(map(len, pieces))
        self.unknown = self.ids["<unk>"]
        self.unknown_score = min(self.scores) - UNKNOWN_PENALTY
        for special in ("<s>", "<pad>", "</s>", "<unk>", "<mask>"):
            self.ids.pop(special, None)

    def encode(self, text: str) -> list[int]:
        text = normalise(text)
        out = []
        # No piece has the mark of a word's start inside it, so each word is a search of its own.
        for word in text.split(SPACE)[1:]:
            out.extend(self._word(SPACE + word))
        return out

    def _word(self, word: str) -> list[int]:
        ids, scores, longest = self.ids, self.scores, self.longest
        size = len(word)
        best = [0.0] + [-1e30] * size
        back = [(0, 0)] * (size + 1)
        for start in range(size):
            here = best[start]
            for end in range(start + 1, min(size, start + longest) + 1):
                piece = ids.get(word[start:end])
                if piece is not None and here + scores[piece] > best[end]:
                    best[end] = here + scores[piece]
                    back[end] = (start, piece)
            if here + self.unknown_score > best[start + 1]:
                best[start + 1] = here + self.unknown_score
                back[start + 1] = (start, self.unknown)
        out = []
        at = size
        while at:
            at, piece = back[at]
            out.append(piece)
        return out[::-1]
