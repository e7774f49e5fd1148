// Opens a kiosk's page without a network. The page puts into the cache what it needs; its forms are its own business.
"use strict";
const PATIENCE = 5000;
addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => event.waitUntil(clients.claim()));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || request.url.endsWith("/PACK")) return;
  if (request.url.includes("/static/")) event.respondWith(kept(request).then((found) => found || fetch(request)));
  else event.respondWith(newest(request));
});

const kept = (request) => caches.match(request, { cacheName: "kiosk" });

// The page as it is now: a kiosk that was closed is closed here too, once that can be known.
async function newest(request) {
  const late = new Promise((_, fail) => setTimeout(fail, PATIENCE));
  const reply = await Promise.race([fetch(request), late]).catch(() => null);
  const gone = reply && (reply.status === 404 || reply.status === 410);
  if (gone) await (await caches.open("kiosk")).delete(request);
  return reply && (reply.status < 400 || gone) ? reply : (await kept(request)) || reply || Response.error();
}
