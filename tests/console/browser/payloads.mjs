// Opens every held mail in every form and counts what ran or was loaded: nothing may.
import { expect, job, join, launch } from "./browser.mjs";

const browser = await launch();
const context = await browser.newContext();
const seen = [];
await context.exposeBinding("ran", (_, what) => seen.push(`ran: ${what}`));
const page = await context.newPage();
const own = new URL(job.base).origin;
context.on("request", (request) => {
  const url = request.url();
  if (!url.startsWith(`${own}/console`)) { seen.push(`loaded: ${url.slice(0, 200)}`); }
});
context.on("dialog", (dialog) => { seen.push(`dialog: ${dialog.message()}`); return dialog.dismiss(); });
context.on("page", (opened) => { if (opened !== page) { seen.push(`opened: ${opened.url()}`); } });
await join(page, job.invitation, "Ada");

// The control: what is counted is counted.
await page.evaluate(() => globalThis.ran("control"));
expect(seen.length === 1, "the control is seen");
seen.length = 0;

await page.goto(`${job.base}/console/review`);
const mails = await page.$$eval("a.subject", (all) => all.map((one) => one.getAttribute("href")));
expect(mails.length === job.held, `${mails.length} mails are listed, not ${job.held}`);
for (const mail of mails) {
  for (const form of ["text", "agent", "formatted", "source"]) {
    await page.goto(`${job.base}${mail}?view=${form}`);
    if (form === "formatted") {
      const frame = page.frameLocator("iframe.frame");
      await frame.locator("body").waitFor();
    }
    if (!page.url().startsWith(own)) { seen.push(`went to ${page.url()}`); break; }
  }
}
const title = await page.title();
expect(title.endsWith("Mailward"), `the title is ours: ${title}`);
await browser.close();
expect(seen.length === 0, seen.join("\n"));
