//! `impl Tree` for a struct or an enum.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::spanned::Spanned;
use syn::{Data, DeriveInput, Error, Fields, Ident, Member, Path, Result, Type, Visibility};

use crate::{attr, generics, jacobian};

/// A field as the implementations need it.
pub(crate) struct Field<'a> {
    /// `w`, or `0` in a tuple struct.
    pub(crate) member: Member,
    /// In the paths of leaves.
    pub(crate) name: String,
    /// The variable that patterns bind.
    pub(crate) binding: Ident,
    pub(crate) ty: &'a Type,
    pub(crate) vis: &'a Visibility,
    /// Static: part of the structure.
    pub(crate) skip: bool,
}

impl Field<'_> {
    /// Where errors about the field's type point.
    pub(crate) fn span(&self) -> Span {
        self.ty.span()
    }
}

pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let library = match attr::library(&input.attrs)? {
        Some(path) => path,
        None => syn::parse_quote!(::pullback),
    };
    match &input.data {
        Data::Struct(data) => expand_struct(input, &read_fields(&data.fields)?, &library),
        Data::Enum(data) => {
            let mut variants = Vec::new();
            for v in &data.variants {
                attr::none_on_variant(&v.attrs)?;
                variants.push((&v.ident, read_fields(&v.fields)?));
            }
            expand_enum(input, variants, &library)
        }
        Data::Union(data) => Err(Error::new_spanned(
            data.union_token,
            "`derive(Tree)` takes a struct or an enum: a union does not say which of its fields it holds",
        )),
    }
}

fn read_fields(fields: &Fields) -> Result<Vec<Field<'_>>> {
    let read = |(i, field): (usize, &'_ syn::Field)| Ok((i, attr::is_skipped(&field.attrs)?));
    let mut all = Vec::with_capacity(fields.len());
    for ((i, skip), field) in
        fields.iter().enumerate().map(read).collect::<Result<Vec<_>>>()?.into_iter().zip(fields)
    {
        let member = match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(i.into()),
        };
        all.push(Field {
            name: match &field.ident {
                Some(name) => name.unraw().to_string(),
                None => i.to_string(),
            },
            binding: format_ident!("__field{i}"),
            member,
            ty: &field.ty,
            vis: &field.vis,
            skip,
        });
    }
    Ok(all)
}

fn expand_struct(input: &DeriveInput, fields: &[Field<'_>], library: &Path) -> Result<TokenStream> {
    let private = quote!(#library::__private);
    let tree = quote!(#private::Tree);
    let bounded = generics::bounded(&input.generics, fields, &tree)?;
    let newtype = jacobian::Newtype { input, bounded: &bounded, private: &private };
    let visits = fields.iter().map(|f| {
        let member = &f.member;
        visit(f, quote_spanned!(f.span()=> &self.#member), &private)
    });
    let rebuilt = fields.iter().map(|f| {
        let member = &f.member;
        let value = rebuild(f, quote_spanned!(f.span()=> &self.#member), &private);
        quote!(#member: #value)
    });
    let jac = newtype.applied();
    let name = newtype.name();
    let methods = quote! {
        fn flatten<'__a>(&'__a self, __out: &mut #private::Flatten<'__a>) {
            #(#visits)*
        }
        fn unflatten(&self, __leaves: &mut #private::Leaves) -> Self {
            Self { #(#rebuilt),* }
        }
        fn make_jac<__A: #tree>(&self, __rows: &mut dyn ::core::ops::FnMut() -> __A) -> #jac {
            #name(#private::Rows::collect(self, __rows))
        }
    };
    let implementation = implement(input, &bounded, &tree, &jac, &methods);
    let jacobian = newtype.define(fields);
    Ok(quote!(#implementation #jacobian))
}

fn expand_enum(
    input: &DeriveInput,
    variants: Vec<(&Ident, Vec<Field<'_>>)>,
    library: &Path,
) -> Result<TokenStream> {
    let private = quote!(#library::__private);
    let tree = quote!(#private::Tree);
    let (mut visits, mut rebuilds, mut fields) = (Vec::new(), Vec::new(), Vec::new());
    for (tag, (variant, own)) in variants.into_iter().enumerate() {
        let tag = tag as u64;
        let members: Vec<_> = own.iter().map(|f| &f.member).collect();
        let bindings: Vec<_> = own.iter().map(|f| &f.binding).collect();
        let pattern = quote!(Self::#variant { #(#members: #bindings),* });
        let visit_each = own.iter().map(|f| visit(f, f.binding.to_token_stream(), &private));
        visits.push(quote!(#pattern => { __out.tag(#tag); #(#visit_each)* }));
        let values = own.iter().map(|f| rebuild(f, f.binding.to_token_stream(), &private));
        rebuilds.push(quote!(#pattern => Self::#variant { #(#members: #values),* }));
        fields.extend(own);
    }
    let bounded = generics::bounded(&input.generics, &fields, &tree)?;
    // Without variants there is no value; matching on the reference would not be exhaustive.
    let scrutinee = if visits.is_empty() { quote!(*self) } else { quote!(self) };
    let jac = quote!(#private::Rows<Self, __A>);
    let methods = quote! {
        fn flatten<'__a>(&'__a self, __out: &mut #private::Flatten<'__a>) {
            match #scrutinee { #(#visits)* }
        }
        fn unflatten(&self, __leaves: &mut #private::Leaves) -> Self {
            match #scrutinee { #(#rebuilds),* }
        }
        fn make_jac<__A: #tree>(&self, __rows: &mut dyn ::core::ops::FnMut() -> __A) -> #jac {
            #private::Rows::collect(self, __rows)
        }
    };
    Ok(implement(input, &bounded, &tree, &jac, &methods))
}

/// One field in `flatten`; `value` is a reference to it.
fn visit(field: &Field<'_>, value: TokenStream, private: &TokenStream) -> TokenStream {
    let (name, ty) = (&field.name, field.ty);
    if field.skip {
        quote_spanned!(field.span()=> #private::Flatten::fixed::<#ty>(__out, #value);)
    } else {
        let flatten = flatten(ty, &value, private, field.span());
        quote_spanned!(field.span()=> __out.named(#name, |__out| #flatten);)
    }
}

/// The leaves of a value. All generated code names the trait in this way, `<Type as Tree>`, so that the
/// compiler reports a field that is no tree once instead of for every use.
pub(crate) fn flatten(
    ty: &Type,
    value: &TokenStream,
    private: &TokenStream,
    span: Span,
) -> TokenStream {
    quote_spanned!(span=> <#ty as #private::Tree>::flatten(#value, __out))
}

/// One field in `unflatten`; `value` is a reference to it.
fn rebuild(field: &Field<'_>, value: TokenStream, private: &TokenStream) -> TokenStream {
    let ty = field.ty;
    if field.skip {
        quote_spanned!(field.span()=> #private::clone_static::<#ty>(#value))
    } else {
        quote_spanned!(field.span()=> <#ty as #private::Tree>::unflatten(#value, __leaves))
    }
}

fn implement(
    input: &DeriveInput,
    bounded: &syn::Generics,
    tree: &TokenStream,
    jac: &TokenStream,
    methods: &TokenStream,
) -> TokenStream {
    let name = &input.ident;
    let (impl_generics, type_generics, where_clause) = bounded.split_for_impl();
    quote! {
        #[automatically_derived]
        #[allow(clippy::all)]
        impl #impl_generics #tree for #name #type_generics #where_clause {
            type Jac<__A: #tree> = #jac;
            #methods
        }
    }
}
