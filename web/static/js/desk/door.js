/* At the door: what the phone has taken along, the inspections begun on it, and the form of the one that is open. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, icon = yizhan.icon;
  var setup = (yizhan.setup = JSON.parse(document.getElementById("setup").textContent));
  yizhan.words = setup.words;
  yizhan.sprite = setup.sprite;
  var say = yizhan.say, door = yizhan.door;
  var OLD_MS = 3 * 24 * 3600 * 1000;
  var pack = null, shown = null, closing = null;

  function at(id) { return document.getElementById(id); }
  function tell(id, text) {
    at(id).textContent = text || "";
    at(id).hidden = !text;
  }
  function ago(ms) { return yizhan.ago(new Date(ms).toISOString(), Date.now()); }

  /* The log-in ended, or somebody else has logged in: what is kept stays, and is said. */
  function tellStopped(stopped) {
    var box = at("net");
    tell("net", !stopped ? "" : stopped.lost ? say("session_lost") : stopped.other ? say("other_member") : "");
    if (stopped && (stopped.lost || stopped.other)) box.appendChild(el("a", { "class": "button is-small", href: setup.log_in }, say("log_in")));
  }

  function send() {
    return door.send().then(function (stopped) {
      tellStopped(stopped);
      return drawMine();
    });
  }

  /* The inspections of this phone ----------------------------------------------------------------------- */
  function standing(draft) {
    if (draft.state === "refused") return say("refused", { why: draft.why || "" });
    if (draft.state === "waiting") return say("waiting");
    if (draft.state !== "sent") return say("filling");
    var left = draft.photos.filter(function (photo) { return !photo.sent; }).length;
    return left ? say("photos_left", { n: left }) : say("sent");
  }

  function refusedPhotos(draft) {
    return draft.photos.filter(function (photo) { return photo.why; }).map(function (photo) {
      function again(blob) {
        if (blob) photo.blob = blob;
        else photo.left_out = true;
        photo.why = null;
        door.put(draft).then(send);
      }
      var input = el("input", { "class": "away", type: "file", accept: "image/jpeg,image/png,image/webp", on: { change: function () { yizhan.shrunk(input.files[0]).then(again); } } });
      return el("div", { "class": "door-refused" }, [
        el("p", { "class": "wrong" }, say("photo_refused", { why: photo.why })),
        el("div", { "class": "actions" }, [
          el("label", { "class": "button is-small" }, [say("retake"), input]),
          el("button", { type: "button", "class": "button is-small", on: { click: function () { again(null); } } }, say("leave_out")),
        ]),
      ]);
    });
  }

  function row(draft) {
    var sent = draft.state === "sent", acts = [];
    if (!sent && draft.state !== "waiting") {
      acts.push(el("button", { type: "button", "class": "button is-small", on: { click: function () { open(draft); } } }, say("go_on")));
      acts.push(el("button", { type: "button", "class": "button is-small danger", on: { click: function () {
        if (window.confirm(say("really_delete"))) door.drop(draft.id).then(drawMine);
      } } }, say("delete")));
    }
    if (sent && draft.url) acts.push(el("a", { "class": "button is-small", href: draft.url }, say("look")));
    return el("li", { "class": "door-draft is-" + draft.state, "data-id": draft.id }, [
      el("p", {}, [el("b", {}, draft.station.name), " ", el("span", { "class": "hint" }, draft.title + " · " + ago(draft.made))]),
      el("p", { "class": "door-state" }, [icon(sent ? "check" : draft.state === "refused" ? "warn" : "clock"), el("span", {}, standing(draft))]),
      el("div", { "class": "actions" }, acts),
    ].concat(refusedPhotos(draft)));
  }

  function drawMine() {
    return door.drafts().then(function (drafts) {
      var old = drafts.filter(function (draft) { return draft.state === "sent" && !door.isDue(draft) && Date.now() - draft.sent > OLD_MS && !refusedPhotos(draft).length; });
      old.forEach(function (draft) { door.drop(draft.id); });
      var list = at("mine");
      list.textContent = "";
      drafts.filter(function (draft) { return old.indexOf(draft) < 0; }).sort(function (a, b) { return b.made - a.made; }).forEach(function (draft) { list.appendChild(row(draft)); });
      tell("mine-none", list.children.length ? "" : door.owner() ? say("none_yet") : say("nobody"));
      document.body.dataset.due = drafts.filter(door.isDue).length;
    }, function () { tell("said", say("store_full")); });
  }

  /* The form ------------------------------------------------------------------------------------------- */
  function checklistOf(draft) {
    return draft.document || (pack && pack.checklists.filter(function (one) { return one.code === draft.checklist && one.version === draft.version; })[0]);
  }

  function open(draft) {
    var checklist = checklistOf(draft);
    if (!checklist) return tell("said", say("no_checklist"));
    if (closing) closing.close();
    shown = draft;
    draft.state = "filling";
    at("overview").hidden = true;
    at("form").hidden = false;
    window.history.replaceState(null, "", setup.page + "#" + draft.id);
    closing = door.form(at("form"), draft, checklist, {
      keep: function () {
        return door.put(draft).then(function () { tell("net", ""); }, function (error) { tell("net", say("store_full")); throw error; });
      },
      later: function () { door.put(draft).then(back, function () { tell("net", say("store_full")); }); },
      done: function () {
        draft.state = "waiting";
        draft.why = null;
        door.put(draft).then(function () { back(); return send(); }, function () {
          draft.state = "filling";
          tell("net", say("store_full"));
        });
      },
    });
    window.scrollTo(0, 0);
  }

  function back() {
    if (closing) closing.close();
    closing = shown = null;
    at("form").hidden = true;
    at("overview").hidden = false;
    window.history.replaceState(null, "", setup.page);
    return drawMine();
  }

  function begin(station) {
    var chosen = pack && pack.checklists.filter(function (one) { return one.code === at("checklist").value; })[0];
    if (!door.owner()) return tell("said", say("nobody"));
    if (!chosen) return tell("said", say("no_checklist"));
    // The version is taken along, so that a newer one does not change what was begun.
    var draft = {
      id: yizhan.uuid(), owner: door.owner(), made: Date.now(), state: "filling", checklist: chosen.code, version: chosen.version, document: chosen,
      title: chosen.title[yizhan.lang.split("-")[0]] || chosen.title.zh, station: { code: station.code, name: station.name, hours: station.hours || "" },
      answers: {}, photos: [], observed: "", remark: "", position: null, confirms: false,
    };
    door.put(draft).then(function () { open(draft); }, function () { tell("said", say("store_full")); });
  }

  /* Finding a station ---------------------------------------------------------------------------------- */
  function found(stations, nothing) {
    var list = at("found");
    list.textContent = "";
    stations.forEach(function (station) {
      var facts = [station.metres === undefined ? "" : yizhan.distance(station.metres), station.address || "",
        station.lifecycle && station.lifecycle !== "open" ? say(station.lifecycle) : "",
        station.unknown ? "" : station.inspected ? say("last", { ago: ago(Date.parse(station.inspected)) }) : say("never")];
      list.appendChild(el("li", {}, [
        el("div", {}, [el("b", {}, station.name), el("p", { "class": "hint" }, facts.filter(Boolean).join(" · "))]),
        el("button", { type: "button", "class": "button is-small", on: { click: function () { begin(station); } } }, [say("start"), el("span", { "class": "away" }, station.name)]),
      ]));
    });
    at("found-said").textContent = nothing || (stations.length === 1 && stations[0].unknown ? say("not_known", { code: stations[0].code }) : "");
  }
  function search() { found(pack ? door.search(pack.stations, at("find").value) : []); }
  function near() {
    at("found-said").textContent = say("finding");
    door.locate().then(function (here) {
      if (!here) return found([], say("no_position"));
      fetchPack(here).then(function () { found(pack ? door.nearest(pack.stations, here[0], here[1]) : []); });
    });
  }
  function scan() {
    door.read(at("scan").files[0]).then(function (code) {
      at("scan").value = "";
      if (!code) return found([], say("no_code"));
      at("find").value = code;
      search();
    });
  }

  /* What is taken along -------------------------------------------------------------------------------- */
  function drawPack() {
    var select = at("checklist"), chosen = select.value;
    select.textContent = "";
    (pack ? pack.checklists : []).forEach(function (one) {
      select.appendChild(el("option", { value: one.code }, (one.title[yizhan.lang.split("-")[0]] || one.title.zh) + " · " + one.version));
    });
    if (chosen) select.value = chosen;
    at("pack-said").textContent = !pack ? (door.owner() ? say("no_pack") : "") : !pack.checklists.length ? say("no_checklist") :
      say("pack_age", { ago: ago(pack.at), n: yizhan.number(pack.stations.length) }) + (pack.more ? say("pack_more", { n: yizhan.number(pack.stations.length) }) : "");
  }
  function fetchPack(here) {
    var url = setup.stations + (here ? "?near=" + here[0] + "," + here[1] : "");
    return fetch(url, { headers: { Accept: "application/json" } }).then(function (response) {
      if (response.status === 401) tellStopped({ lost: true });
      return response.ok ? response.json() : null;
    }).then(function (said) {
      if (!said || !said.stations) return;
      pack = { owner: said.who, at: Date.now(), more: said.more, checklists: said.checklists, stations: said.stations.map(function (row) {
        return { code: row[0], name: row[1], lon: row[2], lat: row[3], address: row[4], hours: row[5], lifecycle: row[6], inspected: row[7] };
      }) };
      drawPack();
      return door.putPack(pack).catch(function () { tell("said", say("store_full")); });
    }, function () { /* without a network the one that was taken along is good enough */ });
  }

  function start() {
    at("find").addEventListener("input", yizhan.settled(search, 150));
    at("near").addEventListener("click", near);
    if (window.BarcodeDetector) {
      at("scan-label").hidden = false;
      at("scan").addEventListener("change", scan);
    }
    window.addEventListener("online", function () { fetchPack().then(send); });
    document.addEventListener("visibilitychange", function () { if (!document.hidden && !shown) send(); });
    if ("serviceWorker" in navigator) navigator.serviceWorker.register(setup.worker, { scope: setup.page }).catch(function () { /* the page goes on without */ });
    if (navigator.storage && navigator.storage.persist) navigator.storage.persist();

    var begun = window.location.hash.slice(1), asked = new URLSearchParams(window.location.search).get("station");
    door.pack().catch(function () { return null; }).then(function (kept) {
      pack = kept;
      drawPack();
      return begun ? door.draft(begun).catch(function () { return null; }) : null;
    }).then(function (draft) {
      if (draft && draft.state !== "sent" && draft.state !== "waiting") open(draft);
      return drawMine();
    }).then(function () { return fetchPack(); }).then(function () {
      if (asked && !shown) {
        at("find").value = asked;
        search();
      }
      return send();
    }).then(function () { document.documentElement.classList.add("is-live"); });
  }
  start();
})();
