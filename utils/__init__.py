"""What is the same in every chapter of *From Perceptron to BERT*.

The models, the losses and the training steps are in the chapters, in view. Here is the rest:
``device`` (which device, tier and seed), ``data`` (the data sets as tensors), ``training`` (the
one loop), ``plots``, ``widgets``, ``claims`` (what the papers said, what this run measured),
``exercises`` and the one command, ``python3 -m utils``. Importing ``utils`` itself imports none of
these: ask for what you need, as in ``from utils.training import fit``.
"""
