"""PyTorch Lightning: ``Trainer(callbacks=[nodewatt.lightning.PhaseCallback()])``.

For ``lightning.pytorch`` and ``pytorch_lightning`` alike; the class is made when it is first asked for, from what the
program has loaded by then.
"""

from __future__ import annotations

from nodewatt._callback import Marks, hook, make_class, samples_in, say, say_versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional


def _share_of_own_batches(trainer: Any) -> float:
    """1, or less where several processes work on the same batch (tensor parallelism)."""
    try:
        world = trainer.world_size
        replicas = (getattr(trainer.strategy, "distributed_sampler_kwargs", None) or {}).get("num_replicas", world)
        return float(replicas) / float(world) if 0 < replicas < world else 1
    except Exception:
        return 1


class _Hooks:
    """Marks what a Trainer does as phases, and counts its work.

    Phases: ``train``, ``train/epoch`` and, where validation runs in it, ``train/epoch/validation``; ``validation``,
    ``test`` and ``predict`` by themselves; ``sanity_check``. Work: samples in all of them, epochs in ``train``.
    Settings: versions, model, batch size and devices, precision, device, strategy.

    samples: a function from a batch to its number of samples; without it that is the extent that the batch's tensors
    agree in, at most the loader's batch size. Where neither is known, batches are counted.
    """

    def __init__(self, samples: Optional[Callable[[Any], float]] = None) -> None:
        super().__init__()
        self._samples = samples
        self._marks = Marks()
        self._batches = 0  # of this epoch
        self._said_batch = False

    def _is_marking(self, trainer: Any, *_: Any) -> bool:
        return getattr(trainer, "local_rank", 0) == 0

    def _count(self, trainer: Any, batch: Any, loader: Any, name: str) -> Any:
        """Counts a batch of every process of the node; returns its samples in this one."""
        if isinstance(loader, (list, tuple)):
            loader = loader[0] if len(loader) == 1 else None
        found = self._samples(batch) if self._samples else samples_in(batch, getattr(loader, "batch_size", None))
        devices = getattr(trainer, "num_devices", 1) * _share_of_own_batches(trainer)
        self._marks.count(devices * (1 if found is None else found), "batch" if found is None else "sample", name)
        return found

    @hook
    def on_sanity_check_start(self, trainer: Any, *_: Any) -> None:
        self._marks.begin("sanity_check")

    @hook
    def on_sanity_check_end(self, trainer: Any, *_: Any) -> None:
        self._marks.end("sanity_check")

    @hook
    def on_train_start(self, trainer: Any, module: Any, *_: Any) -> None:
        self._marks.close()
        self._marks.begin("train")
        self._said_batch = False
        self._say(trainer, module)

    @hook
    def on_train_epoch_start(self, trainer: Any, *_: Any) -> None:
        self._batches = 0
        self._marks.begin("epoch")

    @hook
    def on_train_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, *_: Any) -> None:
        self._batches += 1
        found = self._count(trainer, batch, getattr(trainer, "train_dataloader", None), "train")
        if not self._said_batch:
            self._said_batch = True
            say(batch_size=found)

    @hook
    def on_train_epoch_end(self, trainer: Any, *_: Any) -> None:
        self._marks.end("epoch")
        batches = getattr(trainer, "num_training_batches", None)  # infinite for a stream
        part = self._batches / batches if isinstance(batches, int) and batches > 0 else 1
        self._marks.count(min(1, part), "epoch", "train")

    @hook
    def on_train_end(self, trainer: Any, *_: Any) -> None:
        self._marks.end("train")

    @hook
    def on_validation_start(self, trainer: Any, module: Any, *_: Any) -> None:
        if not getattr(trainer, "sanity_checking", False):
            self._begin_alone("validation", trainer, module)

    @hook
    def on_validation_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, *_: Any) -> None:
        self._count(trainer, batch, getattr(trainer, "val_dataloaders", None), "validation")

    @hook
    def on_validation_end(self, trainer: Any, *_: Any) -> None:
        self._marks.end("validation")

    @hook
    def on_test_start(self, trainer: Any, module: Any, *_: Any) -> None:
        self._begin_alone("test", trainer, module)

    @hook
    def on_test_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, *_: Any) -> None:
        self._count(trainer, batch, getattr(trainer, "test_dataloaders", None), "test")

    @hook
    def on_test_end(self, trainer: Any, *_: Any) -> None:
        self._marks.end("test")

    @hook
    def on_predict_start(self, trainer: Any, module: Any, *_: Any) -> None:
        self._begin_alone("predict", trainer, module)

    @hook
    def on_predict_batch_end(self, trainer: Any, module: Any, outputs: Any, batch: Any, *_: Any) -> None:
        self._count(trainer, batch, getattr(trainer, "predict_dataloaders", None), "predict")

    @hook
    def on_predict_end(self, trainer: Any, *_: Any) -> None:
        self._marks.end("predict")

    @hook
    def on_exception(self, trainer: Any, *_: Any) -> None:
        self._marks.close()

    @hook
    def teardown(self, trainer: Any, *_: Any, **__: Any) -> None:
        self._marks.close()

    def _begin_alone(self, name: str, trainer: Any, module: Any) -> None:
        self._marks.begin(name)
        if not self._marks.is_open("train"):
            self._say(trainer, module)

    def _say(self, trainer: Any, module: Any) -> None:
        say_versions("pytorch_lightning", "lightning", "torch")
        strategy = getattr(trainer, "strategy", None)
        accumulate = getattr(trainer, "accumulate_grad_batches", 1)
        say(
            model=type(module).__name__,
            device=getattr(getattr(strategy, "root_device", None), "type", None),
            devices=getattr(trainer, "num_devices", None),
            precision=getattr(trainer, "precision", None),
            strategy=type(strategy).__name__ if strategy is not None else None,
            accumulate=accumulate if accumulate != 1 else None,
        )


def __getattr__(name: str) -> Any:
    if name != "PhaseCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return make_class(globals(), _Hooks, ("lightning.pytorch", "Callback"), ("pytorch_lightning", "Callback"))
