/* A base map from the operator's own PMTiles file, which the browser reads in pieces and draws. */
(function () {
  "use strict";

  var yizhan = window.yizhan;

  yizhan.vectorTiles = function (map, options) {
    var layer = null;
    function draw() {
      if (layer) layer.remove();
      layer = window.protomapsL.leafletLayer({ url: options.url, flavor: yizhan.isDark() ? "dark" : "light", lang: yizhan.lang, maxZoom: map.getMaxZoom(), pane: "tilePane" });
      layer.addTo(map);
    }
    yizhan.onColours(draw);
    draw();
    return layer;
  };
})();
