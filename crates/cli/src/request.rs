//! The operations of `serve` on values: a jaxpr and arrays in, arrays out.

use crate::arrays;
use crate::limits::Limits;
use pullback_cpu::Engine;
use pullback_ir::shape::checked_numel;
use pullback_ir::transform::{self, OutDims};
use pullback_ir::{Error, Jaxpr, Type, Value, interp};
use serde_json::value::RawValue;

/// A jaxpr with what evaluates it.
pub(crate) struct Program<'a> {
    pub(crate) jaxpr: &'a Jaxpr,
    pub(crate) engine: Engine,
    pub(crate) limits: Limits,
}

/// What an operation gives; the fields that it does not have are left out of the answer.
#[derive(Debug, Default)]
pub(crate) struct Answer {
    pub(crate) outs: Option<Vec<Value>>,
    pub(crate) tangents: Option<Vec<Value>>,
    pub(crate) cotangents: Option<Vec<Value>>,
}

type Result<T, E = String> = std::result::Result<T, E>;

fn text(e: Error) -> String {
    e.to_string()
}

/// Evaluates a program after making sure that it fits in memory.
pub(crate) fn run(
    jaxpr: &Jaxpr,
    args: &[Value],
    engine: Engine,
    limits: Limits,
) -> Result<Vec<Value>> {
    interp::check_args(jaxpr, args).map_err(text)?;
    limits.fits(jaxpr, engine)?;
    engine.run(jaxpr, args).map_err(text)
}

impl Program<'_> {
    fn run(&self, jaxpr: &Jaxpr, args: &[Value]) -> Result<Vec<Value>> {
        run(jaxpr, args, self.engine, self.limits)
    }

    fn check_args(&self, args: &[Value]) -> Result<()> {
        interp::check_args(self.jaxpr, args).map_err(text)
    }

    /// The results.
    pub(crate) fn eval(&self, args: &[Value]) -> Result<Answer> {
        Ok(Answer { outs: Some(self.run(self.jaxpr, args)?), ..Answer::default() })
    }

    /// The results and their tangents, one a result.
    pub(crate) fn jvp(&self, args: &[Value], tangents: &RawValue) -> Result<Answer> {
        self.check_args(args)?;
        let tangents = directions("tangents", "input", self.jaxpr.in_types(), tangents)?;
        let wanted: Vec<bool> = tangents.iter().map(Option::is_some).collect();
        let jvp = transform::jvp(self.jaxpr, &wanted).map_err(text)?;
        let args: Vec<Value> = args.iter().cloned().chain(tangents.into_iter().flatten()).collect();
        let mut outs = self.run(&jvp.jaxpr, &args)?;
        let mut given = outs.split_off(self.jaxpr.outs().len()).into_iter();
        let out_types = self.jaxpr.out_types();
        let tangents = out_types.iter().zip(jvp.out_tangents);
        let tangents = tangents.map(|(ty, has)| take_or_zeros(has, &mut given, ty)).collect();
        Ok(Answer { outs: Some(outs), tangents: Some(tangents), ..Answer::default() })
    }

    /// The results, and one cotangent an input.
    pub(crate) fn vjp(&self, args: &[Value], cotangents: &RawValue) -> Result<Answer> {
        self.check_args(args)?;
        let out_types = self.jaxpr.out_types();
        let cotangents = directions("cotangents", "result", &out_types, cotangents)?;
        let wrt = floats(self.jaxpr.in_types());
        let vjp = transform::vjp(self.jaxpr, &wrt).map_err(text)?;
        // Zeros are made only of types whose values fit in memory.
        self.limits.fits(&vjp, self.engine)?;
        let cotangents = out_types.iter().zip(cotangents).filter(|(ty, _)| ty.is_float());
        let cotangents = cotangents.map(|(ty, ct)| ct.unwrap_or_else(|| Value::zeros(ty)));
        let args: Vec<Value> = args.iter().cloned().chain(cotangents).collect();
        let mut outs = self.run(&vjp, &args)?;
        let given = outs.split_off(out_types.len());
        let cotangents = self.one_an_input(&wrt, given);
        Ok(Answer { outs: Some(outs), cotangents: Some(cotangents), ..Answer::default() })
    }

    /// The product of the Hessian with the tangents, one a tangent.
    pub(crate) fn hvp(&self, args: &[Value], tangents: &RawValue) -> Result<Answer> {
        self.check_args(args)?;
        match self.jaxpr.out_types().as_slice() {
            [out] if out.is_float() && out.rank() == 0 => {}
            outs => {
                let outs: Vec<String> = outs.iter().map(Type::to_string).collect();
                return Err(format!(
                    "`hvp` needs a function with one result, a float scalar; this one gives ({})",
                    outs.join(", ")
                ));
            }
        }
        let tangents = directions("tangents", "input", self.jaxpr.in_types(), tangents)?;
        let wrt = floats(self.jaxpr.in_types());
        let hvp = transform::hvp(self.jaxpr, &wrt).map_err(text)?;
        self.limits.fits(&hvp, self.engine)?;
        let tangents = self.jaxpr.in_types().iter().zip(tangents).filter(|(ty, _)| ty.is_float());
        let tangents = tangents.map(|(ty, t)| t.unwrap_or_else(|| Value::zeros(ty)));
        let args: Vec<Value> = args.iter().cloned().chain(tangents).collect();
        let products = self.run(&hvp, &args)?;
        Ok(Answer { tangents: Some(self.one_an_input(&wrt, products)), ..Answer::default() })
    }

    /// The results of the batched program, the batch dimension in front.
    pub(crate) fn vmap(
        &self,
        args: &[Value],
        in_axes: Option<&RawValue>,
        size: Option<usize>,
    ) -> Result<Answer> {
        let axes = match in_axes {
            None => vec![Some(0); self.jaxpr.n_ins()],
            Some(json) => serde_json::from_str(json.get()).map_err(|_| {
                "in_axes: expected a list of axis numbers and nulls, one an input".to_owned()
            })?,
        };
        let batched = vmap(self.jaxpr, &axes, size, Some(args))?;
        Ok(Answer { outs: Some(self.run(&batched, args)?), ..Answer::default() })
    }

    /// Values for the inputs that are marked, zeros for the others.
    fn one_an_input(&self, marked: &[bool], values: Vec<Value>) -> Vec<Value> {
        let mut values = values.into_iter();
        let inputs = self.jaxpr.in_types().iter().zip(marked);
        inputs.map(|(ty, &marked)| take_or_zeros(marked, &mut values, ty)).collect()
    }
}

fn take_or_zeros(has: bool, values: &mut impl Iterator<Item = Value>, ty: &Type) -> Value {
    let given = if has { values.next() } else { None };
    given.unwrap_or_else(|| Value::zeros(ty))
}

/// Which types carry derivatives.
pub(crate) fn floats(types: &[Type]) -> Vec<bool> {
    types.iter().map(Type::is_float).collect()
}

/// Reads tangents or cotangents, one for each of these types: `null` is zero, and what stands for
/// types without derivatives is not looked at.
fn directions(name: &str, of: &str, types: &[Type], json: &RawValue) -> Result<Vec<Option<Value>>> {
    let items = arrays::list(json).map_err(|e| format!("{name}: {e}"))?;
    if items.len() != types.len() {
        let (n, given) = (types.len(), items.len());
        return Err(format!("{name}: one for each {of} is wanted, which is {n}, not {given}"));
    }
    let one = |i: usize, ty: &Type, item: &RawValue| {
        if item.get() == "null" || !ty.is_float() {
            return Ok(None);
        }
        let value = arrays::read(item).map_err(|e| format!("{name} {i}: {e}"))?;
        if value.ty() != ty {
            return Err(format!("{name} {i}: this is {}, but the {of} is {ty}", value.ty()));
        }
        Ok(Some(value))
    };
    types.iter().zip(items).enumerate().map(|(i, (ty, item))| one(i, ty, item)).collect()
}

/// Batches a jaxpr over the given axes of its inputs; negative ones count from the end of the
/// batched argument. The size is that of the arguments if there are any.
pub(crate) fn vmap(
    jaxpr: &Jaxpr,
    axes: &[Option<i64>],
    size: Option<usize>,
    args: Option<&[Value]>,
) -> Result<Jaxpr> {
    let n = jaxpr.n_ins();
    if axes.len() != n {
        return Err(format!(
            "in_axes: one for each input is wanted, which is {n}, not {}",
            axes.len()
        ));
    }
    if let Some(args) = args.filter(|args| args.len() != n) {
        let given = args.len();
        return Err(format!("the jaxpr has {n} inputs, but {given} arguments were given"));
    }
    let mut dims = Vec::with_capacity(n);
    for (i, (ty, axis)) in jaxpr.in_types().iter().zip(axes).enumerate() {
        let rank = ty.rank() as i64 + 1;
        dims.push(match *axis {
            None => None,
            Some(a) if (-rank..rank).contains(&a) => Some(a.rem_euclid(rank) as usize),
            Some(a) => {
                return Err(format!(
                    "in_axes {i}: the axis {a} is out of range for the input {ty}, which has rank \
                     {rank} with its batch dimension"
                ));
            }
        });
    }
    let mut size = size;
    for (i, (arg, dim)) in args.unwrap_or_default().iter().zip(&dims).enumerate() {
        let Some(dim) = *dim else { continue };
        let ty = &jaxpr.in_types()[i];
        let Some(&n) = arg.shape().get(dim) else {
            return Err(format!(
                "argument {i} is {}, which has no axis {dim} to be mapped over the input {ty}",
                arg.ty()
            ));
        };
        if *size.get_or_insert(n) != n {
            let first = size.unwrap_or_default();
            return Err(format!(
                "argument {i} is {}, so its axis {dim} has size {n}, but the batch has size {first}",
                arg.ty()
            ));
        }
        if *arg.ty() != ty.with_axis(dim, n) {
            return Err(format!(
                "argument {i} is {}, but the input {ty} mapped over axis {dim} needs {}",
                arg.ty(),
                ty.with_axis(dim, n)
            ));
        }
    }
    let Some(size) = size else {
        return Err("no input is batched, so the size of the batch must be given: `size`".into());
    };
    // Batching rules rely on sizes that can be represented.
    for ty in jaxpr.types().iter().filter(|ty| matches!(ty, Type::Array { .. })) {
        checked_numel(ty.with_axis(0, size).shape()).map_err(|f| f.to_string())?;
    }
    let batched = transform::vmap(jaxpr, size, &dims, None, OutDims::Front).map_err(text)?;
    Ok(batched.jaxpr)
}
