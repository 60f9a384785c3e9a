//! Inputs of the workloads, the same for every library, and their formulas.

/// Numbers between −1 and 1 that look random: the fractions of multiples of the golden ratio.
fn numbers(n: usize, seed: f64) -> Vec<f64> {
    (1..=n).map(|i| (i as f64 * 0.618_033_988_749_894_9 + seed).fract() * 2.0 - 1.0).collect()
}

/// Σ 100(x₍ᵢ₊₁₎ − xᵢ²)² + (1 − xᵢ)²
pub fn rosenbrock() -> Vec<f64> {
    numbers(100, 0.1)
}

/// Σᵢ lse_k(α_k + Σ_j q_kj − ½‖Q_k(xᵢ − μ_k)‖²) − N lse(α) − ½Σ‖Q_k‖², by α, μ, q and l, one behind the other.
/// Q_k has exp(q_k) on the diagonal, below it what l_k (D × D) has there, and zeros above.
pub struct Mixture {
    pub n: usize,
    pub d: usize,
    pub k: usize,
    pub x: Vec<f64>,
    pub alpha: Vec<f64>,
    pub mu: Vec<f64>,
    pub q: Vec<f64>,
    pub l: Vec<f64>,
}

impl Mixture {
    pub fn new(n: usize, d: usize, k: usize) -> Mixture {
        Mixture {
            n,
            d,
            k,
            x: numbers(n * d, 0.2),
            alpha: numbers(k, 0.3),
            mu: numbers(k * d, 0.4),
            q: numbers(k * d, 0.5),
            l: numbers(k * d * d, 0.6),
        }
    }

    /// 1 below the diagonal, D × D.
    pub fn below(&self) -> Vec<f64> {
        let d = self.d;
        (0..d * d).map(|i| if i / d > i % d { 1.0 } else { 0.0 }).collect()
    }

    /// 1 on the diagonal, D × D.
    pub fn diagonal(&self) -> Vec<f64> {
        let d = self.d;
        (0..d * d).map(|i| if i / d == i % d { 1.0 } else { 0.0 }).collect()
    }
}

/// A step of gradient descent, f32, on the mean cross entropy of a network with one hidden layer and ReLU.
pub struct Network {
    pub batch: usize,
    pub sizes: [usize; 3],
    pub x: Vec<f32>,
    /// 1 at the label of each example.
    pub labels: Vec<f32>,
    /// Weights and biases of the two layers.
    pub parameters: [Vec<f32>; 4],
}

pub const RATE: f64 = 0.01;

impl Network {
    pub fn new(batch: usize, sizes: [usize; 3]) -> Network {
        let [i, h, o] = sizes;
        let small = |n: usize, by: f64, seed: f64| {
            numbers(n, seed).into_iter().map(|x| (x * by) as f32).collect::<Vec<f32>>()
        };
        let label = |at: usize| if (at / o * 7) % o == at % o { 1.0 } else { 0.0 };
        Network {
            batch,
            sizes,
            x: small(batch * i, 1.0, 0.1),
            labels: (0..batch * o).map(label).collect(),
            parameters: [
                small(i * h, 0.1, 0.2),
                small(h, 0.1, 0.3),
                small(h * o, 0.1, 0.4),
                small(o, 0.1, 0.5),
            ],
        }
    }
}
