//! Transformations tested as text: `tests/filetests/<command>/*.jaxpr`.
//!
//! A file holds a jaxpr, and behind a line `# ---` what the command makes of it:
//!
//! ```text
//! # The product rule, one term a factor.
//! # wrt: a b
//! { lambda ; a:f32[] b:f32[]. let
//!     c:f32[] = mul a b
//!   in (c,) }
//! # run: [2.0, 3.0] -> [6.0]
//! # ---
//! { lambda ; a:f32[] b:f32[] c:f32[] d:f32[]. let
//!   …
//! # run: [2.0, 3.0, 1.0, 0.0] -> [6.0, 3.0]
//! ```
//!
//! Comments in front say what the file shows; a comment `# word: …` is an option of the command. A
//! line `# run: arguments -> results`, in JSON, runs the jaxpr above it on every engine; where a
//! command does not change the meaning, the runs of the input hold for the output too. With `BLESS=1`
//! the text behind `# ---` is rewritten, and results written as `?` are filled in; results that are
//! there are never rewritten. Every jaxpr, in or out, is checked and must survive printing.

mod commands;
mod numbers;

use pullback_ir::{Error, Jaxpr, check, text};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What a command makes of a file.
struct Section {
    /// A comment above the body.
    caption: Option<&'static str>,
    body: Body,
}

enum Body {
    /// A jaxpr; `same` if it means what the input means.
    Jaxpr { jaxpr: Jaxpr, same: bool },
    /// Text, written as comments.
    Note(String),
}

type Output = Result<Vec<Section>, Error>;

/// A file's input as a command sees it.
struct Case {
    source: String,
    options: BTreeMap<String, String>,
    used: RefCell<Vec<String>>,
}

impl Case {
    /// The value of an option.
    fn option(&self, name: &str) -> Option<&str> {
        self.used.borrow_mut().push(name.to_owned());
        self.options.get(name).map(String::as_str)
    }

    /// The input, which must be right.
    fn jaxpr(&self) -> Jaxpr {
        match text::parse(&self.source) {
            Ok(jaxpr) => jaxpr,
            Err(e) => panic!("the input is not a jaxpr\n{}", text::explain(&self.source, &e, None)),
        }
    }

    /// The inputs that an option lists by name; by default all floats.
    fn inputs(&self, option: &str, jaxpr: &Jaxpr) -> Vec<bool> {
        match self.option(option) {
            None => jaxpr.in_types().iter().map(|t| t.is_float()).collect(),
            Some(names) => {
                let mut wanted = vec![false; jaxpr.n_ins()];
                names.split_whitespace().for_each(|n| wanted[input_number(n, jaxpr)] = true);
                wanted
            }
        }
    }
}

/// The position of an input called `a`, `b`, … as the printer calls it.
fn input_number(name: &str, jaxpr: &Jaxpr) -> usize {
    let number = match name.as_bytes() {
        [c @ b'a'..=b'z'] => (c - b'a') as usize,
        _ => usize::MAX,
    };
    assert!(number < jaxpr.n_ins(), "there is no input `{name}`");
    number
}

/// A line `# run: arguments -> results` and the number of the jaxpr above it in its part.
struct Run {
    jaxpr: usize,
    args: String,
    outs: String,
}

const SEPARATOR: &str = "# ---";

/// One part of a file, before or behind the separator.
fn split_runs(part: &str) -> (String, Vec<Run>) {
    let mut rest = String::new();
    let mut runs = Vec::new();
    let mut jaxprs = 0usize;
    for line in part.lines() {
        if let Some(run) = line.strip_prefix("# run:") {
            let (args, outs) = run.split_once("->").expect("`# run: arguments -> results`");
            // Above the first jaxpr: a new file, where the output is not there yet.
            let jaxpr = jaxprs.saturating_sub(1);
            let (args, outs) = (args.trim().to_owned(), outs.trim().to_owned());
            runs.push(Run { jaxpr, args, outs });
            continue;
        }
        // A jaxpr that JAX hoists (`let f = {…} in`) is not one to run.
        jaxprs += line.starts_with("{ lambda") as usize;
        rest += line;
        rest += "\n";
    }
    (rest, runs)
}

/// Comments `# word: value` before the jaxpr.
fn options(source: &str) -> BTreeMap<String, String> {
    source
        .lines()
        .map_while(|line| line.strip_prefix('#'))
        .filter_map(|comment| comment.trim().split_once(':'))
        .filter(|(word, _)| word.bytes().all(|c| c.is_ascii_lowercase() || c == b'_'))
        .map(|(word, value)| (word.to_owned(), value.trim().to_owned()))
        .collect()
}

/// Asserts that a jaxpr is well-formed and survives printing.
fn assert_sound(jaxpr: &Jaxpr) {
    check::check(jaxpr).unwrap_or_else(|e| panic!("{e}\nin\n{jaxpr}"));
    let printed = jaxpr.to_string();
    match text::parse(&printed) {
        Ok(back) => assert!(back == *jaxpr, "printed\n{printed}\nread\n{back}"),
        Err(e) => panic!("{}", text::explain(&printed, &e, None)),
    }
}

/// The text of a file after its command ran: as it should be.
fn transformed(content: &str, command: fn(&Case) -> Output) -> String {
    let (input, expected) = match content.split_once(&format!("\n{SEPARATOR}\n")) {
        Some((input, expected)) => (input, expected),
        None => (content.trim_end(), ""),
    };
    let (source, in_runs) = split_runs(input);
    let (_, out_runs) = split_runs(expected);
    let case = Case { options: options(&source), source, used: RefCell::default() };
    let sections = match command(&case) {
        Ok(sections) => sections,
        Err(e) => vec![Section { caption: None, body: Body::Note(format!("error: {e}")) }],
    };
    let used = case.used.borrow();
    for option in case.options.keys() {
        assert!(used.contains(option), "the command has no option `{option}`");
    }

    let mut text = String::new();
    if in_runs.is_empty() {
        text += input;
        text += "\n";
    } else {
        text += &case.source;
        text += &numbers::run(&case.jaxpr(), in_runs.iter());
    }
    text += SEPARATOR;
    text += "\n";
    let mut number = 0;
    for Section { caption, body } in sections {
        if let Some(caption) = caption {
            let _ = writeln!(text, "# {caption}");
        }
        match body {
            Body::Note(note) => {
                for line in note.lines() {
                    text += format!("# {line}").trim_end();
                    text += "\n";
                }
            }
            Body::Jaxpr { jaxpr, same } => {
                assert_sound(&jaxpr);
                if same {
                    let _ = numbers::run(&jaxpr, in_runs.iter());
                }
                let _ = writeln!(text, "{jaxpr}");
                text += &numbers::run(&jaxpr, out_runs.iter().filter(|r| r.jaxpr == number));
                number += 1;
            }
        }
    }
    assert!(out_runs.iter().all(|r| r.jaxpr < number), "a run without a jaxpr");
    text
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/filetests")
}

/// Runs a command on the files of its folder; all that fail are reported.
fn run_files(command: &str, run: fn(&Case) -> Output) {
    let bless = std::env::var_os("BLESS").is_some();
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder().join(command)).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(!paths.is_empty(), "no files for `{command}`");
    let mut failures = String::new();
    for path in paths {
        let name = format!("tests/filetests/{command}/{}", path.file_name().unwrap().display());
        let content = fs::read_to_string(&path).unwrap();
        let actual = match std::panic::catch_unwind(|| transformed(&content, run)) {
            Ok(actual) => actual,
            Err(payload) => {
                let message = payload.downcast_ref::<String>().map(String::as_str);
                let message = message.or(payload.downcast_ref::<&str>().copied());
                let _ = writeln!(failures, "{name}: {}\n", message.unwrap_or("panicked"));
                continue;
            }
        };
        if actual == content {
            continue;
        }
        if bless {
            fs::write(&path, &actual).unwrap();
            continue;
        }
        let diff = similar::TextDiff::from_lines(&content, &actual);
        let diff =
            diff.unified_diff().context_radius(5).header(&name, "what it is now").to_string();
        let _ = writeln!(failures, "{diff}");
    }
    assert!(
        failures.is_empty(),
        "\n{failures}if this is right: BLESS=1 cargo test --test it filetests::{command}\n"
    );
}

macro_rules! commands {
    ($($command:ident)*) => {
        $(
            #[test]
            fn $command() {
                run_files(stringify!($command), commands::$command);
            }
        )*

        #[test]
        fn every_folder_has_a_command() {
            let commands = [$(stringify!($command)),*];
            for entry in fs::read_dir(folder()).unwrap() {
                let name = entry.unwrap().file_name().into_string().unwrap();
                assert!(commands.contains(&name.as_str()), "there is no command `{name}`");
            }
        }
    };
}

commands! {
    cat check jvp partial_eval linearize transpose vjp grad hvp vmap dce cse simplify fold_products
    inline checkpoint
}
