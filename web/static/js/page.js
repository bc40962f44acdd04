/* The map page: the address decides what is asked, the answer is drawn on the map and listed beside it. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el;

  /** Put the page together. parts: the map and its layers; options: addresses, words, vocabulary. */
  yizhan.page = function (map, options) {
    var parts = { stations: options.stations, gaps: options.gaps, locate: options.locate };
    yizhan.vocabulary = options.vocabulary;
    yizhan.links = options.links;
    var form = document.getElementById(options.form);
    var status = document.getElementById("status");
    var byCode = {}, matched = 0, moment = { server: Date.now(), local: Date.now(), frozen: false };
    var asking = null, detail = null, here = null, opener = null;
    var wide = window.matchMedia("(min-width: 820px)"), lying = 0;

    function now() { return moment.frozen ? moment.server : moment.server + (Date.now() - moment.local); }
    function tell(text, retry) {
      status.textContent = text || "";
      if (retry) status.appendChild(el("button", { type: "button", on: { click: retry } }, yizhan.say("retry")));
    }

    /* The part of the address after #: zoom/longitude/latitude/station. */
    function position() {
      var parts = window.location.hash.replace(/^#/, "").split("/");
      var numbers = parts.slice(0, 3).map(Number);
      var placed = parts.length >= 3 && parts[0] !== "" && numbers.every(isFinite) && Math.abs(numbers[2]) < 85 && Math.abs(numbers[1]) <= 180;
      return { zoom: placed ? numbers[0] : null, lon: numbers[1], lat: numbers[2], station: parts[3] ? decodeURIComponent(parts[3]) : null };
    }
    function address(station) {
      var query = filters.query(), at = map.getCenter(), digits = Math.max(2, Math.ceil(map.getZoom() / 3));
      return window.location.pathname + (query ? "?" + query : "") + "#" +
        [map.getZoom(), at.lng.toFixed(digits), at.lat.toFixed(digits)].concat(station ? encodeURIComponent(station) : []).join("/");
    }
    function keep() { window.history.replaceState(window.history.state, "", address(detail && detail.code)); }

    /* Stations ------------------------------------------------------------------------------------------ */
    function station(columns, row, order) {
      var s = {};
      columns.forEach(function (column, i) { s[column] = row[i]; });
      s.until = s.until ? Date.parse(s.until) : null;
      s.where = function () { var area = map.regions && map.regions.areas[s.region]; return area ? area.name : ""; };
      s.look = yizhan.lookOf(s.lifecycle, s.state);
      s.words = function () { return yizhan.stateWords(s.look, s.state, s.until, s.then, now()); };
      s.doubts = function () { return doubts(s, order); };
      s.amenities = function () { return order.filter(function (code, bit) { return (s.has >>> bit) & 1; }); };
      return s;
    }

    /* What the filters ask and nobody knows of this station: it stays, behind the others, and says so. */
    function doubts(s, order) {
      var asked = new URLSearchParams(filters.query()), found = [];
      (asked.get("amenities") || "").split(",").filter(Boolean).forEach(function (code) {
        var bit = order.indexOf(code);
        if ((s.has >>> bit) & 1) return;
        found.push(yizhan.say((s.inferred >>> bit) & 1 ? "doubt_inferred" : "doubt_unknown", { what: yizhan.vocabulary.amenities[code] }));
      });
      if (asked.get("access") && s.access === "unknown") found.push(yizhan.vocabulary.access.unknown);
      if (asked.get("open") && s.state === "unknown") found.push(yizhan.say("hours_unknown"));
      return found;
    }

    function load(fit) {
      if (asking) asking.abort();
      asking = new AbortController();
      var query = filters.query(), signal = asking.signal;
      var gapsOn = document.body.classList.contains("with-gaps");
      parts.panel.root.setAttribute("aria-busy", "true");
      options.languages.forEach(function (link) { document.getElementById(link.id).search = swapped(query, link.lang); });
      var stations = yizhan.ask(options.links.stations + (query ? "?" + query : ""), signal).then(function (body) {
        moment = { server: Date.parse(body.timeStamp), local: Date.now(), frozen: Boolean(body.at) };
        byCode = {};
        var all = body.rows.map(function (row) { return station(body.columns, row, body.amenities); });
        all.forEach(function (s) { byCode[s.code] = s; });
        matched = body.counts.matched;
        parts.stations.show(all);
        unlocated(body.counts.unlocated);
        write();
        if (fit) show(all);
        return body;
      });
      var gaps = gapsOn ? parts.gaps.show(query, parts.panel.views.gaps.querySelector("[data-gaps]"), signal) : Promise.resolve(parts.gaps.hide());
      if (!detail || wide.matches) parts.panel.show(gapsOn ? "gaps" : "list");
      Promise.all([stations, gaps]).then(function (bodies) {
        tell(bodies[0].problems.join(" "));
      }, function (error) {
        if (error.name !== "AbortError") tell(error.message, function () { load(false); });
      }).then(function () { if (!signal.aborted) parts.panel.root.removeAttribute("aria-busy"); });
      return stations;
    }

    function swapped(query, lang) {
      var search = new URLSearchParams(query);
      search.set("lang", lang);
      return search.toString().replace(/%2C/g, ",");
    }

    /* A region that is asked for, or what was found by a search, comes into view. */
    function show(all) {
      var search = new URLSearchParams(filters.query());
      var area = map.regions && search.get("region") && map.regions.areas[search.get("region")];
      if (area && area.bounds.isValid()) map.fitBounds(area.bounds, { paddingTopLeft: [20, 20], paddingBottomRight: [20, 20 + covered()] });
      else if (search.get("q") && all.length) map.fitBounds(L.latLngBounds(all.map(function (s) { return [s.lat, s.lon]; })), { maxZoom: 14, paddingTopLeft: [40, 40], paddingBottomRight: [40, 40 + covered()] });
    }

    function unlocated(n) {
      var line = document.getElementById("unlocated");
      line.hidden = !n;
      line.textContent = n ? yizhan.say("unlocated", { n: yizhan.number(n) }) : "";
    }

    /* On a phone the sheet lies over the lower part of the map: in view is what is above it. */
    function covered() { return wide.matches || !parts.panel ? 0 : parts.panel.covered; }
    function view() {
      var size = map.getSize();
      return L.latLngBounds(map.containerPointToLatLng([0, 0]), map.containerPointToLatLng([size.x, size.y - covered()]));
    }
    function uncovered() {
      if (parts.panel && lying !== covered()) map.panBy([0, (covered() - lying) / 2], { animate: false });
      lying = covered();
    }

    function write() {
      var order = document.getElementById("order").value, from = here || view().getCenter();
      var stations = parts.stations.within(view());
      stations.forEach(function (s) {
        s.metres = from.distanceTo([s.lat, s.lon]);
        s.doubtful = s.doubts().length > 0;
      });
      stations.sort(function (a, b) {
        return a.doubtful - b.doubtful
          || (order === "name" ? a.name.localeCompare(b.name, yizhan.lang) : a.metres - b.metres)
          || (a.code < b.code ? -1 : 1);
      });
      parts.panel.write(stations, matched, order === "name" && !here ? null : from);
    }

    /* One station --------------------------------------------------------------------------------------- */
    function open(code, from, push) {
      opener = from || null;
      var known = byCode[code];
      yizhan.ask(options.links.feature.replace("CODE", encodeURIComponent(code)) + "?lang=" + yizhan.lang.split("-")[0] + at()).then(function (feature) {
        close();
        detail = { code: code };
        var card = yizhan.card(feature, now());
        var point = feature.geometry && L.latLng(feature.geometry.coordinates[1], feature.geometry.coordinates[0]);
        if (push !== false) window.history.pushState({ opened: true }, "", address(code));
        parts.stations.select(code);
        if (wide.matches && point) popup(card, point, known);
        else sheet(card, point);
        card.focusTarget.focus({ preventScroll: true });
        tell("");
      }, function (error) { tell(error.message, function () { open(code, from, push); }); });
    }
    function at() {
      var value = new URLSearchParams(filters.query()).get("at");
      return value ? "&at=" + encodeURIComponent(value) : "";
    }

    function popup(card, point) {
      if (!map.getBounds().pad(-0.1).contains(point) || map.getZoom() < 12) map.setView(point, Math.max(map.getZoom(), 13), { animate: false });
      detail.popup = L.popup({ className: "station-popup", minWidth: 320, maxWidth: 360, maxHeight: Math.min(560, map.getSize().y - 90), autoPanPadding: [16, 16], offset: [0, -30], closeOnClick: true, autoClose: false })
        .setLatLng(point).setContent(card).openOn(map);
      var box = detail.popup.getElement();
      box.setAttribute("role", "dialog");
      box.setAttribute("aria-label", card.querySelector("h2").textContent);
      var shut = box.querySelector(".leaflet-popup-close-button");
      shut.setAttribute("aria-label", yizhan.say("close"));
      detail.popup.on("remove", function () { if (detail && detail.popup) leave(); });
    }

    function sheet(card, point) {
      var view = parts.panel.views.station;
      view.appendChild(el("button", { type: "button", "class": "back", on: { click: leave } }, [yizhan.icon("chevron", "turned-left"), yizhan.say("back_to_list")]));
      view.appendChild(card);
      parts.panel.show("station");
      detail.sheet = true;
      if (!point) return;
      var zoom = Math.max(map.getZoom(), 13);
      map.setView(map.unproject(map.project(point, zoom).add([0, covered() / 2]), zoom), zoom, { animate: false });
    }

    function close() {
      var was = detail;
      detail = null;
      if (!was) return;
      parts.stations.select(null);
      if (was.popup) was.popup.remove();
      parts.panel.views.station.textContent = "";
      if (was.sheet) parts.panel.show(document.body.classList.contains("with-gaps") ? "gaps" : "list");
    }

    /* Closed by the reader: the address goes back, the focus to where it came from. */
    function leave() {
      var back = window.history.state && window.history.state.opened, from = opener, code = detail && detail.code;
      close();
      if (back) window.history.back();
      else keep();
      var row = code && parts.panel.list.querySelector('a[data-code="' + code.replace(/["\\]/g, "\\$&") + '"]');
      var target = from && document.contains(from) ? from : row || map.getContainer();
      target.focus({ preventScroll: true });
    }

    /* Where several stand on one spot. */
    function several(event) {
      var list = el("ul", { "class": "several" }, event.stations.map(function (s) {
        return el("li", {}, el("button", { type: "button", on: { click: function () { choice.remove(); open(s.code, event.from); } } }, [
          yizhan.pin(yizhan.symbols, s, null), el("span", {}, s.name), el("span", { "class": "state state-" + s.look }, s.words()),
        ]));
      }));
      var choice = L.popup({ className: "several-popup", maxHeight: 320, minWidth: 240 }).setLatLng([event.stations[0].lat, event.stations[0].lon]).setContent(list).openOn(map);
      choice.getElement().querySelector(".leaflet-popup-close-button").setAttribute("aria-label", yizhan.say("close"));
      list.querySelector("button").focus();
    }

    /* Start --------------------------------------------------------------------------------------------- */
    var filters = new yizhan.Filters(form, function () {
      close();
      window.history.pushState({}, "", address(null));
      load(true);
    });
    parts.panel = new yizhan.Panel(document.getElementById("panel"), open, uncovered);
    lying = covered();
    parts.stations.on("station", function (event) { open(event.station.code, event.from); });
    parts.stations.on("several", several);
    parts.locate.on("said", function (event) { tell(event.text); });
    parts.locate.on("found", function (event) {
      here = event.at;
      document.getElementById("order").value = "distance";
      write();
    });
    document.getElementById("order").addEventListener("change", write);
    document.addEventListener("keydown", function (event) {
      if (event.key !== "Escape") return;
      if (detail) leave();
      else filters.fold();
    });
    document.addEventListener("visibilitychange", function () {
      if (!document.hidden && !moment.frozen && Date.now() - moment.local > 300000) load(false); // states have moved on
    });
    window.addEventListener("popstate", function () {
      var before = filters.query(), wanted;
      filters.read(window.location.search);
      wanted = position().station;
      if (detail && detail.code !== wanted) close();
      if (filters.query() !== before) load(true);
      if (wanted && !detail) open(wanted, null, false);
    });

    var first = position();
    if (first.zoom !== null) map.setView([first.lat, first.lon], first.zoom, { animate: false });
    map.on("moveend", yizhan.settled(function () { write(); keep(); }, 120));
    filters.read(window.location.search);
    document.documentElement.classList.add("is-live");
    map.invalidateSize();
    load(first.zoom === null);
    if (map.regions) map.regions.loaded.then(function () {
      write(); // the list names counties
      if (first.zoom === null) show([]);
    }, function () { tell(yizhan.say("ground_failed")); });
    if (first.station) open(first.station, null, false);
    return parts;
  };
})();
