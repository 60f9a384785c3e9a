//! The picture of examples/mnist, which is drawn whatever the numbers are, and its progress bar.

use std::fs;
use std::path::PathBuf;

use crate::plot::{Curve, draw};
use crate::progress::TrainingBar;

fn folder(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mnist_plot").join(name);
    // What an earlier run drew must not pass for what this one should draw.
    let _ = fs::remove_dir_all(&path);
    path
}

fn curve(name: &str, loss: &[f64], test_accuracy: &[f64]) -> Curve {
    Curve { name: name.into(), loss: loss.to_vec(), test_accuracy: test_accuracy.to_vec() }
}

/// Curves as the subset gives them.
fn plausible() -> Vec<Curve> {
    vec![
        curve(
            "SGD",
            &[2.07, 1.58, 1.19, 0.95, 0.80, 0.71, 0.64, 0.59, 0.55, 0.52],
            &[0.662, 0.741, 0.776, 0.798, 0.814, 0.825, 0.837, 0.844, 0.851, 0.857],
        ),
        curve(
            "Momentum",
            &[1.02, 0.462, 0.381, 0.342, 0.315, 0.291, 0.272, 0.254, 0.238, 0.224],
            &[0.824, 0.853, 0.866, 0.873, 0.880, 0.884, 0.890, 0.893, 0.896, 0.899],
        ),
        curve(
            "Nesterov",
            &[1.01, 0.459, 0.380, 0.340, 0.313, 0.289, 0.270, 0.253, 0.236, 0.222],
            &[0.826, 0.854, 0.867, 0.872, 0.882, 0.885, 0.889, 0.894, 0.898, 0.903],
        ),
        curve(
            "Adam",
            &[0.577, 0.268, 0.198, 0.153, 0.120, 0.0951, 0.0743, 0.0588, 0.0461, 0.0362],
            &[0.876, 0.894, 0.906, 0.912, 0.916, 0.919, 0.918, 0.922, 0.921, 0.923],
        ),
    ]
}

#[test]
fn both_pictures_are_drawn() {
    let dir = folder("plausible");
    let (svg, png) = draw("MNIST: 784-128-10 ReLU network", &plausible(), &dir).unwrap();
    let text = fs::read_to_string(svg).unwrap();
    assert!(text.starts_with("<svg width=\"960\" height=\"440\" viewBox="), "{}", &text[..80]);
    for word in ["SGD", "Nesterov", "0.923", "epoch", "log scale", "test accuracy"] {
        assert!(text.contains(word), "{word} is missing");
    }
    assert_eq!(text.matches("<text").count(), text.matches("</text>").count());
    let png = fs::read(png).unwrap();
    assert!(png.starts_with(b"\x89PNG"));
    // The size stands in the first chunk. A blank picture of this size packs to some 10 kB.
    assert_eq!(png[16..24], [0, 0, 0x07, 0x80, 0, 0, 0x03, 0x70]);
    assert!(png.len() > 30_000, "{} bytes", png.len());
}

#[test]
fn unusual_numbers_are_drawn_too() {
    let chance: Vec<f64> = (0..10).map(|i| 0.1 + 0.003 * f64::from(i % 3)).collect();
    let flat: Vec<f64> = (0..10).map(|i| 2.303 - 0.002 * f64::from(i)).collect();
    let nan = f64::NAN;
    let cases = [
        ("none", vec![]),
        ("empty", vec![curve("SGD", &[], &[])]),
        ("one_epoch", vec![curve("SGD", &[2.1], &[0.6]), curve("Adam", &[0.6], &[0.87])]),
        ("shuffled", vec![curve("SGD", &flat, &chance)]),
        ("diverged", vec![curve("SGD", &[2.0, 9e9, nan, nan], &[0.2, 0.1, nan, 0.1])]),
        ("zero_loss", vec![curve("SGD", &[1.0, 0.0, 0.0], &[0.9, 1.0, 1.0])]),
        ("all_nan", vec![curve("SGD", &[nan, nan], &[nan, nan])]),
        ("long", vec![curve("SGD", &[0.5; 300], &[0.5; 300])]),
    ];
    for (name, curves) in cases {
        let (svg, png) = draw(name, &curves, &folder(name)).unwrap();
        assert!(fs::metadata(svg).unwrap().len() > 1_000, "{name}");
        assert!(fs::metadata(png).unwrap().len() > 5_000, "{name}");
    }
}

#[test]
fn a_folder_that_cannot_be_made_is_named() {
    let dir = folder("blocked");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("file"), "").unwrap();
    let error = draw("", &[], &dir.join("file").join("inside")).unwrap_err();
    assert!(error.to_string().contains("inside"), "{error}");
}

#[test]
fn a_progress_bar_needs_no_terminal() {
    let bar = TrainingBar::new("adam", 2, 3);
    for epoch in 1..=2 {
        (0..3).for_each(|_| bar.step(epoch, 0.5));
        bar.line("a line");
    }
    assert!(bar.finish().as_secs() < 60);
}
