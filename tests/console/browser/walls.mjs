// The three walls before a sender's HTML, each alone: the sanitiser without frame and policy, the frame without sanitiser
// and policy, the policy without sanitiser and frame. A page without any wall shows that the payloads are live.
import http from "node:http";
import { expect, job, launch } from "./browser.mjs";

const ways = {
  none: { html: "raw" },
  sanitiser: { html: "clean" },
  frame: { html: "raw", sandbox: "" },
  policy: { html: "raw", policy: job.policy.replace(/^sandbox;\s*/, "") },
};
const server = http.createServer((request, response) => {
  const url = new URL(request.url, "http://127.0.0.1");
  const [, kind, way, at] = url.pathname.split("/");
  if (!ways[way]) { response.writeHead(404).end(); return; }
  response.setHeader("content-type", "text/html; charset=utf-8");
  if (kind === "outer") {
    const sandbox = ways[way].sandbox === undefined ? "" : ' sandbox=""';
    const frames = job.payloads.map((_, one) => `<iframe${sandbox} src="/inner/${way}/${one}"></iframe>`);
    response.end(`<!doctype html><title>x</title>${frames.join("")}`);
  } else {
    const payload = job.payloads[Number(at)];
    // A payload that is live asks for what it names: there is nothing.
    if (!payload) { response.writeHead(404).end(); return; }
    if (ways[way].policy) { response.setHeader("content-security-policy", ways[way].policy); }
    response.end(`<!doctype html><title>x</title><body>${payload[ways[way].html]}`);
  }
});
await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
const base = `http://127.0.0.1:${server.address().port}`;
const browser = await launch();
const counts = {};
for (const way of Object.keys(ways)) {
  const context = await browser.newContext();
  const ran = new Set();
  await context.exposeBinding("ran", ({ frame }) => { ran.add(frame.url()); });
  context.on("dialog", (dialog) => { ran.add(dialog.message()); return dialog.dismiss(); });
  const page = await context.newPage();
  await page.goto(`${base}/outer/${way}`, { waitUntil: "load" });
  // What runs late, an animation's beginning say, runs within this.
  await page.waitForTimeout(1_500);
  counts[way] = ran.size;
  const which = [...ran].map((url) => job.payloads[Number(url.split("/").at(-1))]?.raw ?? url);
  if (way !== "none") { expect(ran.size === 0, `${way} alone let something run: ${which.join(" | ")}`); }
  await context.close();
}
await browser.close();
server.close();
expect(counts.none > 20, `the control: without walls ${counts.none} ran`);
