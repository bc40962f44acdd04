/* The small things that every part of the map needs: elements, icons, words, times and requests.

   Text from outside enters the page through textContent alone. Times are Asia/Shanghai wherever the reader is. */
(function () {
  "use strict";

  var yizhan = (window.yizhan = {});
  var SHANGHAI_MS = 8 * 3600 * 1000; // the whole country keeps UTC+8, without daylight saving
  var DAY_MS = 24 * 3600 * 1000;

  yizhan.words = {};
  yizhan.lang = document.documentElement.lang || "zh-Hans";
  yizhan.sprite = "";

  /** Make an element. Attributes with a null value are left out; children are nodes or text. */
  yizhan.el = function (name, attributes, children) {
    var element = document.createElement(name);
    Object.keys(attributes || {}).forEach(function (key) {
      var value = attributes[key];
      if (value === null || value === undefined || value === false) return;
      if (key === "class") element.className = value;
      else if (key === "on") Object.keys(value).forEach(function (type) { element.addEventListener(type, value[type]); });
      else element.setAttribute(key, value === true ? "" : value);
    });
    [].concat(children === undefined ? [] : children).forEach(function (child) {
      if (child === null || child === undefined || child === "") return;
      element.appendChild(typeof child === "object" ? child : document.createTextNode(String(child)));
    });
    return element;
  };

  var SVG = "http://www.w3.org/2000/svg";
  yizhan.svg = function (name, attributes, children) {
    var element = document.createElementNS(SVG, name);
    Object.keys(attributes || {}).forEach(function (key) { element.setAttribute(key, attributes[key]); });
    (children || []).forEach(function (child) { element.appendChild(child); });
    return element;
  };

  var icons = {}; // a list has hundreds: a copy costs a tenth of making one
  /** An icon of the sprite; decoration, so hidden from assistive technology: its label stands beside it. */
  yizhan.icon = function (name, className) {
    var href = yizhan.sprite + "#" + name, key = href + " " + (className || "");
    icons[key] = icons[key] || yizhan.svg("svg", { "class": "icon" + (className ? " " + className : ""), "aria-hidden": "true", focusable: "false" }, [
      yizhan.svg("use", { href: href }),
    ]);
    return icons[key].cloneNode(true);
  };

  /** The word for a key, with {names} filled in. A pair of words is singular and plural, chosen by ``n``. */
  yizhan.say = function (key, values) {
    var word = yizhan.words[key];
    if (word === undefined) throw new Error("no word for " + key);
    if (Array.isArray(word)) word = word[values && values.n === 1 ? 0 : 1];
    return word.replace(/\{(\w+)\}/g, function (whole, name) {
      return values && values[name] !== undefined ? String(values[name]) : whole;
    });
  };

  var numbers = new Intl.NumberFormat(yizhan.lang);
  yizhan.number = function (value) { return numbers.format(value); };

  /** Metres as people say them: 80 m, 1.2 km, 34 km. */
  yizhan.distance = function (metres) {
    var tens = Math.round(metres / 10) * 10;
    if (tens < 1000) return yizhan.say("metres", { n: yizhan.number(tens) });
    var km = metres / 1000;
    return yizhan.say("kilometres", { n: yizhan.number(km < 10 ? Math.round(km * 10) / 10 : Math.round(km)) });
  };

  /** A station's name in the page's language, or Chinese, or any, or its code. */
  yizhan.nameOf = function (properties) {
    var names = properties.names;
    return names[yizhan.lang.split("-")[0]] || names.zh || names[Object.keys(names)[0]] || properties.code;
  };

  /** Ledgers put several numbers and extensions into one cell: each number is a link, the words stay words. */
  yizhan.phones = function (text, className) {
    return text.split(/[\/,;\u3001\uff0c\uff1b]/).filter(function (part) { return part.trim(); }).map(function (part) {
      var number = (/\+?\d[\d\s()\uff08\uff09-]{1,}/.exec(part) || [""])[0].replace(/[^\d+]/g, "");
      return yizhan.el("span", {}, number.length > 2 ? yizhan.el("a", { href: "tel:" + number, "class": className || null }, part.trim()) : part.trim());
    });
  };

  function shanghai(ms) { return new Date(ms + SHANGHAI_MS); }
  function two(n) { return (n < 10 ? "0" : "") + n; }
  function clock(ms) { var at = shanghai(ms); return two(at.getUTCHours()) + ":" + two(at.getUTCMinutes()); }
  function dayNumber(ms) { return Math.floor((ms + SHANGHAI_MS) / DAY_MS); }

  /** A moment still to come, as short as is unambiguous: 22:00, tomorrow 08:30, Monday 08:30, 3-14 08:30. */
  yizhan.moment = function (ms, now) {
    var days = dayNumber(ms) - dayNumber(now);
    var time = clock(ms);
    if (days === 0) return time;
    if (days === 1) return yizhan.say("tomorrow_at", { time: time });
    var at = shanghai(ms);
    if (days > 1 && days < 7) return yizhan.say("weekday_at", { day: yizhan.words.weekdays[at.getUTCDay()], time: time });
    return yizhan.say("date_at", { month: at.getUTCMonth() + 1, day: at.getUTCDate(), time: time });
  };

  /** What the hours say of a station now, in words.

      look: its look (see the symbols). state: open, closed, unknown. until: epoch milliseconds of the next
      change, or null. then: the state after that, where it is known. */
  yizhan.stateWords = function (look, state, until, then, now) {
    if (look !== state) return yizhan.labels.looks[look];
    if (state === "unknown") return yizhan.say("hours_unknown");
    if (until === null || until <= now) return yizhan.labels.looks[state];
    if (state === "closed") return yizhan.say(then === "unknown" ? "unknown_from" : "opens_at", { time: yizhan.moment(until, now) });
    if (then === "unknown") return yizhan.say("open_unknown_from", { time: yizhan.moment(until, now) });
    var minutes = Math.ceil((until - now) / 60000);
    if (minutes <= 60) return yizhan.say("closes_in", { n: minutes });
    return dayNumber(until) - dayNumber(now) > 1 ? yizhan.labels.looks.open : yizhan.say("closes_at", { time: yizhan.moment(until, now) });
  };

  /** How long ago a date is: 3 months ago. */
  yizhan.ago = function (iso, now) {
    var days = Math.max(0, Math.round((now - Date.parse(iso)) / DAY_MS));
    var format = new Intl.RelativeTimeFormat(yizhan.lang, { numeric: "always" });
    if (days < 1) return yizhan.say("today");
    if (days < 31) return format.format(-days, "day");
    if (days < 365) return format.format(-Math.round(days / 30.4), "month");
    return format.format(-Math.round(days / 365), "year");
  };

  function refusal(text, told) {
    var error = new Error(text);
    error.told = told;
    return error;
  }

  /** Ask our own server for JSON. The promise is rejected with a sentence for people; ``told`` is true of the error
      where the server said no, and not where it could not be reached: a page of a hotspot's log-in or of a proxy
      whose server is away is no answer of ours. */
  yizhan.ask = function (url, signal) {
    return fetch(url, { headers: { Accept: "application/json, application/geo+json" }, signal: signal }).then(
      function (response) {
        return response.json().then(
          function (body) {
            if (response.ok) return body;
            throw refusal(body.detail || body.title || yizhan.say("failed"), response.status < 500);
          },
          function () { throw refusal(yizhan.say("failed"), false); }
        );
      },
      function (error) {
        throw error.name === "AbortError" ? error : new Error(yizhan.say("offline"));
      }
    );
  };

  /** Run when the browser has nothing better to do. */
  yizhan.later = function (action) {
    if (window.requestIdleCallback) window.requestIdleCallback(action, { timeout: 2000 });
    else window.setTimeout(action, 300);
  };

  /** Run many small actions in order, letting the page breathe between pieces; resolves after the last. */
  yizhan.inPieces = function (actions) {
    return new Promise(function (resolve, reject) {
      var next = 0;
      function piece() {
        var until = Date.now() + 12;
        try {
          while (next < actions.length && Date.now() < until) actions[next++]();
        } catch (error) {
          return reject(error);
        }
        if (next < actions.length) window.setTimeout(piece, 0);
        else resolve();
      }
      piece();
    });
  };

  /** Run once the events have stopped coming. */
  yizhan.settled = function (action, ms) {
    var timer = 0;
    return function () {
      window.clearTimeout(timer);
      timer = window.setTimeout(action, ms);
    };
  };

  /** Colours live in the style sheet; what is drawn on a canvas reads them here. */
  yizhan.colour = function (name) {
    return window.getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
  };

  var dark = window.matchMedia("(prefers-color-scheme: dark)");
  yizhan.onColours = function (action) {
    if (dark.addEventListener) dark.addEventListener("change", action);
    else dark.addListener(action); // before Chrome 39 and Safari 14
  };

  /** Whether the page is dark: by its own theme where it has one, else by the reader's system. */
  yizhan.isDark = function () {
    var theme = document.documentElement.dataset.theme;
    return theme ? theme === "dark" : dark.matches;
  };

  yizhan.calm = function () { return window.matchMedia("(prefers-reduced-motion: reduce)").matches; };

  /** Start a Leaflet map in an element: zooming out stops a step above ``bounds``, panning a little outside. */
  yizhan.map = function (id, options) {
    var calm = yizhan.calm();
    var map = L.map(id, {
      zoomControl: false,
      attributionControl: false,
      crs: options.datum ? yizhan.shifted(options.datum) : L.CRS.EPSG3857,
      maxZoom: options.maxZoom,
      zoomSnap: 0.5,
      wheelPxPerZoomLevel: 90,
      zoomAnimation: !calm,
      fadeAnimation: !calm,
      inertia: !calm,
      maxBoundsViscosity: 0.8,
    });
    var bounds = L.latLngBounds(options.bounds);
    var sheet = options.sheet && document.querySelector(options.sheet);
    var covered = sheet && window.getComputedStyle(sheet).position === "absolute" ? sheet.offsetHeight : 0;
    map.fitBounds(bounds, { animate: false, paddingTopLeft: [12, 12], paddingBottomRight: [12, 12 + covered] });
    var container = map.getContainer();
    container.setAttribute("role", "region");
    container.setAttribute("aria-label", options.label);
    map.setMinZoom(Math.max(2, map.getBoundsZoom(bounds) - 1));
    map.setMaxBounds(L.latLngBounds(map.getBounds().getSouthWest(), map.getBounds().getNorthEast()).extend(bounds).pad(0.6));
    return map;
  };
})();
