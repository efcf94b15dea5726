// SPDX-License-Identifier: Apache-2.0
// Bundles src/ into dist/. With --check: says whether dist/ is what src/ gives, and changes nothing.
//   node build.mjs [--check] [--modules DIR]      DIR holds node_modules; else the folder of this file
import { createRequire } from "node:module";
import { readFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const at = process.argv.indexOf("--modules");
const modules = resolve(at > 0 ? process.argv[at + 1] : here, "node_modules");
const esbuild = createRequire(join(modules, "x.js"))("esbuild");
const check = process.argv.includes("--check");

// The licences of what dist/ is made of stand in it.
const licence = (name) => {
  const { version } = JSON.parse(readFileSync(join(modules, name, "package.json"), "utf8"));
  return `${name} ${version}:\n${readFileSync(join(modules, name, "LICENSE"), "utf8").trim()}`;
};
const banner = `/*! Made by gateway/http/web/build.mjs from src/ (Apache-2.0), which is the form to change.
It holds libraries with these licences:

${licence("preact")}

${licence("uplot")}

${licence("@noble/ciphers")}

${licence("@noble/hashes")} */`;

const { outputFiles } = await esbuild.build({
  absWorkingDir: here,
  entryPoints: { app: "src/main.jsx" },
  outdir: "dist",
  bundle: true,
  format: "esm",
  target: ["es2021", "safari15"],
  jsx: "automatic",
  jsxImportSource: "preact",
  nodePaths: [modules],
  // The sources of the libraries, not what they ship for others: dist/ is to be read.
  alias: {
    "preact/jsx-runtime": join(modules, "preact/jsx-runtime/src/index.js"),
    "preact/hooks": join(modules, "preact/hooks/src/index.js"),
    preact: join(modules, "preact/src/index.js"),
    uplot: join(modules, "uplot/dist/uPlot.esm.js"),
    "uplot.css": join(modules, "uplot/dist/uPlot.min.css"),
  },
  banner: { js: banner },
  legalComments: "inline",
  charset: "utf8",
  write: false,
});

let stale = 0;
for (const { path, text } of outputFiles) {
  // Paths of the machine that bundles are nobody's business.
  const clean = text.replace(/^([ ]*(?:\/\/|\/\*)) .*?node_modules\//gm, "$1 npm:");
  if (!check) {
    const { writeFileSync, mkdirSync } = await import("node:fs");
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, clean);
    console.log(`${path}: ${clean.length} bytes`);
  } else if (readFileSync(path, "utf8") !== clean) {
    stale += 1;
    console.log(`${path} is not what src/ gives: ./run web makes it again`);
  }
}
if (check && stale === 0) console.log("dist/ is what src/ gives");
process.exit(stale === 0 ? 0 : 1);
