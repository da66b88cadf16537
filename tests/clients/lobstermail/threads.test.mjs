// Threads, and search over all inboxes.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { Email, LobsterMail, NotFoundError } from "@lobsterkit/lobstermail";
import { baseUrl, deliver, tenant } from "../service.mjs";

let lm;
let inbox;

beforeEach(async () => {
  lm = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
  inbox = await lm.createInbox();
});

/** A message with an id, and those that it answers. */
function message(id, subject, text, answers = []) {
  const references = answers.map((one) => `<${one}@example.com>`).join(" ");
  return (
    `From: Ada <ada@example.com>\r\nTo: ${inbox.address}\r\nSubject: ${subject}\r\nMessage-ID: <${id}@example.com>\r\n` +
    (references && `In-Reply-To: ${references.split(" ").at(-1)}\r\nReferences: ${references}\r\n`) +
    `\r\n${text}\r\n`
  );
}

test("threads are listed page by page and opened with their mails, oldest first", async () => {
  await deliver(message("a1", "Invoice 7", "first"), inbox.address);
  await deliver(message("b1", "Lunch", "other"), inbox.address);
  await deliver(message("a2", "Re: Invoice 7", "second", ["a1"]), inbox.address);
  const { data, hasMore, cursor } = await inbox.listThreads();
  assert.deepEqual([hasMore, cursor], [false, null]);
  assert.deepEqual(data.map(({ subject, emailCount }) => [subject, emailCount]), [
    ["Invoice 7", 2],
    ["Lunch", 1],
  ]);
  for (const thread of data) {
    assert.match(thread.id, /^thd_/);
    assert.equal(thread.inboxId, inbox.id);
    assert.match(thread.lastEmailAt, /Z$/);
    assert.match(thread.createdAt, /Z$/);
  }
  const first = await inbox.listThreads({ limit: 1 });
  assert.equal(first.hasMore, true);
  const second = await inbox.listThreads({ limit: 1, cursor: first.cursor });
  assert.deepEqual([first.data[0].id, second.data[0].id], data.map(({ id }) => id));

  const thread = await inbox.getThread(data[0].id);
  assert.equal(thread.subject, "Invoice 7");
  assert.deepEqual(thread.emails.map(({ subject }) => subject), ["Invoice 7", "Re: Invoice 7"]);
  for (const email of thread.emails) {
    assert.equal(email.from, "ada@example.com");
    assert.equal(typeof email.preview, "string");
    assert.equal(email.isInjectionRisk, false);
    assert.match(email.createdAt, /Z$/);
  }
  const [email] = (await inbox.receive({ limit: 1 })).data;
  assert.equal(email.threadId, thread.id);
  await assert.rejects(inbox.getThread("thd_00000000000000000000000000"), NotFoundError);
});

test("search finds words in subjects and texts, in all inboxes or in one", async () => {
  const second = await lm.createInbox();
  await deliver(message("a1", "Invoice 7", "The sum is 40 crowns."), inbox.address);
  await deliver(message("a2", "Lunch", "Shall we pay the invoice there?"), second.address);
  await deliver(message("a3", "Weather", "Rain."), second.address);
  const found = await lm.searchEmails({ q: "invoice" });
  assert.ok(found.data.every((email) => email instanceof Email));
  assert.deepEqual(found.data.map(({ subject }) => subject), ["Lunch", "Invoice 7"]);
  assert.deepEqual([found.hasMore, found.cursor], [false, null]);
  const subjects = async (options) => (await lm.searchEmails(options)).data.map(({ subject }) => subject);
  assert.deepEqual(await subjects({ q: "invoice", inboxId: inbox.id }), ["Invoice 7"]);
  assert.deepEqual(await subjects({ q: "", from: "ada@", limit: 50 }), ["Weather", "Lunch", "Invoice 7"]);
  assert.deepEqual(await subjects({ q: "", from: "bob@" }), []);
  assert.deepEqual(await subjects({ q: "rain", hasAttachments: true }), []);
  assert.deepEqual(await subjects({ q: "rain", hasAttachments: false, direction: "inbound" }), ["Weather"]);
  const since = (await second.receive()).data[1].createdAt;
  assert.deepEqual(await subjects({ q: "", since }), ["Weather"]);
  assert.deepEqual(await subjects({ q: "", until: since }), ["Invoice 7"]);
});

test("search goes on by its cursor", async () => {
  for (const n of [1, 2, 3]) await deliver(message(`a${n}`, `Invoice ${n}`, "text"), inbox.address);
  const subjects = [];
  let cursor;
  do {
    const page = await lm.searchEmails({ q: "invoice", limit: 1, cursor });
    subjects.push(...page.data.map(({ subject }) => subject));
    cursor = page.hasMore ? page.cursor : undefined;
  } while (cursor);
  assert.deepEqual(subjects, ["Invoice 3", "Invoice 2", "Invoice 1"]);
});

test("nobody finds another's mail", async () => {
  await deliver(message("a1", "Invoice 7", "text"), inbox.address);
  const other = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
  assert.deepEqual((await other.searchEmails({ q: "invoice" })).data, []);
  await assert.rejects(other.searchEmails({ q: "invoice", inboxId: inbox.id }), NotFoundError);
});
