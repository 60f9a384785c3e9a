//! Parameters: the values of [`Param`], and Python text of other kinds.

use super::{Parser, Result};
use crate::dtype::DType;
use crate::param::Param;
use crate::text::lex::{Kind, Token, quoted};

/// The most parameters of an equation.
const MAX_PARAMS: usize = 100;

/// A value that the structured grammar does not cover is read as raw text.
enum Value {
    Param(Param),
    Raw,
}

impl<'a> Parser<'a> {
    /// `[key=value key=value]`
    pub(super) fn params(&mut self) -> Result<Vec<(Token<'a>, Param)>> {
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

    pub(super) fn param(&mut self, key: &str) -> Result<Param> {
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
