/* A station of the list: its facts from a row of columns, its state and verdict from the server or from the pack. */
(function () {
  "use strict";

  var yizhan = window.yizhan;

  /** Facts from a row; nothing is said of its state or distance yet. */
  yizhan.station = function (columns, row) {
    var station = { metres: null, minutes: null, state: "unknown", until: null, then: null, verdict: null, left: null, beyond: false, voice: null };
    columns.forEach(function (column, i) { station[column] = row[i]; });
    if (typeof station.until === "string") station.until = Date.parse(station.until);
    return yizhan.dress(station);
  };

  /** What follows from the facts and the state: how it looks, and what a map says of it. */
  yizhan.dress = function (station) {
    station.look = yizhan.lookOf(station.lifecycle, station.state);
    station.name = yizhan.nameOf(station);
    station.words = function () { return yizhan.row.state(station, yizhan.clock.now()); };
    return station;
  };

  /* The server's clock, carried on by this phone's: a phone's own clock may be wrong by hours. */
  var moment = { server: Date.now(), local: Date.now(), still: false };
  yizhan.clock = {
    /** Believe a moment that the server gave; ``still`` for one that was asked about, which does not run on. */
    set: function (server, still) {
      moment = { server: server, local: Date.now(), still: Boolean(still) };
      if (!still) yizhan.kept.keep("clock", moment);
    },
    now: function () { return moment.still ? moment.server : moment.server + (Date.now() - moment.local); },
    /** Without a server: what the last answer told of this phone's error. */
    recall: function () {
      var kept = yizhan.kept.little("clock", null);
      if (kept && isFinite(kept.server) && isFinite(kept.local) && !moment.still) moment = kept;
    },
  };
})();
