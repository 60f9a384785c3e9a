//! Types and literals.

use super::{DRAW_OUTSIDE, Parser, Result};
use crate::dtype::DType;
use crate::jaxpr::{Atom, Lit};
use crate::shape::Shape;
use crate::text::lex::Kind;
use crate::types::Type;

/// The most dimensions of a type.
const MAX_RANK: usize = 64;

impl Parser<'_> {
    /// `2.0:f64[]`
    pub(super) fn literal(&mut self) -> Result<Atom> {
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
    pub(super) fn ty(&mut self) -> Result<Type> {
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
