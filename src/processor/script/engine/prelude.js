// The runtime of workflow scripts: async functions whose awaits can be cancelled, and the module that scripts import.
//
// The async functions of a script are lowered to generators, so no promise of the engine is ever made, and all of this is
// one queue in its own order: what happens is a function of the script and of what it was given.
(function (host) {
  "use strict";
  // An overflow of the engine's stack ends the step, and is no matter of the script's.
  const caught = host.caught;
  // Jobs are run in their order; those of `afterwards` when no other is left, one by one.
  const queue = [], last = [];
  let at = 0;
  const later = (job) => { queue.push(job); };
  const afterwards = (job) => { last.push(job); };
  const drain = () => {
    for (;;) {
      while (at < queue.length) queue[at++]();
      queue.length = at = 0;
      if (last.length === 0) return;
      last.shift()();
    }
  };

  /** What a cancelled `await` throws. */
  class CancelToken extends Error {
    constructor() { super("cancelled"); this.name = "CancelToken"; }
  }

  const PENDING = 0, DONE = 1, FAILED = 2;
  const isThenable = (value) => value !== null && (typeof value === "object" || typeof value === "function") && typeof value.then === "function";

  /** A value that comes later. Waiters are called from the queue, in their order. */
  class Later {
    constructor() { this.state = PENDING; this.value = undefined; this.waiters = []; }
    wait(waiter) {
      if (this.state === PENDING) this.waiters.push(waiter);
      else later(() => waiter(this.state, this.value));
    }
    settle(state, value) {
      if (this.state !== PENDING) return;
      this.state = state; this.value = value;
      const waiters = this.waiters;
      this.waiters = [];
      for (const waiter of waiters) later(() => waiter(state, value));
    }
    resolve(value) {
      if (value === this) return this.settle(FAILED, new TypeError("a promise cannot wait for itself"));
      if (value instanceof Later) { this.source = value; return value.wait((state, it) => { this.source = undefined; this.settle(state, it); }); }
      let then;
      try { then = isThenable(value) ? value.then : undefined; } catch (error) { return this.settle(FAILED, caught(error)); }
      if (then === undefined) return this.settle(DONE, value);
      let called = false;
      const once = (deed) => (it) => { if (!called) { called = true; deed(it); } };
      later(() => {
        try { then.call(value, once((it) => this.resolve(it)), once((error) => this.settle(FAILED, error))); }
        catch (error) { once((it) => this.settle(FAILED, it))(caught(error)); }
      });
    }
    then(onDone, onFailed) {
      const next = new Promise(() => {});
      next.source = this;
      this.wait((state, value) => {
        next.source = undefined;
        const handler = state === DONE ? onDone : onFailed;
        if (typeof handler !== "function") return next.settle(state, value);
        try { next.resolve(handler(value)); } catch (error) { next.settle(FAILED, caught(error)); }
      });
      return next;
    }
    catch(onFailed) { return this.then(undefined, onFailed); }
    finally(deed) {
      const done = (go) => Promise.resolve(deed()).then(go);
      if (typeof deed !== "function") return this.then(deed, deed);
      return this.then((value) => done(() => value), (error) => done(() => { throw error; }));
    }
    /** Throws the token at the innermost `await` on which this waits. */
    cancel() {
      if (this.state !== PENDING) return;
      if (this.source instanceof Later && this.source.state === PENDING) return this.source.cancel();
      this.settle(FAILED, new CancelToken());
    }
  }

  /** The global `Promise` of scripts. */
  class Promise extends Later {
    constructor(executor) {
      super();
      if (typeof executor !== "function") throw new TypeError("Promise needs a function");
      let called = false;
      const once = (deed) => (it) => { if (!called) { called = true; deed(it); } };
      const reject = once((error) => this.settle(FAILED, error));
      try { executor(once((value) => this.resolve(value)), reject); } catch (error) { reject(caught(error)); }
    }
    static resolve(value) {
      if (value instanceof Later) return value;
      const it = new Promise(() => {});
      it.resolve(value);
      return it;
    }
    static reject(error) { const it = new Promise(() => {}); it.settle(FAILED, error); return it; }
    static all(values) { return new Several(values, "all", true); }
    static race(values) { return new Several(values, "race", true); }
    static any(values) { return new Several(values, "any", false); }
    static allSettled(values) { return new Several(values, "allSettled", false); }
    static withResolvers() {
      const it = {};
      it.promise = new Promise((resolve, reject) => { it.resolve = resolve; it.reject = reject; });
      return it;
    }
    get [Symbol.toStringTag]() { return "Promise"; }
  }

  /** Several values: all of them, or the first one. With `cancels` the others are cancelled when it is decided. */
  class Several extends Later {
    constructor(values, kind, cancels) {
      super();
      this.cancels = cancels;
      this.parts = Array.from(values, (value) => Promise.resolve(value));
      const results = new Array(this.parts.length);
      let open = this.parts.length, isDecided = false;
      const end = (state, value) => {
        if (this.state !== PENDING || isDecided) return;
        isDecided = true;
        const others = this.cancels ? this.parts.filter((part) => part.state === PENDING) : [];
        if (others.length === 0) return this.settle(state, value);
        // The others first: what they do when they are cancelled, up to where they end or wait anew, comes before what waits for this.
        for (const part of others) part.cancel();
        afterwards(() => this.settle(state, value));
      };
      const rules = {
        all: [(i, value) => { results[i] = value; if (--open === 0) end(DONE, results); }, (i, error) => end(FAILED, error)],
        race: [(i, value) => end(DONE, value), (i, error) => end(FAILED, error)],
        any: [
          (i, value) => end(DONE, value),
          (i, error) => { results[i] = error; if (--open === 0) end(FAILED, new AggregateError(results, "all promises were rejected")); },
        ],
        allSettled: [
          (i, value) => { results[i] = { status: "fulfilled", value }; if (--open === 0) end(DONE, results); },
          (i, reason) => { results[i] = { status: "rejected", reason }; if (--open === 0) end(DONE, results); },
        ],
      };
      const [onDone, onFailed] = rules[kind];
      this.parts.forEach((part, i) => part.wait((state, value) => (state === DONE ? onDone : onFailed)(i, value)));
      if (open > 0 || kind === "race") return;
      if (kind === "any") end(FAILED, new AggregateError([], "all promises were rejected"));
      else end(DONE, results);
    }
    cancel() {
      if (this.state !== PENDING) return;
      // All parts are there, or cancelled, and what waits for this has not gone on yet: it does so by the token.
      if (this.parts.every((part) => part.state !== PENDING)) return this.settle(FAILED, new CancelToken());
      for (const part of this.parts) part.cancel();
    }
  }

  /** A call of an async function: it holds what it waits for, so that it can be cancelled there. */
  class Call extends Promise {
    constructor(generator) {
      super(() => {});
      this.generator = generator;
      this.isCancelled = false;
      this.go(DONE, undefined);
    }
    go(state, value) {
      this.awaited = undefined;
      this.isRunning = true;
      let next;
      try {
        next = state === DONE ? this.generator.next(value) : this.generator.throw(value);
      } catch (error) { return this.settle(FAILED, caught(error)); } finally { this.isRunning = false; }
      if (next.done) return this.isCancelled ? this.settle(FAILED, new CancelToken()) : this.resolve(next.value);
      const awaited = Promise.resolve(next.value);
      if (this.isCancelled) {
        this.isCancelled = false;
        // What it would have waited for is cancelled with it.
        awaited.cancel();
        return later(() => this.go(FAILED, new CancelToken()));
      }
      this.awaited = awaited;
      awaited.wait((state, value) => { if (this.awaited === awaited) this.go(state, value); });
    }
    cancel() {
      if (this.state !== PENDING) return;
      if (this.source instanceof Later) return super.cancel();
      const awaited = this.awaited;
      // It runs, and is cancelled where it waits next.
      if (awaited === undefined) { if (this.isRunning) this.isCancelled = true; return; }
      if (awaited.state === PENDING) return awaited.cancel();
      // What it waits for is there, and it has not gone on yet: it does so by the token.
      this.awaited = undefined;
      later(() => this.go(FAILED, new CancelToken()));
    }
  }

  const asyncToGenerator = (lowered) => function () {
    // Parameters are bound before the body, and what fails there is a rejection too.
    try { return new Call(lowered.apply(this, arguments)); } catch (error) { return Promise.reject(caught(error)); }
  };

  // ---- the module `@effectful/kafka-workflow`

  let main, running, isPast, versions = new Map(), declared = new Set(), undeclared = [], outputs = [], count = 0, suspended = new Map(), ended = null;
  const config = { outputTopics: new Set(["workflow-result", "workflow-error"]), resultTopic: "workflow-result", errorTopic: "workflow-error" };

  /** What `main` returns to begin anew, without what it was given so far. */
  class Continue { constructor(value) { this.value = value; } }

  /** Waits for a record with its id as `ref`. */
  class Suspended extends Promise {
    constructor(id) {
      super(() => {});
      if (suspended.has(id)) throw new Error(`W.suspend: the thread waits for \`${id}\` already`);
      this.id = id;
      suspended.set(id, this);
    }
    settle(state, value) { if (this.state === PENDING && suspended.get(this.id) === this) suspended.delete(this.id); super.settle(state, value); }
  }

  const W = {
    config,
    threadId: "none",
    stepId: "none",
    CancelToken,
    suspend(id) {
      if (id !== undefined) return new Suspended(String(id));
      let own;
      do own = `${W.stepId}:${++count}`; while (suspended.has(own));
      return new Suspended(own);
    },
    output(value, topic, key = W.threadId) {
      topic = String(topic);
      // Where a mistake is, is told with it.
      if (!declared.has(topic) && undeclared.every(([other]) => other !== topic)) undeclared.push([topic, String(new Error().stack)]);
      outputs.push([topic, String(key), value === undefined || value === null ? null : String(value)]);
    },
    outputJSON(value, topic, key = W.threadId) { W.output(JSON.stringify(value === undefined ? null : value), topic, key); },
    cancel(value) { if (value instanceof Later) value.cancel(); },
    all(values) { return new Several(values, "all", false); },
    any(values) { return new Several(values, "race", false); },
    allWithCancel(values) { return Promise.all(values); },
    anyWithCancel(values) { return Promise.race(values); },
    continueAsNew(value) { return new Continue(value); },
    version(name, most = 1) {
      name = String(name);
      if (isPast === undefined) throw new Error("W.version: no thread runs yet; ask in `main`");
      if (!Number.isInteger(most) || most < 0 || most > 1e9) throw new RangeError("W.version: a version is a whole number from 0 to 1,000,000,000");
      // A step that was taken before there was this question was taken by the code before it.
      if (!versions.has(name)) versions.set(name, isPast ? 0 : most);
      return versions.get(name);
    },
  };
  const S = { regOpaqueObject(value) { return value; }, regConstructor(value) { return value; }, bind(f, self, ...values) { return f.bind(self, ...values); } };

  globalThis.Promise = Promise;
  globalThis.__sheafCaught = caught;
  globalThis.babelHelpers = Object.freeze({ asyncToGenerator });
  for (const name of ["babelHelpers", "__sheafCaught"]) Object.defineProperty(globalThis, name, { writable: false, configurable: false, enumerable: false });
  // The module replaces it, if the script imports it.
  host.modules = { W, S, onStep() {} };
  host.topics = () => JSON.stringify({ outputs: [...config.outputTopics].map(String), ends: [config.resultTopic, config.errorTopic].filter((topic) => topic).map(String) });
  host.setMain = (it) => { main = it; declared = new Set([...config.outputTopics].map(String)); };

  host.setVersions = (known) => { versions = new Map(JSON.parse(known)); };

  const deeds = {
    begin(value) {
      try { running = Promise.resolve(main(value)); } catch (error) { running = Promise.reject(caught(error)); }
      running.wait((state, value) => { ended = [state, value]; });
    },
    resume(event, ref) {
      const waits = suspended.get(ref);
      Object.hasOwn(event, "error") ? waits.settle(FAILED, event.error) : waits.settle(DONE, event.value);
    },
    cancel() { running.cancel(); },
  };
  const text = (it) => JSON.stringify(it === undefined ? null : it);
  const told = (error) => {
    try { return String(error); } catch (failure) { caught(failure); return "an error without a text"; }
  };

  /** Writes what `main` has come to; returns what it begins anew with. */
  const end = ([state, value]) => {
    suspended.clear();
    if (state === FAILED) {
      if (config.errorTopic) W.output(text(told(value)), config.errorTopic);
      return null;
    }
    let result;
    try { result = text(value instanceof Continue ? value.value : value); } catch (error) { return end([FAILED, caught(error)]); }
    if (value instanceof Continue) return result;
    if (config.resultTopic) W.output(result, config.resultTopic);
    return null;
  };

  /** Before a step; `past` is true for one that was taken before. */
  host.prepare = (thread, step, at, seed, past) => {
    W.threadId = thread; W.stepId = step; count = 0; outputs = []; undeclared = []; isPast = past;
    host.beginStep(at, seed);
    host.modules.onStep(thread, step);
  };

  /** One step: a deed with `value`, which is JSON. */
  host.step = (deed, value, ref) => {
    deeds[deed](JSON.parse(value), ref);
    drain();
    const isEnded = ended !== null;
    const continues = isEnded ? end(ended) : null;
    return JSON.stringify({ ended: isEnded, continues, refs: [...suspended.keys()], outputs, versions: [...versions], lines: host.takeLines(), undeclared });
  };
})
