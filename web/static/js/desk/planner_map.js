/* A run of coverage on a map: areas in shades, cells, the areas served and where they overlap, gaps, and stations by
   whether they count.

   The shades stand in the page's figures, so the map and the table beside it cannot differ. Cells come as pictures, for
   a province has more of them than a browser draws. Two maps move together. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, runs = (yizhan.plannerRuns = []);

  function ring(numbers, scale) {
    var points = [], x = 0, y = 0;
    for (var i = 0; i < numbers.length; i += 2) {
      x += numbers[i];
      y += numbers[i + 1];
      points.push([y / scale, x / scale]);
    }
    return points;
  }

  function said(minutes) { return minutes === null ? yizhan.say("too_far") : yizhan.say("minutes", { n: yizhan.number(minutes) }); }

  function Run(map, options) {
    this.map = map;
    this.options = options;
    this.on = {};
    this.layers = {};
    options.layers.forEach(function (layer) { this.on[layer] = true; }, this);
    map.createPane("cells").style.zIndex = 300;
    map.createPane("reach").style.zIndex = 350;
    map.createPane("doors").style.zIndex = 420;
    map.createPane("gaps").style.zIndex = 430; // drawn as SVG: a canvas would catch the clicks meant for stations below
    this._drawers = { reach: L.canvas({ pane: "reach", padding: 0.3 }), doors: L.canvas({ pane: "doors", padding: 0.3 }), gaps: L.svg({ pane: "gaps", padding: 0.3 }) };
    L.control.zoom({ position: "topright" }).addTo(map);
    if (options.title) this._name(options.title);
    if (options.at) map.setView([options.at[1], options.at[0]], options.at[2], { animate: false });
    else if (options.focus) map.fitBounds([[options.focus[1], options.focus[0]], [options.focus[3], options.focus[2]]], { animate: false });
    var run = this;
    yizhan.onColours(function () { run.draw(); });
    map.on("click", function (event) { run._cell(event.latlng); });
    this.shade();
    this.hour(this.figures().getAttribute("data-hour"));
  }

  Run.prototype.figures = function () { return document.querySelector(this.options.figures); };

  Run.prototype.tell = function (words) {
    var place = document.querySelector("[data-map-words]");
    if (place) place.textContent = words;
  };

  Run.prototype._name = function (title) {
    var control = L.control({ position: "topleft" });
    control.onAdd = function () { return el("div", { "class": "map-title" }, title); };
    control.addTo(this.map);
  };

  /** Show what the run found at an hour of its day; "" is the moment that was asked about. */
  Run.prototype.hour = function (hour) {
    var run = this, asking = new AbortController();
    if (this._loading) this._loading.abort();
    this._loading = asking;
    this.at = hour;
    this.map.closePopup(); // what it says was so at another hour
    this.loaded = yizhan.ask(this._hourly(this.options.url), asking.signal).then(function (body) {
      run.body = body;
      run.draw();
      run.tell((run.on.reach && body.reach === null) || (run.on.overlap && body.overlap === null) ? yizhan.say("too_much") : "");
    }).catch(function (error) { if (error.name !== "AbortError") run.tell(error.message); });
    this.doors(hour);
  };

  Run.prototype._hourly = function (address, more) {
    var query = (more || []).concat(this.at ? ["hour=" + this.at] : []);
    return address + (query.length ? "?" + query.join("&") : "");
  };

  /** Colour the areas as the figures say. */
  Run.prototype.shade = function () {
    var map = this.map, run = this, shades = JSON.parse(this.figures().getAttribute("data-shades")), colours = {};
    Object.keys(shades).forEach(function (code) { colours[code] = yizhan.colour("gap-" + shades[code]); });
    var hour = this.figures().getAttribute("data-hour");
    map.regions.loaded.then(function () {
      map.regions.shade(run.on.areas ? colours : null);
      map.getContainer().setAttribute("data-hour", hour);
    }, function () { run.tell(yizhan.say("failed")); });
  };

  /** Draw what the run found, as far as it is switched on. */
  Run.prototype.draw = function () {
    var body = this.body, made = this.layers;
    this.shade();
    Object.keys(made).forEach(function (name) { made[name].remove(); delete made[name]; });
    if (this.on.cells) made.cells = this._cells().addTo(this.map);
    if (body && body.reach && this.on.reach) made.reach = this._area(body, "reach", "service", 0.14).addTo(this.map);
    if (body && body.overlap && this.on.overlap) made.overlap = this._area(body, "overlap", "accent", 0.3).addTo(this.map);
    if (body && this.on.gaps) made.gaps = this._gaps(body).addTo(this.map);
    if (this._rows && this.on.stations) made.stations = this._stations(body).addTo(this.map);
    if (body && this._rows) this.map.getContainer().setAttribute("data-drawn", "");
  };

  Run.prototype.toggle = function (layer, on) {
    this.on[layer] = on;
    this.draw();
  };

  Run.prototype._area = function (body, name, colour, opacity) {
    var polygons = body[name].map(function (polygon) { return polygon.map(function (numbers) { return ring(numbers, body.scale); }); });
    return L.polygon(polygons, { pane: "reach", renderer: this._drawers.reach, interactive: false, smoothFactor: 0.3, weight: 1.2, color: yizhan.colour(colour), fillColor: yizhan.colour(colour), fillOpacity: opacity });
  };

  Run.prototype._cells = function () {
    var asked = ["theme=" + (yizhan.isDark() ? "dark" : "light")];
    if (this.map.options.crs !== L.CRS.EPSG3857) asked.push("datum=gcj02"); // pictures are not projected: they come as the base map lies
    return L.tileLayer(this._hourly(this.options.cells, asked), { pane: "cells", maxZoom: 20, keepBuffer: 1 });
  };

  Run.prototype._gaps = function (body) {
    var run = this, main = this.options.main, drawer = this._drawers.gaps;
    return L.layerGroup(body.gaps.map(function (gap) {
      return L.circleMarker([gap.lat, gap.lon], { renderer: drawer, pane: "gaps", radius: Math.min(14, 3 + Math.sqrt(gap.people) / 25), weight: 1.5, color: yizhan.colour("gap-ink"), fillColor: yizhan.colour("gap-hollow"), fillOpacity: 0.75 })
        .on("click", function (event) {
          L.DomEvent.stopPropagation(event);
          run._popup(event.latlng, "", yizhan.say("gap", { people: yizhan.number(Math.round(gap.people)), main: main, minutes: said(gap.minutes) }));
        });
    }));
  };

  /** Fetch the stations as they stand at an hour of the day asked about; "" is the moment of the run. */
  Run.prototype.doors = function (hour) {
    var run = this, moment = this.options.moment, query = "?lifecycle=open,planned,building,suspended";
    if (moment && hour) moment = moment.slice(0, 11) + (hour.length < 2 ? "0" : "") + hour + ":00" + moment.slice(16);
    if (moment) query += "&at=" + encodeURIComponent(moment);
    if (this._asking) this._asking.abort();
    var asking = (this._asking = new AbortController());
    return yizhan.ask(this.options.stations + query, asking.signal).then(function (body) {
      var at = {};
      body.columns.forEach(function (name, i) { at[name] = i; });
      run._rows = body.rows.map(function (row) {
        return { code: row[at.code], name: row[at.name], lon: row[at.lon], lat: row[at.lat], lifecycle: row[at.lifecycle], look: yizhan.lookOf(row[at.lifecycle], row[at.state]) };
      });
      run._timed = Boolean(moment);
      run.draw();
    }).catch(function (error) { if (error.name !== "AbortError") run.tell(error.message); });
  };

  Run.prototype._stations = function (body) {
    var run = this, timed = this._timed, drawer = this._drawers.doors;
    return L.layerGroup(this._rows.map(function (row) {
      var counted = body && body.stations[row.code], open = timed ? row.look !== "closed" && row.lifecycle === "open" : row.lifecycle === "open";
      // The oldest runs do not know who counts at an hour: there the state of each station tells.
      var lit = body && body.known ? Boolean(counted && counted[2]) : open && (counted || timed);
      return L.circleMarker([row.lat, row.lon], { renderer: drawer, pane: "doors", radius: lit ? 4.5 : 3.5, weight: 1.5, color: yizhan.colour(lit ? "paper" : "quiet"), fillColor: yizhan.colour(lit ? "accent" : "paper"), fillOpacity: 1 })
        .on("click", function (event) {
          L.DomEvent.stopPropagation(event);
          var words = counted && counted[0] === null ? yizhan.say(lit ? "counted" : "not_counted") : counted ? yizhan.say("station", { main: run.options.main, within: yizhan.number(Math.round(counted[0])), only: yizhan.number(Math.round(counted[1])) }) : yizhan.say("not_counted");
          run._popup(event.latlng, row.name, yizhan.labels.looks[row.look] + yizhan.say("colon") + words, run.options.station.replace("CODE", encodeURIComponent(row.code)));
        });
    }));
  };

  Run.prototype._cell = function (position) {
    var run = this;
    if (!this.on.cells) return;
    var place = position.wrap();
    yizhan.ask(this._hourly(this.options.cell, ["lon=" + place.lng.toFixed(6), "lat=" + place.lat.toFixed(6)])).then(function (answer) {
      var cell = answer.cell, minutes;
      if (!cell) return;
      if ("within" in cell) minutes = cell.within === null ? yizhan.say("too_far") : yizhan.say("within", { n: cell.within });
      else minutes = said(cell.minutes);
      run._popup(L.latLng(cell.lat, cell.lon), "", yizhan.say("within" in cell ? "cell_hour" : "cell", { people: yizhan.number(Math.round(cell.people)), minutes: minutes }));
    }).catch(function (error) { run.tell(error.message); });
  };

  Run.prototype._popup = function (position, title, words, url) {
    L.popup({ className: "place-popup", autoPanPadding: [24, 24] }).setLatLng(position)
      .setContent(el("div", { "class": "place-note" }, [title ? el("strong", {}, title) : null, el("p", {}, words), url ? el("a", { href: url }, yizhan.say("to_station")) : null]))
      .openOn(this.map);
  };

  /** Show an area. */
  Run.prototype.go = function (code) {
    var area = this.map.regions.areas[code];
    if (area && area.bounds.isValid()) this.map.fitBounds(area.bounds, { padding: [20, 20] });
  };

  /** Show a place. */
  Run.prototype.look = function (lon, lat) {
    this.map.setView([Number(lat), Number(lon)], Math.max(12, this.map.getZoom()));
    this.map.getContainer().scrollIntoView({ block: "nearest" });
  };

  function together(first, second) {
    [[first, second], [second, first]].forEach(function (pair) {
      pair[0].map.on("moveend", function () {
        if (pair[0].moved) { pair[0].moved = false; return; }
        if (pair[1].map.getZoom() === pair[0].map.getZoom() && pair[1].map.getCenter().equals(pair[0].map.getCenter(), 1e-6)) return;
        pair[1].moved = true;
        pair[1].map.setView(pair[0].map.getCenter(), pair[0].map.getZoom(), { animate: false });
      });
    });
  }

  yizhan.plannerRun = function (map, options) {
    var run = new Run(map, options);
    runs.push(run);
    if (runs.length === 2) together(runs[0], runs[1]);
    document.dispatchEvent(new CustomEvent("planner-run"));
    return run;
  };
})();
