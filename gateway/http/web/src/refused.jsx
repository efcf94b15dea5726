// SPDX-License-Identifier: Apache-2.0
// What this gateway did not take, and what it cannot trust: messages that were refused (to hear them
// again, or to forget them), envelopes that were damaged on its disk, devices with two stories.
import { useEffect, useRef, useState } from "preact/hooks";
import { ago, bytes, grouped, moment } from "./format.js";
import { all, change, mayChange, state, useTopics } from "./store.js";

const shown_max = 200, again_ms = 3000;

// Read again now and then, and when asked to.
function useList(path, list) {
  const [got, setGot] = useState({ items: [], truncated: false, loading: true, error: "" });
  const again = useRef(() => {});
  useEffect(() => {
    let on = true, timer = 0;
    const read = async () => {
      clearTimeout(timer);
      if (state.connection === "live" || state.connection === "connecting") {
        try {
          const answer = await all(`${path}?limit=${shown_max}`, list, shown_max);
          if (on) setGot({ ...answer, loading: false, error: "" });
        } catch (e) { if (on) setGot((g) => ({ ...g, loading: false, error: e.message })); }
      }
      if (on) timer = setTimeout(read, again_ms);
    };
    again.current = read;
    read();
    return () => { on = false; clearTimeout(timer); };
  }, []);
  return [got, () => again.current()];
}

const When = ({ at }) => <time dateTime={new Date(at).toISOString()} title={moment(at)}>{ago(at)}</time>;

// What is not to be done by a slip asks once more.
function Button({ text, sure, act, label }) {
  const [asked, setAsked] = useState(false);
  useEffect(() => {
    if (!asked) return undefined;
    const timer = setTimeout(() => setAsked(false), 4000);
    return () => clearTimeout(timer);
  }, [asked]);
  const clicked = () => {
    if (sure && !asked) return setAsked(true);
    setAsked(false);
    return act();
  };
  return <button type="button" class={asked ? "sure" : ""} onClick={clicked} aria-label={label && !asked ? label : undefined}>{asked ? sure : text}</button>;
}

// From the topic: who sent it. "<prefix>/<fleet>/up/<device>".
const senderOf = (topic) => (topic.includes("/up/") ? topic.slice(topic.lastIndexOf("/") + 1) : topic);

function Letters() {
  const [got, again] = useList("/api/v1/dead-letters", "dead_letters");
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (!said) return undefined;
    const timer = setTimeout(() => setSaid(""), 10000);
    return () => clearTimeout(timer);
  }, [said]);
  const act = async (what) => {
    try { setSaid(await what()); } catch (e) { setSaid(e.message); }
    again();
  };
  const release = (id) => act(async () => {
    const r = await change("POST", "/api/v1/dead-letters/release", { ids: [id] });
    return r.released > 0 ? `Number ${id} was taken in.` : `Number ${id} stays: ${r.stayed[0]?.why ?? "it is not there any more"}`;
  });
  const drop = (query, what) => act(async () => {
    const r = await change("DELETE", `/api/v1/dead-letters?${query}`);
    return `${grouped(r.dropped)} forgotten${what}.`;
  });
  const may = mayChange();
  return <>
    <div class="row-of-buttons">
      <h2 id="letters">Refused messages</h2>
      {may && got.items.length > 0 && <Button text="Forget all" sure="Really all?" act={() => drop("all=true", "")} />}
    </div>
    <p class="note said" role="status">{said || got.error || (got.loading ? "Reading…" : got.items.length === 0 ? "None." : may
      ? "Hear again what was refused for a reason that is mended. Devices send by themselves again what is not acknowledged."
      : "To hear them again or to forget them, open this page with the token of http.token_file, or use the command tributary dead-letters.")}</p>
    <ol class="events" aria-labelledby="letters">{got.items.map((l) => (
      <li key={l.id} class="warning letter">
        <span class="mono">{l.id}</span> <b>{senderOf(l.topic)}</b> <span class="times">{bytes(l.size)}{l.cut ? ", only its beginning was kept" : ""}</span>
        <When at={l.at} />
        <p>{l.reason}</p>
        {may && <p class="do buttons">
          {!l.cut && <Button text="Hear again" act={() => release(l.id)} label={`Hear number ${l.id} again`} />}
          <Button text="Forget" sure="Really?" act={() => drop(`ids=${l.id}`, `: number ${l.id}`)} label={`Forget number ${l.id}`} /></p>}
      </li>))}
    </ol>
    {got.truncated && <p class="note">The newest {grouped(shown_max)}; the API has all of them.</p>}
  </>;
}

// A list that is only looked at.
function Notes({ name, title, none, about, item }) {
  const [got] = useList(`/api/v1/${name}`, name);
  return <>
    <h2 id={name}>{title}</h2>
    <p class="note">{got.items.length > 0 ? about : got.error || (got.loading ? "Reading…" : none)}</p>
    <ol class="events" aria-labelledby={name}>{got.items.map(item)}</ol>
    {got.truncated && <p class="note">The first {grouped(shown_max)}; the API has all of them.</p>}
  </>;
}

const damaged = (q) => (
  <li key={q.id} class="error"><span class="mono">{q.hash.slice(0, 16)}…</span> <span class="times">{bytes(q.size)}</span>
    <When at={q.at} /><p>{q.reason}</p></li>);

const story = (e) => (
  <li key={e.device + e.epoch} class={e.proof ? "error" : "warning"}>
    <b>{e.device}</b> <span class="mono">{e.epoch}</span> <span class="times">{e.proof ? "signed by its key, both" : "not signed"}{e.excluded ? ", left out of values" : ""}</span>
    {e.at > 0 && <When at={e.at} />}
    <p>{e.key}: {e.what}</p></li>);

export function Refused() {
  useTopics("clock");
  return (
    <section class="view" aria-labelledby="title">
      <h1 id="title">Refused</h1>
      <Letters />
      <Notes name="quarantine" title="Damaged on this disk" none="Nothing." item={damaged}
        about="Kept for a look, and not counted: peers and devices send it again." />
      <Notes name="evidence" title="Devices with two stories" none="None." item={story}
        about="Mostly a copy of a device, or one that was put back from a backup: docs/operations.md, “A cloned or restored device”." />
    </section>
  );
}
