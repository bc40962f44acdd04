/* The map beside the list, loaded after it: the list is usable long before, and whole without it. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, say = yizhan.say;
  var loading = null, ready = null;

  function add(make) {
    return new Promise(function (resolve, reject) {
      var element = make();
      element.onload = resolve;
      element.onerror = function () { reject(new Error(say("map_failed"))); };
      document.head.appendChild(element);
    });
  }

  /** Load the map's files once and draw it. The promise gives {map, stations}. */
  yizhan.loadMap = function (files) {
    if (loading) return loading;
    var styles = files.styles.map(function (url) { return add(function () { return el("link", { rel: "stylesheet", href: url }); }); });
    var scripts = files.scripts.reduce(function (before, url) {
      return before.then(function () { return add(function () { return el("script", { src: url }); }); });
    }, Promise.resolve());
    loading = Promise.all(styles.concat(scripts)).then(function () {
      document.getElementById("map-wait").hidden = true;
      window.yizhanDraw();
      return ready;
    });
    loading.catch(function () { loading = null; }); // the next wish for it tries again
    return loading;
  };

  /** Called by the Folium script at its end. */
  yizhan.beside = function (map, stations) {
    L.control.zoom({ position: "topright", zoomInTitle: say("zoom_in"), zoomOutTitle: say("zoom_out") }).addTo(map);
    ready = { map: map, stations: stations };
  };

  /** What the list does with its map. options: pick(near), open(code, from). */
  yizhan.FinderMap = function (parts, options) {
    var map = parts.map, self = this;
    this.map = map;
    this.stations = parts.stations;
    this._from = L.layerGroup().addTo(map);
    parts.stations.on("station", function (event) { options.open(event.station.code, event.from); });
    parts.stations.on("several", function (event) {
      var list = el("ul", { "class": "several" }, event.stations.map(function (station) {
        return el("li", {}, el("button", { type: "button", on: { click: function () { choice.remove(); options.open(station.code, event.from); } } }, [
          yizhan.pin(yizhan.symbols, station, null), el("span", {}, station.name), el("span", { "class": "state state-" + station.look }, station.words()),
        ]));
      }));
      var choice = self._popup(L.latLng(event.stations[0].lat, event.stations[0].lon), list, "several-popup");
      list.querySelector("button").focus();
    });
    map.on("click", function (event) {
      var at = event.latlng;
      var button = el("button", { type: "button", "class": "button", on: { click: function () {
        popup.remove();
        options.pick(yizhan.rounded(at.lng, at.lat));
      } } }, [yizhan.icon("pin"), say("from_here")]);
      var popup = self._popup(at, button, "pick-popup");
    });
  };

  yizhan.FinderMap.prototype._popup = function (at, content, className) {
    var popup = L.popup({ className: className, minWidth: 160, maxHeight: 320 }).setLatLng(at).setContent(content).openOn(this.map);
    var close = popup.getElement().querySelector(".leaflet-popup-close-button");
    close.setAttribute("aria-label", say("close"));
    return popup;
  };

  /** Draw the stations, and the place that they were sought from. shown: those of the list, which come into view. */
  yizhan.FinderMap.prototype.show = function (stations, near, shown) {
    this.map.invalidateSize();
    this.stations.show(stations.filter(function (station) { return station.lon !== null; }));
    this._from.clearLayers();
    if (!near) return;
    var at = L.latLng(near[1], near[0]);
    L.circleMarker(at, { radius: 8, className: "here", weight: 3, interactive: false }).addTo(this._from);
    var points = shown.slice(0, 6).filter(function (station) { return station.lon !== null; }).map(function (station) { return [station.lat, station.lon]; });
    this.map.fitBounds(L.latLngBounds(points.concat([[at.lat, at.lng]])), { maxZoom: 16, padding: [48, 48], animate: false });
  };

  yizhan.FinderMap.prototype.select = function (station) {
    this.stations.select(station ? station.code : null);
    if (station && station.lon !== null && !this.map.getBounds().pad(-0.1).contains([station.lat, station.lon])) {
      this.map.panTo([station.lat, station.lon], { animate: !yizhan.calm() });
    }
  };

  /** The point under the middle of the map, for those who move it by keyboard. */
  yizhan.FinderMap.prototype.middle = function () {
    var at = this.map.getCenter();
    return yizhan.rounded(at.lng, at.lat);
  };
})();
