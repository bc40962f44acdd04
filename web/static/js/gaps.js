/* The coverage gaps: places that no rest station is near, and counties by their share of such places.

   Every share stands beside what it is a share of, and people nobody counted are said to be unknown. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el;
  var STEPS = [0.0001, 0.1, 0.25, 0.5, 0.75]; // lower ends of the five shades; none uncovered is the first colour
  var SHARES = ["0%", "<10%", "10–24%", "25–49%", "50–74%", "≥75%"];

  function shade(share) {
    var step = 0;
    STEPS.forEach(function (end) { if (share >= end) step += 1; });
    return step;
  }

  function count(value) { return value === null || value === undefined ? yizhan.say("unknown") : yizhan.number(value); }
  function share(part, whole) { return whole ? Math.round((100 * part) / whole) + "%" : "–"; }
  function far(metres) { return metres === null || metres === undefined ? yizhan.say("unknown") : yizhan.distance(metres); }

  var COLUMNS = [
    { key: "name", of: function (a) { return a.name; }, text: function (a) { return a.name; } },
    { key: "places_uncovered", of: function (a) { return a.places_uncovered; }, text: function (a) { return yizhan.number(a.places_uncovered) + " / " + yizhan.number(a.places); } },
    { key: "share", of: function (a) { return a.places ? a.places_uncovered / a.places : -1; }, text: function (a) { return share(a.places_uncovered, a.places); } },
    { key: "people_uncovered", of: function (a) { return a.people_known === null ? -1 : a.people_uncovered; }, text: function (a) { return a.people_known === null ? yizhan.say("unknown") : count(a.people_uncovered) + " / " + count(a.people_known); } },
    { key: "places_population_unknown", of: function (a) { return a.places_population_unknown; }, text: function (a) { return yizhan.number(a.places_population_unknown); } },
    { key: "farthest_m", of: function (a) { return a.farthest_m === null ? -1 : a.farthest_m; }, text: function (a) { return far(a.farthest_m); } },
  ];

  /* Where a planner has published a run, its people and minutes are shown in place of places and metres. */
  var RUN_COLUMNS = [
    COLUMNS[0],
    { key: "people_beyond", of: function (a) { return a.people_beyond; }, text: function (a) { return yizhan.number(a.people_beyond); } },
    { key: "share", of: function (a) { return a.people ? a.people_beyond / a.people : -1; }, text: function (a) { return share(a.people_beyond, a.people); } },
    { key: "people", of: function (a) { return a.people; }, text: function (a) { return yizhan.number(a.people); } },
  ];

  function part(body, area) {
    return body.run ? (area.people ? area.people_beyond / area.people : null) : area.places ? area.places_uncovered / area.places : null;
  }

  function Gaps(map, options) {
    this._map = map;
    this._url = options.url;
    map.createPane("gaps").style.zIndex = 620; // above the stations, which step back
    this._places = L.layerGroup();
    this._drawer = L.svg({ pane: "gaps", padding: 0.3 }); // a canvas would catch the clicks meant for stations below
    this._sort = { column: 1, falling: true };
    var gaps = this;
    yizhan.onColours(function () { if (gaps._body) gaps._draw(); });
  }

  /** Fetch and draw; ``query`` is the page's query string. Resolves to the body. */
  Gaps.prototype.show = function (query, table, signal) {
    var gaps = this;
    return yizhan.ask(this._url + "?" + query, signal).then(function (body) {
      gaps._body = body;
      gaps._table = table;
      gaps._draw();
      gaps._write();
      return body;
    });
  };

  Gaps.prototype.hide = function () {
    this._body = null;
    this._places.clearLayers();
    this._places.remove();
    this._map.regions.shade(null);
  };

  Gaps.prototype._draw = function () {
    var map = this._map, group = this._places, drawer = this._drawer, body = this._body, gaps = this;
    var shades = {};
    body.areas.forEach(function (area) {
      var beyond = part(body, area);
      if (beyond !== null) shades[area.code] = yizhan.colour("gap-" + shade(beyond));
    });
    map.regions.loaded.then(function () { if (gaps._body === body) map.regions.shade(shades); }, function () { /* no areas to shade */ });
    group.clearLayers();
    body.places.forEach(function (place) {
      var people = body.run ? place.people : place.population;
      L.circleMarker([place.lat, place.lon], {
        renderer: drawer, pane: "gaps", radius: people === null ? 5 : Math.min(12, 5 + Math.sqrt(people) / 60),
        weight: 2, color: yizhan.colour("gap-ink"), fillColor: yizhan.colour("gap-hollow"), fillOpacity: 0.85,
      }).on("click", function () { gaps._tell(place); }).addTo(group);
    });
    group.addTo(map);
  };

  function about(place) {
    if (place.people !== undefined) {
      if (place.minutes === null) return yizhan.say("run_gap_far", { people: yizhan.number(place.people) });
      return yizhan.say("run_gap", { people: yizhan.number(place.people), minutes: yizhan.number(place.minutes) });
    }
    return yizhan.say("place_gap", { distance: far(place.nearest_m), people: count(place.population) });
  }

  Gaps.prototype._tell = function (place) {
    L.popup({ className: "place-popup", autoPanPadding: [24, 24] })
      .setLatLng([place.lat, place.lon])
      .setContent(el("div", { "class": "place-note" }, [el("strong", {}, place.name), el("p", {}, about(place))]))
      .openOn(this._map);
  };

  function summary(run, total) {
    return yizhan.say("run_summary", {
      people: yizhan.number(total.people), beyond: yizhan.number(total.people_beyond), minutes: yizhan.number(run.minutes), stations: yizhan.number(run.stations),
      mode: yizhan.say(run.mode === "ebike" ? "run_by_ebike" : "run_on_foot"),
    });
  }

  /** Whose numbers these are, of which day, and what of them is an estimate. */
  function basis(run) {
    return [
      yizhan.say("run_date", { date: run.date }),
      run.at ? yizhan.say("run_at", { moment: run.at }) : yizhan.say("run_any_hour"),
      run.estimated_ways ? yizhan.say("run_ways_estimated") : yizhan.say("run_ways_streets", { source: run.ways }),
      run.estimated_people ? yizhan.say("run_people_estimated") : "",
    ].filter(Boolean).join(" ");
  }

  /* The table: its header cells are buttons that sort. */
  Gaps.prototype._write = function () {
    var gaps = this, body = this._body, run = body.run, sort = this._sort, total = body.totals;
    var columns = run ? RUN_COLUMNS : COLUMNS, minutes = run && yizhan.number(run.minutes);
    if (sort.column >= columns.length) sort = this._sort = { column: 1, falling: true };
    var caption = run ? yizhan.say("run_caption", { minutes: minutes }) : yizhan.say("gap_caption", { distance: yizhan.distance(body.radius_m) });
    var rows = body.areas.slice().sort(function (a, b) {
      var x = columns[sort.column].of(a), y = columns[sort.column].of(b);
      var order = typeof x === "string" ? x.localeCompare(y, yizhan.lang) : x - y;
      return sort.falling ? -order : order;
    });
    function heading(column, i) {
      var mine = sort.column === i;
      return el("th", { scope: "col", "aria-sort": mine ? (sort.falling ? "descending" : "ascending") : null }, el("button", { type: "button", on: { click: function () {
        gaps._sort = { column: i, falling: mine ? !sort.falling : i > 0 };
        gaps._write();
        gaps._table.querySelectorAll("th button")[i].focus();
      } } }, [yizhan.say("column_" + column.key, { minutes: minutes }), mine ? yizhan.icon("chevron", sort.falling ? null : "turned") : null]));
    }
    var table = el("table", { "class": "gap-table" }, [
      el("caption", {}, caption),
      el("thead", {}, el("tr", {}, columns.map(heading))),
      el("tbody", {}, rows.map(function (area) {
        return el("tr", {}, columns.map(function (column, i) {
          if (i) return el("td", {}, column.text(area));
          return el("th", { scope: "row" }, el("button", { type: "button", on: { click: function () { gaps._goTo(area.code); } } }, [
            el("i", { "class": "swatch gap-" + (part(body, area) === null ? "none" : shade(part(body, area))), "aria-hidden": "true" }), area.name,
          ]));
        }));
      })),
      el("tfoot", {}, el("tr", {}, columns.map(function (column, i) {
        return el(i ? "td" : "th", i ? {} : { scope: "row" }, i ? column.text(total) : yizhan.say("total"));
      }))),
    ]);
    var places = run ? body.places : body.places.slice().sort(function (a, b) { return (b.nearest_m || Infinity) - (a.nearest_m || Infinity); });
    var list = el("ol", { "class": "gap-places" }, places.map(function (place) {
      return el("li", {}, el("button", { type: "button", on: { click: function () {
        gaps._map.setView([place.lat, place.lon], Math.max(11, gaps._map.getZoom()));
        gaps._tell(place);
      } } }, [el("strong", {}, place.name), el("span", {}, about(place))]));
    }));
    var key = el("p", { "class": "gap-key" }, SHARES.map(function (text, step) {
      return el("span", {}, [el("i", { "class": "swatch gap-" + step, "aria-hidden": "true" }), text]);
    }));
    this._table.textContent = "";
    [
      el("p", { "class": "gap-summary" }, run ? summary(run, total) : yizhan.say("gap_summary", { uncovered: yizhan.number(total.places_uncovered), places: yizhan.number(total.places), distance: yizhan.distance(body.radius_m), stations: yizhan.number(body.basis.stations) })),
      run ? el("p", { "class": "note" }, basis(run)) : null,
      key,
      el("div", { "class": "scroll", tabindex: "0", role: "region", "aria-label": caption }, table),
      el("h3", {}, run ? yizhan.say("run_places", { n: places.length }) : yizhan.say("gap_places", { n: places.length })),
      list,
      run ? null : el("p", { "class": "note" }, yizhan.say("gap_basis", { source: body.basis.places_source })),
    ].filter(Boolean).forEach(function (part) { this._table.appendChild(part); }, this);
  };

  Gaps.prototype._goTo = function (code) {
    var area = this._map.regions.areas[code];
    if (area && area.bounds.isValid()) this._map.fitBounds(area.bounds, { padding: [20, 20] });
  };

  yizhan.gaps = function (map, options) { return new Gaps(map, options); };
})();
