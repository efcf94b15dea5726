// SPDX-License-Identifier: Apache-2.0
// Replays histories with the add-wins OR-Set and PN-Counter of delta-crdts (npm) and compares what every
// replica shows with what the history says that ours showed, step by step.
//
//   oracle_histories --through crdt --seed 1 --count 1000 | node replay.js NODE_MODULES [--planted RULE]
//
// RULE (overwrite, removal, sum) breaks one rule here, to show that a difference is found.
'use strict'
const path = require('path')
const readline = require('readline')

const types = path.join(path.resolve(process.argv[2]), 'delta-crdts', 'src')
const Set_ = require(path.join(types, 'aworset.js'))
const Counter = require(path.join(types, 'pncounter.js'))
const planted = process.argv[3] === '--planted' ? process.argv[4] : ''

class Replica {
  constructor (id) {
    this.id = id
    this.set = Set_.initial()
    this.counter = Counter.initial()
    this.removed = new Set() // the planted rule 'removal': it wins over concurrent adds
    this.surplus = 0 // 'sum': a message counts each time it arrives
  }

  add (element) {
    this.set = Set_.join(this.set, Set_.mutators.add(this.id, this.set, element))
    this.removed.delete(element)
  }

  remove (element) {
    this.set = Set_.join(this.set, Set_.mutators.remove(this.id, this.set, element))
    this.removed.add(element)
  }

  count (what, amount) {
    for (let i = 0; i < amount; ++i) {
      this.counter = Counter.join(this.counter, Counter.mutators[what](this.id, this.counter))
    }
  }

  send () { // its mutators change the state in place
    const copy = Set_.join(this.set, Set_.initial())
    return { set: copy, counter: this.counter, removed: new Set(this.removed), surplus: this.surplus }
  }

  take (m) {
    if (planted === 'overwrite') return Object.assign(this, m, { removed: new Set(m.removed) })
    const before = Counter.value(this.counter)
    this.set = Set_.join(this.set, m.set)
    this.counter = Counter.join(this.counter, m.counter)
    if (planted === 'removal') m.removed.forEach(e => this.removed.add(e))
    if (planted === 'sum' && Counter.value(this.counter) === before) ++this.surplus
  }

  shows () {
    const elements = [...Set_.value(this.set)].filter(e => planted !== 'removal' || !this.removed.has(e)).sort()
    return `${Counter.value(this.counter) + this.surplus} ${elements.join(',') || '-'}`
  }
}

function stop (code, ...lines) {
  process.stdout.write(lines.join('\n') + '\n', () => process.exit(code))
}

async function main () {
  let histories = 0; let compared = 0; let ended = false
  let seed, lines, replicas, messages
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const [what, first, second, third] = line.split(' ')
    if (what === 'end') {
      ended = true
      continue
    }
    if (what === 'history') {
      seed = first
      lines = []
      messages = new Map()
      replicas = Array.from({ length: Number(second) }, (_, i) => new Replica(`replica-${i}`))
      ++histories
      continue
    }
    lines.push(line)
    const r = replicas[Number(first)]
    if (what === 'add') r.add(second)
    else if (what === 'remove') r.remove(second)
    else if (what === 'up') r.count('inc', Number(second))
    else if (what === 'down') r.count('dec', Number(second))
    else if (what === 'send') messages.set(second, r.send())
    else if (what === 'take') r.take(messages.get(second))
    else if (what === 'shows') {
      ++compared
      if (r.shows() === `${second} ${third}`) continue
      return stop(1, ...lines.map(l => '  ' + l), `differs: history ${seed} step ${lines.length}: replica ${first}`,
        `  ours shows    ${second} ${third}`, `  delta-crdts'  ${r.shows()}`)
    } else return stop(2, `not a history: ${line}`)
  }
  if (!ended) return stop(2, 'not a history: it breaks off')
  stop(0, `${histories} histories, ${compared} values compared: equal`)
}

main()
