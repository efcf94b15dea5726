// SPDX-License-Identifier: Apache-2.0
// What the page makes of sealed values, against tests/vectors/secret.json and scalar.json.
//   node secrets_test.mjs SOURCE MODULES     exit 77: npm's packages are not there
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [source, modules] = process.argv.slice(2).map((p) => resolve(p));
const packages = join(modules, "node_modules");
if (!existsSync(join(packages, "@noble/ciphers"))) {
  console.log("skipped: npm's packages of the page are not installed (./run test does it)");
  process.exit(77);
}
const esbuild = createRequire(join(modules, "x.js"))("esbuild");
const dir = mkdtempSync(join(tmpdir(), "tributary-secrets-"));
try {
  const { outputFiles } = await esbuild.build({
    entryPoints: [join(source, "gateway/http/web/src/secrets.js")],
    bundle: true, format: "esm", platform: "browser", nodePaths: [packages], write: false,
  });
  const file = join(dir, "secrets.mjs");
  writeFileSync(file, outputFiles[0].text);
  const page = await import(pathToFileURL(file));
  const vectors = (name) => JSON.parse(readFileSync(join(source, "tests/vectors", `${name}.json`), "utf8"));
  const bytes = (hex) => Uint8Array.from(hex.match(/../g) || [], (d) => parseInt(d, 16));
  const hex = (b) => Buffer.from(b).toString("hex");
  const base64 = (h) => Buffer.from(h, "hex").toString("base64");
  const only = (key) => { page.forgetKeys(); page.addKey(`tributary-value-key 1 ${key}\n`); };

  const secret = vectors("secret");
  assert.ok(secret.valid.length > 3);
  for (const v of secret.valid) {
    const place = { fleet: v.fleet, type: v.type, key: v.place };
    only(v.key);
    assert.equal(hex(page.openBytes(bytes(v.hex), place)), v.plain, v.name);
    assert.equal(page.openBytes(bytes(v.hex), { ...place, fleet: "other" }), undefined, "another fleet");
    assert.equal(page.openBytes(bytes(v.hex), { ...place, key: v.place + "x" }), undefined, "another key");
    for (let bit = 0; bit < v.hex.length * 4; bit += 5) {
      const bad = bytes(v.hex);
      bad[bit >> 3] ^= 1 << (bit & 7);
      // The first four say that it is one; that is looked at elsewhere.
      if (bit >> 3 >= 4) assert.equal(page.openBytes(bad, place), undefined, `${v.name}, bit ${bit}`);
    }
    only("00".repeat(32));
    assert.equal(page.openBytes(bytes(v.hex), place), undefined, "another's key");
  }
  const element = secret.valid.find((v) => v.name === "an element");
  only(element.key);
  const sealed = { base64: base64(element.hex) };
  assert.ok(page.isSealed(sealed) && page.hasSealed(["x", sealed]) && !page.hasSealed(["x", { base64: "AAAA" }, 3, null]));
  assert.deepEqual(page.openValue(element.fleet, "orset", element.place, ["plain", sealed, { base64: "/w==" }]),
    ["plain", "badge-17", { base64: "/w==" }]);
  page.forgetKeys();
  assert.deepEqual(page.openValue(element.fleet, "orset", element.place, [sealed]), [sealed], "forgotten");
  for (const wrong of ["", "hello", `tributary-value-key 2 ${element.key}`, `tributary-value-key 1 ${element.key.slice(2)}`])
    assert.throws(() => page.addKey(wrong), /no key for values/);

  // A register's plain value reads as in a view.
  const scalars = vectors("scalar").valid;
  assert.ok(scalars.length > 20);
  let compared = 0;
  for (const v of scalars) {
    if (!v.hex || v.json === undefined) continue;
    const wanted = typeof v.json === "string" ? JSON.parse(v.json) : v.json;
    assert.deepEqual(page.scalar(bytes(v.hex)), wanted, `${v.name}: ${v.hex}`);
    compared += 1;
  }
  assert.ok(compared > 20, "scalars were compared");
  console.log(`${secret.valid.length} sealed values and ${compared} scalars: as they should be`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
