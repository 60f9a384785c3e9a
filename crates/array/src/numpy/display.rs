//! `Display` as NumPy's, `Debug` with the type.

use crate::array::{Array, Repr};
use pullback_ir::{DType, Element, Value, dispatch};
use std::fmt;

/// Digits after the point, at most.
const PRECISION: usize = 8;
/// More elements than this are summarised.
const THRESHOLD: usize = 1000;
/// How many elements of a summarised axis are shown at either end.
const EDGE: usize = 3;
/// Columns of a line.
const LINE: usize = 75;

/// `Display` as NumPy's, `Debug` with the type.
///
/// Floats have the fewest digits that tell them from their neighbours, at most 8 after the point; they
/// are scientific where the largest is 10⁸ or more (10⁶ for f32, 10³ for f16 and bf16: beyond what the
/// dtype's digits can tell apart), the smallest below 10⁻⁴, or both are 1000 times apart. Arrays of
/// more than 1000 elements show three at either end of each axis.
///
/// ```
/// # use pullback_array::{array, iota};
/// assert_eq!(array![[1.0, 2.0], [3.5, 4.0]].to_string(), "[[1.  2. ]\n [3.5 4. ]]");
/// assert_eq!(iota::<i32>(2000).to_string(), "[   0    1    2 ... 1997 1998 1999]");
/// assert_eq!(format!("{:?}", array![1.0f32, 0.5]), "Array f32[2] [1.  0.5]");
/// ```
impl fmt::Display for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Traced(t) => write!(f, "Traced<{}>", t.ty),
            Repr::Value(v) => f.pad(&text(v)),
            Repr::Lazy(l) => match l.value() {
                Ok(v) => f.pad(&text(&v)),
                Err(e) => write!(f, "<{}: {e}>", l.ty()),
            },
        }
    }
}

impl fmt::Debug for Array {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_traced() {
            return write!(f, "{self}");
        }
        let text = self.to_string();
        let words: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        write!(f, "Array {} {}", self.ty(), words.join(" "))
    }
}

/// The elements of an array as text.
fn text(x: &Value) -> String {
    if x.shape().is_empty() {
        return scalar(x);
    }
    if x.is_empty() {
        return "[]".to_owned();
    }
    let summarised = x.len() > THRESHOLD;
    let shown = shown_positions(x.shape(), summarised);
    let words = words(x, &shown);
    let mut page = Page { shape: x.shape(), summarised, words: words.into_iter() };
    page.block(0, " ", LINE)
}

/// The row-major positions of the elements that are shown.
fn shown_positions(sizes: &[usize], summarised: bool) -> Vec<usize> {
    let mut positions = vec![0];
    for &n in sizes {
        let all = !(summarised && n > 2 * EDGE);
        let along = (0..n).filter(|&i| all || i < EDGE || i >= n - EDGE);
        let along: Vec<usize> = along.collect();
        positions = positions.iter().flat_map(|p| along.iter().map(move |i| p * n + i)).collect();
    }
    positions
}

/// The elements that are shown, all of one width where there are no line breaks to save.
fn words(x: &Value, shown: &[usize]) -> Vec<String> {
    match x.dtype() {
        DType::Bool => {
            let x = x.slice::<bool>();
            shown.iter().map(|&i| if x[i] { " True" } else { "False" }.to_owned()).collect()
        }
        d if d.is_int() => {
            let words: Vec<String> = dispatch!(int d, T => {
                let x = x.slice::<T>();
                shown.iter().map(|&i| x[i].to_string()).collect()
            }, else => Vec::new());
            let width = words.iter().map(String::len).max().unwrap_or(0);
            words.into_iter().map(|w| format!("{w:>width$}")).collect()
        }
        d => dispatch!(float d, T => {
            let x = x.slice::<T>();
            float_words(&shown.iter().map(|&i| x[i]).collect::<Vec<T>>())
        }, else => Vec::new()),
    }
}

/// Rows in brackets, wrapped at the end of a line.
struct Page<'a> {
    shape: &'a [usize],
    summarised: bool,
    words: std::vec::IntoIter<String>,
}

impl Page<'_> {
    /// One block of an axis and all below; `indent` is what the lines begin with.
    fn block(&mut self, axis: usize, indent: &str, width: usize) -> String {
        let Some(&n) = self.shape.get(axis) else { return self.words.next().unwrap_or_default() };
        let cut = self.summarised && n > 2 * EDGE;
        let shown = if cut { 2 * EDGE } else { n };
        let innermost = axis + 1 == self.shape.len();
        let mut out = String::new();
        let mut line = indent.to_owned();
        for i in 0..shown {
            if cut && i == EDGE {
                match innermost {
                    true => extend(&mut out, &mut line, "...", width - 1, indent),
                    false => out = out + indent + "...",
                }
                self.separate(axis, &mut out, &mut line);
            }
            let inner = self.block(axis + 1, &format!("{indent} "), width - 1);
            match innermost {
                true => extend(&mut out, &mut line, &inner, width - 1, indent),
                false => out = out + indent + &inner,
            }
            if i + 1 < shown {
                self.separate(axis, &mut out, &mut line);
            }
        }
        if innermost {
            out += &line;
        }
        format!("[{}]", &out[indent.len()..])
    }

    /// What stands between two entries along an axis: blank lines between matrices.
    fn separate(&self, axis: usize, out: &mut String, line: &mut String) {
        match self.shape.len() - axis {
            1 => line.push(' '),
            left => *out += &"\n".repeat(left - 1),
        }
    }
}

/// Adds a word to a line, which goes to `out` first if the word does not fit any more.
fn extend(out: &mut String, line: &mut String, word: &str, width: usize, indent: &str) {
    if line.len() + word.len() > width && line.len() > indent.len() {
        *out += line.trim_end();
        out.push('\n');
        *line = indent.to_owned();
    }
    *line += word;
}

/// The shortest digits that give an element back: d₀.d₁d₂… · 10^exponent, without the sign.
struct Digits {
    negative: bool,
    digits: String,
    exponent: i32,
}

fn digits<T: Element>(x: T) -> Digits {
    let wide = x.to_f64();
    let text = match T::DTYPE {
        DType::F64 => format!("{wide:e}"),
        DType::F32 => format!("{:e}", wide as f32),
        // For narrow floats the first number of digits that is enough.
        _ => (0..=PRECISION)
            .map(|n| format!("{wide:.n$e}"))
            .find(|s| s.parse().is_ok_and(|y: f64| T::from_f64(y) == x))
            .unwrap_or_else(|| format!("{wide:e}")),
    };
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let digits = match digits.trim_end_matches('0') {
        "" => "0".to_owned(),
        d => d.to_owned(),
    };
    Digits { negative: wide.is_sign_negative(), digits, exponent: exponent.parse().unwrap_or(0) }
}

/// Integer part with its sign, and the digits after the point, at most [`PRECISION`] of them.
fn positional<T: Element>(x: T, precision: usize) -> (String, String) {
    let d = digits(x);
    let sign = if d.negative { "-" } else { "" };
    let after = d.digits.len() as i64 - 1 - i64::from(d.exponent);
    if after > precision as i64 {
        let text = format!("{:.precision$}", x.to_f64().abs());
        let (int, frac) = text.split_once('.').unwrap_or((&text, ""));
        return (format!("{sign}{int}"), frac.trim_end_matches('0').to_owned());
    }
    if d.exponent < 0 {
        let zeros = "0".repeat((-d.exponent - 1) as usize);
        return match d.digits.as_str() {
            "0" => (format!("{sign}0"), String::new()),
            digits => (format!("{sign}0"), zeros + digits),
        };
    }
    let point = d.exponent as usize + 1;
    let int = match d.digits.get(..point) {
        Some(int) => int.to_owned(),
        None => format!("{:0<point$}", d.digits),
    };
    (format!("{sign}{int}"), d.digits.get(point..).unwrap_or_default().to_owned())
}

/// Leading digit with its sign, the digits after the point, and the exponent.
fn scientific<T: Element>(x: T, precision: usize) -> (String, String, i32) {
    let d = digits(x);
    let sign = if d.negative { "-" } else { "" };
    if d.digits.len() - 1 <= precision {
        return (format!("{sign}{}", &d.digits[..1]), d.digits[1..].to_owned(), d.exponent);
    }
    let (int, frac, exponent) = exact_scientific(x, precision);
    (int, frac.trim_end_matches('0').to_owned(), exponent)
}

/// The same with exactly this many digits after the point.
fn exact_scientific<T: Element>(x: T, precision: usize) -> (String, String, i32) {
    let text = format!("{:.precision$e}", x.to_f64());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (int, frac) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    (int.to_owned(), frac.to_owned(), exponent.parse().unwrap_or(0))
}

/// Numbers from which on a dtype's digits do not reach to the unit.
fn large(dtype: DType) -> f64 {
    match dtype {
        DType::F64 => 1e8,
        DType::F32 => 1e6,
        _ => 1e3,
    }
}

/// Floats as words of one width, in one notation.
fn float_words<T: Element>(xs: &[T]) -> Vec<String> {
    let finite: Vec<T> = xs.iter().copied().filter(|x| x.to_f64().is_finite()).collect();
    let sizes = finite.iter().map(|x| x.to_f64().abs()).filter(|&x| x != 0.0);
    let (min, max) = sizes.fold((f64::INFINITY, 0.0f64), |(a, b), x| (a.min(x), b.max(x)));
    // Compared in the array's dtype: 0.0001f32 is not below 0.0001.
    let small = T::from_f64(0.0001).to_f64();
    let ratio = T::from_f64(max / min).to_f64();
    let exponents = max > 0.0 && (max >= large(T::DTYPE) || min < small || ratio > 1000.0);

    // Widths left and right of the point; words of numbers are made in two steps for that.
    let widest = |frac: usize, x: &T| frac.max(scientific(*x, PRECISION).1.len());
    let precision = if exponents { finite.iter().fold(0, widest) } else { PRECISION };
    let mut parts: Vec<(String, String, String)> = Vec::new();
    for &x in &finite {
        parts.push(match exponents {
            true => {
                // Further digits are those of the exact value, not zeros, as NumPy's.
                let (int, frac, e) = exact_scientific(x, precision);
                (int, frac, format!("{}{:02}", if e < 0 { '-' } else { '+' }, e.abs()))
            }
            false => {
                let (int, frac) = positional(x, PRECISION);
                (int, frac, String::new())
            }
        });
    }
    let longest =
        |f: fn(&(String, String, String)) -> usize| parts.iter().map(f).max().unwrap_or(0);
    let (mut left, frac) = (longest(|p| p.0.len()), longest(|p| p.1.len()));
    let exponent = longest(|p| p.2.len());
    let right = if exponents { frac + 1 + exponent } else { frac };
    for x in xs.iter().map(|x| x.to_f64()).filter(|x| !x.is_finite()) {
        let word = if x == f64::NEG_INFINITY { 4 } else { 3 };
        left = left.max(if word > right + 1 { word - right - 1 } else { 0 });
    }
    let mut parts = parts.into_iter();
    let mut word = |x: &T| {
        let x = x.to_f64();
        if !x.is_finite() {
            let name = if x.is_nan() {
                "nan"
            } else if x > 0.0 {
                "inf"
            } else {
                "-inf"
            };
            return format!("{name:>0$}", left + 1 + right);
        }
        let Some((int, digits, e)) = parts.next() else { return String::new() };
        match exponents {
            true => {
                let (sign, size) = e.split_at(1);
                format!("{int:>left$}.{digits:0<frac$}e{sign}{size:0>0$}", exponent - 1)
            }
            false => format!("{int:>left$}.{digits:<frac$}"),
        }
    };
    xs.iter().map(&mut word).collect()
}

/// A rank-0 array: the scalar with all its digits.
fn scalar(x: &Value) -> String {
    match x.dtype() {
        DType::Bool => if x.slice::<bool>()[0] { "True" } else { "False" }.to_owned(),
        d if d.is_int() => {
            dispatch!(int d, T => x.slice::<T>()[0].to_string(), else => String::new())
        }
        d => dispatch!(float d, T => float_scalar(x.slice::<T>()[0]), else => String::new()),
    }
}

fn float_scalar<T: Element>(x: T) -> String {
    let wide = x.to_f64();
    if wide.is_nan() {
        return "nan".to_owned();
    }
    if wide.is_infinite() {
        return if wide > 0.0 { "inf" } else { "-inf" }.to_owned();
    }
    let limit = if T::DTYPE == DType::F64 { 1e16 } else { large(T::DTYPE) };
    if wide != 0.0 && (wide.abs() < 1e-4 || wide.abs() >= limit) {
        let (int, frac, e) = scientific(x, usize::MAX);
        let point = if frac.is_empty() { "" } else { "." };
        return format!("{int}{point}{frac}e{}{:02}", if e < 0 { '-' } else { '+' }, e.abs());
    }
    let (int, frac) = positional(x, usize::MAX >> 1);
    format!("{int}.{}", if frac.is_empty() { "0" } else { &frac })
}
