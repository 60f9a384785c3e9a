//! The printer: names, literals, parameters.
//!
//! The outer jaxpr always has one equation a line, so that texts compare line by line, and each of
//! its equations is laid out alone: memory is bounded by one equation, time is linear, and there is
//! recursion only into sub-jaxprs.

mod layout;

use self::layout::Doc;
use crate::dtype::DType;
use crate::jaxpr::{Atom, Eqn, Jaxpr, Lit};
use crate::loc::Role;
use crate::param::Param;
use std::fmt::{self, Write};

impl fmt::Display for Jaxpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display().fmt(f)
    }
}

impl fmt::Debug for Jaxpr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.display().fmt(f)
    }
}

impl Jaxpr {
    /// The text with options; `{}` prints it.
    pub fn display(&self) -> JaxprDisplay<'_> {
        JaxprDisplay { jaxpr: self, locs: false }
    }
}

/// A jaxpr's text with options, see [`Jaxpr::display`].
#[derive(Clone, Copy)]
pub struct JaxprDisplay<'a> {
    jaxpr: &'a Jaxpr,
    locs: bool,
}

impl JaxprDisplay<'_> {
    /// Prints the source line of each equation after it, as a comment `# file:line`.
    pub fn with_locs(self) -> Self {
        JaxprDisplay { locs: true, ..self }
    }
}

impl fmt::Debug for JaxprDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for JaxprDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Names::new(self.jaxpr);
        let mut doc = Doc::with_locs(self.locs);
        doc.binders(self.jaxpr, &names);
        doc.render(f, 0, 0)?;
        for eqn in self.jaxpr.eqns() {
            doc.clear();
            doc.eqn(self.jaxpr, eqn, &names);
            f.write_str("\n    ")?;
            doc.render(f, 4, 4)?;
        }
        doc.clear();
        doc.results(self.jaxpr, &names);
        f.write_str(if self.jaxpr.eqns().is_empty() { " " } else { "\n  " })?;
        doc.render(f, 2, 2)
    }
}

/// One parameter value as text, on one line.
pub fn print_param(p: &Param) -> String {
    let mut doc = Doc::default();
    doc.param(p);
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = doc.render_within(&mut text, 0, 0, usize::MAX / 2);
    text
}

/// The name under which a variable of a jaxpr is printed, for messages.
pub(crate) fn var_name(jaxpr: &Jaxpr, var: u32) -> String {
    let mut name = String::new();
    Names::new(jaxpr).write(var, &mut name);
    match name.as_str() {
        "_" => format!("`_` (number {var})"),
        _ => format!("`{name}`"),
    }
}

/// The names of a jaxpr's variables: inputs and used results are counted, unused results are `_`.
struct Names(Vec<u32>);

const UNUSED: u32 = u32::MAX;

impl Names {
    fn new(jaxpr: &Jaxpr) -> Names {
        // An ill-formed jaxpr is printed too, when the checker reports it; hence no indexing.
        let mut names = vec![UNUSED; jaxpr.n_vars()];
        let operands = jaxpr.eqns().iter().flat_map(|e| &e.inputs).chain(jaxpr.outs());
        for v in operands.filter_map(|a| a.var()).chain(jaxpr.ins()) {
            if let Some(name) = names.get_mut(v.index()) {
                *name = 0;
            }
        }
        let mut next = 0;
        for name in names.iter_mut().filter(|n| **n == 0) {
            while RESERVED.contains(&next) {
                next += 1;
            }
            *name = next;
            next += 1;
        }
        Names(names)
    }

    fn write(&self, var: u32, out: &mut String) {
        match self.0.get(var as usize) {
            None => write!(out, "?{var}").unwrap_or_default(),
            Some(&UNUSED) => out.push('_'),
            Some(&name) => write_name(name, out),
        }
    }
}

/// Numbers whose letters are words of the grammar.
const RESERVED: [u32; 5] = [
    number_of(b"in"),
    number_of(b"let"),
    number_of(b"inf"),
    number_of(b"nan"),
    number_of(b"lambda"),
];

/// The number of a name: letters are digits in base 26.
const fn number_of(name: &[u8]) -> u32 {
    let mut n = 0;
    let mut i = 0;
    while i < name.len() {
        n = n * 26 + (name[i] - b'a') as u32;
        i += 1;
    }
    n
}

/// a … z, ba, bb, … bz, ca, …
fn write_name(mut n: u32, out: &mut String) {
    let mut letters = [0u8; 8];
    let mut i = letters.len();
    loop {
        i -= 1;
        letters[i] = b'a' + (n % 26) as u8;
        n /= 26;
        if n == 0 {
            break;
        }
    }
    out.extend(letters[i..].iter().map(|&c| c as char));
}

/// A number as Python's `repr` writes it: the shortest digits that read back as the same number.
pub(super) fn write_float(x: f64, out: &mut String) {
    if !x.is_finite() {
        out.push_str(match x {
            _ if x.is_nan() => "nan",
            _ if x > 0.0 => "inf",
            _ => "-inf",
        });
        return;
    }
    let scientific = format!("{x:e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let _ = if (-4..16).contains(&exponent) {
        write!(out, "{x:?}")
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        write!(out, "{digits}e{sign}{:02}", exponent.abs())
    };
}

/// `2.0:f64[]`, `True:bool[]`, `nan:f32[]`; a NaN with other bits than the usual ones is written
/// `nan(0x7fc00001):f32[]`.
fn write_lit(lit: Lit, out: &mut String) {
    let dtype = lit.dtype();
    let _ = match dtype {
        DType::Bool => write!(out, "{}", if lit.bits() != 0 { "True" } else { "False" }),
        DType::U64 => write!(out, "{}", lit.bits()),
        DType::I64 => write!(out, "{}", lit.bits() as i64),
        d if d.is_int() => write!(out, "{}", lit.to_f64()),
        _ if lit.to_f64().is_nan() && lit != Lit::from_f64(dtype, f64::NAN) => {
            write!(out, "nan({:#x})", lit.bits())
        }
        _ => {
            write_float(lit.to_f64(), out);
            Ok(())
        }
    };
    let _ = write!(out, ":{dtype}[]");
}

/// True for a word that reads back as the same word without quotes.
fn is_bare_word(s: &str) -> bool {
    let plain = |s: &str| {
        // A dot or colon at the end of a word would not be part of it.
        s.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && !s.contains('-')
            && super::lex::word(s.as_bytes()) == s.len()
    };
    let inner = s.strip_prefix('<').and_then(|s| s.strip_suffix('>')).unwrap_or(s);
    plain(inner)
        && !matches!(s, "None" | "True" | "False" | "inf" | "nan")
        && DType::from_name(s).is_none()
}

fn write_word(s: &str, out: &mut String) {
    if is_bare_word(s) {
        out.push_str(s);
        return;
    }
    out.push('\'');
    for c in s.chars() {
        let _ = match c {
            '\'' | '\\' => write!(out, "\\{c}"),
            '\n' => write!(out, "\\n"),
            c if c.is_control() => write!(out, "\\U{:08x}", c as u32),
            c => write!(out, "{c}"),
        };
    }
    out.push('\'');
}

/// The content.
impl Doc {
    fn jaxpr(&mut self, jaxpr: &Jaxpr) {
        let names = Names::new(jaxpr);
        let newlines = self.locs && jaxpr.eqns().iter().any(|e| e.loc.line.is_some());
        self.open(0);
        self.binders(jaxpr, &names);
        for (i, eqn) in jaxpr.eqns().iter().enumerate() {
            self.line(if i == 0 { " " } else { "; " }, 4, newlines);
            self.open(4);
            self.eqn(jaxpr, eqn, &names);
            self.close();
        }
        self.line(" ", 2, newlines);
        self.open(2);
        self.results(jaxpr, &names);
        self.close();
        self.close();
    }

    /// `{ lambda ; a:f32[3] b:f32[]. let`
    fn binders(&mut self, jaxpr: &Jaxpr, names: &Names) {
        self.put(|s| s.push_str("{ lambda ; "));
        self.list(4, "", jaxpr.ins(), |s, v| write_binder(jaxpr, v.0, names, s));
        self.put(|s| s.push_str(". let"));
    }

    /// `in (a, b) }`
    fn results(&mut self, jaxpr: &Jaxpr, names: &Names) {
        self.put(|s| s.push_str("in ("));
        self.list(4, ",", jaxpr.outs().iter(), |s, &a| write_atom(a, names, s));
        self.put(|s| s.push_str(if jaxpr.outs().len() == 1 { ",) }" } else { ") }" }));
    }

    fn eqn(&mut self, jaxpr: &Jaxpr, eqn: &Eqn, names: &Names) {
        let outs = eqn.first_out..eqn.first_out.saturating_add(eqn.n_outs);
        self.list(2, "", outs, |s, v| write_binder(jaxpr, v, names, s));
        self.put(|s| {
            if eqn.n_outs > 0 {
                s.push_str(" = ");
            }
            s.push_str(eqn.prim.name());
        });
        let params = eqn.prim.params();
        if !params.is_empty() {
            self.open(2);
            self.put(|s| s.push('['));
            for (i, (key, value)) in params.iter().enumerate() {
                self.line(if i == 0 { "" } else { " " }, 0, false);
                self.put(|s| {
                    s.push_str(key);
                    s.push('=');
                });
                self.param(value);
            }
            self.line("", -2, false);
            self.put(|s| s.push(']'));
            self.close();
        }
        self.open(2);
        for &a in &eqn.inputs {
            self.blank();
            self.put(|s| write_atom(a, names, s));
        }
        self.close();
        if let (true, Some(line)) = (self.locs, eqn.loc.line) {
            self.put(|s| {
                let _ = write!(s, "  # {}:{}", line.file(), line.line());
                if eqn.loc.role != Role::Primal {
                    let _ = write!(s, " ({})", eqn.loc.role);
                }
            });
        }
    }

    fn param(&mut self, p: &Param) {
        match p {
            Param::None => self.put(|s| s.push_str("None")),
            Param::Bool(b) => self.put(|s| s.push_str(if *b { "True" } else { "False" })),
            Param::Int(i) => self.put(|s| write!(s, "{i}").unwrap_or_default()),
            Param::Float(x) => self.put(|s| write_float(*x, s)),
            Param::DType(d) => self.put(|s| s.push_str(d.numpy_name())),
            Param::Word(w) => self.put(|s| write_word(w, s)),
            Param::Func(name, id) => {
                self.put(|s| write!(s, "<fn {name}@{id}>").unwrap_or_default());
            }
            Param::Tuple(xs) => {
                self.put(|s| s.push('('));
                self.items(xs.iter().map(|x| (None, x)));
                self.put(|s| s.push_str(if xs.len() == 1 { ",)" } else { ")" }));
            }
            Param::List(xs) => {
                self.put(|s| s.push('['));
                self.items(xs.iter().map(|x| (None, x)));
                self.put(|s| s.push(']'));
            }
            Param::Struct(name, fields) => {
                self.put(|s| {
                    s.push_str(name);
                    s.push('(');
                });
                self.items(fields.iter().map(|(k, x)| (Some(k.as_str()), x)));
                self.put(|s| s.push(')'));
            }
            Param::Jaxpr(jaxpr) => self.jaxpr(jaxpr),
        }
    }

    fn items<'a>(&mut self, items: impl Iterator<Item = (Option<&'a str>, &'a Param)>) {
        for (i, (key, value)) in items.enumerate() {
            self.put(|s| {
                s.push_str(if i > 0 { ", " } else { "" });
                if let Some(key) = key {
                    s.push_str(key);
                    s.push('=');
                }
            });
            self.param(value);
        }
    }
}

fn write_binder(jaxpr: &Jaxpr, var: u32, names: &Names, out: &mut String) {
    names.write(var, out);
    let _ = match jaxpr.types().get(var as usize) {
        Some(ty) => write!(out, ":{ty}"),
        None => write!(out, ":?"),
    };
}

fn write_atom(atom: Atom, names: &Names, out: &mut String) {
    match atom {
        Atom::Var(v) => names.write(v.0, out),
        Atom::Lit(l) => write_lit(l, out),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_does() {
        let show = |x: f64| {
            let mut s = String::new();
            write_float(x, &mut s);
            s
        };
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (2.0, "2.0"),
            (0.1, "0.1"),
            (0.1f32 as f64, "0.10000000149011612"),
            (1e300, "1e+300"),
            (1e16, "1e+16"),
            (123456789012345680.0, "1.2345678901234568e+17"),
            (1e15, "1000000000000000.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (5e-324, "5e-324"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
            (f64::NAN, "nan"),
        ];
        for (x, text) in cases {
            assert_eq!(show(x), text);
        }
    }

    #[test]
    fn names_count_in_letters() {
        let show = |n| {
            let mut s = String::new();
            write_name(n, &mut s);
            s
        };
        let shown: Vec<String> = [0, 25, 26, 27, 52, 675, 676].map(show).into();
        assert_eq!(shown, ["a", "z", "ba", "bb", "ca", "zz", "baa"]);
        assert_eq!(show(number_of(b"lambda")), "lambda");
    }
}
