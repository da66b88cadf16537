"""What schemathesis needs to get past the door of the service: tokens, and ids of what is there.

A token may ask twenty times a second, so many are minted and taken in turn. Half of the ids in paths are those of things
that exist, or nothing behind the first look for an id would ever be reached.
"""

from __future__ import annotations

import itertools
import json
import random
import urllib.request
from typing import Any

import schemathesis
from service import base_url, deliver, plain, reviewer, tenant

#: How many keys are taken in turn.
KEYS = 24


def ask(method: str, path: str, token: str, body: Any = None) -> Any:
    request = urllib.request.Request(
        f"{base_url}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
        method=method,
    )
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


made = tenant()
tokens = [made["token"]]
while len(tokens) < KEYS:
    # Any key may ask but so often, and so it is with minting.
    tokens.append(ask("POST", "/v1/keys", made["token"], {"name": "in turn"})["token"])
in_turn = itertools.cycle(tokens)
reviewers = itertools.cycle([made["reviewToken"], *(reviewer(made["id"]) for _ in range(8))])
dice = random.Random(1)

inbox = ask("POST", "/v1/inboxes", next(in_turn), {"displayName": "Contract"})
for n in range(3):
    deliver(plain(f"Your code is 48291{n}", f"Hello. Your sign-in code is 48291{n}."), inbox["address"])
deliver(
    b"From: sender@example.com\r\nSubject: File\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nSee.\r\n'
    b'--b\r\nContent-Type: text/csv; name="a.csv"\r\nContent-Disposition: attachment; filename="a.csv"\r\n\r\n'
    b"a,b\r\n--b--\r\n",
    inbox["address"],
)
emails = [email["id"] for email in ask("GET", f"/v1/inboxes/{inbox['id']}/emails", next(in_turn))["data"]]
threads = [one["id"] for one in ask("GET", f"/v1/inboxes/{inbox['id']}/threads", next(in_turn))["data"]]
events = [one["id"] for one in ask("GET", "/v1/events", next(in_turn))["data"]]
domain = ask("POST", "/v1/domains", next(in_turn), {"domain": "contract.example.com"})


#: What may stand in a place of a path, by the route and the place's name.
def genuine(path: str, name: str) -> str | None:
    if name == "email" or (name == "id" and path.startswith("/v1/review")):
        return dice.choice(emails)
    if name == "index":
        return "0"
    if name == "thread":
        return dice.choice(threads)
    if name == "event":
        return dice.choice(events)
    if name == "id" and path.startswith("/v1/domains/{id}"):
        return str(domain["id"])
    # Nothing is deleted that other cases need.
    if name == "id" and path.startswith("/v1/inboxes/{id}"):
        return str(inbox["id"])
    return None


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: Any) -> Any:
    is_last_of_it = case.operation.method.upper() == "DELETE"
    for name in case.path_parameters or {}:
        found = genuine(case.operation.path, name)
        if found and not is_last_of_it and dice.random() < 0.5:
            case.path_parameters[name] = found
    # Else no mail would get further than to the look for its sender.
    if case.operation.path == "/v1/emails/send" and isinstance(case.body, dict) and dice.random() < 0.5:
        case.body = {**case.body, "from": inbox["address"]}
    return case


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: Any, kwargs: Any) -> None:
    path = case.operation.path
    if any(part in path for part in ("/review", "/gate", "/allowed", "/audit", "/raw")):
        token = next(reviewers)
    else:
        token = next(in_turn)
    case.headers = {**(case.headers or {}), "Authorization": f"Bearer {token}"}
    # Nobody waits for mail here.
    if path.endswith(("/poll", "/code", "/stream")) or "timeout" in (case.query or {}):
        case.query = {**(case.query or {}), "timeout": 0}
