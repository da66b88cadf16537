// The service under test, as programs in JavaScript reach it: its addresses, its operator, its senders, its counters.

import { connect } from "node:net";

const env = (name) => {
  const value = process.env[`MAILWARD_TEST_${name}`];
  if (!value) throw new Error(`MAILWARD_TEST_${name} is not set: the tests of tests/clients.rs start this program`);
  return value;
};

/** What URLs of the public API begin with. */
export const baseUrl = env("URL");

async function operator(method, path, body) {
  const answer = await fetch(`${env("OPERATOR_URL")}${path}`, {
    method,
    headers: { authorization: `Bearer ${env("OPERATOR_TOKEN")}`, "content-type": "application/json" },
    body: body && JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
  return answer;
}

let tenants = 0;

/** A new tenant: `{id, token, reviewToken}`. */
export async function tenant(settings = {}) {
  tenants += 1;
  const id = `tenant-${process.pid}-${tenants}`;
  return (await operator("POST", "/operator/v1/tenants", { id, ...settings })).json();
}

/** How often the service answered on a route, by its own counters. */
export async function answered(method, route) {
  const text = await (await operator("GET", "/metrics")).text();
  let count = 0;
  for (const line of text.split("\n")) {
    if (!line.startsWith(`mailward_http_requests_total{route="${route}",method="${method}",`)) continue;
    count += Number(line.slice(line.lastIndexOf(" ") + 1));
  }
  return count;
}

/** A message of plain text. */
export function plain(subject, text, from = "Sender <sender@example.com>") {
  return `From: ${from}\r\nSubject: ${subject}\r\nDate: Sun, 22 Nov 2026 10:00:00 +0000\r\n\r\n${text}\r\n`;
}

/** Sends a message over SMTP, as anybody on the internet would. Throws where it is not taken. */
export async function deliver(message, to, from = "sender@example.com") {
  const [host, port] = env("SMTP").split(":");
  const socket = connect(Number(port), host).setNoDelay(true);
  const replies = lines(socket);
  const expect = async (digit, line) => {
    if (line !== undefined) socket.write(`${line}\r\n`);
    for await (const reply of replies) {
      if (reply[3] === "-") continue;
      if (!reply.startsWith(digit)) throw new Error(`${line ?? "greeting"}: ${reply}`);
      return;
    }
    throw new Error("the connection ended");
  };
  try {
    await expect("2");
    await expect("2", "EHLO sender.test");
    await expect("2", `MAIL FROM:<${from}> BODY=8BITMIME`);
    await expect("2", `RCPT TO:<${to}>`);
    await expect("3", "DATA");
    // RFC 5321 4.5.2: a line that begins with a dot gets another one.
    await expect("2", `${message.replace(/^\./gm, "..")}\r\n.`);
    await expect("2", "QUIT");
  } finally {
    socket.destroy();
  }
}

async function* split(socket) {
  let rest = "";
  for await (const bytes of socket) {
    const parts = (rest + bytes.toString("latin1")).split("\r\n");
    rest = parts.pop();
    yield* parts;
  }
}

/** Lines that may be asked for in several loops. */
function lines(socket) {
  const all = split(socket);
  return { [Symbol.asyncIterator]: () => ({ next: () => all.next() }) };
}

/** Waits until something is so; the test's own bound ends it otherwise. */
export async function until(condition) {
  for (;;) {
    const found = await condition();
    if (found) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
