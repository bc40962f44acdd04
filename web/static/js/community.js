/* The pages of work and events: where the reader is, and what of a page that was kept is over by now. */
(function () {
  "use strict";

  var root = document.getElementById("offers"), told = document.getElementById("told");
  if (!root) return;
  var said = root.dataset, MINUTE_MS = 60000;

  function say(words) { told.textContent = words; }

  /* A page can lie open, or come out of the pocket: what is over goes by the phone's own clock. */
  function takeOut() {
    var now = Date.now(), left = 0;
    Array.prototype.forEach.call(root.querySelectorAll("[data-over]"), function (item) {
      if (Date.parse(item.getAttribute("data-over")) <= now) item.parentNode.removeChild(item);
      else left += 1;
    });
    if (!left) Array.prototype.forEach.call(document.querySelectorAll("[data-none]"), function (line) { line.hidden = false; });
  }

  function offline() {
    if (navigator.onLine === false) say(said.saidOffline);
  }

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

  /* A new place takes the present one out. */
  var form = document.getElementById("ask");
  form.addEventListener("change", function (event) {
    if (event.target.name === "place" && event.target.value.trim()) form.elements.near.value = "";
    else if (event.target.name !== "place") form.submit();
  });

  if (said.clock === "running") {
    takeOut();
    window.setInterval(takeOut, MINUTE_MS);
  }
  window.addEventListener("offline", offline);
  window.addEventListener("online", function () { say(""); });
  offline();
  if (said.worker && "serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register(said.worker).catch(function () { /* the page goes on without */ });
})();
