//! The table of ratios, and the geometric means of each group.

use crate::results::{PEERS, Row, geometric_mean, section, sections};
use std::fmt::Write;

/// The geometric means against JAX that are to be reached.
const FIGURES: [(&str, f64); 6] = [
    ("kernel", 1.6),
    ("product", 1.2),
    ("model", 1.5),
    ("data", 5.0),
    ("overhead", 10.0),
    ("compile", 30.0),
];

/// From this ratio on a workload counts as being as fast as the fastest peer: the rest is noise.
const EVEN: f64 = 0.9;

/// Everything that `run.sh` prints of its results.
pub(crate) fn table(rows: &[Row]) -> String {
    let mut out = String::new();
    write(&mut out, rows).expect("a String can be written");
    out
}

fn write(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    writeln!(
        out,
        "Times of a call, and how many times as fast as each peer (above 1: we are faster)."
    )?;
    for of in sections(rows) {
        let [a, b, c, d] = PEERS.map(|(name, _)| name);
        writeln!(
            out,
            "\n{:<28} {:>10} {a:>8} {b:>8} {c:>8} {d:>13} {:>8} {:>9}",
            format!("{}, {}", of.0, threads(of.1)),
            "pullback",
            "fastest",
            "error"
        )?;
        for row in section(rows, of) {
            let [a, b, c, d] = [0, 1, 2, 3].map(|peer| ratio(row.ratio(peer)));
            writeln!(
                out,
                "{:<28} {:>10} {a:>8} {b:>8} {c:>8} {d:>13} {:>8} {:>9}{}",
                row.name,
                row.ours.map_or("failed".into(), time),
                ratio(row.ratio_to_fastest()),
                row.error.map_or("-".into(), error),
                if row.agree { "" } else { "  DISAGREES" }
            )?;
        }
    }
    means(out, rows)?;
    let slower: Vec<&Row> =
        rows.iter().filter(|r| r.ratio_to_fastest().is_some_and(|x| x < EVEN)).collect();
    list(out, &format!("Slower than the fastest peer (below {EVEN})"), slower, |row| {
        ratio(row.ratio_to_fastest())
    })?;
    let wrong = rows.iter().filter(|r| !r.agree || r.ours.is_none()).collect();
    list(out, "Failed, or results that disagree", wrong, |row| {
        row.error.map_or("no error known".into(), |e| format!("error {}", error(e)))
    })
}

fn means(out: &mut String, rows: &[Row]) -> std::fmt::Result {
    let [a, b, c, d] = PEERS.map(|(name, _)| name);
    writeln!(
        out,
        "\n{:<28} {a:>8} {b:>8} {c:>8} {d:>13} {:>8} {:>14}",
        "Geometric means", "fastest", "JAX's to reach"
    )?;
    for of in sections(rows) {
        let rows = section(rows, of);
        let mean =
            |ratio: &dyn Fn(&Row) -> Option<f64>| geometric_mean(rows.clone().filter_map(ratio));
        let [a, b, c, d] = [0, 1, 2, 3].map(|peer| ratio(mean(&|r: &Row| r.ratio(peer))));
        let figure = FIGURES.iter().find(|(group, _)| *group == of.0).map(|(_, x)| *x);
        writeln!(
            out,
            "{:<28} {a:>8} {b:>8} {c:>8} {d:>13} {:>8} {:>14}",
            format!("{}, {}", of.0, threads(of.1)),
            ratio(mean(&Row::ratio_to_fastest)),
            ratio(figure)
        )?;
    }
    Ok(())
}

fn list(
    out: &mut String,
    title: &str,
    rows: Vec<&Row>,
    what: impl Fn(&Row) -> String,
) -> std::fmt::Result {
    if rows.is_empty() {
        return writeln!(out, "\n{title}: none.");
    }
    writeln!(out, "\n{title}: {} of the workloads.", rows.len())?;
    for row in rows {
        writeln!(out, "  {:<28} {:<10} {}", row.name, threads(row.threads), what(row))?;
    }
    Ok(())
}

fn threads(n: u64) -> String {
    if n == 1 { "1 thread".into() } else { format!("{n} threads") }
}

/// A ratio with three digits at most.
pub(crate) fn ratio(x: Option<f64>) -> String {
    match x {
        None => "-".into(),
        Some(x) if x < 10.0 => format!("{x:.2}"),
        Some(x) if x < 100.0 => format!("{x:.1}"),
        Some(x) => format!("{x:.0}"),
    }
}

fn error(e: f64) -> String {
    if e == 0.0 { "exact".into() } else { format!("{e:.1e}") }
}

/// Nanoseconds in the unit that suits them.
fn time(ns: f64) -> String {
    let (x, unit) = match ns {
        ns if ns < 1e3 => (ns, "ns"),
        ns if ns < 1e6 => (ns / 1e3, "µs"),
        ns if ns < 1e9 => (ns / 1e6, "ms"),
        ns => (ns / 1e9, "s"),
    };
    let digits = if x < 10.0 { 2 } else { usize::from(x < 100.0) };
    format!("{x:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::sample;

    #[test]
    fn times_and_ratios() {
        assert_eq!(
            [3.21, 45.67, 999.4, 1234.0].map(time),
            ["3.21 ns", "45.7 ns", "999 ns", "1.23 µs"]
        );
        assert_eq!([12.3e6, 4.5e9].map(time), ["12.3 ms", "4.50 s"]);
        let shown = [None, Some(0.456), Some(12.34), Some(345.6)].map(ratio);
        assert_eq!(shown, ["-", "0.46", "12.3", "346"]);
        assert_eq!([0.0, 1.26e-7].map(error), ["exact", "1.3e-7"]);
    }

    #[test]
    fn the_table_of_two_workloads() {
        let mut slow = sample("sin_1e6", Some(2e6), [Some(1e6), Some(3e6), None, None]);
        slow.agree = false;
        let rows = [sample("axpby_1e6", Some(1e5), [Some(4e5), Some(3e5), None, None]), slow];
        let expected = "\
Times of a call, and how many times as fast as each peer (above 1: we are faster).

kernel, 1 thread               pullback      JAX    NumPy    torch torch.compile  fastest     error
axpby_1e6                        100 µs     4.00     3.00        -             -     3.00    1.0e-7
sin_1e6                         2.00 ms     0.50     1.50        -             -     0.50    1.0e-7  DISAGREES

Geometric means                   JAX    NumPy    torch torch.compile  fastest JAX's to reach
kernel, 1 thread                 1.41     2.12        -             -     1.22           1.60

Slower than the fastest peer (below 0.9): 1 of the workloads.
  sin_1e6                      1 thread   0.50

Failed, or results that disagree: 1 of the workloads.
  sin_1e6                      1 thread   error 1.0e-7
";
        assert_eq!(table(&rows), expected);
    }

    #[test]
    fn nothing_slower_and_nothing_wrong_is_said() {
        let text = table(&[sample("a", Some(1.0), [Some(0.9), None, None, None])]);
        assert!(text.contains("Slower than the fastest peer (below 0.9): none."), "{text}");
        assert!(text.ends_with("Failed, or results that disagree: none.\n"), "{text}");
    }
}
