//! Profiles, what they are written as, and what runs.

use pullback_cpu::{Engine, MachineCode, info};
use pullback_ir::prim::checkpoint::{Checkpoint, Policy};
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::prim::permute::Transpose;
use pullback_ir::prim::slice::Slice;
use pullback_ir::{Builder, DType, Jaxpr, Loc, Role, Type, Value};
use std::panic::Location;

fn product() -> DotGeneral {
    DotGeneral {
        lhs_contract: [1].as_slice().into(),
        rhs_contract: [0].as_slice().into(),
        lhs_batch: Default::default(),
        rhs_batch: Default::default(),
        preferred: None,
    }
}

/// A product, a chain, and a call that stays one.
fn program() -> (Jaxpr, Vec<Value>) {
    let square = Type::of(DType::F64, &[20, 20]);
    let (inner, ins) = Builder::with_inputs([&square]);
    inner.set_loc(Loc::at(Location::caller()));
    let x = inner.op(product(), &[inner.sin(ins[0]), ins[0]]);
    let jaxpr = inner.finish([x]);
    let (b, ins) = Builder::with_inputs([&square, &square]);
    b.set_loc(Loc::at(Location::caller()).with_role(Role::Cotangent));
    let x = b.mul(b.op(product(), ins.as_slice()), ins[1]);
    let x = b.op(Checkpoint { jaxpr, policy: Policy::Nothing, differentiated: false }, &[x]);
    let x = b.exp(x);
    (b.finish([x]), vec![Value::full([20, 20].as_slice(), 0.01f64); 2])
}

#[test]
fn every_step_is_timed_on_every_engine() {
    let (jaxpr, args) = program();
    for engine in Engine::ALL {
        let executable = engine.compile(&jaxpr).unwrap();
        let profile = executable.profile(&args).unwrap();
        let steps = profile.steps();
        assert!(profile.runs() >= 1 && !steps.is_empty());
        let top: f64 = steps.iter().filter(|s| s.depth == 0).map(|s| s.seconds).sum();
        assert!(top > 0.0 && top <= profile.seconds(), "steps are parts of a run");
        assert!(steps.iter().all(|s| !s.lines.is_empty() && s.bytes > 0), "{profile}");
        let roles = |depth| steps.iter().find(|s| s.depth == depth).map(|s| s.lines[0].role);
        assert_eq!(roles(0), Some(Role::Cotangent));
        if engine != Engine::Reference {
            assert_eq!(roles(1), Some(Role::Primal), "steps of the call:\n{profile}");
            let call = steps.iter().position(|s| s.name == "call").unwrap();
            assert_eq!((steps[call].depth, steps[call + 1].depth), (0, 1), "{profile}");
        }
        let text = profile.to_string();
        assert!(text.contains("dot_general: f64[20,20] = f64[20,20] f64[20,20]"), "{text}");
        assert!(text.contains(" (cotangent)\n"), "{text}");
    }
}

#[test]
fn the_trace_file_has_an_event_for_each_step_and_run() {
    let (jaxpr, args) = program();
    let profile = Engine::Cpu.compile(&jaxpr).unwrap().profile(&args).unwrap();
    let path = std::env::temp_dir().join(format!("pullback-trace-{}.json", std::process::id()));
    profile.write_chrome_trace(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let events = json["traceEvents"].as_array().unwrap();
    assert_eq!(events.len(), profile.runs() * (1 + profile.steps().len()));
    // Complete events: within its run each lies inside of it.
    for run in events.chunk_by(|_, next| next["name"] != "run") {
        let span = |e: &serde_json::Value| {
            let begin = e["ts"].as_f64().unwrap();
            (begin, begin + e["dur"].as_f64().unwrap())
        };
        let (begin, end) = span(&run[0]);
        for (event, step) in run[1..].iter().zip(profile.steps()) {
            let (from, to) = span(event);
            assert!(begin <= from && from <= to && to <= end + 1e-3, "{event}");
            assert_eq!(
                (event["ph"].as_str(), &event["name"]),
                (Some("X"), &step.name.as_str().into())
            );
            assert_eq!(event["args"]["bytes"], step.bytes);
            assert!(event["args"]["lines"][0].as_str().unwrap().contains("profile.rs:"));
        }
    }
    let nowhere = profile.write_chrome_trace("/nowhere/at/all.json");
    assert_eq!(nowhere.unwrap_err().kind(), std::io::ErrorKind::NotFound);
}

#[test]
fn what_runs_is_told() {
    let info = info();
    let engine = *info.engine.as_ref().unwrap();
    assert_eq!(engine, Engine::current().unwrap());
    let text = info.to_string();
    let engine_line = format!("engine        {}\n", engine.name());
    for part in [engine_line.as_str(), "machine code  ", std::env::consts::ARCH, "memory pool"] {
        assert!(text.contains(part), "`{part}` is missing in:\n{text}");
    }
    assert!(info.threads >= 1 && info.pool_held <= info.pool_limit);
    let used = matches!(engine, Engine::Cpu | Engine::Native);
    assert_eq!(info.machine_code == MachineCode::NotThisEngine, !used);
    // The plan says the same.
    let (jaxpr, _) = program();
    let plan = engine.compile(&jaxpr).unwrap().to_string();
    let runs = matches!(info.machine_code, MachineCode::Runs(_));
    assert_eq!(plan.contains("kernel<native"), runs, "{text}\n{plan}");
}

/// A part of a buffer takes no memory, and keeps the whole of it.
#[test]
fn memory_counts_a_shared_buffer_once() {
    let x = Type::of(DType::F64, &[4, 1000]);
    let (b, ins) = Builder::with_inputs([&x]);
    let y = b.op(
        product(),
        &[b.op(Transpose { permutation: [1, 0].as_slice().into() }, &[ins[0]]), ins[0]],
    );
    let rows = b.op(
        Slice {
            start: [1, 0].as_slice().into(),
            limit: [501, 1000].as_slice().into(),
            strides: [1, 1].as_slice().into(),
        },
        &[y],
    );
    let executable = Engine::Cpu.compile(&b.finish([rows])).unwrap();
    let (memory, whole) = (executable.memory(), 8 * 1000 * 1000);
    assert_eq!((memory.results, memory.peak), (whole / 2, 8 * 4000 + whole), "{executable}");
}
