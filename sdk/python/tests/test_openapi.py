"""What this client believes of the service, against what the service says of itself."""

import dataclasses
import json
import unittest
import urllib.request
from typing import Any, get_type_hints

from mailward import _email, _inbox, _types
from mailward._operations import OPERATIONS
from mailward._types import wire
from service import base_url

with urllib.request.urlopen(f"{base_url}/openapi.json") as answer:
    API: dict[str, Any] = json.load(answer)

DESCRIBED = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in API["paths"].items()
    for method, operation in methods.items()
}


def schema(it: dict[str, Any]) -> dict[str, Any]:
    return schema(API["components"]["schemas"][it["$ref"].rsplit("/", 1)[1]]) if "$ref" in it else it


def properties(it: dict[str, Any]) -> dict[str, Any]:
    """Properties of a schema, wherever they stand in it."""
    found = schema(it)
    known: dict[str, Any] = {}
    for part in (*found.get("allOf", ()), *found.get("oneOf", ()), *found.get("anyOf", ())):
        known |= properties(part)
    return known | found.get("properties", {})


def required(it: dict[str, Any]) -> set[str]:
    """Names of properties that are always there, wherever a schema says so."""
    found = schema(it)
    return set(found.get("required", ())).union(*(required(part) for part in found.get("allOf", ())))


class OpenApiTest(unittest.TestCase):
    def test_every_operation_is_asked_as_the_service_describes_it(self):
        self.assertGreaterEqual(len(OPERATIONS), 18)
        for name, (method, path, query) in OPERATIONS.items():
            with self.subTest(name):
                self.assertEqual(DESCRIBED[name][:2], (method, path))
                parameters = DESCRIBED[name][2].get("parameters", [])
                known = {one["name"] for one in parameters if one["in"] == "query"}
                self.assertLessEqual(set(query), known)

    def test_every_field_is_one_of_the_service_s(self):
        kinds = [kind for kind in vars(_types).values() if dataclasses.is_dataclass(kind)]
        self.assertGreaterEqual(len(kinds), 7)
        classes = {kind.__name__: kind for kind in kinds}
        classes |= {"Email": _email.Email, "Inbox": _inbox.Inbox}
        for name, kind in classes.items():
            described = API["components"]["schemas"][name]
            known, always = properties(described), required(described)
            for field, hint in get_type_hints(kind).items():
                with self.subTest(f"{name}.{field}"):
                    self.assertIn(wire(field), known)
                    types = known[wire(field)].get("type", [])
                    may_lack = "null" in types or wire(field) not in always
                    self.assertEqual(may_lack, type(None) in getattr(hint, "__args__", ()), "may be absent or null")

    def test_every_field_of_a_request_is_one_of_the_service_s(self):
        bodies = {
            "createInbox": ("displayName", "localPart", "domain", "clientId", "expiresIn"),
            "changeInbox": ("displayName", "isActive"),
            "createKey": ("inboxId", "scopes", "expiresAt", "name", "allowedCidrs"),
            "rotateKey": ("overlapSeconds",),
            "sendEmail": (
                "from",
                "to",
                "cc",
                "bcc",
                "subject",
                "body",
                "replyTo",
                "inReplyTo",
                "threadId",
                "attachments",
                "sendAt",
            ),
            "replyEmail": ("body", "replyAll", "attachments", "sendAt"),
            "forwardEmail": ("to", "cc", "bcc", "text", "attachments", "sendAt"),
            "createDomain": ("domain",),
            "createWebhook": ("url", "inboxId", "events", "headers", "include"),
        }
        for name, fields in bodies.items():
            body = DESCRIBED[name][2]["requestBody"]["content"]["application/json"]["schema"]
            with self.subTest(name):
                self.assertLessEqual(set(fields), set(properties(body)))


if __name__ == "__main__":
    unittest.main()
