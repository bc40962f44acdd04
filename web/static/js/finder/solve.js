/* A worker that finds a proof of work: the smallest number whose digest with the challenge begins with enough zero
   bits. SHA-256 is written out, because crypto.subtle is missing outside secure pages and slow one block at a time. */
(function (scope) {
  "use strict";

  var K = new Uint32Array(64), START = new Uint32Array(8);
  (function () {
    var found = 0, n = 2;
    function fraction(x) { return ((x - Math.floor(x)) * 4294967296) | 0; }
    for (; found < 64; n++) {
      var prime = true;
      for (var i = 2; i * i <= n; i++) if (n % i === 0) { prime = false; break; }
      if (!prime) continue;
      if (found < 8) START[found] = fraction(Math.sqrt(n));
      K[found++] = fraction(Math.cbrt(n));
    }
  })();

  var W = new Uint32Array(64);
  function block(state, bytes, at) {
    for (var i = 0; i < 16; i++) {
      W[i] = (bytes[at + 4 * i] << 24) | (bytes[at + 4 * i + 1] << 16) | (bytes[at + 4 * i + 2] << 8) | bytes[at + 4 * i + 3];
    }
    for (i = 16; i < 64; i++) {
      var x = W[i - 15], y = W[i - 2];
      var s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
      var s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
      W[i] = (W[i - 16] + s0 + W[i - 7] + s1) | 0;
    }
    var a = state[0], b = state[1], c = state[2], d = state[3], e = state[4], f = state[5], g = state[6], h = state[7];
    for (i = 0; i < 64; i++) {
      var S1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
      var t1 = (h + S1 + ((e & f) ^ (~e & g)) + K[i] + W[i]) | 0;
      var S0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
      var t2 = (S0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
  }

  /** The SHA-256 of ASCII text as eight 32-bit words. */
  function digest(text) {
    var length = text.length, size = ((length + 8) >> 6) + 1, bytes = new Uint8Array(size * 64), state = new Uint32Array(START);
    for (var i = 0; i < length; i++) bytes[i] = text.charCodeAt(i);
    bytes[length] = 128;
    new DataView(bytes.buffer).setUint32(size * 64 - 4, length * 8);
    for (i = 0; i < size; i++) block(state, bytes, i * 64);
    return state;
  }

  function zeroBits(words) {
    for (var i = 0; i < words.length; i++) if (words[i]) return i * 32 + Math.clz32(words[i]);
    return words.length * 32;
  }

  /** Try numbers from ``from`` on, ``count`` of them; the one that proves, or null. */
  function seek(challenge, bits, from, count) {
    for (var n = from; n < from + count; n++) if (zeroBits(digest(challenge + n)) >= bits) return n;
    return null;
  }

  scope.yizhanSolve = { digest: digest, seek: seek };
  if (typeof document === "undefined") scope.onmessage = function (event) {
    var found = null;
    for (var from = 0; found === null; from += 4096) found = seek(event.data.challenge, event.data.bits, from, 4096);
    scope.postMessage(found);
  };
})(typeof window === "undefined" ? self : window);
