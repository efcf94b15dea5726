// SPDX-License-Identifier: Apache-2.0
// The other gateways: who is in step, who is behind and by how much, who is away.
import { useEffect, useState } from "preact/hooks";
import { duration, grouped, since } from "./format.js";
import { get, state, useTopics } from "./store.js";

const buckets_count = 64, silent_long_ms = 90000;
export const behind_after_ms = 10000;  // before that it is traffic under way

// A word, a class, and what to say.
export function standing(p) {
  if (!p.online) return { word: "unreachable", say: `nothing heard for ${duration(p.silent_ms)}` };
  if (p.in_step) return { word: "in step", say: "equal digests" };
  const much = `${p.buckets_differing} of ${buckets_count} buckets differ`;
  if (p.differs_ms === null || p.differs_ms < behind_after_ms) return { word: "moving", say: `${much}: traffic is under way` };
  return { word: "behind", say: `${much}, for ${duration(p.differs_ms)}` };
}
const classOf = (p) => standing(p).word.replace(" ", "-");

function Mesh({ peers }) {
  const width = 640, height = peers.length <= 2 ? 170 : 320, cx = width / 2, cy = height / 2 - (peers.length <= 2 ? 12 : 0);
  const placed = peers.map((p, i) => {
    const angle = (2 * Math.PI * i) / Math.max(1, peers.length) - (peers.length <= 2 ? 0 : Math.PI / 2);
    return { p, x: cx + 230 * Math.cos(angle), y: cy + (peers.length <= 2 ? 0 : 105) * Math.sin(angle) };
  });
  const label = peers.map((p) => `${p.gateway} ${standing(p).word}`).join(", ") || "no peers";
  return (
    <svg class="mesh" viewBox={`0 0 ${width} ${height}`} role="img" aria-label={`${state.gateway}: ${label}`}>
      {placed.map(({ p, x, y }) => <line class={classOf(p)} x1={cx} y1={cy} x2={x} y2={y} key={p.gateway + p.link} />)}
      {placed.map(({ p, x, y }) => (
        <g class={`node ${classOf(p)}`} key={p.gateway + p.link}>
          <circle cx={x} cy={y} r="34" /><text x={x} y={y + 5}>{p.gateway.slice(0, 9)}</text>
          <text class="sub" x={x} y={y + 53}>{standing(p).word}</text>
        </g>))}
      <g class="node self"><circle cx={cx} cy={cy} r="40" /><text x={cx} y={cy + 5}>{(state.gateway || "?").slice(0, 10)}</text></g>
    </svg>
  );
}

function bits(hex) {
  const n = BigInt(`0x${hex || "0"}`);
  return Array.from({ length: buckets_count }, (_, b) => ((n >> BigInt(b)) & 1n) === 1n);
}

function Heat({ title, cells, label }) {
  return (
    <figure class="heat"><figcaption>{title}</figcaption>
      <div class="heat-grid" role="img" aria-label={label}>
        {cells.map((c, b) => <span class={c.name} title={`bucket ${b}: ${c.say}`} key={b} />)}
      </div></figure>
  );
}

function useBuckets() {
  const [buckets, setBuckets] = useState([]);
  useEffect(() => {
    let on = true, timer = 0;
    const read = async () => {
      try {
        const { body } = await get("/api/v1/buckets");
        if (on) setBuckets(body.buckets);
      } catch { /* the banner says it */ }
      if (on) timer = setTimeout(read, 2000);
    };
    read();
    return () => { on = false; clearTimeout(timer); };
  }, []);
  return buckets;
}

export function Peers() {
  useTopics("peers", "status");
  const buckets = useBuckets();
  const most = Math.max(1, ...buckets.map((b) => b.envelopes));
  const ours = buckets.map((b) => ({
    name: b.envelopes === 0 ? "fill-0" : `fill-${1 + Math.floor((3.99 * b.envelopes) / most)}`,
    say: `${grouped(b.envelopes)} envelopes${b.digest ? `, digest ${b.digest.slice(0, 12)}` : ""}`,
  }));
  const links = (state.status?.links || []).map((l) => l.name);
  return (
    <section class="view" aria-labelledby="title">
      <h1 id="title">Peers</h1>
      {state.peers.length === 0 && <p class="note">No other gateway has been heard of.</p>}
      <Mesh peers={state.peers} />
      <div class="scroll" tabIndex={0} role="region" aria-label="Peers">
        <table><thead><tr><th scope="col">Gateway</th><th scope="col">State</th><th scope="col">By how much</th><th scope="col">Last heard</th><th scope="col">Reading</th><th scope="col">Over</th></tr></thead>
          <tbody>{state.peers.map((p) => (
            <tr key={p.gateway + p.link}><th scope="row">{p.gateway}</th>
              <td><span class={`state ${classOf(p)}`}>{standing(p).word}</span></td><td>{standing(p).say}</td>
              <td class={p.silent_ms > silent_long_ms ? "bad" : ""}>{since(p.silent_ms)}</td>
              <td>{p.fetching > 0 ? `${p.fetching} buckets` : "nothing"}</td><td>{links[p.link] || p.link}</td></tr>))}
          </tbody></table>
      </div>
      <h2>Buckets</h2>
      <p class="legend">{[["fill-3", "here: darker holds more"], ["same", "equal"], ["differs", "differs"], ["fetching", "being read"]].map(([name, text]) =>
        <span key={name}><i class={`swatch ${name}`} />{text}</span>)}</p>
      <div class="heats">
        <Heat title={`${state.gateway || "this gateway"} (this one)`} cells={ours}
          label={`${buckets.filter((b) => b.envelopes > 0).length} of ${buckets_count} buckets hold envelopes`} />
        {state.peers.map((p) => {
          const differs = bits(p.differing_mask), reading = bits(p.fetching_mask);
          const cells = differs.map((d, b) => ({ name: reading[b] ? "fetching" : d ? "differs" : "same",
            say: reading[b] ? "being read" : d ? "differs" : "equal" }));
          return <Heat key={p.gateway + p.link} title={p.gateway} cells={cells} label={standing(p).say} />;
        })}
      </div>
    </section>
  );
}
