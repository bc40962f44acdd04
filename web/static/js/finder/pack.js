/* The region in the pocket: stations with weeks of their hours, asked by the phone itself when the server is out of
   reach. Hours are spans of minutes since the pack's first midnight, so no calendar is needed here; a moment after
   the last minute is unknown, never closed. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var MINUTE_MS = 60000;

  /* Two flat lists (wait, length, wait, length …) as one list of segments in order. */
  function segments(schedule) {
    var found = [];
    [["open", schedule[0]], ["unknown", schedule[1]]].forEach(function (part) {
      var at = 0, flat = part[1];
      for (var i = 0; i < flat.length; i += 2) {
        found.push({ state: part[0], start: at + flat[i], end: at + flat[i] + flat[i + 1] });
        at += flat[i] + flat[i + 1];
      }
    });
    return found.sort(function (a, b) { return a.start - b.start; });
  }

  function Pack(body) {
    this.start = Date.parse(body.start);
    this.made = Date.parse(body.made);
    this.minutes = body.minutes;
    this.near = body.near;
    this.amenities = body.amenities;
    this._schedules = body.schedules.map(segments);
    this.stations = body.rows.map(function (row) { return yizhan.station(body.columns, row); });
  }

  /** The state of a station at a moment: {state, until, then, beyond}; ``beyond`` where the pack reaches no more. */
  Pack.prototype.standing = function (station, at) {
    if (station.lifecycle !== "open") return { state: "closed", until: null, then: null, beyond: false };
    var minute = Math.floor((at - this.start) / MINUTE_MS), list = this._schedules[station.schedule], end = this.minutes, pack = this;
    function moment(of) { return of >= end ? null : pack.start + of * MINUTE_MS; }
    if (minute < 0 || minute >= end) return { state: "unknown", until: null, then: null, beyond: true };
    for (var i = 0; i < list.length; i++) {
      var segment = list[i], next = list[i + 1];
      if (minute < segment.start) return { state: "closed", until: moment(segment.start), then: segment.state, beyond: false };
      if (minute < segment.end) {
        var until = moment(segment.end);
        return { state: segment.state, until: until, then: until === null ? null : next && next.start === segment.end ? next.state : "closed", beyond: false };
      }
    }
    return { state: "closed", until: null, then: null, beyond: false };
  };

  /** Whether a station is in one state as far as the pack reaches. */
  Pack.prototype.always = function (station, state) {
    var list = this._schedules[station.schedule];
    return list.length === 1 && list[0].state === state && list[0].start === 0 && list[0].end >= this.minutes;
  };

  /** Metres between two points, on an ellipsoid's radii at the middle latitude: within a ten-thousandth up to 200 km. */
  yizhan.metres = function (a, b) {
    var radian = Math.PI / 180, middle = ((a[1] + b[1]) / 2) * radian, e2 = 0.00669437999014, s = 1 - e2 * Math.pow(Math.sin(middle), 2);
    var east = (a[0] - b[0] + 540) % 360 - 180;
    var x = east * radian * Math.cos(middle) * (6378137 / Math.sqrt(s));
    var y = (a[1] - b[1]) * radian * (6378137 * (1 - e2)) / Math.pow(s, 1.5);
    return Math.hypot(x, y);
  };

  yizhan.Pack = Pack;
})();
