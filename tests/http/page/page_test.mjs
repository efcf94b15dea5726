// SPDX-License-Identifier: Apache-2.0
// The page in real Chromium, with a real broker and real gateways.
//   node page_test.mjs BINARY MODULES [--shots DIR]     exit 77: something to test with is missing
import { createRequire } from "node:module";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { eventually, patience, Site } from "./site.mjs";

const [binary, modules] = process.argv.slice(2).map((p) => resolve(p));
const shots = process.argv.includes("--shots") ? process.argv[process.argv.indexOf("--shots") + 1] : "";
const chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].find(existsSync);
const skip = (why) => { console.log(`skipped: ${why}`); process.exit(77); };
if (!chromium) skip("Chromium is not installed (Debian: chromium)");
if (!existsSync(join(modules, "node_modules/playwright-core"))) skip("npm's playwright-core is not installed (./run test does it)");
const require = createRequire(join(modules, "x.js"));
const { chromium: playwright } = require("playwright-core");
const axe = readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");

let failed = 0;
async function test(name, body) {
  const begin = Date.now();
  try {
    await body();
    console.log(`ok      ${name} (${Date.now() - begin} ms)`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error.stack}`);
  }
}
const expect = (ok, what) => { if (!ok) throw new Error(what); };

const site = new Site(binary);
const browser = await playwright.launch({ executablePath: chromium, args: ["--no-sandbox", "--disable-gpu"] });
const complaints = [];
async function open(url, { width = 1280, height = 800, theme = "light" } = {}) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: theme, bypassCSP: false });
  context.setDefaultTimeout(patience * 15000);
  const page = await context.newPage();
  await page.addInitScript(() => {
    window.shifts = 0;
    new PerformanceObserver((list) => {
      for (const e of list.getEntries()) if (!e.hadRecentInput) window.shifts += e.value;
    }).observe({ type: "layout-shift", buffered: true });
  });
  page.on("pageerror", (e) => complaints.push(`${url}: ${e}`));
  page.on("console", (m) => {
    const expected = /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE|status of 40[14]|status of 503/;
    if (m.type() === "error" && !expected.test(m.text())) complaints.push(`${url}: ${m.text()}`);
  });
  await page.goto(url);
  return page;
}
const connection = (page) => page.getByTestId("connection").innerText();
const says = (page, word, ms = 10000) => eventually(ms, `the page says ${word}`, async () => (await connection(page)).includes(word));

const views = ["values", "key/gcounter/site-0%2Fpulses", "key/orset/site-0%2Falarms", "map", "devices", "peers", "pipeline", "refused", "alerts", "events"];
const keys_many = 10000;
try {
  await site.broker();
  const g1 = await site.gateway("g1");
  const g2 = await site.gateway("g2");
  await site.gateway("g3");
  const load = site.run("fleet", binary, ["simulate", "--broker", site.uri, "--devices", "20", "--rate", "4", "--loss", "0",
    "--gateways", "g1,g2,g3", "--seconds", "300"]);
  load.gone.then((code) => code === 128 || console.log(`the fleet ended with ${code}`));

  await test("values move by themselves", async () => {
    const page = await open(`${g1.url}/#/key/gcounter/site-0%2Fpulses`);
    await says(page, "Live");
    const value = () => page.getByTestId("value").innerText();
    const before = await eventually(15000, "a value", async () => { const v = await value(); return v !== "–" && v; });
    await eventually(15000, `it moves from ${before}`, async () => (await value()) !== before);
    await page.context().close();
  });

  await site.replay("many", Array.from({ length: keys_many }, (_, i) =>
    `hall-${i % 20}/shelf-${String(i).padStart(5, "0")}/parts,gcounter,add,${1 + (i * 7919) % 100000}`));

  await test("10,000 keys are there, and scroll", async () => {
    const page = await open(g1.url);
    await eventually(20000, "all are read", async () => {
      const n = Number((await page.locator(".count").innerText()).split(" of ")[1].replace(/\D/g, ""));
      return n >= keys_many;
    });
    // What the page itself works for a frame, by its thread's clock: how long frames take also depends on what else the machine does.
    const devtools = await page.context().newCDPSession(page);
    await devtools.send("Performance.enable", { timeDomain: "threadTicks" });
    const worked = async () => (await devtools.send("Performance.getMetrics")).metrics.find((m) => m.name === "TaskDuration").value * 1000;
    const before = await worked();
    const frames = await page.evaluate(async () => {
      const box = document.querySelector(".rows-body"), gaps = [];
      let last = performance.now();
      for (let i = 0; i < 120; i += 1) {
        box.scrollTop += 4000;
        await new Promise(requestAnimationFrame);
        const now = performance.now();
        gaps.push(now - last);
        last = now;
      }
      gaps.sort((a, b) => a - b);
      return { p50: gaps[60], p95: gaps[114], rows: document.querySelectorAll(".row").length, top: box.scrollTop };
    });
    const work = (await worked() - before) / 120;
    console.log(`        frames while scrolling ${keys_many} keys: p50 ${frames.p50.toFixed(1)} ms, p95 ${frames.p95.toFixed(1)} ms, of which ${work.toFixed(1)} ms are work; ${frames.rows} rows in the page`);
    expect(frames.rows < 60, `${frames.rows} rows are in the page: only what is seen should be`);
    expect(frames.top > 400000, `it scrolled to ${frames.top} only`);
    expect(work > 0 && work < 50, `scrolling jerks: ${work} ms of work for a frame`);
    await page.locator(".rows-body").evaluate((box) => { box.scrollTop = box.scrollHeight; });
    await eventually(5000, "the last key shows", async () => (await page.locator(".row .key").last().innerText()).startsWith("site-"));
    await page.keyboard.press("/");
    await page.keyboard.type("shelf-04242");
    await eventually(5000, "one is found", async () => (await page.locator(".value-row").count()) === 1);
    await page.locator(".value-row a").focus();
    await page.keyboard.press("Enter");
    await eventually(5000, "its page opens", async () => (await page.locator("h1").innerText()).includes("shelf-04242"));
    await page.context().close();
  });

  await site.replay("places", [["yard/gate", 52.5186, 13.4083], ["yard/mill", 52.521, 13.4132], ["plant/boiler", 52.5169, 13.4026]]
    .flatMap(([place, lat, lon]) => [`${place}/lat,lww,set,${lat}`, `${place}/lon,lww,set,${lon}`, `${place}/temperature,lww,set,${20 + lat % 1}`]));

  await test("a key's history is drawn, for each time", async () => {
    const page = await open(`${g1.url}/#/key/gcounter/site-0%2Fpulses`);
    await says(page, "Live");
    await eventually(30000, "the gateway has a history", async () => (await fetch(`${g1.url}/api/v1/history?key=site-0%2Fpulses&type=gcounter`)).ok);
    for (const [time, says] of [["1 hour", "as it was written"], ["1 day", "by minutes"], ["30 days", "by hours"], ["Live", "What this page saw"]]) {
      await page.getByRole("button", { name: time, exact: true }).click();
      await eventually(10000, `it says ${says}`, async () => (await page.locator(".history-note").innerText()).includes(says));
      expect((await page.getByRole("button", { name: time, exact: true }).getAttribute("aria-pressed")) === "true", "it is marked");
    }
    await page.getByRole("button", { name: "1 hour", exact: true }).click();
    await eventually(10000, "a curve is drawn", async () => page.evaluate(() => {
      const canvas = document.querySelector(".chart canvas"); // made when the answer with the points is here
      if (!canvas) return false;
      const wanted = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
      const rgb = [1, 3, 5].map((i) => parseInt(wanted.slice(i, i + 2), 16));
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let hits = 0;
      for (let i = 0; i < data.length; i += 4) if (rgb.every((c, n) => Math.abs(data[i + n] - c) < 12)) hits += 1;
      return hits > 50;
    }));
    if (shots) await page.screenshot({ path: join(shots, "history-1280.png") });
    await page.context().close();
  });

  await test("a device shows whom it was heard through and what was refused", async () => {
    await site.publish("tributary/v1/demo/up/stranger-1", "no envelope");
    const page = await open(`${g1.url}/#/devices`);
    await eventually(20000, "the stranger is named", async () => (await page.locator(".strangers").count()) === 1);
    await page.locator(".strangers summary").click();
    expect((await page.locator(".strangers li").first().innerText()).includes("stranger-1 1 × malformed"), "with its reason");
    await eventually(20000, "a peer passed something on", async () =>
      (await page.locator(".device-row .heard").allInnerTexts()).some((t) => /g[23]/.test(t)));
    await page.context().close();
  });

  await test("what has a position is on the map, which moves", async () => {
    const page = await open(`${g1.url}/#/map`);
    await says(page, "Live");
    await eventually(20000, "three places", async () => (await page.locator(".map circle").count()) === 3);
    const where = () => page.locator(".map circle").first().getAttribute("cx");
    const before = await where();
    await page.getByRole("button", { name: "Closer" }).click();
    await eventually(5000, "closer", async () => (await where()) !== before || (await page.locator(".map circle").count()) < 3);
    await page.getByRole("button", { name: "Show all" }).click();
    await eventually(5000, "all", async () => (await where()) === before);
    await page.locator(".map").focus();
    await page.keyboard.press("ArrowLeft");
    await eventually(5000, "moved by keyboard", async () => (await where()) !== before);
    await page.context().close();
  });

  for (const width of [1280, 390]) {
    for (const theme of ["light", "dark"]) {
      await test(`every view at ${width} px, ${theme}: fits, does not jump, axe finds no serious fault`, async () => {
        const page = await open(g1.url, { width, height: width === 390 ? 844 : 800, theme });
        await says(page, "Live");
        for (const view of views) {
          await page.goto(`${g1.url}/#/${view}`);
          await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
          const begun = await page.evaluate(() => window.shifts);
          await page.waitForFunction(() => !/Reading the|Waiting for the gateway/.test(document.querySelector("main").innerText));
          await eventually(5000, "a second sample", async () => page.evaluate(() => performance.now() > 2500));
          // Frames, with live data coming in: what moves in them is a shift.
          await page.evaluate(() => new Promise((done) => {
            let left = 24;
            const frame = () => (--left > 0 ? requestAnimationFrame(frame) : done());
            requestAnimationFrame(frame);
          }));
          const shifts = await page.evaluate(() => window.shifts) - begun;
          expect(shifts < 0.05, `${view}: layout shifts add up to ${shifts}`);
          const wide = await page.evaluate(() => document.documentElement.scrollWidth);
          expect(wide <= width, `${view} is ${wide} px wide`);
          await page.evaluate((source) => { if (!window.axe) (0, eval)(source); }, axe).catch(async () => page.addScriptTag({ content: axe }));
          const result = await page.evaluate(() => window.axe.run(document, { resultTypes: ["violations"] }));
          const serious = result.violations.filter((v) => ["serious", "critical"].includes(v.impact));
          expect(serious.length === 0, `${view}: ${serious.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html + " " + n.failureSummary).join(" | ")}`).join("; ")}`);
          if (shots) {
            mkdirSync(shots, { recursive: true });
            await page.screenshot({ path: join(shots, `${view.split("/").slice(0, 2).join("-")}-${width}-${theme}.png`) });
          }
        }
        await page.context().close();
      });
    }
  }

  await test("a peer that dies is shown as unreachable", async () => {
    const page = await open(`${g2.url}/#/peers`);
    // By its name alone: a row's text can have "g3" elsewhere ("moving" and "3 of 64 buckets").
    const row = page.locator("tr", { has: page.getByRole("rowheader", { name: "g3", exact: true }) });
    await eventually(30000, "g3 is in step", async () => /in step|moving|behind/.test(await row.innerText()));
    site.signal("g3", "SIGKILL");
    await eventually(30000, "g3 is unreachable", async () => (await row.innerText()).includes("unreachable"));
    if (shots) await page.screenshot({ path: join(shots, "peers-unreachable-1280.png") });
    await page.context().close();
  });

  await test("a gateway that dies: the page says so, and comes back with it", async () => {
    const page = await open(`${g1.url}/#/values`);
    await says(page, "Live");
    site.signal("g1", "SIGKILL");
    await says(page, "Disconnected", 5000);
    if (shots) await page.screenshot({ path: join(shots, "lost-1280.png") });
    await site.gateway("g1", [], g1.port);
    await says(page, "Live", 15000);
    await page.context().close();
  });

  await test("a gateway that hangs: the page says that it is stale", async () => {
    const page = await open(`${g1.url}/#/pipeline`);
    await says(page, "Live");
    site.signal("g1", "SIGSTOP");
    await says(page, "Stale", 10000);
    site.signal("g1", "SIGCONT");
    await says(page, "Live", 15000);
    await page.context().close();
  });

  await test("sealed values open with their key, in the page alone", async () => {
    const key = join(site.dir, "hall.key"), other = join(site.dir, "other.key");
    for (const file of [key, other])
      expect(await site.run("key", binary, ["fleet", "value-key", file]).gone === 0, "a key is made");
    await site.replay("sealing", ["vault/badges,orset,insert,badge-17", "vault/badges,orset,insert,badge-18", "vault/temperature,lww,set,21.5"],
      ["--value-key", `vault/=${key}`]);
    const page = await open(`${g1.url}/#/key/orset/vault%2Fbadges`);
    await says(page, "Live");
    const asked = [];
    page.on("request", (r) => asked.push(`${r.url()} ${r.postData() || ""}`));
    const text = () => page.locator("main").innerText();
    await eventually(15000, "it is shown as sealed", async () => /Some values are sealed/.test(await text()) && /base64/.test(await text()));
    const input = page.locator(".unlock input[type=file]");
    await input.setInputFiles(other);
    await eventually(5000, "another's key opens nothing", async () => /Forget the key/.test(await text()) && !/badge-17/.test(await text()));
    await input.setInputFiles(key);
    await eventually(5000, "its own opens", async () => /badge-17/.test(await text()) && /badge-18/.test(await text()) && !/base64/.test(await text()));
    if (shots) await page.screenshot({ path: join(shots, "sealed-opened.png") });
    await page.goto(`${g1.url}/#/key/lww/vault%2Ftemperature`);
    await eventually(5000, "the reading is a number", async () => (await page.getByTestId("value").innerText()) === "21.5");
    await page.getByRole("button", { name: "Forget 2 keys" }).click();
    await eventually(5000, "forgotten", async () => /Some values are sealed/.test(await text()));
    await input.setInputFiles({ name: "x", mimeType: "text/plain", buffer: Buffer.from("hello") });
    await eventually(5000, "a file that is none is said", async () => /no key for values/.test(await text()));
    const secret = readFileSync(key, "utf8").trim().split(" ").pop();
    expect(asked.every((r) => !r.includes(secret)), "the key goes nowhere");
    expect(await page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage })).then((kept) => !kept.includes(secret)), "nor is it kept");
    await page.context().close();
  });

  await test("a token is asked for, and opens", async () => {
    const { writeFileSync } = await import("node:fs");
    const secret = join(site.dir, "token");
    writeFileSync(secret, "correct-horse-battery-staple\n");
    const g4 = await site.gateway("g4", ["--set", `http.token_file=${secret}`]);
    const page = await open(g4.url);
    await says(page, "token");
    await page.locator("input[type=password]").fill("correct-horse-battery-staple");
    await page.keyboard.press("Enter");
    await says(page, "Live");
    // Another token, at a reload: who watches is let go, and asked for it.
    writeFileSync(secret, "another-horse-another-staple\n");
    site.signal("g4", "SIGHUP");
    await says(page, "token", 20000);
    await page.locator("input[type=password]").fill("another-horse-another-staple");
    await page.keyboard.press("Enter");
    await says(page, "Live");

    await site.publish("tributary/v1/demo/up/stranger-2", "no envelope");
    await site.publish("tributary/v1/demo/up/stranger-3", "none, too");
    await page.goto(`${g4.url}/#/refused`);
    const letters = page.locator(".letter");
    await eventually(20000, "two letters are listed", async () => (await letters.count()) === 2);
    expect((await letters.first().innerText()).includes("stranger-3"), "the newest first");
    if (shots) await page.screenshot({ path: join(shots, "refused-token-1280.png") });
    const said = () => page.locator(".said").innerText();
    await letters.first().getByRole("button", { name: "again" }).click();
    await eventually(10000, "it is refused again, and why is said", async () => /stays: ./.test(await said()));
    await letters.first().getByRole("button", { name: "Forget" }).click();
    expect((await letters.count()) === 2, "asks once more");
    await letters.first().getByRole("button", { name: "Really?" }).click();
    await eventually(10000, "one is left", async () => (await letters.count()) === 1 && /1 forgotten/.test(await said()));
    await page.getByRole("button", { name: "Forget all" }).click();
    await page.getByRole("button", { name: "Really all?" }).click();
    await eventually(10000, "none is left", async () => (await letters.count()) === 0);
    await page.context().close();
  });

  await test("without a token refused messages are listed and nothing more", async () => {
    await site.publish("tributary/v1/demo/up/stranger-4", "no envelope");
    const page = await open(`${g2.url}/#/refused`);
    await eventually(20000, "it is listed", async () => /stranger-4/.test(await page.locator("main").innerText()));
    expect((await page.locator(".letter button").count()) === 0, "no buttons that would not work");
    await page.context().close();
  });

  await test("nothing was complained about in the console", async () => {
    expect(complaints.length === 0, complaints.slice(0, 10).join("\n"));
  });
} catch (error) {
  failed += 1;
  console.log(`FAILED  ${error.stack}`);
} finally {
  await browser.close();
  await site.end();
}
console.log(failed === 0 ? "all passed" : `${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
