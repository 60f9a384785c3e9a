//! Type parameters and the bounds that they get.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{Error, GenericParam, Generics, Ident, Result, parse_quote};

use crate::derive::Field;

/// The parameters of the user's type with the bounds that `Tree` asks for.
pub(crate) fn bounded(
    generics: &Generics,
    fields: &[Field<'_>],
    tree: &TokenStream,
) -> Result<Generics> {
    if let Some(lifetime) = generics.lifetimes().next() {
        return Err(Error::new_spanned(
            lifetime,
            "a tree owns its arrays, so it has no lifetime parameters: hold an `Array` instead of a \
             `&Array` (cloning one copies no elements)",
        ));
    }
    let mut bounded = generics.clone();
    for param in bounded.params.iter_mut() {
        let GenericParam::Type(param) = param else { continue };
        let occurs = |skipped: bool| {
            let mut types = fields.iter().filter(|f| f.skip == skipped);
            types.any(|f| mentions(f.ty.to_token_stream(), &param.ident))
        };
        let (in_trees, in_skipped) = (occurs(false), occurs(true));
        if in_trees || !in_skipped {
            param.bounds.push(parse_quote!(#tree));
        }
        if in_skipped {
            let extra = quote! {
                ::core::clone::Clone + ::core::cmp::Eq + ::core::hash::Hash
                    + ::core::marker::Send + ::core::marker::Sync + 'static
            };
            let bounds: syn::TypeParam = parse_quote!(T: #extra);
            param.bounds.extend(bounds.bounds);
        }
    }
    Ok(bounded)
}

/// The parameters without defaults and with one more type at the end.
pub(crate) fn with_type(
    generics: &Generics,
    name: &Ident,
    bound: Option<&TokenStream>,
) -> Generics {
    let mut generics = generics.clone();
    for param in generics.params.iter_mut() {
        match param {
            GenericParam::Type(p) => (p.eq_token, p.default) = (None, None),
            GenericParam::Const(p) => (p.eq_token, p.default) = (None, None),
            GenericParam::Lifetime(_) => {}
        }
    }
    generics.params.push(match bound {
        Some(bound) => parse_quote!(#name: #bound),
        None => parse_quote!(#name),
    });
    generics
}

/// Whether a name occurs among the tokens of a type.
fn mentions(tokens: TokenStream, name: &Ident) -> bool {
    tokens.into_iter().any(|t| match t {
        TokenTree::Ident(i) => i == *name,
        TokenTree::Group(g) => mentions(g.stream(), name),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}
