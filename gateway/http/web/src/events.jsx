// SPDX-License-Identifier: Apache-2.0
// What happened lately.
import { useState } from "preact/hooks";
import { ago, grouped, moment } from "./format.js";
import { state, useTopics } from "./store.js";

export function Events() {
  useTopics("events", "clock");
  const [level, setLevel] = useState("");
  const items = state.events.filter((e) => !level || e.level === level || (level === "warning" && e.level === "error"));
  return (
    <section class="view" aria-labelledby="title">
      <h1 id="title">Events</h1>
      <form class="filters" onSubmit={(e) => e.preventDefault()}>
        <label><span>Show</span><select value={level} onChange={(e) => setLevel(e.currentTarget.value)}>
          <option value="">everything</option><option value="warning">warnings and errors</option><option value="error">errors</option></select></label>
        <output class="count">{grouped(items.length)}</output>
      </form>
      {items.length === 0 && <p class="note">Nothing to tell since the gateway was started.</p>}
      <ol class="events" aria-live="polite" aria-relevant="additions">{items.map((e) => (
        <li key={e.id} class={e.level}>
          <span class={`state ${e.level}`}>{e.level}</span>
          <b>{e.kind}</b>{e.count > 1 && <span class="times">{grouped(e.count)} times</span>}
          <time dateTime={new Date(e.last_at).toISOString()} title={moment(e.last_at)}>{ago(e.last_at)}</time>
          <p>{e.text}</p></li>))}
      </ol>
    </section>
  );
}
