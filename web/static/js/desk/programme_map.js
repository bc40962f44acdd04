/* A programme on a map: stations by state, filled where they are open, and townships by the best that they have. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var STATES = {
    open: { colour: "accent", filled: true, radius: 6 },
    suspended: { colour: "quiet", filled: true, radius: 5 },
    building: { colour: "service", filled: false, radius: 6, weight: 3 },
    planned: { colour: "service", filled: false, radius: 5, weight: 2, dash: "3 3" }
  };

  yizhan.programmeMarks = function (map, options) {
    var layer = L.layerGroup().addTo(map), renderer = L.canvas({ padding: 0.4 }), body = null;
    L.control.zoom({ position: "topright" }).addTo(map);

    function tell(words) {
      var place = document.querySelector("[data-map-words]");
      if (place) place.textContent = words;
    }

    function pick(name, words, code) {
      var panel = document.querySelector("[data-picked]");
      panel.querySelector("[data-name]").textContent = name;
      panel.querySelector("[data-words]").textContent = words;
      var link = panel.querySelector("[data-link]");
      link.hidden = !code;
      if (code) link.href = options.station.replace("CODE", encodeURIComponent(code));
      panel.hidden = false;
    }

    function town(one) {
      var none = one[1] === "none", colour = yizhan.colour(none ? "gap-ink" : "quiet");
      var ring = L.circleMarker([one[3], one[2]], {
        renderer: renderer, radius: none ? 10 : 9, weight: none ? 3 : 1.5, color: colour,
        fillColor: yizhan.colour("gap-hollow"), fillOpacity: none ? 0.85 : 0.15
      }).addTo(layer);
      ring.on("click", function () { pick(one[0], yizhan.say("town_" + one[1])); });
    }

    function station(one) {
      var style = STATES[one[2]], colour = yizhan.colour(style.colour), paper = yizhan.colour("paper");
      var mark = L.circleMarker([one[4], one[3]], {
        renderer: renderer, radius: style.radius, weight: style.filled ? 1.5 : style.weight, dashArray: style.dash || null,
        color: style.filled ? paper : colour, fillColor: style.filled ? colour : paper, fillOpacity: 1
      }).addTo(layer);
      mark.on("click", function () { pick(one[1], yizhan.say("state_" + one[2]), one[0]); });
    }

    function draw() {
      layer.clearLayers();
      if (!body) return;
      body.townships.forEach(town);
      body.stations.forEach(station);
      map.getContainer().setAttribute("data-drawn", "");
    }

    yizhan.onColours(draw);
    yizhan.ask(options.url).then(function (found) {
      body = found;
      draw();
      tell(yizhan.say("drawn", { n: yizhan.number(found.stations.length), more: yizhan.number(found.unlocated) }));
    }).catch(function (error) { tell(error.message); });
    return layer;
  };
})();
