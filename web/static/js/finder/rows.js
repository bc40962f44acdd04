/* A row of the list: how far, what the hours say, what is there, how sure that is. The page's template writes the
   same for a reader without JavaScript. Everything in it is text from outside: nodes, never markup. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, icon = yizhan.icon, say = yizhan.say;

  yizhan.row = {};

  /** The language of words that are Chinese on a page that is not, so that a voice reads them as they are meant. */
  yizhan.row.tag = function (text) {
    return yizhan.lang.slice(0, 2) !== "zh" && /[\u3400-\u9fff\uf900-\ufaff\ud840-\ud8bf]/.test(text) ? "zh-Hans" : null;
  };

  function otherNames(station) {
    var shown = yizhan.nameOf(station);
    return ["bo", "mn-Mong"].filter(function (tag) { return station.names[tag] && station.names[tag] !== shown; }).map(function (tag) {
      return el("span", { lang: tag, "class": "in-" + tag }, station.names[tag]);
    });
  }

  /** The amenities of a station by standing, in the vocabulary's order. */
  yizhan.row.amenities = function (station, asked) {
    var order = yizhan.vocabulary.order, found = { yes: [], inferred: [], broken: [], unknown: [], rest: 0 };
    order.forEach(function (code, bit) {
      function set(bits) { return (bits >>> bit) & 1; }
      if (set(station.has)) found.yes.push(code);
      else if (set(station.inferred)) found.inferred.push(code);
      else if (set(station.broken)) found.broken.push(code);
      else if (set(station.lacks)) return;
      else if (asked.indexOf(code) >= 0) found.unknown.push(code);
      else if (yizhan.vocabulary.filtered.indexOf(code) >= 0) found.rest += 1;
    });
    return found;
  };

  var NOTES = { yes: null, inferred: "inferred", broken: "amenity_broken", unknown: "amenity_unknown" };
  var MARKS = { inferred: "query", broken: "warn", unknown: "query" };

  function amenities(station, asked) {
    var found = yizhan.row.amenities(station, asked), list = [];
    Object.keys(NOTES).forEach(function (standing) {
      found[standing].forEach(function (code) {
        var label = yizhan.vocabulary.amenities[code], note = NOTES[standing];
        list.push(el("li", { "class": "has is-" + standing, title: note ? label + " · " + say(note) : label }, [
          icon("amenity-" + code), MARKS[standing] ? icon(MARKS[standing], "has-mark") : null,
          el("span", { "class": "away" }, note ? label + " " + say(note) : label),
        ]));
      });
    });
    if (found.rest) list.push(el("li", { "class": "has-rest" }, say("rest_unknown", { n: found.rest })));
    return list.length ? el("ul", { "class": "has-list", "aria-label": say("amenities") }, list) : null;
  }

  /** What the verdict says beyond the state: it closes before one gets there, it opens by then, too short a stay. */
  yizhan.row.warning = function (station) {
    var words = yizhan.verdicts[station.verdict];
    return words && !(station.minutes >= yizhan.tooFar) ? words.replace("{n}", String(station.left)) : "";
  };

  /** How long the way takes; nothing where that is of no use. about: an estimate among minutes that are none. */
  yizhan.row.minutes = function (minutes, about) {
    var hours = Math.floor(minutes / 60), rest = minutes % 60;
    if (minutes === null || minutes >= yizhan.tooFar) return "";
    if (about) return say("about", { minutes: yizhan.row.minutes(minutes) });
    return hours ? say(rest ? "hours_minutes" : "hours", { h: hours, n: rest }) : say("minutes", { n: rest });
  };

  /** What the public says, counted: never a state. */
  yizhan.row.voices = function (station) {
    var voice = station.voice, said = [];
    if (!voice) return said;
    if (voice.confirmed) said.push(el("span", { "class": "voice-good" }, [icon("check"), say("said_open", { n: voice.confirmed })]));
    voice.reported.forEach(function (one) {
      var label = yizhan.choices[one[0]];
      if (one[1]) label = say("said_of", { what: label, amenity: yizhan.vocabulary.amenities[one[1]] });
      said.push(el("span", { "class": "voice-bad" }, [icon("warn"), say("said_wrong", { what: label })]));
    });
    return said;
  };

  function facts(station, now) {
    return [
      station.access === "unknown" ? null : yizhan.vocabulary.access[station.access],
      station.fee === "fee" ? yizhan.vocabulary.fee.fee : null,
      station.verified ? say("verified_ago", { ago: yizhan.ago(station.verified, now) }) : say("unverified_short"),
    ].filter(Boolean).join(" · ");
  }

  /* Where nobody knows, or one would stand before a closed door, the telephone is at hand. */
  function call(station) {
    if (!station.phone || (station.verdict !== "unknown" && station.verdict !== "closed")) return null;
    var number = yizhan.phones(station.phone)[0].querySelector("a");
    if (!number) return null;
    number.className = "button";
    number.insertBefore(icon("phone"), number.firstChild);
    return el("p", { "class": "find-phone" }, number);
  }

  /** One station as a list item. options: asked (amenities), now, starred, minutes (or null without a place). */
  yizhan.row.make = function (station, options) {
    var warning = yizhan.row.warning(station), voices = yizhan.row.voices(station), id = "more-" + station.code;
    var minutes = yizhan.row.minutes(station.minutes, station.about), distance = station.metres === null ? "" : yizhan.distance(station.metres);
    var far = station.metres === null ? null : el("span", { "class": "far" }, [el("b", {}, minutes || distance), minutes ? el("span", {}, distance) : null]);
    return el("li", { "class": "find look-" + station.look, "data-code": station.code }, [
      el("a", { "class": "find-main", href: yizhan.links.station.replace("CODE", encodeURIComponent(station.code)) }, [
        yizhan.pin(yizhan.symbols, station, null),
        el("span", { "class": "find-name", lang: yizhan.row.tag(yizhan.nameOf(station)) }, yizhan.nameOf(station)),
        far,
        otherNames(station).length ? el("span", { "class": "find-names" }, otherNames(station)) : null,
        el("span", { "class": "find-state state state-" + station.look }, yizhan.row.state(station, options.now)),
        warning ? el("span", { "class": "find-warning warning-" + station.verdict }, [icon("clock"), warning]) : null,
        el("span", { "class": "find-facts" }, facts(station, options.now)),
      ]),
      amenities(station, options.asked),
      voices.length ? el("p", { "class": "voices" }, voices) : null,
      call(station),
      el("button", { type: "button", "class": "find-more", "aria-expanded": "false", "aria-controls": id, "aria-label": say("more_of", { name: yizhan.nameOf(station) }) }, icon("chevron")),
      el("div", { "class": "find-extra", id: id, hidden: true }),
    ]);
  };

  yizhan.row.state = function (station, now) {
    if (station.beyond) return say("hours_stale");
    return yizhan.stateWords(station.look, station.state, station.until, station.then, now);
  };

  /** Fill what a row unfolds: where the door is, the phone, and what one can say about the station. */
  yizhan.row.unfold = function (box, station, starred, actions) {
    function button(key, name, act, pressed) {
      var made = el("button", { type: "button", "class": "button", "aria-pressed": pressed === undefined ? null : String(pressed), "data-act": key, on: { click: act } }, [icon(name), say(key)]);
      return made;
    }
    box.textContent = "";
    [
      station.address ? el("p", { lang: yizhan.row.tag(station.address) }, [icon("pin"), station.address]) : null,
      station.directions ? el("p", { lang: yizhan.row.tag(station.directions) }, [icon("door"), station.directions]) : null,
      station.hours ? el("p", {}, [icon("clock"), say("as_listed", { words: station.hours })]) : null,
      el("p", { "class": "buttons" }, [
        button("confirm", "check", function () { actions.confirm(station, box); }),
        button("problem", "warn", function () { actions.problem(station, box); }),
      ]),
      el("p", { "class": "buttons" }, [
        button("star", "kind-care_station", function (event) { actions.star(station, event.currentTarget); }, starred),
        button("details", "info", function () { window.location.href = yizhan.links.station.replace("CODE", encodeURIComponent(station.code)); }),
      ].concat(yizhan.phones(station.phone || "", "button"))),
    ].forEach(function (part) { if (part) box.appendChild(part); });
  };
})();
