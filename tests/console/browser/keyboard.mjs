// Joins, signs out, signs in with the second factor, and decides on held mail with the keyboard alone.
import { code, expect, job, join, launch, password } from "./browser.mjs";

const browser = await launch();
const page = await (await browser.newContext()).newPage();
const seed = await join(page, job.invitation, "Ada");
await page.click("text=Sign out");
expect(page.url().endsWith("/console/sign-in"), "signed out");

// The organisation is remembered or typed, the code is one that was not used.
await page.fill("[name=organisation]", job.organisation);
await page.fill("[name=email]", job.email);
await page.fill("[name=password]", password);
await page.keyboard.press("Enter");
await page.waitForURL("**/console/sign-in/code");
await page.fill("[name=code]", code(seed, 1));
await page.keyboard.press("Enter");
await page.waitForURL("**/console");

await page.goto(`${job.base}/console/review`);
const count = await page.locator("[data-item]").count();
expect(count === job.held, `${job.held} mails wait, not ${count}`);
await page.keyboard.press("j");
await page.keyboard.press("j");
await page.keyboard.press("k");
const first = await page.locator("[data-item] a.subject").first().getAttribute("href");
expect(await page.evaluate(() => document.activeElement.getAttribute("href")) === first, "j j k is the first");
await page.keyboard.press("Enter");
await page.waitForURL(`**${first}`);
await page.keyboard.press("j");
await page.waitForURL((url) => !url.pathname.endsWith(first));
await page.keyboard.press("k");
await page.waitForURL(`**${first}`);

// x rejects and goes on; u takes it back.
await page.keyboard.press("x");
await page.waitForURL((url) => !url.pathname.endsWith(first));
expect(await page.locator("[data-undo]").count() === 1, "it can be taken back");
await page.keyboard.press("u");
await page.waitForURL(`**${first}`);
expect(await page.locator("[data-undo]").count() === 0, "it was taken back");

// Typing a reason is no command.
await page.focus("[name=reason]");
await page.keyboard.type("xrxr");
expect(page.url().endsWith(first), "letters in a field decide nothing");
await page.evaluate(() => document.activeElement.blur());
await page.keyboard.press("r");
await page.waitForURL((url) => !url.pathname.endsWith(first));
expect((await page.textContent(".undo")).includes("released"), "r releases");
await browser.close();
