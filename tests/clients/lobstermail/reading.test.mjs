// Conversations, search and attachments, by the client's own methods.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Email, LobsterMail, NotFoundError } from "@lobsterkit/lobstermail";
import { baseUrl, deliver, tenant } from "../service.mjs";

let lm;

before(async () => {
  lm = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
});

/** A mail that answers others. */
function answer(subject, id, answers = []) {
  const references = answers.map((one) => `<${one}@talk.example>`).join(" ");
  const header = references ? `References: ${references}\r\n` : "";
  return (
    `From: Ann <ann@talk.example>\r\nSubject: ${subject}\r\nMessage-ID: <${id}@talk.example>\r\n${header}` +
    `\r\nneedle ${id}\r\n`
  );
}

test("threads are listed page by page and opened", async () => {
  const inbox = await lm.createInbox();
  await deliver(answer("First", "1"), inbox.address);
  await deliver(answer("Second", "2"), inbox.address);
  await deliver(answer("About the first", "3", ["1"]), inbox.address);
  const one = await inbox.listThreads({ limit: 1 });
  assert.equal(one.hasMore, true);
  assert.equal(one.data.length, 1);
  assert.equal(one.data[0].subject, "First");
  assert.equal(one.data[0].emailCount, 2);
  assert.equal(one.data[0].inboxId, inbox.id);
  for (const moment of [one.data[0].lastEmailAt, one.data[0].createdAt]) assert.match(moment, /Z$/);
  const two = await inbox.listThreads({ limit: 1, cursor: one.cursor });
  assert.deepEqual([two.data[0].subject, two.hasMore, two.cursor], ["Second", false, null]);
  const thread = await inbox.getThread(one.data[0].id);
  assert.deepEqual(thread.emails.map(({ subject }) => subject), ["First", "About the first"]);
  assert.equal(thread.emails[0].isInjectionRisk, false);
  assert.equal(typeof thread.emails[0].preview, "string");
  const [newest] = (await inbox.receive()).data;
  assert.equal(newest.threadId, thread.id);
  await assert.rejects(inbox.getThread("thd_00000000000000000000000000"), NotFoundError);
});

test("mail is searched over all inboxes or in one", async () => {
  const [one, two] = [await lm.createInbox(), await lm.createInbox()];
  await deliver(answer("Café", "a"), one.address);
  await deliver(answer("Tea", "b"), two.address);
  const all = await lm.searchEmails({ q: "needle", limit: 50 });
  assert.ok(all.data.length >= 2 && all.data.every((email) => email instanceof Email));
  assert.deepEqual([all.hasMore, all.cursor], [false, null]);
  const found = await lm.searchEmails({ q: "cafe needle", inboxId: one.id, direction: "inbound", from: "talk.example" });
  assert.deepEqual(found.data.map(({ subject }) => subject), ["Café"]);
  const none = await lm.searchEmails({ q: "needle", hasAttachments: true, since: "2001-01-01T00:00:00Z" });
  assert.equal(none.data.length, 0);
  const page = await lm.searchEmails({ q: "needle", limit: 1 });
  assert.equal(page.hasMore, true);
  const next = await lm.searchEmails({ q: "needle", limit: 1, cursor: page.cursor });
  assert.notEqual(next.data[0].id, page.data[0].id);
});
