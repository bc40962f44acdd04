/* What a station's page can do besides being read: remember the map app, copy, share, open the map, print.

   The page is whole without this. Nothing here is assumed to exist: storage, clipboard and sharing are all missing in
   some messenger. */
(function () {
  "use strict";

  var REMEMBERED = "yizhan.app";

  function all(selector) { return Array.prototype.slice.call(document.querySelectorAll(selector)); }
  function one(selector) { return document.querySelector(selector); }

  function recall() {
    try { return JSON.parse(window.localStorage.getItem(REMEMBERED)); } catch (_) { return null; }
  }
  function remember(app) {
    try { window.localStorage.setItem(REMEMBERED, JSON.stringify(app)); } catch (_) { /* it is only a convenience */ }
  }

  /* The app that was chosen last stands first and largest. */
  function orderApps() {
    var list = one("[data-apps]"), app = recall();
    if (!list) return;
    var links = all("[data-app]");
    var chosen = links.filter(function (link) { return link.getAttribute("data-app") === app; })[0];
    if (chosen) list.insertBefore(chosen.parentNode, list.firstChild);
    links.forEach(function (link) {
      link.addEventListener("click", function () { remember(link.getAttribute("data-app")); });
    });
  }

  function tell(key) {
    var status = one(".copied");
    if (!status) return;
    status.textContent = "";
    window.setTimeout(function () { status.textContent = status.getAttribute("data-said-" + key); }, 50);
  }

  /* Browsers of messengers often have no clipboard for pages; a selected field and the old command mostly work. */
  function copyByCommand(text) {
    var field = document.createElement("textarea");
    field.value = text;
    field.setAttribute("readonly", "");
    field.className = "away";
    document.body.appendChild(field);
    field.select();
    field.setSelectionRange(0, text.length);
    var done = false;
    try { done = document.execCommand("copy"); } catch (_) { done = false; }
    document.body.removeChild(field);
    return done;
  }

  /* The last resort: select the words on the page, for the reader's own long press. */
  function select(text) {
    var shown = all(".pick").filter(function (element) { return element.textContent.trim() === text; })[0];
    if (shown) window.getSelection().selectAllChildren(shown);
    else window.prompt("", text);
  }

  function copy(button) {
    var text = button.getAttribute("data-copy");
    function otherwise() {
      if (copyByCommand(text)) {
        tell("copied");
        button.focus();
      } else {
        select(text);
        tell("select");
      }
    }
    if (window.navigator.clipboard && window.isSecureContext) {
      window.navigator.clipboard.writeText(text).then(function () { tell("copied"); }, otherwise);
    } else otherwise();
  }

  function share() {
    var link = one("link[rel=canonical]");
    window.navigator.share({ title: document.title, url: link.href }).catch(function () { /* the reader closed it */ });
  }

  function load(kind, address) {
    return new Promise(function (resolve, reject) {
      var element = document.createElement(kind === "styles" ? "link" : "script");
      element.onload = resolve;
      element.onerror = function (error) { element.remove(); reject(error); }; // so that the next try asks again
      if (kind === "styles") {
        element.rel = "stylesheet";
        element.href = address;
      } else element.src = address;
      document.head.appendChild(element);
    });
  }

  function openMap(button) {
    var spot = one("[data-map]"), files = JSON.parse(spot.getAttribute("data-map"));
    button.disabled = true;
    spot.setAttribute("aria-busy", "true");
    var ready = Promise.all(files.styles.map(function (address) { return load("styles", address); }));
    files.scripts.filter(function (address) { return !one('script[src="' + address + '"]'); }).forEach(function (address) { ready = ready.then(function () { return load("scripts", address); }); });
    ready.then(function () {
      var picture = spot.querySelector("picture");
      if (picture) picture.hidden = true;
      button.hidden = true;
      spot.querySelector(".spot-map").hidden = false;
      spot.classList.add("is-open");
      window.yizhanSpot();
      spot.removeAttribute("aria-busy");
      var map = spot.querySelector(".yz-map");
      map.setAttribute("tabindex", "0");
      map.focus({ preventScroll: true });
    }).catch(function () {
      button.disabled = false;
      spot.removeAttribute("aria-busy");
      button.querySelector("span").textContent = spot.getAttribute("data-said-failed");
    });
  }

  function offer(selector, action) {
    all(selector).forEach(function (button) {
      button.hidden = false;
      button.addEventListener("click", function () { action(button); });
    });
  }

  /* One tap to say that all is right, and a tap more to say what is not. */
  function listen() {
    var yizhan = window.yizhan, setup = JSON.parse(one("#setup").textContent), box = one(".say");
    yizhan.words = setup.words;
    yizhan.sprite = setup.sprite;
    yizhan.vocabulary = setup.vocabulary;
    yizhan.choices = setup.choices;
    yizhan.links = setup.links;
    one("[data-say]").hidden = false;
    box.addEventListener("click", function (event) {
      var button = event.target.closest("[data-act]"), act = button && button.getAttribute("data-act");
      if (act === "confirm") yizhan.confirm({ code: setup.code }, box);
      if (act === "problem") yizhan.problem({ code: setup.code }, box);
    });
    yizhan.sendAll();
  }

  orderApps();
  if (one(".say")) listen();
  offer("[data-copy]", copy);
  offer("[data-open-map]", openMap);
  offer("[data-print]", function () { window.print(); });
  if (window.navigator.share) offer("[data-share]", share);
})();
