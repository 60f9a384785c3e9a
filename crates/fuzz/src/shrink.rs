//! Failing texts, made smaller.

use std::time::{Duration, Instant};

/// How long it may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes away lines, then ranges of characters, of halving size, as long as the text still fails.
pub(crate) fn shrink(text: &str, mut fails: impl FnMut(&str) -> bool) -> String {
    let begin = Instant::now();
    let lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let text = smaller(lines, begin, &mut fails).concat();
    let chars: Vec<String> = text.chars().map(String::from).collect();
    smaller(chars, begin, &mut fails).concat()
}

fn smaller(
    mut parts: Vec<String>,
    begin: Instant,
    fails: &mut impl FnMut(&str) -> bool,
) -> Vec<String> {
    let mut n = parts.len().div_ceil(2);
    while n > 0 {
        let mut at = 0;
        while at < parts.len() && begin.elapsed() < PATIENCE {
            let end = (at + n).min(parts.len());
            let without = [&parts[..at], &parts[end..]].concat();
            if fails(&without.concat()) {
                parts = without;
            } else {
                at = end;
            }
        }
        n /= 2;
    }
    parts
}
