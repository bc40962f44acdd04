/* The planner's pages: the view is changed in place, every change stands in the address, and long work is followed.

   Without this each control is part of a form and each head of a column is a link. */
(function () {
  "use strict";

  function one(selector, within) { return (within || document).querySelector(selector); }
  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function runs() { return (window.yizhan && window.yizhan.plannerRuns) || []; }

  /* The view of a run */
  function viewing(form) {
    var asking = null, slider = null;

    function here() { return new URL(window.location.href); }

    function keep(address) {
      window.history.replaceState(null, "", address.pathname + address.search);
      all("[data-report]").forEach(function (link) { link.search = address.search; });
    }

    function set(address, name, value) {
      if (value === "" || value === null) address.searchParams.delete(name);
      else address.searchParams.set(name, value);
    }

    /** Put the figures of an address into the place of those that are shown. */
    function show(address, focus) {
      if (asking) asking.abort();
      asking = new AbortController();
      var panels = all(".figures");
      panels.forEach(function (panel) { panel.setAttribute("aria-busy", "true"); });
      return fetch(address.href, { credentials: "same-origin", signal: asking.signal }).then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        return response.text();
      }).then(function (text) {
        var page = new DOMParser().parseFromString(text, "text/html");
        panels.forEach(function (panel) {
          var fresh = page.getElementById(panel.id);
          if (fresh) panel.parentNode.replaceChild(document.importNode(fresh, true), panel);
        });
        keep(address);
        keys();
        if (focus) {
          var head = all("[data-sort]")[focus.index];
          if (head) head.focus();
        }
        runs().forEach(function (run) { run.shade(); });
      }, function (error) {
        if (error.name !== "AbortError") window.location.assign(address.href);
      });
    }

    function chosen() {
      var address = here();
      all("select", form).forEach(function (select) { set(address, select.name, select.value); });
      return address;
    }

    function keys() {
      all("[data-layer]", form).forEach(function (box) {
        all('[data-key="' + box.value + '"]').forEach(function (key) { key.hidden = !box.checked; });
      });
    }

    form.addEventListener("change", function (event) {
      if (event.target.hasAttribute("data-layer")) {
        var address = here();
        address.searchParams.set("show", all("[data-layer]", form).filter(function (box) { return box.checked; }).map(function (box) { return box.value; }).join(","));
        keep(address);
        keys();
        runs().forEach(function (run) { run.toggle(event.target.value, event.target.checked); });
      } else if (event.target !== slider) show(chosen());
    });
    form.addEventListener("submit", function (event) {
      event.preventDefault();
      show(chosen());
    });
    document.addEventListener("click", function (event) {
      var head = event.target.closest("[data-sort]"), go = event.target.closest("[data-go], [data-lon]");
      if (head) {
        event.preventDefault();
        var index = all("[data-sort]").indexOf(head), address = here(), wanted = new URL(head.href);
        ["sort", "rising", "doors"].forEach(function (name) { set(address, name, wanted.searchParams.get(name)); });
        show(address, { index: index });
      } else if (go && go.hasAttribute("data-lon")) runs().forEach(function (run) { run.look(go.getAttribute("data-lon"), go.getAttribute("data-lat")); });
      else if (go) runs().forEach(function (run) { run.go(go.getAttribute("data-go")); });
    });

    /* The hours: a slider in the place of the list. */
    var select = one("[data-hour]", form);
    if (select) {
      slider = document.createElement("input");
      slider.type = "range";
      slider.min = "0";
      slider.max = String(select.options.length - 1);
      slider.value = String(select.selectedIndex);
      slider.className = "hour-slider";
      slider.setAttribute("data-slider", "");
      select.hidden = true;
      select.parentNode.appendChild(slider);
      var timer = 0;
      var name = function () {
        var words = select.options[Number(slider.value)].textContent;
        slider.setAttribute("aria-valuetext", words);
        one("[data-hour-words]", form).textContent = words;
      };
      name();
      slider.addEventListener("input", function () {
        name();
        select.selectedIndex = Number(slider.value);
        window.clearTimeout(timer);
        timer = window.setTimeout(function () {
          show(chosen());
          runs().forEach(function (run) { run.hour(select.value); });
        }, 120);
      });
    }

    /* Where the map stands */
    function follow() {
      var first = runs()[0];
      if (!first || first.followed) return;
      first.followed = true;
      first.map.on("moveend", function () {
        var address = here(), middle = first.map.getCenter();
        address.searchParams.set("at", [middle.lng.toFixed(4), middle.lat.toFixed(4), first.map.getZoom()].join(","));
        keep(address);
      });
    }
    document.addEventListener("planner-run", follow);
    follow();
    keys();
  }

  /* The list: work that goes on is followed, and the page opened anew when it has ended. */
  function following(line) {
    var bar = one("[data-bar]", line), wait = 700;
    function ask() {
      fetch(line.getAttribute("data-work"), { headers: { Accept: "application/json" }, credentials: "same-origin" }).then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        return response.json();
      }).then(function (now) {
        if (now.ended) { window.location.reload(); return; }
        one("[data-words]", line).textContent = now.words + (now.percent ? " " + now.percent + "%" : "");
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

  all("[data-view]").forEach(viewing);
  all(".in-work[data-work]").forEach(following);
  all("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });
})();
