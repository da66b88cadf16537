// Calls of webhooks: who receives them checks their signature before believing a word (Standard Webhooks).

import { createHmac, timingSafeEqual } from "node:crypto";
import { SignatureError } from "./errors.js";

/** What a call tells. */
export interface WebhookEvent {
  id: string;
  /** Such as `email.received`. */
  type: string;
  timestamp: string;
  tenantId?: string;
  inboxId?: string | null;
  data: Record<string, unknown>;
}

export interface VerifyOptions {
  /** Seconds that a call may be old, or ahead; 300 when absent. */
  tolerance?: number;
  /** Milliseconds since 1970; the clock's when absent. */
  now?: number;
}

type Headers_ = Headers | Record<string, string | string[] | undefined>;

/**
 * Checks a call with the endpoint's secret, and reads it. Give the body as it came: parsed and written again it is another.
 * While a secret is being rotated, give both.
 */
export function verifyWebhook(
  body: string | Uint8Array,
  headers: Headers_,
  secret: string | readonly string[],
  options: VerifyOptions = {},
): WebhookEvent {
  const [id, timestamp, signatures] = ["webhook-id", "webhook-timestamp", "webhook-signature"].map((name) =>
    header(headers, name),
  );
  if (!id || !timestamp || !signatures) throw refused("a header of the signature is missing");
  const { tolerance = 300, now = Date.now() } = options;
  const sent = /^\d{1,12}$/.test(timestamp) ? Number(timestamp) : NaN;
  if (!(Math.abs(now / 1_000 - sent) <= tolerance)) throw refused("the call is too old or its time is wrong");
  const bytes = Buffer.from(body);
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), bytes]);
  const secrets = typeof secret === "string" ? [secret] : secret;
  const expected = secrets.map((one) => createHmac("sha256", key(one)).update(signed).digest());
  const held = signatures.split(" ").filter((one) => one.startsWith("v1,"));
  const holds = held.some((one) => {
    const given = Buffer.from(one.slice(3), "base64");
    return expected.some((digest) => digest.length === given.length && timingSafeEqual(digest, given));
  });
  if (!holds) throw refused("the signature does not hold");
  return JSON.parse(bytes.toString("utf8")) as WebhookEvent;
}

function key(secret: string): Buffer {
  const bytes = Buffer.from(secret.replace(/^whsec_/, ""), "base64");
  if (bytes.length === 0) throw new TypeError("the secret is empty");
  return bytes;
}

function header(headers: Headers_, name: string): string | undefined {
  if (typeof (headers as Headers).get === "function") return (headers as Headers).get(name) ?? undefined;
  const found = Object.entries(headers as Record<string, string | string[] | undefined>).find(
    ([known]) => known.toLowerCase() === name,
  )?.[1];
  return Array.isArray(found) ? found[0] : found;
}

function refused(message: string): SignatureError {
  return new SignatureError(message, { code: "invalid_signature", fix: "answer 400 and do nothing of what it says" });
}
