//! Tests of single families: texts of type errors and values that the laws do not reach.

mod arg_reduce;
mod binary;
mod clamp;
mod collective;
mod constant;
mod convert;
mod cumulative;
mod dot;
mod indexing;
mod random;
mod reduce;
mod reduce_with;
mod select;
mod shapes;
mod slices;
mod sort;
mod tap;
mod unary;

use super::*;
use crate::interp;
use crate::param::ParamMap;

/// A rank-1 array.
fn vector<T: crate::Element>(xs: &[T]) -> Value {
    Value::new([xs.len()].as_slice(), xs.to_vec())
}

/// A row-major matrix.
fn matrix<T: crate::Element>(rows: usize, columns: usize, xs: &[T]) -> Value {
    Value::new([rows, columns].as_slice(), xs.to_vec())
}

/// The results of one application, after the type check.
fn call(prim: impl Into<Prim>, args: &[Value]) -> Vec<Value> {
    let prim = prim.into();
    let types: Vec<Type> = args.iter().map(|x| x.ty().clone()).collect();
    let outs = prim.check_types(&types).unwrap();
    let values = prim.eval(args).unwrap();
    assert!(values.iter().map(Value::ty).eq(&outs), "types of {values:?}");
    values
}

/// The text of the type error for operands of these types.
fn refusal(prim: impl Into<Prim>, types: &[Type]) -> String {
    prim.into().check_types(types).unwrap_err().to_string()
}

/// The tangents of the results for tangents of all operands.
fn tangents(prim: impl Into<Prim>, args: &[Value], ts: &[Option<Value>]) -> Vec<Option<Value>> {
    let (b, primals) = Builder::with_inputs(args.iter().map(Value::ty));
    let atoms: Tangents = ts.iter().map(|t| t.as_ref().map(|t| b.input(t.ty().clone()))).collect();
    let (_, outs) = prim.into().jvp(&b, &primals, &atoms).unwrap();
    let jaxpr = b.finish(outs.iter().copied().flatten());
    let all: Vec<Value> = args.iter().chain(ts.iter().flatten()).cloned().collect();
    let mut values = interp::eval(&jaxpr, &all).unwrap().into_iter();
    outs.iter().map(|t| t.and_then(|_| values.next())).collect()
}

/// The tangent of the only result for a tangent of the only operand.
fn tangent(prim: impl Into<Prim>, x: &Value, t: &Value) -> Value {
    tangents(prim, std::slice::from_ref(x), &[Some(t.clone())]).remove(0).unwrap()
}

/// What a family's `parse` makes of its parameters, some of them altered.
fn parsed(name: &str, params: Vec<(&str, crate::param::Param)>) -> Result<Prim, Fault> {
    let entries = params.into_iter().map(|(n, p)| (n.to_owned(), p)).collect();
    Prim::parse(name, &mut ParamMap::new(entries)).unwrap()
}

/// The rule that operands of these types break, without the frame of the message.
fn broken_rule(prim: impl Into<Prim>, ins: &[Type]) -> String {
    match prim.into().type_of(ins) {
        Ok(outs) => panic!("well-typed: {outs:?}"),
        Err(fault) => fault.0,
    }
}

/// The only result for the only operand.
fn apply(prim: impl Into<Prim>, x: &Value) -> Value {
    eval(prim, std::slice::from_ref(x))
}

/// The only result.
fn eval(prim: impl Into<Prim>, args: &[Value]) -> Value {
    call(prim, args).remove(0)
}

#[track_caller]
fn assert_bits(got: Value, want: Value) {
    assert!(got.bits_eq(&want), "got {got:?}, want {want:?}");
}

/// The last tangent of a jaxpr in text form; the arguments are followed by tangents of the floats.
fn tangent_of_text(text: &str, args: &[Value]) -> Value {
    let jaxpr = crate::text::parse(text).unwrap();
    let wrt: Vec<bool> = jaxpr.in_types().iter().map(Type::is_float).collect();
    let jvp = crate::transform::jvp(&jaxpr, &wrt).unwrap();
    interp::eval(&jvp.jaxpr, args).unwrap().remove(jaxpr.outs().len())
}
