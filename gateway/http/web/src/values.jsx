// SPDX-License-Identifier: Apache-2.0
// All values: search, type, prefix; one row each.
import { useMemo, useState } from "preact/hooks";
import { Spark } from "./chart.jsx";
import { grouped, shownValue, typeNames } from "./format.js";
import { Rows } from "./list.jsx";
import { hasSealed } from "./secrets.js";
import { shownOf, state, useTopics } from "./store.js";
import { Unlock } from "./unlock.jsx";

export const linkTo = (v) => `#/key/${v.type}/${encodeURIComponent(v.key)}`;

// What the search box holds stays when one comes back.
const kept = { text: "", type: "", prefix: "" };

function prefixes() {
  const count = new Map();
  for (const v of state.order) {
    const slash = v.key.indexOf("/");
    if (slash > 0) count.set(v.key.slice(0, slash + 1), (count.get(v.key.slice(0, slash + 1)) || 0) + 1);
  }
  return [...count].sort((a, b) => (a[0] < b[0] ? -1 : 1)).slice(0, 200);
}

function Row({ v, index }) {
  const { main, more } = shownValue(v.type, shownOf(v));
  return (
    <div class="row value-row" role="row" aria-rowindex={index + 2} key={v.id}>
      <span role="cell" class="key"><a href={linkTo(v)} title={v.key}>{v.key}</a></span>
      <span role="cell" class="type"><span class={`badge ${v.type}`}>{typeNames[v.type] || v.type}</span></span>
      <span role="cell" class="more" title={more}>{more || <Spark history={v.history} />}</span>
      <span role="cell" class="number" title={main}>{main}</span>
      <span role="cell" class="from">{grouped(v.contributors)}</span>
    </div>
  );
}

export function Values() {
  useTopics("values");
  const [filter, setFilter] = useState(kept);
  const set = (part) => { Object.assign(kept, part); setFilter({ ...kept }); };
  const wanted = filter.text.trim().toLowerCase();
  const items = useMemo(() => state.order.filter((v) =>
    (!filter.type || v.type === filter.type) && v.key.startsWith(filter.prefix) &&
    (!wanted || v.key.toLowerCase().includes(wanted))), [state.order, filter]);
  const tops = useMemo(prefixes, [state.order]);
  return (
    <section class="view fill" aria-labelledby="title">
      <h1 id="title" class="visually-hidden">Values</h1>
      <form class="filters" role="search" onSubmit={(e) => e.preventDefault()}>
        <label class="grow"><span>Search</span>
          <input type="search" id="search" value={filter.text} placeholder="part of a key   ( / )"
            onInput={(e) => set({ text: e.currentTarget.value })} /></label>
        <label><span>Prefix</span>
          <select value={filter.prefix} onChange={(e) => set({ prefix: e.currentTarget.value })}>
            <option value="">any</option>
            {tops.map(([p, n]) => <option value={p} key={p}>{p} ({n})</option>)}
          </select></label>
        <label><span>Type</span>
          <select value={filter.type} onChange={(e) => set({ type: e.currentTarget.value })}>
            <option value="">any</option>
            {Object.entries(typeNames).map(([t, n]) => <option value={t} key={t}>{n}</option>)}
          </select></label>
        <output class="count">{grouped(items.length)} of {grouped(state.order.length)}{state.truncated ? "+" : state.loading ? "…" : ""}</output>
      </form>
      <Unlock sealed={state.order.some((v) => hasSealed(v.value))} />
      <Rows items={items} label="Values" rowHeight={48} row={(v, i) => <Row v={v} index={i} key={v.id} />}
        head={<>
          <span role="columnheader" class="key">Key</span><span role="columnheader" class="type">Type</span>
          <span role="columnheader" class="more">Trend</span><span role="columnheader" class="number">Value</span>
          <span role="columnheader" class="from">From</span></>} />
      {items.length === 0 && <p class="empty">{state.loading ? "Reading the values…"
        : state.order.length === 0 ? "No device has contributed anything yet." : "No key matches."}</p>}
    </section>
  );
}
