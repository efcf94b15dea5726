// SPDX-License-Identifier: Apache-2.0
// What a user would write instead of a gateway: mqtt.js and better-sqlite3, each message as it came into a table.
//
//   node node_gateway.js PORT NODE_MODULES MESSAGES commit-first|ack-first DATABASE
//
// commit-first  a transaction at synchronous=FULL for each message; the PUBACK follows it
// ack-first     the PUBACK goes out at once; what has come is committed every 50 ms. A crash loses what was acknowledged
//
// Says "ready" on stdout, and "x" on bench/done when so many messages were acknowledged. It decodes, joins and answers nothing:
// less than a gateway does.
'use strict'
const path = require('path')

const [port, modules, messages, order, database] = process.argv.slice(2)
const mqtt = require(path.resolve(modules, 'mqtt'))
const Database = require(path.resolve(modules, 'better-sqlite3'))

const db = new Database(database)
db.pragma('journal_mode = WAL')
db.pragma('synchronous = FULL')
db.exec('CREATE TABLE readings (id INTEGER PRIMARY KEY, topic TEXT NOT NULL, payload BLOB NOT NULL)')
const insert = db.prepare('INSERT INTO readings (topic, payload) VALUES (?, ?)')
const insertAll = db.transaction(rows => { for (const [topic, payload] of rows) insert.run(topic, payload) })

const client = mqtt.connect(`mqtt://127.0.0.1:${port}`, { clientId: 'node', protocolVersion: 5, clean: true })
let heard = 0
let waiting = []

function commit () {
  const rows = waiting
  waiting = []
  if (rows.length > 0) insertAll(rows)
}
if (order === 'ack-first') setInterval(commit, 50)

client.on('message', (topic, payload) => { // mqtt.js sends the PUBACK when the listeners have returned
  if (topic === 'bench/done') return
  if (order === 'ack-first') waiting.push([topic, payload])
  else insert.run(topic, payload)
  if (++heard === Number(messages)) client.publish('bench/done', 'x', { qos: 1 })
})
client.on('connect', () => client.subscribe('tributary/v1/bench/up/+', { qos: 1 }, () => console.log('ready')))
process.on('SIGTERM', () => {
  commit()
  db.close()
  process.exit(0)
})
