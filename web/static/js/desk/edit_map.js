/* The map of a form: a pin that is dragged, clicked or moved by keys, the stations around it, the county's border.

   The pin tells the form where it went by the event "yizhan:pin"; the form moves it by yizhan.pinned. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var STEP_PX = 4, FAR_PX = 40;
  var CLOSE = 13.5; // near enough to see who is around, far enough to see where that is
  var ARROWS = { ArrowUp: [0, -1], ArrowDown: [0, 1], ArrowLeft: [-1, 0], ArrowRight: [1, 0] };

  var Made = L.Icon.extend({
    createIcon: function () {
      var element = this.options.make();
      element.classList.add("leaflet-marker-icon");
      return element;
    },
    createShadow: function () { return null; },
  });

  function made(station, label) {
    return new Made({
      make: function () { return yizhan.pin(yizhan.symbols, station, label); },
    });
  }

  yizhan.editPin = function (map, options) {
    var container = map.getContainer();
    var near = L.layerGroup().addTo(map);
    var marker = null;

    map.scrollWheelZoom.disable(); // the page scrolls; the buttons and two fingers zoom
    L.control.zoom({ position: "topright" }).addTo(map);

    function tell() {
      var at = marker.getLatLng();
      container.dispatchEvent(new CustomEvent("yizhan:pin", { bubbles: true, detail: { lon: at.lng, lat: at.lat } }));
    }

    function put(latlng) {
      if (marker) return marker.setLatLng(latlng);
      marker = L.marker(latlng, { draggable: true, keyboard: true, zIndexOffset: 1000, icon: made(options, yizhan.say("pin")) }).addTo(map);
      marker.on("dragend", tell);
      marker.getElement().addEventListener("keydown", function (event) {
        var way = ARROWS[event.key];
        if (!way) return;
        event.preventDefault();
        event.stopPropagation();
        var far = event.shiftKey ? FAR_PX : STEP_PX;
        var spot = map.latLngToContainerPoint(marker.getLatLng()).add([way[0] * far, way[1] * far]);
        marker.setLatLng(map.containerPointToLatLng(spot));
        if (!map.getBounds().contains(marker.getLatLng())) map.panTo(marker.getLatLng(), { animate: false });
        tell();
      });
      if (button) button.remove();
      return marker;
    }

    var button = L.control({ position: "topleft" });
    button.onAdd = function () {
      var element = yizhan.el("button", { type: "button", "class": "map-button put-pin" }, yizhan.say("put_pin"));
      L.DomEvent.disableClickPropagation(element);
      element.addEventListener("click", function () { put(map.getCenter()); tell(); marker.getElement().focus(); });
      return element;
    };
    if (options.lon === undefined) button.addTo(map);
    map.on("click", function (event) { put(event.latlng); tell(); });

    function border(regions) {
      var area = options.region && regions.areas[options.region];
      if (!area) return;
      if (area.shape) {
        var line = L.polygon(area.shape.getLatLngs(), { fill: false, weight: 2.5, interactive: false, color: yizhan.colour("accent") }).addTo(map);
        yizhan.onColours(function () { line.setStyle({ color: yizhan.colour("accent") }); });
      }
      if (!marker && area.bounds.isValid()) map.fitBounds(area.bounds, { animate: false });
    }

    if (options.lon !== undefined) {
      put(L.latLng(options.lat, options.lon));
      map.setView([options.lat, options.lon], CLOSE, { animate: false });
    }
    map.regions.loaded.then(border, function () { /* without a base map the form still works */ });

    yizhan.pinned = {
      /** Put the pin somewhere without telling the form, which knows. */
      move: function (lon, lat) {
        var first = !marker, latlng = L.latLng(lat, lon);
        put(latlng);
        if (first) map.setView(latlng, CLOSE, { animate: false });
        else if (!map.getBounds().contains(latlng)) map.panTo(latlng, { animate: false });
      },
      /** Draw the stations around; {name, kind, lifecycle, lon, lat} each. */
      around: function (stations) {
        near.clearLayers();
        stations.forEach(function (one) {
          var look = yizhan.symbols.lifecycles[one.lifecycle] || "open";
          var other = L.marker([one.lat, one.lon], { interactive: false, keyboard: false, icon: made({ kind: one.kind, look: look }) }).addTo(near);
          var element = other.getElement();
          element.classList.add("is-other");
          element.setAttribute("aria-hidden", "true"); // the list beside the map names it
          element.appendChild(yizhan.el("span", { "class": "other-label" }, one.name));
        });
      },
    };
    return yizhan.pinned;
  };
})();
