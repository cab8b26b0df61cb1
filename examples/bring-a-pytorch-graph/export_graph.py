# Writes graph.onnx: pip install torch onnx onnxscript && python export_graph.py
import torch
from torch import nn

torch.manual_seed(0)
net = nn.Sequential(nn.Linear(35, 16), nn.Tanh(), nn.LayerNorm(16), nn.Linear(16, 1))  # 35: the dictionary's inputs
program = torch.onnx.export(
    net.eval(), (torch.rand(2, 35),), dynamo=True, input_names=["x"], output_names=["logit"],
    dynamic_shapes=({0: torch.export.Dim("rows")},),
)
for node in program.model.graph:
    node.metadata_props.clear()  # the paths of your own Python files
program.save("graph.onnx", external_data=False)
