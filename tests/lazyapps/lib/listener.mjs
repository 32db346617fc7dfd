// A page that listens for changes with the library of the original's front ends.
import assert from "node:assert/strict";
import { after } from "node:test";
import { setTimeout as pause } from "node:timers/promises";

import { io } from "socket.io-client";

import { newCorrelationId } from "./shop.mjs";
import { eventually, url } from "./stack.mjs";

/** How long after its registration a page's query may be answered, by the notifier's settings. */
const WINDOW_MS = Number(process.env.CHANGE_NOTIFIER_QUERY_WINDOW_MS ?? 1_000);

/** A registration: the consumer, its read model, the resolver. */
export const query = (endpointName, readModelName, resolverName = "all") => ({
  endpointName,
  readModelName,
  resolverName,
});

/** Those of failed tests too: an open socket keeps its process from ending. */
const listeners = [];
after(() => listeners.forEach((listener) => listener.close()));

export class Listener {
  /** Connects, and waits until the registration of all queries is acknowledged. */
  static async open(queries, options = {}) {
    const listener = new Listener(options);
    await eventually("a connection", async () => listener.socket.connected, Boolean);
    await listener.register(queries);
    return listener;
  }

  constructor(options) {
    this.changes = [];
    this.transports = [];
    this.socket = io(url("change-notifier", "/"), {
      query: { correlationId: newCorrelationId("REACT") },
      reconnection: false,
      forceNew: true,
      ...options,
    });
    listeners.push(this);
    const manager = this.socket.io;
    manager.on("open", () => {
      this.transports.push(manager.engine.transport.name);
      manager.engine.on("upgrade", (transport) => this.transports.push(transport.name));
    });
    this.socket.on("change", (...told) => {
      assert.equal(told.length, 1, "a change has one argument");
      this.changes.push({ ...told[0], at: Date.now() });
    });
  }

  async register(queries) {
    const acknowledged = new Promise((resolve, reject) => {
      const take = (error, ...answer) => (error ? reject(error) : resolve(answer));
      this.socket.timeout(30_000).emit("register", queries, take);
    });
    assert.deepEqual(await acknowledged, [], "the acknowledgement has no arguments");
    this.registeredAt = Date.now();
  }

  /** Waits until no query of the page can be under way: from then on new rows are added. */
  async settled() {
    const since = () => {
      const anew = this.changes.filter((change) => change.changeKind === "all");
      return Math.max(this.registeredAt, ...anew.map((change) => change.at));
    };
    const left = () => since() + 2 * WINDOW_MS - Date.now();
    while (left() > 0) await pause(left());
    this.changes.length = 0;
  }

  /** Whether the page's first query may still be under way. */
  isInWindow() {
    return Date.now() < this.registeredAt + WINDOW_MS;
  }

  /** What was told of a query so far, without the times at which it came. */
  of(wanted, matches = () => true) {
    const is = (change) => Object.entries(wanted).every(([name, value]) => change[name] === value);
    const told = this.changes.filter((change) => is(change) && matches(change));
    return told.map(({ at, ...change }) => change);
  }

  /** Waits for a change of a query. */
  async until(what, wanted, matches) {
    const look = async () => this.of(wanted);
    const found = (changes) => changes.some(matches);
    const changes = await eventually(`a change: ${what}`, look, found);
    return changes.find(matches);
  }

  close() {
    this.socket.close();
  }
}
