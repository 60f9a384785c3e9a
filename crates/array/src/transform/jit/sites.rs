//! A warning, once for each line, where `jit` compiles again and again.

use rustc_hash::FxHashMap;
use std::panic::Location;
use std::sync::{LazyLock, Mutex, PoisonError};

/// The environment variable that silences the warning when it is `0`.
const VARIABLE: &str = "PULLBACK_JIT_WARNINGS";

/// A `jit` that has compiled more programs than this is likely to be called with ever new shapes.
const MANY: u32 = 16;

/// How many programs the `jit`s made at each source line have compiled.
#[derive(Default)]
struct Sites(FxHashMap<&'static Location<'static>, u32>);

impl Sites {
    /// Counts a compilation; gives the warning when it is the first beyond [`MANY`].
    fn count(
        &mut self,
        name: &str,
        at: &'static Location<'static>,
        last_miss: Option<&str>,
    ) -> Option<String> {
        let n = self.0.entry(at).or_insert(0);
        *n += 1;
        if *n != MANY + 1 {
            return None;
        }
        let why = last_miss.unwrap_or("a `jit` was made anew for each; make it once and keep it");
        Some(format!(
            "warning: `jit({name})` at {at} has compiled {n} programs. The last time: {why}. Each new \
             set of types and static values is compiled once: pad to a few fixed shapes, or make \
             numbers that change arrays. {VARIABLE}=0 silences this warning."
        ))
    }
}

/// Counts a compilation of the `jit` made at this line, and warns when there are too many.
pub(super) fn compiled(name: &str, at: &'static Location<'static>, last_miss: Option<&str>) {
    static SITES: LazyLock<Mutex<Sites>> = LazyLock::new(Mutex::default);
    static SILENT: LazyLock<bool> =
        LazyLock::new(|| std::env::var_os(VARIABLE).is_some_and(|v| v == "0"));
    let warning = SITES.lock().unwrap_or_else(PoisonError::into_inner).count(name, at, last_miss);
    if let Some(text) = warning.filter(|_| !*SILENT) {
        eprintln!("{text}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_seventeenth_program_of_a_line_warns_once() {
        let mut sites = Sites::default();
        let (here, there) = (Location::caller(), other_line());
        let miss = "argument 0 was f64[3] and is now f64[4]";
        let warnings: Vec<String> =
            (0..40).filter_map(|_| sites.count("f", here, Some(miss))).collect();
        let [warning] = warnings.as_slice() else { panic!("{warnings:?}") };
        assert!(warning.starts_with(&format!("warning: `jit(f)` at {here} has compiled 17")));
        assert!(warning.contains(miss) && warning.contains("PULLBACK_JIT_WARNINGS=0"));
        assert!((0..MANY).all(|_| sites.count("g", there, None).is_none()));
        assert!(sites.count("g", there, None).unwrap().contains("made anew"));
    }

    #[track_caller]
    fn other_line() -> &'static Location<'static> {
        Location::caller()
    }
}
