// What is made again and what is not, against a server that fails as servers and networks do.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, test } from "node:test";
import { ConnectionError, Mailward, PermissionError, ServiceError } from "mailward";

let script = [];
const seen = [];
const server = createServer((request, response) => {
  seen.push({ method: request.method, url: request.url, headers: request.headers });
  request.resume();
  const [status, headers = {}, body = "{}"] = script.shift() ?? [200];
  if (status === 0) return request.socket.destroy();
  response.writeHead(status, headers).end(body);
});
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
after(() => server.close());
const baseUrl = `http://127.0.0.1:${server.address().port}`;
const mw = await Mailward.create({ baseUrl, token: "mw_t_secret" });

function plays(...answers) {
  script = answers;
  seen.length = 0;
}

test("a read is made again when the service or the network fails for a moment", async () => {
  plays([503, { "retry-after": "0" }], [0], [502], [200, {}, '{"id":"a"}']);
  assert.equal((await mw.account()).id, "a");
  assert.equal(seen.length, 4);
});

test("after so many tries the error is told", async () => {
  plays([503], [503], [503], [503], [200]);
  await assert.rejects(mw.account(), (error) => error instanceof ServiceError && error.status === 503);
  assert.equal(seen.length, 4);
  plays([0], [0], [0], [0]);
  await assert.rejects(mw.account(), ConnectionError);
});

test("what was refused for a reason is not asked again", async () => {
  plays([403, {}, '{"error":"insufficient_scope","message":"no","fix":"use another"}'], [200]);
  await assert.rejects(mw.account(), (error) => error instanceof PermissionError && error.fix === "use another");
  plays([500], [200]);
  await assert.rejects(mw.account(), ServiceError);
  assert.equal(seen.length, 1);
});

test("a change is made again only where the service does it once", async () => {
  plays([0], [200]);
  await assert.rejects(mw.createWebhook({ url: "https://a.test" }), ConnectionError);
  assert.equal(seen.length, 1);
  plays([0], [503], [201, {}, '{"id":"ibx_1","address":"a@b.test"}']);
  assert.equal((await mw.createInbox()).id, "ibx_1");
  const keys = seen.map(({ headers }) => headers["idempotency-key"]);
  assert.equal(keys.length, 3);
  assert.ok(keys[0] && keys.every((key) => key === keys[0]));
  plays([429, { "retry-after": "0" }], [201]);
  await mw.createWebhook({ url: "https://a.test" });
  assert.equal(seen.length, 2);
});

test("who is told to wait for long is told so", async () => {
  plays([429, { "retry-after": "3600" }], [200]);
  await assert.rejects(mw.account(), { retryAfter: 3600 });
  assert.equal(seen.length, 1);
});

test("an answer that does not come in time is no answer", async () => {
  const slow = createServer(() => {});
  await new Promise((resolve) => slow.listen(0, "127.0.0.1", resolve));
  const patient = await Mailward.create({
    baseUrl: `http://127.0.0.1:${slow.address().port}`,
    token: "x",
    timeout: 50,
    retries: 1,
  });
  await assert.rejects(patient.account(), ConnectionError);
  slow.closeAllConnections?.();
  slow.close();
});

test("a token does not follow a redirection", async () => {
  plays([302, { location: `${baseUrl}/elsewhere` }], [302, { location: "/" }], [302, { location: "/" }], [302, {}]);
  await assert.rejects(mw.account(), ConnectionError);
  assert.ok(seen.every(({ url }) => url === "/v1/account"));
});
