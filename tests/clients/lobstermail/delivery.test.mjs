// Mail that goes out: sent by the client, taken by a server of the world outside.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LobsterMail } from "@lobsterkit/lobstermail";
import { baseUrl, tenant } from "../service.mjs";

test("a mail that is sent is delivered", async () => {
  const { token } = await tenant();
  const lm = await LobsterMail.create({ baseUrl, token });
  const inbox = await lm.createInbox();
  const sent = await inbox.send({
    to: ["mia@corp.test"],
    subject: "From the client",
    body: { text: "Hello", html: "<p>Hello</p>" },
  });
  assert.match(sent.id, /^eml_/);
  for (let look = 0; look < 100; look += 1) {
    const url = `${baseUrl}/v1/inboxes/${inbox.id}/emails/${sent.id}`;
    const mail = await (await fetch(url, { headers: { authorization: `Bearer ${token}` } })).json();
    if (mail.status === "delivered") return;
    await new Promise((resolve) => setTimeout(resolve, 120));
  }
  assert.fail("it was not delivered");
});
