// SPDX-License-Identifier: Apache-2.0
// A table of any length, of which only what is seen is in the page. Rows are all of one height.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

const spare = 8;  // rows beyond what is seen

export function Rows({ items, row, head, label, rowHeight = 44 }) {
  const box = useRef(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  useLayoutEffect(() => {
    const measure = () => setHeight(box.current.clientHeight);
    measure();
    const watch = new ResizeObserver(measure);
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {  // a filter made the list shorter than where we were
    if (top > items.length * rowHeight) box.current.scrollTop = 0;
  }, [items.length]);
  const first = Math.max(0, Math.floor(top / rowHeight) - spare);
  const count = Math.ceil(height / rowHeight) + 2 * spare;
  const shown = items.slice(first, first + count);
  return (
    <div class="rows" role="table" aria-label={label} aria-rowcount={items.length + 1}>
      <div class="rows-head" role="rowgroup"><div role="row" class="row-head">{head}</div></div>
      <div class="rows-body" role="rowgroup" tabIndex={0} aria-label={`${label}, scrolls`} ref={box}
        onScroll={(e) => setTop(e.currentTarget.scrollTop)}>
        <div class="rows-all" style={{ height: `${items.length * rowHeight}px` }} role="presentation">
          <div class="rows-seen" style={{ transform: `translateY(${first * rowHeight}px)` }} role="presentation">
            {shown.map((item, i) => row(item, first + i))}
          </div>
        </div>
      </div>
    </div>
  );
}
