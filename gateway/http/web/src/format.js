// SPDX-License-Identifier: Apache-2.0
// Numbers, times and values as people read them.

const grouping = new Intl.NumberFormat("en-US", { maximumFractionDigits: 3 });

export const grouped = (n) => grouping.format(n);

// Whole numbers beyond 2^53 come as text.
export function shownNumber(value) {
  if (typeof value === "number") return grouping.format(value);
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

export const numeric = (type, value) =>
  typeof value === "number" ? value
  : (type === "gcounter" || type === "pncounter") && typeof value === "string" ? Number(value)
  : Array.isArray(value) ? value.length
  : value && typeof value === "object" && typeof value.size === "number" ? value.size
  : null;

// {main, more}: the main thing, and what else there is room for.
export function shownValue(type, value) {
  if (value === null || value === undefined) return { main: "–", more: "" };
  if (type === "gcounter" || type === "pncounter" || typeof value === "number")
    return { main: shownNumber(value), more: "" };
  if (Array.isArray(value)) {
    const some = value.slice(0, 12).map((e) => (typeof e === "string" ? e : JSON.stringify(e)));
    return { main: grouped(value.length), more: some.join(", ") };
  }
  if (typeof value === "object" && typeof value.size === "number")
    return { main: grouped(value.size), more: "large" };
  return { main: typeof value === "string" ? value : JSON.stringify(value), more: "" };
}

const units = ["B", "KiB", "MiB", "GiB", "TiB"];
export function bytes(n) {
  let at = 0;
  while (n >= 1024 && at < units.length - 1) { n /= 1024; at += 1; }
  return `${n >= 100 || at === 0 ? Math.round(n) : n.toFixed(1)} ${units[at]}`;
}

export function duration(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  const s = ms / 1000;
  if (s < 10) return `${s.toFixed(1)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.round(s / 60)} min`;
  if (s < 172800) return `${Math.round(s / 3600)} h`;
  return `${Math.round(s / 86400)} d`;
}

export const micros = (us) => (us >= 1000 ? duration(us / 1000) : `${us} µs`);
export const since = (ms) => (ms === null || ms === undefined ? "never" : ms < 1000 ? "just now" : `${duration(ms)} ago`);
export const ago = (ms) => (ms ? since(Math.max(0, Date.now() - ms)) : "never");
export const clock = (ms) => new Date(ms).toLocaleTimeString([], { hour12: false });
export const moment = (ms) => new Date(ms).toLocaleString([], { hour12: false });

export const typeNames = {
  gcounter: "counter", pncounter: "up/down", gset: "set, grows", orset: "set", lww: "register",
};
