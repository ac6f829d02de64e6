"""What is the same in every chapter of *From Perceptron to BERT*.

The models, the losses and the training steps are in the chapters, in view. Here is the rest:
``device`` (which device, tier and seed), ``data`` (the data sets as tensors), ``training`` (the
one loop), ``plots``, ``widgets``, ``claims`` (what the papers said, what this run measured),
``exercises`` and the one command, ``python3 -m utils``. Importing ``utils`` itself imports none of
these: ask for what you need, as in ``from utils.training import fit``.
"""
import os

# Threads that wait for work must sleep, not spin: with one other busy program on two cores, a small
# net trained 30 times slower while they span. It counts only if it is set before torch is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
