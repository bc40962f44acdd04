/* Stations on the map: gathered into counted rings where they would overlap, drawn only where in view.

   Each marker and ring is a button with a name, so a keyboard reaches it; there are never more than fit on the
   screen, however many stations there are. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var GATHER_PX = 46; // markers nearer than this are gathered
  var APART_ZOOM = 16; // from here on only markers that would hide each other are
  var APART_PX = 12;

  /* A ring whose arcs are the shares that are open, unknown and not open. */
  var RING = [["open", "ring-open"], ["unknown", "ring-unknown"], ["other", "ring-other"]];
  function ringOf(counts, total, label) {
    var size = total < 10 ? 34 : total < 100 ? 40 : total < 1000 ? 46 : 54;
    var radius = size / 2 - 3, round = 2 * Math.PI * radius, from = 0;
    var arcs = RING.map(function (part) {
      var length = (round * counts[part[0]]) / total;
      var arc = yizhan.svg("circle", {
        "class": part[1], cx: size / 2, cy: size / 2, r: radius, fill: "none", "stroke-width": 4,
        "stroke-dasharray": length + " " + (round - length), "stroke-dashoffset": -from,
      });
      from += length;
      return length > 0 ? arc : null;
    }).filter(Boolean);
    var element = yizhan.el("div", { "class": "ring", role: "button", "aria-label": label }, [
      yizhan.svg("svg", { width: size, height: size, viewBox: "0 0 " + size + " " + size, "aria-hidden": "true", focusable: "false" },
        [yizhan.svg("circle", { "class": "ring-core", cx: size / 2, cy: size / 2, r: radius })].concat(arcs)),
      yizhan.el("span", {}, yizhan.number(total)),
    ]);
    element.style.width = element.style.height = size + "px";
    element.style.margin = -size / 2 + "px 0 0 " + -size / 2 + "px";
    return element;
  }

  /* Leaflet's icons take markup; this one takes a function that makes an element. */
  var MadeIcon = L.Icon.extend({
    createIcon: function () {
      var element = this.options.make();
      element.classList.add("leaflet-marker-icon");
      return element;
    },
    createShadow: function () { return null; },
  });

  /* Leaflet lets the Enter key open bound pop-ups only; a button answers to Enter and to the space bar. */
  function onPress(marker, action) {
    marker.on("click", action);
    marker.on("keydown", function (event) {
      if (event.originalEvent.key !== "Enter" && event.originalEvent.key !== " ") return;
      L.DomEvent.stop(event.originalEvent);
      action();
    });
  }

  var Stations = L.Layer.extend({
    initialize: function (options) {
      this._symbols = yizhan.symbols;
      this._all = [];
      this._shown = {};
      this._levels = {};
      this.selected = null;
    },

    onAdd: function (map) {
      map.on("moveend resize", this._refresh, this);
      this._group = L.layerGroup().addTo(map);
    },

    onRemove: function (map) {
      map.off("moveend resize", this._refresh, this);
      this._group.remove();
    },

    /** Show these stations ({code, lon, lat, name, kind, look, state, …}) and no others. */
    show: function (stations) {
      stations.forEach(function (station) {
        var world = L.CRS.EPSG3857.latLngToPoint(L.latLng(station.lat, station.lon), 0); // 256 px square
        station.x = world.x;
        station.y = world.y;
      });
      this._all = stations;
      this._levels = {};
      this._group.clearLayers();
      this._shown = {};
      this._refresh();
    },

    /** Mark the station with this code; one that stands inside a ring gets a pin of its own above it. */
    select: function (code) {
      this.selected = code;
      if (this._apart) this._group.removeLayer(this._apart);
      this._apart = null;
      var alone = false;
      Object.keys(this._shown).forEach(function (key) {
        var marker = this._shown[key], mine = marker.members.length === 1 && marker.members[0].code === code;
        marker.getElement().classList.toggle("is-selected", mine);
        marker.setZIndexOffset(mine ? 10000 : 0);
        alone = alone || mine;
      }, this);
      var station = !alone && code && this._all.filter(function (s) { return s.code === code; })[0];
      if (!station) return;
      this._apart = this._marker({ at: L.latLng(station.lat, station.lon), members: [station] }).addTo(this._group);
      this._apart.setZIndexOffset(10000).getElement().classList.add("is-selected");
    },

    /** Stations in the bounds. */
    within: function (bounds) {
      return this._all.filter(function (station) { return bounds.contains([station.lat, station.lon]); });
    },

    /* Greedy gathering over a hash of cells one radius wide: each station looks at nine cells. */
    _gather: function (zoom) {
      if (this._levels[zoom]) return this._levels[zoom];
      var reach = (zoom >= APART_ZOOM ? APART_PX : GATHER_PX) / Math.pow(2, zoom);
      var cells = new Map(), all = this._all, taken = new Uint8Array(all.length), groups = [];
      function key(cx, cy) { return cx * 67108864 + cy; }
      all.forEach(function (station, i) {
        var k = key(Math.floor(station.x / reach), Math.floor(station.y / reach));
        if (cells.has(k)) cells.get(k).push(i);
        else cells.set(k, [i]);
      });
      all.forEach(function (station, i) {
        if (taken[i]) return;
        taken[i] = 1;
        var members = [station], sumX = station.x, sumY = station.y;
        var cx = Math.floor(station.x / reach), cy = Math.floor(station.y / reach);
        for (var dx = -1; dx <= 1; dx++) {
          for (var dy = -1; dy <= 1; dy++) {
            (cells.get(key(cx + dx, cy + dy)) || []).forEach(function (j) {
              var other = all[j];
              if (taken[j] || Math.hypot(other.x - station.x, other.y - station.y) > reach) return;
              taken[j] = 1;
              members.push(other);
              sumX += other.x;
              sumY += other.y;
            });
          }
        }
        var middle = L.CRS.EPSG3857.pointToLatLng(L.point(sumX / members.length, sumY / members.length), 0);
        groups.push({ key: zoom + "/" + station.code, at: middle, members: members });
      });
      this._levels[zoom] = groups;
      return groups;
    },

    _refresh: function () {
      var map = this._map, zoom = Math.round(map.getZoom() * 2) / 2, view = map.getBounds().pad(0.15), wanted = {};
      this._gather(zoom).forEach(function (group) { if (view.contains(group.at)) wanted[group.key] = group; });
      Object.keys(this._shown).forEach(function (key) {
        if (wanted[key]) return;
        this._group.removeLayer(this._shown[key]);
        delete this._shown[key];
      }, this);
      Object.keys(wanted).forEach(function (key) {
        if (!this._shown[key]) this._shown[key] = this._marker(wanted[key]).addTo(this._group);
      }, this);
      this.select(this.selected);
      this.fire("drawn");
    },

    /** What the markers cover, as boxes [left, top, right, bottom] of layer points: names keep clear of them. */
    boxes: function () {
      var map = this._map;
      return Object.keys(this._shown).map(function (key) {
        var marker = this._shown[key], at = map.latLngToLayerPoint(marker.getLatLng());
        return marker.members.length === 1 ? [at.x - 16, at.y - 40, at.x + 16, at.y] : [at.x - 22, at.y - 22, at.x + 22, at.y + 22];
      }, this);
    },

    _marker: function (group) {
      var layer = this, symbols = this._symbols, members = group.members, marker;
      if (members.length === 1) {
        var station = members[0];
        marker = L.marker(group.at, {
          icon: new MadeIcon({ iconSize: [32, 40], iconAnchor: [16, 39], make: function () { return yizhan.pin(symbols, station, yizhan.say("marker", { name: station.name, kind: yizhan.labels.kinds[station.kind], state: station.words() })); } }),
          alt: "", riseOnHover: true,
        });
        onPress(marker, function () { layer.fire("station", { station: station, from: marker.getElement() }); });
      } else {
        var counts = { open: 0, unknown: 0, other: 0 };
        members.forEach(function (member) { counts[member.look === "open" || member.look === "unknown" ? member.look : "other"] += 1; });
        var label = yizhan.say("ring", { n: yizhan.number(members.length), open: yizhan.number(counts.open) });
        marker = L.marker(group.at, { icon: new MadeIcon({ make: function () { return ringOf(counts, members.length, label); } }), alt: "" });
        onPress(marker, function () { layer._open(group, marker); });
      }
      marker.members = members;
      return marker;
    },

    /* Zoom until the members part; where they never will, offer them by name. */
    _open: function (group, marker) {
      var map = this._map, bounds = L.latLngBounds(group.members.map(function (m) { return [m.lat, m.lon]; }));
      var zoom = map.getBoundsZoom(bounds, false, L.point(80, 80));
      if (map.getZoom() >= map.getMaxZoom() || (zoom >= map.getMaxZoom() && bounds.getSouthWest().distanceTo(bounds.getNorthEast()) < 6)) {
        this.fire("several", { stations: group.members, from: marker.getElement() });
        return;
      }
      map.setView(bounds.getCenter(), Math.min(map.getMaxZoom(), Math.max(zoom, map.getZoom() + 1)));
    },
  });

  yizhan.stations = function (map, options) {
    if (options.symbols) yizhan.know(options);
    var stations = new Stations(options).addTo(map);
    if (map.names) map.names.avoid(stations);
    return stations;
  };

  /** The key to the markers, drawn by the function that draws them. */
  yizhan.legend = function (map, options) {
    var symbols = yizhan.symbols, control = L.control({ position: "bottomright" });
    function row(station, text) {
      return yizhan.el("li", {}, [yizhan.pin(yizhan.symbols, station, null), yizhan.el("span", {}, text)]);
    }
    control.onAdd = function () {
      var first = {};
      symbols.kinds.forEach(function (kind) { if (!first[kind.shape]) first[kind.shape] = kind.code; });
      var body = yizhan.el("div", { "class": "legend-body" }, [
        yizhan.el("h3", {}, options.words.states),
        yizhan.el("ul", {}, symbols.looks.map(function (look) { return row({ kind: first.round, look: look.state }, look.label); })),
        yizhan.el("h3", {}, options.words.kinds),
        yizhan.el("ul", {}, symbols.kinds.map(function (kind) { return row({ kind: kind.code, look: "open" }, kind.label); })),
        yizhan.el("p", {}, options.words.shapes),
      ]);
      var box = yizhan.el("details", { "class": "legend" }, [yizhan.el("summary", {}, [yizhan.icon("info"), options.words.legend]), body]);
      box.open = window.matchMedia("(min-width: 1600px) and (min-height: 760px)").matches;
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      return box;
    };
    return control.addTo(map);
  };
})();
