// SPDX-License-Identifier: Apache-2.0
// One key: its value, what this page saw of it, and who contributed what.
import { useEffect, useState } from "preact/hooks";
import { ago, grouped, moment, shownNumber, shownValue, typeNames } from "./format.js";
import { History } from "./history.jsx";
import { hasSealed, openValue } from "./secrets.js";
import { all, get, shownOf, state, useTopics } from "./store.js";
import { Unlock } from "./unlock.jsx";

const shown_max = 1000, again_ms = 2000;

function Part({ type, name, part, total }) {
  const open = (value) => openValue(state.status?.fleet ?? "", type, name, value);
  if (type === "gcounter" || type === "pncounter") {
    const share = total > 0 ? Math.max(0, Math.min(1, Number(part.value) / total)) : 0;
    return <>
      <td class="number">{shownNumber(part.value)}</td>
      <td>{type === "pncounter" ? `up ${shownNumber(part.up)}, down ${shownNumber(part.down)}`
        : <meter min={0} max={1} value={share} aria-label="share of the total">{Math.round(share * 100)} %</meter>}</td></>;
  }
  if (type === "lww") {
    const { main } = shownValue(type, open(part.value));
    return <>
      <td class="number">{main}</td>
      <td>{moment(part.at)}{part.shown ? ", shown" : ""}{part.held ? ", from the future: held" : ""}</td></>;
  }
  const some = open(part.elements || []).map((e) => (typeof e === "string" ? e : JSON.stringify(e))).join(", ");
  return <>
    <td class="number">{grouped(part.size)}</td>
    <td class="wrap">{some}{part.size > (part.elements || []).length ? ", …" : ""}
      {part.removed_of_others ? ` (removed ${part.removed_of_others} of others)` : ""}</td></>;
}

function useContributions(type, key) {
  const [got, setGot] = useState({ items: null, error: "", value: null });
  useEffect(() => {
    let on = true, timer = 0;
    const query = `key=${encodeURIComponent(key)}&type=${type}`;
    const read = async () => {
      try {
        const value = (await get(`/api/v1/value?${query}`)).body.values[0];
        let atRest = 0;
        const { items, truncated } =
          await all(`/api/v1/contributions?limit=500&${query}`, "contributions", shown_max,
            (page) => { atRest = page.body.cold_parts; });
        if (on) setGot({ items, truncated, atRest, value, error: "" });
      } catch (e) {
        if (on) setGot((g) => ({ ...g, error: e.message }));
      }
      if (on) timer = setTimeout(read, again_ms);
    };
    read();
    return () => { on = false; clearTimeout(timer); };
  }, [type, key]);
  return got;
}

export function Key({ type, name, theme }) {
  useTopics("values", "clock");
  const { items, truncated, atRest, error, value } = useContributions(type, name);
  const live = state.values.get(`${name}\u0000${type}`);
  const v = live && live.value !== undefined ? live : value;
  const shown = v ? shownOf({ ...v, type, key: name }) : undefined;
  const { main, more } = shownValue(type, shown);
  const listed = items && type === "gcounter" ? items.reduce((n, i) => n + Number(i.part.value), 0) : 0;
  const total = atRest > 0 && v && type === "gcounter" ? Number(v.value) : listed;
  const history = live ? live.history : [];
  return (
    <section class="view" aria-labelledby="title">
      <p class="crumb"><a href="#/values">Values</a></p>
      <h1 id="title" class="key-name">{name}</h1>
      <div class="hero">
        <p class="huge" data-testid="value">{main}</p>
        <p class="about"><span class={`badge ${type}`}>{typeNames[type] || type}</span>
          {v && <> from {grouped(v.contributors)} {v.contributors === 1 ? "writer" : "writers"}, changed {ago(v.at)}</>}</p>
        {(type === "gset" || type === "orset") && <p class="elements" role="region" aria-label="Elements" tabIndex={0}>{Array.isArray(shown) ? shown.slice(0, 200).map((e) => <span class="chip" key={String(e)}>{typeof e === "string" ? e : JSON.stringify(e)}</span>) : more}</p>}
      </div>
      <Unlock sealed={v !== null && v !== undefined && hasSealed(v.value)} />
      <History type={type} name={name} live={history} theme={theme} />
      <h2>Contributions, by device and epoch</h2>
      {atRest > 0 && <p class="note">{grouped(atRest)} more {atRest === 1 ? "is" : "are"} at rest: counted in the value, and not listed.</p>}
      {v && v.unread && <p class="note" role="status">It is at rest in the gateway's database, which cannot be read now.</p>}
      {error && <p class="note" role="status">{error}</p>}
      <div class="scroll" tabIndex={0} role="region" aria-label="Contributions">
        <table><thead><tr><th scope="col">Device</th><th scope="col">Epoch</th><th scope="col" class="number">Part</th><th scope="col">Details</th></tr></thead>
          <tbody>{(items || []).map((i) => (
            <tr key={i.device + i.epoch}><th scope="row">{i.device}</th><td class="mono">{i.epoch}</td>
              <Part type={type} name={name} part={i.part} total={total} /></tr>))}
          </tbody></table>
      </div>
      {truncated && <p class="note">The first {grouped(shown_max)}; the API has all of them.</p>}
    </section>
  );
}
