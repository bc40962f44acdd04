/* The finder's question asked of the pack: the rules of the server (stations/finding), so that the list without a
   network is the list with one. The numbers that the rules use come from the server with the page. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var GROUP = { open: 0, opens_by_arrival: 0, closing_soon: 1, unknown: 2, closes_before_arrival: 3, closed: 3, not_in_service: 4 };
  var NEVER = 1e9, CHANGES = 24, MINUTE_MS = 60000;

  function codes(query, name) { return (query.get(name) || "").split(",").filter(Boolean); }

  /** What the address asks, as far as the pack can answer it. */
  function wishes(query, rules) {
    var kinds = codes(query, "kind"), classes = codes(query, "class"), amenities = 0;
    codes(query, "amenities").forEach(function (code) {
      var bit = yizhan.vocabulary.order.indexOf(code);
      if (bit >= 0) amenities |= 1 << bit;
    });
    var access = [];
    codes(query, "access").forEach(function (code) { access = access.concat(code === "no_scan" ? rules.no_scan : [code]); });
    return {
      lifecycle: ["open", "suspended"], kinds: kinds, classes: classes.length || kinds.length ? classes : ["rest"], amenities: amenities, access: access,
      fee: codes(query, "fee"), open: query.get("open"), exclude: query.get("unknown") === "exclude",
      by: query.get("by") === "ebike" ? "ebike" : "walk", stay: Number(query.get("stay")) || rules.stay,
    };
  }

  function listedOrUnknown(value, wanted, exclude) {
    return !wanted.length || wanted.indexOf(value) >= 0 || (!exclude && value === "unknown");
  }

  /* What a station must meet; open=now is judged for the arrival. */
  function meets(pack, station, wish) {
    if (wish.kinds.length && wish.kinds.indexOf(station.kind) < 0) return false;
    if (wish.classes.length && wish.classes.indexOf(yizhan.vocabulary.classes[station.kind]) < 0) return false;
    if (wish.exclude ? (station.has & wish.amenities) !== wish.amenities : (station.broken | station.lacks) & wish.amenities) return false;
    if (!listedOrUnknown(station.access, wish.access, wish.exclude) || !listedOrUnknown(station.fee, wish.fee, wish.exclude)) return false;
    if (wish.open !== "24h") return true;
    return station.lifecycle === "open" && (pack.always(station, "open") || (!wish.exclude && pack.always(station, "unknown")));
  }

  function doubt(station, wish, rules) {
    var minutes = rules.access[station.access] || 0, bits = wish.amenities & ~station.has;
    for (var bit = 0; bits >>> bit; bit++) {
      if (!((bits >>> bit) & 1)) continue;
      minutes += (station.inferred >>> bit) & 1 ? rules.inferred : rules.unknown;
    }
    return minutes;
  }

  function opensAfter(pack, station, at) {
    for (var i = 0; i < CHANGES; i++) {
      var part = pack.standing(station, at);
      if (part.then === "open") return part.until;
      if (part.until === null) return null;
      at = part.until;
    }
    return null;
  }

  /* Distance, minutes, state and verdict of one station, and the key that it is ranked by. */
  function judge(pack, station, wish, near, now, rules) {
    var metres = near ? yizhan.metres(near, [station.lon, station.lat]) : null;
    var minutes = near ? Math.max(1, Math.ceil(metres * rules.detour / rules.metres_a_minute[wish.by])) : 0;
    var here = pack.standing(station, now), arrival = now + minutes * MINUTE_MS, there = pack.standing(station, arrival);
    var verdict, opens = 0, left = there.state === "open" && there.until !== null ? Math.floor((there.until - arrival) / MINUTE_MS) : null;
    if (station.lifecycle !== "open") verdict = "not_in_service";
    else if (there.state === "unknown") verdict = "unknown";
    else if (there.state === "open") {
      if (left !== null && left < wish.stay) verdict = "closing_soon";
      else verdict = here.state === "open" ? "open" : "opens_by_arrival";
    } else {
      verdict = here.state === "open" ? "closes_before_arrival" : "closed";
      opens = opensAfter(pack, station, arrival);
      opens = opens === null ? NEVER : (opens - now) / MINUTE_MS;
    }
    station.metres = metres === null ? null : Math.round(metres);
    station.minutes = near ? minutes : null;
    station.state = here.state;
    station.until = here.until;
    station.then = here.then;
    station.beyond = here.beyond;
    station.verdict = verdict;
    station.left = left;
    station.key = [GROUP[verdict], opens, minutes + doubt(station, wish, rules), metres || 0, station.code];
    return yizhan.dress(station);
  }

  function byKey(key) {
    return function (a, b) {
      var first = key(a), second = key(b);
      for (var i = 0; i < first.length; i++) {
        if (first[i] < second[i]) return -1;
        if (first[i] > second[i]) return 1;
      }
      return 0;
    };
  }
  function isOpen(station) { return GROUP[station.verdict] < 2; }

  /* Where nothing is open: soonest to open, then hours unknown with a phone, then without. */
  function waiting(station) {
    var opens = station.key[1], known = GROUP[station.verdict] === 3 && opens < NEVER;
    var group = known ? 0 : station.verdict === "unknown" ? ((station.phone || "").trim() ? 1 : 2) : 3;
    return [group].concat(station.key);
  }

  /* What is set aside, one after the other, where nothing at all answers. (A pack holds no other lifecycles: to look
     for those too is only told.) */
  var ASIDE = [{ open: null }, { exclude: false }, { access: [], fee: [] }, { amenities: 0 }, { lifecycle: [] }, { kinds: [], classes: [] }];
  var ASIDE_NAMES = { exclude: "unknown", kinds: "kinds", classes: "classes" };

  function answer(pack, wish, near, now, rules) {
    var all = pack.stations.filter(function (station) { return meets(pack, station, wish); });
    all.forEach(function (station) { judge(pack, station, wish, near, now, rules); });
    if (wish.exclude) all = all.filter(function (station) { return station.verdict !== "unknown"; });
    var reached = all.filter(function (station) { return station.minutes <= rules.hour; });
    if (!reached.length) {
      all.sort(function (a, b) { return a.metres - b.metres; });
      all = all.slice(0, rules.nearest);
      return { stations: all, nothing_near: all.length > 0, nothing_open: !all.some(isOpen) };
    }
    reached.sort(byKey(function (station) { return station.key; }));
    if (!isOpen(reached[0])) return { stations: reached.sort(byKey(waiting)).slice(0, rules.limit), nothing_open: true, nothing_near: false };
    if (wish.open === "now") reached = reached.filter(function (station) { return GROUP[station.verdict] < 3; });
    return { stations: reached.slice(0, rules.limit), nothing_open: false, nothing_near: false };
  }

  /* What a pack does not carry, because it may be over by the time that it is asked. */
  var OFFERS = ["jobs", "events"];

  /** The list that the pack gives to a question. near: [lon, lat] or null; codes: these stations alone, or null. */
  yizhan.rank = function (pack, query, near, now, rules, codes) {
    var wish = wishes(query, rules), at = moment(query), aside = [], found;
    now = at === null ? Math.floor(now / MINUTE_MS) * MINUTE_MS : at; // to the minute, as the server asks
    if (codes) {
      found = { stations: pack.stations.filter(function (station) { return codes.indexOf(station.code) >= 0; }), nothing_open: false, nothing_near: false };
      found.stations.forEach(function (station) { judge(pack, station, wish, near, now, rules); });
      found.stations.sort(byKey(function (station) { return near ? [station.metres] : [codes.indexOf(station.code)]; }));
    } else {
      found = answer(pack, wish, near, now, rules);
      for (var i = 0; i < ASIDE.length && !found.stations.length; i++) {
        var step = ASIDE[i], changed = Object.keys(step).filter(function (name) { return JSON.stringify(wish[name]) !== JSON.stringify(step[name]); });
        changed.forEach(function (name) { wish[name] = step[name]; });
        aside = aside.concat(changed.map(function (name) { return ASIDE_NAMES[name] || name; }));
        if (changed.length) found = answer(pack, wish, near, now, rules);
      }
    }
    if (!codes) aside = aside.concat(OFFERS.filter(function (name) { return query.get(name); }));
    found.set_aside = aside;
    found.kept = pack.made;
    return found;
  };

  function moment(query) {
    var at = query.get("at"), given = at ? Date.parse(at.length > 16 ? at : at + ":00+08:00") : NaN;
    return isNaN(given) ? null : given;
  }

  /** All stations of the pack that a map shows for the question, whatever their distance. */
  yizhan.matching = function (pack, query, now, rules) {
    var wish = wishes(query, rules), at = moment(query);
    if (at !== null) now = at;
    return pack.stations.filter(function (station) { return meets(pack, station, wish); }).map(function (station) {
      return judge(pack, Object.assign({}, station), wish, null, now, rules); // the list keeps its own distances
    }).filter(function (station) {
      return wish.open !== "now" || station.state === "open" || (!wish.exclude && station.state === "unknown" && station.lifecycle === "open");
    });
  };
})();
