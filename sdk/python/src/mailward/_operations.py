"""Every request that this client makes, by its name in the service's OpenAPI document, which a test compares it with."""

from __future__ import annotations

from typing import NamedTuple


class Operation(NamedTuple):
    """A route and the names that its query may have."""

    method: str
    path: str
    query: tuple[str, ...] = ()


OPERATIONS: dict[str, Operation] = {
    "signUp": Operation("POST", "/v1/signup"),
    "getAccount": Operation("GET", "/v1/account"),
    "createInbox": Operation("POST", "/v1/inboxes"),
    "listInboxes": Operation("GET", "/v1/inboxes", ("limit", "cursor", "clientId", "address")),
    "getInbox": Operation("GET", "/v1/inboxes/{id}"),
    "changeInbox": Operation("PATCH", "/v1/inboxes/{id}"),
    "deleteInbox": Operation("DELETE", "/v1/inboxes/{id}"),
    "listEmails": Operation(
        "GET",
        "/v1/inboxes/{id}/emails",
        ("limit", "cursor", "since", "direction", "from", "risk", "unread"),
    ),
    "pollEmails": Operation(
        "GET", "/v1/inboxes/{id}/emails/poll", ("timeout", "since", "after", "from", "subject")
    ),
    "getEmail": Operation(
        "GET", "/v1/inboxes/{id}/emails/{email}", ("view", "maxCharacters", "maxTokens", "offset")
    ),
    "searchEmails": Operation(
        "GET",
        "/v1/emails/search",
        ("q", "inboxId", "direction", "from", "since", "until", "hasAttachments", "limit", "cursor"),
    ),
    "listThreads": Operation("GET", "/v1/inboxes/{id}/threads", ("limit", "cursor")),
    "getThread": Operation("GET", "/v1/inboxes/{id}/threads/{thread}", ("limit", "cursor")),
    "getAttachment": Operation("GET", "/v1/inboxes/{id}/emails/{email}/attachments/{index}"),
    "sendEmail": Operation("POST", "/v1/emails/send"),
    "replyEmail": Operation("POST", "/v1/inboxes/{id}/emails/{email}/reply"),
    "forwardEmail": Operation("POST", "/v1/inboxes/{id}/emails/{email}/forward"),
    "cancelEmail": Operation("POST", "/v1/inboxes/{id}/emails/{email}/cancel"),
    "waitForCode": Operation("GET", "/v1/inboxes/{id}/code", ("timeout", "from", "since")),
    "extractEmail": Operation("POST", "/v1/inboxes/{id}/emails/{email}/extract"),
    "getExtraction": Operation("GET", "/v1/inboxes/{id}/emails/{email}/extraction"),
    "streamEvents": Operation("GET", "/v1/inboxes/{id}/stream", ("after", "timeout")),
    "listEvents": Operation("GET", "/v1/events", ("after", "limit")),
    "redeliverEvent": Operation("POST", "/v1/events/{event}/redeliver"),
    "getUsage": Operation("GET", "/v1/usage", ("from", "to", "inboxId")),
    "createDomain": Operation("POST", "/v1/domains"),
    "listDomains": Operation("GET", "/v1/domains"),
    "getDomain": Operation("GET", "/v1/domains/{id}"),
    "verifyDomain": Operation("POST", "/v1/domains/{id}/verify"),
    "deleteDomain": Operation("DELETE", "/v1/domains/{id}"),
    "createKey": Operation("POST", "/v1/keys"),
    "listKeys": Operation("GET", "/v1/keys"),
    "revokeKey": Operation("DELETE", "/v1/keys/{id}"),
    "rotateKey": Operation("POST", "/v1/keys/{id}/rotate"),
    "createWebhook": Operation("POST", "/v1/webhooks"),
    "listWebhooks": Operation("GET", "/v1/webhooks"),
    "deleteWebhook": Operation("DELETE", "/v1/webhooks/{id}"),
}
