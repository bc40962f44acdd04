/* The pin of one station on its own map, and the circle in which the place lies where the position is rough. */
(function () {
  "use strict";

  var yizhan = window.yizhan;

  var SpotIcon = L.Icon.extend({
    createIcon: function () {
      var element = this.options.make();
      element.classList.add("leaflet-marker-icon");
      element.setAttribute("aria-hidden", "true"); // the map is named after the station
      return element;
    },
    createShadow: function () { return null; },
  });

  yizhan.spot = function (map, options) {
    var at = L.latLng(options.lat, options.lon);
    map.scrollWheelZoom.disable(); // the page scrolls; the buttons and two fingers zoom
    L.control.zoom({ position: "topright" }).addTo(map);
    if (options.reach) {
      var circle = L.circle(at, { radius: options.reach, weight: 2, fillOpacity: 0.12, dashArray: "5 5", interactive: false, color: yizhan.colour("accent") }).addTo(map);
      yizhan.onColours(function () { circle.setStyle({ color: yizhan.colour("accent") }); });
    }
    return L.marker(at, {
      interactive: false, keyboard: false,
      icon: new SpotIcon({ make: function () { return yizhan.pin(yizhan.symbols, options); } }),
    }).addTo(map);
  };
})();
