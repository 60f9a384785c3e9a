//! Draws the training curves of several optimisers: loss on the left, test accuracy on the right.
//!
//! plotters is built without fontconfig, so the font comes with this example (`font/`, a subset of
//! Inter) and the picture is the same on every machine. Both files are drawn at [`DETAIL`] times
//! their nominal size: plotters places everything on whole pixels and does not smooth thick lines,
//! so the bitmap is averaged down afterwards and the SVG is scaled by its view box.

use std::fmt::Display;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use plotters::coord::Shift;
use plotters::coord::ranged1d::{KeyPointHint, NoDefaultFormatting, Ranged, ValueFormatter};
use plotters::element::DashedPathElement;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// The nominal size of the picture, in the units of every other length here.
const SIZE: (u32, u32) = (960, 440);
/// The pixels drawn for one unit.
const DETAIL: u32 = 8;
/// The pixels that remain for one unit in the PNG, enough for dense screens.
const DENSITY: u32 = 2;

/// The name of the bundled font, written as a CSS list because the SVG repeats it: a viewer
/// without Inter takes the next one.
const FAMILY: &str = "Inter, Helvetica, Arial, sans-serif";
static REGULAR: &[u8] = include_bytes!("font/Inter-Regular.ttf");
static SEMIBOLD: &[u8] = include_bytes!("font/Inter-SemiBold.ttf");

/// How far centred text has to sink, as a fraction of its size, for digits and capitals to stand
/// in the middle. The backends take their baselines from different lines of the font, hence one
/// number for each; both were measured on the pictures.
const SVG_SINK: f64 = 0.08;
const PNG_SINK: f64 = 0.20;

const INK: RGBColor = RGBColor(0x1f, 0x29, 0x33);
const MUTED: RGBColor = RGBColor(0x5f, 0x6b, 0x7a);
const GRID: RGBColor = RGBColor(0xe4, 0xe7, 0xeb);
const FRAME: RGBColor = RGBColor(0xb0, 0xb8, 0xc1);

/// The looks of the curves, in order. The colours are from the palette of Okabe and Ito, which
/// colour-blind readers can tell apart. Momentum and Nesterov often coincide, hence a dot within a
/// ring and a dashed line over a solid one.
const LOOKS: [Look; 4] = [
    Look { color: RGBColor(0x6b, 0x72, 0x80), marker: Marker::Square, dashed: false },
    Look { color: RGBColor(0x00, 0x72, 0xb2), marker: Marker::Dot, dashed: false },
    Look { color: RGBColor(0xe6, 0x8a, 0x00), marker: Marker::Ring, dashed: true },
    Look { color: RGBColor(0x00, 0x8f, 0x68), marker: Marker::Diamond, dashed: false },
];

/// What one optimiser achieved, epoch by epoch.
#[derive(Clone, Debug)]
pub(crate) struct Curve {
    /// The name in the legend.
    pub(crate) name: String,
    /// The mean training loss of each epoch.
    pub(crate) loss: Vec<f64>,
    /// The fraction of test images classified rightly after each epoch.
    pub(crate) test_accuracy: Vec<f64>,
}

/// A picture that could not be drawn or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot draw {}: {reason}", .path.display())]
pub(crate) struct PlotError {
    path: PathBuf,
    reason: String,
}

/// Draws `curves` under `title` into `dir`, which is made if need be, and returns the paths of
/// `curves.svg` and `curves.png`. The number after each name in the legend is its last accuracy.
///
/// # Errors
///
/// A [`PlotError`] names the file that could not be written.
pub(crate) fn draw(
    title: &str,
    curves: &[Curve],
    dir: &Path,
) -> Result<(PathBuf, PathBuf), PlotError> {
    register_fonts().map_err(|reason| error(dir, reason))?;
    fs::create_dir_all(dir).map_err(|reason| error(dir, reason))?;
    let large = (SIZE.0 * DETAIL, SIZE.1 * DETAIL);

    let svg = dir.join("curves.svg");
    let mut text = String::new();
    let root = SVGBackend::with_string(&mut text, large).into_drawing_area();
    figure(&root, title, curves, SVG_SINK).map_err(|reason| error(&svg, reason))?;
    drop(root);
    // The view box keeps the drawn size, so this scales the picture to its nominal size.
    let drawn_size = format!("width=\"{}\" height=\"{}\"", large.0, large.1);
    let nominal_size = format!("width=\"{}\" height=\"{}\"", SIZE.0, SIZE.1);
    fs::write(&svg, text.replacen(&drawn_size, &nominal_size, 1))
        .map_err(|reason| error(&svg, reason))?;

    let png = dir.join("curves.png");
    let mut pixels = vec![0; large.0 as usize * large.1 as usize * 3];
    let root = BitMapBackend::with_buffer(&mut pixels, large).into_drawing_area();
    figure(&root, title, curves, PNG_SINK).map_err(|reason| error(&png, reason))?;
    drop(root);
    let small = (SIZE.0 * DENSITY, SIZE.1 * DENSITY);
    let averaged = average(&pixels, large.0 as usize, (DETAIL / DENSITY) as usize);
    let mut file = BitMapBackend::new(&png, small);
    file.blit_bitmap((0, 0), small, &averaged).map_err(|reason| error(&png, reason))?;
    file.present().map_err(|reason| error(&png, reason))?;
    drop(file);
    Ok((svg, png))
}

fn error(path: &Path, reason: impl Display) -> PlotError {
    PlotError { path: path.to_owned(), reason: reason.to_string() }
}

/// Registers the bundled fonts, once: plotters keeps them in a global table.
fn register_fonts() -> Result<(), &'static str> {
    static DONE: OnceLock<bool> = OnceLock::new();
    let done = *DONE.get_or_init(|| {
        plotters::style::register_font(FAMILY, FontStyle::Normal, REGULAR).is_ok()
            && plotters::style::register_font(FAMILY, FontStyle::Bold, SEMIBOLD).is_ok()
    });
    if done { Ok(()) } else { Err("the bundled font is damaged") }
}

/// The mean of each `factor × factor` block of an RGB picture.
fn average(pixels: &[u8], width: usize, factor: usize) -> Vec<u8> {
    let small_width = width / factor;
    let mut out = Vec::with_capacity(pixels.len() / (factor * factor));
    for band in pixels.chunks_exact(width * 3 * factor) {
        let mut sums = vec![0_u32; small_width * 3];
        for row in band.chunks_exact(width * 3) {
            for (x, pixel) in row.chunks_exact(3).enumerate() {
                for (channel, &value) in pixel.iter().enumerate() {
                    sums[x / factor * 3 + channel] += u32::from(value);
                }
            }
        }
        let count = (factor * factor) as u32;
        out.extend(sums.iter().map(|sum| ((sum + count / 2) / count) as u8));
    }
    out
}

type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;
type Area<DB> = DrawingArea<DB, Shift>;

/// A length in units, in drawn pixels.
fn px(units: f64) -> i32 {
    (units * f64::from(DETAIL)).round() as i32
}

fn font(units: f64, style: FontStyle, color: RGBColor) -> TextStyle<'static> {
    FontDesc::new(FontFamily::Name(FAMILY), f64::from(px(units)), style).color(&color)
}

/// The whole picture, with its text sunk by `sink` of its size.
fn figure<DB: DrawingBackend>(
    root: &Area<DB>,
    title: &str,
    curves: &[Curve],
    sink: f64,
) -> Drawn<DB> {
    root.fill(&WHITE)?;
    let left_text = Pos::new(HPos::Left, VPos::Center);
    let heading = font(20.0, FontStyle::Bold, INK).pos(left_text);
    root.draw_text(title, &heading, (px(24.0), px(28.0 + 20.0 * sink)))?;
    legend(root, curves, sink)?;

    let (_, panels) = root.split_vertically(px(78.0));
    let (left, right) = panels.split_horizontally(px(f64::from(SIZE.0) / 2.0));
    let losses: Vec<&[f64]> = curves.iter().map(|curve| &curve.loss[..]).collect();
    let (axis, name) = match Axis::log(&losses) {
        Some(axis) => (axis, "training loss (log scale)"),
        None => (Axis::linear(&losses, 0.05), "training loss"),
    };
    panel(&left, name, axis, &losses, sink)?;
    let accuracies: Vec<&[f64]> = curves.iter().map(|curve| &curve.test_accuracy[..]).collect();
    panel(&right, "test accuracy", Axis::linear(&accuracies, 0.05), &accuracies, sink)?;
    root.present()
}

/// One row of samples and names between the title and the panels, where it covers no curve.
fn legend<DB: DrawingBackend>(root: &Area<DB>, curves: &[Curve], sink: f64) -> Drawn<DB> {
    let left_text = Pos::new(HPos::Left, VPos::Center);
    let name_style = font(15.5, FontStyle::Normal, INK).pos(left_text);
    let score_style = font(15.5, FontStyle::Normal, MUTED).pos(left_text);
    let (mut x, y, text_y) = (px(24.0), px(60.0), px(60.0 + 15.5 * sink));
    for (curve, look) in curves.iter().zip(LOOKS.iter().cycle()) {
        let end = x + px(34.0);
        if look.dashed {
            let line = [(x, y), (end, y)];
            root.draw(&DashedPathElement::new(line, px(8.0), px(5.0), look.line()))?;
        } else {
            root.draw(&PathElement::new([(x, y), (end, y)], look.line()))?;
        }
        look.mark(root, ((x + end) / 2, y))?;
        x = end + px(8.0);
        root.draw_text(&curve.name, &name_style, (x, text_y))?;
        x += root.estimate_text_size(&curve.name, &name_style)?.0 as i32 + px(7.0);
        if let Some(last) = curve.test_accuracy.last() {
            let score = format!("{last:.3}");
            root.draw_text(&score, &score_style, (x, text_y))?;
            x += root.estimate_text_size(&score, &score_style)?.0 as i32;
        }
        x += px(30.0);
    }
    Ok(())
}

/// One panel: a mesh and a curve for each of `series`.
fn panel<DB: DrawingBackend>(
    area: &Area<DB>,
    name: &str,
    axis: Axis,
    series: &[&[f64]],
    sink: f64,
) -> Drawn<DB> {
    let epochs = series.iter().map(|values| values.len()).max().unwrap_or(0).max(1);
    let mut chart = ChartBuilder::on(area)
        .margin_left(px(18.0))
        .margin_right(px(24.0))
        .margin_top(px(12.0))
        .margin_bottom(px(12.0))
        .x_label_area_size(px(46.0))
        .y_label_area_size(px(62.0))
        .build_cartesian_2d(Axis::epochs(epochs), axis.clone())?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID.stroke_width(px(1.0) as u32))
        .axis_style(FRAME.stroke_width(px(1.0) as u32))
        .set_all_tick_mark_size(px(5.0))
        .label_style(font(14.0, FontStyle::Normal, MUTED))
        .axis_desc_style(font(15.0, FontStyle::Normal, INK))
        .y_label_offset(px(14.0 * sink))
        .x_desc("epoch")
        .y_desc(name)
        .draw()?;

    // Markers on every epoch of a long run would hide the lines.
    let stride = epochs.div_ceil(20);
    for (values, look) in series.iter().zip(LOOKS.iter().cycle()) {
        let points: Vec<Option<(f64, f64)>> = values
            .iter()
            .enumerate()
            .map(|(epoch, &value)| axis.place(value).map(|y| (epoch as f64 + 1.0, y)))
            .collect();
        // A run that diverged has gaps, so each finite stretch is a line of its own.
        for stretch in points.split(Option::is_none) {
            let line: Vec<(f64, f64)> = stretch.iter().copied().flatten().collect();
            if look.dashed {
                let dashes = DashedLineSeries::new(line, px(6.0), px(4.0), look.line());
                chart.draw_series(dashes)?;
            } else {
                chart.draw_series(LineSeries::new(line, look.line()))?;
            }
        }
        let inner = chart.plotting_area();
        let (left, top) = inner.get_base_pixel();
        for point in points.iter().step_by(stride).flatten() {
            let (x, y) = inner.map_coordinate(point);
            look.mark(&inner.strip_coord_spec(), (x - left, y - top))?;
        }
    }
    Ok(())
}

/// How one curve looks.
struct Look {
    color: RGBColor,
    marker: Marker,
    dashed: bool,
}

enum Marker {
    Square,
    Dot,
    Ring,
    Diamond,
}

impl Look {
    fn line(&self) -> ShapeStyle {
        self.color.stroke_width(px(2.0) as u32)
    }

    fn mark<DB: DrawingBackend>(&self, area: &Area<DB>, (x, y): (i32, i32)) -> Drawn<DB> {
        let filled = self.color.filled();
        match self.marker {
            Marker::Square => {
                let half = px(3.4);
                area.draw(&Rectangle::new([(x - half, y - half), (x + half, y + half)], filled))
            }
            Marker::Dot => area.draw(&Circle::new((x, y), px(3.6), filled)),
            Marker::Ring => area.draw(&Circle::new((x, y), px(5.6), self.line())),
            Marker::Diamond => {
                let half = px(5.0);
                let corners = [(x, y - half), (x + half, y), (x, y + half), (x - half, y)];
                area.draw(&Polygon::new(corners, filled))
            }
        }
    }
}

/// An axis with its ticks. Where `log` is set, positions are the logarithms of the values.
#[derive(Clone)]
struct Axis {
    range: Range<f64>,
    ticks: Vec<Tick>,
    log: bool,
}

#[derive(Clone)]
struct Tick {
    at: f64,
    label: String,
}

impl Axis {
    /// The axis of epochs 1 to `last`.
    fn epochs(last: usize) -> Axis {
        let room = if last == 1 { 0.5 } else { 0.03 * (last - 1) as f64 };
        // About ten labels fit.
        let step = round_step((last as f64 / 10.0).max(1.0)) as usize;
        let ticks = (step..=last)
            .step_by(step)
            .map(|epoch| Tick { at: epoch as f64, label: epoch.to_string() })
            .collect();
        Axis { range: 1.0 - room..last as f64 + room, ticks, log: false }
    }

    /// A logarithmic axis, or `None` where the values span too little to need one or are not
    /// positive.
    fn log(series: &[&[f64]]) -> Option<Axis> {
        let (low, high) = extent(series)?;
        if low <= 0.0 || high / low < 5.0 {
            return None;
        }
        let padding = 0.05 * (high / low).log10();
        let range = low.log10() - padding..high.log10() + padding;
        // Ticks at 1, 2 and 5 are close enough to read a value off; over many decades they crowd.
        let mantissas: &[u8] = if range.end - range.start < 3.0 { &[1, 2, 5] } else { &[1] };
        let decades = range.start.floor() as i32..=range.end.floor() as i32;
        let ticks = decades
            .flat_map(|decade| mantissas.iter().map(move |&mantissa| (mantissa, decade)))
            .map(|(mantissa, decade)| {
                let value = f64::from(mantissa) * 10_f64.powi(decade);
                let label = if decade.abs() > 4 {
                    format!("{mantissa}e{decade}")
                } else {
                    format!("{value:.0$}", decade.min(0).unsigned_abs() as usize)
                };
                Tick { at: value.log10(), label }
            })
            .filter(|tick| range.contains(&tick.at))
            .collect();
        Some(Axis { range, ticks, log: true })
    }

    /// A linear axis from a round number below all values to one above. It spans at least
    /// `least_span`, so that noise about a constant does not look like a result.
    fn linear(series: &[&[f64]], least_span: f64) -> Axis {
        let (low, high) = extent(series).unwrap_or((0.0, 1.0));
        // The second bound keeps the ticks of large values apart by more than their rounding.
        let span = (high - low).max(least_span).max(1e-6 * high.abs().max(low.abs()));
        let spare = (span - (high - low)) / 2.0;
        // Losses and accuracies do not go below zero, nor should their axis.
        let low = if low < 0.0 { low - spare } else { (low - spare).max(0.0) };
        let high = high + spare;
        let step = round_step(span / 5.0);
        let first = (low / step).floor();
        let last = (high / step).ceil().max(first + 1.0);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let ticks = (0..=(last - first) as usize)
            .map(|index| (first + index as f64) * step)
            .map(|at| Tick { at, label: format!("{at:.decimals$}") })
            .collect();
        // A little room keeps markers on the outermost values off the frame.
        let room = 0.03 * (last - first) * step;
        Axis { range: first * step - room..last * step + room, ticks, log: false }
    }

    /// The position of a value on the axis, unless it has none.
    fn place(&self, value: f64) -> Option<f64> {
        let at = if self.log { value.log10() } else { value };
        at.is_finite().then_some(at)
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, at: &f64, (start, end): (i32, i32)) -> i32 {
        let part = (at - self.range.start) / (self.range.end - self.range.start);
        start + (part * f64::from(end - start)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        // The light points would be lines between the ticks.
        let ticks = if hint.weight().allow_light_points() { &[] } else { &self.ticks[..] };
        ticks.iter().map(|tick| tick.at).collect()
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, at: &f64) -> String {
        let tick = self.ticks.iter().find(|tick| tick.at == *at);
        tick.map(|tick| tick.label.clone()).unwrap_or_default()
    }
}

/// The least and the greatest finite value.
fn extent(series: &[&[f64]]) -> Option<(f64, f64)> {
    let finite = series.iter().flat_map(|values| values.iter()).filter(|value| value.is_finite());
    finite.fold(None, |extent, &value| {
        let (low, high) = extent.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `least`.
fn round_step(least: f64) -> f64 {
    let power = 10_f64.powf(least.log10().floor());
    // The tolerance admits a `least` that is round but for its last bits.
    let rounds = [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * power);
    rounds.into_iter().find(|step| *step >= least * 0.999_999).unwrap_or(10.0 * power)
}
