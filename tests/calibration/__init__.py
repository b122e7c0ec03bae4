"""Where the lab's committed figures come from: `python -m tests.calibration` computes them anew."""
