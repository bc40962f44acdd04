/* Saying that a station is right, or what is wrong with it: one tap, or a tap and a choice. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, icon = yizhan.icon, say = yizhan.say;
  var OF_AMENITIES = ["amenity_missing", "amenity_broken"];

  function line(box) {
    var found = box.querySelector(".said-line");
    if (!found) box.appendChild((found = el("p", { "class": "said-line", role: "status" })));
    return found;
  }
  function became(box, out) {
    line(box).textContent = out.state === "sent" ? say("thanks") : out.state === "kept" ? (out.why || say("queued")) : say("refused", { why: out.why });
  }

  yizhan.confirm = function (station, box) {
    line(box).textContent = say("sending");
    box.querySelector('[data-act="confirm"]').disabled = true;
    yizhan.writeLetter(yizhan.links.confirmations.replace("CODE", encodeURIComponent(station.code)), {}).then(function (out) {
      if (out.state === "refused") box.querySelector('[data-act="confirm"]').disabled = false;
      became(box, out);
    });
  };

  /** The sheet with what can be wrong; it stands in the row, so that Escape and Tab need nothing special. */
  yizhan.problem = function (station, box) {
    var old = box.querySelector("form");
    if (old) return old.remove();
    var name = "choice-" + station.code;
    var choices = Object.keys(yizhan.choices).filter(function (code) { return code !== "correct"; }).map(function (code) {
      return el("label", { "class": "chip" }, [el("input", { type: "radio", name: name, value: code, required: true }), el("span", {}, yizhan.choices[code])]);
    });
    var amenity = el("select", { name: "amenity", "aria-label": say("which_amenity") }, yizhan.vocabulary.order.map(function (code) {
      return el("option", { value: code }, yizhan.vocabulary.amenities[code]);
    }));
    var which = el("label", { "class": "field", hidden: true }, [el("span", {}, say("which_amenity")), amenity]);
    var words = el("textarea", { rows: "2", maxlength: "500" });
    var photo = el("input", { type: "file", accept: "image/jpeg,image/png,image/webp" });
    var form = el("form", { "class": "problem" }, [
      el("fieldset", {}, [el("legend", {}, say("what_is_wrong")), el("div", { "class": "options" }, choices)]),
      which,
      el("label", { "class": "field" }, [el("span", {}, say("in_words")), words]),
      el("label", { "class": "field" }, [el("span", {}, say("photo")), photo]),
      el("p", { "class": "buttons" }, [
        el("button", { type: "submit", "class": "primary" }, say("send")),
        el("button", { type: "button", "class": "button", on: { click: function () { form.remove(); box.querySelector('[data-act="problem"]').focus(); } } }, say("cancel")),
      ]),
    ]);
    function chosen() { return form.querySelector("input:checked").value; }
    form.addEventListener("change", function () { which.hidden = OF_AMENITIES.indexOf(chosen()) < 0; words.required = chosen() === "other"; });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      var body = { choice: chosen() };
      if (!which.hidden) body.amenity = amenity.value;
      if (words.value.trim()) body.words = words.value.trim();
      line(box).textContent = say("sending");
      yizhan.writeLetter(yizhan.links.reports.replace("CODE", encodeURIComponent(station.code)), body, photo.files[0]).then(function (out) {
        if (out.state !== "refused") form.remove();
        became(box, out);
      });
    });
    box.appendChild(form);
    form.querySelector("input").focus();
  };

  /** Ask what a place is called, in ``box``: home, often, or a name of one's own. */
  yizhan.askName = function (box, suggestion, done) {
    var field = el("input", { type: "text", maxlength: "20", required: true, "aria-label": say("place_name"), value: suggestion || "" });
    function finish(name) {
      box.hidden = true;
      done(name);
    }
    var form = el("form", { "class": "naming" }, [
      el("p", {}, say("place_name")),
      el("p", { "class": "buttons" }, ["place_home", "place_often"].map(function (key) {
        return el("button", { type: "button", "class": "button", on: { click: function () { finish(say(key)); } } }, [icon("pin"), say(key)]);
      })),
      field,
      el("p", { "class": "buttons" }, [
        el("button", { type: "submit", "class": "primary" }, say("save")),
        el("button", { type: "button", "class": "button", on: { click: function () { box.hidden = true; } } }, say("cancel")),
      ]),
    ]);
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      finish(field.value.trim());
    });
    box.textContent = "";
    box.appendChild(form);
    box.hidden = false;
    field.focus();
    field.select();
  };

  /** How long ago a moment was, in minutes, hours or days. */
  yizhan.since = function (then, now) {
    var minutes = Math.max(0, Math.round((now - then) / 60000)), format = new Intl.RelativeTimeFormat(yizhan.lang, { numeric: "always" });
    if (minutes < 2) return say("just_now");
    if (minutes < 60) return format.format(-minutes, "minute");
    if (minutes < 48 * 60) return format.format(-Math.round(minutes / 60), "hour");
    return format.format(-Math.round(minutes / 1440), "day");
  };
})();
