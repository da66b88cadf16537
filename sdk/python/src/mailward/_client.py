"""The way in: a client with its token."""

from __future__ import annotations

import os
import uuid
from pathlib import Path
from typing import Any, Literal

from ._email import Email
from ._errors import MailwardError
from ._http import Transport
from ._inbox import Inbox
from ._page import Page
from ._token import keep_token, kept_token, usual_file
from ._types import Account, Domain, Event, Key, Redelivered, UsageByDay, Webhook, read, usage
from ._types import domain as read_domain


class Mailward:
    """A client of one service with one token. May be used by several threads."""

    def __init__(self, token: str, http: Transport) -> None:
        #: The token in use.
        self.token = token
        self._http = http

    @classmethod
    def create(
        cls,
        *,
        base_url: str | None = None,
        token: str | None = None,
        token_file: str | os.PathLike[str] | Literal[False] | None = None,
        signup: bool = True,
        timeout: float = 30,
        retries: int = 3,
    ) -> Mailward:
        """A client: with the token that is given, in the environment, or kept; or with a new tenant's, by signing up.

        ``base_url`` is ``MAILWARD_URL`` of the environment, or ``http://127.0.0.1:8080``, when absent; ``token`` likewise
        ``MAILWARD_TOKEN``. A token from signing up is kept in ``token_file``: ``~/.mailward/token`` when absent, nowhere when
        False. ``timeout`` is in seconds; ``retries`` is how often a request that is safe to repeat is made again.
        """
        base = base_url or os.environ.get("MAILWARD_URL") or "http://127.0.0.1:8080"
        base = base.rstrip("/")
        if not base.startswith(("http://", "https://")):
            raise ValueError("base_url must begin with http:// or https://")
        file = None if token_file is False else Path(token_file) if token_file else usual_file()
        token = token or os.environ.get("MAILWARD_TOKEN") or None
        if token is None and file is not None:
            token = kept_token(file, base)
        if token is None:
            if not signup:
                raise MailwardError(
                    "there is no token", code="no_token", fix="give `token`, or set MAILWARD_TOKEN"
                )
            made = Transport(base, None, timeout, retries).call("signUp")
            token = str(made["token"])
            if file is not None:
                keep_token(file, base, token)
        return cls(token, Transport(base, token, timeout, retries))

    def account(self) -> Account:
        """Plan, limits and use."""
        return read(Account, self._http.call("getAccount"))

    def create_inbox(
        self,
        *,
        display_name: str | None = None,
        local_part: str | None = None,
        domain: str | None = None,
        client_id: str | None = None,
        expires_in: int | None = None,
    ) -> Inbox:
        """Makes an inbox. Safe to repeat after a lost answer; with a ``client_id``, after a restart too.

        ``local_part`` is what stands before the ``@``, one by chance when absent; ``expires_in`` is in seconds.
        """
        body = _given(
            displayName=display_name,
            localPart=local_part,
            domain=domain,
            clientId=client_id,
            expiresIn=expires_in,
        )
        data = self._http.call("createInbox", body=body, idempotency_key=str(uuid.uuid4()))
        # One that was found again by its `client_id` has mail that was seen before.
        return Inbox(data, self._http, is_new="token" in data or client_id is None)

    def inboxes(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        client_id: str | None = None,
        address: str | None = None,
    ) -> Page[Inbox]:
        """Inboxes, newest first."""
        query = _given(limit=limit, clientId=client_id, address=address)

        def page(cursor: str | None) -> Page[Inbox]:
            found = self._http.call("listInboxes", query={**query, "cursor": cursor})
            return Page((Inbox(one, self._http) for one in found["data"]), found.get("cursor"), page)

        return page(cursor)

    def inbox(self, id: str) -> Inbox:
        """One inbox."""
        return Inbox(self._http.call("getInbox", path={"id": id}), self._http)

    def search(
        self,
        words: str,
        *,
        inbox_id: str | None = None,
        direction: Literal["inbound", "outbound"] | None = None,
        from_: str | None = None,
        since: str | None = None,
        until: str | None = None,
        has_attachments: bool | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Page[Email]:
        """Mails that hold all of the words, newest first; ``from_`` is part of the sender's address or name.

        One page looks at a bounded number of mails and may be empty while there are more behind it: ``.all()`` goes on to
        the end.
        """
        query = {
            "q": words,
            "inboxId": inbox_id,
            "direction": direction,
            "from": from_,
            "since": since,
            "until": until,
            "hasAttachments": has_attachments,
            "limit": limit,
        }

        def page(cursor: str | None) -> Page[Email]:
            found = self._http.call("searchEmails", query={**query, "cursor": cursor})
            emails = (Email(one, self._http) for one in found["data"])
            return Page(emails, found["pagination"]["cursor"], page)

        return page(cursor)

    def events(self, *, after: str | None = None, limit: int | None = None) -> Page[Event]:
        """What happened in the last 30 days, oldest first; behind the event ``after``."""

        def page(after: str | None) -> Page[Event]:
            found = self._http.call("listEvents", query={"after": after, "limit": limit})
            events = [read(Event, one) for one in found["data"]]
            return Page(events, events[-1].id if found["hasMore"] and events else None, page)

        return page(after)

    def redeliver(self, event: str) -> Redelivered:
        """Tells an event to the webhooks again, under its id."""
        return read(Redelivered, self._http.call("redeliverEvent", path={"event": event}))

    def usage(
        self, *, from_: str | None = None, to: str | None = None, inbox_id: str | None = None
    ) -> UsageByDay:
        """What was used, day by day, in UTC: 30 days when nothing is said."""
        return usage(self._http.call("getUsage", query={"from": from_, "to": to, "inboxId": inbox_id}))

    def add_domain(self, domain: str) -> Domain:
        """Names a domain of your own; ``dns_records`` says what its DNS must say."""
        return read_domain(self._http.call("createDomain", body={"domain": domain}))

    def domains(self) -> list[Domain]:
        """All domains."""
        return [read_domain(one) for one in self._http.call("listDomains")["data"]]

    def domain(self, id: str) -> Domain:
        """One domain."""
        return read_domain(self._http.call("getDomain", path={"id": id}))

    def verify_domain(self, id: str) -> Domain:
        """Looks at its DNS now."""
        return read_domain(self._http.call("verifyDomain", path={"id": id}))

    def delete_domain(self, id: str) -> None:
        """Gives a domain up."""
        self._http.call("deleteDomain", path={"id": id})

    def create_key(
        self,
        *,
        inbox_id: str | None = None,
        scopes: list[str] | None = None,
        expires_at: str | None = None,
        name: str | None = None,
        allowed_cidrs: list[str] | None = None,
    ) -> Key:
        """Mints a key that does no more than the one in use."""
        body = _given(
            inboxId=inbox_id,
            scopes=scopes,
            expiresAt=expires_at,
            name=name,
            allowedCidrs=allowed_cidrs,
        )
        return read(Key, self._http.call("createKey", body=body))

    def keys(self) -> list[Key]:
        """All keys, newest first."""
        return [read(Key, one) for one in self._http.call("listKeys")["data"]]

    def rotate_key(self, id: str, *, overlap_seconds: int = 0) -> Key:
        """Gives a key a new secret; the old one works beside it for so long."""
        body = {"overlapSeconds": overlap_seconds}
        return read(Key, self._http.call("rotateKey", path={"id": id}, body=body))

    def revoke_key(self, id: str) -> None:
        """Ends a key."""
        self._http.call("revokeKey", path={"id": id})

    def create_webhook(
        self,
        url: str,
        *,
        inbox_id: str | None = None,
        events: list[str] | None = None,
        headers: dict[str, str] | None = None,
        include: Literal["ids", "summary", "body"] | None = None,
    ) -> Webhook:
        """Makes a webhook; its ``secret`` is told once."""
        body = _given(url=url, inboxId=inbox_id, events=events, headers=headers, include=include)
        return read(Webhook, self._http.call("createWebhook", body=body))

    def webhooks(self) -> list[Webhook]:
        """All webhooks."""
        return [read(Webhook, one) for one in self._http.call("listWebhooks")["data"]]

    def delete_webhook(self, id: str) -> None:
        """Deletes a webhook."""
        self._http.call("deleteWebhook", path={"id": id})


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}
