// SPDX-License-Identifier: Apache-2.0
// Values that only holders of a key read (docs/protocol.md section 14). They are opened here, in the
// page: a key is read from its file into this page's memory, and goes nowhere else, not even to the
// next visit.
import { xchacha20poly1305 } from "@noble/ciphers/chacha.js";
import { blake2b } from "@noble/hashes/blake2.js";

const head = "tributary-value-key 1 ";
const magic = "dHN2M";  // how "tsv1" begins in base64
const opened_max = 50000;
const types = { gset: 3, orset: 4, lww: 5 };
const utf8 = new TextEncoder(), strict = new TextDecoder("utf-8", { fatal: true });

const keys = [];
const opened = new Map();  // what was opened, and what no key opens (undefined)

export const keyCount = () => keys.length;
export const isSealed = (value) =>
  typeof value?.base64 === "string" && value.base64.startsWith(magic);
export const hasSealed = (value) => (Array.isArray(value) ? value.some(isSealed) : isSealed(value));

const keyed = (name, key) => blake2b(utf8.encode(`tributary/1 value ${name}`), { dkLen: 32, key });

// The text of a file that `tributary fleet value-key` made.
export function addKey(text) {
  const hex = text.trimEnd();
  if (!hex.startsWith(head) || !/^[0-9a-f]{64}$/.test(hex.slice(head.length)))
    throw new Error("That is no key for values: `tributary fleet value-key FILE` makes one.");
  const bytes = Uint8Array.from(hex.slice(head.length).match(/../g), (d) => parseInt(d, 16));
  const id = keyed("id", bytes).slice(0, 8);
  if (keys.some((k) => same(k.id, id))) return;
  keys.push({ id, cipher: keyed("cipher", bytes) });
  opened.clear();
}

export function forgetKeys() {
  keys.length = 0;
  opened.clear();
}

const same = (a, b) => a.every((byte, i) => byte === b[i]);

// The plain bytes; undefined: no key that is held opens it there.
export function openBytes(sealed, { fleet, type, key }) {
  if (sealed.length < 52) return undefined;
  const with_ = keys.find((k) => same(k.id, sealed.subarray(4, 12)));
  if (!with_) return undefined;
  const where = [utf8.encode(`tributary/1 value ${fleet}\n`), Uint8Array.of(type), utf8.encode(key)];
  const data = new Uint8Array(where.reduce((n, part) => n + part.length, 0));
  where.reduce((at, part) => (data.set(part, at), at + part.length), 0);
  try {
    return xchacha20poly1305(with_.cipher, sealed.subarray(12, 36), data).decrypt(sealed.subarray(36));
  } catch { return undefined; }
}

const base64Of = (bytes) => btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(""));
const bytesOf = (base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

// As gateways show them: text, or {"base64": …}.
function shownBytes(bytes) {
  try { return strict.decode(bytes); } catch { return { base64: base64Of(bytes) }; }
}

const shownFloat = (n) => (Number.isFinite(n) ? n : String(n));
const shownInteger = (n) => (n >= -(2n ** 53n) && n <= 2n ** 53n ? Number(n) : String(n));

// A register's value, in MessagePack (docs/protocol.md section 3).
export function scalar(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const lead = bytes[0];
  if (lead < 0x80) return lead;
  if (lead >= 0xe0) return lead - 256;
  if (lead >= 0xa0 && lead < 0xc0) return shownBytes(bytes.subarray(1));
  switch (lead) {
    case 0xc0: return null;
    case 0xc2: return false;
    case 0xc3: return true;
    case 0xca: return shownFloat(view.getFloat32(1));
    case 0xcb: return shownFloat(view.getFloat64(1));
    case 0xcc: return view.getUint8(1);
    case 0xcd: return view.getUint16(1);
    case 0xce: return view.getUint32(1);
    case 0xcf: return shownInteger(view.getBigUint64(1));
    case 0xd0: return view.getInt8(1);
    case 0xd1: return view.getInt16(1);
    case 0xd2: return view.getInt32(1);
    case 0xd3: return shownInteger(view.getBigInt64(1));
    case 0xc4: return { base64: base64Of(bytes.subarray(2)) };
    case 0xc5: return { base64: base64Of(bytes.subarray(3)) };
    case 0xc6: return { base64: base64Of(bytes.subarray(5)) };
    case 0xd9: return shownBytes(bytes.subarray(2));
    case 0xda: return shownBytes(bytes.subarray(3));
    case 0xdb: return shownBytes(bytes.subarray(5));
    default: return { base64: base64Of(bytes) };
  }
}

function openOne(value, place) {
  if (!isSealed(value)) return value;
  const name = `${place.fleet}\n${place.type}\n${place.key}\n${value.base64}`;
  if (!opened.has(name)) {
    if (opened.size >= opened_max) opened.clear();
    const plain = openBytes(bytesOf(value.base64), place);
    opened.set(name, plain && (place.type === types.lww ? scalar(plain) : shownBytes(plain)));
  }
  const plain = opened.get(name);
  return plain === undefined ? value : plain;
}

// The value as holders of the keys see it; what no key opens stays as it is.
export function openValue(fleet, type, key, value) {
  if (keys.length === 0 || !types[type]) return value;
  const place = { fleet, type: types[type], key };
  return Array.isArray(value) ? value.map((one) => openOne(one, place)) : openOne(value, place);
}
