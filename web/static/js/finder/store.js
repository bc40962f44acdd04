/* What the phone keeps: IndexedDB for the region's stations and the letters not sent yet, localStorage for the little
   things (saved places, favourites, the last place asked from).

   A messenger's browser may have neither, or lose both; every answer is then "nothing kept", never an error. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var NAME = "yizhan", STORES = ["packs", "outbox"];
  var memory = { packs: {}, outbox: {} };
  var opening = null;

  function database() {
    if (!opening) opening = new Promise(function (resolve, reject) {
      if (!window.indexedDB) return reject(new Error("no IndexedDB"));
      var asked = window.indexedDB.open(NAME, 1);
      asked.onupgradeneeded = function () {
        STORES.forEach(function (store) { asked.result.createObjectStore(store); });
      };
      asked.onsuccess = function () { resolve(asked.result); };
      asked.onerror = asked.onblocked = function () { reject(asked.error || new Error("blocked")); };
    });
    return opening;
  }

  /* Run one request in one transaction; where there is no database, do the same to the memory of this page. */
  function run(store, mode, act, instead) {
    return database().then(function (db) {
      return new Promise(function (resolve, reject) {
        var transaction = db.transaction(store, mode), asked = act(transaction.objectStore(store));
        transaction.oncomplete = function () { resolve(asked.result); };
        transaction.onerror = transaction.onabort = function () { reject(transaction.error); };
      });
    }).catch(function () { return instead(memory[store]); });
  }

  yizhan.kept = {
    get: function (store, key) {
      return run(store, "readonly", function (s) { return s.get(key); }, function (m) { return m[key]; });
    },
    all: function (store) {
      return run(store, "readonly", function (s) { return s.getAll(); }, function (m) { return Object.keys(m).map(function (key) { return m[key]; }); });
    },
    put: function (store, key, value) {
      memory[store][key] = value;
      return run(store, "readwrite", function (s) { return s.put(value, key); }, function () { return key; });
    },
    drop: function (store, key) {
      delete memory[store][key];
      return run(store, "readwrite", function (s) { return s.delete(key); }, function () { return undefined; });
    },

    /** A small thing by name; ``otherwise`` where nothing, or nothing readable, was kept. */
    little: function (name, otherwise) {
      try {
        var text = window.localStorage.getItem("yizhan." + name);
        return text === null ? otherwise : JSON.parse(text);
      } catch (_) {
        return otherwise;
      }
    },
    keep: function (name, value) {
      try {
        if (value === null) window.localStorage.removeItem("yizhan." + name);
        else window.localStorage.setItem("yizhan." + name, JSON.stringify(value));
        return true;
      } catch (_) {
        return false;
      }
    },
  };

  /** A random identifier (version 4), where the browser has no function of its own for it. */
  yizhan.uuid = function () {
    var bytes = window.crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 15) | 64;
    bytes[8] = (bytes[8] & 63) | 128;
    var hex = Array.prototype.map.call(bytes, function (byte) { return (byte < 16 ? "0" : "") + byte.toString(16); }).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  };

  /* A photo of a phone has megabytes, which bad reception does not carry; the server keeps 1600 pixels a side. Browsers
     that would lay it on its side (before Chrome 81), and whatever goes wrong, send it as it is: the server draws it
     anew in any case. */
  var LARGE_BYTES = 500000, SIDE = 1600;
  yizhan.shrunk = function (photo) {
    if (!photo || photo.size < LARGE_BYTES || !window.createImageBitmap || !window.CSS.supports("image-orientation", "from-image")) return Promise.resolve(photo || null);
    return window.createImageBitmap(photo).then(function (picture) {
      var scale = Math.min(1, SIDE / Math.max(picture.width, picture.height)), canvas = document.createElement("canvas");
      canvas.width = Math.round(picture.width * scale);
      canvas.height = Math.round(picture.height * scale);
      canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
      return new Promise(function (resolve) { canvas.toBlob(resolve, "image/jpeg", 0.85); });
    }).then(function (small) { return small && small.size < photo.size ? small : photo; }, function () { return photo; });
  };
})();
