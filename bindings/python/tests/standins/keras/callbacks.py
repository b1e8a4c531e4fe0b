class Callback:
    def __init__(self):
        self.params = self.model = None

    def set_params(self, params):
        self.params = params

    def set_model(self, model):
        self.model = model


for event in "train test predict epoch train_batch test_batch predict_batch".split():
    for edge in "begin", "end":
        if event == "epoch" or event.endswith("batch"):
            setattr(Callback, f"on_{event}_{edge}", lambda self, index, logs=None: None)
        else:
            setattr(Callback, f"on_{event}_{edge}", lambda self, logs=None: None)
