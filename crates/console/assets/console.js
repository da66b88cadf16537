// Keys and small conveniences. Every page works without it; it sends nothing that a form of the page would not.
"use strict";
(() => {
  const one = (selector) => document.querySelector(selector);
  const typing = (target) => target.closest("input, select, textarea, [contenteditable]") !== null;

  // The list moves a cursor; an opened mail goes to its neighbour.
  const items = [...document.querySelectorAll("[data-item]")];
  const opened = one("[data-opened]") !== null;
  const step = (by) => {
    const neighbour = one(by > 0 ? "a[data-next]" : "a[data-previous]");
    if (neighbour) { neighbour.click(); return; }
    if (opened || items.length === 0) { return; }
    const links = items.map((item) => item.querySelector("a"));
    const at = links.indexOf(document.activeElement);
    const to = at < 0 ? (by > 0 ? 0 : links.length - 1) : Math.min(Math.max(at + by, 0), links.length - 1);
    links[to].focus();
    items[to].scrollIntoView({ block: "nearest" });
  };
  const press = (name) => {
    const button = one(`button[data-key="${name}"]`);
    if (button) { button.click(); }
  };

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || typing(event.target)) { return; }
    switch (event.key) {
      case "j": step(1); break;
      case "k": step(-1); break;
      case "r": case "x": case "u": press(event.key); break;
      case " ": {
        const item = document.activeElement.closest("[data-item]");
        const box = item && item.querySelector("input[type=checkbox]");
        if (!box) { return; }
        box.checked = !box.checked;
        box.dispatchEvent(new Event("change", { bubbles: true }));
        event.preventDefault();
        break;
      }
      default: return;
    }
  });

  // A second press of the same button is a mistake.
  for (const form of document.querySelectorAll("form[method=post]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      form.dataset.sent = "1";
    });
  }
  addEventListener("pageshow", () => {
    for (const form of document.querySelectorAll("form[data-sent]")) { delete form.dataset.sent; }
  });

  // All boxes of a campaign.
  for (const all of document.querySelectorAll("[data-all]")) {
    all.addEventListener("change", () => {
      for (const box of all.closest("section").querySelectorAll("input[name=id]")) { box.checked = all.checked; }
    });
  }

  // What can be taken back counts down, and goes when it no longer can.
  for (const form of document.querySelectorAll("[data-undo]")) {
    const until = Date.now() + Number(form.dataset.undo);
    const left = form.querySelector("[data-left]");
    const tick = () => {
      const seconds = Math.ceil((until - Date.now()) / 1000);
      if (seconds <= 0) { form.remove(); return; }
      left.textContent = ` (${seconds} s)`;
      setTimeout(tick, 250);
    };
    tick();
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(one(button.dataset.copy).textContent);
      button.textContent = "Copied";
    });
  }
})();
