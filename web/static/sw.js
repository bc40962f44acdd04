/* The service worker: the finder's own files, and the page to show when the network does not answer. What the list is
   made of is kept by the page itself (IndexedDB), so that it works the same where there is no service worker.

   ``self.yizhan`` (version, files, shells) stands above this text when it is served. */
(function () {
  "use strict";

  var setup = self.yizhan;
  var SHELL = "yizhan-shell-" + setup.version, SEEN = "yizhan-seen";
  var GROUND = ["/map/regions.json", "/map/places.json"];
  /* Pages that say by themselves when they were made, and what of them is over by now. */
  var DATED = ["/jobs", "/events"];
  var PATIENCE_MS = 5000, MOST_SEEN = 60;

  self.addEventListener("install", function (event) {
    event.waitUntil(caches.open(SHELL).then(function (cache) {
      return cache.addAll(setup.files.concat(setup.shells).map(function (url) { return new Request(url, { credentials: "same-origin" }); }));
    }).then(function () { return self.skipWaiting(); }));
  });

  self.addEventListener("activate", function (event) {
    event.waitUntil(caches.keys().then(function (names) {
      return Promise.all(names.filter(function (name) { return name.indexOf("yizhan-shell-") === 0 && name !== SHELL; }).map(function (name) { return caches.delete(name); }));
    }).then(function () { return self.clients.claim(); }));
  });

  function thin(cache) {
    return cache.keys().then(function (keys) {
      return Promise.all(keys.slice(0, Math.max(0, keys.length - MOST_SEEN)).map(function (key) { return cache.delete(key); }));
    });
  }
  function remember(request, response) {
    if (!response.ok) return response;
    var copy = response.clone();
    caches.open(SEEN).then(function (cache) { return cache.put(request, copy).then(function () { return thin(cache); }); });
    return response;
  }

  /* The shell in the language that was asked for, else the first. */
  function shell(url) {
    var lang = url.searchParams.get("lang"), found = setup.shells.filter(function (address) { return address.indexOf("lang=" + lang) >= 0; });
    return caches.match(found[0] || setup.shells[0]);
  }

  function page(request, url) {
    var late = new Promise(function (_, reject) { self.setTimeout(reject, PATIENCE_MS, new Error("late")); });
    var asked = fetch(request);
    return Promise.race([asked, late]).then(function (response) {
      if (url.pathname.indexOf("/s/") === 0 || DATED.indexOf(url.pathname) >= 0) remember(request, response);
      return response.status >= 502 && response.status <= 504 && url.pathname === "/" ? shell(url) : response;
    }).catch(function () {
      return caches.match(request, { ignoreSearch: DATED.indexOf(url.pathname) >= 0 }).then(function (seen) {
        if (seen) return seen;
        return url.pathname === "/" ? shell(url) : asked;
      });
    });
  }

  self.addEventListener("fetch", function (event) {
    var request = event.request, url = new URL(request.url);
    if (request.method !== "GET" || url.origin !== self.location.origin) return;
    if (request.mode === "navigate") {
      if (url.pathname === "/" || url.pathname.indexOf("/s/") === 0 || DATED.indexOf(url.pathname) >= 0) event.respondWith(page(request, url));
    } else if (url.pathname.indexOf("/static/") === 0) {
      event.respondWith(caches.match(request).then(function (kept) { return kept || fetch(request); }));
    } else if (GROUND.indexOf(url.pathname) >= 0) {
      event.respondWith(fetch(request).then(function (response) { return remember(request, response); }).catch(function () { return caches.match(request); }));
    }
  });
})();
