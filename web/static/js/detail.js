/* One station in full, built from its API feature. Everything in it is text from outside: nodes, never markup. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, icon = yizhan.icon;

  /* yes, broken, no and unknown are four different things; a guess says that it is one. */
  function standing(amenity) {
    if (!amenity || amenity.value === "unknown") return "unknown";
    if (amenity.value === "no") return "no";
    return amenity.out_of_order ? "broken" : "yes";
  }
  var MARKS = { yes: "check", broken: "warn", no: "cross", unknown: "query" };

  function amenityItem(code, amenity) {
    var state = standing(amenity), notes = [];
    if (state === "broken") notes.push(yizhan.say("amenity_broken"));
    if (state !== "unknown" && amenity.basis === "inferred") notes.push(yizhan.say("inferred"));
    return el("li", { "class": "amenity is-" + state + (amenity && amenity.basis === "inferred" ? " is-inferred" : "") }, [
      icon("amenity-" + code),
      el("span", { "class": "amenity-what" }, [
        el("span", { "class": "amenity-name" }, yizhan.vocabulary.amenities[code] || code),
        notes.length ? " " : null,
        notes.length ? el("span", { "class": "amenity-note" }, notes.join(yizhan.say("and"))) : null,
      ]),
      state === "yes" || state === "broken" ? icon(MARKS[state], "amenity-mark") : null,
    ]);
  }

  /* What is there stands in full; what is not, and what nobody knows, in a line each under its own word. */
  function amenities(rows) {
    var byCode = {};
    rows.forEach(function (row) { byCode[row.amenity] = row; });
    var codes = Object.keys(yizhan.vocabulary.amenities).filter(function (code) {
      return byCode[code] || yizhan.vocabulary.filtered.indexOf(code) >= 0;
    });
    function those(standings) {
      return codes.filter(function (code) { return standings.indexOf(standing(byCode[code])) >= 0; })
        .map(function (code) { return amenityItem(code, byCode[code]); });
    }
    function group(state) {
      var items = those([state]), word = yizhan.say("amenity_" + state);
      return items.length ? el("div", { "class": "amenity-group group-" + state }, [
        el("p", {}, [icon(MARKS[state]), word]), el("ul", { "aria-label": word }, items),
      ]) : null;
    }
    var there = those(["yes", "broken"]);
    return el("div", { "class": "amenities" }, [
      there.length ? el("ul", { "class": "amenity-grid" }, there) : null, group("no"), group("unknown"),
    ]);
  }

  function fact(iconName, label, value) {
    if (value === null || value === undefined || value.length === 0) return null;
    return el("div", { "class": "fact" }, [el("dt", {}, [icon(iconName), el("span", { "class": "away" }, label)]), el("dd", {}, value)]);
  }

  function otherNames(names, shown) {
    return Object.keys(names).filter(function (tag) { return names[tag] && names[tag] !== shown; }).map(function (tag) {
      return el("span", { lang: tag, "class": tag === "mn-Mong" ? "vertical" : null }, names[tag]);
    });
  }

  function hoursLine(hours) {
    if (!hours) return null;
    var lines = [];
    if (hours.words) lines.push(el("span", {}, yizhan.say("as_listed", { words: hours.words })));
    (hours.exceptions || []).forEach(function (exception) {
      var days = exception.starts === exception.ends ? exception.starts : exception.starts + " – " + exception.ends;
      lines.push(el("span", { "class": "exception" }, [days, exception.reason, exception.expression].filter(Boolean).join(" · ")));
    });
    return lines.length ? lines : null;
  }

  function head(p, title, look, now) {
    var until = p.state.until ? Date.parse(p.state.until) : null;
    var others = otherNames(p.names, yizhan.nameOf(p));
    var since = [yizhan.vocabulary.lifecycle[p.lifecycle], p.lifecycle_reason, p.lifecycle_since].filter(Boolean).join(" · ");
    return el("header", { "class": "card-head" }, [
      el("p", { "class": "card-kind" }, [icon("kind-" + p.kind), yizhan.labels.kinds[p.kind] || p.kind, p.demonstration ? el("span", { "class": "demo" }, yizhan.say("demonstration")) : null]),
      title,
      others.length ? el("p", { "class": "card-names" }, others) : null,
      p.lifecycle === "open"
        ? el("p", { "class": "state state-" + look }, yizhan.stateWords(look, p.state.now, until, p.state.then, now))
        : el("p", { "class": "state state-" + look }, since),
    ]);
  }

  /** The card of a station. ``feature`` as the API gives it; ``now`` in epoch milliseconds. */
  yizhan.card = function (feature, now) {
    var p = feature.properties, look = yizhan.lookOf(p.lifecycle, p.state.now);
    var title = el("h2", { "class": "card-title", tabindex: "-1" }, yizhan.nameOf(p));
    var verified = p.verified_at ? yizhan.say("verified", { ago: yizhan.ago(p.verified_at, now), date: p.verified_at.slice(0, 10) }) : yizhan.say("unverified");
    var position = p.position || {};
    var datum = position.datum_received ? yizhan.say("datum", { datum: position.datum_received.toUpperCase() }) : null;
    var near = feature.geometry ? yizhan.vocabulary.quality[position.quality] : yizhan.say(position.held ? "position_held" : "position_missing");
    var card = el("article", { "class": "card", "data-code": p.code }, [
      head(p, title, look, now),
      amenities(p.amenities || []),
      el("dl", { "class": "facts" }, [
        fact("clock", yizhan.say("hours"), hoursLine(p.hours)),
        fact("key", yizhan.say("access"), yizhan.vocabulary.access[p.access || "unknown"]),
        fact("tag", yizhan.say("fee"), yizhan.vocabulary.fee[p.fee || "unknown"]),
        fact("door", yizhan.say("directions"), p.directions),
        fact("pin", yizhan.say("address"), [p.address || (p.region_names || []).join(" "), near ? el("span", { "class": "note" }, near) : null]),
        fact("card", yizhan.say("cards"), (p.accepted_cards || []).join(yizhan.say("and"))),
        fact("hands", yizhan.say("partners"), (p.partners || []).map(function (partner) { return (yizhan.vocabulary.roles[partner.role] || partner.role) + yizhan.say("colon") + partner.name; }).join(yizhan.say("list_break"))),
        fact("phone", yizhan.say("phone"), yizhan.phones(p.phone || "")),
        fact("shield", yizhan.say("standing"), el("span", { "class": p.verified_at ? null : "warned" }, verified)),
      ]),
      el("footer", { "class": "card-foot" }, [
        el("p", {}, [p.source && p.source.name ? yizhan.say("source", { name: p.source.name }) : null, datum].filter(Boolean).join(" · ")),
        el("p", {}, [el("a", { href: yizhan.links.station.replace("CODE", encodeURIComponent(p.code)) }, [icon("link"), p.code])]),
      ]),
    ]);
    card.focusTarget = title;
    return card;
  };
})();
