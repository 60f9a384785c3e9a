//! The `pullback` command as its users run it.

mod commands;
mod faults;
mod help;
mod serve;

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// sin(a)·b
const F: &str = "\
{ lambda ; a:f64[3] b:f64[]. let
    c:f64[3] = sin a
    d:f64[3] = mul c b
  in (d,) }
";

/// What the command wrote.
struct Ran {
    stdout: String,
    stderr: String,
    code: Option<i32>,
}

/// Runs the command with a text on its standard input.
fn pullback(args: &[&str], stdin: &str) -> Ran {
    pullback_bytes(args, stdin.as_bytes())
}

fn pullback_bytes(args: &[&str], stdin: &[u8]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pullback"))
        .args(args)
        .env_remove("RUST_BACKTRACE")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut pipe = child.stdin.take().unwrap();
    let stdin = stdin.to_vec();
    // A thread, because the answers may fill the other pipe before the input has been read. A command
    // that ends without reading its input is no fault.
    let writer = std::thread::spawn(move || pipe.write_all(&stdin).unwrap_or_default());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    Ran {
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
        code: output.status.code(),
    }
}

impl Ran {
    /// The standard output of a run without faults.
    #[track_caller]
    fn out(self) -> String {
        assert_eq!((self.stderr.as_str(), self.code), ("", Some(0)), "{}", self.stdout);
        self.stdout
    }

    /// The standard error of a run that fails.
    #[track_caller]
    fn fault(self, code: i32) -> String {
        assert_eq!((self.stdout.as_str(), self.code), ("", Some(code)), "{}", self.stderr);
        self.stderr
    }
}

/// Writes a file for the command to read.
fn file(name: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::write(&path, text).unwrap();
    path
}
