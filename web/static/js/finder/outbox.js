/* Letters to the registry: kept on the phone until the server has taken them, and taken once, because each carries a
   number of its own. A proof of work goes with each; a worker finds it while the reader goes on. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var OLDEST_MS = 7 * 24 * 3600 * 1000; // what is older the server refuses
  var sending = null;

  /* The number of this phone, made up by it: it counts one voice once, and is of no use for anything else. */
  function device() {
    var known = yizhan.kept.little("device", null);
    if (known) return known;
    known = yizhan.uuid();
    yizhan.kept.keep("device", known);
    return known;
  }

  function post(letter, proof) {
    var headers = { Accept: "application/json", "X-Yizhan-Proof": proof }, age = Math.max(0, Math.round((Date.now() - letter.made) / 1000));
    var text = JSON.stringify(Object.assign({ id: letter.id, device: device(), age_s: age }, letter.body)), body = text;
    if (letter.photo) {
      body = new FormData();
      body.append("report", text);
      body.append("photo", letter.photo);
    } else headers["Content-Type"] = "application/json";
    return fetch(letter.url, { method: "POST", headers: headers, body: body }).then(function (response) {
      return response.text().then(function (answer) {
        var said = {};
        try { said = JSON.parse(answer); } catch (_) { /* not ours: a proxy's page */ }
        // Only what our server says counts: a hotspot's log-in answers everything with a page of its own.
        var ours = response.ok ? said.id === letter.id : said.status === response.status;
        return { ours: ours, ok: response.ok, status: response.status, said: said };
      });
    });
  }

  /* Where there is no worker the same search runs here, a little at a time. */
  function inTurns(url, task) {
    var ready = window.yizhanSolve ? Promise.resolve() : new Promise(function (resolve, reject) {
      var script = yizhan.el("script", { src: url });
      script.onload = resolve;
      script.onerror = reject;
      document.head.appendChild(script);
    });
    return ready.then(function () {
      return new Promise(function (resolve) {
        (function turn(from) {
          var found = window.yizhanSolve.seek(task.challenge, task.bits, from, 512);
          if (found !== null) resolve(found);
          else window.setTimeout(turn, 0, from + 512);
        })(0);
      });
    });
  }
  function solve(task) {
    var url = yizhan.links.solve;
    if (!window.Worker) return inTurns(url, task);
    return new Promise(function (resolve, reject) {
      var worker = new window.Worker(url);
      worker.onmessage = function (event) { worker.terminate(); resolve(event.data); };
      worker.onerror = function (error) { worker.terminate(); reject(error); };
      worker.postMessage(task);
    }).catch(function () { return inTurns(url, task); });
  }

  function send(letter) {
    return yizhan.ask(yizhan.links.challenge).then(function (task) {
      return solve({ challenge: task.challenge + ":", bits: task.bits }).then(function (found) {
        return post(letter, task.challenge + ":" + found);
      });
    });
  }

  /* Sent; refused for good; or kept, to be tried again: {state, why}. */
  var REASONS = ["identity_card", "bank_card", "phone"];
  function outcome(answer) {
    if (answer.status === 413 || answer.status === 415) return { state: "refused", why: yizhan.say("photo_refused") };
    if (!answer.ours) return { state: "kept", why: "" };
    if (answer.ok) return { state: "sent", why: "" };
    if (answer.status === 429) return { state: "kept", why: yizhan.say("too_many") };
    if (answer.status >= 500 || answer.said.parameter === "proof") return { state: "kept", why: "" };
    if (REASONS.indexOf(answer.said.reason) >= 0) return { state: "refused", why: yizhan.say("personal_number") };
    if (answer.said.parameter === "photo") return { state: "refused", why: yizhan.say("photo_refused") };
    return { state: "refused", why: answer.said.detail || answer.said.title || String(answer.status) };
  }

  /** Send all that waits, one after the other, once at a time. Gives the outcomes by the letters' numbers. */
  yizhan.sendAll = function () {
    if (sending) return sending.then(yizhan.sendAll);
    var outcomes = {};
    sending = yizhan.kept.all("outbox").then(function (letters) {
      return letters.reduce(function (before, letter) {
        return before.then(function () {
          if (Date.now() - letter.made > OLDEST_MS) return yizhan.kept.drop("outbox", letter.id);
          return send(letter).then(outcome, function () { return { state: "kept", why: "" }; }).then(function (out) {
            outcomes[letter.id] = out;
            if (out.state !== "kept") return yizhan.kept.drop("outbox", letter.id);
          });
        });
      }, Promise.resolve());
    }).then(function () { sending = null; return outcomes; }, function () { sending = null; return outcomes; });
    return sending;
  };

  /** Keep a letter and try to send it. The promise tells what became of it. */
  yizhan.writeLetter = function (url, body, photo) {
    var letter = { id: yizhan.uuid(), made: Date.now(), url: url, body: body, photo: null };
    return yizhan.shrunk(photo).then(function (small) {
      letter.photo = small;
      return yizhan.kept.put("outbox", letter.id, letter);
    }).then(yizhan.sendAll).then(function (outcomes) {
      return outcomes[letter.id] || { state: "kept", why: "" };
    });
  };

  window.addEventListener("online", function () { yizhan.sendAll(); });
})();
