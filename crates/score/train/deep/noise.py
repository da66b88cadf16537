"""Spells words as an attacker does who hides them from word lists, or as a hurried writer does: letters doubled, swapped or
taken for digits, words broken by a space, a hyphen or a sign."""

import random
import re

WORD = re.compile(r"[^\W\d_]{4,}")
DIGITS = str.maketrans("oielast", "0113457")
SIGNS = ("-", " ", ".", "_", "*", "- ")


def doubled(word: str, at: int, rng: random.Random) -> str:
    return word[:at] + word[at] + word[at:]


def swapped(word: str, at: int, rng: random.Random) -> str:
    return word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :]


def digits(word: str, at: int, rng: random.Random) -> str:
    return word.translate(DIGITS)


def broken(word: str, at: int, rng: random.Random) -> str:
    return word[:at] + rng.choice(SIGNS) + word[at:]


def spaced(word: str, at: int, rng: random.Random) -> str:
    return " ".join(word)


def disturb(text: str, rng: random.Random) -> str:
    """One kind of trick on some of the words, or on most."""
    trick = rng.choice((doubled, swapped, digits, broken, broken, spaced))
    share = rng.choice((0.1, 0.3, 0.3, 0.7)) if trick is not spaced else 0.15

    def one(found: re.Match) -> str:
        word = found.group()
        return trick(word, rng.randrange(1, len(word)), rng) if rng.random() < share else word

    return WORD.sub(one, text)
