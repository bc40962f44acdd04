/* The base map that needs no network: areas, lakes and names of places, drawn from our own files.

   Areas arrive in a drawing format: whole numbers, each ring a first vertex and then steps, in units of
   ``1 / scale`` degree, longitude first. */
(function () {
  "use strict";

  var yizhan = window.yizhan;

  function ring(numbers, scale) {
    var points = [], x = 0, y = 0;
    for (var i = 0; i < numbers.length; i += 2) {
      x += numbers[i];
      y += numbers[i + 1];
      points.push([y / scale, x / scale]);
    }
    return points;
  }

  function polygons(shape, scale) {
    return shape.map(function (polygon) {
      return polygon.map(function (numbers) { return ring(numbers, scale); });
    });
  }

  var LOOK = {
    county: function () { return { stroke: true, weight: 0.8, color: yizhan.colour("line-county"), fill: true, fillColor: yizhan.colour("land"), fillOpacity: 1 }; },
    prefecture: function () { return { stroke: true, weight: 1.4, color: yizhan.colour("line-prefecture"), fill: false }; },
    province: function () { return { stroke: true, weight: 1.8, color: yizhan.colour("line-province"), fill: false }; },
    lake: function () { return { stroke: true, weight: 0.6, color: yizhan.colour("shore"), fill: true, fillColor: yizhan.colour("water"), fillOpacity: 1 }; },
  };

  /** Areas by code and lakes. */
  var Regions = L.LayerGroup.extend({
    initialize: function (look) {
      L.LayerGroup.prototype.initialize.call(this, []);
      this._bare = look !== "filled"; // another base map lies below, or none
      this._unseen = look === "unseen";
      this.areas = {};
      this._shades = null;
    },

    onAdd: function (map) {
      map.createPane("ground").style.zIndex = 200;
      this._canvas = L.canvas({ pane: "ground", padding: 0.4 });
      L.LayerGroup.prototype.onAdd.call(this, map);
    },

    draw: function (body) {
      var group = this, scale = body.scale;
      function add(kind, latlngs) {
        var shape = L.polygon(latlngs, { renderer: group._canvas, interactive: false, smoothFactor: 0.6 });
        shape.kind = kind;
        shape.setStyle(group._look(kind));
        group.addLayer(shape);
        return shape;
      }
      // The counties lie lowest, then lakes, then the outlines of prefectures and of the province.
      var counties = [], outlines = [];
      body.areas.forEach(function (area) {
        group.areas[area.code] = { code: area.code, name: area.name, short: area.short, level: area.level, label: area.label, bounds: L.latLngBounds([]) };
        (area.level === "county" ? counties : outlines).push(area);
      });
      outlines.sort(function (a, b) { return a.level < b.level ? -1 : 1; }); // prefecture, then province
      function draw(area) {
        return function () {
          var shape = add(area.level, polygons(area.shape, scale)), entry = group.areas[area.code];
          entry.bounds = shape.getBounds();
          if (area.level === "county") entry.shape = shape;
        };
      }
      var lakes = this._bare ? [] : body.lakes.map(function (lake) { return function () { add("lake", polygons(lake, scale)); }; });
      return yizhan.inPieces(counties.map(draw).concat(lakes, outlines.map(draw)));
    },

    _look: function (kind) {
      var look = LOOK[kind]();
      if (this._bare) look.fillOpacity = 0;
      if (this._unseen) look.stroke = false;
      return look;
    },

    recolour: function () {
      this.eachLayer(function (shape) { shape.setStyle(this._look(shape.kind)); }, this);
      if (this._shades) this.shade(this._shades);
    },

    /** Fill areas by code with colours; null gives the plain land back. */
    shade: function (shades) {
      this._shades = shades;
      Object.keys(this.areas).forEach(function (code) {
        var shape = this.areas[code].shape;
        if (!shape) return;
        shape.setStyle(this._look("county"));
        if (shades && shades[code]) shape.setStyle({ fillColor: shades[code], fillOpacity: this._bare ? 0.5 : 1 });
      }, this);
    },
  });

  yizhan.regions = function (map, options) {
    var regions = new Regions(options.look).addTo(map);
    yizhan.onColours(function () { regions.recolour(); });
    regions.loaded = yizhan.ask(options.url).then(function (body) { return regions.draw(body); }).then(function () { return regions; });
    map.regions = regions;
    return regions;
  };

  /* Names. Drawn on one canvas after each move; the more important first, and none over another. */
  var FONT = '"PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", system-ui, sans-serif';
  var STYLES = {
    prefecture: { from: 0, to: 8, font: "600 14px ", colour: "name-area", halo: 3, dot: false },
    county: { from: 7, to: 11, font: "500 12px ", colour: "name-area", halo: 3, dot: false },
    town: { from: 8, to: 99, font: "500 12.5px ", colour: "name-place", halo: 3, dot: true },
    village: { from: 9.5, to: 99, font: "12px ", colour: "name-place", halo: 3, dot: true },
  };

  var SHORT_BELOW = 7; // there only the short names of areas fit
  function dotSpots(width) { return [[6, 0], [-6 - width, 0]]; }
  function areaSpots(width) {
    return [[0, 0], [0, 22], [0, -22], [0, 40], [0, -40], [34 + width / 2, 0], [-34 - width / 2, 0]].map(function (by) { return [by[0] - width / 2, by[1]]; });
  }

  var Names = L.Layer.extend({
    initialize: function () { this._names = []; },

    /** Keep clear of what these markers cover, and draw again when they change. */
    avoid: function (stations) {
      this._stations = stations;
      stations.on("drawn", this.redraw, this);
    },

    onAdd: function (map) {
      map.createPane("names").style.zIndex = 450;
      map.getPane("names").style.pointerEvents = "none";
      this._canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", map.getPane("names"));
      this._canvas.setAttribute("aria-hidden", "true");
      map.on("moveend resize", this.redraw, this);
    },

    onRemove: function (map) {
      L.DomUtil.remove(this._canvas);
      map.off("moveend resize", this.redraw, this);
    },

    add: function (names) {
      this._names = this._names.concat(names).sort(function (a, b) { return b.weight - a.weight; });
      this.redraw();
    },

    redraw: function () {
      var map = this._map;
      if (!map || !this._names.length) return;
      var ratio = Math.min(window.devicePixelRatio || 1, 2);
      var margin = map.getSize().multiplyBy(0.25);
      var size = map.getSize().add(margin.multiplyBy(2));
      var canvas = this._canvas;
      canvas.width = size.x * ratio;
      canvas.height = size.y * ratio;
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
      var origin = map.containerPointToLayerPoint(margin.multiplyBy(-1)).round();
      L.DomUtil.setPosition(canvas, origin);
      var pen = canvas.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      pen.lineJoin = "round";
      pen.textBaseline = "middle";
      var taken = (this._stations ? this._stations.boxes() : []).map(function (box) {
        return [box[0] - origin.x, box[1] - origin.y, box[2] - origin.x, box[3] - origin.y];
      });
      var zoom = map.getZoom(), halo = yizhan.colour("name-halo");
      this._names.forEach(function (name) {
        var style = STYLES[name.style];
        if (zoom < style.from || zoom > style.to || (name.from && zoom < name.from)) return;
        var at = map.latLngToLayerPoint([name.at[1], name.at[0]]).subtract(origin);
        if (at.x < 0 || at.y < 0 || at.x > size.x || at.y > size.y) return;
        pen.font = style.font + FONT;
        var text = zoom < SHORT_BELOW ? name.short || name.text : name.text;
        var width = pen.measureText(text).width;
        // A settlement's name stands beside its dot; that of an area moves a little where it would cover something.
        var spot = (style.dot ? dotSpots(width) : areaSpots(width)).filter(function (offset) {
          var x = at.x + offset[0], y = at.y + offset[1];
          return !taken.some(function (box) { return x - 4 < box[2] && x + width + 4 > box[0] && y - 9 < box[3] && y + 9 > box[1]; });
        })[0];
        if (!spot) return;
        var left = at.x + spot[0], middle = at.y + spot[1];
        taken.push([left - 4, middle - 9, left + width + 4, middle + 9]);
        pen.strokeStyle = halo;
        pen.lineWidth = style.halo;
        pen.fillStyle = yizhan.colour(style.colour);
        if (style.dot) {
          pen.beginPath();
          pen.arc(at.x, at.y, 2, 0, 7);
          pen.stroke();
          pen.fill();
        }
        pen.strokeText(text, left, middle);
        pen.fillText(text, left, middle);
      });
    },
  });

  yizhan.places = function (map, options) {
    var names = (map.names = new Names().addTo(map));
    yizhan.onColours(function () { names.redraw(); });
    if (map.regions) {
      map.regions.loaded.then(function (regions) {
        names.add(Object.keys(regions.areas).map(function (code) {
          var area = regions.areas[code];
          return { text: area.name, short: area.short, at: area.label, style: area.level, weight: area.level === "prefecture" ? 3e9 : 2e9 };
        }).filter(function (name) { return name.at && STYLES[name.style]; }));
      }, function () { /* the page reports a base map that did not come */ });
    }
    names.loaded = yizhan.ask(options.url).then(function (body) {
      names.add(body.places.map(function (place) {
        return { text: place.name, at: [place.lon, place.lat], style: place.population ? "town" : "village", weight: place.population || 0 };
      }));
    });
    return names;
  };

  /** A layer of the operator's own raster base map. */
  yizhan.tiles = function (map, options) {
    return L.tileLayer(options.url, { subdomains: options.names, maxNativeZoom: options.maxNativeZoom, maxZoom: map.getMaxZoom() }).addTo(map);
  };

  /* A source in words, or as a link to whoever it is. */
  function source(credit) {
    if (typeof credit === "string") return credit;
    return yizhan.el("a", { href: credit.url, target: "_blank", rel: "noopener" }, credit.text);
  }

  /** Review number or its absence, and the sources, at the lower left; the scale above it. */
  yizhan.review = function (map, options) {
    var mark = L.control({ position: "bottomleft" });
    mark.onAdd = function () {
      return yizhan.el("div", { "class": "review-mark" }, [
        yizhan.el("strong", {}, options.text),
        yizhan.el("span", {}, options.credits.reduce(function (all, credit, i) { return all.concat(i ? [" · ", source(credit)] : [source(credit)]); }, [])),
      ]);
    };
    mark.addTo(map);
    L.control.scale({ position: "bottomleft", imperial: false, maxWidth: 90 }).addTo(map);
    return mark;
  };
})();
