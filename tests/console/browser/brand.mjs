// A tenant's people under their own brand, at their own host: its colours are what the browser draws, its logo is a picture and
// nothing else, and what stands in its name runs nothing.
import { expect, job, join, launch } from "./browser.mjs";
import { look, wrong } from "./look.mjs";

const browser = await launch();
const open = { bypassCSP: true };
const strangers = await browser.newContext(open);
await look(strangers, [
  ["brand-sign-in", `${job.host}/console/sign-in`],
  ["brand-invitation", job.invitations[0]],
  ["brand-nothing", `${job.host}/console/nothing`, 404],
  ["brand-deployment", `${job.base}/console/sign-in`],
]);
const ada = await browser.newContext(open);
await join(await ada.newPage(), job.invitations[0], "Ada Lindqvist");
await look(ada, job.pages.map(([name, path]) => [name, job.host + path]));
const olga = await browser.newContext(open);
await join(await olga.newPage(), job.invitations[1], "Olga Brandt");
await look(olga, [["staff-brand", `${job.operator}/console/tenants/acme`]]);

// As a browser with the page's policy sees it.
const guest = await browser.newContext({ reducedMotion: "reduce" });
const page = await guest.newPage();
page.on("dialog", () => wrong.push("something ran"));
page.on("console", (said) => said.type() === "error" && wrong.push(`${page.url()}: ${said.text()}`));
await page.goto(`${job.host}/console/sign-in`);
expect((await page.textContent(".brand span")) === job.name, "its name is a text");
expect((await page.locator(".brand b").count()) === 0, "and no markup");
for (const [colorScheme, accent] of [["light", job.accent], ["dark", job.accentDark]]) {
  await page.emulateMedia({ colorScheme });
  const [r, g, b] = accent.match(/\w\w/g).map((two) => Number.parseInt(two, 16));
  const drawn = await page.evaluate(() => getComputedStyle(document.querySelector(".button.primary")).backgroundColor);
  expect(drawn === `rgb(${r}, ${g}, ${b})`, `the button is ${drawn}, not ${accent}`);
}
const size = await page.evaluate(() => {
  const logo = document.querySelector("img.logo");
  return [logo.complete, logo.naturalWidth, logo.naturalHeight];
});
expect(size.join() === "true,96,96", `the logo was drawn: ${size}`);
const logo = await page.getAttribute("img.logo", "src");
// Opened by itself it has a policy under which not even the browser's own style for pictures counts.
const alone = await guest.newPage();
expect((await alone.goto(job.host + logo)).status() === 200, "the logo by itself");
expect((await alone.evaluate(() => document.contentType)) === "image/png", "is a picture");

// The session is this host's: the same browser is nobody at the service's own.
await ada.newPage().then(async (one) => {
  await one.goto(`${job.host}/console`);
  expect(new URL(one.url()).pathname === "/console", "she is signed in at her host");
  await one.goto(`${job.base}/console`);
  expect(new URL(one.url()).pathname === "/console/sign-in", "and nowhere else");
});

await browser.close();
expect(wrong.length === 0, wrong.join("\n"));
