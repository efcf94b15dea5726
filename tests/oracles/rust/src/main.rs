// SPDX-License-Identifier: Apache-2.0
//! Replays histories with the OR-Set and PN-Counter of rust-crdt and compares what every replica
//! shows with what the history says that ours showed, step by step.
//!
//!     oracle_histories --through crdt --seed 1 --count 1000 | foreign-replicas
//!
//! `--planted overwrite|removal|sum` breaks one rule here, to show that a difference is found.
use crdts::{CmRDT, CvRDT, Orswot, PNCounter};
use std::collections::{BTreeSet, HashMap};
use std::io::{self, BufRead, Write};
use std::process::exit;

type Name = u8;

#[derive(Clone, Default)]
struct Replica {
    set: Orswot<String, Name>,
    counter: PNCounter<Name>,
    // Only planted rules use these.
    removed: BTreeSet<String>,
    surplus: i64,
}

#[derive(Clone, Copy, PartialEq)]
enum Planted {
    Nothing,
    Overwrite, // what arrives takes the place of what is there
    Removal,   // a removal wins over concurrent adds
    Sum,       // the same message counts each time it arrives
}

impl Replica {
    fn add(&mut self, me: Name, element: &str) {
        let context = self.set.read_ctx().derive_add_ctx(me);
        self.set.apply(self.set.add(element.to_string(), context));
        self.removed.remove(element);
    }

    fn remove(&mut self, element: &str) {
        let context = self.set.contains(&element.to_string()).derive_rm_ctx();
        self.set.apply(self.set.rm(element.to_string(), context));
        self.removed.insert(element.to_string());
    }

    fn count(&mut self, me: Name, up: bool, amount: u64) {
        let op = if up { self.counter.inc_many(me, amount) } else { self.counter.dec_many(me, amount) };
        self.counter.apply(op);
    }

    fn take(&mut self, message: &Replica, planted: Planted) {
        if planted == Planted::Overwrite {
            *self = message.clone();
            return;
        }
        let before = self.counter.read();
        self.set.merge(message.set.clone());
        self.counter.merge(message.counter.clone());
        if planted == Planted::Removal {
            self.removed.extend(message.removed.iter().cloned());
        }
        if planted == Planted::Sum && self.counter.read() == before {
            self.surplus += 1;
        }
    }

    fn shows(&self, planted: Planted) -> String {
        let mut elements: Vec<String> = self.set.read().val.into_iter().collect();
        if planted == Planted::Removal {
            elements.retain(|e| !self.removed.contains(e));
        }
        elements.sort();
        let joined = if elements.is_empty() { "-".to_string() } else { elements.join(",") };
        format!("{} {}", self.counter.read() + self.surplus, joined)
    }
}

#[derive(Default)]
struct World {
    seed: String,
    lines: Vec<String>,
    replicas: Vec<Replica>,
    messages: HashMap<u64, Replica>,
}

impl World {
    fn differs(&self, replica: usize, ours: &str, theirs: &str) -> ! {
        for line in &self.lines {
            println!("  {}", line);
        }
        println!("differs: history {} step {}: replica {}", self.seed, self.lines.len(), replica);
        println!("  ours shows    {}", ours);
        println!("  rust-crdt's   {}", theirs);
        io::stdout().flush().ok();
        exit(1)
    }
}

fn number<T: std::str::FromStr>(text: Option<&str>) -> T {
    text.and_then(|t| t.parse().ok()).unwrap_or_else(|| {
        println!("not a history: a number is missing");
        exit(2)
    })
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let planted = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => Planted::Nothing,
        ["--planted", "overwrite"] => Planted::Overwrite,
        ["--planted", "removal"] => Planted::Removal,
        ["--planted", "sum"] => Planted::Sum,
        _ => {
            println!("usage: foreign-replicas [--planted overwrite|removal|sum] < histories");
            exit(2)
        }
    };
    let (mut histories, mut compared, mut ended) = (0u64, 0u64, false);
    let mut w = World::default();
    for line in io::stdin().lock().lines() {
        let line = line.expect("histories are text");
        let mut words = line.split(' ');
        let what = words.next().unwrap_or("");
        if what == "end" {
            ended = true;
            continue;
        }
        if what == "history" {
            let seed: String = number::<u64>(words.next()).to_string();
            let replicas = vec![Replica::default(); number(words.next())];
            w = World { seed, replicas, ..World::default() };
            histories += 1;
            continue;
        }
        w.lines.push(line.clone());
        let at: usize = number(words.next());
        let me = at as Name;
        match what {
            "add" => w.replicas[at].add(me, words.next().unwrap()),
            "remove" => w.replicas[at].remove(words.next().unwrap()),
            "up" => w.replicas[at].count(me, true, number(words.next())),
            "down" => w.replicas[at].count(me, false, number(words.next())),
            "send" => {
                w.messages.insert(number(words.next()), w.replicas[at].clone());
            }
            "take" => {
                let message = &w.messages[&number(words.next())];
                w.replicas[at].take(message, planted);
            }
            "shows" => {
                let ours = words.collect::<Vec<_>>().join(" ");
                let theirs = w.replicas[at].shows(planted);
                compared += 1;
                if ours != theirs {
                    w.differs(at, &ours, &theirs);
                }
            }
            _ => {
                println!("not a history: {}", line);
                exit(2)
            }
        }
    }
    if !ended {
        println!("not a history: it breaks off");
        exit(2);
    }
    println!("{} histories, {} values compared: equal", histories, compared);
}
