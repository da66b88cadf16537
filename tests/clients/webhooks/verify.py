"""Reads calls from stdin and says of each whether the verifier of PyPI's `standardwebhooks` believes it."""

import json
import sys

from standardwebhooks.webhooks import Webhook, WebhookVerificationError


def believes(call):
    headers = {
        "webhook-id": call["id"],
        "webhook-timestamp": call["timestamp"],
        "webhook-signature": call["signature"],
    }
    try:
        Webhook(call["secret"]).verify(call["body"], headers)
        return True
    except WebhookVerificationError:
        return False


json.dump([believes(call) for call in json.load(sys.stdin)], sys.stdout)
