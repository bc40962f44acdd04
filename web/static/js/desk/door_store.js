/* What the phone keeps of inspections: drafts with their photos, and the list of stations, each under the name of who they
   belong to. Only what belongs to the present name is ever read.

   Unlike what readers keep, nothing here may be lost in silence: where the phone has no room, the promise is rejected. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var NAME = "yizhan-door", COOKIE = "yizhan_door";
  var opening = null;

  function database() {
    if (!opening) opening = new Promise(function (resolve, reject) {
      if (!window.indexedDB) return reject(new Error("no IndexedDB"));
      var asked = window.indexedDB.open(NAME, 1);
      asked.onupgradeneeded = function () {
        asked.result.createObjectStore("drafts", { keyPath: "id" }).createIndex("owner", "owner");
        asked.result.createObjectStore("packs", { keyPath: "owner" });
      };
      asked.onsuccess = function () { resolve(asked.result); };
      asked.onerror = asked.onblocked = function () { opening = null; reject(asked.error || new Error("blocked")); };
    });
    return opening;
  }

  function run(store, mode, act) {
    return database().then(function (db) {
      return new Promise(function (resolve, reject) {
        var transaction = db.transaction(store, mode), asked = act(transaction.objectStore(store));
        transaction.oncomplete = function () { resolve(asked.result); };
        transaction.onerror = transaction.onabort = function () { reject(transaction.error || new Error("aborted")); };
      });
    });
  }

  yizhan.door = {
    /** Whose drafts may be shown: the name that the desk gave, or null where nobody is logged in on this phone. */
    owner: function () {
      var found = document.cookie.split("; ").filter(function (part) { return part.indexOf(COOKIE + "=") === 0; })[0];
      return found ? found.slice(COOKIE.length + 1) : null;
    },
    drafts: function () {
      var owner = yizhan.door.owner();
      if (!owner) return Promise.resolve([]);
      return run("drafts", "readonly", function (s) { return s.index("owner").getAll(owner); });
    },
    draft: function (id) {
      return run("drafts", "readonly", function (s) { return s.get(id); }).then(function (found) {
        return found && found.owner === yizhan.door.owner() ? found : null;
      });
    },
    put: function (draft) { return run("drafts", "readwrite", function (s) { return s.put(draft); }); },
    drop: function (id) { return run("drafts", "readwrite", function (s) { return s.delete(id); }); },
    pack: function () {
      var owner = yizhan.door.owner();
      if (!owner) return Promise.resolve(null);
      return run("packs", "readonly", function (s) { return s.get(owner); }).then(function (found) { return found || null; });
    },
    putPack: function (pack) { return run("packs", "readwrite", function (s) { return s.put(pack); }); },
  };
})();
