// SPDX-License-Identifier: Apache-2.0
// How a key's value went: from what this page saw, or from the gateway's history.
import { useEffect, useState } from "preact/hooks";
import { Chart } from "./chart.jsx";
import { duration } from "./format.js";
import { get } from "./store.js";

const ranges = [["live", "Live", 0], ["1h", "1 hour", 3600e3], ["6h", "6 hours", 6 * 3600e3], ["1d", "1 day", 86400e3],
  ["7d", "7 days", 7 * 86400e3], ["30d", "30 days", 30 * 86400e3], ["1y", "1 year", 365 * 86400e3]];
const again_ms = 10000, points = 400;

// What was chosen stays when one looks at another key.
const kept = { range: "live" };

function useHistory(type, key, width) {
  const [got, setGot] = useState(null);
  useEffect(() => {
    if (!width) return setGot(null);
    let on = true, timer = 0;
    const read = async () => {
      const to = Date.now();
      try {
        const { body } = await get(`/api/v1/history?key=${encodeURIComponent(key)}&type=${type}`
          + `&from=${to - width}&to=${to}&points=${points}`);
        if (on) setGot({ body, error: "" });
      } catch (e) {
        if (on) setGot((g) => ({ body: g && g.body, error: e.message }));
      }
      if (on) timer = setTimeout(read, again_ms);
    };
    setGot(null);
    read();
    return () => { on = false; clearTimeout(timer); };
  }, [type, key, width]);
  return got;
}

// Times, last, lowest, highest; the value stays what it was until the next point.
function columns(body) {
  const rows = [];
  if (body.before) rows.push([body.from, body.before[1], body.before[1], body.before[1]]);
  rows.push(...body.points);
  const last = rows.at(-1);
  if (last && last[0] < body.to) rows.push([body.to, last[1], last[1], last[1]]);
  return [0, 1, 2, 3].map((c) => rows.map((r) => (c === 0 ? r[c] / 1000 : r[c])));
}

const tiers = { raw: "as it was written", minute: "by minutes", hour: "by hours" };

export function History({ type, name, live, theme }) {
  const [range, setRange] = useState(kept.range);
  const width = ranges.find(([id]) => id === range)[2];
  const got = useHistory(type, name, width);
  const choose = (id) => { kept.range = id; setRange(id); };
  const body = got && got.body;
  const note = range === "live" ? "What this page saw since it is open."
    : !got ? "Reading…" : got.error ? got.error
      : `${tiers[body.tier]}${body.step_ms > 1000 ? `, points of ${duration(body.step_ms)}` : ""}; the band goes from the lowest to the highest`;
  return (
    <>
      <div class="chart-head">
        <h2 id="history">History</h2>
        <div class="choices" role="group" aria-label="Time">
          {ranges.map(([id, text]) => <button type="button" key={id} aria-pressed={id === range} onClick={() => choose(id)}>{text}</button>)}
        </div>
      </div>
      {range === "live"
        ? <Chart key="live" theme={theme} label={`Chart of ${name}`} series={[{ label: "value", colour: "--accent" }]}
          data={[live.map((p) => p[0] / 1000), live.map((p) => p[1])]} />
        : <Chart key="history" theme={theme} stepped label={`Chart of ${name}, ${range}`} band={[3, 2]}
          series={[{ label: "value", colour: "--accent" }, { label: "lowest", colour: "--muted", thin: true }, { label: "highest", colour: "--muted", thin: true }]}
          data={body ? columns(body) : [[], [], [], []]} />}
      <p class="note history-note" role="status">{note}</p>
    </>
  );
}
