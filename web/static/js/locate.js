/* Where the reader is. The position stays in the browser: it is drawn, it orders the list, and it goes nowhere. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el;

  yizhan.locate = function (map, options) {
    var control = L.control({ position: "topright" }), layer = L.layerGroup().addTo(map), busy = false, button;

    function say(key) {
      control.fire("said", { text: key ? yizhan.say(key) : "" });
    }
    function found(position) {
      busy = false;
      button.classList.remove("is-busy");
      var at = L.latLng(position.coords.latitude, position.coords.longitude);
      if (!map.options.maxBounds.contains(at)) return say("located_outside");
      layer.clearLayers();
      L.circle(at, { radius: position.coords.accuracy, className: "here-reach", weight: 1, interactive: false }).addTo(layer);
      L.circleMarker(at, { radius: 7, className: "here", weight: 3, interactive: false }).addTo(layer);
      map.setView(at, Math.max(map.getZoom(), 14));
      say("");
      control.fire("found", { at: at });
    }
    function failed(error) {
      busy = false;
      button.classList.remove("is-busy");
      say(error.code === 1 ? "location_denied" : error.code === 3 ? "location_late" : "location_unavailable");
    }

    L.extend(control, L.Evented.prototype);
    control.onAdd = function () {
      button = el("button", { type: "button", "class": "map-button", "aria-label": yizhan.say("locate"), title: yizhan.say("locate"), on: {
        click: function () {
          if (busy) return; // a second tap while the first is being answered
          if (!window.isSecureContext || !navigator.geolocation) return say("location_unavailable");
          busy = true;
          button.classList.add("is-busy");
          say("locating");
          navigator.geolocation.getCurrentPosition(found, failed, { enableHighAccuracy: true, timeout: 12000, maximumAge: 30000 });
        },
      } }, yizhan.icon("locate"));
      L.DomEvent.disableClickPropagation(button);
      return button;
    };
    control.addTo(map);
    L.control.zoom({ position: "topright", zoomInTitle: yizhan.say("zoom_in"), zoomOutTitle: yizhan.say("zoom_out") }).addTo(map);
    return control;
  };
})();
