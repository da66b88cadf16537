// Mail that goes out, and what the plan of who sends says to it.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { InsufficientTierError, LobsterMail, LobsterMailError } from "@lobsterkit/lobstermail";
import { baseUrl, deliver, plain, tenant } from "../service.mjs";

let lm;

before(async () => {
  lm = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
});

test("mail is taken to be sent, and stands among the outbound mail", async () => {
  const inbox = await lm.createInbox({ displayName: "Shop bot" });
  const sent = await inbox.send({
    to: "somebody@example.com",
    cc: ["other@example.com"],
    subject: "Hello",
    body: { text: "A line of text.", html: "<p>A line of text.</p>" },
    replyTo: "desk@example.com",
    attachments: [{ filename: "a.txt", contentType: "text/plain", content: Buffer.from("one").toString("base64") }],
  });
  assert.match(sent.id, /^eml_/);
  assert.equal(sent.status, "queued");
  const [email] = (await inbox.receive({ direction: "outbound" })).data;
  assert.equal(email.id, sent.id);
  assert.equal(email.direction, "outbound");
  assert.equal(email.from, inbox.address);
  assert.deepEqual([...email.to], ["somebody@example.com"]);
  assert.equal(email.subject, "Hello");
  assert.equal(typeof email.status, "string");
  assert.equal((await inbox.receive({ direction: "inbound" })).data.length, 0);
  assert.match((await inbox.getEmail(sent.id)).body, /A line of text/);
});

test("an answer goes into the thread of what it answers", async () => {
  const inbox = await lm.createInbox();
  await deliver(plain("Question", "text"), inbox.address);
  const [email] = (await inbox.receive()).data;
  const sent = await inbox.send({
    to: [email.from],
    subject: "Re: Question",
    body: { text: "Yes." },
    inReplyTo: email.id,
    threadId: email.threadId,
  });
  const thread = await inbox.getThread(email.threadId);
  assert.deepEqual(thread.emails.map(({ id }) => id), [email.id, sent.id]);
});

test("what cannot be sent is refused with a word", async () => {
  const inbox = await lm.createInbox();
  const send = (options) => inbox.send({ to: "a@example.com", subject: "x", body: { text: "y" }, ...options });
  await assert.rejects(send({ to: "no address" }), (error) => error.constructor === LobsterMailError && error.statusCode === 400);
  await assert.rejects(send({ to: [] }), { statusCode: 400, code: "validation_error" });
  await assert.rejects(send({ subject: "x\r\nBcc: everybody@example.com" }), { statusCode: 400 });
});

test("the free plan's sends are refused as a matter of the plan, or taken", async () => {
  const free = await LobsterMail.create({ baseUrl, token: (await tenant({ plan: "free" })).token });
  const { limits } = await free.getAccount();
  const inbox = await free.createInbox();
  const sent = inbox.send({ to: "a@example.com", subject: "x", body: { text: "y" } });
  if (limits.canSend) assert.ok((await sent).id);
  else await assert.rejects(sent, InsufficientTierError);
});
