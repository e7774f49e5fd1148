// One visitor after the other. Forms are kept on the tablet first, then sent: each once, for its token is good for one.
"use strict";
const IDLE = 30;
const THANKS = 20;
const LONGER = 300;
const LAST = 10;
const PATIENCE = 5000;
const HOUR = 36e5;
const DAY = 24 * HOUR;
const ENOUGH = 250;
const pages = {};
const home = location.pathname;
const find = (selector) => document.querySelector(selector);
const findAll = (selector) => [...document.querySelectorAll(selector)];
const script = new URL(document.currentScript.src).pathname;
let stocked = 0;
let started = false;
let limit = IDLE;
let touched = Date.now();

// --- What is on the screen.

// The page of a language as it came, blank; what a visitor saw and did is thrown away with the old one.
async function turnTo(url) {
  const page = pages[url] || (pages[url] = await fetch(url).then((reply) => (reply.ok ? reply.text() : Promise.reject(reply))));
  const fresh = new DOMParser().parseFromString(page, "text/html");
  document.documentElement.lang = fresh.documentElement.lang;
  document.title = fresh.title;
  document.body.replaceWith(fresh.body);
  findAll("input, textarea").forEach((field) => { field.autocomplete = "off"; field.spellcheck = false; });
  show("form");
}

function show(name) {
  findAll("[data-page]").forEach((page) => { page.hidden = page.dataset.page !== name; });
  if (name !== "form") find("#main-content").focus();
  scrollTo(0, 0);
}

async function nextVisitor() {
  started = false;
  limit = IDLE;
  await turnTo(home);
  if (!(await spare().catch(() => null))) show("stopped");
}

// Another language keeps what was answered.
async function speak(url) {
  const given = [...new FormData(find("#answers"))];
  await turnTo(url).catch(() => 0);
  for (const [name, value] of given) {
    findAll("#answers [name]").forEach((field) => {
      if (field.name !== name) return;
      if (field.type === "radio" || field.type === "checkbox") field.checked = field.checked || field.value === value;
      else field.value = value;
    });
  }
}

function complain(errors) {
  findAll("#answers p.error").forEach((error) => error.remove());
  const summary = find(".error-summary");
  summary.querySelector("ul").replaceChildren(...Object.entries(errors).map(([id, message]) => {
    const question = document.getElementById(id).closest(".question");
    const error = Object.assign(document.createElement("p"), { className: "error", textContent: message });
    const title = question.querySelector("legend, label");
    title.after(error);
    const link = Object.assign(document.createElement("a"), { href: `#${id}`, textContent: title.textContent });
    const line = document.createElement("li");
    line.append(link);
    return line;
  }));
  summary.hidden = false;
  summary.focus();
  summary.scrollIntoView({ behavior: "instant" });
}

async function send() {
  const form = find("#answers");
  const given = new FormData(form);
  const missing = form.dataset.mustAnswer.split(" ").filter((name) => name && !String(given.get(name) || "").trim());
  if (missing.length) return complain(Object.fromEntries(missing.map((name) => [name, form.dataset.missing])));
  const button = form.querySelector("button");
  if (button.disabled) return;
  button.disabled = true;
  const kept = await keep(form.action, given).catch(() => null);
  if (!kept) return show("stopped");
  const reply = await post(kept);
  if (reply && reply.status === 422) {
    await remove(kept);
    button.disabled = false;
    return complain((await reply.json()).errors);
  }
  const sent = reply && (reply.ok || reply.status === 409);
  if (sent) await remove(kept);
  find("[data-receipt]").textContent = sent && reply.ok ? (await reply.json()).receipt : kept.receipt;
  find(sent ? "[data-when=sent]" : "[data-when=later]").hidden = false;
  form.reset();
  limit = THANKS;
  touched = Date.now();
  show("thanks");
}

// --- The clock: half a minute without a touch, and a warning before.

function tick() {
  const left = Math.ceil((touched + limit * 1000 - Date.now()) / 1000);
  const bar = find(".idle");
  bar.hidden = !started || left > LAST;
  find("[data-seconds]").textContent = Math.max(left, 0);
  if (started && left <= 0) nextVisitor();
}

function touch() {
  if (!started) {
    // There is nothing to go back to but this page.
    history.pushState(null, "");
    if (document.documentElement.requestFullscreen && !document.fullscreenElement) document.documentElement.requestFullscreen().catch(() => 0);
  }
  started = true;
  touched = Date.now();
}

// --- Leaving.

async function leave() {
  const form = find("#leave");
  const reply = await soon(fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) }));
  if (reply && reply.ok) return location.replace((await reply.json()).url);
  if (reply && (reply.status === 404 || reply.status === 410)) return location.replace(home);
  const say = { 403: form.dataset.wrong, 429: form.dataset.wait }[reply && reply.status] || form.dataset.away;
  const error = form.querySelector(".error");
  Object.assign(error, { textContent: say, hidden: false });
  form.reset();
  find("#pin").focus();
}

async function ask() {
  const all = await store("readonly", (queue) => queue.getAll());
  find("[data-refused]").textContent = all.filter((form) => form.refused).length;
  find("[data-waiting]").textContent = all.filter((form) => !form.refused).length;
  find("dialog").showModal();
}

const DO = {
  ask,
  stay: () => find("dialog").close(),
  fresh: nextVisitor,
  wait: () => { limit = LONGER; findAll("[data-note=wait]").forEach((note) => { note.hidden = false; }); },
};

// --- What the tablet keeps: forms to fill in ("spare") and forms to send ("queue").

function store(mode, ask, name = "queue") {
  return new Promise((done, fail) => {
    const opening = indexedDB.open(`kiosk ${home}`, 1);
    opening.onupgradeneeded = () => {
      opening.result.createObjectStore("spare", { keyPath: "token" }).createIndex("until", "until");
      opening.result.createObjectStore("queue", { keyPath: "token" });
    };
    opening.onerror = fail;
    opening.onsuccess = () => {
      const change = opening.result.transaction(["spare", "queue"], mode);
      const asked = ask(change.objectStore(name), change);
      change.oncomplete = () => { opening.result.close(); done(asked && asked.result); };
      change.onabort = fail;
    };
  });
}

const unused = (after) => IDBKeyRange.lowerBound(Date.now() + after);
const spare = () => store("readonly", (forms) => forms.index("until").count(unused(0)), "spare");
const remove = ({ token }) => store("readwrite", (queue) => queue.delete(token));

// In one step a spare form is used up and filled in: no token can serve two visitors.
async function keep(url, given) {
  let kept = null;
  await store("readwrite", (forms, change) => {
    forms.index("until").openCursor(unused(0), "prev").onsuccess = ({ target }) => {
      if (!target.result) return;
      const { token, receipt } = target.result.value;
      given.append("form_token", token);
      kept = { token, receipt, url, body: new URLSearchParams(given).toString() };
      target.result.delete();
      change.objectStore("queue").add(kept);
    };
  }, "spare");
  return kept;
}

const soon = (reply) => Promise.race([reply, new Promise((_, fail) => setTimeout(fail, PATIENCE))]).catch(() => null);
const post = ({ url, body }) => soon(fetch(url, { method: "POST", body: new URLSearchParams(body) }));

async function flush() {
  for (const form of await store("readonly", (queue) => queue.getAll())) {
    if (form.refused) continue;
    const reply = await post(form);
    if (!reply || reply.status === 429 || reply.status >= 500) return;
    if (reply.ok || reply.status === 409) await remove(form);
    else await store("readwrite", (queue) => queue.put({ ...form, refused: reply.status }));
  }
}

// A spare form is used in the first half of its life, so that there is a half left for bringing it home.
async function refill() {
  const url = find("#answers").dataset.pack;
  const { seconds, forms } = await fetch(url).then((reply) => (reply.ok ? reply.json() : Promise.reject(reply)));
  await store("readwrite", (spares) => {
    spares.index("until").openCursor(IDBKeyRange.upperBound(Date.now())).onsuccess = ({ target }) => {
      if (target.result) { target.result.delete(); target.result.continue(); }
    };
    forms.forEach(([token, receipt]) => spares.put({ token, receipt, until: Date.now() + seconds * 500 }));
  }, "spare");
}

// What must be there when the page is opened without a network; once an hour, as it is by then.
async function stock() {
  if (await store("readonly", (forms) => forms.index("until").count(unused(2 * DAY)), "spare") < ENOUGH) await refill();
  if (Date.now() - stocked < HOUR) return;
  const files = findAll("link[rel=stylesheet], script[src]").map((file) => file.href || file.src);
  const languages = new Set([home, ...findAll("[data-language]").map((button) => button.dataset.language)]);
  await (await caches.open("kiosk")).addAll([...files, ...languages]);
  for (const url of languages) pages[url] = await (await caches.match(url)).text();
  stocked = Date.now();
  // Another release has another script.
  if (!started && !pages[home].includes(script)) location.replace(home);
}

async function work() {
  const all = () => flush().then(stock);
  await (navigator.locks ? navigator.locks.request("kiosk", { ifAvailable: true }, (lock) => lock && all()) : all()).catch(() => 0);
  if (!find("[data-page=stopped]").hidden && (await spare())) nextVisitor();
}

addEventListener("click", ({ target }) => {
  const button = target.closest("[data-do], [data-language]");
  if (!button) return;
  touch();
  if (button.dataset.do) DO[button.dataset.do]();
  else speak(button.dataset.language);
});
addEventListener("submit", (event) => {
  event.preventDefault();
  if (event.target.id === "leave") leave();
  else send();
});
for (const kind of ["pointerdown", "keydown", "input", "touchmove"]) addEventListener(kind, touch, { passive: true });
addEventListener("contextmenu", (event) => event.preventDefault());
addEventListener("popstate", () => history.pushState(null, ""));
addEventListener("pageshow", ({ persisted }) => persisted && nextVisitor());
addEventListener("online", work);

(async () => {
  navigator.serviceWorker.register("/K/worker.js", { updateViaCache: "none" }).catch(() => 0);
  history.pushState(null, "");
  await soon(work());
  await nextVisitor();
  setInterval(tick, 250);
  setInterval(work, 30000);
})();
