// SPDX-License-Identifier: Apache-2.0
//! The history of orset_at_scale.cc with rust-crdt's Orswot.
//!
//!     orset-at-scale ELEMENTS OPERATIONS ROUNDS
use crdts::{CmRDT, CvRDT, Orswot};

mod clock;
use clock::cpu_seconds;

type Set = Orswot<String, u8>;

fn element(i: usize) -> String {
    format!("element-{:08}", i)
}

fn seconds(work: impl FnOnce()) -> f64 {
    let start = cpu_seconds();
    work();
    cpu_seconds() - start
}

fn main() {
    let n: Vec<usize> = std::env::args().skip(1).map(|a| a.parse().expect("a number")).collect();
    (0..n[2]).for_each(|_| round(n[0], n[1]));
}

fn round(elements: usize, operations: usize) {
    let (mut first, mut second, mut third) = (Set::new(), Set::new(), Set::new());
    let add = |set: &mut Set, i: usize, e: String| {
        let op = set.add(e, set.read_ctx().derive_add_ctx((i % 10) as u8));
        set.apply(op.clone());
        op
    };
    for i in 0..elements {
        second.apply(add(&mut first, i, element(i)));
    }
    let more: Vec<String> = (0..operations).map(|i| element(elements + i)).collect();
    let gone: Vec<String> = (0..operations).map(element).collect();
    let (mut said, mut unsaid) = (Vec::with_capacity(operations), Vec::with_capacity(operations));
    let add_s = seconds(|| {
        for (i, e) in more.into_iter().enumerate() {
            said.push(add(&mut first, elements + i, e));
        }
    });
    let apply_s = seconds(|| said.into_iter().for_each(|op| second.apply(op)));
    let remove_s = seconds(|| {
        for e in gone {
            let context = first.contains(&e).derive_rm_ctx();
            let op = first.rm(e, context);
            first.apply(op.clone());
            unsaid.push(op);
        }
    });
    let apply_removal_s = seconds(|| unsaid.into_iter().for_each(|op| second.apply(op)));
    let whole = second.clone();
    let join_s = seconds(|| third.merge(whole));
    let left = third.read().val;
    let sum: u64 = left.iter().map(|e| e[8..].parse::<u64>().expect("a number")).sum();
    println!(
        "{{\"add_s\":{:.6},\"apply_s\":{:.6},\"remove_s\":{:.6},\"apply_removal_s\":{:.6},\"join_s\":{:.6},\"size\":{},\"sum\":{}}}",
        add_s, apply_s, remove_s, apply_removal_s, join_s, left.len(), sum
    );
    assert!(first == second && second == third);
}
