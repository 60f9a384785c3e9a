//! From names to primitives: parameters, implicit broadcasting, what to say about unknown names.

use super::{Binder, DRAW_OUTSIDE, Parser, Result};
use crate::builder::Builder;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms};
use crate::param::{Param, ParamMap};
use crate::prim::broadcast::BroadcastInDim;
use crate::prim::{Prim, Types};
use crate::shape::{Axes, Shape};
use crate::text::desugar::desugar;
use crate::text::explain;
use crate::text::lex::Token;
use crate::types::Type;
use smallvec::SmallVec;

impl<'a> Parser<'a> {
    pub(super) fn bind(
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
