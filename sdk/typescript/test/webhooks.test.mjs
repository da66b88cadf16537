// Signatures of webhooks: the published example, and what must not pass.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { Mailward, SignatureError, verifyWebhook } from "mailward";
import { baseUrl, deliver, plain, tenant } from "../../../tests/clients/service.mjs";

// The example of the Standard Webhooks specification.
const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const body = '{"test": 2432232314}';
const headers = {
  "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
  "webhook-timestamp": "1614265330",
  "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
};
const now = 1614265330_000;

test("the published example holds, in every form that headers come in", () => {
  assert.deepEqual(verifyWebhook(body, headers, secret, { now }), { test: 2432232314 });
  assert.deepEqual(verifyWebhook(Buffer.from(body), new Headers(headers), secret, { now }), { test: 2432232314 });
  const shouted = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toUpperCase(), [value]]));
  assert.ok(verifyWebhook(body, shouted, ["whsec_b3RoZXI=", secret], { now }), "while a secret is rotated");
  const several = { ...headers, "webhook-signature": `v1a,xx v1,AAAA ${headers["webhook-signature"]}` };
  assert.ok(verifyWebhook(body, several, secret, { now }));
});

test("what was changed, is old or is from the future does not pass", () => {
  const refused = (...call) => assert.throws(() => verifyWebhook(...call), SignatureError);
  refused(`${body} `, headers, secret, { now });
  refused(body, { ...headers, "webhook-id": "msg_other" }, secret, { now });
  refused(body, { ...headers, "webhook-timestamp": "1614265331" }, secret, { now });
  refused(body, headers, "whsec_b3RoZXI=", { now });
  refused(body, headers, secret, { now: now + 301_000 });
  refused(body, headers, secret, { now: now - 301_000 });
  refused(body, headers, secret);
  refused(body, { ...headers, "webhook-timestamp": "NaN" }, secret, { now });
  refused(body, { ...headers, "webhook-signature": "v1," }, secret, { now });
  refused(body, {}, secret, { now });
  assert.throws(() => verifyWebhook(body, headers, "whsec_", { now }), TypeError);
});

test("a call of the service holds", async () => {
  const called = new Promise((resolve) => {
    const endpoint = createServer(async (request, response) => {
      const parts = [];
      for await (const part of request) parts.push(part);
      response.end();
      // The first call of all is a challenge.
      if (JSON.parse(Buffer.concat(parts)).type === "webhook.verify") return;
      resolve({ endpoint, headers: request.headers, body: Buffer.concat(parts) });
    });
    endpoint.listen(0, "127.0.0.1", async () => {
      const mw = await Mailward.create({ baseUrl, token: (await tenant()).token });
      const inbox = await mw.createInbox();
      const url = `http://127.0.0.1:${endpoint.address().port}/hook`;
      const made = await mw.createWebhook({ url, inboxId: inbox.id });
      endpoint.secret = made.secret;
      await deliver(plain("Told", "text"), inbox.address);
    });
  });
  const { endpoint, headers: sent, body: told } = await called;
  const event = verifyWebhook(told, sent, endpoint.secret);
  assert.equal(event.type, "email.received");
  assert.equal(event.data.subject, "Told");
  endpoint.closeAllConnections?.();
  endpoint.close();
});
