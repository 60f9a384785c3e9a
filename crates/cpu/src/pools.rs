//! Which threads there are.
//!
//! Work is shared by a [`Crew`], but on the threads of a pool of rayon: a program that shares out work itself
//! has chosen how many threads it wants, and that pool shares ours too. No thread is started before work is
//! shared.

// The one place that asks rayon.
#![allow(clippy::disallowed_methods)]

use crate::crew::Crew;
use pullback_ir::Error;
use rayon::prelude::*;
use std::cell::Cell;
use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::{env, thread};

/// The environment variable that says how many threads share work.
const VARIABLE: &str = "PULLBACK_THREADS";

/// Who shares the work of a thread. It decides how fast results come, not what they are.
#[derive(Clone, Copy)]
enum Team {
    /// Whoever is there.
    Default,
    /// Nobody: there is to be one thread, or this one has a part of what is shared already.
    Alone,
    Crew(&'static Crew),
}

thread_local! {
    static TEAM: Cell<Team> = const { Cell::new(Team::Default) };
}

/// How many threads share the work of this one.
#[inline]
pub(crate) fn count() -> usize {
    match TEAM.get() {
        Team::Alone => 1,
        Team::Crew(crew) => crew.len(),
        Team::Default if rayon::current_thread_index().is_some() => rayon::current_num_threads(),
        Team::Default => default_count(),
    }
}

/// Whether a thread that shares work would begin at once. If not, it has to be woken.
#[inline]
pub(crate) fn is_awake() -> bool {
    match TEAM.get() {
        Team::Alone => false,
        Team::Crew(crew) => crew.is_awake(),
        Team::Default => rayon::current_thread_index().is_none() && default_crew().is_awake(),
    }
}

/// Calls `body` with each of `0..parts`, in any order, on the threads that share the work of this one. Parts
/// share theirs with nobody.
///
/// # Panics
/// If `body` does.
pub(crate) fn share(parts: usize, body: &(dyn Fn(usize) + Sync)) {
    let by = |crew: &Crew| with_team(Team::Alone, || crew.run(parts, body));
    match TEAM.get() {
        Team::Alone => (0..parts).for_each(body),
        Team::Crew(crew) => by(crew),
        Team::Default if rayon::current_thread_index().is_some() => {
            (0..parts).into_par_iter().with_max_len(1).for_each(body);
        }
        Team::Default => by(default_crew()),
    }
}

/// Threads where nothing else is said.
fn default_count() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| {
        // What is no number was reported when the engine was chosen.
        let ours = configured().ok().flatten();
        let rayons = || env::var("RAYON_NUM_THREADS").ok()?.parse().ok().filter(|n| *n > 0);
        let machine = || thread::available_parallelism().map_or(1, |n| n.get());
        ours.or_else(rayons).unwrap_or_else(machine)
    })
}

/// They, or where the system gives no threads, this one.
fn default_crew() -> &'static Crew {
    static CREW: OnceLock<&'static Crew> = OnceLock::new();
    CREW.get_or_init(|| match crew(default_count()).or_else(|_| crew(1)) {
        Ok(crew) => crew,
        Err(_) => unreachable!("nobody is started"),
    })
}

/// What `PULLBACK_THREADS` says.
///
/// # Errors
/// It is no number of threads.
pub(crate) fn configured() -> Result<Option<usize>, Error> {
    let Some(text) = env::var_os(VARIABLE) else { return Ok(None) };
    match text.to_str().and_then(|t| t.parse().ok()) {
        Some(n) if n > 0 => Ok(Some(n)),
        _ => Err(Error::msg(format!(
            "the environment variable {VARIABLE}: `{}` is no number of threads, which is 1 at least",
            text.to_string_lossy()
        ))),
    }
}

/// Runs a function whose work is shared by `n` threads, whatever the machine and the environment say. One of
/// them is the caller's own; the others are started once for each `n` and kept.
///
/// # Errors
/// `n` is 0, or the system gives no threads.
pub fn with_threads<R>(n: usize, f: impl FnOnce() -> R) -> Result<R, Error> {
    let team = match n {
        0 => return Err(Error::msg("`with_threads` needs at least 1 thread")),
        1 => Team::Alone,
        _ => Team::Crew(crew(n)?),
    };
    Ok(with_team(team, f))
}

fn with_team<R>(team: Team, f: impl FnOnce() -> R) -> R {
    struct Restore(Team);
    impl Drop for Restore {
        fn drop(&mut self) {
            TEAM.set(self.0);
        }
    }
    let _restore = Restore(TEAM.replace(team));
    f()
}

/// The crew of `n` threads.
fn crew(n: usize) -> Result<&'static Crew, Error> {
    static CREWS: Mutex<BTreeMap<usize, &'static Crew>> = Mutex::new(BTreeMap::new());
    let mut crews = CREWS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(crew) = crews.get(&n) {
        return Ok(crew);
    }
    let made = Crew::new(n, || TEAM.set(Team::Alone));
    let made = made.map_err(|e| Error::msg(format!("{n} threads cannot be had: {e}")))?;
    let crew = &*Box::leak(Box::new(made));
    crews.insert(n, crew);
    Ok(crew)
}
