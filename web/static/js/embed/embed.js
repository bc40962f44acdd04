/* An embed put together: stations on the map, the same in a list, a card when one is opened, links out of the frame.

   Nothing is stored and nothing is taken for granted: in a sandboxed frame storage throws, the page has no origin, and
   a link may not even be allowed to open. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el;
  var LISTED = 60;
  var NARROW_PX = 520; // a card over a map that is narrower covers its buttons
  var NEAR_ZOOM = 14, ONE_ZOOM = 15;

  /* Every way out leaves the frame: our own pages may not be shown in one. */
  function outward(node) {
    node.querySelectorAll("a[href]").forEach(function (link) {
      if (/^tel:/.test(link.getAttribute("href"))) return;
      link.target = "_blank";
      link.rel = "noopener";
    });
    return node;
  }

  yizhan.embed = function (map, options) {
    yizhan.vocabulary = options.vocabulary;
    yizhan.links = options.links;
    var stations = options.stations, status = document.getElementById("status"), form = document.getElementById("filters");
    var rows = document.getElementById("rows"), count = document.getElementById("count"), more = document.getElementById("more");
    var full = document.getElementById("open-full");
    var moment = { server: Date.now(), local: Date.now(), frozen: false };
    var matched = 0, asking = null, from = null, popup = null, opener = null;
    var here = options.near ? L.latLng(options.near[1], options.near[0]) : null;

    if (options.told.length) console.warn(yizhan.say("not_read", { names: options.told.join("; "), where: options.where }));

    function now() { return moment.frozen ? moment.server : moment.server + (Date.now() - moment.local); }
    function tell(text, retry) {
      status.textContent = text || "";
      if (retry) status.appendChild(el("button", { type: "button", on: { click: retry } }, yizhan.say("retry")));
    }

    /* The query as the reader's own filters make it. */
    function query() {
      if (!form) return options.query;
      var search = new URLSearchParams(options.query), chosen = {};
      form.querySelectorAll('input[type="checkbox"]').forEach(function (input) {
        chosen[input.name] = (chosen[input.name] || []).concat(input.checked ? input.value : []);
      });
      Object.keys(chosen).forEach(function (name) {
        if (chosen[name].length) search.set(name, chosen[name].join(","));
        else search.delete(name);
      });
      return search.toString().replace(/%2C/g, ",");
    }

    /* Stations ---------------------------------------------------------------------------------------- */
    function dressed(s) {
      s.until = s.until ? Date.parse(s.until) : null;
      s.look = yizhan.lookOf(s.lifecycle, s.state);
      s.words = function () { return yizhan.stateWords(s.look, s.state, s.until, s.then, now()); };
      s.where = function () { var area = map.regions && map.regions.areas[s.region]; return area ? area.name : ""; };
      return s;
    }
    function ofFeature(feature) {
      var p = feature.properties, at = feature.geometry && feature.geometry.coordinates;
      return at ? [dressed({ code: p.code, lon: at[0], lat: at[1], name: yizhan.nameOf(p), kind: p.kind, lifecycle: p.lifecycle, region: p.region, state: p.state.now, until: p.state.until, then: p.state.then })] : [];
    }
    function ofRows(body) {
      return body.rows.map(function (row) {
        var s = {};
        body.columns.forEach(function (column, i) { s[column] = row[i]; });
        return dressed(s);
      });
    }

    function load(fit) {
      if (options.missing) return Promise.resolve();
      if (asking) asking.abort();
      asking = new AbortController();
      var signal = asking.signal, asked = query();
      document.body.setAttribute("aria-busy", "true");
      var found = options.only
        ? (options.feature && fit ? Promise.resolve(options.feature) : yizhan.ask(options.links.feature.replace("CODE", encodeURIComponent(options.only)), signal)).then(function (feature) {
          moment = { server: Date.parse(feature.properties.state.at), local: Date.now(), frozen: false };
          matched = 1;
          return ofFeature(feature);
        })
        : yizhan.ask(options.links.stations + (asked ? "?" + asked : ""), signal).then(function (body) {
          moment = { server: Date.parse(body.timeStamp), local: Date.now(), frozen: Boolean(body.at) };
          matched = body.counts.matched;
          return ofRows(body);
        });
      var gaps = options.gaps ? options.gaps.show(asked, gapBox().querySelector("[data-gaps]"), signal) : null;
      return Promise.all([found, gaps]).then(function (all) {
        stations.show(all[0]);
        if (fit) look(all[0]);
        tell(all[0].length ? "" : options.only ? yizhan.say("position_missing") : "");
        write();
      }).catch(function (error) {
        if (error.name !== "AbortError") tell(error.message, function () { load(fit); });
      }).then(function () { if (!signal.aborted) { document.body.removeAttribute("aria-busy"); document.documentElement.classList.add("is-live"); } });
    }

    /* The first view, where the address gives none. */
    function look(all) {
      if (options.view) return;
      var spots = all.map(function (s) { return L.latLng(s.lat, s.lon); });
      if (options.only) { if (spots.length) map.setView(spots[0], ONE_ZOOM, { animate: false }); return; }
      if (here) {
        var close = spots.sort(function (a, b) { return a.distanceTo(here) - b.distanceTo(here); }).slice(0, 5);
        map.fitBounds(L.latLngBounds(close.concat([here])), { maxZoom: NEAR_ZOOM, padding: [48, 48], animate: false });
        return;
      }
      if (options.fit === "stations" && spots.length) map.fitBounds(L.latLngBounds(spots), { maxZoom: NEAR_ZOOM, padding: [44, 44], animate: false });
      if (options.fit === "region" && map.regions) map.regions.loaded.then(function () {
        var bounds = L.latLngBounds([]);
        options.regions.forEach(function (code) { if (map.regions.areas[code]) bounds.extend(map.regions.areas[code].bounds); });
        if (bounds.isValid()) map.fitBounds(bounds, { padding: [12, 12], animate: false });
      }, function () { /* without a base map the first view is the whole */ });
    }

    /* The list: what is in view, nearest first. */
    function write() {
      var middle = from || here || map.getCenter(), seen = stations.within(options.only || document.body.classList.contains("list-none") ? map.getBounds().pad(9) : map.getBounds());
      seen.forEach(function (s) { s.metres = middle.distanceTo([s.lat, s.lon]); });
      seen.sort(function (a, b) { return a.metres - b.metres || (a.code < b.code ? -1 : 1); });
      count.textContent = yizhan.say("in_view", { n: yizhan.number(seen.length), all: yizhan.number(matched) });
      rows.textContent = "";
      seen.slice(0, LISTED).forEach(function (s) { rows.appendChild(row(s, Boolean(from || here))); });
      if (!seen.length) rows.appendChild(el("li", { "class": "empty" }, yizhan.say("none_in_view")));
      more.hidden = seen.length <= LISTED;
      more.textContent = "";
      if (!more.hidden) more.appendChild(el("a", { href: address(), target: "_blank", rel: "noopener" }, yizhan.say("more_on_map", { n: yizhan.number(seen.length - LISTED) })));
      if (full) full.href = address();
      document.body.dataset.view = address().split("#")[1].split("/").slice(0, 3).join("/"); // the builder takes it from here
    }
    function row(s, far) {
      return el("li", {}, el("button", { type: "button", "class": "row", "data-code": s.code, on: { click: function () { open(s, this); } } }, [
        yizhan.pin(yizhan.symbols, s, null),
        el("span", { "class": "row-name" }, s.name),
        el("span", { "class": "row-state state state-" + s.look }, s.words()),
        el("span", { "class": "row-facts" }, [s.where(), yizhan.labels.kinds[s.kind], far ? yizhan.distance(s.metres) : ""].filter(Boolean).join(" \u00b7 ")),
      ]));
    }

    /* The full map with all that the embed shows now: filters, coverage, view, station. */
    function address() {
      var asked = query(), at = map.getCenter(), digits = Math.max(2, Math.ceil(map.getZoom() / 3)), code = (popup && popup.code) || options.only;
      return options.links.full + (asked ? "?" + asked : "") + "#" + [map.getZoom(), at.lng.toFixed(digits), at.lat.toFixed(digits)].concat(code ? encodeURIComponent(code) : []).join("/");
    }

    /* One station ------------------------------------------------------------------------------------- */
    function open(s, by, quietly) {
      yizhan.ask(options.links.feature.replace("CODE", encodeURIComponent(s.code)) + "?lang=" + yizhan.lang.split("-")[0]).then(function (feature) {
        show(outward(yizhan.card(feature, now())), s, by, quietly);
        tell("");
      }, function (error) { tell(error.message, function () { open(s, by, quietly); }); });
    }
    function show(card, s, by, quietly) {
      var size = map.getSize(), point = L.latLng(s.lat, s.lon);
      close();
      opener = by || null;
      if (!map.getBounds().pad(-0.1).contains(point)) map.setView(point, Math.max(map.getZoom(), NEAR_ZOOM), { animate: false });
      stations.select(s.code);
      popup = L.popup({ className: "station-popup", minWidth: Math.min(300, size.x - 60), maxWidth: Math.min(340, size.x - 60), maxHeight: Math.max(120, Math.min(480, size.y - 80)), autoPanPadding: [10, 10], offset: [0, -30], autoClose: false })
        .setLatLng(point).setContent(card);
      popup.code = s.code;
      popup.openOn(map);
      document.body.classList.toggle("with-card", size.x < NARROW_PX);
      var box = popup.getElement();
      box.setAttribute("role", "dialog");
      box.setAttribute("aria-label", card.querySelector("h2").textContent);
      box.querySelector(".leaflet-popup-close-button").setAttribute("aria-label", yizhan.say("close"));
      popup.on("remove", left);
      if (!quietly) card.focusTarget.focus({ preventScroll: true });
      if (full) full.href = address();
    }
    function close() {
      if (!popup) return;
      popup.off("remove", left);
      popup.remove();
      popup = null;
      document.body.classList.remove("with-card");
    }
    /* Closed by the reader: the focus goes back to where it came from, or to the same station's new row. */
    function left() {
      var code = popup && popup.code;
      popup = null;
      document.body.classList.remove("with-card");
      stations.select(null);
      if (full) full.href = address();
      var again = rows.querySelector('[data-code="' + String(code).replace(/["\\]/g, "\\$&") + '"]');
      var target = opener && document.contains(opener) ? opener : again || map.getContainer();
      target.focus({ preventScroll: true });
    }
    function several(event) {
      var choice = L.popup({ className: "several-popup", maxHeight: Math.max(120, map.getSize().y - 90), minWidth: Math.min(240, map.getSize().x - 60) })
        .setLatLng([event.stations[0].lat, event.stations[0].lon]);
      var list = el("ul", { "class": "several" }, event.stations.map(function (s) {
        return el("li", {}, el("button", { type: "button", on: { click: function () { choice.remove(); open(s, event.from); } } }, [
          yizhan.pin(yizhan.symbols, s, null), el("span", {}, s.name), el("span", { "class": "state state-" + s.look }, s.words()),
        ]));
      }));
      choice.setContent(list).openOn(map);
      choice.getElement().querySelector(".leaflet-popup-close-button").setAttribute("aria-label", yizhan.say("close"));
      list.querySelector("button").focus();
    }

    /* The coverage gaps in words, folded away on the map. */
    function gapBox() {
      if (gapBox.made) return gapBox.made;
      var box = (gapBox.made = el("details", { "class": "legend embed-gaps" }, [
        el("summary", {}, [yizhan.icon("layers"), yizhan.say("gaps")]), el("div", { "class": "legend-body", "data-gaps": true }),
      ]));
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      var control = L.control({ position: "topleft" });
      control.onAdd = function () { return box; };
      control.addTo(map);
      return box;
    }

    /* Start ------------------------------------------------------------------------------------------- */
    if (options.zoom && !options.locate) L.control.zoom({ position: "topright", zoomInTitle: yizhan.say("zoom_in"), zoomOutTitle: yizhan.say("zoom_out") }).addTo(map);
    if (here) L.circleMarker(here, { radius: 8, className: "here", weight: 3, interactive: false }).addTo(map);
    stations.on("station", function (event) { open(event.station, event.from); });
    stations.on("several", several);
    if (options.locate) {
      options.locate.on("said", function (event) { tell(event.text); });
      options.locate.on("found", function (event) { from = event.at; write(); });
    }
    if (form) {
      form.addEventListener("change", function (event) {
        var input = event.target;
        if (input.checked && input.dataset.single !== undefined) form.querySelectorAll('[name="' + input.name + '"]').forEach(function (other) { if (other !== input) other.checked = false; });
        close();
        load(false);
      });
      form.addEventListener("submit", function (event) { event.preventDefault(); });
    }
    document.addEventListener("keydown", function (event) { if (event.key === "Escape" && popup) popup.remove(); });
    document.addEventListener("visibilitychange", function () {
      if (!document.hidden && !moment.frozen && Date.now() - moment.local > 300000) load(false); // states have moved on
    });
    if (options.view) map.setView([options.view[1], options.view[0]], options.view[2], { animate: false });
    map.on("moveend", yizhan.settled(write, 120));
    load(true).then(function () {
      var only = options.only && stations.within(map.getBounds())[0];
      // Opened by the address and not by the reader, whose focus stays on the page around.
      if (only && document.body.classList.contains("list-none") && map.getSize().y >= 300) show(outward(yizhan.card(options.feature, now())), only, null, true);
    });
    if (map.regions) map.regions.loaded.then(write, function () { tell(yizhan.say("ground_failed")); });
    return stations;
  };
})();
