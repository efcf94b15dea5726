// SPDX-License-Identifier: Apache-2.0
// Charts: uPlot in its box, and a line small enough for a row.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";

// Seconds between ticks: nothing here is finer.
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 2 * 86400, 7 * 86400,
  28 * 86400, 56 * 86400];

const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

// data: [times in seconds, …series]; series: [{label, colour, thin}] with names of CSS variables; band: the two series (from 1)
// between which it is filled; stepped: a value stays until the next one.
export function Chart({ data, series, label, height = 220, theme, band, stepped }) {
  const box = useRef(null), plot = useRef(null);
  useEffect(() => {
    const axis = () => ({ stroke: colour("--muted"), grid: { stroke: colour("--line"), width: 1 },
      ticks: { stroke: colour("--line") }, font: "12px system-ui, sans-serif" });
    const made = new uPlot({
      width: Math.max(200, box.current.clientWidth), height,
      cursor: { y: false, points: { size: 6 } }, legend: { live: true },
      scales: { x: { time: true } },
      axes: [{ ...axis(), space: 70, incrs: steps }, { ...axis(), size: 64 }],
      series: [{}, ...series.map((s) => ({ label: s.label, stroke: colour(s.colour), width: 2,
        ...(s.thin ? { width: 1 } : {}), ...(stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
        points: { show: data[0].length < 3 && !stepped } }))],
      ...(band ? { bands: [{ series: band, fill: colour("--band") }] } : {}),
    }, data, box.current);
    plot.current = made;
    const watch = new ResizeObserver(() =>
      made.setSize({ width: Math.max(200, box.current.clientWidth), height }));
    watch.observe(box.current);
    return () => { watch.disconnect(); made.destroy(); };
  }, [theme, series.length]);
  useEffect(() => { plot.current?.setData(data); });
  return <div class="chart" style={{ minHeight: `${height + 40}px` }} ref={box} role="img" aria-label={label} />;
}

export function Spark({ history }) {
  if (history.length < 2) return <svg class="spark" viewBox="0 0 96 24" aria-hidden="true" />;
  const first = history[0][0], span = Math.max(1, history.at(-1)[0] - first);
  let low = Infinity, high = -Infinity;
  for (const [, v] of history) { low = Math.min(low, v); high = Math.max(high, v); }
  const tall = high - low || 1;
  const points = history.map(([t, v]) =>
    `${(((t - first) / span) * 94 + 1).toFixed(1)},${(22 - ((v - low) / tall) * 20).toFixed(1)}`);
  return (
    <svg class="spark" viewBox="0 0 96 24" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={points.join(" ")} />
    </svg>
  );
}
