/* The finder: a place and some wishes become a list. The address decides; the server answers, or, when it is out of
   reach, the pack that the phone kept. The map follows the list and is never waited for. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, say = yizhan.say;
  var setup = JSON.parse(document.getElementById("setup").textContent);

  yizhan.know({ symbols: setup.symbols, words: setup.words });
  yizhan.vocabulary = setup.vocabulary;
  yizhan.links = setup.links;
  yizhan.verdicts = setup.verdicts;
  yizhan.choices = setup.choices;
  yizhan.tooFar = setup.too_far;

  function byId(id) { return document.getElementById(id); }
  var form = byId("filters"), rows = byId("rows"), status = byId("status"), heading = byId("heading");
  var PATIENCE_MS = 6000;
  var wide = window.matchMedia("(min-width: 900px)");
  var first = setup.problems; // what the form cannot hold is told once
  var asking = null, listed = [], onMap = null, map = null, packed = null, pocket = null, opened = null;

  /* What is asked -------------------------------------------------------------------------------------------- */
  function field(name) { return form.elements[name]; }
  function near() { return yizhan.point(field("near").value); }
  function query() { return filters.query(); }
  function address() {
    var text = query();
    return "/" + (text ? "?" + text : "");
  }
  function asked() {
    var given = new URLSearchParams(query());
    return (given.get("amenities") || "").split(",").filter(Boolean);
  }
  function tell(text, ways) {
    status.textContent = text;
    document.body.classList.toggle("no-position", Boolean(ways));
    if (ways) status.appendChild(el("span", { "class": "ways" }, [
      el("button", { type: "button", "class": "button", on: { click: function () { byId("where-text").focus(); } } }, say("type_place")),
      el("button", { type: "button", "class": "button", on: { click: showMap } }, say("point_on_map")),
    ]));
  }

  /** Look from another place. ``name`` is what the reader calls it. */
  function go(point, name) {
    field("near").value = point;
    field("place").value = name || "";
    field("star").value = "";
    byId("where-text").value = "";
    tell("");
    changed();
    byId("list").focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  function changed() {
    fold();
    window.history.pushState({}, "", address());
    load();
  }

  /* The list ------------------------------------------------------------------------------------------------- */
  function write(answer) {
    var unfolded = opened && opened.code;
    var now = yizhan.clock.now(), place = field("place").value, starred = field("star").value === "1", from = near();
    listed = answer.stations;
    rows.textContent = "";
    listed.forEach(function (station) { rows.appendChild(yizhan.row.make(station, { now: now, asked: asked() })); });
    var here = answer.nothing_near ? "nearest_here" : "near_here", there = answer.nothing_near ? "nearest_place" : "near_place";
    heading.textContent = starred ? say("starred", { n: listed.length }) : from ? say(place ? there : here, { place: place, n: listed.length }) : say("where_from");
    notice(answer);
    byId("basis").hidden = byId("tools").hidden = !from;
    byId("basis").textContent = answer.basis || say(field("by").value === "ebike" ? "basis_ebike" : "basis_walk");
    byId("start").hidden = Boolean(from) || starred;
    yizhan.stars.refresh(listed);
    opened = null;
    if (unfolded && rowOf(unfolded)) unfold(rowOf(unfolded), true); // read anew by itself, the list stays as it was left
    byId("show-stars").setAttribute("aria-pressed", String(starred));
    if (starred) yizhan.starTools(byId("share-box"));
    rows.removeAttribute("aria-busy");
    document.documentElement.classList.add("is-live");
    draw();
  }

  /* What the list as a whole says: nothing open, nothing near, read from the pocket and how old that is. */
  function notice(answer) {
    var lines = first.concat(answer.problems || []);
    first = [];
    if (answer.kept) lines.push(say("from_pocket", { ago: yizhan.since(answer.kept, yizhan.clock.now()) }));
    if (answer.set_aside && answer.set_aside.length) lines.push(say("set_aside", { what: asides(answer.set_aside) }));
    if (answer.nothing_near) lines.push(say("nothing_near"));
    if (answer.outside) lines.push(say("outside"));
    if (!answer.nothing_near && answer.nothing_open) lines.push(say("nothing_open"));
    if (answer.empty) lines.push(say(answer.empty));
    var box = byId("notice");
    box.textContent = "";
    box.hidden = !lines.length;
    box.classList.toggle("is-offline", Boolean(answer.kept));
    lines.forEach(function (line) { box.appendChild(el("p", {}, line)); });
  }

  function asides(names) {
    var words = names.map(function (name) { return setup.asides[name]; });
    return words.filter(function (word, i) { return words.indexOf(word) === i; }).join(say("and"));
  }

  /* Whoever takes a photo for a report leaves this page for the camera and comes back: what was written must be there. */
  function isWriting() { return rows.querySelector(".find-extra:not([hidden]) form.problem") !== null; }

  function load() {
    var from = near(), starred = field("star").value === "1";
    if (asking) asking.abort();
    var mine = (asking = new AbortController()), signal = mine.signal;
    link();
    if (!from && !starred) return write({ stations: [] });
    rows.setAttribute("aria-busy", "true");
    if (from) yizhan.kept.keep("last", { near: field("near").value, place: field("place").value });
    var codes = starred ? yizhan.stars.all().map(function (star) { return star.code; }) : null;
    if (codes && !codes.length) return write({ stations: [], empty: "no_stars" });
    // A phone that hardly reaches anybody waits for minutes: what it keeps is shown meanwhile.
    var late = window.setTimeout(function () { fromPocket(codes, function () { return late && asking === mine && !isWriting(); }, true); }, PATIENCE_MS);
    function arrived() {
      window.clearTimeout(late);
      late = 0;
    }
    yizhan.ask(setup.links.find + "?" + query() + (codes ? "&codes=" + codes.join(",") : ""), signal).then(function (body) {
      arrived();
      answered(body);
      if (isWriting()) rows.removeAttribute("aria-busy");
      else write(body);
    }).catch(function (error) {
      arrived();
      if (error.name === "AbortError") return;
      if (error.told) { // the server answered, and said no
        rows.removeAttribute("aria-busy");
        return tell(error.message);
      }
      fromPocket(codes, function () { return asking === mine; });
    });
  }

  function answered(body) {
    yizhan.clock.set(Date.parse(body.timeStamp), body.at);
    body.stations = body.rows.map(function (row) { return yizhan.station(body.columns, row); });
    byId("list").dataset.source = "server";
    stock();
  }

  /* The list that came with the page needs no second question and is not drawn again. */
  function begin() {
    var body = setup.found;
    if (!body) return load();
    first = [];
    link();
    yizhan.kept.keep("last", { near: field("near").value, place: field("place").value });
    answered(body);
    listed = body.stations;
    yizhan.stars.refresh(listed);
    document.documentElement.classList.add("is-live");
    draw();
  }

  /* The pocket ----------------------------------------------------------------------------------------------- */

  /* Kept as text: a phone stores and reads that in no time, and most visits never need what stands in it. */
  function unpacked(kept) {
    return kept && kept.format === setup.format ? new yizhan.Pack(JSON.parse(kept.text)) : null;
  }

  /* wanted: tells whether the answer is still asked for. waiting: the server may answer yet. */
  function fromPocket(codes, wanted, waiting) {
    return yizhan.kept.get("packs", "region").then(function (kept) {
      if (!wanted() || waiting && !unpacked(kept)) return;
      yizhan.clock.recall();
      pocket = unpacked(kept);
      byId("list").dataset.source = pocket ? "pocket" : "none";
      if (!pocket) {
        rows.removeAttribute("aria-busy");
        document.documentElement.classList.add("is-live");
        return tell(say("nothing_kept"));
      }
      write(yizhan.rank(pocket, new URLSearchParams(query()), near(), yizhan.clock.now(), setup.rank, codes));
    });
  }

  /* After an answer of the server: renew what is kept, when it is of another place or half a day old. */
  function stock() {
    var from = near();
    if (!from) return;
    yizhan.later(function () {
      yizhan.kept.get("packs", "region").then(function (kept) {
        var fresh = kept && kept.format === setup.format && Math.abs(yizhan.clock.now() - kept.made) < setup.pack_ms && yizhan.metres(kept.near, from) < 12000;
        if (fresh) return kept;
        return yizhan.ask(setup.links.pack + "?near=" + from.join(",")).then(function (body) {
          var made = { format: setup.format, made: Date.parse(body.made), near: body.near, text: JSON.stringify(body) };
          return yizhan.kept.put("packs", "region", made).then(function () { return made; });
        });
      }).then(function (kept) {
        packed = kept;
        pocket = null;
        document.body.dataset.pocket = "full";
        draw();
      }, function () { /* another time; the list itself came from the server */ });
    });
  }

  /* The map -------------------------------------------------------------------------------------------------- */
  function showMap() {
    document.body.classList.add("with-map");
    byId("show-map").setAttribute("aria-expanded", "true");
    yizhan.loadMap(setup.map).then(function (parts) {
      if (!map) {
        map = new yizhan.FinderMap(parts, { pick: function (point) { hideMap(); go(point, ""); }, open: open });
        byId("from-middle").hidden = false;
      }
      onMap = null;
      draw();
      if (!wide.matches) byId("hide-map").focus();
    }, function (error) { byId("map-wait").textContent = error.message; });
  }
  function hideMap() {
    if (!document.body.classList.contains("with-map") || wide.matches) return false;
    document.body.classList.remove("with-map");
    byId("show-map").setAttribute("aria-expanded", "false");
    byId("show-map").focus();
    return true;
  }

  /* The map shows all of the pack that answers the question; what is listed comes into view. */
  function draw() {
    if (!map || !document.body.classList.contains("with-map") && !wide.matches) return;
    var seen = {}, now = yizhan.clock.now(), all = listed.slice();
    listed.forEach(function (station) { seen[station.code] = true; });
    if (!pocket) pocket = unpacked(packed);
    if (pocket) yizhan.matching(pocket, new URLSearchParams(query()), now, setup.rank).forEach(function (station) { if (!seen[station.code]) all.push(station); });
    var key = query() + "#" + listed.length + "#" + all.length;
    if (onMap === key) return;
    onMap = key;
    map.show(all, near(), listed);
    map.select(opened);
  }

  /* One station: its row unfolds, its pin is marked. */
  function rowOf(code) { return rows.querySelector('[data-code="' + code.replace(/["\\]/g, "\\$&") + '"]'); }
  function open(code, from) {
    var row = rowOf(code);
    if (!row) {
      window.location.href = setup.links.station.replace("CODE", encodeURIComponent(code));
      return;
    }
    if (from) hideMap();
    unfold(row, true);
    row.scrollIntoView({ block: "center" });
    row.querySelector("a").focus({ preventScroll: true });
  }
  function unfold(row, wanted) {
    var button = row.querySelector(".find-more"), box = row.querySelector(".find-extra"), code = row.dataset.code;
    var station = listed.filter(function (one) { return one.code === code; })[0];
    if (!station) return;
    fold(row);
    button.setAttribute("aria-expanded", String(wanted));
    box.hidden = !wanted;
    opened = wanted ? station : null;
    if (wanted) yizhan.row.unfold(box, station, yizhan.stars.has(code), { confirm: yizhan.confirm, problem: yizhan.problem, star: star });
    if (map) map.select(opened);
  }
  function fold(except) {
    Array.prototype.forEach.call(rows.querySelectorAll('.find-more[aria-expanded="true"]'), function (button) {
      if (except && except.contains(button)) return;
      button.setAttribute("aria-expanded", "false");
      byId(button.getAttribute("aria-controls")).hidden = true;
    });
    opened = null;
  }
  function star(station, button) {
    var now = yizhan.stars.toggle(station);
    button.setAttribute("aria-pressed", String(now));
    tell(say(now ? "star_kept" : "star_dropped", { name: station.name }));
  }

  /* Links that keep the question: the other language, the big map, the manifest stays. */
  function link() {
    var text = query();
    setup.languages.forEach(function (lang) {
      var search = new URLSearchParams(text);
      search.set("lang", lang);
      byId("to-" + lang).search = search.toString().replace(/%2C/g, ",");
    });
    var other = new URLSearchParams(text);
    ["near", "place", "star", "by", "stay"].forEach(function (name) { other.delete(name); });
    byId("to-map").search = other.toString();
  }

  /* Start ---------------------------------------------------------------------------------------------------- */
  var filters = new yizhan.Filters(form, changed);
  yizhan.tell = tell;
  filters.read(window.location.search);
  if (setup.near && !field("near").value) { // the server found the place of a typed name
    field("near").value = setup.near;
    field("place").value = setup.place;
    window.history.replaceState({}, "", address());
  }

  yizhan.locator({ button: byId("locate"), cancel: byId("locate-cancel"), tell: tell, found: function (point) { go(point, ""); } });

  function searchPlaces(text, signal) {
    var from = near();
    return yizhan.ask(setup.links.places + "?q=" + encodeURIComponent(text) + (from ? "&near=" + from.join(",") : "") + "&lang=" + setup.lang, signal).then(function (body) { return body.hits; });
  }
  var suggestions = yizhan.suggest({ input: byId("where-text"), list: byId("suggestions"), ask: searchPlaces, chosen: function (hit) { go(hit.near, hit.name); } });
  byId("where").addEventListener("submit", function (event) {
    var text = byId("where-text").value.trim();
    event.preventDefault();
    suggestions.close();
    if (!text) return byId("where-text").focus();
    searchPlaces(text).then(function (hits) {
      if (hits.length) go(hits[0].near, hits[0].name);
      else tell(say("place_unknown", { name: text }), true);
    }, function (error) { tell(error.message, true); });
  });

  function listSaved() {
    yizhan.savedList(byId("saved"), { go: function (place) { go(place.near, place.name); }, removed: function () { tell(say("place_removed")); } });
  }
  byId("save-place").addEventListener("click", function () {
    yizhan.askName(byId("save-box"), field("place").value, function (name) {
      var kept = yizhan.saved.add(name, field("near").value);
      tell(say(kept ? "place_kept" : "not_kept", { name: name }));
      listSaved();
      byId("save-place").focus();
    });
  });
  byId("share").addEventListener("click", function () {
    var box = byId("share-box"), now = box.hidden;
    box.hidden = !now;
    byId("share").setAttribute("aria-expanded", String(now));
    if (now) yizhan.share(box, document.title, tell);
  });
  rows.addEventListener("click", function (event) {
    var button = event.target.closest(".find-more");
    if (button) unfold(button.closest("li"), button.getAttribute("aria-expanded") !== "true");
  });
  Array.prototype.forEach.call(document.querySelectorAll("a[data-near]"), function (start) {
    start.addEventListener("click", function (event) {
      event.preventDefault();
      go(start.dataset.near, start.textContent);
    });
  });
  byId("show-map").addEventListener("click", function () { if (!hideMap()) showMap(); });
  byId("hide-map").addEventListener("click", hideMap);
  byId("from-middle").addEventListener("click", function () {
    var point = map.middle();
    hideMap();
    go(point, "");
  });
  byId("show-stars").addEventListener("click", function () {
    field("star").value = field("star").value === "1" ? "" : "1";
    byId("share-box").hidden = true;
    changed();
  });
  document.addEventListener("keydown", function (event) {
    if (event.key !== "Escape") return;
    if (hideMap()) return;
    var open = rows.querySelector('.find-more[aria-expanded="true"]');
    if (open) {
      fold();
      if (map) map.select(null);
      open.focus();
    } else filters.fold();
  });
  window.addEventListener("popstate", function () {
    filters.read(window.location.search);
    fold();
    load();
  });
  document.addEventListener("visibilitychange", function () { if (!document.hidden && document.documentElement.classList.contains("is-live") && !isWriting()) load(); });
  window.addEventListener("online", function () { if (!isWriting()) load(); });

  listSaved();
  if (!near() && field("star").value !== "1" && document.querySelector("main").dataset.forOffline !== undefined) { // opened without a network
    var last = yizhan.kept.little("last", null);
    if (last && yizhan.point(last.near)) {
      field("near").value = last.near;
      field("place").value = last.place || "";
    }
  }
  begin();
  yizhan.later(function () {
    yizhan.sendAll();
    if (wide.matches) showMap();
    if (setup.worker && "serviceWorker" in navigator && window.isSecureContext) navigator.serviceWorker.register(setup.worker).catch(function () { /* a messenger that forbids it */ });
  });
})();
