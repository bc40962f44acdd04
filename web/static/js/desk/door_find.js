/* Finding the station that one stands before: by its code, by the link or the code on its plate, by name, by nearness. */
(function () {
  "use strict";

  var yizhan = window.yizhan;
  var MOST = 8, RADIUS_M = 6371008.8;

  /** Metres between two points on a sphere: enough to say which door is nearest. */
  yizhan.door.metres = function (lon1, lat1, lon2, lat2) {
    var rad = Math.PI / 180, a = Math.pow(Math.sin((lat2 - lat1) * rad / 2), 2);
    a += Math.cos(lat1 * rad) * Math.cos(lat2 * rad) * Math.pow(Math.sin((lon2 - lon1) * rad / 2), 2);
    return 2 * RADIUS_M * Math.asin(Math.min(1, Math.sqrt(a)));
  };

  /** The code that a text holds: of a plate's link, or a code itself, dashes and spaces left out. Null where there is none. */
  yizhan.door.codeOf = function (text) {
    var link = /\/s\/([0-9A-Za-z-]{3,40})(?:[/?#]|$)/.exec(text.trim());
    var code = link ? link[1] : text.replace(/[\s-]/g, "");
    return /^[0-9]{6,20}$/.test(code.replace(/-/g, "")) ? code.replace(/-/g, "") : null;
  };

  yizhan.door.search = function (stations, text) {
    var wanted = text.trim().toLowerCase(), code = yizhan.door.codeOf(text);
    if (code) {
      var exact = stations.filter(function (station) { return station.code === code; });
      return exact.length ? exact : [{ code: code, name: code, unknown: true }];
    }
    if (!wanted) return [];
    return stations.filter(function (station) {
      return (station.name + " " + (station.address || "")).toLowerCase().indexOf(wanted) >= 0;
    }).slice(0, MOST);
  };

  yizhan.door.nearest = function (stations, lon, lat) {
    return stations.filter(function (station) { return station.lon !== null; }).map(function (station) {
      return Object.assign({ metres: yizhan.door.metres(lon, lat, station.lon, station.lat) }, station);
    }).sort(function (a, b) { return a.metres - b.metres; }).slice(0, MOST);
  };

  /** Where the phone is: [lon, lat, metres of accuracy], or null. */
  yizhan.door.locate = function () {
    return new Promise(function (resolve) {
      if (!navigator.geolocation) return resolve(null);
      navigator.geolocation.getCurrentPosition(function (found) {
        var at = found.coords;
        resolve([Number(at.longitude.toFixed(6)), Number(at.latitude.toFixed(6)), Math.round(at.accuracy)]);
      }, function () { resolve(null); }, { enableHighAccuracy: true, timeout: 15000, maximumAge: 30000 });
    });
  };

  /** The code on a photo of a plate; null where none is read. */
  yizhan.door.read = function (file) {
    if (window.BarcodeDetector && window.createImageBitmap) {
      return window.createImageBitmap(file).then(function (picture) {
        return new window.BarcodeDetector({ formats: ["qr_code"] }).detect(picture);
      }).then(function (found) {
        return found.map(function (one) { return yizhan.door.codeOf(one.rawValue); }).filter(Boolean)[0] || null;
      }).catch(function () { return null; });
    }
    return Promise.resolve(null);
  };
})();
