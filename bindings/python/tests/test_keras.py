"""The Keras callback, on a stand-in or on the real packages (NODEWATT_FRAMEWORKS=real): Keras 3, tf.keras, tf_keras."""

import unittest

from support import REAL, trained

SAMPLES = ["work 4 sample train", "work 4 sample train", "work 2 sample train"]
VALIDATION = ["begin validation", "work 4 sample validation", "work 2 sample validation", "end validation"]
EPOCH = ["begin epoch", *SAMPLES, *VALIDATION, "end epoch", "work 1 epoch train"]
START = """
    import toy_keras as toy, nodewatt.keras
    model = toy.model()
"""


class Keras(unittest.TestCase):
    def test_everything(self):
        for framework in ("keras", "tensorflow.keras", "tf_keras") if REAL else ("keras",):
            with self.subTest(framework):
                lines, settings = trained(
                    START
                    + """
    callbacks = [nodewatt.keras.PhaseCallback(batch_size=4, samples=10, validation_samples=6, predict_samples=5)]
    model.fit(*toy.data(10), batch_size=4, epochs=2, validation_data=toy.data(6), callbacks=callbacks, verbose=0)
    model.evaluate(*toy.data(6), batch_size=4, callbacks=callbacks, verbose=0)
    model.predict(toy.data(5)[0], batch_size=4, callbacks=callbacks, verbose=0)
    """,
                    framework,
                )
                predict = ["begin predict", "work 4 sample predict", "work 1 sample predict", "end predict"]
                self.assertEqual(lines, ["begin train", *EPOCH, *EPOCH, "end train", *VALIDATION, *predict])
                self.assertEqual((settings["model"], settings["batch_size"], settings["precision"]), ("toy", "4", "float32"))
                self.assertIn("tf_keras" if framework == "tf_keras" else "keras", settings)

    def test_an_interrupted_fit_ends_and_the_next_is_not_inside_it(self):
        interrupted = """
    def cell(*more):
        callbacks = [nodewatt.keras.PhaseCallback(batch_size=4, samples=10), *more]
        try: model.fit(*toy.data(10), batch_size=4, epochs=1, callbacks=callbacks, verbose=0)
        except ValueError: return %s
    """
        first = ["begin train", "begin epoch", "end train"]
        second = ["begin train", "begin epoch", *SAMPLES, "end epoch", "work 1 epoch train", "end train"]
        for kept in "None", "callbacks":  # gone with its trainer, or held by somebody
            with self.subTest(kept):
                lines, _ = trained(START + interrupted % kept + "held = cell(toy.Stop())\n    nodewatt.work(7, 'token')\n    cell()", "keras")
                between = ["work 7 token"]
                self.assertEqual(lines, [*first, *between, *second] if kept == "None" else [*first[:-1], *between, first[-1], *second])

    def test_what_a_cell_of_a_notebook_leaves_open_ends_with_it(self):
        lines, _ = trained(
            START
            + """
    import sys, types
    done = []
    shell = types.SimpleNamespace(events=types.SimpleNamespace(register=lambda event, call: done.append((event, call))))
    sys.modules["IPython"] = types.SimpleNamespace(get_ipython=lambda: shell)
    callback = nodewatt.keras.PhaseCallback(batch_size=4)
    callback.on_train_begin()
    (event, end_of_cell), = done
    assert event == "post_run_cell"
    end_of_cell()
    nodewatt.work(7, "token")
    """,
            "keras",
        )
        self.assertEqual(lines, ["begin train", "end train", "work 7 token"])

    def test_batches_are_counted_where_their_size_is_unknown(self):
        lines, settings = trained(
            START
            + """
    model.fit(*toy.data(10), batch_size=4, epochs=1, callbacks=[nodewatt.keras.PhaseCallback()], verbose=0)
    """,
            "keras",
        )
        work = ["work 1 batch train"] * 3
        self.assertEqual(lines, ["begin train", "begin epoch", *work, "end epoch", "work 1 epoch train", "end train"])
        self.assertNotIn("batch_size", settings)

    def test_several_batches_in_one_execution_are_all_counted(self):
        lines, _ = trained(
            START
            + """
    callback = nodewatt.keras.PhaseCallback(batch_size=4)
    callback.set_params({"steps": 25, "epochs": 2, "verbose": 0})
    callback.set_model(model)
    callback.on_train_begin()
    for epoch in range(2):
        callback.on_epoch_begin(epoch)
        for last in (9, 19, 29): callback.on_train_batch_end(last)
        callback.on_epoch_end(epoch)
    callback.on_train_end()
    """,
            "keras",
        )
        work = [f"work {samples} sample train" for samples in (40, 40, 20)]
        self.assertEqual([line for line in lines if "sample" in line], work * 2)

    def test_an_interrupted_fit_ends_with_the_next(self):
        lines, _ = trained(
            START
            + """
    callbacks = [nodewatt.keras.PhaseCallback(batch_size=4, samples=10, validation_samples=6)]
    for _ in range(2):
        try: model.fit(*toy.data(10), batch_size=4, epochs=1, callbacks=[*callbacks, toy.Stop()], verbose=0)
        except ValueError as error: assert "mine" in str(error)
        else: raise SystemExit("swallowed")
    model.fit(*toy.data(10), batch_size=4, epochs=1, validation_data=toy.data(6), callbacks=callbacks, verbose=0)
    """,
            "keras",
        )
        broken = ["begin train", "begin epoch", "end train"]
        self.assertEqual(lines, [*broken, *broken, "begin train", *EPOCH, "end train"])

    def test_of_a_nodes_ranks_the_first_marks_for_all(self):
        program = START + """
    callbacks = [nodewatt.keras.PhaseCallback(batch_size=4)]
    model.fit(*toy.data(8), batch_size=4, epochs=1, callbacks=callbacks, verbose=0)
    """
        lines, _ = trained(program, "keras", LOCAL_RANK=0, LOCAL_WORLD_SIZE=2)
        self.assertEqual(lines.count("work 8 sample train"), 2)
        self.assertEqual(trained(program, "keras", LOCAL_RANK=1, LOCAL_WORLD_SIZE=2), ([], {}))


if __name__ == "__main__":
    unittest.main()
