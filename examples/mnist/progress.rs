//! The progress bar of one optimiser's run: epoch, steps, current loss and time left.
//!
//! It is drawn on stderr and only when that is a terminal, so that logs and pipes stay clean.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// The bar of one optimiser.
pub(crate) struct TrainingBar {
    bar: ProgressBar,
    epochs: usize,
}

impl TrainingBar {
    /// Shows a bar for `epochs` epochs of `steps_per_epoch` steps under the name of the optimiser.
    pub(crate) fn new(optimizer: &str, epochs: usize, steps_per_epoch: usize) -> TrainingBar {
        // This draw target hides itself when stderr is not a terminal.
        let target = ProgressDrawTarget::stderr();
        let bar = ProgressBar::with_draw_target(Some((epochs * steps_per_epoch) as u64), target);
        let style = ProgressStyle::with_template(
            "{prefix:<9} {bar:32.cyan/black.bright} {percent:>3}%  {msg}  {eta:.dim} left",
        );
        // The template is a constant; without it the default style is still a usable bar.
        if let Ok(style) = style {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_prefix(optimizer.to_owned());
        // A steady tick would need a thread; steps come often enough to redraw.
        TrainingBar { bar, epochs }
    }

    /// Counts one step of epoch number `epoch`, which begins at 1, and shows the loss of its batch.
    pub(crate) fn step(&self, epoch: usize, loss: f64) {
        // Text that nobody sees is not worth formatting 157 times an epoch.
        if !self.bar.is_hidden() {
            self.bar.set_message(format!("epoch {epoch}/{}  loss {loss:.4}", self.epochs));
        }
        self.bar.inc(1);
    }

    /// Prints a line on stdout above the bar.
    pub(crate) fn line(&self, text: &str) {
        self.bar.suspend(|| println!("{text}"));
    }

    /// Removes the bar and returns the time since it was made.
    pub(crate) fn finish(self) -> Duration {
        self.bar.finish_and_clear();
        self.bar.elapsed()
    }
}
