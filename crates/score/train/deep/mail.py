"""Mail to texts: what a program could read out of a message, one text for each place.

Much simpler than the scorer's own views, and near enough for training: subject, body, attributes, comments,
attachments and their names. Invisible characters are removed, as the scorer removes them.
"""

import email
import email.policy
import re
from html.parser import HTMLParser

INVISIBLE = re.compile("[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U000e0000-\U000e0fff]")
ATTRIBUTES = ("alt", "title", "aria-label", "content", "placeholder")
BLOCKS = {"p", "div", "br", "td", "tr", "li", "h1", "h2", "h3", "h4", "table", "ul", "blockquote", "hr"}


class _Html(HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.text, self.aside, self.skip = [], [], 0

    def handle_starttag(self, tag, attrs):
        if tag in ("style", "script"):
            self.skip += 1
        if tag in BLOCKS:
            self.text.append("\n")
        for name, value in attrs:
            if name in ATTRIBUTES and value and len(value) > 12:
                self.aside.append(value)

    def handle_endtag(self, tag):
        if tag in ("style", "script"):
            self.skip = max(0, self.skip - 1)
        if tag in BLOCKS:
            self.text.append("\n")

    def handle_data(self, data):
        if not self.skip:
            self.text.append(data)

    def handle_comment(self, data):
        if len(data) > 20 and "[if" not in data[:20]:
            self.aside.append(data)


def html_texts(html: str) -> list[str]:
    parser = _Html()
    try:
        parser.feed(html)
        parser.close()
    except Exception:  # hostile markup: what was read until here counts
        pass
    body = re.sub(r"[ \t\r\f]+", " ", "".join(parser.text))
    return [re.sub(r"\s*\n\s*", "\n", body), *parser.aside]


def texts(row: dict) -> tuple[str, str, list[str]]:
    """Subject, sender's name and the texts of a row of the corpus or of the data folder."""
    subject, sender = row.get("subject") or "", (row.get("from") or "").split("<")[0].strip(' "')
    out = []
    if row.get("eml"):
        subject, sender, out = _eml(row["eml"])
    else:
        if row.get("text"):
            out.append(row["text"])
        if row.get("html"):
            out.extend(html_texts(row["html"]))
        out.extend(a if isinstance(a, str) else a.get("text") or a.get("name") or "" for a in row.get("attachments") or [])
    clean = lambda text: INVISIBLE.sub("", text)
    return clean(subject), clean(sender), [clean(t) for t in out if t and t.strip()]


def _eml(raw: str):
    message = email.message_from_bytes(raw.encode("utf-8", "surrogateescape"), policy=email.policy.default)
    read = lambda f, default="": _try(f, default)
    subject = read(lambda: str(message["subject"] or ""))
    sender = read(lambda: str(message["from"] or "").split("<")[0].strip(' "'))
    out = []
    for part in read(lambda: list(message.walk()), []):
        name = read(lambda: part.get_filename() or "")
        if len(name) > 20:
            out.append(re.sub(r"[_\-.]+", " ", name))
        kind = read(lambda: part.get_content_type(), "")
        if kind.startswith("text/") or kind == "application/json":
            raw_bytes = read(lambda: part.get_payload(decode=True) or b"", b"")
            body = _decode(raw_bytes, read(lambda: part.get_content_charset() or "utf-8", "utf-8"))
            if kind == "text/calendar":
                body = re.sub(r"\r?\n[ \t]", "", body)
                out.extend(
                    re.sub(r"\\[nN]", "\n", line.split(":", 1)[1]).replace("\\,", ",")
                    for line in body.splitlines()
                    if re.match(r"(SUMMARY|DESCRIPTION|LOCATION|COMMENT)[;:]", line) and ":" in line
                )
            elif kind == "text/html":
                out.extend(html_texts(body))
            else:
                out.append(body)
    return subject, sender, out


def _decode(data: bytes, charset: str) -> str:
    for name in (charset, "utf-8", "latin-1"):
        try:
            return data.decode(name)
        except (LookupError, UnicodeDecodeError):
            continue
    return ""


def _try(f, default):
    try:
        return f()
    except Exception:  # broken headers are the mail's own affair
        return default
