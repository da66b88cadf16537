"""An inbox: what came, what comes, what is written from it."""

from __future__ import annotations

import datetime
import math
import re
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any, Literal

from ._email import Email
from ._http import Transport
from ._page import Page
from ._stream import follow
from ._types import Code, Event, InjectionRisk, Key, Queued, Thread, moment, read

#: The longest that the service lets a poll wait, in seconds.
_POLL_SECONDS = 25
#: How many mails that nobody waited for yet are remembered for who does later.
_MOST_PASSED = 100


class Inbox:
    """An inbox, and its mail."""

    id: str
    address: str
    display_name: str | None
    domain: str
    is_active: bool
    email_count: int
    expires_at: str | None
    created_at: str
    #: The key of this inbox alone: the one for an agent. Told once, when the inbox was made; ``create_key`` mints another.
    token: str | None

    def __init__(self, data: dict[str, Any], http: Transport, is_new: bool = False) -> None:
        self._http = http
        self.id = data["id"]
        self.address = data["address"]
        self.display_name = data["displayName"]
        self.domain = data["domain"]
        self.is_active = data["isActive"]
        self.email_count = data["emailCount"]
        self.expires_at = data["expiresAt"]
        self.created_at = data["createdAt"]
        self.token = data.get("token")
        # The place up to which mail was looked at by ``wait_for_email``. Nothing that comes to a new inbox is missed,
        # however late somebody begins to wait.
        self._after: int | None = 0 if is_new else None
        # What was looked at and not wanted by who waited then.
        self._passed: list[Email] = []

    def __repr__(self) -> str:
        return f"<Inbox {self.id} {self.address}>"

    def receive(
        self,
        *,
        limit: int | None = None,
        cursor: str | None = None,
        since: str | None = None,
        direction: Literal["inbound", "outbound"] | None = None,
        from_: str | None = None,
        risk: InjectionRisk | None = None,
        unread: bool = False,
    ) -> Page[Email]:
        """Mail that is there, newest first: a list with ``.cursor``; ``.all()`` goes on over the pages after it."""
        query = {
            "limit": limit,
            "since": since,
            "direction": direction,
            "from": from_,
            "risk": risk,
            "unread": unread or None,
        }

        def page(cursor: str | None) -> Page[Email]:
            found = self._http.call(
                "listEmails", path={"id": self.id}, query={**query, "cursor": cursor}
            )
            emails = (Email(data, self._http) for data in found["data"])
            return Page(emails, found.get("cursor"), page)

        return page(cursor)

    def get_email(self, id: str) -> Email:
        """One mail with its text; marks it as read."""
        return Email(self._http.call("getEmail", path={"id": self.id, "email": id}), self._http)

    def wait_for_email(
        self,
        *,
        from_: str | None = None,
        subject: str | re.Pattern[str] | None = None,
        matches: Callable[[Email], bool] | None = None,
        timeout: float = 60,
    ) -> Email | None:
        """Waits for the next mail that fits; None when none came within so many seconds.

        Each mail is handed out once by one inbox object. In an inbox that was just made nothing is missed; in another one
        the first call looks at what comes from then on. ``subject`` is something that it contains, or an expression.
        """

        def fits(email: Email) -> bool:
            return (
                (from_ is None or email.from_.lower() == from_.lower())
                and (subject is None or _contains(email.subject, subject))
                and (matches is None or matches(email))
            )

        end = time.monotonic() + timeout
        for at, email in enumerate(self._passed):
            if fits(email):
                return self._passed.pop(at).open()
        if self._after is None:
            newest = self.receive(limit=1)
            self._after = (newest[0].seq or 0) if newest else 0
        while (left := math.ceil(end - time.monotonic())) > 0:
            seconds = min(left, _POLL_SECONDS)
            found = self._http.call(
                "pollEmails",
                path={"id": self.id},
                query={"after": self._after, "timeout": seconds},
                timeout=seconds + 10,
            )
            # Newest first; who waits gets the oldest that fits.
            wanted: Email | None = None
            for data in reversed(found["data"] if found else []):
                email = Email(data, self._http)
                self._after = max(self._after, email.seq or 0)
                if email.direction != "inbound":
                    continue
                if wanted is None and fits(email):
                    wanted = email
                else:
                    self._passed.append(email)
            del self._passed[:-_MOST_PASSED]
            if wanted is not None:
                return wanted.open()
        return None

    def wait_for_code(
        self,
        *,
        from_: str | None = None,
        since: str | datetime.datetime | None = None,
        timeout: float = 60,
    ) -> Code | None:
        """Waits for a verification code, or a link that signs in or confirms: the newest; None when none came in time.

        Found by the service, so years, prices and order numbers are none. ``from_`` is an address, or a domain with those
        below it; ``since`` the moment before you asked for the code.
        """
        after = moment(since)
        end = time.monotonic() + timeout
        while (left := math.ceil(end - time.monotonic())) > 0:
            seconds = min(left, _POLL_SECONDS)
            found = self._http.call(
                "waitForCode",
                path={"id": self.id},
                query={"timeout": seconds, "from": from_, "since": after},
                timeout=seconds + 10,
            )
            if found:
                return read(Code, found)
        return None

    def send(
        self,
        to: str | list[str],
        subject: str,
        text: str,
        *,
        html: str | None = None,
        cc: list[str] | None = None,
        bcc: list[str] | None = None,
        reply_to: str | None = None,
        in_reply_to: str | None = None,
        thread_id: str | None = None,
        attachments: list[dict[str, str]] | None = None,
        send_at: str | datetime.datetime | None = None,
        idempotency_key: str | None = None,
    ) -> Queued:
        """Sends a mail. It is queued when this returns; what becomes of it is told by events, and by its ``status``.

        ``attachments`` are ``{"filename": ..., "contentType": ..., "content": base64}``. With ``idempotency_key`` a repeat is
        the same mail; one is made up for each call when absent. With ``send_at``, at most 30 days ahead, it leaves then.
        """
        letter = {
            "from": self.address,
            "to": [to] if isinstance(to, str) else to,
            "cc": cc,
            "bcc": bcc,
            "subject": subject,
            "body": {"text": text, "html": html},
            "replyTo": reply_to,
            "inReplyTo": in_reply_to,
            "threadId": thread_id,
            "attachments": attachments,
            "sendAt": moment(send_at),
        }
        key = idempotency_key or str(uuid.uuid4())
        return read(Queued, self._http.call("sendEmail", body=letter, idempotency_key=key))

    def cancel(self, id: str) -> Queued:
        """Takes a sent mail back, by its id, from everybody whom it did not reach; refused where that is nobody."""
        return read(Queued, self._http.call("cancelEmail", path={"id": self.id, "email": id}))

    def stream(self, *, after: str | None = None) -> Iterator[Event]:
        """What happens in the inbox, as it happens. Connects again by itself, and goes on where it was; with ``after``, the
        id of an event, from there on. Ends when it is closed, or with an error when the service refuses."""
        return follow(self._http, self.id, after)

    def threads(self, *, limit: int | None = None, cursor: str | None = None) -> Page[Thread]:
        """Threads, the one that was written to last first."""

        def page(cursor: str | None) -> Page[Thread]:
            query = {"limit": limit, "cursor": cursor}
            found = self._http.call("listThreads", path={"id": self.id}, query=query)
            return Page((read(Thread, one) for one in found["data"]), found["cursor"], page)

        return page(cursor)

    def thread(self, id: str, *, limit: int | None = None, cursor: str | None = None) -> Page[Email]:
        """The mails of a thread, oldest first."""

        def page(cursor: str | None) -> Page[Email]:
            query = {"limit": limit, "cursor": cursor}
            found = self._http.call("getThread", path={"id": self.id, "thread": id}, query=query)
            return Page((Email(one, self._http) for one in found["emails"]), found["cursor"], page)

        return page(cursor)

    def update(self, *, display_name: str | None = None, is_active: bool | None = None) -> Inbox:
        """Changes what is given."""
        changes = {"displayName": display_name, "isActive": is_active}
        body = {name: value for name, value in changes.items() if value is not None}
        return Inbox(self._http.call("changeInbox", path={"id": self.id}, body=body), self._http)

    def create_key(self, name: str | None = None) -> Key:
        """Mints a key for this inbox alone."""
        body = {"inboxId": self.id, **({"name": name} if name is not None else {})}
        return read(Key, self._http.call("createKey", body=body))

    def delete(self) -> None:
        """Gives the inbox up, with its mail."""
        self._http.call("deleteInbox", path={"id": self.id})


def _contains(subject: str, wanted: str | re.Pattern[str]) -> bool:
    return wanted in subject if isinstance(wanted, str) else wanted.search(subject) is not None
