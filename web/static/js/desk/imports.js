/* What the pages about imports can do besides working without this: dropping files, sending them with progress,
   deciding over a row in place, and following long work.

   Words come from the page; nothing is written as markup. */
(function () {
  "use strict";

  function one(selector, within) { return (within || document).querySelector(selector); }
  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }

  /* Choosing whose list it is: the fields of a new one, and the datum that the last file of it had. */
  function sources(form) {
    var select = one("[data-source]", form), fresh = one("[data-new-source]", form);
    function show() {
      fresh.hidden = select.value !== "new";
      var option = select.options[select.selectedIndex], datum = option && option.getAttribute("data-datum");
      if (datum) {
        var radio = all("input[name=datum]", form).filter(function (input) { return input.value === datum; })[0];
        if (radio) radio.checked = true;
      }
    }
    select.addEventListener("change", show);
    fresh.hidden = select.value !== "new";
  }

  function sizeOf(files) {
    return Array.prototype.reduce.call(files, function (sum, file) { return sum + file.size; }, 0);
  }

  /* Dropping and sending a file. Without progress events the form is sent as a form. */
  function sending(form) {
    var drop = one("[data-drop]", form), input = one("input[type=file]", form), problem = one("[data-problem]", form);
    var bar = one("[data-sent]", form), button = one("button.primary", form), most = Number(form.getAttribute("data-most-mb")) * 1048576;

    function complain(words) {
      problem.textContent = words;
      problem.hidden = !words;
    }
    function picked() {
      var names = Array.prototype.map.call(input.files, function (file) { return file.name; });
      one("[data-picked]", form).textContent = names.join(" · ");
      complain(sizeOf(input.files) > most ? form.getAttribute("data-said-large") : "");
    }
    input.addEventListener("change", picked);
    ["dragenter", "dragover"].forEach(function (type) {
      drop.addEventListener(type, function (event) { event.preventDefault(); drop.classList.add("is-over"); });
    });
    ["dragleave", "drop"].forEach(function (type) {
      drop.addEventListener(type, function (event) { event.preventDefault(); drop.classList.remove("is-over"); });
    });
    drop.addEventListener("drop", function (event) {
      if (!event.dataTransfer || !event.dataTransfer.files.length) return;
      input.files = event.dataTransfer.files;
      picked();
    });

    function rest(said) {
      bar.hidden = true;
      button.disabled = false;
      complain(said);
    }
    form.addEventListener("submit", function (event) {
      if (sizeOf(input.files) > most) {
        event.preventDefault();
        complain(form.getAttribute("data-said-large"));
        return;
      }
      if (!window.XMLHttpRequest || !window.FormData) return;
      event.preventDefault();
      var request = new XMLHttpRequest();
      request.open("POST", form.action);
      request.upload.addEventListener("progress", function (step) {
        if (step.lengthComputable) bar.value = Math.round(100 * step.loaded / step.total);
      });
      request.addEventListener("load", function () {
        if (request.status >= 200 && request.status < 300 && request.responseURL && request.responseURL !== form.action) {
          window.location.href = request.responseURL;
        } else {
          // The page that says what is wrong comes from the server; the browser sends the form to get it.
          form.submit();
        }
      });
      request.addEventListener("error", function () { rest(form.getAttribute("data-said-lost")); });
      request.addEventListener("abort", function () { rest(form.getAttribute("data-said-lost")); });
      bar.hidden = false;
      bar.value = 0;
      button.disabled = true;
      complain("");
      request.send(new FormData(form));
    });
  }

  /* A decision over one row stays on the page. Where it cannot be sent the form goes its own way. */
  function deciding(list) {
    list.addEventListener("submit", function (event) {
      var form = event.target, row = form.closest(".import-row");
      if (!row || !window.fetch || !window.URLSearchParams) return;
      event.preventDefault();
      var choice = one("input[name=choice]", form).value, state = one("[data-state]", row);
      var body = new URLSearchParams();
      new FormData(form).forEach(function (value, name) { body.append(name, value); });
      all("button", row).forEach(function (button) { button.disabled = true; });
      fetch(form.action, { method: "POST", body: body, headers: { Accept: "application/json" }, credentials: "same-origin" }).then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        row.setAttribute("data-decision", choice === "undecided" ? "" : choice);
        state.textContent = choice === "undecided" ? "" : list.getAttribute("data-said-" + choice);
      }).catch(function () {
        state.textContent = list.getAttribute("data-said-failed");
      }).then(function () {
        all("button", row).forEach(function (button) { button.disabled = false; });
      });
    });
  }

  /* Following long work: quickly at first, then less often; the page is opened anew when it has ended. */
  function following(panel) {
    if (!one("[data-bar]", panel)) return;
    var wait = 700, known = panel.getAttribute("data-state");
    function ask() {
      fetch(panel.getAttribute("data-work"), { headers: { Accept: "application/json" }, credentials: "same-origin" }).then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        return response.json();
      }).then(function (now) {
        if (now.ended || (now.state === "interrupted") !== (known === "interrupted")) {
          window.location.replace(panel.getAttribute("data-back"));
          return;
        }
        if (now.state !== known) wait = 700;
        known = now.state;
        one("[data-words]", panel).textContent = now.words + (now.percent ? " " + now.percent + "%" : "");
        var bar = one("[data-bar]", panel);
        if (now.percent === null) bar.removeAttribute("value");
        else bar.value = now.percent;
        again();
      }, again);
    }
    function again() {
      wait = Math.min(wait * 1.3, 8000);
      window.setTimeout(ask, wait);
    }
    window.setTimeout(ask, wait);
  }

  /* A button that changes much is pressed once. */
  function once(button) {
    button.form.addEventListener("submit", function () {
      window.setTimeout(function () { button.disabled = true; }, 0);
    });
    window.addEventListener("pageshow", function () { button.disabled = false; });
  }

  all(".import-form").forEach(function (form) {
    if (one("[data-source]", form)) sources(form);
    sending(form);
  });
  all("[data-rows]").forEach(deciding);
  all("[data-work]").forEach(following);
  all("[data-once]").forEach(once);
})();
