"""The toys of test_keras.py, made of the real packages."""

import importlib
import os

import numpy

name = os.environ["TOY"]
if name == "tensorflow.keras":
    import tensorflow

    keras = tensorflow.keras
else:
    keras = importlib.import_module(name)


def model():
    made = keras.Sequential([keras.layers.Dense(1)], name="toy")
    made.compile(optimizer="sgd", loss="mse")
    return made


def data(samples):
    return numpy.zeros((samples, 2), "float32"), numpy.zeros((samples, 1), "float32")


class Stop(keras.callbacks.Callback):
    """Raises in the first batch."""

    def on_train_batch_begin(self, batch, logs=None):
        raise ValueError("mine")
