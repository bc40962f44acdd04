/* The service worker at the door: the page and its files, so that it opens without a network. Everything that belongs to a
   person is in IndexedDB, under a name that the log-out takes away.

   ``self.yizhan`` (version, files, shells, page) stands above this text when it is served. */
(function () {
  "use strict";

  var setup = self.yizhan;
  var PREFIX = "yizhan-door-", NAME = PREFIX + setup.version;
  var PATIENCE_MS = 5000;

  self.addEventListener("install", function (event) {
    event.waitUntil(caches.open(NAME).then(function (cache) {
      return cache.addAll(setup.files.concat(setup.shells).map(function (url) { return new Request(url, { credentials: "same-origin" }); }));
    }).then(function () { return self.skipWaiting(); }));
  });

  self.addEventListener("activate", function (event) {
    event.waitUntil(caches.keys().then(function (names) {
      return Promise.all(names.filter(function (name) { return name.indexOf(PREFIX) === 0 && name !== NAME; }).map(function (name) { return caches.delete(name); }));
    }).then(function () { return self.clients.claim(); }));
  });

  /* The shell in the language that was asked for, else the first. */
  function shell(url) {
    var lang = url.searchParams.get("lang") || "", found = setup.shells.filter(function (address) { return address.slice(-lang.length - 1) === "/" + lang; });
    return caches.match(found[0] || setup.shells[0]);
  }

  function page(request, url) {
    var late = new Promise(function (_, reject) { self.setTimeout(reject, PATIENCE_MS, new Error("late")); });
    return Promise.race([fetch(request), late]).then(function (response) {
      return response.status >= 502 && response.status <= 504 ? shell(url) : response;
    }).catch(function () { return shell(url); });
  }

  self.addEventListener("fetch", function (event) {
    var request = event.request, url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      if (url.pathname === setup.page) event.respondWith(page(request, url));
    } else if (url.pathname.indexOf("/static/") >= 0) {
      event.respondWith(caches.match(request).then(function (kept) { return kept || fetch(request); }));
    }
  });
})();
