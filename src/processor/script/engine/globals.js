// What a script finds around it: a time, a zone and a chance that are those of its step, and errors by name for what differs from one run to another.
(function (host) {
  "use strict";
  let now = 0, random = [1, 2, 3, 4];
  host.beginStep = (at, seed) => { now = Number(at); random = seed; };

  const OwnDate = Date;
  const zone = /(?:\b(?:[ECMP][SD]T|WES?T|CES?T|EES?T)|[zZ]|GMT|UTC|\d\d:\d\d(?::\d\d(?:\.\d+)?)?\s*(?:GMT|UTC)?[+-]\d\d:?\d\d)$/;
  // A text that names no zone is one of UTC; so is one with the name of a zone, which engines know or do not know.
  const ofText = (text) => {
    // A zone in brackets is for people.
    text = text.replace(/\([^()]*\)\s*$/, "").trim();
    if (zone.test(text) || /^[+-]?\d{4,6}(-\d\d){0,2}$/.test(text)) return text;
    return /^[+-]?\d{4,6}-\d\d-\d\dT/.test(text) ? `${text}Z` : `${text} UTC`;
  };
  const primitive = (value) => {
    if (value instanceof OwnDate) return value.getTime();
    if (value === null || (typeof value !== "object" && typeof value !== "function")) return value;
    const own = value.valueOf();
    return own === null || (typeof own !== "object" && typeof own !== "function") ? own : String(value);
  };
  /** The time is that of the record of the step, and the zone is UTC: both do not depend on the machine. */
  function FixedDate(...parts) {
    if (!new.target) return new FixedDate().toString();
    const first = primitive(parts[0]);
    const date = parts.length === 0 ? new OwnDate(now)
      : parts.length > 1 ? new OwnDate(OwnDate.UTC(...parts))
      : typeof first === "string" ? new OwnDate(ofText(first)) : new OwnDate(first);
    return Object.setPrototypeOf(date, new.target.prototype);
  }
  FixedDate.prototype = OwnDate.prototype;
  FixedDate.prototype.constructor = FixedDate;
  FixedDate.now = () => now;
  FixedDate.UTC = OwnDate.UTC;
  FixedDate.parse = (text) => OwnDate.parse(ofText(String(text)));
  for (const part of ["FullYear", "Month", "Date", "Day", "Hours", "Minutes", "Seconds", "Milliseconds"]) {
    OwnDate.prototype[`get${part}`] = OwnDate.prototype[`getUTC${part}`];
    if (part !== "Day") OwnDate.prototype[`set${part}`] = OwnDate.prototype[`setUTC${part}`];
  }
  OwnDate.prototype.getYear = function () { return this.getUTCFullYear() - 1900; };
  OwnDate.prototype.setYear = function (year) {
    const whole = Math.trunc(Number(year));
    return this.setUTCFullYear(whole >= 0 && whole <= 99 ? 1900 + whole : Number(year));
  };
  OwnDate.prototype.getTimezoneOffset = () => 0;
  OwnDate.prototype.toString = OwnDate.prototype.toLocaleString = OwnDate.prototype.toUTCString;
  const part = (from, to) => function () { return Number.isNaN(this.getTime()) ? "Invalid Date" : this.toISOString().slice(from, to); };
  OwnDate.prototype.toDateString = OwnDate.prototype.toLocaleDateString = part(-24, -14);
  OwnDate.prototype.toTimeString = OwnDate.prototype.toLocaleTimeString = part(-13, -5);
  globalThis.Date = FixedDate;

  /** Xoshiro128** (Blackman and Vigna), seeded for each step. */
  Math.random = () => {
    const [a, b, c, d] = random;
    const times = Math.imul(b, 5);
    const result = Math.imul((times << 7) | (times >>> 25), 9) >>> 0;
    const t = b << 9;
    const x = c ^ a, y = d ^ b;
    random = [a ^ y, b ^ x, x ^ t, (y << 11) | (y >>> 21)];
    return result / 4294967296;
  };

  const names = [];
  const refused = (name, why) => {
    names.push(name);
    // A function, so that `typeof` and `in` tell no more than that there is something.
    Object.defineProperty(globalThis, name, {
      value: function () { throw new ReferenceError(`${name} is not there: ${why}`); }, writable: false, configurable: false, enumerable: false,
    });
  };
  const clockless = "a workflow waits with W.suspend and a record to the topic of a scheduler";
  const outside = "a workflow writes to topics and waits for what is written to it";
  const differs = "what it tells differs from one run to another";
  for (const name of ["setTimeout", "setInterval", "setImmediate", "queueMicrotask", "requestAnimationFrame"]) refused(name, clockless);
  for (const name of ["fetch", "XMLHttpRequest", "WebSocket", "require"]) refused(name, outside);
  for (const name of ["WeakRef", "FinalizationRegistry", "SharedArrayBuffer"]) refused(name, differs);
  for (const name of ["performance", "Atomics", "gc"]) delete globalThis[name];
  names.push("performance", "Atomics", "process");
  const noCode = () => { throw new EvalError("code in a text is not there: its async functions could not be cancelled"); };
  globalThis.eval = noCode;
  for (const some of [function () {}, function* () {}]) Object.defineProperty(Object.getPrototypeOf(some), "constructor", { value: noCode });
  globalThis.Function = Object.assign(noCode, { prototype: Object.getPrototypeOf(function () {}) });
  // What a step says to nobody but those who look at it.
  const LINES_MAX = 100, LINE_MAX = 1000;
  let lines = [];
  host.takeLines = () => { const taken = lines; lines = []; return taken; };
  const shown = (value) => {
    if (typeof value === "string") return value;
    if (value instanceof Error) return String(value);
    try { return JSON.stringify(value) ?? String(value); } catch { return String(value); }
  };
  const say = (...values) => { if (lines.length < LINES_MAX) lines.push(values.map(shown).join(" ").slice(0, LINE_MAX)); };
  globalThis.console = {};
  for (const name of ["log", "info", "warn", "error", "debug", "trace"]) globalThis.console[name] = say;
  host.globals = () => JSON.stringify({ known: Object.getOwnPropertyNames(globalThis), refused: names });

  // It makes a promise of the engine, which nobody would run.
  Array.fromAsync = () => { throw new TypeError("Array.fromAsync is not there: write `for` and `await` each value"); };

  // The engine is not interrupted within one of its own functions, so what they do is counted before they do it, in jumps and calls.
  const charge = host.charge;
  const FREE = 200, MOST = 2 ** 31 - 1;
  const counted = (prototype, name, cost) => {
    const own = prototype[name];
    if (typeof own !== "function") return;
    const { [name]: replaced } = {
      [name](...values) {
        const work = cost(this, values);
        if (work > FREE) charge(Math.min(Math.ceil(work), MOST));
        return own.apply(this, values);
      },
    };
    Object.defineProperty(prototype, name, { value: replaced, writable: true, configurable: true, enumerable: false });
  };
  const size = (it) => (it === null || it === undefined ? 0 : Number(it.length) || 0);
  const quick = new Set(["constructor", "at", "push", "pop", "keys", "values", "entries"]);
  for (const name of Object.getOwnPropertyNames(Array.prototype)) {
    if (!quick.has(name)) counted(Array.prototype, name, size);
  }
  // One text is looked for in another letter by letter.
  const search = (it, values) => {
    const [sought] = values;
    if (it === null || it === undefined || sought === null || sought === undefined) return 0;
    if (typeof sought === "object" && (sought[Symbol.replace] !== undefined || sought[Symbol.split] !== undefined)) return 0;
    if (typeof sought !== "string") values[0] = String(sought);
    return (size(String(it)) * values[0].length) / 20;
  };
  for (const name of ["indexOf", "lastIndexOf", "includes", "split", "replace", "replaceAll"]) counted(String.prototype, name, search);
  // Runs of combining marks are sorted, each as by insertion.
  for (const name of ["normalize", "localeCompare"]) counted(String.prototype, name, (it) => size(String(it)) ** 2 / 1000);
})
