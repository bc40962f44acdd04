/* How a station looks: the pin that markers, lists and the key are all drawn with. Needs no map library. */
(function () {
  "use strict";

  var yizhan = window.yizhan;

  /** Take the symbols and the words that everything after this draws and speaks with. */
  yizhan.know = function (options) {
    var symbols = (yizhan.symbols = options.symbols);
    symbols.byKind = {};
    symbols.byLook = {};
    symbols.kinds.forEach(function (kind) { symbols.byKind[kind.code] = kind; });
    symbols.looks.forEach(function (look) { symbols.byLook[look.state] = look; });
    yizhan.sprite = symbols.sprite;
    yizhan.words = options.words;
    yizhan.labels = { kinds: {}, looks: {} };
    symbols.kinds.forEach(function (kind) { yizhan.labels.kinds[kind.code] = kind.label; });
    symbols.looks.forEach(function (look) { yizhan.labels.looks[look.state] = look.label; });
  };

  /** A sprite symbol three times over (pin, glyph, badge), all under one element that carries the state. */
  yizhan.pin = function (symbols, station, label) {
    var kind = symbols.byKind[station.kind], look = symbols.byLook[station.look];
    var children = [yizhan.icon("pin-" + kind.shape, "pin-body"), yizhan.icon(kind.icon, "pin-glyph")];
    if (look.badge) children.push(yizhan.icon(look.badge, "pin-badge"));
    return yizhan.el("div", { "class": "pin is-" + kind.shape + " look-" + look.state + " fill-" + look.fill + " rim-" + look.rim, "aria-label": label, role: label ? "button" : null }, children);
  };

  /** Which look a station has: its lifecycle where it is not in service, else its state by the hours. */
  yizhan.lookOf = function (lifecycle, state) { return yizhan.symbols.lifecycles[lifecycle] || state; };
})();
