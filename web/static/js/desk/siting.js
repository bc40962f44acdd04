/* The pages of siting: the form shows what its problem asks and how large it would be; on a plan's page a site is picked,
   moved for looking at, and its loss told; tables are sorted in place.

   Without this each of these is a form or a link of its own. */
(function () {
  "use strict";

  function one(selector, within) { return (within || document).querySelector(selector); }
  function all(selector, within) { return Array.prototype.slice.call((within || document).querySelectorAll(selector)); }
  function map() { return window.yizhan && window.yizhan.siting; }

  /** Put one part of another page into the place of ours. Where it does not come, go there. */
  function swap(address, id, signal) {
    var part = document.getElementById(id);
    part.setAttribute("aria-busy", "true");
    return fetch(address, { credentials: "same-origin", signal: signal }).then(function (response) {
      if (!response.ok) throw new Error(String(response.status));
      return response.text();
    }).then(function (text) {
      var fresh = new DOMParser().parseFromString(text, "text/html").getElementById(id);
      if (!fresh) throw new Error(id);
      fresh = document.importNode(fresh, true);
      part.parentNode.replaceChild(fresh, part);
      return fresh;
    }).catch(function (error) {
      if (error.name === "AbortError") return null;
      window.location.assign(address);
      return null;
    });
  }

  /* The form of a new plan */
  function asking(form) {
    var problem = one("[name=problem]", form), words = one("[data-rough-words]", form), timer = 0, pending = null;

    function fit() {
      all("[data-for]", form).forEach(function (field) {
        field.hidden = field.getAttribute("data-for").split(" ").indexOf(problem.value) < 0;
      });
    }
    function rough() {
      if (!form.hasAttribute("data-rough")) return;
      if (pending) pending.abort();
      pending = new AbortController();
      var query = new URLSearchParams();
      new FormData(form).forEach(function (value, name) { if (typeof value === "string" && name !== "csrf_token" && value) query.append(name, value); });
      fetch(form.getAttribute("data-rough") + "?" + query, { headers: { Accept: "application/json" }, credentials: "same-origin", signal: pending.signal }).then(function (response) {
        if (!response.ok) throw new Error(String(response.status));
        return response.json();
      }).then(function (told) {
        words.textContent = told.words;
        words.classList.toggle("wrong", Boolean(told.wrong));
        words.hidden = !told.words;
      }).catch(function (error) { if (error.name !== "AbortError") words.hidden = true; });
    }
    form.addEventListener("change", function () {
      fit();
      window.clearTimeout(timer);
      timer = window.setTimeout(rough, 300);
    });
    fit();
    rough();
  }

  /* A plan with its map */
  function showing() {
    var pending = null;

    function here() { return one("[data-loss]"); }

    function tell(query, focus) {
      if (pending) pending.abort();
      pending = new AbortController();
      swap(here().getAttribute("data-loss") + "?" + query, "loss", pending.signal).then(function (fresh) {
        if (fresh && focus) {
          var field = one("[name=" + focus + "]", fresh);
          if (field) field.focus({ preventScroll: true });
        }
      });
    }
    function lightRow(key) {
      all("[data-site]").forEach(function (row) { row.classList.toggle("is-picked", row.getAttribute("data-site") === key); });
    }

    document.addEventListener("siting-picked", function (event) {
      lightRow(event.detail.key);
      if (map().away !== event.detail.key) {
        map().back();
        tell(new URLSearchParams({ site: event.detail.key }));
      }
    });
    document.addEventListener("siting-moved", function (event) {
      lightRow(event.detail.key);
      tell(new URLSearchParams({ site: event.detail.key, lon: event.detail.lon.toFixed(6), lat: event.detail.lat.toFixed(6) }));
    });
    document.addEventListener("click", function (event) {
      var go = event.target.closest("[data-go-site]"), back = event.target.closest("[data-back-site]"), head = event.target.closest("[data-sort]");
      if (go && map()) {
        event.preventDefault();
        map().look(go.getAttribute("data-go-site"));
      } else if (back && map()) {
        event.preventDefault();
        map().back();
        tell(new URLSearchParams({ site: back.getAttribute("data-back-site") }));
      } else if (head) {
        event.preventDefault();
        var index = all("[data-sort]").indexOf(head), ticked = all("[name=site]:checked").map(function (box) { return box.value; });
        swap(head.href.split("#")[0], "sites").then(function (fresh) {
          if (!fresh) return;
          window.history.replaceState(null, "", head.href.split("#")[0]);
          all("[name=site]", fresh).forEach(function (box) { box.checked = ticked.indexOf(box.value) >= 0; });
          var again = all("[data-sort]")[index];
          if (again) again.focus();
        });
      }
    });
    document.addEventListener("keydown", function (event) {
      if (event.key === "Escape" && map() && map().away) {
        var key = map().away;
        map().back();
        tell(new URLSearchParams({ site: key }));
      }
    });
    document.addEventListener("change", function (event) {
      var form = event.target.closest("[data-loss] form");
      if (!form) return;
      var site = one("[name=site]", form).value, to = one("[name=to]", form);
      if (!site) return;
      var chosen = to && event.target === to ? to.options[to.selectedIndex] : null;
      if (chosen && chosen.hasAttribute("data-lon") && map()) {
        map().move(site, Number(chosen.getAttribute("data-lon")), Number(chosen.getAttribute("data-lat")));
        // The place is a candidate's: it is asked for by its key, which keeps its cost and its name.
        tell(new URLSearchParams({ site: site, to: to.value }), "to");
        return;
      }
      if (map()) map().back();
      lightRow(site);
      tell(new URLSearchParams({ site: site }), event.target.name);
    });
    document.addEventListener("submit", function (event) {
      var form = event.target.closest("[data-loss] form");
      if (!form) return;
      event.preventDefault();
      tell(new URLSearchParams(new FormData(form)), "site");
    });

    all("[data-siting-layers] [data-layer]").forEach(function (box) {
      box.addEventListener("change", function () { if (map()) map().toggle(box.value, box.checked); });
    });
  }

  all("[data-siting-form]").forEach(asking);
  if (one("[data-loss]")) showing();
  all("[data-once]").forEach(function (button) {
    button.form.addEventListener("submit", function () { window.setTimeout(function () { button.disabled = true; }, 0); });
    window.addEventListener("pageshow", function () { button.disabled = false; });
  });
  all("[data-print]").forEach(function (button) {
    button.hidden = false;
    button.addEventListener("click", function () { window.print(); });
  });
})();
