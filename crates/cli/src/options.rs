//! What can be written on the command line.

use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};
use pullback_cpu::Engine;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  pullback check f.jaxpr
  pullback vjp f.jaxpr
  pullback vmap --size 32 f.jaxpr | pullback simplify -
  pullback eval f.jaxpr --args args.json

f.jaxpr holds a function, in the notation of jax.make_jaxpr:
  { lambda ; a:f64[3] b:f64[]. let
      c:f64[3] = sin a
      d:f64[3] = mul c b
    in (d,) }

args.json holds its arguments:
  [{\"dtype\":\"f64\",\"shape\":[3],\"data\":[0.5,1.0,\"Infinity\"]},
   {\"dtype\":\"f64\",\"shape\":[],\"data\":[2.0]}]";

/// Transforms and evaluates programs in jaxpr text.
#[derive(Parser, Debug)]
#[command(name = "pullback", version, after_help = EXAMPLES)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Check that a text is a well-typed jaxpr, and show its type
    #[command(after_help = "\
Examples:
  pullback check f.jaxpr
  pullback vjp f.jaxpr | pullback check -")]
    Check(File),
    /// Print a jaxpr in the standard layout
    #[command(after_help = "\
Examples:
  pullback print f.jaxpr
  python -c 'import jax; print(jax.make_jaxpr(jax.numpy.sin)(1.0))' | pullback print -")]
    Print(File),
    /// Forward mode: inputs, then tangents -> results, then their tangents
    #[command(after_help = "\
Results that do not depend on the inputs with tangents have no tangent.

Examples:
  pullback jvp f.jaxpr                               tangents for all float inputs
  pullback jvp --wrt 0,2 f.jaxpr                     for inputs 0 and 2
  pullback jvp f.jaxpr --args args_and_tangents.json")]
    Jvp(Wrt),
    /// Reverse mode: inputs, then one cotangent a float result -> results, then cotangents of inputs
    #[command(after_help = "\
Examples:
  pullback vjp f.jaxpr                               cotangents of all float inputs
  pullback vjp --wrt 0 f.jaxpr                       of input 0
  pullback vjp f.jaxpr --args args_and_cotangents.json --engine reference")]
    Vjp(Wrt),
    /// Split into a program for the results and a linear program for their tangents
    #[command(after_help = "\
The first program gives the results, then the residuals; the second takes tangents of the inputs,
then the residuals. With --args, the inputs and then their tangents, both run, and the numbers are the
results and then their tangents.

Examples:
  pullback linearize f.jaxpr
  pullback linearize --part tangent --wrt 0 f.jaxpr | pullback transpose --linear 0 -
  pullback linearize f.jaxpr --args args_and_tangents.json")]
    Linearize(Linearize),
    /// Turn a linear program around: other inputs, then cotangents of results -> cotangents of inputs
    #[command(after_help = "\
Examples:
  pullback transpose f.jaxpr                         linear in all float inputs
  pullback transpose --linear 0 f.jaxpr              linear in input 0
  pullback transpose --linear 0 f.jaxpr --args others_and_cotangents.json")]
    Transpose(Transpose),
    /// Map over a batch dimension; that of the results is in front
    #[command(after_help = "\
Examples:
  pullback vmap --size 32 f.jaxpr                    axis 0 of every input
  pullback vmap --size 32 --in-axes 0,null f.jaxpr   axis 0 of the first; the second is not batched
  pullback vmap --in-axes -1,null f.jaxpr --args batched_args.json")]
    Vmap(Vmap),
    /// Remove what no result needs
    #[command(after_help = "\
Examples:
  pullback dce f.jaxpr
  pullback jvp f.jaxpr | pullback dce -")]
    Dce(Pass),
    /// Merge equal equations
    #[command(after_help = "\
Examples:
  pullback cse f.jaxpr
  pullback vjp f.jaxpr | pullback cse -")]
    Cse(Pass),
    /// Fold constants and simplify, exactly, then remove what no result needs
    #[command(after_help = "\
Examples:
  pullback simplify f.jaxpr
  pullback vjp f.jaxpr | pullback inline - | pullback cse - | pullback simplify -")]
    Simplify(Pass),
    /// Fold transposes, broadcasts and sums into matrix products
    #[command(after_help = "\
Examples:
  pullback fold-products f.jaxpr
  pullback vjp f.jaxpr | pullback simplify - | pullback fold-products -")]
    FoldProducts(Pass),
    /// Replace calls of jit by their bodies
    #[command(after_help = "\
Examples:
  pullback inline f.jaxpr
  pullback inline f.jaxpr --args args.json")]
    Inline(Pass),
    /// Evaluate
    #[command(after_help = "\
Examples:
  pullback eval f.jaxpr --args args.json
  pullback eval f.jaxpr --args args.json --engine reference
  pullback vjp f.jaxpr | pullback eval - --args args_and_cotangents.json")]
    Eval(Eval),
    /// Answer requests in JSON lines on standard input
    #[command(after_help = "\
A request:
  {\"id\":1,\"op\":\"eval\",\"jaxpr\":\"{ lambda ; a:f64[]. let b:f64[] = sin a in (b,) }\",
   \"args\":[{\"dtype\":\"f64\",\"shape\":[],\"data\":[0.0]}]}
on one line; its answer:
  {\"id\":1,\"outs\":[{\"dtype\":\"f64\",\"shape\":[],\"data\":[0.0]}]}

  op     takes besides args                    answers
  eval                                         outs
  jvp    tangents, one an input                outs and tangents
  vjp    cotangents, one a result              outs and cotangents, one an input
  hvp    tangents, one an input                tangents, one an input
  vmap   in_axes, an axis or null an input     outs, batched in front
         (all 0 without it); size, where no input is batched

\"engine\" is \"cpu\" (also without it), \"native\", \"tile\" or \"reference\". A tangent or cotangent that is
null is zero; those of integers are zeros of their own dtype. A fault is answered with {\"id\":1,\"error\":\"…\"}.

Examples:
  pullback serve < requests.jsonl > answers.jsonl
  pullback serve --memory 16")]
    Serve(Serve),
}

#[derive(Args, Debug)]
pub(crate) struct File {
    /// The jaxpr's file, `-` for standard input
    pub(crate) file: PathBuf,
}

/// How to evaluate.
#[derive(Args, Debug)]
pub(crate) struct Run {
    /// The engine that evaluates
    #[arg(long, value_parser = engines(), default_value = Engine::Cpu.name())]
    pub(crate) engine: Engine,
    #[command(flatten)]
    pub(crate) memory: Memory,
}

#[derive(Args, Debug)]
pub(crate) struct Memory {
    /// Refuse to evaluate programs whose arrays need more
    #[arg(long, value_name = "GIB", default_value_t = 4.0)]
    pub(crate) memory: f64,
}

/// What every transformation takes.
#[derive(Args, Debug)]
pub(crate) struct Pass {
    #[command(flatten)]
    pub(crate) file: File,
    /// Evaluate the transformed program on these arguments, a JSON list of arrays, and print numbers
    #[arg(long, value_name = "JSON_FILE")]
    pub(crate) args: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) run: Run,
}

#[derive(Args, Debug)]
pub(crate) struct Wrt {
    /// The inputs to differentiate with respect to, by number; derivatives stand in the order of the
    /// inputs [default: all floats]
    #[arg(long, value_name = "INPUTS", value_delimiter = ',')]
    pub(crate) wrt: Option<Vec<usize>>,
    #[command(flatten)]
    pub(crate) pass: Pass,
}

#[derive(Args, Debug)]
pub(crate) struct Linearize {
    /// Print only this program
    #[arg(long, value_enum, conflicts_with = "args")]
    pub(crate) part: Option<Part>,
    #[command(flatten)]
    pub(crate) wrt: Wrt,
}

/// One of the programs that linearization gives.
#[derive(ValueEnum, Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Part {
    /// Inputs -> results, then residuals
    Primal,
    /// Tangents, then residuals -> tangents of results
    Tangent,
}

#[derive(Args, Debug)]
pub(crate) struct Transpose {
    /// The inputs in which the program is linear, by number [default: all floats]
    #[arg(long, alias = "wrt", value_name = "INPUTS", value_delimiter = ',')]
    pub(crate) linear: Option<Vec<usize>>,
    #[command(flatten)]
    pub(crate) pass: Pass,
}

#[derive(Args, Debug)]
pub(crate) struct Vmap {
    /// The size of the batch dimension [default: that of the arguments]
    #[arg(long, value_name = "N", required_unless_present = "args")]
    pub(crate) size: Option<usize>,
    /// The axis of each input to map over, or `null`; negative ones count from the end [default: all 0]
    #[arg(long, value_name = "AXES", value_delimiter = ',', allow_hyphen_values = true, value_parser = axis)]
    pub(crate) in_axes: Option<Vec<Axis>>,
    #[command(flatten)]
    pub(crate) pass: Pass,
}

#[derive(Args, Debug)]
pub(crate) struct Eval {
    #[command(flatten)]
    pub(crate) file: File,
    /// The arguments, a JSON list of arrays [default: none]
    #[arg(long, value_name = "JSON_FILE")]
    pub(crate) args: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) run: Run,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) memory: Memory,
}

/// An axis to map over, if any.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Axis(pub(crate) Option<i64>);

fn axis(text: &str) -> Result<Axis, String> {
    match text {
        "null" => Ok(Axis(None)),
        _ => match text.parse() {
            Ok(axis) => Ok(Axis(Some(axis))),
            Err(_) => Err("an axis is a number or `null`".into()),
        },
    }
}

/// Every engine by its name, each with what it is in the help.
fn engines() -> impl TypedValueParser<Value = Engine> {
    let named = Engine::ALL.map(|e| PossibleValue::new(e.name()).help(e.about()));
    PossibleValuesParser::new(named)
        .try_map(|name| Engine::from_name(&name).map_err(|e| e.to_string()))
}
