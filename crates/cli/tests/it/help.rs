//! The help shows examples, and the examples are true.

use crate::{F, file, pullback};

const COMMANDS: [&str; 14] = [
    "check",
    "print",
    "jvp",
    "vjp",
    "linearize",
    "transpose",
    "vmap",
    "dce",
    "cse",
    "simplify",
    "fold-products",
    "inline",
    "eval",
    "serve",
];

#[test]
fn every_command_has_examples() {
    let all = pullback(&["--help"], "").out();
    assert!(all.contains("\nExamples:\n  pullback "), "{all}");
    for command in COMMANDS {
        assert!(all.contains(&format!("\n  {command} ")), "{command} in\n{all}");
        for flag in ["--help", "-h"] {
            let help = pullback(&[command, flag], "").out();
            assert!(help.contains(&format!("\nExamples:\n  pullback {command}")), "{help}");
        }
    }
}

#[test]
fn the_program_and_the_arguments_in_the_help() {
    let help = pullback(&["--help"], "").out();
    let (_, after) = help.split_once("f.jaxpr holds").unwrap();
    let (program, args) = after.split_once("args.json holds").unwrap();
    let program = program.split_once('\n').unwrap().1;
    let args = args.split_once('\n').unwrap().1;
    assert_eq!(pullback(&["print", "-"], program).out(), F);
    let program = file("help.jaxpr", program);
    let got = pullback(&["eval", program.to_str().unwrap(), "--args", "-"], args).out();
    assert!(got.contains("[0.958851077208406,1.682941969615793,\"NaN\"]"), "{got}");
}

#[test]
fn the_request_in_the_help() {
    let help = pullback(&["serve", "--help"], "").out();
    let (_, after) = help.split_once("A request:\n").unwrap();
    let (request, after) = after.split_once("on one line; its answer:\n").unwrap();
    let answer = after.lines().next().unwrap().trim();
    let request: String = request.lines().map(str::trim).collect();
    assert_eq!(pullback(&["serve"], &request).out().trim_end(), answer);
}
