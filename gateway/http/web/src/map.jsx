// SPDX-License-Identifier: Apache-2.0
// Where things are: whatever has registers …/lat and …/lon (or latitude, longitude). No tiles: a grid of degrees.
import { useMemo, useRef, useState } from "preact/hooks";
import { shownValue } from "./format.js";
import { state, useTopics } from "./store.js";
import { linkTo } from "./values.jsx";

const [width, height] = matchMedia("(max-width: 40rem)").matches ? [480, 560] : [1000, 480];
const margin = 60, labels_max = 40, listed_max = 200;
const lat_names = /^(.*?)(?:^|\/)(lat|latitude)$/i;

// [{place, lat, lon, others}] of all keys that have both.
export function placesOf(values) {
  const by = new Map(values.map((v) => [v.id, v]));
  const places = [];
  for (const v of values) {
    const found = v.type === "lww" && typeof v.value === "number" && lat_names.exec(v.key);
    if (!found) continue;
    const lonKey = v.key.replace(/(lat|latitude)$/i, (w) => ({ lat: "lon", Lat: "Lon", LAT: "LON" })[w] || (w[0] === "L" ? "Longitude" : "longitude"));
    const lon = by.get(`${lonKey}\u0000lww`);
    if (!lon || typeof lon.value !== "number" || Math.abs(v.value) > 90 || Math.abs(lon.value) > 180) continue;
    places.push({ place: found[1].replace(/\/$/, "") || "here", lat: v.value, lon: lon.value, key: v });
  }
  return places;
}

function bounds(places) {
  const lats = places.map((p) => p.lat), lons = places.map((p) => p.lon);
  const lat = [Math.min(...lats), Math.max(...lats)], lon = [Math.min(...lons), Math.max(...lons)];
  const mid = (lat[0] + lat[1]) / 2;
  const narrow = Math.max(Math.cos((mid * Math.PI) / 180), 0.05);  // a degree of longitude is shorter there
  const scale = Math.min((width - 2 * margin) / Math.max((lon[1] - lon[0]) * narrow, 1e-4),
    (height - 2 * margin) / Math.max(lat[1] - lat[0], 1e-4));
  return { mid, midLon: (lon[0] + lon[1]) / 2, narrow, scale };
}

const nice = [90, 45, 30, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002, 0.0001, 0.00005];
const degree = (v, step, plus, minus) =>
  `${Math.abs(v).toFixed(Math.max(0, Math.ceil(-Math.log10(step))))}° ${v >= 0 ? plus : minus}`;

function Grid({ at, view }) {
  const step = nice.findLast((s) => s * at.scale * at.narrow * view.zoom >= 110) ?? nice[0];
  const lines = [];
  const left = at.lonOf(0), right = at.lonOf(width), top = at.latOf(0), bottom = at.latOf(height);
  for (let lon = Math.ceil(left / step) * step; lon <= right && lines.length < 40; lon += step)
    lines.push(<g key={`x${lon}`}><line x1={at.x(lon)} x2={at.x(lon)} y1={0} y2={height} /><text x={at.x(lon) + 4} y={height - 8}>{degree(lon, step, "E", "W")}</text></g>);
  for (let lat = Math.ceil(bottom / step) * step; lat <= top && lines.length < 80; lat += step)
    lines.push(<g key={`y${lat}`}><line y1={at.y(lat)} y2={at.y(lat)} x1={0} x2={width} /><text x={6} y={at.y(lat) - 4}>{degree(lat, step, "N", "S")}</text></g>);
  return <g class="grid">{lines}</g>;
}

function Plan({ places }) {
  const [view, setView] = useState({ zoom: 1, dx: 0, dy: 0 });
  const drag = useRef(null);
  const b = useMemo(() => bounds(places), [places.map((p) => `${p.lat},${p.lon}`).join(" ")]);
  const at = {
    scale: b.scale,
    narrow: b.narrow,
    x: (lon) => width / 2 + ((lon - b.midLon) * b.narrow * b.scale + view.dx) * view.zoom,
    y: (lat) => height / 2 - ((lat - b.mid) * b.scale - view.dy) * view.zoom,
    lonOf: (x) => ((x - width / 2) / view.zoom - view.dx) / (b.narrow * b.scale) + b.midLon,
    latOf: (y) => b.mid - ((y - height / 2) / view.zoom - view.dy) / b.scale,
  };
  const zoom = (by) => setView((v) => ({ ...v, zoom: Math.min(64, Math.max(0.25, v.zoom * by)) }));
  const moved = (e) => {
    if (!drag.current) return;
    const per = width / e.currentTarget.clientWidth;
    const [x, y] = drag.current;
    drag.current = [e.clientX, e.clientY];
    setView((v) => ({ ...v, dx: v.dx + ((e.clientX - x) * per) / v.zoom, dy: v.dy + ((e.clientY - y) * per) / v.zoom }));
  };
  const keys = { ArrowLeft: [40, 0], ArrowRight: [-40, 0], ArrowUp: [0, 40], ArrowDown: [0, -40] };
  const typed = (e) => {
    const by = keys[e.key];
    if (!by) return;
    e.preventDefault();
    setView((v) => ({ ...v, dx: v.dx + by[0] / v.zoom, dy: v.dy + by[1] / v.zoom }));
  };
  return (
    <>
      <div class="map-buttons" role="group" aria-label="Zoom">
        <button type="button" onClick={() => zoom(1.6)} aria-label="Closer">+</button>
        <button type="button" onClick={() => zoom(1 / 1.6)} aria-label="Further away">−</button>
        <button type="button" onClick={() => setView({ zoom: 1, dx: 0, dy: 0 })} aria-label="Show all">All</button>
      </div>
      <svg class="map" viewBox={`0 0 ${width} ${height}`} role="group" aria-label={`Map of ${places.length} places; arrow keys move it`}
        tabindex={0} onKeyDown={typed} onPointerDown={(e) => { drag.current = [e.clientX, e.clientY]; }}
        onPointerMove={moved} onPointerUp={() => { drag.current = null; }} onPointerLeave={() => { drag.current = null; }}>
        <Grid at={at} view={view} />
        {places.map((p) => {
          const x = at.x(p.lon), y = at.y(p.lat), flip = x > width / 2;
          if (x < -20 || x > width + 20 || y < -20 || y > height + 20) return null;
          return (
            <a href={linkTo(p.key)} key={p.place} aria-label={`${p.place}, ${p.lat}, ${p.lon}`}>
              <circle cx={x} cy={y} r="11"><title>{p.place}</title></circle>
              {places.length <= labels_max && <text x={flip ? x - 17 : x + 17} y={y + 6} class={flip ? "flip" : ""}>{p.place.slice(-26)}</text>}
            </a>);
        })}
      </svg>
    </>
  );
}

export function Map_() {
  useTopics("values");
  const places = placesOf(state.order);
  const others = (p) => state.order.filter((v) => v.key.startsWith(`${p.place}/`) && !/(^|\/)(lat|lon|latitude|longitude)$/i.test(v.key)).slice(0, 4);
  return (
    <section class="view" aria-labelledby="title">
      <h1 id="title">Map</h1>
      {places.length === 0
        ? <p class="note">{state.loading ? "Reading the values…" : "Nothing has a position. Whatever writes its degrees into registers <name>/lat and <name>/lon appears here."}</p>
        : <>
          <Plan places={places} />
          <div class="scroll" tabIndex={0} role="region" aria-label="Places">
            <table><thead><tr><th scope="col">Place</th><th scope="col" class="number">Latitude</th><th scope="col" class="number">Longitude</th><th scope="col">Values</th></tr></thead>
              <tbody>{places.slice(0, listed_max).map((p) => (
                <tr key={p.place}><th scope="row">{p.place}</th><td class="number">{p.lat}</td><td class="number">{p.lon}</td>
                  <td class="wrap">{others(p).map((v) => <span key={v.id} class="at-place"><a href={linkTo(v)}>{v.key.slice(p.place.length + 1)}</a> {shownValue(v.type, v.value).main} </span>)}</td></tr>))}
              </tbody></table>
          </div>
          {places.length > listed_max && <p class="note">The first {listed_max} are listed.</p>}
        </>}
    </section>
  );
}
