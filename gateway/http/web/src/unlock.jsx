// SPDX-License-Identifier: Apache-2.0
// Where a key for sealed values is given; there is nothing of it where nothing is sealed.
import { useState } from "preact/hooks";
import { addKey, forgetKeys, keyCount } from "./secrets.js";
import { keysChanged } from "./store.js";

export function Unlock({ sealed }) {
  const [said, setSaid] = useState("");
  if (!sealed && keyCount() === 0) return null;
  const take = async (e) => {
    const input = e.currentTarget, file = input.files[0];
    if (!file) return;
    try {
      addKey(await file.text());
      setSaid("");
      keysChanged();
    } catch (error) { setSaid(error.message); }
    input.value = "";
  };
  const forget = () => { forgetKeys(); setSaid(""); keysChanged(); };
  const count = keyCount();
  return (
    <div class="unlock">
      <label class="button">{count === 0 ? "Some values are sealed: open with a key…" : "Another key…"}
        <input type="file" class="visually-hidden" aria-label="Key file for sealed values" onChange={take} /></label>
      {count > 0 && <button type="button" onClick={forget}>Forget {count === 1 ? "the key" : `${count} keys`}</button>}
      <span role="status">{said || (count > 0 ? "Opened in this page only: the gateway cannot read them." : "")}</span>
    </div>
  );
}
