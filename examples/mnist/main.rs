//! Trains a 784-128-10 network on MNIST with SGD, Momentum, Nesterov and Adam, side by side.
//!
//! ```text
//! cargo run --release --example mnist                     # the subset in data/mnist
//! cargo run --release --example mnist -- --data DIR       # the complete set
//! ```
//!
//! The network is a plain function over a struct of parameters. `value_and_grad` differentiates it,
//! the optimiser's update is pure, and `jit` compiles both together into one program.

mod idx;
mod plot;
mod progress;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Parser;
use idx::{Dataset, Half};
use plot::Curve;
use progress::TrainingBar;
use pullback::prelude::*;
use pullback::random;
use pullback_optim::{GradientTransformation, adam, apply_updates, momentum, nesterov, sgd};

type Fault = Box<dyn std::error::Error>;

/// Trains a small network on MNIST with four optimisers side by side.
#[derive(Parser)]
struct Options {
    /// Folder with the four IDX files, gzip'd or not
    #[arg(long, value_name = "DIR", default_value = "data/mnist")]
    data: PathBuf,
    /// Epochs for each optimiser
    #[arg(long, default_value_t = 10)]
    epochs: usize,
    /// One epoch on 1,000 images: for a quick look
    #[arg(long)]
    quick: bool,
    /// Control: shuffle the training labels, so that there is nothing to learn
    #[arg(long)]
    shuffle_labels: bool,
    /// Seed of everything random
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Write losses, accuracies and times as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Where to draw curves.svg and curves.png
    #[arg(long, value_name = "DIR", default_value = "target/mnist")]
    out: PathBuf,
}

const BATCH: usize = 64;
const HIDDEN: usize = 128;
const CLASSES: usize = 10;

/// An affine map.
#[derive(Tree)]
struct Layer {
    w: Array,
    b: Array,
}

impl Layer {
    /// Weights and biases uniform in ±1/√fan_in.
    fn new(key: Key, fan_in: usize, fan_out: usize) -> Layer {
        let [kw, kb] = key.split();
        let bound = 1.0 / (fan_in as f64).sqrt();
        Layer {
            w: random::uniform_in::<f32>(kw, [fan_in, fan_out], -bound, bound),
            b: random::uniform_in::<f32>(kb, [fan_out], -bound, bound),
        }
    }

    fn apply(&self, x: &Array) -> Array {
        x.dot(&self.w) + &self.b
    }
}

#[derive(Tree)]
struct Network {
    hidden: Layer,
    output: Layer,
}

impl Network {
    fn new(key: Key, pixels: usize) -> Network {
        let [k1, k2] = key.split();
        Network { hidden: Layer::new(k1, pixels, HIDDEN), output: Layer::new(k2, HIDDEN, CLASSES) }
    }

    /// Logits `[batch, 10]` of images `[batch, pixels]`.
    fn logits(&self, images: &Array) -> Array {
        self.output.apply(&self.hidden.apply(images).relu())
    }
}

/// Mean cross-entropy of a batch with one-hot labels.
fn loss(network: &Network, images: &Array, labels: &Array) -> Array {
    -(network.logits(images).log_softmax(-1) * labels).sum_over(-1).mean()
}

/// Bytes as arrays; the programs turn a batch into floats.
struct Data {
    images: Array,
    labels: Array,
    len: usize,
}

impl Data {
    fn new(set: Dataset, limit: usize) -> Data {
        let pixels = set.rows * set.cols;
        let len = set.len.min(limit);
        Data {
            images: Array::from_slice(&set.images[..len * pixels], [len, pixels]),
            labels: Array::from_slice(&set.labels[..len], [len]),
            len,
        }
    }
}

/// Pixels in 0..1.
fn pixels(images: &Array) -> Array {
    images.astype::<f32>() / 255.0
}

struct Run {
    optimizer: &'static str,
    curve: Curve,
    seconds_per_epoch: f64,
}

fn train<O>(
    name: &'static str,
    title: &str,
    opt: O,
    options: &Options,
    data: &Data,
    test: &Data,
) -> Run
where
    O: GradientTransformation,
{
    let [init, shuffle] = Key::new(options.seed).split();
    let mut network = Network::new(init, data.images.shape()[1]);
    let mut state = opt.init(&network);

    // One step: pick the batch, differentiate, update. The images are captured; they are inputs of
    // the compiled program, not constants in it.
    let step = jit(|network: &Network, state: &O::State<Network>, rows: &Array| {
        let images = pixels(&data.images.take(rows, 0));
        let labels = one_hot::<f32>(&data.labels.take(rows, 0), CLASSES);
        let (loss, grads) = value_and_grad(loss)(network, &images, &labels);
        let (updates, state) = opt.update(&grads, state, network);
        (apply_updates(network, &updates), state, loss)
    });
    let accuracy = jit(|network: &Network| {
        let predicted = network.logits(&pixels(&test.images)).argmax_over(-1);
        predicted.eq(test.labels.astype::<i32>()).astype::<f32>().mean()
    });

    let steps = data.len.div_ceil(BATCH);
    let bar = TrainingBar::new(title, options.epochs, steps);
    let mut curve = Curve { name: title.into(), loss: Vec::new(), test_accuracy: Vec::new() };
    let mut training = Duration::ZERO;
    for epoch in 1..=options.epochs {
        let start = Instant::now();
        let order = random::permutation(shuffle.fold_in(epoch as i64), data.len).to_vec::<i32>();
        let mut total = 0.0;
        for rows in order.chunks(BATCH) {
            let batch_loss;
            let rows_array = Array::from_slice(rows, [rows.len()]);
            (network, state, batch_loss) = step(&network, &state, &rows_array);
            let batch_loss = f64::from(batch_loss.item::<f32>());
            total += batch_loss * rows.len() as f64;
            bar.step(epoch, batch_loss);
        }
        training += start.elapsed();
        let mean = total / data.len as f64;
        let right = f64::from(accuracy(&network).item::<f32>());
        bar.line(&format!("{title:<9} epoch {epoch:>2}  loss {mean:.4}  test accuracy {right:.4}"));
        curve.loss.push(mean);
        curve.test_accuracy.push(right);
    }
    bar.finish();
    let seconds_per_epoch = training.as_secs_f64() / options.epochs as f64;
    Run { optimizer: name, curve, seconds_per_epoch }
}

fn main() -> Result<(), Fault> {
    let mut options = Options::parse();
    let mut limit = usize::MAX;
    if options.quick {
        (options.epochs, limit) = (1, 1000);
    }
    if options.epochs == 0 {
        return Err("`--epochs` must be at least 1".into());
    }
    let mut data = Data::new(idx::load(&options.data, Half::Train)?, limit);
    let test = Data::new(idx::load(&options.data, Half::Test)?, limit);
    if data.images.shape()[1] != test.images.shape()[1] {
        return Err("training and test images differ in size".into());
    }
    if options.shuffle_labels {
        let order = random::permutation(Key::new(options.seed).fold_in(1), data.len);
        data.labels = data.labels.take(&order, 0);
    }
    println!("{} training and {} test images from {}", data.len, test.len, options.data.display());

    let (o, d, t) = (&options, &data, &test);
    let runs = [
        train("sgd", "SGD", sgd(0.01), o, d, t),
        train("momentum", "Momentum", momentum(0.01, 0.9), o, d, t),
        train("nesterov", "Nesterov", nesterov(0.01, 0.9), o, d, t),
        train("adam", "Adam", adam(0.001), o, d, t),
    ];
    report(&runs, &options)
}

/// The table, the JSON and the picture.
fn report(runs: &[Run], options: &Options) -> Result<(), Fault> {
    println!("\n{:<10} {:>8} {:>14} {:>12}", "optimiser", "loss", "test accuracy", "s per epoch");
    for run in runs {
        let (loss, accuracy) = (run.curve.loss.last(), run.curve.test_accuracy.last());
        println!(
            "{:<10} {:>8.4} {:>14.4} {:>12.3}",
            run.curve.name,
            loss.copied().unwrap_or(f64::NAN),
            accuracy.copied().unwrap_or(f64::NAN),
            run.seconds_per_epoch
        );
    }
    if let Some(file) = &options.json {
        std::fs::write(file, serde_json::to_string(&json(runs))?)?;
    }
    let curves: Vec<Curve> = runs
        .iter()
        .map(|r| Curve {
            name: r.curve.name.clone(),
            loss: r.curve.loss.clone(),
            test_accuracy: r.curve.test_accuracy.clone(),
        })
        .collect();
    let (svg, png) = plot::draw("MNIST, 784-128-10", &curves, &options.out)?;
    println!("\ncurves: {} and {}", svg.display(), png.display());
    Ok(())
}

fn json(runs: &[Run]) -> serde_json::Value {
    runs.iter()
        .map(|run| {
            let points = run.curve.loss.iter().zip(&run.curve.test_accuracy);
            let epochs: Vec<serde_json::Value> = points
                .map(|(loss, right)| serde_json::json!({ "loss": loss, "test_accuracy": right }))
                .collect();
            serde_json::json!({
                "optimizer": run.optimizer,
                "seconds_per_epoch": run.seconds_per_epoch,
                "epochs": epochs,
            })
        })
        .collect()
}
