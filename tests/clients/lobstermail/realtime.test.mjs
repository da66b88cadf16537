// The socket: mail as it comes, by subscription, and after the connection was lost.

import assert from "node:assert/strict";
import { createServer, connect as dial } from "node:net";
import { before, test } from "node:test";
import { Email, LobsterMail } from "@lobsterkit/lobstermail";
import WebSocket from "ws";
import { baseUrl, deliver, plain, tenant, until } from "../service.mjs";

// What its users on Node 18 to 21 have to do: the client asks for the global one by name.
globalThis.WebSocket ??= WebSocket;

let lm;

before(async () => {
  lm = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
});

/** Delivers until one arrived: when a subscription is in force the client does not tell. */
async function deliverUntil(address, subject, arrived) {
  for (let n = 0; arrived().length === 0; n += 1) {
    await deliver(plain(`${subject} ${n}`, "A line of text."), address);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test("mail of an inbox that was subscribed to is told as a whole email, and to everybody who listens", async () => {
  const [inbox, other] = [await lm.createInbox(), await lm.createInbox()];
  const rt = await lm.connect();
  assert.equal(rt.connected, true);
  assert.equal(await lm.connect(), rt, "one connection is enough");
  const [mine, all, events, errors] = [[], [], [], []];
  rt.onEmail((email) => all.push(email));
  rt.onEvent((event) => events.push(event));
  rt.onError((error) => errors.push(error));
  const stop = rt.subscribe(inbox.id, (email) => mine.push(email));
  await deliver(plain("Unheard", "text"), other.address);
  await deliverUntil(inbox.address, "Told", () => mine);
  const [email] = mine;
  assert.ok(email instanceof Email);
  assert.match(email.subject, /^Told/);
  assert.equal(email.inboxId, inbox.id);
  assert.ok(Array.isArray(email.security.flags));
  assert.match(email.safeBodyForLLM(), /BEGIN UNTRUSTED/);
  await email.fetchFullBody();
  assert.match(email.body, /A line of text/);
  assert.ok(all.every(({ inboxId }) => inboxId === inbox.id), "nothing of an inbox that nobody subscribed to");
  const event = events.find(({ eventType }) => eventType === "email.received");
  assert.deepEqual([event.inboxId, typeof event.timestamp, event.data.subject], [inbox.id, "string", email.subject]);

  stop();
  const heard = [];
  rt.subscribe(other.id, (one) => heard.push(one));
  const before = mine.length;
  await deliver(plain("After the end", "text"), inbox.address);
  await deliverUntil(other.address, "Still here", () => heard);
  assert.equal(all.some(({ subject }) => subject === "After the end"), false, "and nothing after unsubscribing");
  assert.equal(mine.length, before);
  assert.deepEqual(errors, []);
  rt.close();
  assert.equal(rt.connected, false);
});

test("after a lost connection the client comes back and hears on", async () => {
  // A wire between that can be cut.
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
  const wired = await LobsterMail.create({ baseUrl: `http://127.0.0.1:${cable.address().port}`, token: lm.token });
  const inbox = await lm.createInbox();
  const rt = await wired.connect({ reconnectDelay: 50 });
  let [lost, connected] = [0, 0];
  rt.onDisconnect(() => (lost += 1));
  rt.onConnect(() => (connected += 1));
  const heard = [];
  rt.subscribe(inbox.id, (email) => heard.push(email));
  await deliverUntil(inbox.address, "Before", () => heard);
  for (const end of wires) end.destroy();
  await until(() => lost === 1 && connected === 1 && rt.connected);
  heard.length = 0;
  await deliverUntil(inbox.address, "After", () => heard.filter(({ subject }) => subject.startsWith("After")));
  rt.close();
  cable.close();
});

test("a wrong token opens no socket", async () => {
  const nobody = await LobsterMail.create({ baseUrl, token: "mw_t_nobody" });
  await assert.rejects(nobody.connect({ autoReconnect: false }), /WebSocket error/);
});

test("another tenant's inbox cannot be subscribed to", async () => {
  const other = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
  const [mine, theirs] = [await lm.createInbox(), await other.createInbox()];
  const rt = await lm.connect();
  const [heard, all, errors] = [[], [], []];
  rt.onEmail((email) => all.push(email));
  rt.onError((error) => errors.push(error));
  rt.subscribe(theirs.id, () => {});
  await until(() => errors.length > 0);
  assert.match(errors[0].message, /^\[\w+\] ./);
  await deliver(plain("Secret", "text"), theirs.address);
  rt.subscribe(mine.id, (email) => heard.push(email));
  await deliverUntil(mine.address, "Mine", () => heard);
  assert.ok(all.every(({ inboxId }) => inboxId === mine.id));
  rt.close();
});
