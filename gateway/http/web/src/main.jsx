// SPDX-License-Identifier: Apache-2.0
// The frame: where we are, how fresh it is, and the views.
import { render } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import "uplot.css";
import "./app.css";
import { Alerts, firing } from "./alerts.jsx";
import { Devices } from "./devices.jsx";
import { Events } from "./events.jsx";
import { duration, grouped } from "./format.js";
import { Key } from "./key.jsx";
import { Map_ } from "./map.jsx";
import { Peers, standing } from "./peers.jsx";
import { Pipeline } from "./pipeline.jsx";
import { Refused } from "./refused.jsx";
import { connect, rate, state, openWith, useTopics } from "./store.js";
import { Values } from "./values.jsx";

const views = [["values", "Values"], ["map", "Map"], ["devices", "Devices"], ["peers", "Peers"], ["pipeline", "Pipeline"], ["refused", "Refused"], ["alerts", "Alerts"], ["events", "Events"]];

function useRoute() {
  const read = () => location.hash.replace(/^#\/?/, "") || "values";
  const [route, setRoute] = useState(read());
  useEffect(() => {
    const moved = () => setRoute(read());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  return route;
}

const dark = matchMedia("(prefers-color-scheme: dark)");
function useTheme() {
  const [wanted, setWanted] = useState(localStorage.getItem("tributary-theme") || "");
  const [system, setSystem] = useState(dark.matches);
  useEffect(() => {
    const moved = () => setSystem(dark.matches);
    dark.addEventListener("change", moved);
    return () => dark.removeEventListener("change", moved);
  }, []);
  const theme = wanted || (system ? "dark" : "light");
  document.documentElement.dataset.theme = theme;
  const flip = () => {
    const other = theme === "dark" ? "light" : "dark";
    localStorage.setItem("tributary-theme", other);
    setWanted(other);
  };
  return [theme, flip];
}

const texts = {
  connecting: () => "Connecting…",
  live: () => "Live",
  stale: (time) => `Stale, ${time}`,
  lost: (time) => `Disconnected, ${time}`,
  token: () => "Wants a token",
};
const explanations = {
  stale: "The gateway is connected but says nothing: what is shown may be old.",
  lost: "The gateway does not answer: what is shown is old. Trying again…",
};

function Connection() {
  useTopics("connection", "clock");
  const c = state.connection;
  const time = duration(Date.now() - (c === "stale" ? state.heard : state.since));
  return <>
    <p class={`connection ${c}`} data-testid="connection"><span class="dot" aria-hidden="true" />{texts[c](time)}</p>
    <div role="alert" class="explanation-place">{explanations[c] && <p class={`explanation ${c}`}>{explanations[c]}</p>}</div>
  </>;
}

function Token() {
  const [text, setText] = useState("");
  return (
    <form class="token" onSubmit={(e) => { e.preventDefault(); openWith(text); }}>
      <label><span>Token (the first line of the gateway's http.token_file)</span>
        <input type="password" autoComplete="off" value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
      <button type="submit">Open</button>
    </form>
  );
}

function Totals() {
  useTopics("status", "peers");
  const s = state.status;
  const ops = rate("operations");
  const away = state.peers.filter((p) => ["behind", "unreachable"].includes(standing(p).word)).length;
  return (
    <p class="totals">
      <span><b>{s ? grouped(s.keys) : "–"}</b> keys</span>
      <span><b>{ops === null ? "–" : grouped(Math.round(ops))}</b> operations/s</span>
      <span>{away === 0 ? <b>{state.peers.length}</b> : <b class="bad">{state.peers.length - away} of {state.peers.length}</b>} peers keep up</span>
    </p>
  );
}

// Beside the view's name: how many there are.
function Count() {
  useTopics("alerts");
  const n = firing().length;
  return n > 0 ? <span class="alarm" title={`${n} alerts`}>{n}</span> : null;
}

function Name() {
  useTopics("status");
  useEffect(() => { document.title = state.gateway ? `${state.gateway} · Tributary` : "Tributary"; });
  return <p class="name"><a href="#/values">Tributary</a> <span>{state.gateway}</span></p>;
}

function keyOf(route) {
  const [, type, ...rest] = route.split("/");
  try { return [type, decodeURIComponent(rest.join("/"))]; } catch { return [type, rest.join("/")]; }
}

function App() {
  useTopics("connection");
  const route = useRoute(), [theme, flip] = useTheme(), main = useRef(null), first = useRef(true);
  const view = route.split("/")[0];
  useEffect(() => {
    const typed = (e) => {
      if (e.key !== "/" || e.ctrlKey || e.metaKey || /INPUT|SELECT|TEXTAREA/.test(e.target.tagName)) return;
      const search = document.getElementById("search");
      if (search) { e.preventDefault(); search.focus(); }
    };
    addEventListener("keydown", typed);
    return () => removeEventListener("keydown", typed);
  }, []);
  useEffect(() => {  // who moves by keyboard or listens lands in what is new
    if (!first.current) main.current.focus({ preventScroll: true });
    first.current = false;
    scrollTo(0, 0);
    document.querySelector("nav [aria-current]")?.scrollIntoView({ inline: "nearest", block: "nearest" });
  }, [route]);
  const [type, name] = view === "key" ? keyOf(route) : [];
  return (
    <div class={`page is-${state.connection}`}>
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); main.current.focus(); }}>Skip to the content</a>
      <header>
        <Name /><Connection />
        <button type="button" class="theme" onClick={flip} aria-label={`Switch to ${theme === "dark" ? "light" : "dark"} colours`}>{theme === "dark" ? "☀" : "☾"}</button>
        <nav aria-label="Views">{views.map(([id, text]) => (
          <a href={`#/${id}`} key={id} aria-current={view === id || (view === "key" && id === "values") ? "page" : undefined}>{text}{id === "alerts" && <Count />}</a>))}</nav>
        <Totals />
      </header>
      <main id="main" tabIndex={-1} ref={main}>
        {state.connection === "token" ? <Token />
          : view === "key" ? <Key type={type} name={name} theme={theme} key={route} />
          : view === "devices" ? <Devices /> : view === "peers" ? <Peers />
          : view === "pipeline" ? <Pipeline theme={theme} /> : view === "events" ? <Events />
          : view === "refused" ? <Refused /> : view === "alerts" ? <Alerts /> : view === "map" ? <Map_ /> : <Values />}
      </main>
    </div>
  );
}

render(<App />, document.getElementById("app"));
connect();
