// SPDX-License-Identifier: Apache-2.0
// What the gateway finds wrong, and what to do.
import { ago, grouped, moment } from "./format.js";
import { state, useTopics } from "./store.js";

export const firing = () => state.alerts.filter((a) => a.state === "firing");

function Item({ a }) {
  return (
    <li class={a.severity === "critical" ? "error" : "warning"}>
      <span class={`state ${a.state === "pending" ? "" : a.severity === "critical" ? "error" : "warning"}`}>
        {a.state === "pending" ? "not yet" : a.severity}</span>
      <b>{a.name}</b>
      <time dateTime={new Date(a.since).toISOString()} title={moment(a.since)}>since {ago(a.since)}</time>
      <p>{a.summary}: <strong>{grouped(a.value)}</strong>, the limit is {grouped(a.threshold)}</p>
      <p class="do">{a.do}</p>
    </li>
  );
}

export function Alerts() {
  useTopics("alerts", "clock");
  const now = firing(), pending = state.alerts.filter((a) => a.state !== "firing");
  return (
    <section class="view" aria-labelledby="title">
      <h1 id="title">Alerts</h1>
      {now.length === 0 && <p class="note">Nothing is wrong that the gateway knows of.</p>}
      <ol class="events" aria-live="polite">{now.map((a) => <Item a={a} key={a.name} />)}</ol>
      {pending.length > 0 && <>
        <h2>If it stays so</h2>
        <ol class="events">{pending.map((a) => <Item a={a} key={a.name} />)}</ol></>}
      <p class="note">The same thresholds are in config/alerts.rules.yml, for Prometheus.</p>
    </section>
  );
}
