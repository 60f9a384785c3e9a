//! The subcommands.

use crate::arrays;
use crate::limits::Limits;
use crate::options::{Cli, Command, Eval, File, Linearize, Part, Pass, Run, Transpose, Vmap, Wrt};
use crate::request;
use crate::serve::serve;
use pullback_ir::{Error, Jaxpr, Type, Value, check, text, transform};
use serde_json::value::RawValue;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

/// Why a command ends early.
enum Failure {
    /// The command line does not fit the jaxpr: exit code 2.
    Usage(String),
    /// Anything else, as it is shown: exit code 1.
    Fault(String),
    /// The reader of our output has gone.
    Closed,
}

type Result<T, E = Failure> = std::result::Result<T, E>;

fn fault(message: impl std::fmt::Display) -> Failure {
    Failure::Fault(format!("error: {message}\n"))
}

impl From<Error> for Failure {
    fn from(e: Error) -> Failure {
        fault(e)
    }
}

impl From<io::Error> for Failure {
    fn from(e: io::Error) -> Failure {
        match e.kind() {
            io::ErrorKind::BrokenPipe => Failure::Closed,
            _ => fault(e),
        }
    }
}

/// Does what the command line says.
pub(crate) fn run(cli: Cli) -> ExitCode {
    let result = match cli.command {
        Command::Check(file) => check_file(&file),
        Command::Print(file) => read_jaxpr(&file).and_then(|jaxpr| print(&jaxpr)),
        Command::Jvp(options) => jvp(&options),
        Command::Vjp(options) => vjp(&options),
        Command::Linearize(options) => linearize(&options),
        Command::Transpose(options) => transpose(&options),
        Command::Vmap(options) => vmap(&options),
        Command::Dce(options) => pass(&options, transform::dce),
        Command::Cse(options) => pass(&options, transform::cse),
        Command::Simplify(options) => pass(&options, transform::simplify),
        Command::FoldProducts(options) => pass(&options, transform::fold_products),
        Command::Inline(options) => pass(&options, transform::inline),
        Command::Eval(options) => eval(&options),
        Command::Serve(options) => {
            let limits = Limits::gib(options.memory.memory);
            serve(io::stdin().lock(), io::stdout().lock(), limits).map_err(Failure::from)
        }
    };
    match result {
        Ok(()) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(Failure::Fault(shown)) => {
            eprint!("{shown}");
            ExitCode::FAILURE
        }
        Err(Failure::Usage(message)) => {
            eprintln!("error: {message}");
            ExitCode::from(2)
        }
    }
}

/// The text of a file or of standard input, and the name to show for it.
fn read_text(path: &Path) -> Result<(String, String)> {
    let mut bytes = Vec::new();
    let (name, read) = if path == Path::new("-") {
        ("<stdin>".to_owned(), io::stdin().lock().read_to_end(&mut bytes).map(drop))
    } else {
        (path.display().to_string(), std::fs::read(path).map(|read| bytes = read))
    };
    read.map_err(|e| fault(format_args!("cannot read {name}: {e}")))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, name)),
        Err(e) => {
            let at = e.utf8_error().valid_up_to();
            Err(fault(format_args!("{name} is not UTF-8 text: byte {at} is wrong")))
        }
    }
}

fn read_jaxpr(file: &File) -> Result<Jaxpr> {
    let (source, name) = read_text(&file.file)?;
    let jaxpr = text::parse(&source)
        .map_err(|e| Failure::Fault(text::explain(&source, &e, Some(&name))))?;
    Limits::admit(&jaxpr).map_err(|e| fault(format_args!("{name}: {e}")))?;
    Ok(jaxpr)
}

fn read_args(path: &Path, jaxpr_file: &File) -> Result<Vec<Value>> {
    if path == Path::new("-") && jaxpr_file.file == Path::new("-") {
        return Err(Failure::Usage(
            "the jaxpr and the arguments cannot both come from standard input".into(),
        ));
    }
    let (source, name) = read_text(path)?;
    let json: &RawValue =
        serde_json::from_str(&source).map_err(|e| fault(format_args!("{name}: {e}")))?;
    arrays::read_all(json, "args").map_err(|e| fault(format_args!("{name}: {e}")))
}

fn write_out(text: &str) -> Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

fn print(jaxpr: &Jaxpr) -> Result<()> {
    write_out(&format!("{jaxpr}\n"))
}

/// Prints a JSON list, one array a line.
fn print_values(values: &[Value]) -> Result<()> {
    let mut out = String::from("[");
    for (i, value) in values.iter().enumerate() {
        out.push_str(if i == 0 { "\n  " } else { ",\n  " });
        arrays::write(value, &mut out);
    }
    out.push_str(if values.is_empty() { "]\n" } else { "\n]\n" });
    write_out(&out)
}

fn evaluate(jaxpr: &Jaxpr, args: &[Value], run: &Run) -> Result<Vec<Value>> {
    request::run(jaxpr, args, run.engine, Limits::gib(run.memory.memory)).map_err(fault)
}

/// Prints the program, or what it gives for the arguments.
fn print_or_evaluate(jaxpr: &Jaxpr, options: &Pass) -> Result<()> {
    match &options.args {
        None => print(jaxpr),
        Some(path) => {
            let args = read_args(path, &options.file)?;
            print_values(&evaluate(jaxpr, &args, &options.run)?)
        }
    }
}

/// Marks inputs by number; without numbers all floats.
fn mark(numbers: Option<&[usize]>, types: &[Type], option: &str) -> Result<Vec<bool>> {
    let Some(numbers) = numbers else { return Ok(request::floats(types)) };
    let mut marks = vec![false; types.len()];
    for &i in numbers {
        match types.get(i) {
            None => {
                let n = types.len();
                return Err(Failure::Usage(format!(
                    "{option}: there is no input {i}; the jaxpr has {n}, counted from 0"
                )));
            }
            Some(ty) if !ty.is_float() => {
                return Err(Failure::Usage(format!(
                    "{option}: input {i} is {ty}, and only floats carry derivatives"
                )));
            }
            Some(_) => marks[i] = true,
        }
    }
    Ok(marks)
}

fn check_file(file: &File) -> Result<()> {
    let jaxpr = read_jaxpr(file)?;
    check::check(&jaxpr)?;
    let show = |types: &[Type]| types.iter().map(Type::to_string).collect::<Vec<_>>().join(", ");
    write_out(&format!("ok: ({}) -> ({})\n", show(jaxpr.in_types()), show(&jaxpr.out_types())))
}

fn pass(options: &Pass, transformation: fn(&Jaxpr) -> Jaxpr) -> Result<()> {
    let jaxpr = read_jaxpr(&options.file)?;
    print_or_evaluate(&transformation(&jaxpr), options)
}

fn jvp(options: &Wrt) -> Result<()> {
    let jaxpr = read_jaxpr(&options.pass.file)?;
    let wrt = mark(options.wrt.as_deref(), jaxpr.in_types(), "--wrt")?;
    print_or_evaluate(&transform::jvp(&jaxpr, &wrt)?.jaxpr, &options.pass)
}

fn vjp(options: &Wrt) -> Result<()> {
    let jaxpr = read_jaxpr(&options.pass.file)?;
    let wrt = mark(options.wrt.as_deref(), jaxpr.in_types(), "--wrt")?;
    print_or_evaluate(&transform::vjp(&jaxpr, &wrt)?, &options.pass)
}

fn linearize(options: &Linearize) -> Result<()> {
    let pass = &options.wrt.pass;
    let jaxpr = read_jaxpr(&pass.file)?;
    let wrt = mark(options.wrt.wrt.as_deref(), jaxpr.in_types(), "--wrt")?;
    let parts = transform::linearize(&jaxpr, &wrt)?;
    let Some(path) = &pass.args else {
        return match options.part {
            Some(Part::Primal) => print(&parts.primal),
            Some(Part::Tangent) => print(&parts.tangent),
            None => write_out(&format!(
                "# inputs -> results, then residuals\n{}\n\n\
                 # tangents of inputs, then residuals -> tangents of results\n{}\n",
                parts.primal, parts.tangent
            )),
        };
    };
    let mut args = read_args(path, &pass.file)?;
    let n_tangents = wrt.iter().filter(|w| **w).count();
    let (n_ins, n_args) = (jaxpr.n_ins(), args.len());
    if n_args != n_ins + n_tangents {
        return Err(fault(format_args!(
            "{n_ins} inputs and then {n_tangents} tangents are wanted, but {n_args} arguments were given"
        )));
    }
    let mut tangents = args.split_off(n_ins);
    let mut outs = evaluate(&parts.primal, &args, &pass.run)?;
    tangents.extend(outs.split_off(jaxpr.outs().len()));
    outs.extend(evaluate(&parts.tangent, &tangents, &pass.run)?);
    print_values(&outs)
}

fn transpose(options: &Transpose) -> Result<()> {
    let jaxpr = read_jaxpr(&options.pass.file)?;
    let linear = mark(options.linear.as_deref(), jaxpr.in_types(), "--linear")?;
    print_or_evaluate(&transform::transpose(&jaxpr, &linear)?, &options.pass)
}

fn vmap(options: &Vmap) -> Result<()> {
    let jaxpr = read_jaxpr(&options.pass.file)?;
    let axes = match &options.in_axes {
        None => vec![Some(0); jaxpr.n_ins()],
        Some(axes) => axes.iter().map(|a| a.0).collect(),
    };
    if axes.len() != jaxpr.n_ins() {
        let (n, given) = (jaxpr.n_ins(), axes.len());
        return Err(Failure::Usage(format!(
            "--in-axes: one for each input is wanted, which is {n}, not {given}"
        )));
    }
    let args = match &options.pass.args {
        None => None,
        Some(path) => Some(read_args(path, &options.pass.file)?),
    };
    let batched = request::vmap(&jaxpr, &axes, options.size, args.as_deref()).map_err(fault)?;
    match args {
        None => print(&batched),
        Some(args) => print_values(&evaluate(&batched, &args, &options.pass.run)?),
    }
}

fn eval(options: &Eval) -> Result<()> {
    let jaxpr = read_jaxpr(&options.file)?;
    let args = match &options.args {
        None => Vec::new(),
        Some(path) => read_args(path, &options.file)?,
    };
    print_values(&evaluate(&jaxpr, &args, &options.run)?)
}
