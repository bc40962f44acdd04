/* A base map in GCJ-02, as Amap and Tencent have it: every position is projected through that datum.

   Leaflet keeps longitude and latitude in WGS 84 everywhere, so pins, borders, distances and clicks stay what they are,
   and only where they fall on the picture follows the base map. The same function as ``geo.datum``, exact both ways;
   a test holds the two together. It is not applied outside mainland China (``elsewhere``). */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var SEMI_MAJOR_M = 6378245, ECCENTRICITY_2 = 0.00669342162296594323; // Krasovsky's ellipsoid of 1940
  var ROUNDS = 12, CONVERGED_DEG = 5e-14;
  var BANDS = 512;

  function shift(lon, lat) {
    var x = lon - 105, y = lat - 35, pi = Math.PI, sin = Math.sin, root = Math.sqrt(Math.abs(x));
    var common = 20 * sin(6 * pi * x) + 20 * sin(2 * pi * x);
    var north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
      + (2 / 3) * (common + 20 * sin(pi * y) + 40 * sin(pi * y / 3) + 160 * sin(pi * y / 12) + 320 * sin(pi * y / 30));
    var east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
      + (2 / 3) * (common + 20 * sin(pi * x) + 40 * sin(pi * x / 3) + 150 * sin(pi * x / 12) + 300 * sin(pi * x / 30));
    var phi = lat * pi / 180, w2 = 1 - ECCENTRICITY_2 * sin(phi) * sin(phi), w = Math.sqrt(w2);
    var meridian = SEMI_MAJOR_M * (1 - ECCENTRICITY_2) / (w2 * w), parallel = SEMI_MAJOR_M / w * Math.cos(phi);
    return [lon + east / parallel * 180 / pi, lat + north / meridian * 180 / pi];
  }

  /* The offset changes slowly from place to place: each round gains a factor of about 200. */
  function unshift(lon, lat) {
    var x = lon, y = lat;
    for (var round = 0; round < ROUNDS; round++) {
      var image = shift(x, y), dx = lon - image[0], dy = lat - image[1];
      x += dx;
      y += dy;
      if (Math.max(Math.abs(dx), Math.abs(dy)) < CONVERGED_DEG) break;
    }
    return [x, y];
  }

  /* Whether a point lies in the rings. Their edges are kept by bands of latitude, since a base map asks this of every
     vertex that it draws: an edge of a border is looked at by the few points at its height. */
  function inside(rings) {
    if (!rings.length) return function () { return false; };
    var south = Infinity, north = -Infinity, bands = [];
    rings.forEach(function (ring) {
      ring.forEach(function (at) { south = Math.min(south, at[1]); north = Math.max(north, at[1]); });
    });
    function band(lat) { return Math.floor((lat - south) / (north - south) * (BANDS - 1)); }
    for (var i = 0; i < BANDS; i++) bands.push([]);
    rings.forEach(function (ring) {
      ring.forEach(function (from, i) {
        var to = ring[(i + 1) % ring.length];
        for (var b = band(Math.min(from[1], to[1])); b <= band(Math.max(from[1], to[1])); b++) bands[b].push([from, to]);
      });
    });
    return function (lon, lat) {
      if (!(lat >= south && lat <= north)) return false;
      var odd = false;
      bands[band(lat)].forEach(function (edge) {
        var a = edge[0], b = edge[1];
        if ((a[1] > lat) !== (b[1] > lat) && lon < (b[0] - a[0]) * (lat - a[1]) / (b[1] - a[1]) + a[0]) odd = !odd;
      });
      return odd;
    };
  }

  /** Both directions, longitude first. ``elsewhere``: rings, WGS 84, in which nothing is moved. */
  yizhan.gcj02 = function (elsewhere) {
    var apart = inside(elsewhere);
    return {
      from: function (lon, lat) { return apart(lon, lat) ? [lon, lat] : shift(lon, lat); },
      // Decided where the position came from, as ``geo.datum.to_wgs84`` does.
      to: function (lon, lat) { var origin = unshift(lon, lat); return apart(origin[0], origin[1]) ? [lon, lat] : origin; },
    };
  };

  /** The reference system of a map whose base is in GCJ-02. */
  yizhan.shifted = function (datum) {
    var gcj02 = yizhan.gcj02(datum.elsewhere), mercator = L.Projection.SphericalMercator;
    return L.extend({}, L.CRS.EPSG3857, {
      code: "EPSG:3857+GCJ-02",
      projection: L.extend({}, mercator, {
        project: function (at) { var moved = gcj02.from(at.lng, at.lat); return mercator.project(L.latLng(moved[1], moved[0])); },
        unproject: function (point) { var at = mercator.unproject(point), back = gcj02.to(at.lng, at.lat); return L.latLng(back[1], back[0]); },
      }),
    });
  };
})();
