//! The attribute `#[tree(..)]`.

use syn::ext::IdentExt;
use syn::meta::ParseNestedMeta;
use syn::{Attribute, Error, Ident, LitStr, Path, Result, Token};

/// Runs a function on every `name` or `name = ..` inside `#[tree(..)]`.
fn each(
    attrs: &[Attribute],
    mut f: impl FnMut(&Ident, &ParseNestedMeta<'_>) -> Result<()>,
) -> Result<()> {
    for attr in attrs.iter().filter(|a| a.path().is_ident("tree")) {
        if !matches!(attr.meta, syn::Meta::List(_)) {
            return Err(Error::new_spanned(
                attr,
                "write `#[tree(skip)]` on a field, or `#[tree(crate = \"path\")]` on the struct or enum",
            ));
        }
        attr.parse_nested_meta(|meta| {
            let name = meta.path.require_ident()?.clone();
            f(&name, &meta)
        })?;
    }
    Ok(())
}

/// Whether a field is marked `#[tree(skip)]`.
pub(crate) fn is_skipped(attrs: &[Attribute]) -> Result<bool> {
    let mut skip = false;
    each(attrs, |name, meta| {
        if name != "skip" {
            return Err(meta.error(format!(
                "unknown attribute `{}`: a field takes `#[tree(skip)]`, which keeps it constant",
                name.unraw()
            )));
        }
        if !meta.input.is_empty() && !meta.input.peek(Token![,]) {
            return Err(meta.error("`#[tree(skip)]` takes no value"));
        }
        skip = true;
        Ok(())
    })?;
    Ok(skip)
}

/// The library's path, from `#[tree(crate = "path")]` on the struct or enum.
pub(crate) fn library(attrs: &[Attribute]) -> Result<Option<Path>> {
    let mut library = None;
    each(attrs, |name, meta| {
        match name.to_string().as_str() {
        "crate" => {
            let text: LitStr = meta.value()?.parse()?;
            let mut path: Path = text.parse()?;
            if path.segments.first().is_some_and(|s| s.ident != "crate") {
                path.leading_colon = Some(Token![::](text.span()));
            }
            library = Some(path);
            Ok(())
        }
        "skip" => Err(meta.error(
            "`#[tree(skip)]` marks a field: a whole struct or enum that stays constant needs no \
             `derive(Tree)`, mark the fields that hold it, or wrap it in `tree::Static`",
        )),
        other => Err(meta.error(format!(
            "unknown attribute `{other}`: a struct or enum takes `#[tree(crate = \"path\")]`, a field \
             takes `#[tree(skip)]`"
        ))),
    }
    })?;
    Ok(library)
}

/// Variants take no attribute of ours.
pub(crate) fn none_on_variant(attrs: &[Attribute]) -> Result<()> {
    each(attrs, |_, meta| {
        Err(meta.error(
            "a variant takes no `#[tree(..)]`: mark its fields with `#[tree(skip)]` where they stay \
             constant",
        ))
    })
}
