// SPDX-License-Identifier: Apache-2.0
// How the gateway itself is doing: rates, queues, commits, disk, memory, links, refusals.
import { Chart } from "./chart.jsx";
import { bytes, duration, grouped, micros, typeNames } from "./format.js";
import { rate, state, useTopics } from "./store.js";

function Tile({ name, value, more }) {
  return <div class="tile"><dt>{name}</dt><dd class="figure">{value}</dd><dd class="more">{more}</dd></div>;
}

function Bar({ name, used, of, text }) {
  const share = of > 0 ? Math.min(1, used / of) : 0;
  const how = share >= 0.95 ? "critical" : share >= 0.8 ? "warn" : "ok";
  return (
    <div class={`bar ${how}`}><span class="bar-name">{name}</span>
      <progress max={1} value={share} aria-label={name} /><span class="bar-text">{text}{how === "ok" ? "" : `, ${Math.round(share * 100)} %`}</span></div>
  );
}

// Per second, between neighbouring samples.
function series(field) {
  const out = [];
  for (let i = 1; i < state.rates.length; i += 1) {
    const a = state.rates[i - 1], b = state.rates[i];
    out.push(b.uptime > a.uptime ? ((b[field] - a[field]) * 1000) / (b.uptime - a.uptime) : null);
  }
  return out;
}

const shown = (n) => (n === null ? "–" : grouped(n >= 100 ? Math.round(n) : Math.round(n * 10) / 10));

export function Pipeline({ theme }) {
  useTopics("status");
  const s = state.status;
  if (!s) return <section class="view" aria-labelledby="title"><h1 id="title">Pipeline</h1><p class="note">Waiting for the gateway…</p></section>;
  const times = state.rates.slice(1).map((r) => r.at / 1000);
  const db = s.database, rejects = Object.entries(s.counters.rejected).filter(([, n]) => n > 0);
  return (
    <section class="view" aria-labelledby="title">
      <h1 id="title">Pipeline</h1>
      <dl class="tiles">
        <Tile name="State" value={s.state} more={s.reason || `up ${duration(s.uptime_ms)}`} />
        <Tile name="Operations" value={`${shown(rate("operations"))}/s`} more={`${grouped(s.counters.operations)} in all`} />
        <Tile name="Messages" value={`${shown(rate("messages"))}/s`} more={`${bytes(rate("bytesIn") || 0)}/s in, ${bytes(rate("bytesOut") || 0)}/s out`} />
        <Tile name="Acknowledged within" value={micros(s.ack_p50_us)} more={`99 %: ${micros(s.ack_p99_us)}`} />
        <Tile name="Commit" value={micros(db.commit_p50_us)} more={`99 %: ${micros(db.commit_p99_us)}, most: ${micros(db.commit_max_us)}`} />
        <Tile name="Oldest unacknowledged" value={s.oldest_unacknowledged_ms > 0 ? duration(s.oldest_unacknowledged_ms) : "none"} more={`${grouped(s.pending)} wait`} />
        {s.history && <Tile name="History" value={s.history.wrong ? "paused" : bytes(s.history.bytes)} more={s.history.wrong || `${grouped(s.history.series)} keys`} />}
        <Tile name="Live envelopes" value={grouped(s.live_envelopes)} more={`${bytes(s.live_bytes)}, ${grouped(s.actors)} writers, ${grouped(s.keys)} keys`} />
        <Tile name="Processor" value={`${shown((rate("cpu") || 0) / 10)} %`} more={`${bytes(s.memory_bytes)} resident`} />
        <Tile name="Refused" value={grouped(s.counters.rejected_total)} more={s.shed > 0 ? `${grouped(s.shed)} let go` : "nothing let go"} />
      </dl>
      <h2>Operations and messages a second</h2>
      <Chart theme={theme} label="Operations and messages a second" data={[times, series("operations"), series("messages")]}
        series={[{ label: "operations", colour: "--accent" }, { label: "messages", colour: "--second" }]} />
      <h2>Room</h2>
      <div class="bars">
        <Bar name="Waiting for the disk" used={s.pending} of={s.pending_max} text={`${grouped(s.pending)} of ${grouped(s.pending_max)}`} />
        <Bar name="Disk" used={db.disk_size_bytes - db.disk_free_bytes} of={db.disk_size_bytes} text={`${bytes(db.disk_free_bytes)} free; database ${bytes(db.bytes)}`} />
        <Bar name="Memory, all" used={s.memory.bytes} of={s.memory.max} text={`${bytes(s.memory.bytes)} of ${bytes(s.memory.max)}`} />
        {Object.entries(s.memory.types).map(([t, m]) =>
          <Bar key={t} name={`Memory, ${typeNames[t] || "unknown types"}`} used={m.bytes} of={m.max} text={`${bytes(m.bytes)} of ${bytes(m.max)}`} />)}
      </div>
      <h2>Links</h2>
      <div class="scroll" tabIndex={0} role="region" aria-label="Links">
        <table><thead><tr><th scope="col">Broker</th><th scope="col">State</th><th scope="col" class="number">Waiting</th><th scope="col" class="number">Dropped</th><th scope="col" class="number">In</th><th scope="col" class="number">Out</th></tr></thead>
          <tbody>{s.links.map((l) => (
            <tr key={l.name}><th scope="row">{l.name}</th><td><span class={`state ${l.connected ? "in-step" : "unreachable"}`}>{l.connected ? "connected" : l.reason || "not connected"}</span></td>
              <td class="number">{grouped(l.outbox)}</td><td class="number">{grouped(l.dropped)}</td>
              <td class="number">{bytes(l.bytes_in)}</td><td class="number">{bytes(l.bytes_out)}</td></tr>))}
          </tbody></table>
      </div>
      <h2>Refused, by reason</h2>
      {rejects.length === 0 ? <p class="note">Nothing.</p>
        : <ul class="plain">{rejects.map(([r, n]) => <li key={r}><b>{grouped(n)}</b> {r}</li>)}</ul>}
      <p class="note mono">digest {s.digest}</p>
    </section>
  );
}
