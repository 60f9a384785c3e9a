//! The parser: one pass over the text, building and type-checking equations as it goes.
//!
//! Variables are looked up in the scope of their own jaxpr: a nested jaxpr may use the names of the
//! outer one for other things, and JAX does so. Jaxprs that JAX hoists in front (`let f = {…} in`)
//! may refer to later ones, so their places are noted first and each is read when it is first
//! referred to. Nesting is bounded, which bounds the recursion; nothing is allocated by a number
//! that stands in the text.

use super::desugar::desugar;
use super::explain;
use super::lex::{Kind, Lexer, Token, quoted};
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms, Jaxpr, Lit};
use crate::param::{Param, ParamMap};
use crate::prim::broadcast::BroadcastInDim;
use crate::prim::{Prim, Types};
use crate::shape::{Axes, Shape};
use crate::types::Type;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// How deep jaxprs, parameter values and types may nest in each other.
const MAX_DEPTH: usize = 64;

/// How many equations a text may stand for when every reference to a hoisted jaxpr is written out.
const MAX_EXPANDED: u64 = 1 << 24;

/// The most parameters of an equation.
const MAX_PARAMS: usize = 100;

/// The most dimensions of a type.
const MAX_RANK: usize = 64;

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

/// A value that the structured grammar does not cover is read as raw text.
enum Value {
    Param(Param),
    Raw,
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

    /// `2.0:f64[]`
    fn literal(&mut self) -> Result<Atom> {
        let value = self.lex.next();
        let mut payload = None;
        if value.text == "nan" && self.lex.peek().is(b'(') {
            payload = Some(self.nan_payload()?);
        }
        if !self.lex.peek().is(b':') {
            return self.needs_type(value);
        }
        self.lex.next();
        let at = self.lex.peek().start;
        let ty = self.ty()?;
        let dtype = match &ty {
            Type::Array { dtype, shape } if shape.is_empty() => *dtype,
            _ => return self.error(at, format!("a literal has a scalar type, not {ty}")),
        };
        match literal_value(value.text, payload, dtype) {
            Some(lit) => Ok(Atom::Lit(lit)),
            None => {
                let text = match payload {
                    Some(bits) => format!("nan({bits:#x})"),
                    None => value.text.to_owned(),
                };
                self.error(value.start, format!("`{text}` is not a value of {dtype}"))
            }
        }
    }

    /// `(0x7fc00001)`: the bits of an unusual NaN.
    fn nan_payload(&mut self) -> Result<u64> {
        let open = self.lex.next();
        let rest = &self.lex.source[open.end()..];
        let inside = rest.find(')').map(|n| &rest[..n]);
        let digits = inside.and_then(|s| s.strip_prefix("0x"));
        match digits.and_then(|d| u64::from_str_radix(d, 16).ok()) {
            Some(bits) => {
                self.lex.pos = open.end() + inside.map_or(0, str::len) + 1;
                Ok(bits)
            }
            None => self.error(open.start, "expected the bits of a NaN, such as `(0x7fc00001)`"),
        }
    }

    /// `f32[3,4]`, `stack<f32[3],i32[]>`
    fn ty(&mut self) -> Result<Type> {
        let name = self.lex.next();
        if name.kind != Kind::Word {
            return self.unexpected("a type such as f32[3]", name);
        }
        if name.text == "stack" {
            return self.nested(name.start, |p| p.stack_type());
        }
        let Some(dtype) = DType::ALL.into_iter().find(|d| d.name() == name.text) else {
            return self.error(name.start, no_dtype(name.text));
        };
        self.punct(b'[', "after a dtype")?;
        let mut shape = Shape::new();
        if !self.lex.peek().is(b']') {
            loop {
                let size = self.lex.next();
                match size.kind {
                    Kind::Number => {}
                    Kind::Word => {
                        let message = format!("the size `{}` is not a number", size.text);
                        return self.error(size.start, message);
                    }
                    _ => return self.unexpected("a size", size),
                }
                match size.text.parse::<usize>() {
                    Ok(n) => shape.push(n),
                    Err(_) => {
                        let message = format!("`{}` is not a size of an array", size.text);
                        return self.error(size.start, message);
                    }
                }
                if shape.len() > MAX_RANK {
                    return self
                        .error(size.start, format!("a type has at most {MAX_RANK} dimensions"));
                }
                let token = self.lex.peek();
                if token.is(b']') {
                    break;
                }
                self.punct(b',', "or `]` after a size")?;
            }
        }
        self.lex.next();
        if let Err(fault) = crate::shape::checked_numel(&shape) {
            return self.error(name.start, fault.0);
        }
        Ok(Type::new(dtype, shape))
    }

    fn stack_type(&mut self) -> Result<Type> {
        self.punct(b'<', "after `stack`")?;
        let mut elements = Vec::new();
        loop {
            elements.push(self.ty()?);
            let token = self.lex.next();
            if token.is(b'>') {
                return Ok(Type::Stack(elements.into()));
            }
            if !token.is(b',') {
                return self.unexpected("`,` or `>` in a stack type", token);
            }
        }
    }
}

/// Parameters.
impl<'a> Parser<'a> {
    /// `[key=value key=value]`
    fn params(&mut self) -> Result<Vec<(Token<'a>, Param)>> {
        self.lex.next();
        let mut params: Vec<(Token<'a>, Param)> = Vec::new();
        loop {
            let key = self.lex.next();
            if key.is(b']') {
                return Ok(params);
            }
            if key.kind != Kind::Word || !self.lex.peek().is(b'=') {
                return self.unexpected("a parameter `name=value` or `]`", key);
            }
            self.lex.next();
            if params.len() >= MAX_PARAMS {
                return self.error(key.start, format!("more than {MAX_PARAMS} parameters"));
            }
            if params.iter().any(|(k, _)| k.text == key.text) {
                return self.error(key.start, format!("the parameter `{}` stands twice", key.text));
            }
            let value = self.param(key.text)?;
            params.push((key, value));
        }
    }

    fn param(&mut self, key: &str) -> Result<Param> {
        let start = self.lex;
        let token = self.lex.peek();
        // A name may look like anything: `name=None`, `name=3d`, `name=<lambda>`.
        if key != "name" {
            if token.is(b'{') && self.lex.peek_two().1.is_word("lambda") {
                return self.nested(token.start, |p| p.jaxpr(true)).map(Param::Jaxpr);
            }
            let names_jaxpr = key.ends_with("jaxpr") || matches!(key, "callee" | "branches");
            if let Value::Param(p) = self.value(names_jaxpr)?
                && self.at_end_of_value()
            {
                return Ok(p);
            }
            self.lex = start;
        } else if token.kind == Kind::Quoted {
            return self.value(false).map(|v| match v {
                Value::Param(p) => p,
                Value::Raw => Param::word(""),
            });
        }
        self.raw()
    }

    fn at_end_of_value(&self) -> bool {
        let next = self.lex.source.as_bytes().get(self.lex.pos).copied().unwrap_or(b' ');
        next.is_ascii_whitespace() || matches!(next, b']' | b')' | b'}' | b',' | b'#')
    }

    /// A value of the grammar of [`Param`]; `Raw` where it is Python text of another kind.
    fn value(&mut self, names_jaxpr: bool) -> Result<Value> {
        let token = self.lex.next();
        let known = |p| Ok(Value::Param(p));
        match token.kind {
            Kind::Number => match self.number(token)? {
                Some(p) => known(p),
                None => Ok(Value::Raw),
            },
            Kind::Quoted => known(Param::Word(unquote(token.text))),
            Kind::Punct(b'(') => self.nested(token.start, |p| p.sequence(b')', names_jaxpr)),
            Kind::Punct(b'[') => self.nested(token.start, |p| p.sequence(b']', names_jaxpr)),
            Kind::Punct(b'{') if self.lex.peek().is_word("lambda") => {
                self.lex.pos = token.start;
                self.nested(token.start, |p| p.jaxpr(true)).map(|j| Value::Param(Param::Jaxpr(j)))
            }
            Kind::Punct(b'<') => {
                self.lex.pos = token.start;
                self.raw().map(Value::Param)
            }
            // A set of Python's.
            Kind::Punct(b'{') => self.nested(token.start, |p| p.sequence(b'}', false)),
            Kind::Word => match token.text {
                "None" => known(Param::None),
                "True" => known(Param::Bool(true)),
                "False" => known(Param::Bool(false)),
                "inf" => known(Param::Float(f64::INFINITY)),
                "nan" => known(Param::Float(f64::NAN)),
                _ if self.lex.source.as_bytes().get(token.end()) == Some(&b'(') => {
                    self.nested(token.start, |p| p.structure(token.text))
                }
                name if names_jaxpr => {
                    self.reference(name, token.start).map(|j| Value::Param(Param::Jaxpr(j)))
                }
                name => known(match DType::from_name(name) {
                    Some(d) => Param::DType(d),
                    None => Param::word(name),
                }),
            },
            _ => Ok(Value::Raw),
        }
    }

    fn number(&self, token: Token<'a>) -> Result<Option<Param>> {
        let text = token.text;
        if let "-inf" | "-nan" = text {
            return Ok(Some(Param::Float(if text == "-inf" {
                f64::NEG_INFINITY
            } else {
                f64::NAN
            })));
        }
        if text.contains(['.', 'e', 'E']) {
            return Ok(text.parse().ok().map(Param::Float));
        }
        match text.parse() {
            Ok(i) => Ok(Some(Param::Int(i))),
            Err(_) if text[1..].bytes().all(|c| c.is_ascii_digit()) => {
                self.error(token.start, format!("the number `{text}` is too large"))
            }
            Err(_) => Ok(None),
        }
    }

    /// `(1, 2)`, `[1, 2]`, `{1, 2}`: what follows the opening bracket.
    fn sequence(&mut self, close: u8, names_jaxpr: bool) -> Result<Value> {
        let mut items = Vec::new();
        loop {
            if self.lex.peek().is(close) {
                self.lex.next();
                return Ok(Value::Param(match close {
                    b')' => Param::Tuple(items),
                    _ => Param::List(items),
                }));
            }
            match self.value(names_jaxpr)? {
                Value::Param(p) => items.push(p),
                Value::Raw => return Ok(Value::Raw),
            }
            let token = self.lex.peek();
            if token.is(b',') {
                self.lex.next();
            } else if !token.is(close) {
                return Ok(Value::Raw);
            }
        }
    }

    /// `GatherDimensionNumbers(offset_dims=(0,), …)`, `np.int64(1)`, `dtype('float32')`.
    fn structure(&mut self, name: &str) -> Result<Value> {
        self.lex.next();
        let mut fields = Vec::new();
        let mut only = None;
        loop {
            let (key, next) = self.lex.peek_two();
            if key.is(b')') {
                self.lex.next();
                break;
            }
            let positional = !(key.kind == Kind::Word && next.is(b'='));
            if !positional {
                self.lex.next();
                self.lex.next();
            }
            match self.value(false)? {
                Value::Raw => return Ok(Value::Raw),
                Value::Param(p) if positional && only.is_none() && fields.is_empty() => {
                    only = Some(p);
                }
                Value::Param(_) if positional => return Ok(Value::Raw),
                Value::Param(p) => fields.push((key.text.to_owned(), p)),
            }
            let token = self.lex.peek();
            if token.is(b',') {
                self.lex.next();
            } else if !token.is(b')') {
                return Ok(Value::Raw);
            }
        }
        Ok(match (only, name) {
            (None, _) => Value::Param(Param::Struct(name.to_owned(), fields)),
            // NumPy scalars leak into tuples of JAX's.
            (Some(p @ (Param::Int(_) | Param::Float(_))), _)
                if name.starts_with("np.") || name.starts_with("numpy.") =>
            {
                Value::Param(p)
            }
            (Some(p @ Param::List(_)), "frozenset") => Value::Param(p),
            (Some(p @ Param::DType(_)), "dtype") => Value::Param(p),
            (Some(Param::Word(w)), "dtype") => match DType::from_name(&w) {
                Some(d) => Value::Param(Param::DType(d)),
                None => Value::Raw,
            },
            _ => Value::Raw,
        })
    }

    /// Any Python text up to a blank or comma outside of brackets: `<function f at 0x7f…>`.
    fn raw(&mut self) -> Result<Param> {
        let bytes = self.lex.source.as_bytes();
        let start = self.lex.pos;
        let mut i = start;
        let mut open: Vec<(u8, usize)> = Vec::new();
        while let Some(&c) = bytes.get(i) {
            if matches!(c, b')' | b']' | b'}') {
                // A `<` that nothing closed was "less than".
                while open.last().is_some_and(|&(o, _)| o == b'<') {
                    open.pop();
                }
            }
            let ends = c.is_ascii_whitespace() || matches!(c, b']' | b')' | b'}' | b',');
            if open.is_empty() && ends {
                break;
            }
            match c {
                b'(' | b'[' | b'{' | b'<' => open.push((c, i)),
                b')' | b']' | b'}' => {
                    let opening = match c {
                        b')' => b'(',
                        b']' => b'[',
                        _ => b'{',
                    };
                    match open.pop() {
                        Some((o, at)) if o != opening => return self.unclosed(o, at),
                        _ => {}
                    }
                }
                b'>' if open.last().is_some_and(|&(o, _)| o == b'<') => {
                    open.pop();
                }
                b'\'' | b'"' => i += quoted(&bytes[i..]).map_or(0, |n| n - 1),
                _ => {}
            }
            i += 1;
        }
        if let Some(&(c, at)) = open.first() {
            return self.unclosed(c, at);
        }
        self.lex.pos = i;
        Ok(raw_value(&self.lex.source[start..i]))
    }
}

/// From names to primitives.
impl<'a> Parser<'a> {
    fn bind(
        &self,
        b: &Builder,
        prim: Token<'a>,
        params: Vec<(Token<'a>, Param)>,
        operands: &[Atom],
        binders: &[Binder<'a>],
    ) -> Result<Atoms> {
        let name = prim.text;
        let keys: SmallVec<[Token<'a>; 8]> = params.iter().map(|(k, _)| *k).collect();
        let entries = params.into_iter().map(|(k, p)| (k.text.to_owned(), p)).collect();
        let mut map = ParamMap::new(entries);
        if let [Binder { ty: Type::Array { shape, .. }, .. }] = binders {
            map = map.with_result_shape(shape);
        }
        let at_prim = |e: Error| explain::error(self.lex.source, prim.start, e.to_string());
        match desugar(b, name, &mut map, operands) {
            Ok(Some(outs)) => return Ok(outs),
            Ok(None) => {}
            Err(e) => return Err(at_prim(e)),
        }
        let found = match Prim::parse(name, &mut map) {
            Some(Ok(found)) => found,
            Some(Err(fault)) => return self.error(prim.start, format!("`{name}`: {fault}")),
            None => return self.error(prim.start, unknown_primitive(name)),
        };
        // A parameter of a newer JAX that is `None` is one that does nothing.
        let left = |k: &&Token<'_>| map.get(k.text).is_some_and(|p| *p != Param::None);
        if let Some(key) = keys.iter().find(left) {
            return self.error(key.start, format!("`{name}` has no parameter `{}`", key.text));
        }
        let types =
            |atoms: &[Atom]| -> SmallVec<[Type; 4]> { atoms.iter().map(|&a| b.ty(a)).collect() };
        let in_types = types(operands);
        if found.broadcasts()
            && let Some(shape) = broadcast_shape(&in_types)
        {
            let mut wide = Atoms::new();
            for (&a, ty) in operands.iter().zip(&in_types) {
                wide.push(if ty.rank() == shape.len() && ty.shape() != shape.as_slice() {
                    let broadcast_dimensions: Axes = (0..shape.len()).collect();
                    let prim = BroadcastInDim { shape: shape.clone(), broadcast_dimensions };
                    b.bind(prim, &[a]).map_err(at_prim)?[0]
                } else {
                    a
                });
            }
            return b.bind(found, &wide).map_err(at_prim);
        }
        let outs: Types = found.check_types(&in_types).map_err(at_prim)?;
        Ok(b.push(found, operands.iter().copied().collect(), &outs))
    }
}

type Scope<'a> = FxHashMap<&'a str, Atom>;

/// What raw text stands for: `<class 'numpy.float64'>` is a dtype, `<function f at 0x7f…>` and our
/// `<fn f@7>` are functions, the rest are words.
fn raw_value(text: &str) -> Param {
    let inside = text.strip_prefix('<').and_then(|t| t.strip_suffix('>')).unwrap_or("");
    if let Some(class) = inside.strip_prefix("class ") {
        let class = class.trim_matches('\'');
        if let Some(d) = DType::from_name(class.rsplit('.').next().unwrap_or(class)) {
            return Param::DType(d);
        }
    }
    if let Some((name, id)) = inside.strip_prefix("fn ").and_then(|f| f.rsplit_once('@')) {
        return Param::Func(name.to_owned(), id.parse().unwrap_or(0));
    }
    if let Some(function) = inside.strip_prefix("function ") {
        let name = function.split(" at 0x").next().unwrap_or(function);
        return Param::Func(name.to_owned(), 0);
    }
    Param::word(text)
}

/// The common shape of arrays of one rank some of which have size 1 where others have more, besides
/// scalars; `None` where they agree already or cannot.
fn broadcast_shape(types: &[Type]) -> Option<Shape> {
    let arrays = || {
        types.iter().filter_map(|t| match t {
            Type::Array { shape, .. } if !shape.is_empty() => Some(shape),
            _ => None,
        })
    };
    let mut common: Shape = arrays().next()?.clone();
    for shape in arrays() {
        if shape.len() != common.len() {
            return None;
        }
        for (c, &d) in common.iter_mut().zip(shape) {
            match (*c, d) {
                (c, d) if c == d => {}
                (1, d) => *c = d,
                (_, 1) => {}
                _ => return None,
            }
        }
    }
    arrays().any(|s| *s != common).then_some(common)
}

/// The value that a literal's text denotes; `None` if the dtype does not have it.
fn literal_value(text: &str, payload: Option<u64>, dtype: DType) -> Option<Lit> {
    if let Some(bits) = payload {
        let lit = Lit::from_bits(dtype, bits);
        return (dtype.is_float() && lit.bits() == bits && lit.to_f64().is_nan()).then_some(lit);
    }
    match text {
        "True" | "False" => {
            return (dtype == DType::Bool).then(|| Lit::new(text == "True"));
        }
        "inf" | "-inf" | "nan" | "-nan" => {
            let x = match text {
                "inf" => f64::INFINITY,
                "-inf" => f64::NEG_INFINITY,
                _ => f64::NAN,
            };
            return dtype.is_float().then(|| Lit::from_f64(dtype, x));
        }
        _ => {}
    }
    if dtype.is_float() {
        let lit = Lit::from_f64(dtype, text.parse().ok()?);
        // A finite text that overflows is a mistake, not infinity.
        return lit.to_f64().is_finite().then_some(lit);
    }
    match dtype {
        DType::Bool => None,
        DType::U8 => text.parse().ok().map(Lit::new::<u8>),
        DType::I8 => text.parse().ok().map(Lit::new::<i8>),
        DType::I32 => text.parse().ok().map(Lit::new::<i32>),
        DType::U32 => text.parse().ok().map(Lit::new::<u32>),
        DType::I64 => text.parse().ok().map(Lit::new::<i64>),
        DType::U64 => text.parse().ok().map(Lit::new::<u64>),
        _ => None,
    }
}

/// The text of a quoted string; the escapes are Python's.
fn unquote(quoted: &str) -> String {
    let inside = &quoted[1..quoted.len() - 1];
    let mut out = String::with_capacity(inside.len());
    let mut chars = inside.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        let digits = match chars.next() {
            Some('n') => {
                out.push('\n');
                continue;
            }
            Some('t') => {
                out.push('\t');
                continue;
            }
            Some('r') => {
                out.push('\r');
                continue;
            }
            Some('x') => 2,
            Some('u') => 4,
            Some('U') => 8,
            Some(c) => {
                out.push(c);
                continue;
            }
            None => break,
        };
        let code: String = chars.by_ref().take(digits).collect();
        let code = u32::from_str_radix(&code, 16).ok();
        out.push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    out
}

const DRAW_OUTSIDE: &str = "draw the numbers outside and pass them as inputs";

fn no_dtype(name: &str) -> String {
    let names: Vec<&str> = DType::ALL.iter().map(|d| d.name()).collect();
    let known = names.join(" ");
    match name {
        "key" => {
            "the key types of JAX are not read: its random bits come from another cipher; "
                .to_owned()
                + DRAW_OUTSIDE
        }
        "c64" | "c128" => {
            format!("complex numbers (`{name}`) are not read; the dtypes are {known}")
        }
        _ => match DType::from_name(name) {
            Some(d) => format!("in types the dtype `{name}` is written `{d}`"),
            None => format!("there is no dtype `{name}`; the dtypes are {known}"),
        },
    }
}

fn unknown_primitive(name: &str) -> String {
    let mut message = format!("there is no primitive `{name}`");
    match name {
        "random_seed" | "random_wrap" | "random_unwrap" | "random_gamma" | "threefry2x32" => {
            return message + ": JAX's random bits come from another cipher; " + DRAW_OUTSIDE;
        }
        "custom_lin" | "linear_call" => {
            return message
                + ": its transpose is a function of Python's, which the text does not hold";
        }
        _ => {}
    }
    let far = name.len().div_ceil(3).min(3);
    let mut near: Vec<(usize, &str)> = Prim::all_names()
        .into_iter()
        .map(|n| (distance(name, n), n))
        .filter(|&(d, _)| d <= far)
        .collect();
    near.sort_unstable();
    near.dedup();
    let nearest = near.first().map_or(0, |&(d, _)| d);
    near.retain(|&(d, _)| d == nearest);
    let near: Vec<String> = near.iter().take(3).map(|(_, n)| format!("`{n}`")).collect();
    if !near.is_empty() {
        message += &format!("; did you mean {}?", near.join(" or "));
    }
    message
}

/// How many letters must be inserted, deleted or replaced to turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    // A forged name may be long; beyond any primitive's length it is just far away.
    if a.len() > 64 {
        return usize::MAX;
    }
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + (ca != *cb) as usize;
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

fn plural(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// One parameter value, for the law on values.
#[cfg(test)]
pub(super) fn parse_param(text: &str) -> Result<Param> {
    let lex = Lexer::new(text);
    let mut parser = Parser { lex, hoisted: FxHashMap::default(), depth: 0, expanded: 0 };
    parser.param("key")
}
