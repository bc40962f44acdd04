/* The pages of work and events: where the reader is, and what of a page that was kept is over by now. */
(function () {
  "use strict";

  var root = document.getElementById("offers"), told = document.getElementById("told");
  if (!root) return;
  var said = root.dataset, MINUTE_MS = 60000, made = Date.parse(said.made), loaded = Date.now();

  function say(words) { told.textContent = words; }

  /* A page can lie open, or come out of the pocket, when the phone's clock alone knows how late it is. A site whose clock
     was stopped for a demonstration tells only how long the page has lain open. */
  function present() {
    var here = made + (Date.now() - loaded);
    return said.clock === "running" ? Math.max(here, Date.now()) : here;
  }
  function takeOut() {
    var now = present(), left = 0;
    Array.prototype.forEach.call(root.querySelectorAll("[data-over]"), function (item) {
      if (Date.parse(item.getAttribute("data-over")) <= now) item.parentNode.removeChild(item);
      else left += 1;
    });
    if (!left) Array.prototype.forEach.call(document.querySelectorAll("[data-none]"), function (line) { line.hidden = false; });
  }

  function offline() { say(said.saidOffline); }

  var button = document.getElementById("here");
  if (button && navigator.geolocation && window.isSecureContext) {
    button.hidden = false;
    button.addEventListener("click", function () {
      say(said.saidLocating);
      navigator.geolocation.getCurrentPosition(function (position) {
        var form = button.form;
        form.elements.near.value = position.coords.longitude.toFixed(4) + "," + position.coords.latitude.toFixed(4);
        form.elements.place.value = "";
        form.submit();
      }, function () { say(said.saidNowhere); }, { timeout: 12000, maximumAge: 60000 });
    });
  }

  /* A place that is typed takes the present one out. */
  document.getElementById("ask").addEventListener("change", function (event) {
    if (event.target.name === "place") event.target.form.elements.near.value = "";
  });

  takeOut();
  window.setInterval(takeOut, MINUTE_MS);
  window.addEventListener("offline", offline);
  window.addEventListener("online", function () { say(""); });
  if (navigator.onLine === false) offline();
  if (said.worker && "serviceWorker" in navigator && window.isSecureContext) {
    navigator.serviceWorker.register(said.worker).then(function (registration) {
      // Asking for the worker's own text tells whether there is a network, whatever the phone believes.
      if (registration) registration.update().catch(offline);
    }, function () { /* a messenger that forbids it: the page goes on without */ });
  }
})();
