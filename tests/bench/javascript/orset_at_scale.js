// SPDX-License-Identifier: Apache-2.0
// The history of orset_at_scale.cc with data types from npm.
//
//   node orset_at_scale.js NODE_MODULES automerge|yjs|delta-crdts ELEMENTS OPERATIONS
//
// automerge and yjs have no set: there it is a map from the element to true, as their users do; and one replica writes for all ten
// actors, which is less for them to keep. The elements that are there before anything is measured come in one change.
'use strict'
const path = require('path')
const [modules, peer, elements, operations] = [process.argv[2], process.argv[3], Number(process.argv[4]), Number(process.argv[5])]
const from = name => require(path.resolve(modules, name))
const element = i => `element-${String(i).padStart(8, '0')}`

const peers = {
  automerge () {
    const A = from('@automerge/automerge')
    const keys = doc => Object.keys(doc.set)
    return {
      start: names => A.from({ set: Object.fromEntries(names.map(n => [n, true])) }),
      copy: doc => A.clone(doc),
      empty: () => A.init(),
      add: (doc, name) => { const next = A.change(doc, d => { d.set[name] = true }); return [next, A.getLastLocalChange(next)] },
      remove: (doc, name) => { const next = A.change(doc, d => { delete d.set[name] }); return [next, A.getLastLocalChange(next)] },
      apply: (doc, change) => A.applyChanges(doc, [change])[0],
      whole: doc => A.save(doc),
      join: (doc, bytes) => A.load(bytes),
      keys
    }
  },
  yjs () {
    const Y = from('yjs')
    const change = (doc, work) => {
      let update
      const hear = u => { update = u }
      doc.on('update', hear)
      work(doc.getMap('set'))
      doc.off('update', hear)
      return [doc, update]
    }
    const apply = (doc, update) => { Y.applyUpdate(doc, update); return doc }
    return {
      start: names => { const doc = new Y.Doc(); doc.transact(() => names.forEach(n => doc.getMap('set').set(n, true))); return doc },
      copy: doc => apply(new Y.Doc(), Y.encodeStateAsUpdate(doc)),
      empty: () => new Y.Doc(),
      add: (doc, name) => change(doc, map => map.set(name, true)),
      remove: (doc, name) => change(doc, map => map.delete(name)),
      apply,
      whole: doc => Y.encodeStateAsUpdate(doc),
      join: apply,
      keys: doc => [...doc.getMap('set').keys()]
    }
  },
  'delta-crdts' () {
    const S = require(path.resolve(modules, 'delta-crdts', 'src', 'aworset.js'))
    let writer = 0
    const mutate = (what, state, name) => {
      const delta = S.mutators[what](`actor-${writer++ % 10}`, state, name)
      return [S.join(state, delta), delta]
    }
    return {
      start: names => names.reduce((state, name) => mutate('add', state, name)[0], S.initial()),
      copy: state => S.join(state, S.initial()),
      empty: () => S.initial(),
      add: (state, name) => mutate('add', state, name),
      remove: (state, name) => { // the deltas of its removals take nothing away elsewhere (0.10.3): whole states are sent
        const next = mutate('remove', state, name)[0]
        return [next, next]
      },
      apply: (state, delta) => S.join(state, delta),
      whole: state => state,
      join: (state, other) => S.join(state, other),
      keys: state => [...S.value(state)]
    }
  }
}

function seconds (work) {
  const start = process.cpuUsage()
  work()
  const used = process.cpuUsage(start)
  return (used.user + used.system) / 1e6
}

const of = peers[peer]()
let first = of.start(Array.from({ length: elements }, (_, i) => element(i)))
let second = of.copy(first)
let third = of.empty()
const change = (what, name) => { const [next, delta] = of[what](first, name); first = next; return delta }
const apply = delta => { second = of.apply(second, delta) }
const said = []; const unsaid = []
const out = {}
out.add_s = seconds(() => { for (let i = 0; i < operations; ++i) said.push(change('add', element(elements + i))) })
out.apply_s = seconds(() => said.forEach(apply))
out.remove_s = seconds(() => { for (let i = 0; i < operations; ++i) unsaid.push(change('remove', element(i))) })
out.apply_removal_s = seconds(() => unsaid.forEach(apply))
const whole = of.whole(second)
out.join_s = seconds(() => { third = of.join(third, whole) })
const left = of.keys(third)
out.size = left.length
out.sum = left.reduce((sum, e) => sum + Number(e.slice(8)), 0)
console.log(JSON.stringify(out))
process.exit(of.keys(first).length === left.length && of.keys(second).length === left.length ? 0 : 1)
