"""The service under test, as programs in Python reach it: its addresses, its operator, its senders."""

from __future__ import annotations

import itertools
import json
import os
import smtplib
import urllib.request
from typing import Any


def _env(name: str) -> str:
    try:
        return os.environ[f"MAILWARD_TEST_{name}"]
    except KeyError:
        raise SystemExit(f"MAILWARD_TEST_{name} is not set: the tests of tests/clients.rs start this program") from None


#: What URLs of the public API begin with.
base_url = _env("URL")
_numbers = itertools.count(1)


def tenant(**settings: Any) -> dict[str, str]:
    """A new tenant: ``id``, ``token``, ``reviewToken``."""
    return _operator("/operator/v1/tenants", {"id": f"tenant-{os.getpid()}-{next(_numbers)}", **settings})


def reviewer(tenant: str) -> str:
    """Another token for a tenant's reviewers."""
    return _operator(f"/operator/v1/tenants/{tenant}/keys", {"kind": "reviewer"})["token"]


def _operator(path: str, body: dict[str, Any]) -> dict[str, str]:
    request = urllib.request.Request(
        f"{_env('OPERATOR_URL')}{path}",
        data=json.dumps(body).encode(),
        headers={"authorization": f"Bearer {_env('OPERATOR_TOKEN')}", "content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as answer:
        made: dict[str, str] = json.load(answer)
        return made


def plain(subject: str, text: str, sender: str = "Sender <sender@example.com>") -> bytes:
    """A message of plain text."""
    return f"From: {sender}\r\nSubject: {subject}\r\n\r\n{text}\r\n".encode()


def deliver(message: bytes, to: str) -> None:
    """Sends a message over SMTP, as anybody on the internet would."""
    host, port = _env("SMTP").split(":")
    with smtplib.SMTP(host, int(port), local_hostname="sender.test") as smtp:
        smtp.sendmail("sender@example.com", [to], message, mail_options=["BODY=8BITMIME"])
