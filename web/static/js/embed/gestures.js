/* Who a gesture belongs to. An embed lies in the way of somebody who scrolls a page: unless its owner wishes otherwise the
   wheel and one finger move the page, Ctrl with the wheel and two fingers move the map, and a line on the map says so. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var SHOWN_MS = 1600;

  yizhan.gestures = function (map, options) {
    var box = map.getContainer(), hint = document.getElementById("gesture-hint"), timer = 0;

    function tell(key) {
      hint.textContent = yizhan.say(key);
      hint.classList.add("is-shown");
      window.clearTimeout(timer);
      timer = window.setTimeout(function () { hint.classList.remove("is-shown"); }, SHOWN_MS);
    }

    if (options.wheel !== "zoom") map.scrollWheelZoom.disable();
    if (options.wheel === "ctrl") {
      // Before Leaflet's own listener, which is there only while the key is held.
      box.addEventListener("wheel", function (event) {
        var mac = /Mac|iPhone|iPad/.test(navigator.platform);
        if (event.ctrlKey || event.metaKey) return map.scrollWheelZoom.enable();
        map.scrollWheelZoom.disable();
        if (!event.target.closest(".leaflet-popup, .legend")) tell(mac ? "wheel_hint_mac" : "wheel_hint");
      }, { capture: true, passive: true });
    }

    if (options.touch === "two") {
      // Without dragging Leaflet's style lets one finger scroll the page; two still pinch and move the map.
      if (window.matchMedia("(any-pointer: coarse)").matches) map.dragging.disable();
      box.addEventListener("pointerdown", function (event) {
        if (event.pointerType === "touch") map.dragging.disable();
        else map.dragging.enable();
      }, { capture: true });
      box.addEventListener("touchmove", function (event) {
        if (event.touches.length === 1 && !event.target.closest(".leaflet-popup, .legend")) tell("touch_hint");
        else hint.classList.remove("is-shown");
      }, { capture: true, passive: true });
    }
    return options;
  };
})();
