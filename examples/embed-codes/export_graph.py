# Writes graph.onnx: pip install torch onnx onnxscript && python export_graph.py
import torch
from torch import nn


class Codes(nn.Module):
    """Row: cp, thal, age, age_missing, sex, sex_missing. A table has a row for each category, and one for "not known"."""

    def __init__(self):
        super().__init__()
        self.pain, self.thallium = nn.Embedding(4 + 1, 3), nn.Embedding(3 + 1, 2)
        self.inner, self.last = nn.Linear(3 + 2 + 4, 8), nn.Linear(8, 1)

    def forward(self, x):
        pain, thallium = self.pain(x[:, 0].long()), self.thallium(x[:, 1].long())
        return self.last(torch.tanh(self.inner(torch.cat([pain, thallium, x[:, 2:]], dim=1))))


torch.manual_seed(0)
program = torch.onnx.export(
    Codes().eval(), (torch.zeros(2, 6),), dynamo=True, input_names=["x"], output_names=["logit"],
    dynamic_shapes=({0: torch.export.Dim("rows")},),
)
for node in program.model.graph:
    node.metadata_props.clear()  # the paths of your own Python files
program.save("graph.onnx", external_data=False)
