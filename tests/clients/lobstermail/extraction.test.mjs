// The facts in a mail: asked for, asked again, waited for.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { LobsterMail } from "@lobsterkit/lobstermail";
import { baseUrl, deliver, plain, tenant } from "../service.mjs";

let lm;

before(async () => {
  lm = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
});

test("an extraction is there once it was asked for, with every field that the client's types promise", async () => {
  const inbox = await lm.createInbox();
  await deliver(plain("Invoice", "Total: $1,234.50, due 14 March 2027.\r\nTel: 0800 555 0123"), inbox.address);
  const [email] = (await inbox.receive()).data;
  assert.equal(await email.getExtraction(), null, "nobody asked yet");
  const made = await email.extract();
  assert.match(made.id, /^ext_/);
  assert.deepEqual([made.emailId, made.status, made.errorMessage], [email.id, "completed", null]);
  assert.deepEqual(made.amounts, [{ value: 1234.5, currency: "USD", label: "Total" }]);
  assert.deepEqual([made.dates[0].value, made.dates[0].isEstimate], ["2027-03-14", false]);
  for (const contact of made.contacts) {
    assert.deepEqual(Object.keys(contact).sort(), ["email", "name", "organization", "phone", "role"]);
  }
  for (const list of [made.scheduling, made.actions]) assert.deepEqual(list, []);
  assert.equal(typeof made.metadata, "object");
  for (const moment of [made.createdAt, made.completedAt]) assert.match(moment, /Z$/);
  for (const number of [made.inputTokens, made.outputTokens, made.processingMs]) assert.equal(number, null);
  assert.deepEqual(await email.getExtraction(), made);
  assert.deepEqual(await email.waitForExtraction({ timeout: 1000 }), made);
});

test("of a mail that is gone there is nothing", async () => {
  const inbox = await lm.createInbox();
  await deliver(plain("Hello", "text"), inbox.address);
  const [email] = (await inbox.receive()).data;
  await email.extract();
  await lm.deleteInbox(inbox.id);
  assert.equal(await email.getExtraction(), null);
});
