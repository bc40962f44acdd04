/* Favourites: on this phone alone, with what was known of each when it was last seen, so that they show offline. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, icon = yizhan.icon, say = yizhan.say;
  var KEPT = ["code", "lon", "lat", "names", "kind", "lifecycle", "address", "directions", "access", "fee", "phone", "hours", "verified", "has", "inferred", "broken", "lacks"];
  var MOST = 100;

  function all() {
    return yizhan.kept.little("stars", []).filter(function (star) { return star && star.code && star.names; });
  }
  function copy(station) {
    var kept = {};
    KEPT.forEach(function (key) { kept[key] = station[key]; });
    return kept;
  }

  yizhan.stars = {
    all: all,
    has: function (code) { return all().some(function (star) { return star.code === code; }); },

    /** Add or take away; returns whether it is a favourite now. */
    toggle: function (station) {
      var others = all().filter(function (star) { return star.code !== station.code; }), had = others.length < all().length;
      if (!yizhan.kept.keep("stars", had ? others : [copy(station)].concat(others).slice(0, MOST))) return had;
      return !had;
    },

    /** Keep what is newly known of favourites among these stations. */
    refresh: function (stations) {
      var stars = all(), changed = false, byCode = {};
      if (!stars.length) return;
      stations.forEach(function (station) { byCode[station.code] = station; });
      stars = stars.map(function (star) {
        if (!byCode[star.code]) return star;
        changed = true;
        return copy(byCode[star.code]);
      });
      if (changed) yizhan.kept.keep("stars", stars);
    },

    /** The favourites as a GeoJSON collection, longitude first; those without a position have no geometry. */
    geojson: function () {
      return {
        type: "FeatureCollection",
        features: all().map(function (star) {
          return {
            type: "Feature", id: star.code,
            geometry: star.lon === null ? null : { type: "Point", coordinates: [star.lon, star.lat] },
            properties: { code: star.code, names: star.names, kind: star.kind, address: star.address, phone: star.phone, hours: star.hours, verified_at: star.verified },
          };
        }),
      };
    },
  };

  /** The buttons above the favourites: take them along as files. */
  yizhan.starTools = function (box) {
    box.textContent = "";
    box.hidden = !all().length;
    if (box.hidden) return;
    box.appendChild(el("p", { "class": "buttons" }, [
      el("button", { type: "button", "class": "button", on: { click: function () {
        yizhan.download("yizhan-favourites.json", "application/json", JSON.stringify({ stations: all(), places: yizhan.saved.all() }, null, 2));
      } } }, [icon("card"), say("export_json")]),
      el("button", { type: "button", "class": "button", on: { click: function () {
        yizhan.download("yizhan-favourites.geojson", "application/geo+json", JSON.stringify(yizhan.stars.geojson(), null, 2));
      } } }, [icon("layers"), say("export_geojson")]),
    ]));
  };
})();
