//! What the checker refuses, and what `Code` promises beside results.

use super::super::build::LineBuilder;
use super::super::code::{Code, Executor};
use super::super::line::{Bin, FoldOp, Instr, Kind, Line, Reg, Step, Un};
use super::{Memory, Random, check, executors};
use pullback_ir::DType;

/// The sum of two arrays.
fn sum() -> Line {
    let mut b = LineBuilder::default();
    let [x, y] = [0; 2].map(|_| b.arg(DType::F32, Step::Next, false));
    let out = b.arg(DType::F32, Step::Next, true);
    let (x, y) = (b.load(x), b.load(y));
    let z = b.bin(Bin::Add, x, y);
    b.store(out, z);
    b.finish()
}

#[test]
fn wrong_lines_are_refused() {
    type Change = fn(&mut Line);
    let changes: [(Change, &str); 8] = [
        (|l| l.kinds.truncate(2), "each instruction has a kind"),
        (|l| l.instrs[0] = Instr::Load { arg: 7 }, "%0: there is no argument 7"),
        (|l| l.instrs[0] = Instr::Un { op: Un::Neg, x: Reg(2) }, "%0: %2 is no value before it"),
        (|l| l.kinds[2] = Kind::F64, "%2: the value is F32, not F64"),
        (|l| l.args[1].dtype = DType::I32, "%1: the value is I32, not F32"),
        (|l| l.args[2].dtype = DType::F64, "%3: the operands have other kinds"),
        (|l| l.args[2].step = Step::Same, "%3: the operands have other kinds"),
        (
            |l| l.folds.push(super::super::line::Fold { op: FoldOp::And, x: Reg(0), arg: 2 }),
            "Fold { op: And, x: Reg(0), arg: 2 }: operand or argument have other kinds",
        ),
    ];
    assert_eq!(sum().check(), Ok(()));
    for (change, message) in changes {
        let mut line = sum();
        change(&mut line);
        let fault = line.check().unwrap_err();
        assert!(fault.starts_with(message), "{fault}");
    }
}

#[test]
fn long_lines_with_stores_that_bypass_the_cache() {
    let mut random = Random(2);
    let line = sum();
    let codes = executors(&line);
    for _ in 0..8 {
        let n = 5000 + random.below(3000);
        check(&line, &codes, &Memory::new(&line, n, 2, random.below(2) == 0, &mut random));
    }
}

/// One `Code` in several threads at once, each with memory of its own.
#[test]
fn threads() {
    const fn shared<T: Send + Sync>() {}
    const { shared::<Code>() };
    let line = sum();
    let codes = executors(&line);
    std::thread::scope(|scope| {
        for seed in 0..4 {
            let (line, codes) = (&line, &codes);
            scope.spawn(move || {
                let mut random = Random(seed);
                for _ in 0..50 {
                    let n = random.below(700);
                    check(line, codes, &Memory::new(line, n, 3, true, &mut random));
                }
            });
        }
    });
}

#[test]
fn executors_are_chosen() {
    assert!(!Code::new(sum(), Executor::Tile, false).is_native());
    let code = Code::new(sum(), Executor::Native, false);
    assert_eq!(code.line().instrs.len(), 4);
    #[cfg(all(target_arch = "x86_64", unix))]
    {
        use crate::native::Isa;
        assert_eq!(code.is_native(), Isa::available().next().is_some());
    }
}

/// No page is writable and executable at once, while code exists.
#[cfg(target_os = "linux")]
#[test]
fn pages_are_not_writable_and_executable() {
    let _code = Code::new(sum(), Executor::Native, false);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(!maps.contains(" rwx"), "{maps}");
}
