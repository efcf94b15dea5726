// SPDX-License-Identifier: Apache-2.0
// Devices with their epochs, as this gateway knows them.
import { useEffect, useMemo, useState } from "preact/hooks";
import { ago, bytes, duration, grouped } from "./format.js";
import { Rows } from "./list.jsx";
import { all, state, useTopics } from "./store.js";

const shown_max = 20000, again_ms = 3000;
const clock_shown_ms = 86400000;  // beyond it, a recording was replayed

function clockOf(d) {
  if (d.clock_ms === null || Math.abs(d.clock_ms) > clock_shown_ms) return "–";
  return (d.clock_ms > 0 ? "+" : "−") + duration(Math.abs(d.clock_ms));
}

// Whom it was heard through, beside us.
function throughOf(d) {
  return [d.heard_at ? ago(d.heard_at) : "by peers only", ...d.through].join(" · ");
}

// Refused, and nothing of them was ever taken: they are in no row.
function Strangers({ refusals, known }) {
  const strangers = refusals.filter((r) => !known.has(r.device));
  if (strangers.length === 0) return null;
  return (
    <details class="strangers">
      <summary>{grouped(strangers.length)} more of whom everything was refused</summary>
      <ul>{strangers.slice(0, 50).map((r) => (
        <li key={r.device}><b>{r.device}</b> {grouped(r.refused)} × {r.why}, {ago(r.at)}</li>))}</ul>
    </details>
  );
}

export function Devices() {
  useTopics("clock");
  const [got, setGot] = useState({ items: [], truncated: false, loading: true, error: "" });
  const [refusals, setRefusals] = useState([]);
  const [text, setText] = useState("");
  useEffect(() => {
    let on = true, timer = 0;
    const read = async () => {
      if (state.connection === "live" || state.connection === "connecting") {
        try {
          const answer = await all("/api/v1/devices?limit=1000", "devices", shown_max);
          const refused = await all("/api/v1/refusals?limit=1000", "refusals", shown_max);
          if (on) setGot({ ...answer, loading: false, error: "" });
          if (on) setRefusals(refused.items);
        } catch (e) { if (on) setGot((g) => ({ ...g, loading: false, error: e.message })); }
      }
      if (on) timer = setTimeout(read, again_ms);
    };
    read();
    return () => { on = false; clearTimeout(timer); };
  }, []);
  const wanted = text.trim().toLowerCase();
  const items = useMemo(() => got.items.filter((d) => !wanted || d.device.toLowerCase().includes(wanted)),
    [got.items, wanted]);
  const known = useMemo(() => new Set(got.items.map((d) => d.device)), [got.items]);
  return (
    <section class="view fill" aria-labelledby="title">
      <h1 id="title" class="visually-hidden">Devices</h1>
      <form class="filters" role="search" onSubmit={(e) => e.preventDefault()}>
        <label class="grow"><span>Search</span>
          <input type="search" id="search" value={text} placeholder="part of a device's name   ( / )"
            onInput={(e) => setText(e.currentTarget.value)} /></label>
        <output class="count">{grouped(items.length)} of {grouped(got.items.length)}{got.truncated ? "+" : ""}</output>
      </form>
      <Rows items={items} label="Devices" rowHeight={48}
        head={<>
          <span role="columnheader" class="key">Device</span><span role="columnheader" class="epoch">Epoch</span>
          <span role="columnheader" class="number">Operations</span><span role="columnheader" class="gap">Missing</span>
          <span role="columnheader" class="heard">Heard here · passed on by</span>
          <span role="columnheader" class="refused">Refused</span><span role="columnheader" class="clock">Clock</span>
          <span role="columnheader" class="live">Envelopes</span></>}
        row={(d, i) => (
          <div class="row device-row" role="row" aria-rowindex={i + 2} key={d.device + d.epoch}>
            <span role="cell" class="key" title={d.device}>{d.device}</span>
            <span role="cell" class={`epoch mono ${d.closed ? "bad" : ""}`} title={d.closed ? `${d.epoch}: closed by the admin` : d.epoch}>{d.closed ? "closed" : d.epoch.slice(0, 8)}</span>
            <span role="cell" class="number">{grouped(d.op)}</span>
            <span role="cell" class={`gap ${d.top > d.op ? "bad" : ""}`} title={d.top > d.op ? `held, and not acknowledged: what is between has not come for ${duration(d.unacknowledged_ms)}` : undefined}>{d.top > d.op ? `up to ${grouped(d.top)}, ${duration(d.unacknowledged_ms)}` : "none"}</span>
            <span role="cell" class="heard" title={throughOf(d)}>{throughOf(d)}</span>
            <span role="cell" class={`refused ${d.refused ? "bad" : ""}`} title={d.refused_why}>
              {d.refused ? `${grouped(d.refused)} ${d.refused_why}` : "none"}</span>
            <span role="cell" class="clock">{clockOf(d)}</span>
            <span role="cell" class="live">{grouped(d.live_envelopes)} · {bytes(d.live_bytes)}</span>
          </div>)} />
      <Strangers refusals={refusals} known={known} />
      {items.length === 0 && <p class="empty">{got.loading ? "Reading the devices…" : got.error || "No device."}</p>}
    </section>
  );
}
