/* The list of stations: how many are selected, and one tick for all of the page. */
(function () {
  "use strict";

  document.addEventListener("DOMContentLoaded", function () {
    var form = document.getElementById("chosen"), count = document.getElementById("chosen-count");
    if (!form || !count) return;
    var boxes = Array.prototype.slice.call(form.querySelectorAll('input[name="code"]'));
    var head = form.querySelector("th.select-cell");
    function show() {
      var chosen = boxes.filter(function (box) { return box.checked; }).length;
      count.textContent = chosen ? " " + chosen : "";
      if (all) {
        all.checked = chosen > 0 && chosen === boxes.length;
        all.indeterminate = chosen > 0 && chosen < boxes.length;
      }
    }
    var all = null;
    if (head && boxes.length > 1) {
      all = document.createElement("input");
      all.type = "checkbox";
      all.setAttribute("aria-label", head.textContent);
      all.addEventListener("change", function () {
        boxes.forEach(function (box) { box.checked = all.checked; });
        show();
      });
      head.appendChild(all);
    }
    form.addEventListener("change", show);
    show();
  });
})();
