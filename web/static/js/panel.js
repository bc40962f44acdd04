/* The panel beside the map (a sheet over it on a phone): the list of stations in view, the gap table, a station. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el;
  var PAGE = 60;
  var PEEK_PX = 112; // as in map.css
  var STOPS = ["peek", "half", "full"];

  /** root: the panel's element. opened: called with a code and the row pressed. moved: called when the sheet covers
      more or less of the map; ``covered`` says how many pixels of its lower edge. */
  function Panel(root, opened, moved) {
    this.root = root;
    this._moved = moved;
    this.list = root.querySelector("[data-list]");
    this.count = root.querySelector("[data-count]");
    this.more = root.querySelector("[data-more]");
    this.views = {};
    var panel = this;
    root.querySelectorAll("[data-view]").forEach(function (view) { panel.views[view.dataset.view] = view; });
    this._limit = PAGE;
    this.list.addEventListener("click", function (event) {
      var row = event.target.closest("a[data-code]");
      if (!row || event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      opened(row.dataset.code, row);
    });
    this.more.addEventListener("click", function (event) {
      event.preventDefault();
      var first = panel._limit;
      panel._limit += PAGE;
      panel._write();
      var next = panel.list.children[first];
      if (next) next.querySelector("a").focus();
    });
    this._grip();
  }

  Panel.prototype.show = function (name) {
    Object.keys(this.views).forEach(function (key) { this.views[key].hidden = key !== name; }, this);
    this.root.dataset.shows = name;
    if (name !== "list" && this.root.dataset.stop === "peek") this.stop("half");
    this.root.querySelector(".panel-scroll").scrollTop = 0;
  };

  /** List these stations: ``sorted`` already; ``from`` is the point that distances are told from, or null. */
  Panel.prototype.write = function (stations, matched, from) {
    this._stations = stations;
    this._from = from;
    this._limit = PAGE;
    this.count.textContent = yizhan.say("in_view", { n: yizhan.number(stations.length), all: yizhan.number(matched) });
    this._write();
  };

  Panel.prototype._write = function () {
    var stations = this._stations, from = this._from, limit = this._limit;
    var focused = this.list.contains(document.activeElement) && document.activeElement.dataset.code;
    this.list.textContent = "";
    stations.slice(0, limit).forEach(function (station) { this.list.appendChild(row(station, from)); }, this);
    if (!stations.length) this.list.appendChild(el("li", { "class": "empty" }, yizhan.say("none_in_view")));
    this.more.hidden = stations.length <= limit;
    // The row that had the focus was written anew: who goes through the list by keyboard stays where they were.
    var same = focused && Array.prototype.find.call(this.list.querySelectorAll("a[data-code]"), function (each) { return each.dataset.code === focused; });
    if (same) same.focus({ preventScroll: true });
  };

  function row(station, from) {
    var facts = [station.where(), yizhan.labels.kinds[station.kind]];
    if (from) facts.push(yizhan.distance(from.distanceTo([station.lat, station.lon])));
    return el("li", {}, el("a", { "class": "row", href: yizhan.links.station.replace("CODE", encodeURIComponent(station.code)), "data-code": station.code }, [
      yizhan.pin(yizhan.symbols, station, null),
      el("span", { "class": "row-name" }, station.name),
      el("span", { "class": "row-state state state-" + station.look }, station.words()),
      el("span", { "class": "row-facts" }, facts.filter(Boolean).join(" · ")),
      station.doubtful ? el("span", { "class": "row-doubts" }, station.doubts().join(" · ")) : null,
      amenityIcons(station.amenities()),
    ]));
  }

  function amenityIcons(codes) {
    if (!codes.length) return null;
    var labels = yizhan.vocabulary.amenities;
    return el("span", { "class": "row-amenities" }, codes.map(function (code) { return yizhan.icon("amenity-" + code); })
      .concat(el("span", { "class": "away" }, codes.map(function (code) { return labels[code]; }).join(yizhan.say("and")))));
  }

  /* The sheet: a tap on the grip steps through the stops, a drag goes to the nearest. */
  Panel.prototype.stop = function (name) {
    this.root.dataset.stop = name;
    this.root.style.height = "";
    // What stands at the map's lower edge, the review number above all, stays above the sheet.
    if (name !== "full") {
      this.covered = this._heights()[name];
      this.root.parentElement.style.setProperty("--covered", this.covered + "px");
      this._moved();
    }
    this._button.setAttribute("aria-expanded", String(name !== "peek"));
  };

  Panel.prototype._heights = function () {
    var whole = this.root.parentElement.clientHeight;
    return { peek: PEEK_PX, half: Math.round(whole * 0.52), full: whole - 8 };
  };

  Panel.prototype._grip = function () {
    var panel = this, root = this.root, grip = root.querySelector(".panel-grip"), start = null;
    this._button = grip;
    this.stop("peek");
    grip.addEventListener("click", function () {
      if (start && start.moved) return;
      panel.stop(root.dataset.stop === "peek" ? "half" : root.dataset.stop === "half" ? "full" : "peek");
    });
    grip.addEventListener("pointerdown", function (event) {
      start = { y: event.clientY, height: root.offsetHeight, moved: false };
      grip.setPointerCapture(event.pointerId);
    });
    grip.addEventListener("pointermove", function (event) {
      if (!start || !(event.buttons & 1)) return;
      var by = start.y - event.clientY;
      if (Math.abs(by) > 6) start.moved = true;
      if (start.moved) root.style.height = Math.max(60, Math.min(panel._heights().full, start.height + by)) + "px";
    });
    grip.addEventListener("pointerup", function () {
      if (!start || !start.moved) return;
      var at = panel._heights(), now = root.offsetHeight;
      panel.stop(STOPS.slice().sort(function (a, b) { return Math.abs(at[a] - now) - Math.abs(at[b] - now); })[0]);
    });
    grip.addEventListener("pointercancel", function () { start = null; panel.stop(root.dataset.stop); });
  };

  yizhan.Panel = Panel;
})();
