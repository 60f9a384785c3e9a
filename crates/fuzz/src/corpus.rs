//! The texts that mutations begin with: the jaxprs of the filetests, a program of one equation for each
//! sample of each primitive, and random programs.

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use pullback_ir::prim::Primitive;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::cumulative::Cumulative;
use pullback_ir::prim::reduce::Reduce;
use pullback_ir::prim::unary::Unary;
use pullback_ir::{Builder, Jaxpr, Prim, Type};
use pullback_testing::{Draw, Program, programs};
use std::collections::BTreeMap;
use std::path::Path;

/// Texts to begin with, and what is in them.
pub(crate) struct Corpus {
    pub(crate) texts: Vec<String>,
    /// Values of parameters by name.
    pub(crate) params: BTreeMap<String, Vec<String>>,
    /// Names of primitives: families whose members have the same operands, and all.
    pub(crate) families: [&'static [&'static str]; 5],
    pub(crate) prims: Vec<&'static str>,
}

impl Corpus {
    pub(crate) fn new() -> Corpus {
        let mut texts = Vec::new();
        let filetests = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/filetests");
        files(&filetests, &mut texts);
        assert!(texts.len() > 100, "the filetests are in {}", filetests.display());
        texts.extend(Prim::all_samples().into_iter().filter_map(|s| {
            let types: Vec<Type> = s.args.iter().map(|(ty, _)| ty.clone()).collect();
            equation(s.prim, &types)
        }));
        let mut params: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, _, value) in texts.iter().flat_map(|t| parameters(t)) {
            let values = params.entry(name.to_owned()).or_default();
            if !values.iter().any(|v| v == value) {
                values.push(value.to_owned());
            }
        }
        let families = [
            Unary::names(),
            Binary::names(),
            Compare::names(),
            Reduce::names(),
            Cumulative::names(),
        ];
        Corpus { texts, params, families, prims: Prim::all_names() }
    }

    /// A text of the corpus, or that of a random program.
    pub(crate) fn pick(&self, draw: &mut Draw) -> String {
        if draw.chance(0.3)
            && let Some(text) = random_program(draw)
        {
            return text;
        }
        self.texts[draw.below(self.texts.len())].clone()
    }
}

/// The jaxprs in the files below a folder, those before and those behind `# ---`.
fn files(folder: &Path, texts: &mut Vec<String>) {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|e| e.expect("a folder can be listed").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            files(&path, texts);
        } else if path.extension().is_some_and(|e| e == "jaxpr") {
            let file = std::fs::read_to_string(&path).expect("a filetest can be read");
            let code = |part: &str| {
                let lines = part.lines().filter(|l| !l.trim_start().starts_with('#'));
                lines.collect::<Vec<_>>().join("\n")
            };
            texts.extend(file.split("# ---").map(code).filter(|t| !t.trim().is_empty()));
        }
    }
}

fn equation(prim: Prim, types: &[Type]) -> Option<String> {
    let outs = prim.type_of(types).ok()?;
    let (b, ins) = Builder::with_inputs(types);
    let outs = b.push(prim, ins.into_iter().collect(), &outs);
    with_text(b.finish(outs))
}

fn with_text(jaxpr: Jaxpr) -> Option<String> {
    let program = Program { jaxpr, args: Vec::new() };
    program.has_text().then(|| program.jaxpr.to_string())
}

fn random_program(draw: &mut Draw) -> Option<String> {
    let mut seed = [0; 32];
    seed[..8].copy_from_slice(&draw.bits().to_le_bytes());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &seed);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    with_text(programs().new_tree(&mut runner).ok()?.current().jaxpr)
}

/// The parameters in a text: a name, and where which value is.
pub(crate) fn parameters(text: &str) -> impl Iterator<Item = (&str, usize, &str)> {
    text.match_indices('=').filter_map(|(at, _)| {
        let name = text[..at].rsplit(|c: char| !c.is_ascii_alphanumeric() && c != '_').next()?;
        let value = &text[at + 1..];
        let mut depth = 0;
        let end = value.find(|c: char| {
            depth +=
                i32::from(matches!(c, '(' | '[' | '{')) - i32::from(matches!(c, ')' | ']' | '}'));
            depth < 0 || depth == 0 && c.is_whitespace()
        })?;
        (!name.is_empty() && end > 0 && end < 400).then_some((name, at + 1, &value[..end]))
    })
}
