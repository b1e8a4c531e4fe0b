"""Keras 3 on any back end, tf.keras and tf_keras: ``model.fit(..., callbacks=[nodewatt.keras.PhaseCallback()])``.

The class is made when it is first asked for, from the Keras that the program has loaded by then. Keras does not tell a
callback how large its batches are: say batch_size, or batches are counted.
"""

from __future__ import annotations

import sys

from nodewatt._callback import Budget, Marks, hook, local_rank, local_size, make_class, say, say_versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Optional

_PATHS = (
    ("tf_keras.callbacks", "Callback"),
    ("keras.callbacks", "Callback"),
    ("tensorflow.keras.callbacks", "Callback"),
)


class _Hooks:
    """Marks what fit(), evaluate() and predict() do as phases, and counts their work.

    Phases: ``train``, ``train/epoch``, ``train/epoch/validation``; ``validation`` (of evaluate()) and ``predict`` by
    themselves. Work: samples (or batches) in all of them, epochs in ``train``. Settings: versions, back end, model,
    batch size, precision, device.

    batch_size: what fit(), evaluate() and predict() are given. samples, validation_samples, predict_samples: how many
    samples an epoch, a validation and a prediction have, for the last batch that is not full; without them every batch
    counts as full.
    """

    def __init__(
        self,
        batch_size: Optional[int] = None,
        samples: Optional[int] = None,
        validation_samples: Optional[int] = None,
        predict_samples: Optional[int] = None,
    ) -> None:
        super().__init__()
        self._supports_tf_logs = True  # of Keras 2: nothing here reads logs, so none need be fetched from a device
        self._seen: Dict[str, int] = {}  # batches of the epoch, the validation, the prediction
        self._batch_size, self._epoch_samples = batch_size, samples
        self._validation_samples, self._predict_samples = validation_samples, predict_samples
        self._marks = Marks()
        self._training, self._evaluating, self._predicting = Budget(), Budget(), Budget()

    def _is_marking(self, *_: Any) -> bool:
        return local_rank() == 0

    def _passed(self, name: str, index: Any) -> int:
        """How many batches have passed since the last call: more than one with steps_per_execution."""
        seen = self._seen.get(name, 0)
        done = index + 1 if isinstance(index, int) else seen + 1
        steps = (getattr(self, "params", None) or {}).get("steps") if name == "train" else None
        if isinstance(steps, int):
            done = min(done, max(steps, seen + 1))  # the last execution of an epoch may be shorter than it says
        self._seen[name] = max(done, seen)
        return max(done - seen, 1)

    def _count(self, budget: Budget, name: str, index: Any = None) -> None:
        batches = self._passed(name, index) * local_size()
        if self._batch_size is None:
            self._marks.count(batches, "batch", name)
        else:
            self._marks.count(budget.take(self._batch_size * batches), "sample", name)

    @hook
    def on_train_begin(self, *_: Any, **__: Any) -> None:
        self._marks.close()
        self._marks.begin("train")
        self._say()

    @hook
    def on_train_end(self, *_: Any, **__: Any) -> None:
        self._marks.end("train")

    @hook
    def on_epoch_begin(self, *_: Any, **__: Any) -> None:
        self._training = Budget(self._epoch_samples)
        self._seen["train"] = 0
        self._marks.begin("epoch")

    @hook
    def on_epoch_end(self, *_: Any, **__: Any) -> None:
        self._marks.end("epoch")
        self._marks.count(1, "epoch", "train")

    @hook
    def on_train_batch_end(self, batch: Any = None, *_: Any, **__: Any) -> None:
        self._count(self._training, "train", batch)

    @hook
    def on_test_begin(self, *_: Any, **__: Any) -> None:
        self._evaluating = Budget(self._validation_samples)
        self._seen["validation"] = 0
        self._begin_alone("validation")

    @hook
    def on_test_batch_end(self, batch: Any = None, *_: Any, **__: Any) -> None:
        self._count(self._evaluating, "validation", batch)

    @hook
    def on_test_end(self, *_: Any, **__: Any) -> None:
        self._marks.end("validation")

    @hook
    def on_predict_begin(self, *_: Any, **__: Any) -> None:
        self._predicting = Budget(self._predict_samples)
        self._seen["predict"] = 0
        self._begin_alone("predict")

    @hook
    def on_predict_batch_end(self, batch: Any = None, *_: Any, **__: Any) -> None:
        self._count(self._predicting, "predict", batch)

    @hook
    def on_predict_end(self, *_: Any, **__: Any) -> None:
        self._marks.end("predict")

    def _begin_alone(self, name: str) -> None:
        if not self._marks.is_open("train"):
            self._marks.close()  # the one before was interrupted: Keras tells no callback of that
            self._say()
        self._marks.begin(name)

    def _say(self) -> None:
        model: Any = getattr(self, "model", None)
        keras = _keras_of(model)
        back_end = "tensorflow" if keras == "tf_keras" else _back_end()
        say_versions(keras, back_end)
        policy = getattr(model, "dtype_policy", None) or getattr(model, "_dtype_policy", None)
        say(
            model=getattr(model, "name", None),
            batch_size=self._batch_size,
            keras_backend=back_end,
            precision=getattr(policy, "name", None),
            device=_device(back_end),
        )


def _keras_of(model: Any) -> str:
    """Whose model it is; a program may have loaded both."""
    roots = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    return "tf_keras" if "tf_keras" in roots else "keras"


def _back_end() -> str:
    config: Any = getattr(sys.modules.get("keras"), "config", None)  # of Keras 3; the one before knew TensorFlow alone
    return str(config.backend()) if hasattr(config, "backend") else "tensorflow"


def _device(back_end: str) -> Optional[str]:
    """Where the back end computes by default."""
    library: Any = sys.modules.get(back_end)
    if library is None:
        return None
    if back_end == "torch":
        return "cuda" if library.cuda.is_available() else "cpu"
    if back_end == "jax":
        return str(library.default_backend())
    if back_end == "tensorflow":
        return "gpu" if library.config.list_logical_devices("GPU") else "cpu"
    return "cpu"


def __getattr__(name: str) -> Any:
    if name != "PhaseCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    # Both may be loaded, as TensorFlow loads one by itself: Keras 3 takes either's callback, tf_keras its own alone.
    loaded = [path for path in _PATHS if path[0] in sys.modules]
    return make_class(globals(), _Hooks, *(loaded[:1] or _PATHS))
