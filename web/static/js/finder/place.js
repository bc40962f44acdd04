/* Where to look from: one tap on "my position", a name typed, a saved place. (A point on the map: see map.js.)

   Each way that fails says so in one sentence and leaves the others open. A position is used to four decimals, about
   ten metres: that is what stands in the address and what the server is asked with. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, icon = yizhan.icon, say = yizhan.say;

  /** A place as the address writes it: [longitude, latitude] to four decimals; null for what is none. */
  yizhan.point = function (text) {
    var parts = String(text || "").split(",").map(Number);
    if (parts.length !== 2 || !parts.every(isFinite) || Math.abs(parts[0]) > 180 || Math.abs(parts[1]) > 90) return null;
    return parts;
  };
  yizhan.rounded = function (lon, lat) { return lon.toFixed(4) + "," + lat.toFixed(4); };

  /** The button that asks the device. options: button, cancel, tell(text, ways), found(near). */
  yizhan.locator = function (options) {
    var asked = 0, busy = false;

    function rest() {
      busy = false;
      options.button.classList.remove("is-busy");
      options.button.removeAttribute("aria-busy");
      options.cancel.hidden = true;
    }
    function fail(key) {
      rest();
      options.tell(say(key), true);
    }
    options.cancel.addEventListener("click", function () {
      asked += 1; // an answer that comes later is not used
      fail("location_declined");
      options.button.focus();
    });
    options.button.addEventListener("click", function () {
      if (busy) return; // a second tap while the first is being answered
      if (!window.isSecureContext || !navigator.geolocation) return fail("location_impossible");
      var mine = (asked += 1);
      busy = true;
      options.button.classList.add("is-busy");
      options.button.setAttribute("aria-busy", "true");
      options.cancel.hidden = false;
      options.tell(say("locating"));
      navigator.geolocation.getCurrentPosition(function (position) {
        if (mine !== asked) return;
        rest();
        options.tell("");
        options.found(yizhan.rounded(position.coords.longitude, position.coords.latitude));
      }, function (error) {
        if (mine !== asked) return;
        fail(error.code === 1 ? "location_denied" : error.code === 3 ? "location_late" : "location_unavailable");
      }, { enableHighAccuracy: true, timeout: 12000, maximumAge: 60000 });
    });
  };

  /** Suggestions under the search field, a combobox as ARIA has it: arrows choose, Enter takes, Escape closes.

      options: input, list, url, chosen(hit). */
  yizhan.suggest = function (options) {
    var input = options.input, list = options.list, asking = null, hits = [], active = -1;

    function close() {
      list.hidden = true;
      active = -1;
      input.setAttribute("aria-expanded", "false");
      input.removeAttribute("aria-activedescendant");
    }
    function mark(index) {
      active = index;
      Array.prototype.forEach.call(list.children, function (item, i) { item.setAttribute("aria-selected", String(i === index)); });
      if (index < 0) return input.removeAttribute("aria-activedescendant");
      input.setAttribute("aria-activedescendant", list.children[index].id);
      list.children[index].scrollIntoView({ block: "nearest" });
    }
    function take(hit) {
      close();
      input.value = hit.name;
      options.chosen(hit);
    }
    function show(found) {
      hits = found;
      list.textContent = "";
      found.forEach(function (hit, i) {
        list.appendChild(el("li", { role: "option", id: "suggestion-" + i, "aria-selected": "false", on: {
          // Before the field loses the focus and closes the list.
          pointerdown: function (event) { event.preventDefault(); },
          click: function () { take(hit); },
        } }, [icon(hit.icon), el("span", { "class": "hit-name" }, hit.name), el("span", { "class": "hit-where" }, hit.where || "")]));
      });
      if (!found.length) return close();
      list.hidden = false;
      mark(-1);
      input.setAttribute("aria-expanded", "true");
    }
    var ask = yizhan.settled(function () {
      var text = input.value.trim();
      if (asking) asking.abort();
      if (!text) return close();
      asking = new AbortController();
      options.ask(text, asking.signal).then(function (found) {
        if (input.value.trim() === text && document.activeElement === input) show(found);
      }, function () { /* typing goes on; the search itself tells what failed */ });
    }, 160);

    input.addEventListener("input", ask);
    input.addEventListener("blur", close);
    input.addEventListener("keydown", function (event) {
      if (event.isComposing || list.hidden) return; // an input method is choosing its own candidates
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        var step = event.key === "ArrowDown" ? 1 : -1, count = hits.length;
        mark(active < 0 && step < 0 ? count - 1 : (active + step + count) % count);
      } else if (event.key === "Enter" && active >= 0) {
        event.preventDefault();
        take(hits[active]);
      } else if (event.key === "Escape") {
        event.preventDefault();
        event.stopPropagation();
        close();
      }
    });
    return { close: close };
  };

  /* Saved places ---------------------------------------------------------------------------------------------- */
  var MOST = 12;

  yizhan.saved = {
    all: function () {
      return yizhan.kept.little("places", []).filter(function (place) { return place && place.name && yizhan.point(place.near); });
    },
    add: function (name, near) {
      var others = yizhan.saved.all().filter(function (place) { return place.name !== name; });
      return yizhan.kept.keep("places", [{ name: name, near: near }].concat(others).slice(0, MOST));
    },
    remove: function (name) {
      return yizhan.kept.keep("places", yizhan.saved.all().filter(function (place) { return place.name !== name; }));
    },
  };

  /** Write the saved places as links to the list around them; each can be taken away. */
  yizhan.savedList = function (box, options) {
    var places = yizhan.saved.all();
    box.textContent = "";
    box.hidden = !places.length;
    places.forEach(function (place) {
      box.appendChild(el("li", {}, [
        el("button", { type: "button", "class": "saved", on: { click: function () { options.go(place); } } }, [icon("pin"), place.name]),
        el("button", { type: "button", "class": "saved-remove", "aria-label": say("remove_place", { name: place.name }), on: { click: function () {
          yizhan.saved.remove(place.name);
          yizhan.savedList(box, options);
          options.removed();
        } } }, icon("close")),
      ]));
    });
  };
})();
