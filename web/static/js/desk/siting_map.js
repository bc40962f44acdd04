/* A plan of sites on a map: its sites numbered in their order, whom they newly reach, what stands already, and where else
   one could stand. A site can be dragged to ask what would be lost; the plan itself never changes. Two plans lie over
   each other: their common sites are drawn once.

   Announces "siting-picked" with a site's key, and "siting-moved" with a key and a place. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, STEPS = 4;
  var LOOKS = {
    open: { colour: "accent", filled: true, radius: 4.5 },
    suspended: { colour: "quiet", filled: true, radius: 4 },
    building: { colour: "service", filled: false, radius: 4.5, weight: 2.5 },
    planned: { colour: "service", filled: false, radius: 4.5, weight: 1.5, dash: "3 3" }
  };

  function Plans(map, options) {
    this.map = map;
    this.options = options;
    this.layers = {};
    this.marks = {};
    this.on = { fresh: true, stations: true, offered: true, left: false };
    map.createPane("cells").style.zIndex = 300;
    map.createPane("offered").style.zIndex = 410;
    map.createPane("doors").style.zIndex = 420;
    this._drawers = {};
    ["cells", "offered", "doors"].forEach(function (pane) { this._drawers[pane] = L.canvas({ pane: pane, padding: 0.3 }); }, this);
    L.control.zoom({ position: "topright" }).addTo(map);
    var plans = this, focus = options.focus;
    if (focus) map.fitBounds([[focus[1], focus[0]], [focus[3], focus[2]]], { animate: false, padding: [24, 24] });
    yizhan.onColours(function () { plans.draw(); });
    Promise.all(options.plans.map(function (plan) { return yizhan.ask(plan.url); })).then(function (bodies) {
      plans.bodies = bodies;
      plans.draw();
      plans._fit(focus);
    }).catch(function (error) { plans.tell(error.message); });
    this._stations();
  }

  Plans.prototype.tell = function (words) {
    var place = document.querySelector("[data-map-words]");
    if (place) place.textContent = words;
  };

  Plans.prototype._fit = function (focus) {
    var places = [];
    this.bodies.forEach(function (body) { body.sites.forEach(function (site) { places.push([site[4], site[3]]); }); });
    if (!focus && places.length) this.map.fitBounds(L.latLngBounds(places), { animate: false, padding: [48, 48], maxZoom: 13 });
  };

  Plans.prototype._stations = function () {
    var plans = this, query = "?lifecycle=open,planned,building,suspended";
    if (this.options.moment) query += "&at=" + encodeURIComponent(this.options.moment);
    yizhan.ask(this.options.stations + query).then(function (body) {
      var at = {};
      body.columns.forEach(function (name, i) { at[name] = i; });
      plans.doors = body.rows.map(function (row) {
        return { code: row[at.code], name: row[at.name], lon: row[at.lon], lat: row[at.lat], lifecycle: row[at.lifecycle], look: yizhan.lookOf(row[at.lifecycle], row[at.state]) };
      });
      plans.draw();
    }).catch(function (error) { plans.tell(error.message); });
  };

  Plans.prototype.toggle = function (layer, on) {
    this.on[layer] = on;
    this.draw();
  };

  /** Draw what is known by now, as far as it is switched on. */
  Plans.prototype.draw = function () {
    var made = this.layers, bodies = this.bodies;
    Object.keys(made).forEach(function (name) { made[name].remove(); delete made[name]; });
    if (this.doors && this.on.stations) made.doors = this._doors().addTo(this.map);
    if (!bodies) return;
    if (this.on.left) made.left = this._cells(bodies[0].left, bodies[0].size_m, function () { return "gap-4"; }).addTo(this.map);
    if (this.on.fresh) made.fresh = this._fresh().addTo(this.map);
    if (this.on.offered) made.offered = this._offered().addTo(this.map);
    made.sites = this._sites().addTo(this.map);
    if (this.picked) this._light();
    if (this.doors) this.map.getContainer().setAttribute("data-drawn", "");
  };

  Plans.prototype._fresh = function () {
    var group = L.layerGroup(), plans = this, paired = this.bodies.length > 1;
    this.bodies.forEach(function (body, index) {
      plans._cells(body.cells, body.size_m, function () { return paired && index ? "accent" : "service"; }).addTo(group);
    });
    return group;
  };

  /** Squares in a few steps of strength, by their people: one path for each step, for there may be thousands. */
  Plans.prototype._cells = function (cells, size, colour) {
    var most = cells.reduce(function (found, cell) { return Math.max(found, cell[2]); }, 0), steps = [], drawer = this._drawers.cells;
    for (var step = 0; step < STEPS; step += 1) steps.push([]);
    cells.forEach(function (cell) {
      var at = most ? Math.min(STEPS - 1, Math.floor(STEPS * Math.sqrt(cell[2] / most))) : 0;
      steps[at].push([square(cell[0], cell[1], size)]);
    });
    return L.layerGroup(steps.map(function (rings, at) {
      return L.polygon(rings, { renderer: drawer, pane: "cells", interactive: false, smoothFactor: 0, weight: 1, opacity: 0.3 + 0.15 * at, color: yizhan.colour(colour()), fillColor: yizhan.colour(colour()), fillOpacity: 0.22 + 0.16 * at });
    }));
  };

  function square(lon, lat, size) {
    var up = size / 2 / 111320, across = up / Math.cos(lat * Math.PI / 180);
    return [[lat - up, lon - across], [lat - up, lon + across], [lat + up, lon + across], [lat + up, lon - across]];
  }

  Plans.prototype._offered = function () {
    var plans = this, drawer = this._drawers.offered;
    return L.layerGroup(this.bodies[0].offered.map(function (one) {
      return L.circleMarker([one[2], one[1]], { renderer: drawer, pane: "offered", radius: 3, weight: 1, color: yizhan.colour("quiet"), opacity: 0.55, fillColor: yizhan.colour("paper"), fillOpacity: 0.5 })
        .on("click", function (event) {
          L.DomEvent.stopPropagation(event);
          plans._popup(event.latlng, one[3] || one[0], yizhan.say("not_chosen"));
        });
    }));
  };

  Plans.prototype._doors = function () {
    var plans = this, drawer = this._drawers.doors;
    return L.layerGroup(this.doors.map(function (row) {
      var style = LOOKS[row.lifecycle] || LOOKS.suspended, colour = yizhan.colour(style.colour), paper = yizhan.colour("paper");
      return L.circleMarker([row.lat, row.lon], { renderer: drawer, pane: "doors", radius: style.radius, weight: style.filled ? 1.5 : style.weight, dashArray: style.dash || null, color: style.filled ? paper : colour, fillColor: style.filled ? colour : paper, fillOpacity: 1 })
        .on("click", function (event) {
          L.DomEvent.stopPropagation(event);
          plans._popup(event.latlng, row.name, yizhan.labels.looks[row.look], plans.options.station.replace("CODE", encodeURIComponent(row.code)));
        });
    }));
  };

  Plans.prototype._sites = function () {
    var plans = this, group = L.layerGroup(), known = {};
    this.marks = {};
    this.bodies.forEach(function (body) {
      body.sites.forEach(function (site) { known[site[1]] = (known[site[1]] || 0) + 1; });
    });
    this.bodies.forEach(function (body, index) {
      body.sites.slice().reverse().forEach(function (site) {
        if (plans.marks[site[1]]) return; // the second plan's mark of a site that both have
        var common = plans.bodies.length > 1 && known[site[1]] > 1;
        plans.marks[site[1]] = plans._mark(site, index, common).addTo(group);
      });
    });
    return group;
  };

  Plans.prototype._mark = function (site, index, common) {
    var plans = this, key = site[1], paired = this.bodies.length > 1;
    var kind = !paired ? "" : common ? " is-common" : index ? " is-second" : " is-first";
    var words = yizhan.say("site", { n: site[0], name: site[2] || key, people: yizhan.number(Math.round(site[5])) });
    var wide = site[0] > 99 ? 34 : 28;
    // The tip of the drop stands on the place.
    var mark = L.marker([site[4], site[3]], {
      icon: L.divIcon({ className: "site-mark" + kind, html: el("span", {}, String(site[0])), iconSize: [wide, 28], iconAnchor: [wide / 2, 33] }),
      draggable: Boolean(this.options.loss), autoPan: true, keyboard: true, title: words, alt: words, riseOnHover: true, zIndexOffset: 1000 - site[0]
    });
    mark.home = L.latLng(site[4], site[3]);
    mark.depth = 1000 - site[0];
    mark.on("click", function () { plans.pick(key); });
    mark.on("keypress", function (event) { if (event.originalEvent.key === "Enter") plans.pick(key); });
    mark.on("dragstart", function () { plans.map.closePopup(); });
    mark.on("dragend", function () { plans._moved(key, mark); });
    return mark;
  };

  /** A site stands elsewhere now, for looking at alone. */
  Plans.prototype._moved = function (key, mark) {
    var place = mark.getLatLng().wrap();
    if (this.away && this.away !== key) this.back();
    this.away = key;
    mark.getElement().classList.add("is-moved");
    if (this.trace) this.trace.remove();
    this.trace = L.polyline([mark.home, place], { color: yizhan.colour("warn"), weight: 2, dashArray: "5 5", interactive: false }).addTo(this.map);
    document.dispatchEvent(new CustomEvent("siting-moved", { detail: { key: key, lon: place.lng, lat: place.lat } }));
  };

  /** Show a site elsewhere, as a drag does. */
  Plans.prototype.move = function (key, lon, lat) {
    var mark = this.marks[key];
    if (!mark) return;
    mark.setLatLng([lat, lon]);
    this._moved(key, mark);
  };

  /** Put the site that was moved back into its place. */
  Plans.prototype.back = function () {
    var mark = this.away && this.marks[this.away];
    if (this.trace) this.trace.remove();
    this.trace = null;
    if (mark) {
      mark.setLatLng(mark.home);
      mark.getElement().classList.remove("is-moved");
    }
    this.away = null;
  };

  /** Light the cells of a site and say which was picked. */
  Plans.prototype.pick = function (key) {
    this.picked = key;
    this._light();
    document.dispatchEvent(new CustomEvent("siting-picked", { detail: { key: key } }));
  };

  Plans.prototype._light = function () {
    var body = this.bodies[0], key = this.picked, marks = this.marks, chosen = body.sites.filter(function (site) { return site[1] === key; })[0];
    Object.keys(marks).forEach(function (each) {
      var element = marks[each].getElement();
      if (!element) return;
      element.classList.toggle("is-picked", each === key);
      marks[each].setZIndexOffset(each === key ? 5000 : marks[each].depth);
    });
    if (this.layers.lit) this.layers.lit.remove();
    if (!chosen) return;
    var mine = body.cells.filter(function (cell) { return cell[3] === chosen[0]; });
    this.layers.lit = this._cells(mine, body.size_m, function () { return "soon"; }).addTo(this.map);
  };

  /** Show a site. */
  Plans.prototype.look = function (key) {
    var mark = this.marks[key];
    if (!mark) return;
    this.map.setView(mark.getLatLng(), Math.max(12, this.map.getZoom()));
    this.map.getContainer().scrollIntoView({ block: "nearest" });
    this.pick(key);
  };

  Plans.prototype._popup = function (position, title, words, url) {
    L.popup({ className: "place-popup", autoPanPadding: [24, 24] }).setLatLng(position)
      .setContent(el("div", { "class": "place-note" }, [title ? el("strong", {}, title) : null, el("p", {}, words), url ? el("a", { href: url }, yizhan.say("to_station")) : null]))
      .openOn(this.map);
  };

  yizhan.sitingPlans = function (map, options) {
    yizhan.siting = new Plans(map, options);
    document.dispatchEvent(new CustomEvent("siting-map"));
    return yizhan.siting;
  };
})();
