// Keeps a form on the phone when the network fails and sends it later: once, for its token is good for one answer.
"use strict";
addEventListener("install", (event) => {
  skipWaiting();
  // Opening a page needs no worker and should not wait for one.
  if (event.addRoutes) event.addRoutes({ condition: { requestMethod: "GET", requestMode: "navigate" }, source: "network" });
  event.waitUntil(keepPage());
});
// At once, so that the very first form is covered too.
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("message", (event) => event.waitUntil(flush()));
addEventListener("sync", (event) => event.waitUntil(flush().then((left) => left && Promise.reject())));
addEventListener("fetch", (event) => {
  const { request } = event;
  const { pathname } = new URL(request.url);
  if (pathname.startsWith("/static/")) event.respondWith(caches.match(request).then((kept) => kept || fetch(request)));
  // A form being sent, and from a page of ours: the address of another site's page would be its own, or none.
  if (request.method === "POST" && request.mode === "navigate" && pathname.endsWith("/SEND")
      && request.referrer.startsWith(origin + "/")) event.respondWith(send(request));
});

async function keepPage() {
  const cache = await caches.open("offline");
  const page = await fetch("/offline");
  // With the files that this very page names.
  await cache.addAll((await page.clone().text()).match(/\/static\/[^"]+/g));
  await cache.put("/offline", page);
}

async function send(request) {
  const body = await request.clone().text();
  const reply = await soon(fetch(request)).catch(() => 0);
  // A gateway's own page has lost the answers; a page of ours has them in it.
  if (!reply || reply.status === 502 || reply.status === 504) return keep(request.url, body);
  if (reply.status < 429) await forms("readwrite", (store) => store.delete(tokenOf(body))).catch(() => 0);
  return reply;
}

async function keep(url, body) {
  const given = new URLSearchParams(body);
  const lang = new URL(url).searchParams.get("lang") || "vi";
  let say = "kept";
  if (given.has("switch_language")) say = "language";
  else if (given.get("must_answer").split(" ").some((name) => name && !given.get(name))) say = "missing";
  else {
    await forms("readwrite", (store) => store.put({ token: tokenOf(body), url, body, lang, state: "waiting", tries: 0, after: 0 }));
    if (registration.sync) await registration.sync.register("flush").catch(() => 0);
  }
  const page = await caches.match("/offline");
  const html = (await page.text()).replace(`data-say="${say}" lang="${lang}" hidden`, `data-say="${say}" lang="${lang}"`);
  return new Response(html, page);
}

// One flush at a time; whoever waited for another starts from what that left.
const flush = () => (navigator.locks ? navigator.locks.request("flush", sendAll) : sendAll());

async function sendAll() {
  const now = Date.now();
  for (const form of await all()) {
    // A receipt stays for a day.
    if (form.receipt && form.after < now) await forms("readwrite", (store) => store.delete(form.token));
    if (form.state === "waiting" && form.after < now) await sendOne(form, now);
  }
  const left = await all();
  for (const page of await clients.matchAll({ includeUncontrolled: true })) page.postMessage(left);
  return left.some((form) => form.state === "waiting");
}

async function sendOne(form, now) {
  const { token, url, body, lang, tries } = form;
  const reply = await soon(fetch(url, { method: "POST", body: new URLSearchParams(body) })).catch(() => 0);
  if (!reply) return;
  const { status } = reply;
  const path = /\/receipts\/[^"]+/.exec(status === 409 ? await reply.text() : reply.url);
  let next = { ...form, state: "refused" };
  if (path) next = { token, lang, receipt: path[0], state: status === 409 ? "conflict" : "sent", after: now + 864e5 };
  else if (status > 428) next = { ...form, tries: tries + 1, after: now + 15000 * 2 ** Math.min(tries, 7) };
  // Unless it was sent anew, with other answers, in the meantime.
  await forms("readwrite", (store) => {
    store.get(token).onsuccess = ({ target }) => target.result && target.result.body === body && store.put(next);
  });
}

const tokenOf = (body) => new URLSearchParams(body).get("form_token");
const soon = (reply) => Promise.race([reply, new Promise((_, fail) => setTimeout(fail, 20000))]);
const all = () => forms("readonly", (store) => store.getAll());

// The result of a request to the store of forms, once it is on disk.
const forms = (mode, ask) => new Promise((done, fail) => {
  const opening = indexedDB.open("forms", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore("forms", { keyPath: "token" });
  opening.onerror = fail;
  opening.onsuccess = () => {
    const change = opening.result.transaction("forms", mode);
    const asked = ask(change.objectStore("forms"));
    change.oncomplete = () => done(asked && asked.result);
    change.onabort = fail;
  };
});
