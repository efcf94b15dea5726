// SPDX-License-Identifier: Apache-2.0
//! The joins of joins_of.cc with rust-crdt's types. Its registers keep the newest write alone, ours each actor's.
//!
//!     joins-of gcounter|pncounter|gset|orset|lww SIZE ROUNDS [ACTORS]
//!
//! Its G-Set knows no actors.
use crdts::{pncounter, CmRDT, CvRDT, Dot, GCounter, GSet, LWWReg, Orswot, PNCounter};
use std::convert::TryFrom;

mod clock;
use clock::cpu_seconds;

const ITEMS_OF_A_ROUND: usize = 100_000;

fn element(i: usize) -> String {
    format!("element-{:08}", i)
}

fn number(element: &str) -> u64 {
    element[8..].parse().expect("a number")
}

fn times(size: usize) -> usize {
    std::cmp::max(1, ITEMS_OF_A_ROUND / size)
}

fn shuffled(i: usize, size: usize) -> u32 {
    u32::try_from(i * 7919 % size).expect("32 bits")
}

fn say(seconds: f64, size: usize, proof: impl std::fmt::Display) {
    println!("{{\"join_s\":{:.9},\"proof\":{}}}", seconds / times(size) as f64, proof);
}

fn join<T: CvRDT + Clone, P: std::fmt::Display>(held: &T, there: &T, size: usize, proof: impl Fn(&T) -> P) {
    let mut replicas = vec![held.clone(); times(size)];
    let others = vec![there.clone(); times(size)];
    let start = cpu_seconds();
    for (replica, other) in replicas.iter_mut().zip(others) {
        replica.merge(other);
    }
    let seconds = cpu_seconds() - start;
    say(seconds, size, proof(&replicas[0]));
}

fn gcounter(size: usize) {
    let (mut held, mut there) = (GCounter::new(), GCounter::new());
    for i in 0..size {
        let (a, b) = (i as u32, shuffled(i, size));
        held.apply(Dot::new(a, u64::from(a) + 1));
        there.apply(Dot::new(b, u64::from(b) + 1 + u64::from(b % 2)));
    }
    join(&held, &there, size, |c| c.read());
}

fn pncounter(size: usize) {
    let (mut held, mut there) = (PNCounter::new(), PNCounter::new());
    let count = |c: &mut PNCounter<u32>, a: u32, up: u64, down: u64| {
        c.apply(pncounter::Op { dot: Dot::new(a, up), dir: pncounter::Dir::Pos });
        if down > 0 {
            c.apply(pncounter::Op { dot: Dot::new(a, down), dir: pncounter::Dir::Neg });
        }
    };
    for i in 0..size {
        let (a, b) = (i as u32, shuffled(i, size));
        count(&mut held, a, u64::from(a) + 1, u64::from(a % 3));
        count(&mut there, b, u64::from(b) + 1 + u64::from(b % 2), u64::from(b % 3));
    }
    join(&held, &there, size, |c| c.read());
}

fn gset(size: usize) {
    let (mut held, mut there) = (GSet::new(), GSet::new());
    for i in 0..size {
        if i % 4 != 1 {
            held.insert(element(i));
        }
        if i % 4 != 3 {
            there.insert(element(i));
        }
    }
    join(&held, &there, size, |s| s.read().iter().map(|e| number(e)).sum::<u64>());
}

fn orset(size: usize, actors: usize) {
    type Set = Orswot<String, u32>;
    let (mut held, mut there) = (Set::new(), Set::new());
    let add = |set: &mut Set, group: usize, i: usize| {
        let actor = u32::try_from(group * actors + i % actors).expect("32 bits");
        let op = set.add(element(i), set.read_ctx().derive_add_ctx(actor));
        set.apply(op.clone());
        op
    };
    for i in (0..size).step_by(2) {
        there.apply(add(&mut held, 0, i));
    }
    for i in (1..size).step_by(2) {
        if i % 4 == 1 {
            add(&mut there, 2, i);
        } else {
            add(&mut held, 1, i);
        }
    }
    for i in (0..size).step_by(16) {
        let context = there.contains(&element(i)).derive_rm_ctx();
        there.apply(there.rm(element(i), context));
    }
    join(&held, &there, size, |s| s.read().val.iter().map(|e| number(e)).sum::<u64>());
}

fn lww(size: usize) {
    let mut replicas = vec![LWWReg { val: String::new(), marker: 0u64 }; times(size)];
    let start = cpu_seconds();
    for replica in replicas.iter_mut() {
        for i in 0..size {
            replica.update("21.5".to_string(), u64::from(shuffled(i, size)) + 1);
        }
    }
    say(cpu_seconds() - start, size, replicas[0].marker);
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let size = arguments[2].parse().expect("a size");
    let actors = arguments.get(4).map_or(10, |a| a.parse().expect("actors"));
    (0..arguments[3].parse().expect("rounds")).for_each(|_| match arguments[1].as_str() {
        "gcounter" => gcounter(size),
        "pncounter" => pncounter(size),
        "gset" => gset(size),
        "orset" => orset(size, actors),
        _ => lww(size),
    });
}
