/* The checklist as a form. Every change is kept on the phone at once; leaving or reloading the page loses nothing. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, icon = yizhan.icon, say = yizhan.say;
  var DAY_MS = 24 * 3600 * 1000;

  function title(words) { return words[yizhan.lang.split("-")[0]] || words.zh; }
  /* Days are Beijing's wherever the phone thinks it is. */
  function dayAfter(ms, days) { return new Date(ms + 8 * 3600 * 1000 + days * DAY_MS).toISOString().slice(0, 10); }

  function radios(name, choices, chosen, onChange) {
    return Object.keys(choices).map(function (value) {
      var input = el("input", { type: "radio", name: name, value: value, checked: value === chosen, on: { change: function () { onChange(value); } } });
      return el("label", { "class": "chip is-" + value }, [input, el("span", {}, choices[value])]);
    });
  }

  /** Show the form of a draft in ``box``. actions: keep() after a change; done(), later() at the end. */
  yizhan.door.form = function (box, draft, checklist, actions) {
    var items = {}, blocks = {}, urls = [];
    checklist.items.forEach(function (item) { items[item.code] = item; });
    var asked = checklist.items.filter(function (item) { return (item.kind || "check") === "check"; });
    var progress = el("p", { "class": "door-progress", role: "status" });
    var saved = el("p", { "class": "hint", role: "status" });

    function found(code) { return draft.answers[code] || (draft.answers[code] = {}); }
    function tidy(code) {
      var one = draft.answers[code];
      Object.keys(one).forEach(function (name) { if (!one[name]) delete one[name]; });
      if (!Object.keys(one).length) delete draft.answers[code];
    }
    function changed(code) {
      if (code && draft.answers[code]) tidy(code);
      count();
      needs();
      saved.textContent = "";
      actions.keep().then(function () { saved.textContent = say("stored"); }, function () { saved.textContent = say("store_full"); });
    }
    function answerOf(code) { return (draft.answers[code] || {}).answer; }
    function lacking(item) { return (item.needs || []).filter(function (code) { return answerOf(code) === "no"; })[0]; }
    function count() {
      var done = asked.filter(function (item) { return answerOf(item.code) || lacking(item); }).length;
      progress.textContent = say("progress", { done: done, all: asked.length });
    }
    /* What cannot be met any more is not asked. */
    function needs() {
      asked.forEach(function (item) {
        var block = blocks[item.code], missing = lacking(item);
        if (!block) return;
        block.body.hidden = Boolean(missing);
        block.because.hidden = !missing;
        block.because.textContent = missing ? say("needs", { item: title(items[missing].title) }) : "";
      });
    }

    function photos(code, label) {
      var list = el("ul", { "class": "door-photos" });
      function show() {
        list.textContent = "";
        draft.photos.filter(function (photo) { return (photo.item || null) === code; }).forEach(function (photo, at) {
          var children = [];
          if (photo.blob) {
            var url = window.URL.createObjectURL(photo.blob);
            urls.push(url);
            children.push(el("img", { src: url, alt: say("photo_of", { item: label, n: at + 1 }) }));
          }
          if (photo.why) children.push(el("p", { "class": "wrong" }, say("photo_refused", { why: photo.why })));
          children.push(el("button", { type: "button", "class": "button is-small", on: { click: function () {
            draft.photos.splice(draft.photos.indexOf(photo), 1);
            show();
            changed();
          } } }, say("remove_photo")));
          list.appendChild(el("li", {}, children));
        });
      }
      function take(files) {
        Array.prototype.slice.call(files).reduce(function (before, file) {
          return before.then(function () { return yizhan.shrunk(file); }).then(function (small) {
            if (draft.photos.length >= yizhan.setup.most_photos) return void window.alert(say("too_many_photos", { n: yizhan.setup.most_photos }));
            draft.photos.push({ id: yizhan.uuid(), item: code, blob: small, sent: false });
          });
        }, Promise.resolve()).then(function () { show(); changed(); });
      }
      var input = el("input", { "class": "away", type: "file", accept: "image/jpeg,image/png,image/webp", multiple: true, on: { change: function () { take(input.files); input.value = ""; } } });
      show();
      return [list, el("label", { "class": "button is-small door-take" }, [icon("plus"), el("span", {}, say("photo")), el("span", { "class": "away" }, label), input])];
    }

    function words(code, label, value, onInput) {
      return el("label", { "class": "field" }, [el("span", {}, label), el("textarea", { rows: "2", maxlength: "500", on: { input: onInput } }, value || "")]);
    }

    function mending(item, name) {
      var box = el("input", { type: "checkbox", checked: Boolean(found(item.code).due) });
      var date = el("input", { type: "date", name: "due-" + item.code, value: found(item.code).due || dayAfter(draft.made, item.mend_days || 30), min: dayAfter(draft.made, 0) });
      var until = el("label", { "class": "field" }, [el("span", {}, say("mend_by")), date]);
      function set() {
        until.hidden = !box.checked;
        found(item.code).due = box.checked ? date.value : "";
        changed(item.code);
      }
      until.hidden = !box.checked;
      box.addEventListener("change", set);
      date.addEventListener("change", set);
      return el("div", { "class": "door-mending" }, [el("label", { "class": "choice" }, [box, el("span", {}, [say("to_mend"), el("span", { "class": "away" }, name)])]), until]);
    }

    function check(item) {
      var name = title(item.title), one = draft.answers[item.code] || {}, choices = {};
      Object.keys(yizhan.setup.answers).forEach(function (value) {
        if (value !== "na" || item.may_skip) choices[value] = yizhan.setup.answers[value];
      });
      var more = el("div", { "class": "door-more" }), because = el("p", { "class": "hint" });
      function details() {
        more.textContent = "";
        var answer = answerOf(item.code);
        if (answer === "no") more.appendChild(mending(item, name));
        if (answer && answer !== "yes" || (draft.answers[item.code] || {}).remark) {
          more.appendChild(words(item.code, say("remark"), (draft.answers[item.code] || {}).remark, function (event) {
            found(item.code).remark = event.target.value.trim();
            changed(item.code);
          }));
        }
      }
      var answers = el("div", { "class": "options" }, radios("a-" + item.code, choices, one.answer, function (value) {
        found(item.code).answer = value;
        found(item.code).due = value === "no" && item.mend_days ? dayAfter(draft.made, item.mend_days) : "";
        details();
        changed(item.code);
      }));
      var wish = item.photo === "needed" ? say("photo_needed") : item.photo === "wanted" ? say("photo_wanted") : "";
      var body = el("div", {}, [answers, more, wish ? el("p", { "class": "hint" }, wish) : null].concat(photos(item.code, name)));
      details();
      blocks[item.code] = { body: body, because: because };
      return el("fieldset", { "class": "door-item" }, [el("legend", {}, name), item.hint ? el("p", { "class": "hint" }, title(item.hint)) : null, because, body]);
    }

    function note(item) {
      return words(item.code, title(item.title), (draft.answers[item.code] || {}).remark, function (event) {
        found(item.code).remark = event.target.value.trim();
        changed(item.code);
      });
    }

    /* What belongs to a sum stands below its name, the rest at the end. */
    function groups() {
      var seen = {}, made = [];
      checklist.items.filter(function (item) { return item.kind === "sum"; }).forEach(function (sum) {
        var parts = sum.parts.map(function (code) { return items[code]; }).filter(function (item) { return item.kind !== "sum" && !seen[item.code]; });
        parts.forEach(function (item) { seen[item.code] = true; });
        if (parts.length) made.push([title(sum.title), parts]);
      });
      var rest = checklist.items.filter(function (item) { return item.kind !== "sum" && !seen[item.code]; });
      if (rest.length) made.push([made.length ? say("other_items") : title(checklist.title), rest]);
      return made.map(function (group) {
        return el("section", { "class": "panel" }, [el("h2", {}, group[0])].concat(group[1].map(function (item) { return item.kind === "note" ? note(item) : check(item); })));
      });
    }

    function place() {
      var line = el("p", { "class": "hint", role: "status" });
      function tell() { line.textContent = draft.position ? say("position", { n: draft.position[2] }) : say("no_position"); }
      if (draft.position) tell();
      else {
        line.textContent = say("finding");
        yizhan.door.locate().then(function (at) {
          if (at) { draft.position = at; changed(); }
          tell();
        });
      }
      return line;
    }

    function finish() {
      var open = asked.filter(function (item) { return !answerOf(item.code) && !lacking(item); });
      var unpictured = asked.filter(function (item) {
        var answer = answerOf(item.code);
        return item.photo === "needed" && answer && answer !== "na" && !draft.photos.some(function (photo) { return photo.item === item.code; });
      })[0];
      if (open.length === asked.length) return void window.alert(say("nothing"));
      if (unpictured) return void window.alert(say("photo_missing", { item: title(unpictured.title) }));
      if (open.length && !window.confirm(say("unanswered", { n: open.length }))) return;
      actions.done();
    }

    box.textContent = "";
    var confirms = el("input", { type: "checkbox", checked: Boolean(draft.confirms), on: { change: function () { draft.confirms = confirms.checked; changed(); } } });
    var observed = el("fieldset", { "class": "door-item" }, [el("legend", {}, say("observed")), el("div", { "class": "options" }, radios("observed", yizhan.setup.observed, draft.observed, function (value) { draft.observed = value; changed(); }))]);
    [
      el("div", { "class": "page-head" }, [el("h1", { tabindex: "-1" }, draft.station.name), progress]),
      draft.why ? el("p", { "class": "told is-error" }, say("refused", { why: draft.why })) : null,
      el("section", { "class": "panel" }, [
        el("p", { "class": "hint" }, title(checklist.title) + " · " + draft.station.code),
        el("p", { "class": "hint" }, draft.station.hours ? say("posted", { hours: draft.station.hours }) : say("no_hours")),
        place(),
        observed,
      ]),
    ].concat(groups(), [
      el("section", { "class": "panel" }, [
        el("label", { "class": "choice" }, [confirms, el("span", {}, [say("confirms"), el("small", { "class": "hint" }, say("confirms_hint"))])]),
        words(null, say("whole_remark"), draft.remark, function (event) { draft.remark = event.target.value.trim(); changed(); }),
        el("p", { "class": "hint" }, say("privacy")),
        el("div", { "class": "actions" }, [
          el("button", { type: "button", "class": "primary", on: { click: finish } }, say("done")),
          el("button", { type: "button", "class": "button", on: { click: actions.later } }, say("later")),
        ]),
        saved,
      ]),
    ]).forEach(function (part) { if (part) box.appendChild(part); });
    count();
    needs();
    box.querySelector("h1").focus();
    return { close: function () { urls.forEach(function (url) { window.URL.revokeObjectURL(url); }); box.textContent = ""; } };
  };
})();
