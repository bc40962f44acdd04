/* Sending inspections: first what was found, which the server stores once under the number that the phone made, then the
   photos one by one, each under a number of its own. What fails stays on the phone and says why. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var sending = null;

  function headers(csrf) { return { Accept: "application/json", "X-CSRF-Token": csrf }; }

  /* Only what our server says counts: a hotspot's log-in answers everything with a page of its own. */
  function told(response) {
    return response.text().then(function (text) {
      var said = {};
      try { said = JSON.parse(text); } catch (_) { /* a page of somebody else's */ }
      return { status: response.status, said: said };
    });
  }

  function ask(url, options) { return fetch(url, options).then(told); }

  /** What became of an answer: sent, refused for good, or kept to be tried again. */
  function outcome(answer, id) {
    if (answer.status < 300 && answer.said.id === id) return { state: "sent" };
    var ours = answer.said.status === answer.status;
    if (answer.status === 401 && ours) return { state: "kept", lost: true };
    if (!ours || answer.said.again || answer.status >= 500 || answer.status === 429) return { state: "kept" };
    return { state: "refused", why: answer.said.detail || answer.said.title };
  }

  function body(draft) {
    var sent = {
      id: draft.id,
      station: draft.station.code,
      checklist: draft.checklist,
      version: draft.version,
      age_s: Math.max(0, Math.round((Date.now() - draft.made) / 1000)),
      observed: draft.observed || "unseen",
      confirms: Boolean(draft.confirms),
      answers: draft.answers,
      photos: draft.photos.map(function (photo) { return { id: photo.id, item: photo.item || null }; }),
    };
    if (draft.remark) sent.remark = draft.remark;
    if (draft.position) sent.position = draft.position;
    return JSON.stringify(sent);
  }

  function sendPhoto(draft, photo, csrf) {
    var url = yizhan.setup.take + "/" + draft.id + "/photos/" + photo.id, form = new FormData();
    if (photo.left_out) form.append("left_out", "1");
    else form.append("photo", photo.blob, "photo");
    return ask(url, { method: "POST", headers: headers(csrf), body: form }).then(function (answer) {
      var out = outcome(answer, photo.id);
      if (out.state === "sent") { photo.sent = true; photo.blob = null; photo.why = null; }
      if (out.state === "refused") photo.why = out.why || yizhan.say("failed");
      return yizhan.door.put(draft).then(function () { return out; });
    });
  }

  function sendPhotos(draft, csrf) {
    return draft.photos.reduce(function (before, photo) {
      return before.then(function (stopped) {
        if (stopped || photo.sent || photo.why) return stopped;
        return sendPhoto(draft, photo, csrf).then(function (out) { return out.state === "kept" ? out : null; });
      });
    }, Promise.resolve(null));
  }

  function sendDraft(draft, csrf) {
    if (draft.state === "sent") return sendPhotos(draft, csrf);
    var asked = { method: "POST", headers: Object.assign({ "Content-Type": "application/json" }, headers(csrf)), body: body(draft) };
    return ask(yizhan.setup.take, asked).then(function (answer) {
      var out = outcome(answer, draft.id);
      if (out.state === "kept") return out;
      draft.state = out.state;
      draft.why = out.why || null;
      if (out.state === "sent") { draft.url = answer.said.url; draft.sent = Date.now(); }
      return yizhan.door.put(draft).then(function () { return out.state === "sent" ? sendPhotos(draft, csrf) : null; });
    });
  }

  /** Whether something of a draft still has to go to the server. */
  yizhan.door.isDue = function (draft) {
    if (draft.state === "waiting") return true;
    return draft.state === "sent" && draft.photos.some(function (photo) { return !photo.sent && !photo.why; });
  };

  /** Send all that is finished, one after the other, once at a time. Gives null, or why it stopped:
      {offline}, {lost} (the log-in), {other} (somebody else is logged in). */
  yizhan.door.send = function () {
    if (sending) return sending.then(yizhan.door.send);
    sending = yizhan.door.drafts().then(function (drafts) {
      var due = drafts.filter(yizhan.door.isDue);
      if (!due.length) return null;
      return ask(yizhan.setup.who, { headers: { Accept: "application/json" } }).then(function (answer) {
        if (answer.status === 401 || answer.status === 403) return { lost: true };
        if (!answer.said.csrf) return { offline: true };
        return due.reduce(function (before, draft) {
          return before.then(function (stopped) {
            if (stopped) return stopped;
            if (draft.owner !== answer.said.who) return { other: true };
            return sendDraft(draft, answer.said.csrf);
          });
        }, Promise.resolve(null));
      });
    }).catch(function () { return { offline: true }; }).then(function (stopped) {
      sending = null;
      return stopped;
    });
    return sending;
  };
})();
