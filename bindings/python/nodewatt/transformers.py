"""Hugging Face Trainer: ``Trainer(..., callbacks=[nodewatt.transformers.PhaseCallback()])``, or, to have evaluate() and
predict() marked when they are called by themselves, too, ``nodewatt.transformers.watch(trainer)``.

A TrainerCallback is told when an evaluation ends and not when it begins. Inside train() the begin follows from the
decision to evaluate, which the step before makes; by itself it is not known, and then the callback marks nothing.
watch() wraps the two methods of that one trainer.
"""

from __future__ import annotations

import functools

from nodewatt._callback import Budget, Marks, hook, length, local_size, make_class, say, say_versions

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Optional


class _Hooks:
    """Marks what a Trainer does as phases, and counts its work.

    Phases: ``train``, ``train/epoch``, ``validation`` inside either; with watch() also ``validation`` and ``predict``
    by themselves. Work: samples in all of them; in ``train`` epochs and, with ``include_num_input_tokens_seen``,
    tokens. Settings: versions, model, batch size and devices, precision, device, optimizer.
    """

    def __init__(self) -> None:
        super().__init__()
        self._marks = Marks()
        self._watched = False  # the edges of evaluations are marked by watch()
        self._evaluation: Optional[str] = None  # the phase that prediction steps belong to
        self._samples = Budget()
        self._evaluated: Optional[Budget] = None
        self._epoch = 0.0
        self._tokens = 0

    def _is_marking(self, args: Any, *_: Any) -> bool:
        return getattr(args, "local_process_index", 0) == 0

    @hook
    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **_: Any) -> None:
        self._marks.close()
        self._marks.begin("train")
        self._epoch = state.epoch or 0.0
        self._tokens = getattr(state, "num_input_tokens_seen", 0)
        self._say(args, model)

    @hook
    def on_train_end(self, args: Any, *_: Any, **__: Any) -> None:
        self._marks.end("train")

    @hook
    def on_epoch_begin(self, args: Any, state: Any, control: Any, train_dataloader: Any = None, **_: Any) -> None:
        self._end_inferred()
        self._samples = Budget(_share(args, train_dataloader))
        self._marks.begin("epoch")

    @hook
    def on_epoch_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._end_inferred()
        self._marks.end("epoch")
        if state.epoch is not None:
            self._marks.count(state.epoch - self._epoch, "epoch", "train")
            self._epoch = state.epoch
        self._infer(control)

    @hook
    def on_step_begin(self, args: Any, *_: Any, **__: Any) -> None:
        self._end_inferred()

    @hook
    def on_substep_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._count_batch(args, state)

    @hook
    def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
        self._count_batch(args, state)
        self._infer(control)

    @hook
    def on_prediction_step(self, args: Any, state: Any, control: Any, eval_dataloader: Any = None, **_: Any) -> None:
        if self._evaluation is None:
            return
        if self._evaluated is None:
            self._evaluated = Budget(_share(args, eval_dataloader))
        batch = self._evaluated.take(args.eval_batch_size * _processes(args))
        self._marks.count(batch, "sample", self._evaluation)

    @hook
    def on_evaluate(self, args: Any, *_: Any, **__: Any) -> None:
        self._end_inferred()

    def _count_batch(self, args: Any, state: Any) -> None:
        processes = _processes(args)
        self._marks.count(self._samples.take(args.train_batch_size * processes), "sample", "train")
        tokens = getattr(state, "num_input_tokens_seen", 0)  # of all processes of all nodes
        self._marks.count((tokens - self._tokens) * processes / max(1, args.world_size), "token", "train")
        self._tokens = tokens

    def _infer(self, control: Any) -> None:
        """The evaluation that the trainer has just decided on begins."""
        if control.should_evaluate and not self._watched and self._evaluation is None:
            self._begin("validation")

    def _end_inferred(self) -> None:
        if self._evaluation is not None and not self._watched:
            self._end(self._evaluation)

    def _begin(self, name: str) -> None:
        self._marks.begin(name)
        self._evaluation, self._evaluated = name, None

    def _end(self, name: str) -> None:
        self._marks.end(name)
        self._evaluation = None

    @hook
    def _enter(self, args: Any, name: str, model: Any) -> None:
        self._begin(name)
        if not self._marks.is_open("train"):
            self._say(args, model)

    @hook
    def _leave(self, args: Any, name: str) -> None:
        self._end(name)

    @hook
    def _abandon(self, args: Any) -> None:
        self._marks.close()

    def _say(self, args: Any, model: Any) -> None:
        say_versions("transformers", "accelerate", "torch")
        accumulate = getattr(args, "gradient_accumulation_steps", 1)
        optimizer = getattr(args, "optim", None)
        say(
            model=type(model).__name__ if model is not None else None,
            batch_size=args.train_batch_size,
            accumulate=accumulate if accumulate != 1 else None,
            device=getattr(getattr(args, "device", None), "type", None),
            devices=_processes(args) * max(1, getattr(args, "n_gpu", 1)),
            precision="bf16" if getattr(args, "bf16", False) else "fp16" if getattr(args, "fp16", False) else "fp32",
            optimizer=getattr(optimizer, "value", optimizer),
        )


def _processes(args: Any) -> int:
    world: int = max(1, args.world_size)
    return min(local_size(world), world)


def _share(args: Any, loader: Any) -> Optional[float]:
    """The samples of a loader's data set that this node goes through, None for a stream."""
    samples = length(getattr(loader, "dataset", None))
    return None if samples is None else samples * _processes(args) / max(1, args.world_size)


def watch(trainer: Any) -> Any:
    """Adds a PhaseCallback to the trainer and marks its evaluate() and predict() from begin to end, also when they are
    called by themselves or raise. Returns the trainer. Call it once, in every process."""
    callback = _callback_class()()
    callback._watched = True
    trainer.add_callback(callback)
    for method, name in ("evaluate", "validation"), ("predict", "predict"):
        setattr(trainer, method, _around(callback, trainer, getattr(trainer, method), name))
    trainer.train = _guarded(callback, trainer, trainer.train)
    return trainer


def _around(callback: Any, trainer: Any, method: Callable[..., Any], name: str) -> Any:
    @functools.wraps(method)
    def marked(*args: Any, **kwargs: Any) -> Any:
        callback._enter(trainer.args, name, trainer.model)
        try:
            return method(*args, **kwargs)
        finally:
            callback._leave(trainer.args, name)

    return marked


def _guarded(callback: Any, trainer: Any, train: Callable[..., Any]) -> Any:
    @functools.wraps(train)
    def guarded(*args: Any, **kwargs: Any) -> Any:
        try:
            return train(*args, **kwargs)
        finally:
            callback._abandon(trainer.args)

    return guarded


def _callback_class() -> Any:
    return globals().get("PhaseCallback") or make_class(globals(), _Hooks, ("transformers", "TrainerCallback"))


def __getattr__(name: str) -> Any:
    if name != "PhaseCallback":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _callback_class()
