//! The picture: for each workload, how many times as fast as each peer, on a logarithmic scale.

use crate::report::ratio;
use crate::results::{PEERS, Row, geometric_mean, section, sections};
use std::fmt::Write;

/// Ratios beyond these stand at the edge.
const LOW: f64 = 0.01;
const HIGH: f64 = 1000.0;
const TICKS: [(f64, &str); 6] =
    [(0.01, "0.01"), (0.1, "0.1"), (1.0, "1"), (10.0, "10"), (100.0, "100"), (1000.0, "1000")];

const LABELS: f64 = 230.0;
const PANEL: f64 = 330.0;
const GAP: f64 = 40.0;
const LINE: f64 = 15.0;
const TOP: f64 = 92.0;
/// Readable on white and on dark grounds, and apart from each other for most colour-blind people.
const COLOURS: [&str; 4] = ["#d55e00", "#0072b2", "#009e73", "#cc79a7"];

/// An SVG of all rows: one panel for each number of threads.
pub(crate) fn draw(rows: &[Row], caption: &str) -> String {
    let mut out = String::new();
    write(&mut out, rows, caption).expect("a String can be written");
    out
}

fn write(out: &mut String, rows: &[Row], caption: &str) -> std::fmt::Result {
    let mut threads: Vec<u64> = rows.iter().map(|r| r.threads).collect();
    threads.sort_unstable();
    threads.dedup();
    let mut groups: Vec<&str> = sections(rows).into_iter().map(|(group, _)| group).collect();
    let mut seen = std::collections::BTreeSet::new();
    groups.retain(|group| seen.insert(*group));
    let names = |group: &str| {
        let mut names: Vec<&str> = Vec::new();
        for row in rows.iter().filter(|r| r.group == group) {
            if !names.contains(&row.name.as_str()) {
                names.push(&row.name);
            }
        }
        names
    };
    let lines: usize = groups.iter().map(|group| names(group).len() + 2).sum();
    let bottom = TOP + LINE * lines as f64;
    let (width, height) = (LABELS + (PANEL + GAP) * threads.len().max(1) as f64, bottom + 20.0);
    writeln!(
        out,
        r##"<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="11" fill="#222">
<rect width="100%" height="100%" fill="#fff"/>
<text x="12" y="24" font-size="16" font-weight="bold">How many times as fast as each peer</text>
<text x="12" y="42" fill="#555">{}</text>"##,
        escape(caption)
    )?;
    for (i, (name, _)) in PEERS.iter().enumerate() {
        let x = LABELS + 92.0 * i as f64;
        writeln!(out, r#"<circle cx="{x}" cy="58" r="4" fill="{}"/>"#, COLOURS[i])?;
        writeln!(out, r#"<text x="{}" y="62">{name}</text>"#, x + 8.0)?;
    }
    for (i, n) in threads.iter().enumerate() {
        panel(out, left(i), bottom, *n)?;
    }
    let mut y = TOP;
    for group in groups {
        y += 1.5 * LINE;
        writeln!(out, r#"<text x="12" y="{y}" font-weight="bold">{group}</text>"#)?;
        for (i, n) in threads.iter().enumerate() {
            mean(out, left(i), y, section(rows, (group, *n)))?;
        }
        y += 0.5 * LINE;
        for name in names(group) {
            writeln!(out, r#"<text x="20" y="{}">{}</text>"#, y + 11.0, escape(name))?;
            for row in rows.iter().filter(|r| r.group == group && r.name == name) {
                let i = threads.iter().position(|n| *n == row.threads).unwrap_or(0);
                dots(out, left(i), y + 7.0, row)?;
            }
            y += LINE;
        }
    }
    writeln!(out, "</svg>")
}

fn left(panel: usize) -> f64 {
    LABELS + (PANEL + GAP) * panel as f64
}

/// Where a ratio stands in a panel, from its left edge.
fn position(ratio: f64) -> f64 {
    PANEL * (ratio.clamp(LOW, HIGH) / LOW).log10() / (HIGH / LOW).log10()
}

fn panel(out: &mut String, left: f64, bottom: f64, threads: u64) -> std::fmt::Result {
    let of = match threads {
        1 => "1 thread, CPU time".to_owned(),
        n => format!("{n} threads, wall time"),
    };
    writeln!(out, r#"<text x="{left}" y="{}" font-weight="bold">{of}</text>"#, TOP - 12.0)?;
    for (at, label) in TICKS {
        let x = left + position(at);
        let (stroke, w) = if at == 1.0 { ("#222", 1.2) } else { ("#ddd", 1.0) };
        writeln!(
            out,
            r##"<line x1="{x:.1}" x2="{x:.1}" y1="{}" y2="{bottom}" stroke="{stroke}" stroke-width="{w}"/>
<text x="{x:.1}" y="{}" text-anchor="middle" fill="#555">{label}</text>"##,
            TOP + 4.0,
            bottom + 14.0
        )?;
    }
    Ok(())
}

fn mean<'a>(
    out: &mut String,
    left: f64,
    y: f64,
    rows: impl Iterator<Item = &'a Row>,
) -> std::fmt::Result {
    let mean = geometric_mean(rows.filter_map(|r| r.ratio(0)));
    writeln!(
        out,
        r##"<text x="{}" y="{y}" text-anchor="end" fill="#555">geometric mean against JAX {}</text>"##,
        left + PANEL,
        ratio(mean)
    )
}

fn dots(out: &mut String, left: f64, y: f64, row: &Row) -> std::fmt::Result {
    for (peer, colour) in COLOURS.iter().enumerate() {
        if let Some(ratio) = row.ratio(peer) {
            let x = left + position(ratio);
            writeln!(
                out,
                r#"<circle cx="{x:.1}" cy="{y}" r="4" fill="{colour}" fill-opacity="0.8"/>"#
            )?;
        }
    }
    Ok(())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::tests::sample;

    #[test]
    fn positions_are_logarithmic_and_stay_inside() {
        assert_eq!(position(LOW), 0.0);
        assert_eq!(position(1e9), PANEL);
        assert!((position(1.0) - PANEL * 2.0 / 5.0).abs() < 1e-9);
    }

    #[test]
    fn one_dot_for_each_measured_peer_and_one_in_the_legend() {
        let rows = [sample("a<b", Some(1.0), [Some(2.0), None, Some(4.0), None])];
        let svg = draw(&rows, "x & y");
        assert_eq!(svg.matches("<circle").count(), 4 + 2);
        assert!(svg.contains("a&lt;b") && svg.contains("x &amp; y"), "{svg}");
        assert!(svg.contains("geometric mean against JAX 2.00"), "{svg}");
    }
}
