//! A short run, the same each time, and a text that is run from a file.

use std::process::{Command, Output};

fn fuzz(arguments: &[&str]) -> (Output, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pullback-fuzz"));
    let output = command.args(arguments).output().expect("the fuzzer starts");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    (output, text)
}

#[test]
fn some_texts() {
    let (output, text) = fuzz(&["--cases", "400", "--seed", "0", "--seconds", "600"]);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    // Texts that are all refused would show nothing of what is behind the parser.
    let ran = text.split(", ").find_map(|part| part.strip_suffix(" ran")?.parse::<u32>().ok());
    assert!(ran.is_some_and(|n| n > 60), "{text}");
}

#[test]
fn a_text_from_a_file() {
    let path = std::env::temp_dir().join(format!("pullback-fuzz-{}.jaxpr", std::process::id()));
    std::fs::write(&path, "{ lambda ; a:f32[3]. let b:f32[3] = sin a in (b,) }").expect("written");
    let (output, text) = fuzz(&["--text", path.to_str().expect("a path of text")]);
    std::fs::remove_file(&path).expect("removed");
    assert!(output.status.success() && text == "ran\n", "{text}");
}
