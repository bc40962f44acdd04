/* Where the rows of a batch lie: new pins, moved ones with a line from the old place, and those held back. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var COLOURS = { "new": "accent", moved: "service", held: "soon" };

  yizhan.importPins = function (map, options) {
    var renderer = L.canvas({ padding: 0.4 }), drawn = [];
    L.control.zoom({ position: "topright" }).addTo(map);

    function pick(place) {
      var panel = document.querySelector("[data-picked-pin]");
      panel.querySelector("[data-pin-name]").textContent = place.name;
      panel.querySelector("[data-pin-kind]").textContent = options.kinds[place.kind];
      panel.querySelector("[data-pin-row]").href = options.row + "?verdict=" + place.verdict + "&after=" + (place.number - 1) + "#row-" + place.number;
      panel.hidden = false;
    }

    function style(kind, old) {
      var colour = yizhan.colour(COLOURS[kind]);
      return { radius: old ? 5 : 7, weight: 2, color: old ? colour : yizhan.colour("paper"), fillColor: old ? yizhan.colour("paper") : colour, fillOpacity: old ? 0.6 : 1, opacity: 1 };
    }

    options.places.forEach(function (place) {
      var at = [place.at[1], place.at[0]];
      if (place.was) {
        var from = [place.was[1], place.was[0]];
        var line = L.polyline([from, at], { renderer: renderer, weight: 2, dashArray: "6 5", color: yizhan.colour(COLOURS[place.kind]), interactive: false }).addTo(map);
        var old = L.circleMarker(from, Object.assign({ renderer: renderer, interactive: false }, style(place.kind, true))).addTo(map);
        drawn.push(function () { line.setStyle({ color: yizhan.colour(COLOURS[place.kind]) }); old.setStyle(style(place.kind, true)); });
      }
      var pin = L.circleMarker(at, Object.assign({ renderer: renderer }, style(place.kind, false))).addTo(map);
      if (place.out) pin.setStyle({ fillOpacity: 0.25 });
      pin.on("click", function () { pick(place); });
      drawn.push(function () { pin.setStyle(style(place.kind, false)); });
    });
    yizhan.onColours(function () { drawn.forEach(function (draw) { draw(); }); });
    return renderer;
  };
})();
