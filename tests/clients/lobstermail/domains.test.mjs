// Domains of the tenant's own: named, looked at, given up.

import assert from "node:assert/strict";
import { before, test } from "node:test";
import { Domain, LobsterMail, LobsterMailError, NotFoundError } from "@lobsterkit/lobstermail";
import { baseUrl, tenant } from "../service.mjs";

let lm;

before(async () => {
  lm = await LobsterMail.create({ baseUrl, token: (await tenant()).token });
});

test("a domain is named with the records it needs, looked at again, and given up", async () => {
  const domain = await lm.addDomain({ domain: "agents.example.com" });
  assert.ok(domain instanceof Domain);
  assert.match(domain.id, /^dom_/);
  assert.equal(domain.domain, "agents.example.com");
  assert.equal(domain.status, "pending_verification");
  assert.match(domain.createdAt, /Z$/);
  assert.ok(domain.dnsRecords.some(({ type, priority }) => type === "MX" && typeof priority === "number"));
  assert.ok(domain.dnsRecords.filter(({ type }) => type === "TXT").length >= 3, "ownership, SPF, DKIM, DMARC");
  for (const { type, host, value } of domain.dnsRecords) {
    assert.ok(["TXT", "MX", "CNAME"].includes(type));
    assert.ok(host.endsWith("example.com") && value.length > 0, host);
  }
  assert.equal((await lm.getDomain(domain.id)).domain, domain.domain);
  assert.deepEqual((await lm.listDomains()).map(({ id }) => id), [domain.id]);
  for (const again of [await lm.verifyDomain(domain.id), await domain.verify()]) {
    assert.ok(["pending_verification", "failed"].includes(again.status), again.status);
  }
  assert.equal(await lm.deleteDomain(domain.id), undefined);
  await assert.rejects(lm.getDomain(domain.id), NotFoundError);
  await assert.rejects(lm.deleteDomain(domain.id), NotFoundError);
  assert.deepEqual(await lm.listDomains(), []);
});

test("what is no domain, or nobody's to name, is refused", async () => {
  for (const domain of ["", "no domain", "localhost", "com", "-.example.com"]) {
    await assert.rejects(lm.addDomain({ domain }), (error) => error instanceof LobsterMailError && error.statusCode < 500, domain);
  }
});

test("an address in a domain that is not verified is refused", async () => {
  await lm.addDomain({ domain: "later.example.com" });
  await assert.rejects(lm.createInbox({ localPart: "agent", domain: "later.example.com" }), LobsterMailError);
});
