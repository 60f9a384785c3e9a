//! Mutations of texts: some that keep a program's form (a dtype, a size or a name replaced everywhere,
//! lines of other programs), some that break it (words deleted, doubled or moved, any bytes).

use crate::corpus::{Corpus, parameters};
use pullback_testing::Draw;

/// Numbers at which something may change.
const NUMBERS: [&str; 36] = [
    "0",
    "1",
    "2",
    "3",
    "4",
    "5",
    "7",
    "8",
    "15",
    "16",
    "17",
    "31",
    "32",
    "33",
    "63",
    "64",
    "65",
    "127",
    "128",
    "255",
    "256",
    "1000",
    "4097",
    "16385",
    "65537",
    "2147483647",
    "2147483648",
    "4294967296",
    "9223372036854775807",
    "18446744073709551616",
    "1e400",
    "1e-320",
    "0.5",
    "nan",
    "inf",
    "1.5e300",
];
/// Sizes that still run.
const SIZES: [&str; 14] =
    ["0", "1", "2", "3", "5", "8", "9", "16", "17", "33", "65", "300", "4097", "20000"];
const DTYPES: [&str; 12] =
    ["bool", "u8", "i8", "i32", "u32", "i64", "u64", "f16", "bf16", "f32", "f64", "f8"];
const LONG_DTYPES: [&str; 11] = [
    "bool", "uint8", "int8", "int32", "uint32", "int64", "uint64", "float16", "bfloat16",
    "float32", "float64",
];

/// A text.
pub(crate) fn text(corpus: &Corpus, draw: &mut Draw) -> String {
    let mut text = corpus.pick(draw);
    // Most texts change in few places, so that they reach what is behind the parser.
    let n = [0, 1, 1, 1, 2, 2, 3, 8][draw.below(8)];
    for _ in 0..n {
        text = mutated(&text, corpus, draw);
    }
    text
}

fn mutated(text: &str, corpus: &Corpus, draw: &mut Draw) -> String {
    let numbers: &[&str] = if draw.chance(0.7) { &SIZES } else { &NUMBERS };
    match draw.below(20) {
        0..=3 => {
            everywhere(text, draw, |w| is_number(w) && w.len() + usize::from(w > "2") > 1, &SIZES)
        }
        4..=6 => everywhere(text, draw, |w| DTYPES.contains(&w), &DTYPES),
        7 => everywhere(text, draw, |w| LONG_DTYPES.contains(&w), &LONG_DTYPES),
        8 | 9 => shape(text, draw),
        10..=12 => prim(text, corpus, draw),
        13 => param(text, corpus, draw),
        14 => lines(text, corpus, draw),
        15 => everywhere(text, draw, is_number, numbers),
        16 => once(text, draw, is_number, numbers),
        17 => names(text, draw),
        18 => words_moved(text, draw),
        _ => bytes(text, draw),
    }
}

/// A primitive becomes another, mostly one of its family.
fn prim(text: &str, corpus: &Corpus, draw: &mut Draw) -> String {
    let mut words = words(text);
    let Some(&at) = draw.pick(&places(&words, |w| corpus.prims.contains(&w))) else {
        return bytes(text, draw);
    };
    let family = corpus.families.into_iter().find(|f| f.contains(&words[at]));
    let family = family.filter(|_| draw.chance(0.9)).unwrap_or(&corpus.prims);
    words[at] = family[draw.below(family.len())];
    words.concat()
}

/// The words of a text: names and numbers, blanks, single characters.
fn words(text: &str) -> Vec<&str> {
    let class = |c: char| match c {
        c if c.is_ascii_alphanumeric() || c == '_' || c == '.' => 0,
        c if c.is_whitespace() => 1,
        _ => 2,
    };
    let mut words = Vec::new();
    let (mut from, mut last) = (0, 2);
    for (i, c) in text.char_indices() {
        if i > 0 && (class(c) != last || last == 2) {
            words.push(&text[from..i]);
            from = i;
        }
        last = class(c);
    }
    words.push(&text[from..]);
    words
}

fn is_number(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_digit()) || word == "nan" || word == "inf"
}

fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
}

/// Where the words of a kind are.
fn places(words: &[&str], kind: impl Fn(&str) -> bool) -> Vec<usize> {
    (0..words.len()).filter(|&i| kind(words[i])).collect()
}

/// One word of a kind is replaced wherever it stands.
fn everywhere(text: &str, draw: &mut Draw, kind: impl Fn(&str) -> bool, by: &[&str]) -> String {
    let mut words = words(text);
    let places = places(&words, kind);
    let (Some(&at), Some(new)) = (draw.pick(&places), draw.pick(by)) else {
        return bytes(text, draw);
    };
    let old = words[at];
    words.iter_mut().filter(|w| **w == old).for_each(|w| *w = new);
    words.concat()
}

/// A word of a kind is replaced in one place; a number may become negative.
fn once(text: &str, draw: &mut Draw, kind: impl Fn(&str) -> bool, by: &[&str]) -> String {
    let mut words = words(text);
    let (Some(&at), Some(new)) = (draw.pick(&places(&words, kind)), draw.pick(by)) else {
        return bytes(text, draw);
    };
    let new = if draw.chance(0.2) { format!("-{new}") } else { (*new).to_owned() };
    words[at] = &new;
    words.concat()
}

/// A shape is replaced wherever it stands.
fn shape(text: &str, draw: &mut Draw) -> String {
    let shapes: Vec<&str> = text
        .match_indices('[')
        .filter_map(|(at, _)| {
            let end = text[at..].find(']')? + at;
            let inner = &text[at + 1..end];
            inner.chars().all(|c| c.is_ascii_digit() || c == ',').then_some(&text[at..=end])
        })
        .collect();
    let Some(&old) = draw.pick(&shapes) else { return bytes(text, draw) };
    let mut sizes: Vec<&str> = old[1..old.len() - 1].split(',').filter(|s| !s.is_empty()).collect();
    match draw.below(3) {
        0 if !sizes.is_empty() => drop(sizes.remove(draw.below(sizes.len()))),
        1 if !sizes.is_empty() => {
            let at = draw.below(sizes.len());
            sizes[at] = SIZES[draw.below(SIZES.len())];
        }
        _ => {
            let times = if draw.chance(0.02) { 300 } else { 1 };
            let at = draw.below(sizes.len() + 1);
            (0..times).for_each(|_| sizes.insert(at, SIZES[draw.below(SIZES.len())]));
        }
    }
    text.replace(old, &format!("[{}]", sizes.join(",")))
}

/// A parameter takes another value that one of its name has somewhere.
fn param(text: &str, corpus: &Corpus, draw: &mut Draw) -> String {
    let known = parameters(text).filter(|(name, ..)| corpus.params.contains_key(*name));
    let known: Vec<_> = known.collect();
    let Some(&(name, at, value)) = draw.pick(&known) else { return bytes(text, draw) };
    let new = draw.pick(&corpus.params[name]).expect("a name has values");
    format!("{}{new}{}", &text[..at], &text[at + value.len()..])
}

/// Lines are deleted, doubled, moved, or come from another text.
fn lines(text: &str, corpus: &Corpus, draw: &mut Draw) -> String {
    let other = corpus.pick(draw);
    let others: Vec<&str> = other.lines().collect();
    let mut lines: Vec<&str> = text.lines().collect();
    let (Some(&stranger), at) = (draw.pick(&others), draw.below(lines.len().max(1))) else {
        return bytes(text, draw);
    };
    if lines.is_empty() {
        return other;
    }
    match draw.below(5) {
        0 => drop(lines.remove(at)),
        1 => lines.insert(at, lines[at]),
        2 => {
            let other = draw.below(lines.len());
            lines.swap(at, other);
        }
        3 => lines.insert(at, stranger),
        _ => lines[at] = stranger,
    }
    lines.join("\n")
}

/// A name is replaced by another of the text.
fn names(text: &str, draw: &mut Draw) -> String {
    let found: Vec<&str> = words(text).into_iter().filter(|w| is_name(w)).collect();
    once(text, draw, is_name, &found)
}

/// Words are deleted, doubled, swapped, or repeated many times.
fn words_moved(text: &str, draw: &mut Draw) -> String {
    let mut words = words(text);
    let (at, other) = (draw.below(words.len()), draw.below(words.len()));
    let times = if draw.chance(0.1) { 5000 } else { 2 };
    let many = words[at].repeat(times);
    match draw.below(4) {
        0 => words[at] = "",
        1 => words[at] = &many,
        2 => words.swap(at, other),
        // What stands between is repeated, brackets and all.
        _ => {
            let (from, to) = (at.min(other), at.max(other));
            let part = words[from..to].concat();
            let part = part.repeat(if part.len() < 30 { times } else { 2 });
            return format!("{}{part}{}", words[..to].concat(), words[to..].concat());
        }
    }
    words.concat()
}

/// Any character somewhere, or the end of the text gone.
fn bytes(text: &str, draw: &mut Draw) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let at = draw.below(chars.len() + 1);
    match draw.below(8) {
        0 => chars.truncate(at),
        1 => drop(chars.splice(at..at, "é\u{2028}\0٣".chars())),
        _ => chars.insert(at, char::from((draw.below(95) + 32) as u8)),
    }
    chars.into_iter().collect()
}
