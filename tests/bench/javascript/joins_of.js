// SPDX-License-Identifier: Apache-2.0
// The joins of joins_of.cc with delta-crdts. Its joins make a new state, so nothing is copied for them; its registers keep the newest
// write alone, and its G-Set knows no actors.
//
//   node joins_of.js NODE_MODULES gcounter|pncounter|gset|orset|lww SIZE ROUNDS [ACTORS]
'use strict'
const path = require('path')
const [modules, type] = process.argv.slice(2)
const [size, rounds, actors = 10] = process.argv.slice(4).map(Number)
const from = name => Object.assign(Object.create({ changed () {} }), require(path.resolve(modules, 'delta-crdts', 'src', name + '.js')))
const element = i => `element-${String(i).padStart(8, '0')}`
const times = Math.max(1, Math.floor(100000 / size))
const shuffled = i => i * 7919 % size
const range = (first, step) => Array.from({ length: Math.ceil((size - first) / step) }, (_, i) => first + i * step)
const all = range(0, 1)
const sum = elements => [...elements].reduce((s, e) => s + Number(e.slice(8)), 0)

function timed (work, proof) {
  const start = process.cpuUsage()
  let state
  for (let i = 0; i < times; ++i) state = work()
  const used = process.cpuUsage(start)
  console.log(JSON.stringify({ join_s: (used.user + used.system) / 1e6 / times, proof: proof(state) }))
}

const rehearsals = {
  gcounter () {
    const C = from('gcounter')
    const held = new Map(all.map(a => [a, a + 1]))
    const there = new Map(all.map(i => shuffled(i)).map(b => [b, b + 1 + b % 2]))
    return [() => C.join(held, there), s => C.value(s)]
  },
  pncounter () {
    const C = from('pncounter')
    const negative = numbers => new Map(numbers.filter(a => a % 3 > 0).map(a => [a, a % 3]))
    const order = all.map(i => shuffled(i))
    const held = [new Map(all.map(a => [a, a + 1])), negative(all)]
    const there = [new Map(order.map(b => [b, b + 1 + b % 2])), negative(order)]
    return [() => C.join(held, there), s => C.value(s)]
  },
  gset () {
    const S = from('gset')
    const held = new Set(all.filter(i => i % 4 !== 1).map(element))
    const there = new Set(all.filter(i => i % 4 !== 3).map(element))
    return [() => S.join(held, there), s => sum(S.value(s))]
  },
  orset () {
    const S = from('aworset')
    const add = (state, group, i) => S.join(state, S.mutators.add(`actor-${group * actors + i % actors}`, state, element(i)))
    let held = range(0, 2).reduce((s, i) => add(s, 0, i), S.initial())
    let there = held
    for (const i of range(1, 4)) there = add(there, 2, i)
    for (const i of range(3, 4)) held = add(held, 1, i)
    for (const i of range(0, 16)) there = S.join(there, S.mutators.remove('actor-0', there, element(i)))
    return [() => S.join(held, there), s => sum(S.value(s))]
  },
  lww () {
    const R = from('lwwreg')
    return [() => all.reduce((s, i) => R.join(s, [shuffled(i) + 1, '21.5']), R.initial()), s => s[0]]
  }
}

const [work, proof] = rehearsals[type]()
for (let i = 0; i < rounds; ++i) timed(work, proof)
