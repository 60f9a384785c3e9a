"""python -m unittest discover benches/peers/python"""

import unittest

import numpy as np
from agree import compare, error, random


class Agree(unittest.TestCase):
    def test_errors_are_relative_to_the_element_or_to_the_whole(self):
        reference = np.array([100.0, 0.0])
        self.assertAlmostEqual(error(np.array([101.0, 0.0]), reference), 0.01)
        root_mean_square = np.sqrt(5000)
        self.assertAlmostEqual(error(np.array([100.0, 1.0]), reference), 1 / root_mean_square)

    def test_integers_are_equal_or_wrong(self):
        self.assertEqual(error(np.array([1, 2]), np.array([1, 2], np.int32)), 0)
        self.assertEqual(error(np.array([1, 3]), np.array([1, 2])), np.inf)

    def test_what_is_no_number(self):
        nan, inf = np.nan, np.inf
        self.assertEqual(error(np.array([nan, inf]), np.array([nan, inf])), 0)
        self.assertEqual(error(np.array([nan]), np.array([1.0])), inf)
        self.assertEqual(error(np.array([1.0]), np.array([nan])), inf)
        self.assertEqual(error(np.zeros(3), np.zeros(3)), 0)

    def test_tolerance_and_dtype_are_those_of_the_name(self):
        one, off = np.ones(3), np.ones(3) + 1e-6
        self.assertEqual(compare("sin_1e6", [off.astype(np.float32)], [one])[0], True)
        self.assertEqual(compare("matmul_f64_256", [off], [one])[0], False)
        for name, dtype in (("sin_1e6", np.float64), ("matmul_f64_256", np.float32)):
            with self.assertRaises(ValueError):
                compare(name, [one.astype(dtype)], [one])

    def test_shapes_and_numbers_of_results_must_match(self):
        with self.assertRaises(ValueError):
            compare("matmul_f64_256", [np.ones((3, 1))], [np.ones(3)])
        with self.assertRaises(ValueError):
            compare("sin_1e6", [np.ones(3)] * 2, [np.ones(3)])

    def test_random_numbers(self):
        rng = np.random.default_rng(0)
        n = 10**4
        self.assertTrue(random("normal_1e4", [rng.standard_normal(n, np.float32)]))
        self.assertFalse(random("normal_1e4", [rng.random(n, np.float32)]))
        self.assertTrue(random("uniform_1e4", [rng.random(n, np.float32)]))
        self.assertFalse(random("uniform_1e4", [rng.random(n, np.float32) * np.float32(0.9)]))
        bits = rng.integers(0, 2**32, n, np.uint32)
        self.assertTrue(random("bits_1e4", [bits.view(np.int32)]))
        self.assertFalse(random("bits_1e4", [bits >> 1]))
        self.assertTrue(random("permutation_1e4", [rng.permutation(n)]))
        self.assertFalse(random("permutation_1e4", [np.arange(n)]))


if __name__ == "__main__":
    unittest.main()
