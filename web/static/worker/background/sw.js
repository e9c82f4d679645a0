/* The service worker of /worker: keeps the shell on the phone, shows pushes, and sends what waits when the net is back.
   In front of it the server puts KEPT: {version, files}. It fetches from here and nowhere else. */

const CACHE = `worker-${KEPT.version}`;

self.addEventListener("install", (event) => {
  event.waitUntil(keep().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(forgetOthers().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const asked = new URL(event.request.url);
  if (event.request.method !== "GET" || asked.origin !== location.origin) return;
  if (event.request.mode === "navigate" ? asked.pathname === "/worker" : KEPT.files.includes(asked.pathname)) {
    event.respondWith(kept(asked, event.request));
  }
});

self.addEventListener("push", (event) => {
  event.waitUntil(show(event.data ? event.data.json() : {}));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(open());
});

async function keep() {
  const cache = await caches.open(CACHE);
  await Promise.all(KEPT.files.map(async (file) => {
    // A page that leads elsewhere (to the sign-in) is no shell.
    const answer = await fetch(file, { cache: "reload", credentials: "same-origin", redirect: "error" });
    if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
    await cache.put(file, answer);
  }));
}

async function forgetOthers() {
  const names = await caches.keys();
  await Promise.all(names.filter((name) => name.startsWith("worker-") && name !== CACHE).map((name) => caches.delete(name)));
}

/** From the phone first: a bad network delays nothing. Whoever is not signed in is told so by the API. */
async function kept(asked, request) {
  const language = asked.searchParams.get("lang") === "en" ? "?lang=en" : "";
  const name = request.mode === "navigate" ? `/worker${language}` : asked.pathname;
  const found = await (await caches.open(CACHE)).match(name);
  return found ?? fetch(request);
}

async function show(told) {
  await self.registration.showNotification(told.title || "实景任务", {
    body: told.body || "",
    icon: "/static/worker/icon-192.png",
    badge: "/static/worker/icon-192.png",
    tag: told.run ? `run-${told.run}` : "shijing",
    renotify: true,
    requireInteraction: told.level === "red" || told.level === "orange",
    vibrate: told.level === "red" ? [600, 200, 600, 200, 600] : [300, 150, 300],
    lang: "zh-CN",
  });
}

async function open() {
  const pages = await self.clients.matchAll({ type: "window" });
  const own = pages.find((page) => new URL(page.url).pathname === "/worker");
  await (own ? own.focus() : self.clients.openWindow("/worker"));
}
