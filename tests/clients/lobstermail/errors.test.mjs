// Each class of errors, from what really brings it about.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import {
  AddressCollisionError,
  AuthenticationError,
  InsufficientTierError,
  LobsterMail,
  LobsterMailError,
  NotFoundError,
  RateLimitError,
} from "@lobsterkit/lobstermail";
import { baseUrl, tenant } from "../service.mjs";

let made;
let lm;

before(async () => {
  made = await tenant();
  lm = await LobsterMail.create({ baseUrl, token: made.token });
});

/** Fails unless the promise fails with exactly this. */
async function fails(promise, type, statusCode, code) {
  await assert.rejects(promise, (error) => {
    assert.equal(error.constructor, type);
    assert.ok(error instanceof LobsterMailError && error instanceof Error);
    assert.deepEqual([error.statusCode, error.code], [statusCode, code]);
    assert.match(error.requestId, /^req_/);
    assert.ok(error.message.length > 5 && !error.message.startsWith("HTTP "), error.message);
    return true;
  });
}

test("401: a token that nobody has, in requests and in polls", async () => {
  const nobody = await LobsterMail.create({ baseUrl, token: "mw_t_wrong" });
  await fails(nobody.listInboxes(), AuthenticationError, 401, "authentication_error");
  const inbox = await lm.createInbox();
  inbox._http.setToken("mw_t_wrong");
  await fails(inbox.waitForEmail({ timeout: 2_000 }), AuthenticationError, 401, "authentication_error");
  inbox._http.setToken(made.token);
});

test("403: a key that may not", async () => {
  const answer = await fetch(`${baseUrl}/v1/inboxes`, {
    method: "POST",
    headers: { authorization: `Bearer ${made.token}` },
  });
  const { token } = await answer.json();
  const agent = await LobsterMail.create({ baseUrl, token });
  await fails(agent.createInbox(), InsufficientTierError, 403, "insufficient_tier");
});

test("404: what is not there, and what is another tenant's", async () => {
  const other = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
  const theirs = await other.createInbox();
  await fails(lm.getInbox("ibx_00000000000000000000000000"), NotFoundError, 404, "not_found");
  await fails(lm.getInbox(theirs.id), NotFoundError, 404, "not_found");
  await fails(lm.deleteInbox(theirs.id), NotFoundError, 404, "not_found");
  await fails(lm.deleteWebhook("wh_00000000000000000000000000"), NotFoundError, 404, "not_found");
});

test("409: an address that is taken", async () => {
  await lm.createInbox({ localPart: "taken-by-me" });
  await fails(lm.createInbox({ localPart: "taken-by-me" }), AddressCollisionError, 409, "address_collision");
});

test("400: a request that makes no sense keeps the service's own word", async () => {
  await fails(lm.createInbox({ localPart: "not an address" }), LobsterMailError, 400, "validation_error");
  await fails(lm.createInbox({ nickname: "x" }), LobsterMailError, 400, "validation_error");
  const inbox = await lm.createInbox();
  await fails(inbox.receive({ limit: 1_000 }), LobsterMailError, 400, "validation_error");
  await fails(inbox.receive({ cursor: "of my own making" }), LobsterMailError, 400, "validation_error");
});

test("402: a quota that is used up", async () => {
  const small = await LobsterMail.create({ baseUrl, token: (await tenant({ plan: "free" })).token });
  for (let n = 0; n < 5; n += 1) await small.createInbox();
  await fails(small.createInbox(), LobsterMailError, 402, "quota_exceeded");
});

test("422: a webhook into the house", async () => {
  const url = "https://10.0.0.1/hook";
  await fails(lm.createWebhook({ url }), LobsterMailError, 422, "url_not_allowed");
});

test("429: who asks too often", async () => {
  const hasty = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
  const answers = await Promise.allSettled(Array.from({ length: 120 }, () => hasty.getAccount()));
  const refused = answers.find(({ status }) => status === "rejected");
  assert.ok(answers.some(({ status }) => status === "fulfilled"));
  await fails(Promise.reject(refused.reason), RateLimitError, 429, "rate_limited");
});

test("a service that is not there is no error of the service", async () => {
  const nowhere = await LobsterMail.create({ baseUrl: "http://127.0.0.1:1", token: "x" });
  await assert.rejects(nowhere.getAccount(), (error) => !(error instanceof LobsterMailError));
});
