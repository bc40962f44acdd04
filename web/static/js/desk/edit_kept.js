/* What was typed into a form and not saved yet, kept on this device: offered back after a lost connection.

   A draft holds the state that it began from (the form's "base"), so that it is merged with what others saved since. It
   belongs to one member of staff and one station, and goes once the server says that it was saved. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var PREFIX = "yizhan.draft.";
  var TOO_OLD_MS = 14 * 24 * 3600 * 1000;
  // What was asked is asked again: a question that stands open is not answered by coming back.
  var NOT_KEPT = { csrf_token: true, action: true, insist: true, asked: true, begun: true };

  function entries(form) {
    var found = [], begun = form.elements.begun;
    Array.prototype.forEach.call(form.elements, function (element) {
      if (!element.name || NOT_KEPT[element.name] || element.type === "submit" || element.type === "file" || element.type === "button") return;
      if (element.name.indexOf("take.") === 0) return;
      if (element.name === "base" && begun) return void found.push(["base", begun.value]);
      if ((element.type === "checkbox" || element.type === "radio") && !element.checked) return;
      found.push([element.name, element.value]);
    });
    return found;
  }

  function storage() {
    try { return window.localStorage; } catch (error) { return null; }
  }

  /** The keeper of one form's draft. */
  yizhan.kept = function (form, member, code) {
    var store = storage(), key = PREFIX + member + "." + (code || "new");

    function held() {
      try {
        var draft = JSON.parse(store.getItem(key));
        return draft && Array.isArray(draft.entries) && Date.now() - draft.at < TOO_OLD_MS ? draft : null;
      } catch (error) { return null; }
    }

    return {
      entries: function () { return entries(form); },
      held: held,
      keep: function () {
        try {
          store.setItem(key, JSON.stringify({ at: Date.now(), id: form.elements.form_id.value, entries: entries(form) }));
        } catch (error) { /* a full or forbidden store keeps nothing, and the form goes on without */ }
      },
      drop: function () {
        try { store.removeItem(key); } catch (error) { /* nothing was kept */ }
      },
      /** Put a draft back into the form; rows are made as many as it has. */
      restore: function (draft, moreRows) {
        var values = {};
        draft.entries.forEach(function (pair) { (values[pair[0]] = values[pair[0]] || []).push(pair[1]); });
        moreRows(values);
        var seen = {};
        Array.prototype.forEach.call(form.elements, function (element) {
          if (!element.name || NOT_KEPT[element.name] || element.type === "submit" || element.type === "file") return;
          var given = values[element.name];
          if (element.type === "checkbox" || element.type === "radio") {
            element.checked = Boolean(given) && given.indexOf(element.value) >= 0;
            return;
          }
          var at = seen[element.name] = (seen[element.name] || 0) + 1;
          if (given && given.length >= at) element.value = given[at - 1];
        });
      },
    };
  };
})();
