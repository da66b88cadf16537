"""What the service sends. Classes have the names of the schemas of its OpenAPI document, with which a test compares their
fields; what a newer service says besides is left out. Times are ISO 8601 in UTC."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

InjectionRisk = Literal["low", "medium", "high", "unknown"]


@dataclass(frozen=True)
class Finding:
    """One reason of a score."""

    rule: str
    weight: float
    where: str
    excerpt: str


@dataclass(frozen=True)
class Security:
    """How a mail was judged."""

    #: The level; ``unknown`` where it could not be judged, which is no good sign.
    injection_risk: InjectionRisk
    #: 0 to 100.
    injection_score: int
    #: 0 to 1.
    injection_risk_score: float
    flags: list[str]
    findings: list[Finding]
    coverage: str
    model: str
    spf: str
    dkim: str
    dmarc: str
    ambiguous: list[str]

    @property
    def injectionRisk(self) -> InjectionRisk:  # noqa: N802
        """``injection_risk`` by the name that the service gives it."""
        return self.injection_risk


@dataclass(frozen=True)
class Attachment:
    """An attachment; its bytes are fetched by its place in the list."""

    filename: str
    #: As the sender claims.
    content_type: str
    size_bytes: int


@dataclass(frozen=True)
class AttachmentLink:
    """Where an attachment can be fetched, without a token, until ``expires_at``."""

    filename: str
    content_type: str
    size_bytes: int
    download_url: str
    expires_at: str


@dataclass(frozen=True)
class SafeEmail:
    """A mail as one text for a prompt."""

    id: str
    inbox_id: str
    safe_body: str
    #: Characters of the sender's text in all.
    characters: int
    #: Ask with this as ``offset`` for what follows; None: this was the end.
    next_offset: int | None
    injection_risk: str


@dataclass(frozen=True)
class Thread:
    """Mails that answer each other."""

    id: str
    inbox_id: str
    subject: str
    email_count: int
    last_email_at: str
    created_at: str


@dataclass(frozen=True)
class Account:
    """A tenant, its plan and its use."""

    id: str
    tier: int
    tier_name: str
    limits: dict[str, Any]
    usage: dict[str, Any]
    created_at: str
    last_active_at: str


@dataclass(frozen=True)
class Key:
    """A key."""

    id: str
    name: str | None
    prefix: str
    last4: str
    inbox_id: str | None
    scopes: list[str]
    created_at: str
    expires_at: str | None
    last_used_at: str | None
    #: Shown once: when it was made.
    token: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class Webhook:
    """A webhook endpoint."""

    id: str
    url: str
    inbox_id: str | None
    events: list[str]
    include: str
    is_active: bool
    created_at: str
    #: Shown once: when it was made.
    secret: str | None = field(default=None, repr=False)


T = TypeVar("T")


def wire(name: str) -> str:
    """A field's name as the service writes it."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name.rstrip("_"))


def read(kind: type[T], data: dict[str, Any]) -> T:
    """An object of what the service sent."""
    values = {
        one.name: data[wire(one.name)]
        for one in dataclasses.fields(kind)  # type: ignore[arg-type]
        if wire(one.name) in data
    }
    return kind(**values)


def security(data: dict[str, Any]) -> Security:
    """How a mail was judged, with its findings."""
    findings = [read(Finding, one) for one in data["findings"]]
    return read(Security, {**data, "findings": findings})
