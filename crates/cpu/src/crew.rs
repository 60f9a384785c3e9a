//! Threads that share the parts of one piece of work after another.
//!
//! A thread that sleeps takes 20 to 260 µs to begin (see `threads.rs`); a product of 256 × 256 matrices takes
//! two threads 65 µs altogether. So the caller works too, never waits for a thread that has not begun, and threads stay awake
//! for a while between pieces of work: a program calls kernel after kernel. (Pools made for tasks of any
//! kind, rayon's too, put threads to sleep at once and let the caller wait for a thread of theirs.)

use smallvec::SmallVec;
use std::any::Any;
use std::hint::spin_loop;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release, SeqCst};
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, AtomicUsize};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

/// How long a thread looks for work before it offers its core to others each time that it has looked, and
/// how long before it sleeps: longer than a few small kernels that are not shared take, and not much longer
/// than it takes to wake again.
const EAGER: Duration = Duration::from_micros(50);
const AWAKE: Duration = Duration::from_micros(300);

/// A number of threads, of which one is whoever calls.
pub(crate) struct Crew {
    helpers: Vec<Helper>,
    board: Arc<Board>,
    /// One caller has the crew; others work alone meanwhile.
    taken: AtomicBool,
}

struct Helper {
    thread: Thread,
    asleep: Arc<AtomicBool>,
}

/// What callers and helpers tell one another.
struct Board {
    /// Odd while there is work, another number for each piece. On a line of its own, which helpers look at.
    round: Line<AtomicU64>,
    /// Helpers that may be using the work.
    inside: Line<AtomicUsize>,
    work: AtomicPtr<Work<'static>>,
}

#[repr(align(128))]
struct Line<T>(T);

/// A piece of work, which lives in the caller's frame.
struct Work<'a> {
    body: &'a (dyn Fn(usize) + Sync),
    shares: SmallVec<[Line<Share>; 4]>,
    /// What the first panic in a helper says.
    panic: Mutex<Option<Box<dyn Any + Send>>>,
}

/// Parts that one of the threads begins with.
struct Share {
    next: AtomicUsize,
    end: usize,
}

impl<'a> Work<'a> {
    /// Work for so many threads, or for fewer if there are fewer parts.
    fn new(parts: usize, threads: usize, body: &'a (dyn Fn(usize) + Sync)) -> Work<'a> {
        let shares = threads.min(parts);
        let start = |i: usize| i * parts / shares;
        let share = |i| Line(Share { next: AtomicUsize::new(start(i)), end: start(i + 1) });
        Work { body, shares: (0..shares).map(share).collect(), panic: Mutex::new(None) }
    }

    /// What thread `who` does: its own parts, then those that are left of the others'.
    ///
    /// The same thread gets the same part of one array after another, so it finds in its caches what it wrote.
    fn run(&self, who: usize) {
        // One that is awake and was not counted on has none of its own.
        let (before, from) = self.shares.split_at(who.min(self.shares.len()));
        for Line(share) in from.iter().chain(before) {
            loop {
                let part = share.next.fetch_add(1, Relaxed);
                if part >= share.end {
                    break;
                }
                (self.body)(part);
            }
        }
    }
}

impl Crew {
    /// A crew of `n` threads, of which `n - 1` are started. `enter` is run on each of them.
    ///
    /// # Errors
    /// The system gives no threads.
    pub(crate) fn new(n: usize, enter: fn()) -> std::io::Result<Crew> {
        let board = Arc::new(Board {
            round: Line(AtomicU64::new(0)),
            inside: Line(AtomicUsize::new(0)),
            work: AtomicPtr::new(std::ptr::null_mut()),
        });
        let helper = |i: usize| {
            let asleep = Arc::new(AtomicBool::new(false));
            let (board, flag) = (board.clone(), asleep.clone());
            let name = format!("pullback-{i}");
            let started = thread::Builder::new().name(name).spawn(move || {
                enter();
                board.help(i, &flag);
            })?;
            Ok(Helper { thread: started.thread().clone(), asleep })
        };
        let helpers = (1..n).map(helper).collect::<std::io::Result<_>>()?;
        Ok(Crew { helpers, board, taken: AtomicBool::new(false) })
    }

    /// How many threads there are, the caller's with them.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        1 + self.helpers.len()
    }

    /// Whether a helper would begin at once.
    #[inline]
    pub(crate) fn is_awake(&self) -> bool {
        !self.taken.load(Relaxed) && self.helpers.iter().any(|h| !h.asleep.load(Relaxed))
    }

    /// Calls `body` with each of `0..parts`, on this thread and on helpers that come. It is ready when this
    /// returns.
    ///
    /// # Panics
    /// If `body` does.
    pub(crate) fn run(&self, parts: usize, body: &(dyn Fn(usize) + Sync)) {
        if parts < 2 || self.taken.swap(true, Acquire) {
            return (0..parts).for_each(body);
        }
        let work = Work::new(parts, self.len(), body);
        {
            let _open = Open::new(self, &work);
            work.run(0);
        }
        let panic = work.panic.into_inner().unwrap_or_else(PoisonError::into_inner);
        if let Some(panic) = panic {
            resume_unwind(panic);
        }
    }
}

/// Work that helpers may take part in. When it is dropped, none does.
struct Open<'a>(&'a Crew);

impl<'a> Open<'a> {
    fn new(crew: &'a Crew, work: &Work<'_>) -> Open<'a> {
        let board = &crew.board;
        board.work.store(std::ptr::from_ref(work).cast_mut().cast(), Relaxed);
        // A helper that goes to sleep says so before it looks for the last time; both are in the one order of
        // such operations, so it sees the work or is seen asleep.
        board.round.0.fetch_add(1, SeqCst);
        for helper in crew.helpers.iter().take(work.shares.len() - 1) {
            if helper.asleep.load(SeqCst) && helper.asleep.swap(false, SeqCst) {
                helper.thread.unpark();
            }
        }
        Open(crew)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        let board = &self.0.board;
        // A helper says that it is inside before it looks whether the work is still open.
        board.round.0.fetch_add(1, SeqCst);
        let mut looks = 0u32;
        while board.inside.0.load(SeqCst) > 0 {
            looks += 1;
            // One that has no core needs this one.
            if looks.is_multiple_of(1 << 12) { thread::yield_now() } else { spin_loop() }
        }
        self.0.taken.store(false, Release);
    }
}

impl Board {
    /// What helper `who` does, for ever.
    fn help(&self, who: usize, asleep: &AtomicBool) {
        let mut seen = 0;
        loop {
            seen = self.wait(seen, asleep);
            self.inside.0.fetch_add(1, SeqCst);
            if self.round.0.load(SeqCst) == seen {
                // SAFETY: the round is open, and its caller does not go on while a helper is inside.
                let work = unsafe { &*self.work.load(Relaxed) };
                if let Err(panic) = catch_unwind(AssertUnwindSafe(|| work.run(who))) {
                    *work.panic.lock().unwrap_or_else(PoisonError::into_inner) = Some(panic);
                }
            }
            self.inside.0.fetch_sub(1, SeqCst);
        }
    }

    /// Waits for an open round that is not the one that was seen.
    fn wait(&self, seen: u64, asleep: &AtomicBool) -> u64 {
        let open =
            || Some(self.round.0.load(SeqCst)).filter(|&round| round % 2 == 1 && round != seen);
        let mut start = Instant::now();
        loop {
            for _ in 0..64 {
                if let Some(round) = open() {
                    return round;
                }
                spin_loop();
            }
            let waited = start.elapsed();
            if waited > AWAKE {
                asleep.store(true, SeqCst);
                while asleep.load(SeqCst) && open().is_none() {
                    thread::park();
                }
                asleep.store(false, SeqCst);
                start = Instant::now();
            } else if waited > EAGER {
                thread::yield_now();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    /// How often each of many parts is done.
    fn done(crew: &Crew, parts: usize) -> Vec<usize> {
        let counts: Vec<_> = (0..parts).map(|_| AtomicUsize::new(0)).collect();
        crew.run(parts, &|i| _ = counts[i].fetch_add(1, Relaxed));
        counts.into_iter().map(AtomicUsize::into_inner).collect()
    }

    #[test]
    fn each_part_is_done_once_for_every_caller_awake_or_asleep() {
        let crew = Crew::new(3, || ()).unwrap();
        thread::scope(|scope| {
            for caller in 0..3 {
                let crew = &crew;
                scope.spawn(move || {
                    for round in 0..2000 {
                        let parts = (round + caller) % 9;
                        assert_eq!(done(crew, parts), vec![1; parts]);
                        if round % 500 == 0 {
                            thread::sleep(2 * AWAKE);
                        }
                    }
                });
            }
        });
    }

    #[test]
    fn helpers_come() {
        let crew = Crew::new(3, || ()).unwrap();
        for pause in [Duration::ZERO, 2 * AWAKE] {
            thread::sleep(pause);
            // Nobody goes on before all three are there.
            let all = Barrier::new(3);
            crew.run(3, &|_| _ = all.wait());
        }
    }

    #[test]
    fn panics_come_back_to_the_caller_and_the_crew_goes_on() {
        let crew = Crew::new(2, || ()).unwrap();
        let caller = thread::current().id();
        for in_helper in [true, false] {
            let both = Barrier::new(2);
            let run = || {
                crew.run(2, &|_| {
                    both.wait();
                    assert!((thread::current().id() == caller) == in_helper, "on purpose");
                });
            };
            let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
            assert!(panic.downcast_ref::<&str>().is_some_and(|text| text.contains("on purpose")));
            assert_eq!(done(&crew, 5), [1; 5]);
        }
    }

    #[test]
    fn a_part_that_shares_work_does_it_itself() {
        let crew = Crew::new(2, || ()).unwrap();
        crew.run(4, &|_| assert_eq!(done(&crew, 3), [1; 3]));
    }
}
