// Inboxes: made by name, by wish, by chance; looked up; given up.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { AddressCollisionError, Inbox, LobsterMail, NotFoundError } from "@lobsterkit/lobstermail";
import { baseUrl, tenant } from "../service.mjs";

let lm;
let other;

// New ones each time: a token may not ask as often as all of these together.
beforeEach(async () => {
  lm = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
  other = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
});

test("an inbox has every field that the client's types promise", async () => {
  const inbox = await lm.createInbox({ displayName: "Shop bot" });
  assert.ok(inbox instanceof Inbox);
  assert.match(inbox.id, /^ibx_[0-9a-hjkmnp-tv-z]{26}$/);
  assert.equal(inbox.address.split("@")[1], inbox.domain);
  assert.equal(inbox.domain, "agents.test");
  assert.equal(inbox.displayName, "Shop bot");
  assert.equal(inbox.isActive, true);
  assert.equal(inbox.emailCount, 0);
  assert.equal(inbox.expiresAt, null);
  assert.match(inbox.createdAt, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
});

test("an inbox is found again by its id and in the list, and only by its tenant", async () => {
  const inbox = await lm.createInbox();
  assert.equal((await lm.getInbox(inbox.id)).address, inbox.address);
  assert.ok((await lm.listInboxes()).some(({ id }) => id === inbox.id));
  await assert.rejects(other.getInbox(inbox.id), NotFoundError);
  assert.equal((await other.listInboxes()).length, 0);
});

test("a deleted inbox is gone", async () => {
  const inbox = await lm.createInbox();
  assert.equal(await lm.deleteInbox(inbox.id), undefined);
  await assert.rejects(lm.getInbox(inbox.id), NotFoundError);
  assert.ok(!(await lm.listInboxes()).some(({ id }) => id === inbox.id));
  await assert.rejects(lm.deleteInbox(inbox.id), NotFoundError);
});

test("a name that is taken is a collision, whoever has it", async () => {
  const inbox = await lm.createInbox({ localPart: "first-come" });
  assert.equal(inbox.address, "first-come@agents.test");
  for (const client of [lm, other]) {
    await assert.rejects(client.createInbox({ localPart: "first-come" }), (error) => {
      assert.ok(error instanceof AddressCollisionError);
      assert.equal(error.statusCode, 409);
      assert.equal(error.code, "address_collision");
      return true;
    });
  }
});

test("smart names go from the wished ones over those of the person to numbers", async () => {
  const wish = { preferred: ["Shield Desk"], name: "Sarah Shield", org: "Palisade", displayName: "Sarah" };
  const made = [];
  for (let n = 0; n < 9; n += 1) made.push(await (n % 2 ? other : lm).createSmartInbox(wish));
  assert.deepEqual(
    made.map(({ address }) => address.split("@")[0]),
    [
      "shield-desk",
      "sarah-shield",
      "sarah-shield-palisade",
      "s-shield",
      "sarah-shield1",
      "sarah-shield2",
      "sarah-shield3",
      "sarah-shield4",
      "sarah-shield5",
    ],
  );
  assert.ok(made.every(({ displayName }) => displayName === "Sarah"));
  const last = await lm.createSmartInbox(wish);
  assert.ok(last.address && !made.some(({ address }) => address === last.address), "one by chance when all are taken");
});

test("names that the service keeps for itself are collisions too, so that a smart name passes them by", async () => {
  for (const localPart of ["administrator", "mailer.daemon", "post-master", "a".repeat(64)]) {
    const inbox = await lm.createSmartInbox({ preferred: [localPart] });
    assert.ok(inbox.address, localPart);
  }
});

test("without wishes a smart name is one by chance", async () => {
  assert.ok((await lm.createSmartInbox()).address);
  assert.ok((await lm.createSmartInbox({ displayName: "Somebody" })).address);
});

test("an address that was given up is nobody's again", async () => {
  const inbox = await lm.createInbox({ localPart: "gone-for-good" });
  await lm.deleteInbox(inbox.id);
  await assert.rejects(other.createInbox({ localPart: "gone-for-good" }), AddressCollisionError);
});
