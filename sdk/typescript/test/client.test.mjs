// The client against the real service: tokens, inboxes, mail, errors.

import assert from "node:assert/strict";
import { chmod, mkdtemp, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, connect as dial } from "node:net";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, test } from "node:test";
import * as sdk from "mailward";
import { baseUrl, deliver, plain, tenant } from "../../../tests/clients/service.mjs";

const { Mailward } = sdk;
let mw;

beforeEach(async () => {
  mw = await Mailward.create({ baseUrl, token: (await tenant()).token });
});

test("without a token it signs up, keeps the token for its owner alone, and comes back with it", async () => {
  const first = await Mailward.create({ baseUrl: `${baseUrl}/` });
  const kept = join(homedir(), ".mailward", "token");
  assert.equal(await readFile(kept, "utf8"), `${first.token}\n${baseUrl}\n`);
  assert.equal((await stat(kept)).mode & 0o777, 0o600);
  assert.equal((await stat(join(homedir(), ".mailward"))).mode & 0o777, 0o700);
  const again = await Mailward.create({ baseUrl, signup: false });
  assert.equal(again.token, first.token);
  assert.equal((await again.account()).tierName, "free");

  await assert.rejects(Mailward.create({ baseUrl: "http://127.0.0.1:1", signup: false }), { code: "no_token" });
  await assert.rejects(Mailward.create({ baseUrl, signup: false, tokenFile: false }), { code: "no_token" });
  await chmod(kept, 0o644);
  await assert.rejects(Mailward.create({ baseUrl }), { code: "token_file_exposed" });
  await chmod(kept, 0o600);
});

test("a token file may be elsewhere, and the environment goes before it", async () => {
  const { id, token } = await tenant();
  const tokenFile = join(await mkdtemp(join(tmpdir(), "mailward-")), "token");
  await writeFile(tokenFile, token, { mode: 0o600 });
  assert.equal((await (await Mailward.create({ baseUrl, tokenFile })).account()).id, id);
  process.env.MAILWARD_TOKEN = mw.token;
  process.env.MAILWARD_URL = baseUrl;
  try {
    assert.equal((await Mailward.create({ tokenFile })).token, mw.token);
  } finally {
    delete process.env.MAILWARD_TOKEN;
    delete process.env.MAILWARD_URL;
  }
});

test("mail comes as an array that knows its cursor, and goes on over all pages", async () => {
  const inbox = await mw.createInbox({ displayName: "Shop bot" });
  for (let n = 0; n < 5; n += 1) await deliver(plain(`Number ${n}`, "text"), inbox.address);
  const page = await inbox.receive({ limit: 2 });
  assert.deepEqual(page.map(({ subject }) => subject), ["Number 4", "Number 3"]);
  assert.ok(page.cursor);
  assert.equal((await inbox.receive({ limit: 2, cursor: page.cursor }))[0].subject, "Number 2");
  const all = [];
  for await (const email of page) all.push(email.subject);
  assert.deepEqual(all, ["Number 4", "Number 3", "Number 2", "Number 1", "Number 0"]);
  for (const email of await inbox.receive()) assert.equal(email.security.injectionRisk, "low");
  assert.equal((await mw.inbox(inbox.id)).emailCount, 5);
  assert.equal((await mw.inboxes({ address: inbox.address }))[0].id, inbox.id);
});

test("nothing that came to a new inbox is missed, and each mail is handed out once", async () => {
  const inbox = await mw.createInbox();
  for (const subject of ["One", "Two", "Three"]) await deliver(plain(subject, `of ${subject}`), inbox.address);
  const three = await inbox.waitForEmail({ subject: "Three", timeout: 30_000 });
  assert.match(three.body, /^of Three/);
  assert.equal((await inbox.waitForEmail({ timeout: 30_000 })).subject, "One");
  assert.equal((await inbox.waitForEmail({ subject: /^T/, timeout: 30_000 })).subject, "Two");
  assert.equal(await inbox.waitForEmail({ timeout: 900 }), null);
  const waiting = inbox.waitForEmail({ from: "Shop@example.com", timeout: 30_000 });
  await deliver(plain("No", "text"), inbox.address);
  await deliver(plain("Yes", "text", "Shop <shop@example.com>"), inbox.address);
  assert.equal((await waiting).subject, "Yes");
});

test("who comes to an old inbox waits for what comes next", async () => {
  const made = await mw.createInbox();
  await deliver(plain("Before", "text"), made.address);
  const inbox = await mw.inbox(made.id);
  const waiting = inbox.waitForEmail({ timeout: 1_000 });
  assert.equal(await waiting, null);
  await deliver(plain("After", "text"), made.address);
  assert.equal((await inbox.waitForEmail({ timeout: 30_000 })).subject, "After");
});

test("a wait ends when it is called off", async () => {
  const inbox = await mw.createInbox();
  const off = new AbortController();
  const waiting = inbox.waitForEmail({ timeout: 30_000, signal: off.signal });
  off.abort(new Error("enough"));
  await assert.rejects(waiting, /enough/);
});

test("a model gets the safe text of a mail, and threads and search find it", async () => {
  const inbox = await mw.createInbox();
  await deliver(plain("Dinner", "Shall we meet at seven?"), inbox.address);
  const [email] = await inbox.receive();
  const safe = await email.safeBody();
  assert.match(safe, /Shall we meet at seven\?/);
  assert.notEqual(safe, await email.safeBody(), "with marks that are new each time");
  assert.equal((await email.safe({ maxCharacters: 100 })).nextOffset, null);
  const [thread] = await inbox.threads();
  assert.equal(thread.subject, "Dinner");
  assert.equal((await inbox.thread(thread.id))[0].id, email.id);
  assert.equal((await mw.search("dinner seven"))[0].id, email.id);
  const found = [];
  for await (const one of await mw.search("breakfast", { limit: 1 })) found.push(one);
  assert.deepEqual(found, []);
});

test("attachments come as bytes", async () => {
  const inbox = await mw.createInbox();
  const message = await readFile(new URL("../../../fixtures/attachment.eml", import.meta.url), "latin1");
  await deliver(message.replace(/\r?\n/g, "\r\n"), inbox.address);
  const [email] = await inbox.receive();
  assert.equal(email.attachments.length > 0 && email.hasAttachments, true);
  assert.equal((await email.download(0)).length, email.attachments[0].sizeBytes);
  assert.equal(email.body, null);
  assert.equal(typeof (await email.open()).body, "string");
});

test("an inbox is changed, has keys of its own, and is given up", async () => {
  const inbox = await mw.createInbox();
  assert.match(inbox.token, /^mw_i_/);
  assert.equal((await inbox.update({ displayName: "New name" })).displayName, "New name");
  const { token, id } = await inbox.createKey("second agent");
  const agent = await Mailward.create({ baseUrl, token });
  assert.equal((await agent.inboxes()).length, 1);
  assert.ok((await mw.keys()).some((key) => key.id === id));
  const rotated = await mw.rotateKey(id);
  assert.notEqual(rotated.token, token);
  await assert.rejects(agent.inboxes(), sdk.AuthenticationError);
  await mw.revokeKey(id);
  await inbox.delete();
  await assert.rejects(mw.inbox(inbox.id), sdk.NotFoundError);
});

test("the same name of the client's finds the same inbox", async () => {
  const inbox = await mw.createInbox({ clientId: "support" });
  const again = await mw.createInbox({ clientId: "support" });
  assert.equal(again.id, inbox.id);
  assert.equal(again.token, undefined);
});

test("webhooks are made, listed and deleted", async () => {
  const url = "http://127.0.0.1:9/hook";
  const made = await mw.createWebhook({ url, events: ["email.received"], headers: { authorization: "Bearer x" } });
  assert.match(made.secret, /^whsec_/);
  assert.deepEqual((await mw.webhooks()).map(({ id, secret }) => [id, secret]), [[made.id, undefined]]);
  await mw.deleteWebhook(made.id);
  assert.deepEqual(await mw.webhooks(), []);
});

test("a code is waited for, and is no year and no order number", async () => {
  const inbox = await mw.createInbox();
  await deliver(plain("Order 482913", "Order 482913 of 2026 is on its way."), inbox.address);
  const waiting = inbox.waitForCode({ from: "example.com", timeout: 30_000 });
  await deliver(plain("Sign in", "Your verification code is 739204. It expires in 10 minutes."), inbox.address);
  const found = await waiting;
  assert.deepEqual([found.code, found.link, found.from], ["739204", null, "sender@example.com"]);
  const email = await inbox.getEmail(found.emailId);
  assert.equal(email.subject, "Sign in");
  assert.equal(await email.extraction(), null, "nobody asked yet");
  assert.deepEqual((await email.extract()).codes.map(({ code }) => code), ["739204"]);
  assert.equal((await email.extraction()).emailId, email.id);
  assert.equal(await inbox.waitForCode({ since: new Date(Date.now() + 60_000), timeout: 900 }), null);
});

test("mail is sent, answered in its thread, and sent once however often it is asked", async () => {
  const [ada, bob] = [await mw.createInbox(), await mw.createInbox()];
  const letter = { to: [bob.address], subject: "Lunch", body: { text: "At noon?" }, idempotencyKey: "lunch-1" };
  const queued = await ada.send(letter);
  assert.equal((await ada.send(letter)).id, queued.id);
  await assert.rejects(ada.send({ ...letter, subject: "Dinner" }), { code: "idempotency_mismatch" });
  const came = await bob.waitForEmail({ timeout: 30_000 });
  assert.deepEqual([came.subject, came.body.trim(), came.extractedText.trim()], ["Lunch", "At noon?", "At noon?"]);
  const answer = await came.reply({ text: "Yes.\n\n> At noon?" });
  const back = await ada.waitForEmail({ timeout: 30_000 });
  assert.deepEqual([back.subject, back.threadId], ["Re: Lunch", (await ada.getEmail(queued.id)).threadId]);
  assert.equal(back.extractedText.trim(), "Yes.");
  assert.equal((await bob.receive({ direction: "outbound" }))[0].id, answer.id);
});

test("an answer goes where it is wanted, a mail is passed on, and one for later is taken back", async () => {
  const [ada, bob, desk] = [await mw.createInbox(), await mw.createInbox(), await mw.createInbox()];
  await ada.send({ to: [bob.address], subject: "Order", body: { text: "Which size?" }, replyTo: desk.address });
  const came = await bob.waitForEmail({ timeout: 30_000 });
  const answer = await came.reply({ text: "Large." });
  assert.deepEqual((await bob.getEmail(answer.id)).to, [desk.address]);
  assert.equal((await desk.waitForEmail({ timeout: 30_000 })).subject, "Re: Order");
  await came.forward({ to: [desk.address], text: "For you.", idempotencyKey: "forward-1" });
  const passed = await desk.waitForEmail({ subject: /Fwd/, timeout: 30_000 });
  assert.equal(passed.subject, "Fwd: Order");
  assert.match(passed.body, /^For you\.[^]*Which size\?/);
  const sendAt = new Date(Date.now() + 3_600_000);
  const later = await ada.send({ to: [bob.address], subject: "Later", body: { text: "Soon." }, sendAt });
  assert.deepEqual([later.status, later.sendAt], ["queued", sendAt.toISOString()]);
  assert.equal((await ada.cancel(later.id)).status, "cancelled");
  assert.equal((await (await ada.getEmail(later.id)).cancel()).status, "cancelled");
  await assert.rejects((await bob.getEmail(answer.id)).cancel(), { code: "conflict" });
});

test("what happens is told as it happens, again from where it ended, and stands in the log", async () => {
  const inbox = await mw.createInbox();
  await deliver(plain("One", "text"), inbox.address);
  const log = [];
  for await (const event of await mw.events({ limit: 1 })) log.push(event);
  const first = log.find(({ type }) => type === "email.received");
  assert.equal(first.inboxId, inbox.id);
  await deliver(plain("Two", "text"), inbox.address);
  const subjects = async (after, count) => {
    const [told, stop] = [[], new AbortController()];
    for await (const event of inbox.stream({ after, signal: stop.signal })) {
      if (event.event_type === "email.received") told.push(event);
      if (told.length === count) break;
    }
    return told;
  };
  const [two] = await subjects(first.id, 1);
  assert.deepEqual([two.data.subject, two.inbox_id], ["Two", inbox.id]);
  const coming = subjects(two.id, 2);
  await deliver(plain("Three", "text"), inbox.address);
  await deliver(plain("Four", "text"), inbox.address);
  assert.deepEqual((await coming).map(({ data }) => data.subject), ["Three", "Four"]);
  assert.deepEqual(await mw.redeliver(two.id), { id: two.id, webhooks: 0 });
  const gone = await mw.createInbox();
  await gone.delete();
  await assert.rejects(gone.stream().next(), sdk.NotFoundError);
});

test("a stream whose connection was lost goes on where it was", async () => {
  const inbox = await mw.createInbox();
  const wires = new Set();
  const target = new URL(baseUrl);
  const cable = createServer((near) => {
    const far = dial(Number(target.port), target.hostname);
    near.pipe(far).pipe(near);
    for (const end of [near, far]) {
      wires.add(end);
      end.on("error", () => {}).on("close", () => wires.delete(end));
    }
  });
  await new Promise((resolve) => cable.listen(0, "127.0.0.1", resolve));
  const wired = await Mailward.create({ baseUrl: `http://127.0.0.1:${cable.address().port}`, token: mw.token });
  await deliver(plain("One", "text"), inbox.address);
  const begin = (await mw.events())[0].id;
  const told = [];
  for await (const event of (await wired.inbox(inbox.id)).stream({ after: begin })) {
    if (event.event_type !== "email.received") continue;
    told.push(event.data.subject);
    if (told.length === 3) break;
    for (const end of wires) end.destroy();
    await deliver(plain(`After ${told.length}`, "text"), inbox.address);
  }
  assert.deepEqual(told, ["One", "After 1", "After 2"], "each once, in order, across two cuts");
  for (const end of wires) end.destroy();
  cable.close();
});

test("domains are named, looked at and given up, and use is shown by day", async () => {
  const domain = await mw.addDomain("agents.example.com");
  assert.equal(domain.status, "pending_verification");
  assert.ok(domain.dnsRecords.some(({ type, priority }) => type === "MX" && typeof priority === "number"));
  assert.equal((await mw.verifyDomain(domain.id)).id, domain.id);
  assert.equal((await mw.domain(domain.id)).domain, "agents.example.com");
  assert.deepEqual((await mw.domains()).map(({ id }) => id), [domain.id]);
  await mw.deleteDomain(domain.id);
  assert.deepEqual(await mw.domains(), []);
  const inbox = await mw.createInbox();
  await deliver(plain("One", "text"), inbox.address);
  const used = await mw.usage();
  assert.deepEqual([used.total.received, used.days.at(-1).received, used.inboxId], [1, 1, null]);
});

test("errors are of a class, with the service's word, the request's id and what to do", async () => {
  const fails = async (promise, type, code) =>
    assert.rejects(promise, (error) => {
      assert.ok(error instanceof type && error instanceof sdk.MailwardError, error.name);
      assert.equal(error.name, type.name);
      assert.equal(error.code, code);
      assert.match(error.requestId, /^req_/);
      return Boolean(error.fix) && error.message.includes(error.fix);
    });
  await mw.createInbox({ localPart: "taken-once" });
  await fails(mw.createInbox({ localPart: "taken-once" }), sdk.AddressCollisionError, "address_collision");
  await fails(mw.createInbox({ localPart: "no address" }), sdk.InvalidRequestError, "validation_error");
  await fails((await Mailward.create({ baseUrl, token: "mw_t_x" })).account(), sdk.AuthenticationError, "unauthorized");
  const small = await Mailward.create({ baseUrl, token: (await tenant({ plan: "free" })).token });
  for (let n = 0; n < 5; n += 1) await small.createInbox();
  await fails(small.createInbox(), sdk.QuotaError, "quota_exceeded");
  const agent = await Mailward.create({ baseUrl, token: (await mw.createInbox()).token });
  await fails(agent.createInbox(), sdk.PermissionError, "insufficient_scope");
  await assert.rejects(mw.inbox("ibx_00000000000000000000000000"), sdk.NotFoundError);
  await assert.rejects(mw.inbox(""), TypeError);
});

test("who asks too often waits as long as told and is served", async () => {
  const answers = await Promise.all(Array.from({ length: 60 }, () => mw.account()));
  assert.equal(answers.length, 60);
  const hasty = await Mailward.create({ baseUrl, token: (await tenant()).token, retries: 0 });
  const settled = await Promise.allSettled(Array.from({ length: 100 }, () => hasty.account()));
  const refused = settled.find(({ status }) => status === "rejected").reason;
  assert.ok(refused instanceof sdk.RateLimitError);
  assert.ok(refused.retryAfter >= 1);
});
