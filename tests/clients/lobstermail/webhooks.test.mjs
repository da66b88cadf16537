// Webhooks: made, told of, listed, given up.

import assert from "node:assert/strict";
import { createHmac } from "node:crypto";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { LobsterMail, WEBHOOK_EVENTS } from "@lobsterkit/lobstermail";
import { baseUrl, deliver, plain, tenant, until } from "../service.mjs";

const calls = [];
const endpoint = createServer(async (request, response) => {
  let body = "";
  for await (const bytes of request) body += bytes;
  calls.push({ headers: request.headers, body });
  response.end();
});
let lm;

before(async () => {
  await new Promise((resolve) => endpoint.listen(0, "127.0.0.1", resolve));
  lm = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
});
after(() => endpoint.close());

test("a webhook is made, tells of a mail, is listed and is deleted", async () => {
  const inbox = await lm.createInbox();
  const url = `http://127.0.0.1:${endpoint.address().port}/hook`;
  const made = await lm.createWebhook({ url, inboxId: inbox.id, events: [WEBHOOK_EVENTS.EMAIL_RECEIVED] });
  assert.match(made.id, /^wh_/);
  assert.equal(made.url, url);
  assert.match(made.secret, /^whsec_/);
  assert.deepEqual(made.events, ["email.received"]);

  await deliver(plain("Told", "text"), inbox.address);
  const call = await until(() => calls.find(({ body }) => JSON.parse(body).event === "email.received"));
  const told = JSON.parse(call.body);
  assert.equal(told.inboxId, inbox.id);
  assert.equal(told.data.subject, "Told");
  const signature = createHmac("sha256", made.secret).update(call.body).digest("hex");
  assert.equal(call.headers["x-lobstermail-signature"], signature);

  const { data } = await lm.listWebhooks();
  assert.deepEqual(data.map(({ id, secret }) => [id, secret]), [[made.id, undefined]]);
  assert.equal(await lm.deleteWebhook(made.id), undefined);
  assert.deepEqual((await lm.listWebhooks()).data, []);
});

test("every event that the client names may be asked for; who names none hears of received mail", async () => {
  const url = `http://127.0.0.1:${endpoint.address().port}/all`;
  const made = await lm.createWebhook({ url, events: Object.values(WEBHOOK_EVENTS) });
  assert.deepEqual([...made.events].sort(), Object.values(WEBHOOK_EVENTS).sort());
  assert.deepEqual((await lm.createWebhook({ url })).events, ["email.received"]);
});
