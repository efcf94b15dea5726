// SPDX-License-Identifier: Apache-2.0
// The joins of joins_of.cc with libraries from npm.
//
//   node joins_of.js NODE_MODULES delta-crdts gcounter|pncounter|gset|orset|lww SIZE ROUNDS [ACTORS]
//   node joins_of.js NODE_MODULES yjs|automerge gset|orset|lww SIZE ROUNDS
//
// delta-crdts: its joins make a new state, so nothing is copied for them; its registers keep the newest write alone, and its G-Set
// knows no actors. automerge and yjs have no sets: there it is a map from the element to true, as their users do, and one replica writes
// for all actors, which is less for them to keep. yjs takes the other's state as it is sent, automerge the other document; the copy that it goes
// into is not counted.
'use strict'
const path = require('path')
const [modules, peer, type] = process.argv.slice(2)
const [size, rounds, actors = 10] = process.argv.slice(5).map(Number)
const from = name => Object.assign(Object.create({ changed () {} }), require(path.resolve(modules, 'delta-crdts', 'src', name + '.js')))
const element = i => `element-${String(i).padStart(8, '0')}`
const times = Math.max(1, Math.floor((peer === 'delta-crdts' ? 100000 : 10000) / size))
const shuffled = i => i * 7919 % size
const range = (first, step) => Array.from({ length: Math.ceil((size - first) / step) }, (_, i) => first + i * step)
const all = range(0, 1)
const sum = elements => [...elements].reduce((s, e) => s + Number(e.slice(8)), 0)

function timed (copy, work, proof) {
  const copies = Array.from({ length: times }, copy)
  const start = process.cpuUsage()
  let state
  for (const replica of copies) state = work(replica)
  const used = process.cpuUsage(start)
  console.log(JSON.stringify({ join_s: (used.user + used.system) / 1e6 / times, proof: proof(state) }))
}

const inPlace = (work, proof) => [() => null, work, proof]

const deltaCrdts = {
  gcounter () {
    const C = from('gcounter')
    const held = new Map(all.map(a => [a, a + 1]))
    const there = new Map(all.map(i => shuffled(i)).map(b => [b, b + 1 + b % 2]))
    return inPlace(() => C.join(held, there), s => C.value(s))
  },
  pncounter () {
    const C = from('pncounter')
    const negative = numbers => new Map(numbers.filter(a => a % 3 > 0).map(a => [a, a % 3]))
    const order = all.map(i => shuffled(i))
    const held = [new Map(all.map(a => [a, a + 1])), negative(all)]
    const there = [new Map(order.map(b => [b, b + 1 + b % 2])), negative(order)]
    return inPlace(() => C.join(held, there), s => C.value(s))
  },
  gset () {
    const S = from('gset')
    const held = new Set(all.filter(i => i % 4 !== 1).map(element))
    const there = new Set(all.filter(i => i % 4 !== 3).map(element))
    return inPlace(() => S.join(held, there), s => sum(S.value(s)))
  },
  orset () {
    const S = from('aworset')
    const add = (state, group, i) => S.join(state, S.mutators.add(`actor-${group * actors + i % actors}`, state, element(i)))
    let held = range(0, 2).reduce((s, i) => add(s, 0, i), S.initial())
    let there = held
    for (const i of range(1, 4)) there = add(there, 2, i)
    for (const i of range(3, 4)) held = add(held, 1, i)
    for (const i of range(0, 16)) there = S.join(there, S.mutators.remove('actor-0', there, element(i)))
    return inPlace(() => S.join(held, there), s => sum(S.value(s)))
  },
  lww () {
    const R = from('lwwreg')
    return inPlace(() => all.reduce((s, i) => R.join(s, [shuffled(i) + 1, '21.5']), R.initial()), s => s[0])
  }
}

// What is there before the replicas part, what is added here and there then, and what is removed there.
const parting = {
  gset: { before: all.filter(i => i % 2 === 0), here: range(3, 4), there: range(1, 4), removed: [] },
  orset: { before: range(0, 2), here: range(3, 4), there: range(1, 4), removed: range(0, 16) }
}

function yjs () {
  const Y = require(path.resolve(modules, 'yjs'))
  const applied = (doc, update) => { Y.applyUpdate(doc, update); return doc }
  if (type === 'lww') { // of two writes that know nothing of each other the higher client's is the newer
    const writes = all.map(i => {
      const doc = new Y.Doc()
      doc.clientID = shuffled(i) + 1
      doc.getMap('register').set('value', shuffled(i) + 1)
      return Y.encodeStateAsUpdate(doc)
    })
    return [() => new Y.Doc(), doc => writes.reduce(applied, doc), doc => doc.getMap('register').get('value')]
  }
  const change = (doc, added, removed = []) => doc.transact(() => {
    for (const i of added) doc.getMap('set').set(element(i), true)
    for (const i of removed) doc.getMap('set').delete(element(i))
  })
  const { before, here, there, removed } = parting[type]
  const one = new Y.Doc()
  change(one, before)
  const other = applied(new Y.Doc(), Y.encodeStateAsUpdate(one))
  change(one, here)
  change(other, there, removed)
  const [held, theirs] = [one, other].map(doc => Y.encodeStateAsUpdate(doc))
  return [() => applied(new Y.Doc(), held), doc => applied(doc, theirs), doc => sum(doc.getMap('set').keys())]
}

function automerge () {
  const A = require(path.resolve(modules, '@automerge/automerge'))
  if (type === 'lww') { // of two writes that know nothing of each other the higher actor's is the newer
    const writes = all.map(i => {
      const actor = (shuffled(i) + 1).toString(16).padStart(8, '0')
      return A.getLastLocalChange(A.change(A.init(actor), doc => { doc.value = shuffled(i) + 1 }))
    })
    return [() => A.init(), doc => writes.reduce((d, write) => A.applyChanges(d, [write])[0], doc), doc => doc.value]
  }
  const change = (doc, added, removed = []) => A.change(doc, d => {
    for (const i of added) d.set[element(i)] = true
    for (const i of removed) delete d.set[element(i)]
  })
  const { before, here, there, removed } = parting[type]
  const one = A.from({ set: Object.fromEntries(before.map(i => [element(i), true])) })
  const other = change(A.clone(one), there, removed)
  const held = change(one, here)
  return [() => A.clone(held), doc => A.merge(doc, other), doc => sum(Object.keys(doc.set))]
}

const rehearsals = { 'delta-crdts': () => deltaCrdts[type](), yjs, automerge }
const [copy, work, proof] = rehearsals[peer]()
for (let i = 0; i < rounds; ++i) timed(copy, work, proof)
