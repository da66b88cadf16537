// That an operator may read mail is seen on every page, fit for every screen; an admin ends it without JavaScript.
import { expect, job, join, launch } from "./browser.mjs";
import { look, wrong } from "./look.mjs";

const browser = await launch();
const operators = await browser.newContext({ bypassCSP: true });
const desk = await operators.newPage();
await join(desk, job.invitations[0], "Olga Brandt");
await desk.goto(`${job.operator}/console/tenants/acme`);
await desk.fill("[name=reason] >> nth=-1", "case 12, asked for by the customer");
await desk.click("text=Break the glass");
expect((await desk.textContent("#main")).includes("for 30 minutes"), "it is open");
await look(operators, [["staff-glass", `${job.operator}/console/tenants/acme`]]);

const people = await browser.newContext({ bypassCSP: true, javaScriptEnabled: true });
await join(await people.newPage(), job.invitations[1], "Ada Lindqvist");
await look(people, [["glass", `${job.base}/console/review`]]);

const plain = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
const page = await plain.newPage();
await join(page, job.invitations[2], "Ben");
await page.goto(`${job.base}/console/usage`);
expect((await page.textContent(".notice")).includes("case 12, asked for by the customer"), "it says why");
await page.click("text=End it now");
expect((await page.textContent(".notice")).includes("no more"), "it is ended");
await page.goto(`${job.base}/console/usage`);
expect(await page.locator("text=An operator of the service").count() === 0, "and no page says so any more");
await desk.goto(`${job.operator}/console/tenants/acme`);
expect(await desk.locator("text=Mail to read now").count() === 0, "the operator has nothing left");

await browser.close();
expect(wrong.length === 0, wrong.join("\n"));
