//! The parser: one pass over the text, building and type-checking equations as it goes.
//!
//! Variables are looked up in the scope of their own jaxpr: a nested jaxpr may use the names of the
//! outer one for other things, and JAX does so. Jaxprs that JAX hoists in front (`let f = {…} in`)
//! may refer to later ones, so their places are noted first and each is read when it is first
//! referred to. Nesting is bounded, which bounds the recursion; nothing is allocated by a number
//! that stands in the text.

mod bind;
mod types;
mod values;

use super::explain;
use super::lex::{Kind, Lexer, Token, quoted};
use crate::builder::Builder;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms, Jaxpr};
use crate::types::Type;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// How deep jaxprs, parameter values and types may nest in each other.
const MAX_DEPTH: usize = 64;

/// How many equations a text may stand for when every reference to a hoisted jaxpr is written out.
const MAX_EXPANDED: u64 = 1 << 24;

const DRAW_OUTSIDE: &str = "draw the numbers outside and pass them as inputs";

/// Reads a jaxpr: what `Display` prints, and what `jax.make_jaxpr` prints.
///
/// ```
/// let text = "{ lambda ; a:f32[3] b:f32[]. let
///     c:f32[3] = sin a
///     d:f32[3] = mul c b
///   in (d,) }";
/// let jaxpr = pullback_ir::text::parse(text)?;
/// assert_eq!(jaxpr.to_string(), text);
/// # Ok::<(), pullback_ir::Error>(())
/// ```
///
/// # Errors
/// The text is not a well-typed jaxpr. The error names line and column and has a byte offset, so
/// that [`explain`](super::explain) can show it under the line.
pub fn parse(text: &str) -> Result<Jaxpr, Error> {
    let mut parser =
        Parser { lex: Lexer::new(text), hoisted: FxHashMap::default(), depth: 0, expanded: 0 };
    parser.text()
}

struct Parser<'a> {
    lex: Lexer<'a>,
    hoisted: FxHashMap<&'a str, Hoisted>,
    depth: usize,
    /// Equations read so far in the jaxpr at hand, nested ones included.
    expanded: u64,
}

/// A jaxpr in front of the main one.
#[derive(Clone)]
enum Hoisted {
    /// Not read yet: it begins here.
    At(usize),
    /// Being read: a reference to it would be a cycle.
    Open,
    /// Read; with how many equations it stands for.
    Read(Jaxpr, u64),
}

type Result<T, E = Error> = std::result::Result<T, E>;

/// A result of an equation, as its binder declares it.
struct Binder<'a> {
    name: Token<'a>,
    ty: Type,
    ty_at: usize,
}

impl<'a> Parser<'a> {
    fn error<T>(&self, at: usize, message: impl AsRef<str>) -> Result<T> {
        Err(explain::error(self.lex.source, at, message))
    }

    fn unexpected<T>(&self, wanted: &str, found: Token<'_>) -> Result<T> {
        let found_text = match found.kind {
            Kind::End => "the end of the text".to_owned(),
            _ => format!("`{}`", found.text),
        };
        self.error(found.start, format!("expected {wanted}, found {found_text}"))
    }

    fn unclosed<T>(&self, bracket: u8, at: usize) -> Result<T> {
        self.error(at, format!("this `{}` is not closed", bracket as char))
    }

    fn needs_type<T>(&self, token: Token<'_>) -> Result<T> {
        self.error(token.start, format!("`{0}` needs a type: `{0}:f32[]`", token.text))
    }

    fn punct(&mut self, c: u8, after: &str) -> Result<Token<'a>> {
        let token = self.lex.next();
        if token.is(c) {
            return Ok(token);
        }
        self.unexpected(&format!("`{}` {after}", c as char), token)
    }

    fn keyword(&mut self, word: &str, place: &str) -> Result<()> {
        let token = self.lex.next();
        if token.is_word(word) {
            return Ok(());
        }
        self.unexpected(&format!("`{word}` {place}"), token)
    }

    /// Runs a part of the parser one level deeper.
    fn nested<T>(&mut self, at: usize, f: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        if self.depth >= MAX_DEPTH {
            return self.error(at, format!("nested more than {MAX_DEPTH} levels deep"));
        }
        self.depth += 1;
        let result = f(self);
        self.depth -= 1;
        result
    }
}

/// Jaxprs and equations.
impl<'a> Parser<'a> {
    /// `let f = {…} in … {…}`
    fn text(&mut self) -> Result<Jaxpr> {
        let mut names = Vec::new();
        while self.lex.peek().is_word("let") {
            self.lex.next();
            let name = self.lex.next();
            if name.kind != Kind::Word {
                return self.unexpected("the name of a jaxpr after `let`", name);
            }
            self.punct(b'=', "after the name of a jaxpr")?;
            let start = self.lex.peek();
            if !start.is(b'{') {
                return self.unexpected("`{`, a jaxpr,", start);
            }
            if self.hoisted.insert(name.text, Hoisted::At(start.start)).is_some() {
                return self.error(name.start, format!("`{}` is defined twice", name.text));
            }
            names.push(name);
            self.skip_braces()?;
            self.keyword("in", "after a jaxpr that `let` defines")?;
        }
        let jaxpr = self.jaxpr(false)?;
        let rest = self.lex.next();
        if rest.kind != Kind::End {
            return self.unexpected("the end of the text after the jaxpr", rest);
        }
        // Those that nobody refers to must be right all the same.
        for name in names {
            self.reference(name.text, name.start)?;
        }
        Ok(jaxpr)
    }

    /// Skips `{…}`, whose inside is read later.
    fn skip_braces(&mut self) -> Result<()> {
        let bytes = self.lex.source.as_bytes();
        let start = self.lex.peek().start;
        let mut open = 0usize;
        let mut i = start;
        while let Some(&c) = bytes.get(i) {
            i += 1;
            match c {
                b'{' => open += 1,
                b'}' => open -= 1,
                b'\'' | b'"' => i += quoted(&bytes[i - 1..]).map_or(0, |n| n - 1),
                b'#' => {
                    i += bytes[i..].iter().position(|&c| c == b'\n').unwrap_or(bytes.len() - i);
                }
                _ => {}
            }
            if open == 0 {
                self.lex.pos = i;
                return Ok(());
            }
        }
        self.unclosed(b'{', start)
    }

    /// The jaxpr of this name among those in front.
    fn reference(&mut self, name: &'a str, at: usize) -> Result<Jaxpr> {
        match self.hoisted.get(name).cloned() {
            None => self.error(at, format!("there is no jaxpr `{name}` in front of this one")),
            Some(Hoisted::Open) => self.error(at, format!("the jaxpr `{name}` refers to itself")),
            Some(Hoisted::Read(jaxpr, size)) => {
                self.count(size, at)?;
                Ok(jaxpr)
            }
            Some(Hoisted::At(start)) => {
                let (back, before) = (self.lex.pos, self.expanded);
                self.hoisted.insert(name, Hoisted::Open);
                self.lex.pos = start;
                let jaxpr = self.nested(at, |p| p.jaxpr(true))?;
                self.lex.pos = back;
                let size = self.expanded - before;
                self.hoisted.insert(name, Hoisted::Read(jaxpr.clone(), size));
                Ok(jaxpr)
            }
        }
    }

    fn count(&mut self, equations: u64, at: usize) -> Result<()> {
        self.expanded = self.expanded.saturating_add(equations);
        if self.expanded > MAX_EXPANDED {
            return self.error(at, "the jaxpr has too many equations when written out");
        }
        Ok(())
    }

    /// `{ lambda consts ; inputs . let equations in (results) }`
    fn jaxpr(&mut self, nested: bool) -> Result<Jaxpr> {
        self.punct(b'{', "at the beginning of a jaxpr")?;
        self.keyword("lambda", "after `{`")?;
        let b = Builder::new();
        let mut scope = Scope::default();
        let consts = self.lex.peek();
        while !self.lex.peek().is(b';') {
            self.input(&b, &mut scope, "a constant `name:type` or `;`")?;
        }
        if nested && b.n_ins() > 0 {
            return self.error(
                consts.start,
                "a nested jaxpr with constants: their values are not in the text, pass them as \
                 arguments of the nested function",
            );
        }
        self.lex.next();
        while !self.lex.peek().is(b'.') {
            self.input(&b, &mut scope, "an input `name:type` or `.`")?;
        }
        self.lex.next();
        self.keyword("let", "after the inputs")?;
        loop {
            let (token, next) = self.lex.peek_two();
            if token.is_word("in") && next.is(b'(') {
                break;
            }
            if token.is(b';') {
                self.lex.next();
                continue;
            }
            self.equation(&b, &mut scope)?;
        }
        self.lex.next();
        self.lex.next();
        let mut outs = Vec::new();
        loop {
            let token = self.lex.peek();
            if token.is(b')') {
                break;
            }
            match self.operand(&scope)? {
                Some(atom) => outs.push(atom),
                None => return self.unexpected("a result or `)`", token),
            }
            let token = self.lex.peek();
            if token.is(b',') {
                self.lex.next();
            } else if !token.is(b')') {
                return self.unexpected("`,` or `)` after a result", token);
            }
        }
        self.lex.next();
        self.punct(b'}', "at the end of a jaxpr")?;
        Ok(b.finish(outs))
    }

    fn input(&mut self, b: &Builder, scope: &mut Scope<'a>, wanted: &str) -> Result<()> {
        let (name, colon) = self.lex.peek_two();
        if name.kind != Kind::Word || name.text == "let" {
            return self.unexpected(wanted, name);
        }
        if !colon.is(b':') {
            return self.needs_type(name);
        }
        let binder = self.binder()?;
        let atom = b.input(binder.ty);
        self.define(scope, binder.name, atom)
    }

    fn define(&self, scope: &mut Scope<'a>, name: Token<'a>, atom: Atom) -> Result<()> {
        if name.text != "_" && scope.insert(name.text, atom).is_some() {
            return self
                .error(name.start, format!("the variable `{}` is defined twice", name.text));
        }
        Ok(())
    }

    /// `name:type`
    fn binder(&mut self) -> Result<Binder<'a>> {
        let name = self.lex.next();
        if name.kind != Kind::Word {
            return self.unexpected("a variable", name);
        }
        self.punct(b':', "after a variable")?;
        let ty_at = self.lex.peek().start;
        let ty = self.ty()?;
        Ok(Binder { name, ty, ty_at })
    }

    /// `binders = name[params] operands`
    fn equation(&mut self, b: &Builder, scope: &mut Scope<'a>) -> Result<()> {
        let mut binders: SmallVec<[Binder<'a>; 2]> = SmallVec::new();
        loop {
            let (token, next) = self.lex.peek_two();
            if token.kind != Kind::Word || !next.is(b':') {
                break;
            }
            binders.push(self.binder()?);
        }
        if !binders.is_empty() {
            self.punct(b'=', "after the results of an equation")?;
        }
        let prim = self.lex.next();
        if prim.kind != Kind::Word || (prim.text == "in" && self.lex.peek().is(b'(')) {
            let wanted = if binders.is_empty() {
                "an equation or `in (`"
            } else {
                "the name of a primitive"
            };
            return self.unexpected(wanted, prim);
        }
        if self.lex.peek().is(b'=') {
            return self.needs_type(prim);
        }
        self.count(1, prim.start)?;
        let params = if self.lex.peek().is(b'[') { self.params()? } else { Vec::new() };
        let mut operands = Atoms::new();
        while let Some(atom) = self.operand(scope)? {
            operands.push(atom);
        }
        let outs = self.bind(b, prim, params, &operands, &binders)?;
        if outs.len() != binders.len() {
            let message = format!(
                "`{}` has {}, not {}",
                prim.text,
                plural(outs.len(), "result"),
                binders.len()
            );
            return self.error(prim.start, message);
        }
        for (binder, &out) in binders.iter().zip(&outs) {
            let ty = b.ty(out);
            if ty != binder.ty {
                let message = format!("the result of `{}` is {ty}, not {}", prim.text, binder.ty);
                return self.error(binder.ty_at, message);
            }
            self.define(scope, binder.name, out)?;
        }
        Ok(())
    }

    /// An operand or result; `None` if none stands here.
    fn operand(&mut self, scope: &Scope<'a>) -> Result<Option<Atom>> {
        let (token, next) = self.lex.peek_two();
        match token.kind {
            Kind::Number => self.literal().map(Some),
            Kind::Word if next.is(b':') => match token.text {
                "True" | "False" => self.literal().map(Some),
                "inf" | "nan" if !self.is_binder() => self.literal().map(Some),
                _ => Ok(None),
            },
            Kind::Word if next.is(b'(') && token.text == "nan" => self.literal().map(Some),
            Kind::Word if next.is(b'(') && token.text == "in" => Ok(None),
            // The next equation, one without results.
            Kind::Word if next.is(b'[') => Ok(None),
            Kind::Word => match scope.get(token.text) {
                Some(&atom) => {
                    self.lex.next();
                    Ok(Some(atom))
                }
                None if next.is(b'=') => self.needs_type(token),
                None => {
                    let message = format!("the variable `{}` is not defined", token.text);
                    self.error(token.start, message)
                }
            },
            _ => Ok(None),
        }
    }

    /// True where `nan:f64[]` begins an equation: `nan` and `inf` are names too, JAX's 8,802nd and
    /// 5,752nd. A binder stands first on its line and a `=` follows on that line.
    fn is_binder(&self) -> bool {
        let mut ahead = self.lex;
        if !ahead.next().first_on_line {
            return false;
        }
        loop {
            let token = ahead.next();
            if token.is(b'=') {
                return true;
            }
            if token.first_on_line || matches!(token.kind, Kind::End | Kind::Number) {
                return false;
            }
        }
    }
}
type Scope<'a> = FxHashMap<&'a str, Atom>;

fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// One parameter value, for the law on values.
#[cfg(test)]
pub(super) fn parse_param(text: &str) -> Result<crate::param::Param> {
    let lex = Lexer::new(text);
    let mut parser = Parser { lex, hoisted: FxHashMap::default(), depth: 0, expanded: 0 };
    parser.param("key")
}
