/* Pins that were moved: a hollow ring where one stood, a full one where it stands since, and a line between. */
(function () {
  "use strict";

  var yizhan = window.yizhan;

  var Numbered = L.Icon.extend({
    createIcon: function () {
      var element = document.createElement("span");
      element.className = "moved-number leaflet-marker-icon";
      element.setAttribute("aria-hidden", "true"); // the page beside the map says the same in words
      element.textContent = this.options.number;
      return element;
    },
    createShadow: function () { return null; },
  });

  function there(spot) { return spot && L.latLng(spot[1], spot[0]); }

  yizhan.moves = function (map, options) {
    map.scrollWheelZoom.disable(); // the page scrolls; the buttons and two fingers zoom
    L.control.zoom({ position: "topright" }).addTo(map);
    var shapes = [];
    // The newest is told first and drawn last, so that where a pin stands now lies over where it once stood.
    options.moves.slice().reverse().forEach(function (move) {
      var old = there(move.old), now = there(move.new);
      if (old && now) shapes.push([L.polyline([old, now], { weight: 2.5, dashArray: "6 5", interactive: false }), "accent", null]);
      if (old) shapes.push([L.circleMarker(old, { radius: 7, weight: 2.5, fillOpacity: 1, interactive: false }), "warn", "paper"]);
      if (now) shapes.push([L.circleMarker(now, { radius: 8, weight: 2.5, fillOpacity: 1, interactive: false }), "accent", "accent"]);
      if (options.moves.length > 1) L.marker(now || old, { interactive: false, keyboard: false, icon: new Numbered({ number: move.number }) }).addTo(map);
    });
    function colour() {
      shapes.forEach(function (shape) {
        var look = { color: yizhan.colour(shape[1]) };
        if (shape[2]) look.fillColor = yizhan.colour(shape[2]);
        shape[0].setStyle(look);
      });
    }
    shapes.forEach(function (shape) { shape[0].addTo(map); });
    colour();
    yizhan.onColours(colour);
  };
})();
