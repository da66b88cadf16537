"""What the service sends. Classes have the names of the schemas of its OpenAPI document, with which a test compares their
fields; what a newer service says besides is left out. Times are ISO 8601 in UTC."""

from __future__ import annotations

import dataclasses
import datetime
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


@dataclass(frozen=True)
class Queued:
    """A mail that was accepted."""

    id: str
    status: str
    #: When it is to leave, while it waits for that.
    send_at: str | None = None


@dataclass(frozen=True)
class Code:
    """A code to type, or a link that signs in or confirms: use it where you asked for it, nowhere else."""

    code: str | None = field(repr=False)
    link: str | None = field(repr=False)
    #: 0.5 to 0.99.
    confidence: float
    email_id: str
    from_: str


@dataclass(frozen=True)
class Extraction:
    """The facts in a mail; what stands in the lists is as the service's OpenAPI document names it."""

    id: str
    email_id: str
    status: str
    codes: list[dict[str, Any]] = field(repr=False)
    links: list[dict[str, Any]] = field(repr=False)
    contacts: list[dict[str, Any]] = field(repr=False)
    dates: list[dict[str, Any]] = field(repr=False)
    amounts: list[dict[str, Any]] = field(repr=False)
    scheduling: list[dict[str, Any]] = field(repr=False)
    actions: list[dict[str, Any]] = field(repr=False)
    created_at: str
    completed_at: str | None


@dataclass(frozen=True)
class Event:
    """Something that happened, as the log and webhooks tell it."""

    #: The same on every way it is delivered.
    id: str
    type: str
    timestamp: str
    inbox_id: str | None
    data: Any = field(repr=False)


@dataclass(frozen=True)
class Redelivered:
    """What was told again, and to how many endpoints."""

    id: str
    webhooks: int


@dataclass(frozen=True)
class Used:
    """What was used."""

    received: int
    held: int
    sent: int
    bounced: int
    webhook_attempts: int
    bytes_stored: int


@dataclass(frozen=True)
class UsageOfDay(Used):
    """What was used in a day, UTC."""

    date: str


@dataclass(frozen=True)
class UsageByDay:
    """What was used, day by day."""

    inbox_id: str | None
    stored_bytes: int
    total: Used
    days: list[UsageOfDay]


@dataclass(frozen=True)
class DnsRecord:
    """What a domain's DNS must say in one place."""

    type: str
    host: str
    value: str
    purpose: str
    status: str
    priority: int | None = None
    #: What stands there instead.
    found: str | None = None


@dataclass(frozen=True)
class Domain:
    """A domain of your own."""

    id: str
    domain: str
    #: ``pending_verification``, ``verified`` or ``failed``.
    status: str
    dns_records: list[DnsRecord]
    checked_at: str | None
    created_at: str


T = TypeVar("T")


def wire(name: str) -> str:
    """A field's name as the service writes it."""
    return re.sub(r"_(\w)", lambda match: match[1].upper(), name.rstrip("_"))


def moment(at: str | datetime.datetime | None) -> str | None:
    """A moment as the service reads it."""
    return at.astimezone(datetime.timezone.utc).isoformat() if isinstance(at, datetime.datetime) else at


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


def usage(data: dict[str, Any]) -> UsageByDay:
    """What was used, with its days."""
    days = [read(UsageOfDay, one) for one in data["days"]]
    return read(UsageByDay, {**data, "total": read(Used, data["total"]), "days": days})


def domain(data: dict[str, Any]) -> Domain:
    """A domain, with its records."""
    return read(Domain, {**data, "dnsRecords": [read(DnsRecord, one) for one in data["dnsRecords"]]})


def stream_event(data: dict[str, Any]) -> Event:
    """An event as streams tell it; their fields have names of their own."""
    return Event(data["id"], data["event_type"], data["timestamp"], data["inbox_id"], data["data"])
