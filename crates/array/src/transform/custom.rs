//! `custom_jvp` and `custom_vjp`: derivative rules of the user's own.
//!
//! Rules are traced when a derivative is first taken, and remembered for each set of argument types.
//! So a rule may call its own function, and costs nothing where no derivative is taken.

use super::call::{ok_at, types_of, zeros};
use super::linear::trace_tree;
use crate::array::{Array, bind_all};

use crate::func::{Args, Flat, Func, IntoFunc, Signature};
use crate::trace::{TraceAs, Traced, trace};
use crate::tree::{Flatten, Leaves, Structure, Tree, template};
use pullback_ir::prim::constant::Constant;
use pullback_ir::prim::custom_jvp::CustomJvp;
use pullback_ir::prim::custom_vjp::CustomVjp;
use pullback_ir::prim::rule::Rule;
use pullback_ir::{Atom, Builder, Jaxpr, Type};
use std::panic::Location;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

type Out<'c, D> = <D as Signature<'c>>::Out;
type Primal<'c, D> = <<D as Signature<'c>>::Args as Args>::Primal;

/// A function with a forward derivative of its own: `rule(&x, &t)` gives `(f(x), ∂f(x)·t)` and must be
/// linear in `t`; for several arguments both are tuples: `|(x, y): &(Array, Array), (tx, ty): &(Array,
/// Array)| ..`. Reverse mode follows by transposition. Tangents of integer leaves are zeros.
///
/// Arrays that the rule captures must be concrete; values that should be differentiated are arguments.
/// The rule is traced when a derivative is first taken, and may call the function itself. It is not
/// checked: `pullback_testing::check_grads` compares it with differences.
///
/// ```
/// # use pullback_array::{array, custom_jvp, grad, Array};
/// // log(1 + eˣ), whose derivative overflows when it is taken literally.
/// let f = custom_jvp(
///     |x: &Array| (x.exp() + 1.0).log(),
///     |x: &Array, t: &Array| ((x.exp() + 1.0).log(), x.sigmoid() * t),
/// );
/// assert_eq!(grad(&f)(&Array::from(1000.0)).item::<f64>(), 1.0);
/// ```
///
/// # Panics
/// When a derivative is taken: where the rule's results differ from the function's in type or structure,
/// the tangent is not linear in `t`, or the rule captures a value that is being traced.
#[track_caller]
pub fn custom_jvp<M, F, R>(
    f: F,
    rule: R,
) -> Func<<F::Dyn as Signature<'static>>::With<Out<'static, F::Dyn>>>
where
    F: IntoFunc<'static, M>,
    Out<'static, F::Dyn>: Tree,
    R: Fn(
            &Primal<'static, F::Dyn>,
            &Primal<'static, F::Dyn>,
        ) -> (Out<'static, F::Dyn>, Out<'static, F::Dyn>)
        + Send
        + Sync
        + 'static,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name: Arc<str> = f.name().into();
    let rule = Arc::new(rule);
    let memo: Memo<Rule> = Memo::default();
    let full_name = format!("custom_jvp({name})");
    let call = F::Dyn::make(move |args| {
        let how = TraceAs { what: "custom_jvp", knows_values: false, made_at: at };
        let flat = Flat::of::<<F::Dyn as Signature<'static>>::Args>(args);
        let types = types_of(&flat);
        let call = ok_at(trace_tree(&*f, args, how), "custom_jvp", at);
        let make = || {
            let primal = primal_template::<F::Dyn>(args);
            let (rule, types) = (rule.clone(), types.clone());
            Rule::new(&*name, move || {
                let floats: Vec<Type> = types.iter().filter(|t| t.is_float()).cloned().collect();
                let seen: Vec<Type> = types.iter().chain(&floats).cloned().collect();
                rule_jaxpr(how, &seen, |leaves| {
                    let (x, t) = leaves.split_at(types.len());
                    let mut t = t.iter().cloned();
                    let tangents = types
                        .iter()
                        .map(|ty| if ty.is_float() { t.next() } else { None })
                        .zip(&types)
                        .map(|(t, ty)| t.unwrap_or_else(|| zeros(ty)))
                        .collect();
                    let x = primal.unflatten(&mut Leaves::new(x.to_vec()));
                    let t = primal.unflatten(&mut Leaves::new(tangents));
                    let (y, ty) = rule(&x, &t);
                    let mut outs = Flatten::of(&y).to_arrays();
                    let tangents = Flatten::of(&ty).to_arrays();
                    let floats = outs.iter().zip(tangents).filter(|(y, _)| y.dtype().is_float());
                    let floats: Vec<Array> = floats.map(|(_, t)| t).collect();
                    outs.extend(floats);
                    outs
                })
            })
        };
        let jvp = memo.get(&types, flat.flat.structure(), make);
        let n_consts = call.inputs.len() - types.len();
        let inputs: Vec<&Array> = call.inputs.iter().collect();
        let prim = CustomJvp { name: name.clone(), jaxpr: call.traced.jaxpr, n_consts, jvp };
        let outs = bind_all(prim, &inputs);
        call.out.unflatten(&mut Leaves::new(outs.into_vec()))
    });
    Func::new(call, full_name)
}

/// A function with a backward pass of its own: `fwd` takes the arguments and gives the result and
/// residuals, `bwd(&residuals, &cotangent)` gives a cotangent like the arguments (for several a
/// tuple). The backward pass may be anything, also no transpose (gradient clipping); where it is
/// linear in the cotangent, forward mode and Hessians work as well.
///
/// ```
/// # use pullback_array::{array, custom_vjp, grad, Array};
/// let clip = custom_vjp(
///     |x: &Array| x.clone(),
///     |x: &Array| (x.clone(), ()),
///     |_: &(), ct: &Array| ct.clip(-1.0, 1.0),
/// );
/// let g = grad(|x: &Array| (clip(x) * array![0.5, 5.0]).sum())(&array![1.0, 1.0]);
/// assert_eq!(g.to_vec::<f64>(), [0.5, 1.0]);
/// ```
///
/// # Panics
/// When a derivative is taken: where `fwd`'s result or `bwd`'s cotangent differs in type or structure
/// from the function's result or argument, or a rule captures a value that is being traced.
#[track_caller]
pub fn custom_vjp<M, N, F, W, R, B>(
    f: F,
    fwd: W,
    bwd: B,
) -> Func<<F::Dyn as Signature<'static>>::With<Out<'static, F::Dyn>>>
where
    F: IntoFunc<'static, M>,
    Out<'static, F::Dyn>: Tree,
    W: IntoFunc<'static, N>,
    W::Dyn: Signature<
            'static,
            Args = <F::Dyn as Signature<'static>>::Args,
            Out = (Out<'static, F::Dyn>, R),
        >,
    R: Tree,
    B: Fn(&R, &Out<'static, F::Dyn>) -> Primal<'static, F::Dyn> + Send + Sync + 'static,
{
    let (f, fwd, at) = (f.into_func(), fwd.into_func(), Location::caller());
    let name: Arc<str> = f.name().into();
    let bwd = Arc::new(bwd);
    let memo: Memo<(Rule, Rule)> = Memo::default();
    let full_name = format!("custom_vjp({name})");
    let call = F::Dyn::make(move |args| {
        let how = TraceAs { what: "custom_vjp", knows_values: false, made_at: at };
        let flat = Flat::of::<<F::Dyn as Signature<'static>>::Args>(args);
        let types = types_of(&flat);
        let call = ok_at(trace_tree(&*f, args, how), "custom_vjp", at);
        let out_types = call.traced.jaxpr.out_types();
        let make = || {
            let blanks = vec![crate::Array::from_value(crate::Value::scalar(false)); types.len()];
            let owned = <<F::Dyn as Signature<'static>>::Args as Args>::unflatten(
                args,
                &mut Leaves::new(blanks),
            );
            // The owned template serves every later trace of `fwd`; a key in it is only a slot.
            let owned = Arc::new(owned);
            let residuals: Arc<OnceLock<(R, Vec<Type>)>> = Arc::default();
            let fwd_rule = {
                let (fwd, types, residuals) = (fwd.clone(), types.clone(), residuals.clone());
                Rule::new(&*name, move || {
                    rule_jaxpr(how, &types, |leaves| {
                        let refs = <<F::Dyn as Signature<'static>>::Args as Args>::refs(&owned);
                        let args = <<F::Dyn as Signature<'static>>::Args as Args>::unflatten(
                            refs,
                            &mut Leaves::new(leaves),
                        );
                        let (y, r) = fwd.call.call(args);
                        let mut outs = Flatten::of(&y).to_arrays();
                        let r_leaves = Flatten::of(&r).to_arrays();
                        let types = r_leaves.iter().map(Array::ty).collect();
                        let _ = residuals.set((template(&r), types));
                        outs.extend(r_leaves);
                        outs
                    })
                })
            };
            let bwd_rule = {
                let (bwd, types, out) = (bwd.clone(), types.clone(), template(&call.out));
                let (fwd_rule, out_types) = (fwd_rule.clone(), out_types.clone());
                Rule::new(&*name, move || {
                    // The forward rule tells what the residuals are.
                    fwd_rule.jaxpr()?;
                    let (r, r_types) = residuals.get().expect("the forward rule ran");
                    let floats = out_types.iter().filter(|t| t.is_float());
                    let seen: Vec<Type> = r_types.iter().chain(floats).cloned().collect();
                    rule_jaxpr(how, &seen, |mut leaves| {
                        let mut cts = leaves.split_off(r_types.len()).into_iter();
                        let cts = out_types
                            .iter()
                            .map(|t| {
                                if t.is_float() { cts.next() } else { None }
                                    .unwrap_or_else(|| zeros(t))
                            })
                            .collect();
                        let r = r.unflatten(&mut Leaves::new(leaves));
                        let ct = out.unflatten(&mut Leaves::new(cts));
                        let in_cts = bwd(&r, &ct);
                        let leaves = Flatten::of(&in_cts).to_arrays();
                        leaves
                            .into_iter()
                            .zip(&types)
                            .filter(|(_, t)| t.is_float())
                            .map(|(a, _)| a)
                            .collect()
                    })
                })
            };
            (fwd_rule, bwd_rule)
        };
        let (fwd, bwd) = memo.get(&types, flat.flat.structure(), make);
        let n_consts = call.inputs.len() - types.len();
        let inputs: Vec<&Array> = call.inputs.iter().collect();
        let jaxpr = call.traced.jaxpr;
        let prim = CustomVjp { name: name.clone(), jaxpr, n_consts, fwd, bwd };
        let outs = bind_all(prim, &inputs);
        call.out.unflatten(&mut Leaves::new(outs.into_vec()))
    });
    Func::new(call, full_name)
}

/// Rules by argument types, so that a function called twice has one rule: the key of compiled
/// programs compares rules by identity.
struct Memo<T>(Mutex<Vec<(Vec<Type>, Structure, T)>>);

impl<T> Default for Memo<T> {
    fn default() -> Self {
        Memo(Mutex::new(Vec::new()))
    }
}

impl<T: Clone> Memo<T> {
    fn get(&self, types: &[Type], structure: &Structure, make: impl FnOnce() -> T) -> T {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, _, t)) = known.iter().find(|(t, s, _)| t == types && s == structure) {
            return t.clone();
        }
        let made = make();
        known.push((types.to_vec(), structure.clone(), made.clone()));
        made
    }
}

/// The arguments without a key, with placeholders for leaves.
fn primal_template<D: Signature<'static> + ?Sized>(
    args: <D::Args as Args>::Refs<'_>,
) -> Primal<'static, D> {
    let leaves = Flat::of::<D::Args>(args).arrays();
    let owned = D::Args::unflatten(args, &mut Leaves::new(leaves));
    template(&D::Args::into_primal(owned))
}

/// Traces a rule. Concrete arrays that it captured become constants of the jaxpr, because the
/// equation that holds the rule has no operand for them.
fn rule_jaxpr(
    how: TraceAs,
    types: &[Type],
    f: impl FnOnce(Vec<Array>) -> Vec<Array>,
) -> Result<Jaxpr, pullback_ir::Error> {
    let blanks: Vec<Array> = types.iter().map(zeros).collect();
    let result = trace(how, types, &blanks, |_, leaves| f(leaves));
    let Traced { jaxpr, captured } = result.map_err(|e| pullback_ir::Error::msg(e.to_string()))?;
    if captured.is_empty() {
        return Ok(jaxpr);
    }
    let (b, mut args) = Builder::with_inputs(types);
    for array in &captured {
        if array.is_traced() {
            return Err(pullback_ir::Error::msg(format!(
                "a rule given to `{}` at {} captures a traced {}: pass it as an argument of the \
                 function",
                how.what,
                how.made_at,
                array.ty()
            )));
        }
        args.push(b.op(Constant(array.force()), &[]));
    }
    let outs: Vec<Atom> = b.inline(&jaxpr, &args).into_iter().collect();
    Ok(b.finish(outs))
}
