// SPDX-License-Identifier: Apache-2.0
// What the page knows, and how fresh it is. One stream brings what changes; each time it begins,
// all lists are read again, because nothing was kept for us meanwhile. Of two values of one key the
// one with the larger sequence number is the newer, whichever way it came.
//
// connection: connecting | live | stale (nothing heard for a while) | lost (no stream) | token
import { useEffect, useState } from "preact/hooks";
import { numeric } from "./format.js";
import { openValue } from "./secrets.js";

const stale_ms = 4000;
const history_max = 240;      // points of a key
const values_max = 50000;     // keys that are read; a prefix narrows
const rates_max = 300;        // seconds
const events_max = 256;
const alerts_ms = 3000;

export const state = {
  connection: "connecting", since: Date.now(), heard: 0, gateway: "",
  values: new Map(), order: [], truncated: false, loading: true,
  status: null, peers: [], events: [], alerts: [], rates: [], startedAt: 0,
};

// --- who wants to know

const listeners = new Set();
const dirty = new Set();
let due = false;
export function changed(topic) {
  dirty.add(topic);
  if (due) return;
  due = true;
  const run = () => {
    due = false;
    const topics = new Set(dirty);
    dirty.clear();
    for (const l of [...listeners]) if (l.topics.some((t) => topics.has(t))) l.update();
  };
  // A page in the background has no frames, and must not pile up.
  if (document.hidden) setTimeout(run, 500); else requestAnimationFrame(run);
}

export function useTopics(...topics) {
  const [, update] = useState(0);
  useEffect(() => {
    const l = { topics, update: () => update((n) => n + 1) };
    listeners.add(l);
    l.update();  // what changed between the first drawing and now
    return () => listeners.delete(l);
  }, []);
}

// --- asking

let token = sessionStorage.getItem("tributary-token") || "";
export function openWith(text) {
  token = text.trim();
  sessionStorage.setItem("tributary-token", token);
  connect();
}

class Refused extends Error {}

async function ask(path, more = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  const response = await fetch(path, { headers, ...more });
  if (response.status === 401) throw new Refused("a token is needed");
  return response;
}

export async function get(path) {
  const response = await ask(path);
  const body = await response.json();
  if (!response.ok) throw new Error(body.detail || body.title || `status ${response.status}`);
  const link = response.headers.get("Link");
  return {
    body, sequence: Number(response.headers.get("Tributary-Sequence")),
    next: link ? link.slice(1, link.indexOf(">")) : null,
  };
}

// Only who opened the page with a token may change something.
export const mayChange = () => token !== "";
export async function change(method, path, body) {
  const more = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await ask(path, { method, ...more });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.detail || answer.title || `status ${response.status}`);
  return answer;
}

// Every item of a list, up to `max`.
export async function all(path, list, max, each) {
  const items = [];
  for (let next = path; next && items.length < max;) {
    const page = await get(next);
    if (each) each(page);
    items.push(...page.body[list]);
    next = page.next;
    if (items.length >= max && next) return { items, truncated: true };
  }
  return { items, truncated: false };
}

// --- values

// As who has given keys may see it: openValue().
export const shownOf = (v) => openValue(state.status?.fleet ?? "", v.type, v.key, v.value);
export const keysChanged = () => changed("values");

export const idOf = (v) => `${v.key}\u0000${v.type}`;
let orderDirty = false;

function take(v, sequence, seen) {
  const id = idOf(v);
  let held = state.values.get(id);
  if (!held) {
    if (state.values.size >= values_max) { state.truncated = true; return; }
    held = { id, history: [], sequence: 0 };
    state.values.set(id, held);
    orderDirty = true;
  }
  if (sequence < held.sequence) return;
  Object.assign(held, v, { sequence });
  const n = numeric(v.type, shownOf(v));
  if (n === null) return;
  const last = held.history[held.history.length - 1];
  if (last && last[1] === n && seen - last[0] < 5000) return;
  held.history.push([seen, n]);
  if (held.history.length > history_max) held.history.shift();
}

function sortOrder() {
  if (!orderDirty) return;
  orderDirty = false;
  state.order = [...state.values.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

async function resync(mine) {
  state.loading = state.values.size === 0;
  const known = new Set();
  const { truncated } = await all("/api/v1/values?limit=1000", "values", values_max, (page) => {
    if (mine !== attempt) throw new Error("another connection");
    const now = Date.now();
    for (const v of page.body.values) { take(v, page.sequence, now); known.add(idOf(v)); }
    sortOrder();
    changed("values");
  });
  if (!truncated && known.size < state.values.size) {
    const begun = state.heard - 30000;  // what came by the stream meanwhile stays
    for (const [id, v] of state.values) {
      if (!known.has(id) && (v.history.at(-1)?.[0] ?? 0) < begun) { state.values.delete(id); orderDirty = true; }
    }
    sortOrder();
  }
  state.truncated = truncated;
  state.loading = false;
  takeEvents((await get("/api/v1/events")).body.events, true);
  readAlerts();
  changed("values");
}

// --- status, peers, events

function takeStatus(status) {
  state.status = status;
  state.gateway = status.gateway;
  const c = status.counters, now = Date.now();
  const last = state.rates.at(-1);
  // A gateway that was started again counts from nothing.
  if (last && status.uptime_ms < last.uptime) state.rates.length = 0;
  state.rates.push({
    at: now, uptime: status.uptime_ms, operations: c.operations, messages: c.messages,
    bytesIn: c.bytes_in, bytesOut: c.bytes_out, commits: c.commits, rejected: c.rejected_total,
    pending: status.pending, cpu: status.cpu_ms,
  });
  if (state.rates.length > rates_max) state.rates.shift();
  changed("status");
}

async function readAlerts() {
  if (state.connection !== "live") return;
  try {
    state.alerts = (await get("/api/v1/alerts")).body.alerts;
    changed("alerts");
  } catch { /* the banner says it */ }
}

function takeEvents(events, whole) {
  const held = whole ? new Map() : new Map(state.events.map((e) => [e.id, e]));
  for (const e of events) held.set(e.id, e);
  state.events = [...held.values()].sort((a, b) => b.id - a.id).slice(0, events_max);
  changed("events");
}

// Per second, over the last `span` samples.
export function rate(field, span = 5) {
  const last = state.rates.at(-1);
  const first = state.rates[Math.max(0, state.rates.length - 1 - span)];
  if (!last || last === first) return null;
  const ms = last.uptime - first.uptime;
  return ms > 0 ? ((last[field] - first[field]) * 1000) / ms : null;
}

// --- the stream

function connection(to) {
  if (state.connection === to) return;
  if (!(["stale", "lost"].includes(to) && state.connection === "lost")) state.since = Date.now();
  state.connection = to;
  changed("connection");
}

function frame(event, data, mine) {
  state.heard = Date.now();
  if (state.connection !== "live") connection("live");
  const body = data ? JSON.parse(data) : {};
  if (event === "hello") resync(mine).catch(() => { if (mine === attempt) abort?.abort(); });
  if (event === "values") {
    for (const v of body.values) take(v, body.sequence, state.heard);
    sortOrder();
    changed("values");
  }
  if (event === "status") takeStatus(body);
  if (event === "peers") { state.peers = body.peers; changed("peers"); }
  if (event === "events") takeEvents(body.events, false);
}

async function read(mine) {
  abort = new AbortController();
  const response = await ask("/api/v1/stream", { signal: abort.signal });
  if (!response.ok) throw new Error((await response.json()).detail);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done || mine !== attempt) return;
    text += value;
    for (let end; (end = text.indexOf("\n\n")) >= 0; text = text.slice(end + 2)) {
      let event = "", data = "";
      for (const line of text.slice(0, end).split("\n")) {
        if (line.startsWith("event: ")) event = line.slice(7);
        if (line.startsWith("data: ")) data += line.slice(6);
      }
      if (event) frame(event, data, mine);
    }
  }
}

let attempt = 0, abort = null, pause = 500;
export async function connect() {
  const mine = ++attempt;
  abort?.abort();
  pause = 500;
  while (mine === attempt) {
    try {
      await read(mine);
    } catch (error) {
      if (error instanceof Refused) return connection("token");
    }
    if (mine !== attempt) return;
    if (state.connection === "live" || state.connection === "stale") pause = 500;
    connection("lost");
    await new Promise((done) => setTimeout(done, pause));
    pause = Math.min(pause * 2, 4000);
  }
}

setInterval(readAlerts, alerts_ms);
setInterval(() => {
  if (state.connection === "live" && Date.now() - state.heard > stale_ms) connection("stale");
  changed("clock");
}, 1000);
