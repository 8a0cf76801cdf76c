//! Busy loops beside a command, for tests that have to pass on a machine that is slow.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// Threads that keep processors busy. They end with this value, and in any case with this program.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts so many busy loops.
    pub(crate) fn start(loops: u32) -> Self {
        let stop = Arc::<AtomicBool>::default();
        let threads = (0..loops)
            .map(|_| {
                let stop = Arc::clone(&stop);
                std::thread::spawn(move || spin(&stop))
            })
            .collect();
        Self { stop, threads }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A loop that panicked has ended, too.
            let _ = thread.join();
        }
    }
}

fn spin(stop: &AtomicBool) {
    while !stop.load(Ordering::Relaxed) {
        std::hint::spin_loop();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loops_run_until_the_load_is_dropped() {
        let load = Load::start(2);
        let stop = Arc::clone(&load.stop);
        assert_eq!(load.threads.len(), 2);
        assert!(load.threads.iter().all(|thread| !thread.is_finished()));
        // This test, the load and each of its threads hold it.
        assert_eq!(Arc::strong_count(&stop), 4);
        drop(load);
        assert_eq!(Arc::strong_count(&stop), 1, "a loop goes on");
    }

    #[test]
    fn a_panic_beside_the_load_ends_it() {
        let load = Load::start(1);
        let stop = Arc::clone(&load.stop);
        let panicking = std::thread::spawn(move || {
            let _load = load;
            panic!("the lane panics, which is what is tested");
        });
        assert!(panicking.join().is_err());
        assert_eq!(Arc::strong_count(&stop), 1, "the loop goes on");
    }
}
