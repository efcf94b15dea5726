// SPDX-License-Identifier: Apache-2.0
//! CPU time of this process, by the clock that ours is measured by: what others do on the machine does not count.
#[repr(C)]
struct Timespec {
    seconds: i64,
    nanoseconds: i64,
}
extern "C" {
    fn clock_gettime(clock: i32, time: *mut Timespec) -> i32;
}

pub fn cpu_seconds() -> f64 {
    const CLOCK_PROCESS_CPUTIME_ID: i32 = 2;
    let mut t = Timespec { seconds: 0, nanoseconds: 0 };
    let status = unsafe { clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &mut t) };
    assert!(status == 0);
    t.seconds as f64 + t.nanoseconds as f64 / 1e9
}
