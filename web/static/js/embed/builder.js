/* The builder: what the form says is sent to the server, whose parser writes the code; the preview is the embed itself. */
(function () {
  "use strict";

  var setup = JSON.parse(document.getElementById("setup").textContent);
  var form = document.getElementById("builder"), preview = document.getElementById("preview"), told = document.getElementById("told");
  var asking = null, timer = 0;

  /* The form as an address: blanks left out, several values of a name joined by commas. */
  function asked() {
    var values = {};
    Array.prototype.forEach.call(form.elements, function (input) {
      if (!input.name || ((input.type === "checkbox" || input.type === "radio") && !input.checked)) return;
      var value = input.value.trim();
      if (value) values[input.name] = (values[input.name] || []).concat(value);
    });
    return Object.keys(values).map(function (name) {
      return encodeURIComponent(name) + "=" + values[name].map(encodeURIComponent).join(",");
    }).join("&");
  }

  function say(lines) {
    told.textContent = "";
    lines.forEach(function (line) { told.appendChild(document.createElement("p")).textContent = line; });
  }

  function size(width, height) {
    preview.style.width = width ? width + "px" : "100%";
    preview.style.height = height + "px";
  }

  function make() {
    if (asking) asking.abort();
    asking = new AbortController();
    var signal = asking.signal;
    form.setAttribute("aria-busy", "true");
    fetch(setup.url + "?" + asked(), { signal: signal }).then(function (response) {
      if (!response.ok) throw new Error(setup.failed);
      return response.json();
    }).then(function (made) {
      Object.keys(made.codes).forEach(function (key) { document.getElementById("code-" + key).value = made.codes[key]; });
      // A frame takes leave to ask for the position when it is loaded, so that comes before its address.
      if (form.elements.locate.checked) preview.setAttribute("allow", "geolocation");
      else preview.removeAttribute("allow");
      if (preview.getAttribute("src") !== made.path) preview.setAttribute("src", made.path);
      size(made.width, made.height);
      document.getElementById("qr").src = document.getElementById("qr-link").href = made.qr;
      document.getElementById("picture-link").href = made.picture;
      document.getElementById("full-link").href = made.full;
      say(made.told);
      window.history.replaceState(null, "", made.page);
    }).catch(function (error) {
      if (error.name !== "AbortError") say([setup.failed]);
    }).then(function () { if (!signal.aborted) form.removeAttribute("aria-busy"); });
  }

  function soon() {
    form.setAttribute("aria-busy", "true");
    window.clearTimeout(timer);
    timer = window.setTimeout(make, 350);
  }

  form.addEventListener("input", soon);
  form.addEventListener("change", function (event) {
    var input = event.target;
    if (input.checked && input.dataset.single !== undefined) {
      form.querySelectorAll('[name="' + input.name + '"]').forEach(function (other) { if (other !== input) other.checked = false; });
    }
    soon();
  });
  form.addEventListener("submit", function (event) {
    event.preventDefault();
    make();
  });

  /* The preview is ours, so its view can be read. */
  var take = document.getElementById("take-view"), drop = document.getElementById("drop-view");
  take.addEventListener("click", function () {
    var view = (preview.contentDocument.body.dataset.view || "").split("/");
    if (view.length !== 3) return;
    form.elements.zoom.value = view[0];
    form.elements.center.value = view[1] + "," + view[2];
    soon();
  });
  drop.addEventListener("click", function () {
    form.elements.zoom.value = form.elements.center.value = "";
    soon();
  });
  take.hidden = drop.hidden = false;

  document.querySelectorAll("[data-copies]").forEach(function (button) {
    var words = button.querySelector("span"), before = words.textContent;
    button.hidden = false;
    button.addEventListener("click", function () {
      var field = document.getElementById(button.dataset.copies);
      function done() {
        words.textContent = setup.copied;
        window.setTimeout(function () { words.textContent = before; }, 2000);
      }
      // Without leave to write there, as in some messengers, the old way.
      function old() {
        field.focus();
        field.select();
        if (document.execCommand("copy")) done();
        button.focus();
      }
      if (navigator.clipboard) navigator.clipboard.writeText(field.value).then(done, old);
      else old();
    });
  });
  document.querySelectorAll(".paste textarea").forEach(function (field) {
    field.addEventListener("focus", function () { field.select(); });
  });

  size(preview.dataset.width, preview.dataset.height);
  document.documentElement.classList.add("is-live");
})();
