// SPDX-License-Identifier: Apache-2.0
// A broker, gateways and devices as real processes for the page's test. All end with it.
import { spawn } from "node:child_process";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

export async function freePort() {
  const server = createServer();
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// `ms` is ample on a machine that does nothing else; one that runs other tests besides gets `patience` times that.
export const patience = 4;
export async function eventually(ms, what, condition) {
  const deadline = Date.now() + patience * ms;
  for (;;) {
    const got = await condition();
    if (got) return got;
    if (Date.now() > deadline) throw new Error(`not within ${patience} x ${ms} ms: ${what}`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

export class Site {
  constructor(binary) {
    this.binary = binary;
    this.dir = mkdtempSync(join(tmpdir(), "tributary-page-"));
    this.children = new Map();
  }

  run(name, program, args) {
    const log = openSync(join(this.dir, `${name}.log`), "a");
    const child = spawn(program, args, { stdio: ["ignore", log, log] });
    child.gone = new Promise((done) => child.on("exit", (code) => done(code ?? 128)));
    this.children.set(name, child);
    return child;
  }

  async broker() {
    this.port = await freePort();
    const file = join(this.dir, "mosquitto.conf");
    writeFileSync(file, `listener ${this.port} 127.0.0.1\nallow_anonymous true\npersistence false\n`
      + "max_queued_messages 100000\nmessage_size_limit 1048576\n");
    this.run("broker", "mosquitto", ["-c", file]);
    this.uri = `mqtt://127.0.0.1:${this.port}`;
  }

  // One message, by hand: MQTT 3.1.1, QoS 0.
  async publish(topic, payload) {
    const text = (s) => Buffer.concat([Buffer.from([s.length >> 8, s.length & 255]), Buffer.from(s)]);
    const packet = (kind, body) => Buffer.concat([Buffer.from([kind, body.length]), body]);  // of at most 127 bytes
    const socket = connect(this.port, "127.0.0.1");
    const ended = new Promise((done, failed) => socket.on("close", done).on("error", failed));
    socket.write(packet(0x10, Buffer.concat([text("MQTT"), Buffer.from([4, 2, 0, 30]), text("page-test")])));
    await new Promise((done) => socket.once("data", done));
    socket.end(Buffer.concat([packet(0x30, Buffer.concat([text(topic), Buffer.from(payload)])), Buffer.from([0xe0, 0])]));
    await ended;
  }

  async gateway(id, more = [], port = 0) {
    const http = port || await freePort();
    this.run(id, this.binary, ["gateway", "--set", `gateway.id=${id}`, "--set", `gateway.data_dir=${join(this.dir, id)}`,
      "--set", `broker.uri=${this.uri}`, "--set", "broker.reconnect_max_ms=1000", "--set", `http.listen=127.0.0.1:${http}`, ...more]);
    const url = `http://127.0.0.1:${http}`;
    await eventually(20000, `${id} is ready`, async () => {
      try { return (await fetch(`${url}/readyz`)).ok; } catch { return false; }
    });
    return { id, url, port: http };
  }

  // Rows of "key,type,operation,value" as a device.
  async replay(device, rows, more = []) {
    const file = join(this.dir, `${device}.csv`);
    writeFileSync(file, "timestamp,key,type,operation,value\n" + rows.map((r, i) => `${Date.now() - 1000 + i / rows.length | 0},${r}`).join("\n") + "\n");
    const child = this.run(`replay-${device}`, this.binary,
      ["device", "replay", file, "--id", device, "--speed", "0", "--drain-ms", "60000", "--broker", this.uri, ...more]);
    const code = await child.gone;
    if (code !== 0) throw new Error(`replay ended with ${code}: see ${this.dir}`);
  }

  signal(name, signal) {
    this.children.get(name).kill(signal);
  }

  async end() {
    for (const child of this.children.values()) {
      if (child.exitCode === null && child.signalCode === null) { child.kill("SIGCONT"); child.kill("SIGKILL"); }
    }
    await Promise.all([...this.children.values()].map((c) => c.gone));
    rmSync(this.dir, { recursive: true, force: true });
  }
}
