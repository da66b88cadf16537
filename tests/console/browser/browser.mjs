// What all scenarios share: Debian's Chromium, an authenticator app, and somebody who joins.
import crypto from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

/** What the test says: addresses, invitations, where pictures go. */
export const job = JSON.parse(readFileSync(0, "utf8"));

/** The source of axe, to be run within a page. */
export const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** A browser; as root it has no sandbox of its own. */
export const launch = () =>
  chromium.launch({
    executablePath: job.chromium,
    args: process.getuid() === 0 ? ["--no-sandbox"] : [],
  });

/** The code of an authenticator app (RFC 6238), so many steps from now. */
export function code(seed, steps = 0) {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...seed.replaceAll(" ", "")].map((c) => letters.indexOf(c).toString(2).padStart(5, "0")).join("");
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const tag = crypto.createHmac("sha1", key).update(counter).digest();
  const at = tag[19] & 15;
  return String((tag.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

export const password = "correct horse battery";

/** Takes an invitation up; answers with the seed of her app. */
export async function join(page, invitation, name) {
  await page.goto(invitation);
  const seed = await page.textContent(".seed");
  await page.fill("[name=name]", name);
  await page.fill("[name=password]", password);
  await page.fill("[name=again]", password);
  await page.fill("[name=code]", code(seed));
  await page.click("text=Join >> nth=-1");
  await page.click("text=I have kept them");
  return seed;
}

/** Fails with what was expected. */
export function expect(holds, what) {
  if (!holds) { throw new Error(`not so: ${what}`); }
}
