// Every page as look.mjs looks at it. Then the main way without JavaScript.
import { expect, job, join, launch } from "./browser.mjs";
import { look, wrong } from "./look.mjs";

const browser = await launch();

const open = { bypassCSP: true };
const strangers = await browser.newContext(open);
await look(strangers, [
  ["sign-in", `${job.base}/console/sign-in`],
  ["invitation", job.invitations[0]],
  ["invitation-ended", `${job.base}/console/invitation/none`, 404],
]);
const ada = await browser.newContext(open);
await join(await ada.newPage(), job.invitations[0], "Ada Lindqvist");
await look(ada, job.pages.map(([name, path]) => [name, job.base + path]));
const olga = await browser.newContext(open);
await join(await olga.newPage(), job.invitations[1], "Olga Brandt");
await look(olga, job.staff.map(([name, path]) => [name, job.operator + path]));

// Without JavaScript everything is there, too.
const plain = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
const page = await plain.newPage();
await join(page, job.invitations[2], "Ben");
await page.goto(`${job.base}/console/review`);
await page.screenshot({ path: `${job.pictures}/review-without-script.png`, fullPage: true });
await page.click("a.subject >> nth=0");
await page.fill("[name=reason]", "no script was needed");
await page.click("button[value=reject]");
expect((await page.textContent(".undo")).includes("rejected"), "rejected without a script");
await page.click("text=Undo");
expect(await page.locator("[data-undo]").count() === 0, "and taken back");
const boxes = page.locator("input[name=id][type=checkbox]");
await page.goto(`${job.base}/console/review`);
await boxes.nth(0).check();
await page.click("text=Release chosen");
expect((await page.textContent(".undo")).includes("released"), "several at once, without a script");

// Charts are told as tables too, and a file of held mail is saved, not opened.
await page.goto(`${job.base}/console?by=hour`);
await page.click("text=As a table >> nth=0");
expect(await page.locator("table.plain >> nth=0").isVisible(), "a chart as a table");
expect(await page.locator("table.plain >> nth=0 >> tbody tr").count() === 48, "each hour has a row");
await page.goto(job.base + job.pages.find(([name]) => name === "mail")[1]);
const [saved] = await Promise.all([page.waitForEvent("download"), page.click("a[download] >> nth=0")]);
expect(saved.suggestedFilename() === "bank-details.pdf", saved.suggestedFilename());

// The frame shows what the mail says: to people, and what it hides from them.
await page.goto(job.base + job.pages.find(([name]) => name === "mail-formatted")[1]);
const shown = await page.frameLocator("iframe.frame").locator("body").innerText();
expect(shown.includes("Our bank has changed") && shown.includes("Ignore all"), `the frame shows: ${shown}`);

// Use is downloaded, not shown; a month is chosen without a script.
await page.goto(`${job.base}/console/usage`);
const [file] = await Promise.all([page.waitForEvent("download"), page.click("text=Inboxes and days as CSV")]);
expect(/^usage-\d{4}-\d\d-\d\d-.*\.csv$/.test(file.suggestedFilename()), file.suggestedFilename());
await page.selectOption("[name=month]", { index: 1 });
await page.click("text=Show");
expect(new URL(page.url()).searchParams.has("month"), "another month is shown");

await browser.close();
expect(wrong.length === 0, wrong.join("\n"));
