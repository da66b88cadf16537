// Every page at phone and desktop width, in both schemes: nothing overflows, nothing serious for axe, no error; pictures are
// kept. Then the main way without JavaScript.
import { mkdirSync } from "node:fs";
import { axe, expect, job, join, launch } from "./browser.mjs";

mkdirSync(job.pictures, { recursive: true });
const browser = await launch();
const wrong = [];

async function look(context, pages) {
  const page = await context.newPage();
  page.on("pageerror", (error) => wrong.push(`${page.url()}: ${error}`));
  let wanted = 200;
  page.on("console", (said) => {
    const told = wanted !== 200 && said.text().includes(`status of ${wanted}`);
    if (said.type() === "error" && !told) { wrong.push(`${page.url()}: ${said.text()}`); }
  });
  for (const [name, url, status] of pages) {
    for (const width of [1360, 390]) {
      for (const colorScheme of ["light", "dark"]) {
        await page.setViewportSize({ width, height: width > 600 ? 900 : 844 });
        await page.emulateMedia({ colorScheme });
        wanted = status ?? 200;
        const answer = await page.goto(url);
        expect(answer.status() === wanted, `${url} answers ${answer.status()}`);
        await page.screenshot({ path: `${job.pictures}/${name}-${width}-${colorScheme}.png`, fullPage: true });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (over > 0) { wrong.push(`${name} at ${width} is ${over} pixels too wide`); }
        // Within the page, as its own words: the page's policy lets no script of ours in.
        const found = await page.evaluate(async (source) => {
          const run = Function(`${source}; return axe`)();
          const { violations } = await run.run(document, { resultTypes: ["violations"] });
          return violations
            .filter((one) => ["serious", "critical"].includes(one.impact))
            .map((one) => `${one.id}: ${one.nodes.map((node) => node.html.slice(0, 120)).slice(0, 3).join(" | ")}`);
        }, axe).catch((error) => [`axe did not run: ${error}`]);
        wrong.push(...found.map((one) => `${name} ${width} ${colorScheme}: ${one}`));
      }
    }
  }
  await page.close();
}

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

await browser.close();
expect(wrong.length === 0, wrong.join("\n"));
