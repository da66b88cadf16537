// Pages at phone and desktop width, in both schemes: nothing overflows, nothing serious for axe, no error; pictures are kept.
import { mkdirSync } from "node:fs";
import { axe, expect, job } from "./browser.mjs";

mkdirSync(job.pictures, { recursive: true });

/** What was not as it should be. */
export const wrong = [];

/** Looks at pages, each a name, an address, and the status it answers where that is not 200. */
export async function look(context, pages) {
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
        // A frame is painted where it is in sight, not in the picture of a whole page.
        for (const frame of await page.locator("iframe").all()) {
          await frame.scrollIntoViewIfNeeded();
          await frame.contentFrame().locator("body").waitFor();
          await page.screenshot({ path: `${job.pictures}/${name}-frame-${width}-${colorScheme}.png` });
          await page.evaluate(() => scrollTo(0, 0));
        }
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
