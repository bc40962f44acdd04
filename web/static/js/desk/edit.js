/* The form of a station: what hours in words mean while one types, where the pin is, what was pasted, what is kept.

   Without this script the form works all the same; the button that checks does by a page what is done here at once. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var ASK_AFTER_MS = 350, KEEP_AFTER_MS = 400;

  document.addEventListener("DOMContentLoaded", function () {
    window.setTimeout(start, 0); // after the map's own script has given the words
  });

  function start() {
    var form = document.getElementById("edit");
    if (!form) return;
    var setup = JSON.parse(document.getElementById("edit-setup").textContent);
    var token = document.querySelector('meta[name="csrf-token"]').content;
    var field = function (name) { return form.elements[name]; };

    function ask(url, values) {
      var body = new URLSearchParams();
      Object.keys(values).forEach(function (name) { body.append(name, values[name]); });
      return fetch(url, { method: "POST", body: body, headers: { "X-CSRF-Token": token, Accept: "application/json" } }).then(function (response) {
        if (!response.ok) throw new Error(yizhan.say("failed"));
        return response.json();
      });
    }

    function fill(element, children) {
      while (element.firstChild) element.removeChild(element.firstChild);
      [].concat(children).forEach(function (child) { if (child) element.appendChild(child); });
    }

    function hint(words, lang) { return yizhan.el("p", { "class": "hint", lang: lang || null }, words); }

    /* Only the last question counts: an answer to an older one is thrown away. */
    function latest(question, answer) {
      var number = 0;
      return function () {
        var mine = (number += 1);
        var asked = question();
        if (asked) asked.then(function (body) { if (mine === number) answer(body); }, function () { /* asked again with the next key */ });
      };
    }

    // Hours in words.
    var hoursSaid = document.getElementById("hours-said"), keep = document.getElementById("hours-keep");
    var askHours = latest(function () { return ask(setup.aids.hours, { words: field("hours.words").value }); }, function (body) {
      keep.hidden = body.meant !== false;
      var shown = [];
      if (body.wrong) shown.push(yizhan.el("p", { "class": "wrong" }, body.wrong));
      else if (body.empty) shown.push(hint(yizhan.say("no_times")));
      else if (!body.meant) shown.push(yizhan.el("p", { "class": "wrong" }, yizhan.say("means_nothing")));
      else if (!body.sure) shown.push(yizhan.el("p", { "class": "wrong" }, yizhan.say("in_doubt")));
      if (body.expression) shown.push(hint(yizhan.say("understood_as", { expression: body.expression })));
      body.notes.forEach(function (note) { shown.push(hint(note, "zh-Hans")); });
      if (body.week.length) {
        shown.push(yizhan.el("table", { "class": "week" }, yizhan.el("tbody", {}, body.week.map(function (row) {
          return yizhan.el("tr", { "class": "is-" + row.state }, [
            yizhan.el("th", { scope: "row" }, [row.name + " ", yizhan.el("span", { "class": "hint" }, row.day)]),
            yizhan.el("td", {}, [row.hours, row.note ? yizhan.el("span", { "class": "hint" }, " " + row.note) : ""]),
          ]);
        }))));
      }
      if (body.ahead && body.ahead.length) {
        shown.push(hint(yizhan.say("also_days", { days: body.ahead.map(function (one) { return one.days + " " + one.hours; }).join(" · ") })));
      }
      fill(hoursSaid, shown);
    });
    field("hours.words").addEventListener("input", yizhan.settled(askHours, ASK_AFTER_MS));

    // Where the pin is.
    var wrong = document.getElementById("place-wrong"), offers = document.getElementById("offers");
    var region = document.getElementById("place-region"), near = document.getElementById("near");
    var regionField = field("region_code"), follow = field("follow");
    function numbers() {
      return { lon: field("position.lon").value.trim(), lat: field("position.lat").value.trim(), datum: field("position.datum").value };
    }
    function take(position) {
      field("position.lon").value = position.lon;
      field("position.lat").value = position.lat;
      if (position.datum) field("position.datum").value = position.datum;
      changed();
      askPlace();
    }
    var askPlace = latest(function () {
      var at = numbers();
      if (!at.lon || !at.lat) return null;
      return ask(setup.aids.place, { lon: at.lon, lat: at.lat, datum: at.datum, code: setup.code, name: field("name.zh").value, region: setup.code ? regionField.dataset.was : "" });
    }, function (body) {
      wrong.textContent = body.wrong || "";
      if (body.near === undefined) return;
      if (yizhan.pinned) {
        yizhan.pinned.move(body.lon, body.lat);
        yizhan.pinned.around(body.near);
      }
      region.textContent = body.region_words;
      if (follow.checked && body.region && Array.prototype.some.call(regionField.options, function (o) { return o.value === body.region; })) regionField.value = body.region;
      fill(offers, body.offers.map(function (offer) {
        return yizhan.el("li", {}, [offer.words + " ", yizhan.el("button", { type: "button", "class": "button is-small", on: { click: function () { take(offer); } } }, yizhan.say("use"))]);
      }));
      fill(near, body.near.length ? body.near.map(function (one) {
        return yizhan.el("li", { "class": one.twin ? "is-twin" : null }, [
          yizhan.el("a", { href: one.url }, one.name),
          yizhan.el("span", { "class": "hint" }, " " + one.distance + (one.twin ? " · " + yizhan.say("same_place") : "")),
        ]);
      }) : yizhan.el("li", { "class": "hint" }, yizhan.say("none_near")));
    });
    var askPlaceSoon = yizhan.settled(askPlace, ASK_AFTER_MS);
    regionField.dataset.was = regionField.value;
    ["position.lon", "position.lat", "name.zh"].forEach(function (name) { field(name).addEventListener("input", askPlaceSoon); });
    field("position.datum").addEventListener("change", askPlace);
    regionField.addEventListener("change", function () { follow.checked = false; });
    form.addEventListener("yizhan:pin", function (event) {
      take({ lon: event.detail.lon.toFixed(7), lat: event.detail.lat.toFixed(7), datum: "wgs84" });
    });

    // What was pasted.
    var pasteSaid = document.getElementById("paste-said");
    var askPaste = latest(function () {
      var text = field("paste").value;
      if (!text.trim()) { pasteSaid.textContent = ""; return null; }
      return ask(setup.aids.paste, { text: text });
    }, function (body) {
      pasteSaid.className = body.wrong ? "wrong" : "hint";
      pasteSaid.textContent = body.wrong || body.notes.join(" ");
      if (!body.wrong) take(body);
    });
    field("paste").addEventListener("input", yizhan.settled(askPaste, ASK_AFTER_MS));

    // Rows.
    function addRow(rows) {
      var fresh = rows.lastElementChild.cloneNode(true);
      Array.prototype.forEach.call(fresh.querySelectorAll("input"), function (input) { input.value = ""; });
      Array.prototype.forEach.call(fresh.querySelectorAll("select"), function (select) { select.selectedIndex = 0; });
      rows.appendChild(fresh);
      return fresh;
    }
    function moreRows(values) {
      Array.prototype.forEach.call(form.querySelectorAll("[data-rows]"), function (rows) {
        var wanted = (values[rows.querySelector("input").name] || []).length;
        while (rows.children.length < wanted) addRow(rows);
      });
    }
    Array.prototype.forEach.call(form.querySelectorAll("[data-add]"), function (button) {
      button.hidden = false;
      button.addEventListener("click", function () { addRow(button.previousElementSibling).querySelector("input").focus(); });
    });

    // What is kept on this device.
    var kept = yizhan.kept(form, setup.member, setup.code), sending = false;
    var address = new URL(window.location.href), saved = address.searchParams.get("saved");
    var told = document.getElementById("kept"), sendSaid = document.getElementById("send-said");
    if (saved !== null) {
      var of = kept.held();
      if (of && of.id === saved) kept.drop();
      dropNew(saved);
      address.searchParams.delete("saved");
      window.history.replaceState(null, "", address.pathname + address.search + address.hash);
    }
    function dropNew(id) {
      var fresh = yizhan.kept(form, setup.member, ""), draft = fresh.held();
      if (draft && draft.id === id) fresh.drop();
    }
    var untouched = JSON.stringify(kept.entries());
    function dirty() { return form.dataset.posted === "1" || JSON.stringify(kept.entries()) !== untouched; }
    var keepSoon = yizhan.settled(function () { if (!sending && dirty()) kept.keep(); }, KEEP_AFTER_MS);
    function changed() { keepSoon(); }
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    if (form.dataset.posted === "1") kept.keep();
    else offer(kept.held());

    function offer(draft) {
      if (!draft || JSON.stringify(draft.entries) === untouched) return;
      var time = new Intl.DateTimeFormat(yizhan.lang, { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", timeZone: "Asia/Shanghai" }).format(draft.at);
      fill(told, [
        yizhan.icon("history"),
        yizhan.el("span", {}, yizhan.say("kept_at", { time: time })),
        yizhan.el("button", { type: "button", "class": "button is-small", on: { click: function () {
          kept.restore(draft, moreRows);
          fill(told, yizhan.el("span", {}, yizhan.say("restored")));
          askHours();
          askPlace();
        } } }, yizhan.say("restore")),
        yizhan.el("button", { type: "button", "class": "button is-small", on: { click: function () { kept.drop(); told.hidden = true; } } }, yizhan.say("discard")),
      ]);
      told.hidden = false;
    }

    // Leaving and sending. The form is sent only where the server answers: a browser's error page would replace it.
    window.addEventListener("beforeunload", function (event) {
      if (sending || !dirty()) return;
      kept.keep();
      event.preventDefault();
      event.returnValue = "";
    });
    form.addEventListener("submit", function (event) {
      if (sending) return;
      event.preventDefault();
      var button = event.submitter || document.activeElement;
      kept.keep();
      sendSaid.textContent = "";
      fetch(setup.alive, { cache: "no-store" }).then(function (response) {
        if (!response.ok) throw new Error("no answer");
        sending = true;
        var action = yizhan.el("input", { type: "hidden", name: "action", value: button && button.name === "action" ? button.value : "save" });
        form.appendChild(action);
        form.submit();
      }).catch(function () {
        sending = false;
        sendSaid.textContent = yizhan.say("cannot_send");
      });
    });

    var first = document.getElementById("faults") || document.getElementById("merge") || document.getElementById("twins");
    if (first) first.focus();
    var at = numbers();
    if (at.lon && at.lat) askPlace();
    document.documentElement.classList.add("is-live");
  }
})();
