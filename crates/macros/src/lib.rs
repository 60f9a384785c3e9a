//! `#[derive(Tree)]`: structs and enums of arrays as arguments and results of transformed functions.
//!
//! Users meet the macro as `pullback::Tree`, beside the trait of that name, whose documentation says
//! what a tree is.

#![forbid(unsafe_code)]

mod attr;
mod derive;
mod generics;
mod jacobian;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

/// Makes a struct or an enum a tree of arrays.
///
/// Every field is a tree itself: an array, a key, a tuple, a `Vec`, another derived struct; integers,
/// `bool` and `String` are static, that is constant and part of the key under which `jit` remembers a
/// program. The variant of an enum is static too. Type parameters get the bound `Tree`, as the
/// derives of the standard library do it.
///
/// For a struct `Params` the macro also defines `ParamsJac<A>`, the derivative of a `Params`-valued
/// function by an `A`. It has a method for each field that is not skipped, with the field's name and
/// visibility (`_0`, `_1` for the fields of a tuple struct), so that `hessian(f)(&p).w().b` is the
/// second derivative of `f` by `w` and `b`. The Jacobian of an enum is `Rows<Enum, A>`, without names.
///
/// # Attributes
///
/// - `#[tree(skip)]` on a field: the field is static. Its type needs `Clone`, `Eq` and `Hash` (and
///   `Send`, `Sync`, `'static`) instead of `Tree`. A type parameter that occurs in skipped fields alone
///   gets these bounds.
/// - `#[tree(crate = "path")]` on the struct or enum: where the library is found, if not at
///   `::pullback`.
#[proc_macro_derive(Tree, attributes(tree))]
pub fn derive_tree(input: TokenStream) -> TokenStream {
    let input = parse_macro_input!(input as DeriveInput);
    derive::expand(&input).unwrap_or_else(syn::Error::into_compile_error).into()
}
