//! A process that runs texts, one after the other, and may die of one.
//!
//! It reads `seed length` and a newline, then so many bytes of text, and answers with a line.

use crate::target::{self, Outcome};
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bytes of memory that a worker may have: what is larger than this for a text of a few lines whose
/// arrays are small is a fault.
const MEMORY: u64 = 2 << 30;

/// The worker's side.
pub(crate) fn work() {
    let limit = rustix::process::Rlimit { current: Some(MEMORY), maximum: Some(MEMORY) };
    rustix::process::setrlimit(rustix::process::Resource::As, limit)
        .expect("memory can be limited");
    let mut input = std::io::stdin().lock();
    loop {
        let mut head = String::new();
        if input.read_line(&mut head).expect("the request can be read") == 0 {
            return;
        }
        let (seed, n) = head.trim().split_once(' ').expect("a seed and a length");
        let mut text = vec![0; n.parse().expect("a length")];
        input.read_exact(&mut text).expect("the text can be read");
        let text = String::from_utf8(text).expect("texts are UTF-8");
        println!("{}", target::run(&text, seed.parse().expect("a seed")));
    }
}

/// A worker as its master sees it.
pub(crate) struct Worker {
    child: Child,
    answers: Receiver<String>,
    complaints: Option<JoinHandle<String>>,
    patience: Duration,
}

impl Worker {
    pub(crate) fn start(patience: Duration) -> Worker {
        let this = std::env::current_exe().expect("the program knows its file");
        let mut child = Command::new(this)
            .arg("--work")
            .env("RUST_BACKTRACE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program can be started");
        let (stdout, mut stderr) = (child.stdout.take(), child.stderr.take());
        let (send, answers) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(stdout.expect("it is piped")).lines();
            lines.map_while(Result::ok).try_for_each(|line| send.send(line))
        });
        let complaints = std::thread::spawn(move || {
            let mut text = Vec::new();
            // What was read until it died is all there is.
            let _ = stderr.as_mut().expect("it is piped").read_to_end(&mut text);
            String::from_utf8_lossy(&text).into_owned()
        });
        Worker { child, answers, complaints: Some(complaints), patience }
    }

    /// Runs a text; a failure has the reason. After one the worker is gone.
    pub(crate) fn try_text(&mut self, text: &str, seed: u64) -> Result<Outcome, String> {
        let stdin = self.child.stdin.as_mut().expect("it is piped");
        let request = format!("{seed} {}\n{text}", text.len());
        // A worker that cannot be written to is dead, and found to be so below.
        let _ = stdin.write_all(request.as_bytes()).and_then(|()| stdin.flush());
        let reason = match self.answers.recv_timeout(self.patience) {
            Ok(answer) => {
                let outcome = Outcome::ALL.into_iter().find(|o| o.to_string() == answer);
                return outcome.ok_or(answer);
            }
            Err(RecvTimeoutError::Timeout) => format!("no end after {:?}", self.patience),
            Err(RecvTimeoutError::Disconnected) => "the process died".to_owned(),
        };
        let _ = self.child.kill();
        let status = self.child.wait().map_or_else(|e| e.to_string(), |s| s.to_string());
        let complaints = self.complaints.take().and_then(|c| c.join().ok()).unwrap_or_default();
        Err(format!("{reason} ({status})\n{complaints}"))
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
