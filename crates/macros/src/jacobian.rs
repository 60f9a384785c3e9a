//! The Jacobian of a struct: a newtype around `Rows` with a method for each field.
//!
//! A user's crate cannot add methods to `Rows`, which is foreign to it, so the macro defines a type of
//! its own beside the struct.

use proc_macro2::TokenStream;
use quote::{format_ident, quote, quote_spanned};
use syn::{DeriveInput, Generics, Ident, Member};

use crate::derive::{self, Field};
use crate::generics;

/// What the newtype is made from.
pub(crate) struct Newtype<'a> {
    pub(crate) input: &'a DeriveInput,
    /// The struct's parameters with the bounds of `impl Tree`.
    pub(crate) bounded: &'a Generics,
    /// The library's module for generated code.
    pub(crate) private: &'a TokenStream,
}

impl Newtype<'_> {
    pub(crate) fn name(&self) -> Ident {
        format_ident!("{}Jac", self.input.ident)
    }

    /// `ParamsJac<T, __A>`.
    pub(crate) fn applied(&self) -> TokenStream {
        self.of(&quote!(__A))
    }

    /// The newtype with another last argument.
    fn of(&self, last: &TokenStream) -> TokenStream {
        let name = self.name();
        let own = self.input.generics.params.iter().map(|p| match p {
            syn::GenericParam::Type(p) => &p.ident,
            syn::GenericParam::Const(p) => &p.ident,
            syn::GenericParam::Lifetime(p) => &p.lifetime.ident,
        });
        quote!(#name<#(#own,)* #last>)
    }

    pub(crate) fn define(&self, fields: &[Field<'_>]) -> TokenStream {
        let Newtype { input, bounded, private } = self;
        let (name, of, vis) = (self.name(), &input.ident, &input.vis);
        let param = format_ident!("__A");
        let tree = quote!(#private::Tree);
        let (_, of_generics, _) = input.generics.split_for_impl();
        let rows = quote!(#private::Rows<#of #of_generics, __A>);
        let applied = self.applied();
        let derivative = self.of(&quote!(<__A as #tree>::Jac<__B>));

        let loose = generics::with_type(&input.generics, &param, None);
        let (_, _, loose_where) = loose.split_for_impl();
        let loose_params = &loose.params;
        let with = |bound: TokenStream| generics::with_type(bounded, &param, Some(&bound));
        let of_trees = with(tree.clone());
        let (tree_impl, _, tree_where) = of_trees.split_for_impl();
        let of_debug = with(quote!(::core::fmt::Debug));
        let (debug_impl, _, debug_where) = of_debug.split_for_impl();
        let of_display = with(quote!(::core::fmt::Display));
        let (display_impl, _, display_where) = of_display.split_for_impl();
        let of_clone = with(quote!(::core::clone::Clone));
        let (clone_impl, _, clone_where) = of_clone.split_for_impl();
        let of_all = generics::with_type(bounded, &param, None);
        let (all_impl, _, all_where) = of_all.split_for_impl();

        let accessors = self.accessors(fields);
        let doc = format!(
            "The derivative of a [`{of}`]-valued function by an `__A`: one `__A` for each array, under \
             the names of the fields."
        );
        let text = name.to_string();
        quote! {
            #[doc = #doc]
            #vis struct #name<#loose_params>(#[doc(hidden)] #rows) #loose_where;

            #[automatically_derived]
            #[allow(dead_code, clippy::all)]
            impl #tree_impl #applied #tree_where {
                #accessors
            }

            #[automatically_derived]
            #[allow(clippy::all)]
            impl #tree_impl #tree for #applied #tree_where {
                type Jac<__B: #tree> = #derivative;
                fn flatten<'__a>(&'__a self, __out: &mut #private::Flatten<'__a>) {
                    #tree::flatten(&self.0, __out)
                }
                fn unflatten(&self, __leaves: &mut #private::Leaves) -> Self {
                    #name(#tree::unflatten(&self.0, __leaves))
                }
                fn make_jac<__B: #tree>(
                    &self,
                    __rows: &mut dyn ::core::ops::FnMut() -> __B,
                ) -> #derivative {
                    #name(#tree::make_jac(&self.0, __rows))
                }
            }

            #[automatically_derived]
            impl #all_impl ::core::ops::Deref for #applied #all_where {
                type Target = #rows;
                fn deref(&self) -> &Self::Target {
                    &self.0
                }
            }

            #[automatically_derived]
            impl #clone_impl ::core::clone::Clone for #applied #clone_where {
                fn clone(&self) -> Self {
                    #name(::core::clone::Clone::clone(&self.0))
                }
            }

            #[automatically_derived]
            impl #debug_impl ::core::fmt::Debug for #applied #debug_where {
                fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    self.0.debug_as(#text, __f)
                }
            }

            #[automatically_derived]
            impl #display_impl ::core::fmt::Display for #applied #display_where {
                fn fmt(&self, __f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                    ::core::fmt::Display::fmt(&self.0, __f)
                }
            }
        }
    }

    /// A method for each field that is not static. The leaves before the field say where its rows
    /// begin.
    fn accessors(&self, fields: &[Field<'_>]) -> TokenStream {
        let private = self.private;
        let mut before = TokenStream::new();
        let mut methods = TokenStream::new();
        for field in fields.iter().filter(|f| !f.skip) {
            let (vis, ty, member) = (field.vis, field.ty, &field.member);
            let method = match member {
                Member::Named(name) => name.clone(),
                Member::Unnamed(i) => format_ident!("_{}", i.index),
            };
            let doc = format!("The derivative of the field `{}`.", field.name);
            methods.extend(quote_spanned! { field.span()=>
                #[doc = #doc]
                #vis fn #method(&self) -> <#ty as #private::Tree>::Jac<__A> {
                    let __of = self.0.template();
                    let mut __before = #private::Flatten::default();
                    let __out = &mut __before;
                    #before
                    let mut __rows = self.0.rows_from(__out.leaves().len());
                    <#ty as #private::Tree>::make_jac(&__of.#member, &mut __rows)
                }
            });
            let value = quote_spanned!(field.span()=> &__of.#member);
            let visit = derive::flatten(ty, &value, private, field.span());
            before.extend(quote!(#visit;));
        }
        methods
    }
}
