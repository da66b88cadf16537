"""A mail, and what can be done with it."""

from __future__ import annotations

import datetime
import uuid
from typing import Any

from ._errors import NotFoundError
from ._http import Transport
from ._types import Attachment, AttachmentLink, Extraction, Queued, SafeEmail, Security, moment, read, security


class Email:
    """A mail. Everything its sender wrote is untrusted: give ``safe_body()`` to a model, never ``body``."""

    id: str
    inbox_id: str
    #: Its place in its inbox.
    seq: int | None
    #: ``inbound`` or ``outbound``.
    direction: str
    #: The bare address of the sender.
    from_: str
    from_name: str | None
    to: list[str]
    cc: list[str] | None
    subject: str
    preview: str | None
    #: The text; None until the mail was opened.
    body: str | None
    html: str | None
    #: What is new in the text, without the mails it quotes and without its signature; None until the mail was opened.
    extracted_text: str | None
    is_read: bool
    has_attachments: bool
    thread_id: str | None
    attachments: list[Attachment]
    #: How it was judged: ``injection_risk`` is ``low``, ``medium``, ``high`` or ``unknown``.
    security: Security
    #: Of what was sent: how it fares.
    status: str | None
    #: Whether a machine sent it by itself, so that nobody should answer.
    automated: bool
    created_at: str
    received_at: str | None

    def __init__(self, data: dict[str, Any], http: Transport) -> None:
        self._http = http
        self.id = data["id"]
        self.inbox_id = data["inboxId"]
        self.seq = data["seq"]
        self.direction = data["direction"]
        self.from_ = data["from"]
        self.from_name = data["fromName"]
        self.to = data["to"]
        self.cc = data["cc"]
        self.subject = data["subject"]
        self.preview = data["preview"]
        self.body = data["body"]
        self.html = data.get("html")
        self.extracted_text = data.get("extractedText")
        self.is_read = data["isRead"]
        self.has_attachments = data["hasAttachments"]
        self.thread_id = data["threadId"]
        self.attachments = [read(Attachment, one) for one in data["attachments"]]
        self.security = security(data["security"])
        self.status = data["status"]
        self.automated = data["automated"]
        self.created_at = data["createdAt"]
        self.received_at = data["receivedAt"]

    def __repr__(self) -> str:
        # Nothing that its sender wrote: representations end up in logs, and in prompts.
        return f"<Email {self.id} {self.security.injection_risk}>"

    @property
    def _path(self) -> dict[str, str | int]:
        return {"id": self.inbox_id, "email": self.id}

    def open(self) -> Email:
        """Fetches the text, once; marks the mail as read."""
        if self.body is None:
            data = self._http.call("getEmail", path=self._path)
            self.body = data["body"] or ""
            self.html = data.get("html")
            self.extracted_text = data.get("extractedText")
        return self

    def safe_body(self, *, max_characters: int | None = None, max_tokens: int | None = None) -> str:
        """The mail as one text for a prompt: between lines that its sender could not foresee, without what is hidden, with
        links saying where they lead. 16,000 characters of the sender's text, unless said otherwise (100 to 32,000)."""
        return self.safe(max_characters=max_characters, max_tokens=max_tokens).safe_body

    #: ``safe_body`` by the name that the service gives it.
    safeBody = safe_body  # noqa: N815

    def safe(
        self, *, max_characters: int | None = None, max_tokens: int | None = None, offset: int | None = None
    ) -> SafeEmail:
        """The same with what is needed to ask for the rest of a long one."""
        query = {
            "view": "safe",
            "maxCharacters": max_characters,
            "maxTokens": max_tokens,
            "offset": offset,
        }
        return read(SafeEmail, self._http.call("getEmail", path=self._path, query=query))

    def reply(
        self,
        text: str,
        *,
        html: str | None = None,
        reply_all: bool = False,
        attachments: list[dict[str, str]] | None = None,
        send_at: str | datetime.datetime | None = None,
        idempotency_key: str | None = None,
    ) -> Queued:
        """Answers it, in its conversation: to its ``Reply-To``, else its author; with ``reply_all`` copies to everybody it
        was for. Not for ``automated`` mail: nobody is there to read it."""
        answer = {
            "body": {"text": text, "html": html},
            "replyAll": reply_all,
            "attachments": attachments,
            "sendAt": moment(send_at),
        }
        key = idempotency_key or str(uuid.uuid4())
        return read(Queued, self._http.call("replyEmail", path=self._path, body=answer, idempotency_key=key))

    def forward(
        self,
        to: str | list[str],
        text: str | None = None,
        *,
        cc: list[str] | None = None,
        bcc: list[str] | None = None,
        attachments: bool = True,
        send_at: str | datetime.datetime | None = None,
        idempotency_key: str | None = None,
    ) -> Queued:
        """Passes its text on below ``text``, with its files, as a conversation of its own."""
        mail = {
            "to": [to] if isinstance(to, str) else to,
            "cc": cc,
            "bcc": bcc,
            "text": text,
            "attachments": attachments,
            "sendAt": moment(send_at),
        }
        key = idempotency_key or str(uuid.uuid4())
        return read(Queued, self._http.call("forwardEmail", path=self._path, body=mail, idempotency_key=key))

    def cancel(self) -> Queued:
        """Takes a mail that was sent back from everybody whom it did not reach; refused where that is nobody."""
        return read(Queued, self._http.call("cancelEmail", path=self._path))

    def extract(self) -> Extraction:
        """Finds the facts in it: codes, links, contacts, dates, amounts, events, what can be done. Nothing leaves the
        service."""
        return read(Extraction, self._http.call("extractEmail", path=self._path))

    def extraction(self) -> Extraction | None:
        """The facts that were found before; None: nobody asked."""
        try:
            return read(Extraction, self._http.call("getExtraction", path=self._path))
        except NotFoundError:
            return None

    def attachment_link(self, index: int) -> AttachmentLink:
        """A link to an attachment that works without a token for a quarter of an hour."""
        return read(AttachmentLink, self._http.call("getAttachment", path={**self._path, "index": index}))

    def download(self, index: int) -> bytes:
        """The bytes of an attachment."""
        return self._http.download(self.attachment_link(index).download_url)
