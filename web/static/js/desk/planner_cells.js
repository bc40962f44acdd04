/* Many cells of demand on one canvas: squares of so many metres, coloured by their shade, drawn again after each move. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var LEAST_PX = 2;

  var Cells = L.Layer.extend({
    /** body: as the server draws a run; cells are steps of whole numbers. */
    initialize: function (body) {
      var lon = 0, lat = 0, cells = body.cells;
      this._half = body.size_m / 2;
      this._cells = cells.lon.map(function (step, i) {
        lon += step;
        lat += cells.lat[i];
        return { at: L.latLng(lat / body.scale, lon / body.scale), shade: cells.shade[i], people: cells.people[i], minutes: cells.minutes[i] };
      });
    },

    onAdd: function (map) {
      if (!map.getPane("cells")) map.createPane("cells").style.zIndex = 300;
      map.getPane("cells").style.pointerEvents = "none";
      this._canvas = L.DomUtil.create("canvas", "leaflet-zoom-hide", map.getPane("cells"));
      this._canvas.setAttribute("aria-hidden", "true");
      map.on("moveend resize", this.redraw, this);
      this.redraw();
    },

    onRemove: function (map) {
      L.DomUtil.remove(this._canvas);
      map.off("moveend resize", this.redraw, this);
    },

    redraw: function () {
      var map = this._map;
      if (!map) return;
      var ratio = Math.min(window.devicePixelRatio || 1, 2), size = map.getSize(), canvas = this._canvas;
      var origin = map.containerPointToLayerPoint([0, 0]).round(), half = this._half;
      canvas.width = size.x * ratio;
      canvas.height = size.y * ratio;
      canvas.style.width = size.x + "px";
      canvas.style.height = size.y + "px";
      L.DomUtil.setPosition(canvas, origin);
      var pen = canvas.getContext("2d");
      pen.setTransform(ratio, 0, 0, ratio, 0, 0);
      var bounds = map.getBounds().pad(0.1), zoom = map.getZoom();
      var colours = [0, 1, 2, 3, 4, 5].map(function (shade) { return yizhan.colour("gap-" + shade); });
      this._cells.forEach(function (cell) {
        if (!bounds.contains(cell.at)) return;
        var at = map.latLngToLayerPoint(cell.at).subtract(origin);
        var side = Math.max(LEAST_PX, (2 * half) / metresPerPixel(cell.at.lat, zoom));
        pen.fillStyle = colours[cell.shade];
        pen.fillRect(at.x - side / 2, at.y - side / 2, side, side);
      });
    },

    /** The cell that holds a position, or null. */
    near: function (position) {
      var half = this._half, best = null, least = half * 1.5;
      this._cells.forEach(function (cell) {
        if (Math.abs(cell.at.lat - position.lat) > 1) return;
        var metres = position.distanceTo(cell.at);
        if (metres < least) { best = cell; least = metres; }
      });
      return best;
    },
  });

  function metresPerPixel(lat, zoom) { return (40075016.7 * Math.cos((lat * Math.PI) / 180)) / (256 * Math.pow(2, zoom)); }

  yizhan.cells = function (body) { return new Cells(body); };
})();
