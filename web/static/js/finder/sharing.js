/* Handing the list on: the address keeps everything, so a link, a code to scan and a message are all the same. */
(function () {
  "use strict";

  var yizhan = window.yizhan, el = yizhan.el, icon = yizhan.icon, say = yizhan.say;

  /** Copy text; older browsers have no clipboard, and one outside a secure page has none either. */
  yizhan.copy = function (text) {
    if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
    return new Promise(function (resolve, reject) {
      var field = el("textarea", { readonly: true, "class": "away" });
      field.value = text;
      document.body.appendChild(field);
      field.select();
      var done = document.execCommand("copy");
      field.remove();
      if (done) resolve();
      else reject(new Error("not copied"));
    });
  };

  /** Unfold the ways to share the present address in ``box``. */
  yizhan.share = function (box, title, tell) {
    var url = window.location.href.replace(/#.*$/, "");
    var field = el("input", { type: "text", readonly: true, value: url, "aria-label": say("link") });
    var ways = [el("button", { type: "button", "class": "button", on: { click: function () {
      yizhan.copy(url).then(function () { tell(say("copied")); }, function () { field.select(); tell(say("copy_yourself")); });
    } } }, [icon("link"), say("copy_link")])];
    if (navigator.share) ways.push(el("button", { type: "button", "class": "button", on: { click: function () {
      navigator.share({ title: title, url: url }).catch(function () { /* closed by the reader */ });
    } } }, [icon("hands"), say("share_with")]));
    box.textContent = "";
    box.appendChild(field);
    box.appendChild(el("p", { "class": "buttons" }, ways));
    box.appendChild(el("img", { "class": "code", alt: say("code_of_link"), width: 168, height: 168, src: yizhan.links.code + window.location.search }));
  };

  /** Let the browser save text as a file. */
  yizhan.download = function (name, type, text) {
    var url = URL.createObjectURL(new Blob([text], { type: type }));
    var link = el("a", { href: url, download: name });
    document.body.appendChild(link);
    link.click();
    link.remove();
    window.setTimeout(function () { URL.revokeObjectURL(url); }, 10000);
  };
})();
