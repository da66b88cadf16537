// Coming in: with a token from each of its places, without one, and what an account says of itself.

import assert from "node:assert/strict";
import { readFile, rm, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { AuthenticationError, LobsterMail } from "@lobsterkit/lobstermail";
import { baseUrl, tenant } from "../service.mjs";

const kept = join(homedir(), ".lobstermail", "token");
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test("without a token a client signs up, keeps what it got for itself, and comes back with it", async () => {
  const lm = await LobsterMail.create({ baseUrl });
  assert.match(lm.token, /^mw_t_/);
  assert.equal((await readFile(kept, "utf8")).trim(), lm.token);
  assert.equal((await stat(kept)).mode & 0o777, 0o600);
  const account = await lm.getAccount();
  assert.equal(account.tierName, "free");
  assert.equal(account.tier, 0);

  const again = await LobsterMail.create({ baseUrl });
  assert.equal(again.token, lm.token);
  assert.equal((await again.getAccount()).id, account.id);
  await rm(kept);
});

test("a client that shall keep nothing keeps nothing", async () => {
  const lm = await LobsterMail.create({ baseUrl, persistToken: false });
  assert.ok((await lm.getAccount()).id);
  await assert.rejects(readFile(kept), { code: "ENOENT" });
});

test("a token is taken from the environment", async () => {
  const { id, token } = await tenant();
  process.env.LOBSTERMAIL_TOKEN = token;
  try {
    const lm = await LobsterMail.create({ baseUrl });
    assert.equal((await lm.getAccount()).id, id);
  } finally {
    delete process.env.LOBSTERMAIL_TOKEN;
  }
});

test("without a token and without leave to sign up there is no client", async () => {
  await assert.rejects(LobsterMail.create({ baseUrl, autoSignup: false }), /No LobsterMail token found/);
});

test("an account has every field that the client's types promise", async () => {
  const { id, token } = await tenant();
  const lm = await LobsterMail.create({ baseUrl: `${baseUrl}/`, token });
  await lm.createInbox();
  const account = await lm.getAccount();
  assert.equal(account.id, id);
  assert.equal(typeof account.tier, "number");
  assert.equal(account.tierName, "scale");
  assert.ok(account.limits.maxInboxes === null || typeof account.limits.maxInboxes === "number");
  assert.equal(typeof account.limits.dailyEmailLimit, "number");
  assert.equal(typeof account.limits.canSend, "boolean");
  assert.equal(account.usage.inboxCount, 1);
  assert.equal(account.usage.totalEmailsReceived, 0);
  assert.equal(account.xVerificationPending, false);
  assert.match(account.createdAt, moment);
  assert.match(account.lastActiveAt, moment);
});

test("verification is answered at once", async () => {
  const { token } = await tenant();
  const lm = await LobsterMail.create({ baseUrl, token });
  assert.deepEqual(await lm.verify({ provider: "x", handle: "somebody" }), { status: "verified" });
});

test("a wrong token is an authentication error with the request's id", async () => {
  const lm = await LobsterMail.create({ baseUrl, token: "mw_t_nobody" });
  await assert.rejects(lm.getAccount(), (error) => {
    assert.ok(error instanceof AuthenticationError);
    assert.equal(error.statusCode, 401);
    assert.equal(error.code, "authentication_error");
    assert.match(error.requestId, /^req_/);
    return true;
  });
});
