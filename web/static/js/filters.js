/* The filters: one form, one address. What the form says is in the address, and the address fills the form, so that
   a link, a reload and the back button all keep it. */
(function () {
  "use strict";

  var yizhan = window.yizhan;

  function Filters(form, changed) {
    var filters = this;
    this.form = form;
    this._names = [];
    this.inputs().forEach(function (input) { if (filters._names.indexOf(input.name) < 0) filters._names.push(input.name); });
    document.addEventListener("change", function (event) {
      var input = event.target;
      if (input.form !== form || !input.name) return;
      if (input.type === "checkbox" && input.checked && input.dataset.single !== undefined) {
        filters.inputs().forEach(function (other) { if (other !== input && other.name === input.name) other.checked = false; });
      }
      filters.dress();
      changed();
    });
    form.addEventListener("submit", function (event) {
      var by = event.submitter || document.activeElement;
      // A button with an address of its own takes the filters elsewhere.
      if (by && by.hasAttribute("formaction")) return;
      event.preventDefault();
      changed();
      filters.fold();
    });
    form.addEventListener("click", function (event) {
      var clear = event.target.closest("[data-clear]");
      if (!clear || event.metaKey || event.ctrlKey) return;
      event.preventDefault();
      filters.read("");
      changed();
    });
  }

  Filters.prototype.inputs = function () {
    return Array.prototype.filter.call(this.form.elements, function (input) { return input.name; });
  };

  /** The form as a query string in the form's order, several values of a name joined by commas, blanks left out. */
  Filters.prototype.query = function () {
    var values = {};
    this.inputs().forEach(function (input) {
      if ((input.type === "checkbox" || input.type === "radio") && !input.checked) return;
      var value = input.value.trim();
      if (value && value !== input.dataset.default) (values[input.name] = values[input.name] || []).push(value);
    });
    if (!values.gap) delete values.distance_m;
    return this._names.filter(function (name) { return values[name]; }).map(function (name) {
      return encodeURIComponent(name) + "=" + values[name].map(encodeURIComponent).join(",");
    }).join("&");
  };

  /** Fill the form from a query string. */
  Filters.prototype.read = function (search) {
    var given = new URLSearchParams(search);
    this.inputs().forEach(function (input) {
      var values = given.getAll(input.name);
      if (input.type === "checkbox" || input.type === "radio") {
        var listed = values.length ? [].concat.apply([], values.map(function (value) { return value.split(","); })) : [input.dataset.default];
        input.checked = listed.indexOf(input.value) >= 0;
      } else if (input.name !== "lang") {
        var value = values.length ? values[0] : input.dataset.default || "";
        if (input.name === "region") value = value.replace(/^(\d{2}|\d{4})$/, function (code) { return (code + "0000").slice(0, 6); });
        input.value = value;
      }
    });
    this.dress();
  };

  /* How many filters are set, on the button that unfolds them, and which parts of the form apply now. */
  Filters.prototype.dress = function () {
    var folded = 0, gap = false;
    this.inputs().forEach(function (input) {
      var set = input.type === "checkbox" || input.type === "radio" ? input.checked : Boolean(input.value.trim());
      if (input.value === input.dataset.default) set = false;
      if (input.closest(".more-body") && set) folded += 1;
      if (input.name === "gap") gap = input.checked;
    });
    var badge = this.form.querySelector(".more-count");
    badge.textContent = folded ? String(folded) : "";
    document.body.classList.toggle("with-gaps", gap);
  };

  Filters.prototype.fold = function () {
    var more = this.form.querySelector("details.more");
    if (more) more.open = false;
  };

  yizhan.Filters = Filters;
})();
