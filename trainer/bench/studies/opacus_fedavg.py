"""Opacus's side: reads a case's folder, runs the whole study with FedAvg, and writes what the last model says of the test
rows. Time and memory are its last line.

Every site's steps are DP-SGD with Opacus's GradSampleModule and DPOptimizer on Poisson batches, drawn as its own
UniformWithReplacementSampler draws them. Rows are indexed as one tensor, which takes a fraction of the time of a
DataLoader. It works with one thread or two, whichever is faster."""
import json
import resource
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from opacus import GradSampleModule
from opacus.optimizers import DPOptimizer

warnings.filterwarnings("ignore")
folder = Path(sys.argv[1])
study = json.loads((folder / "study.json").read_text())
shape = study["model"]["inputShape"]
outputs = study["model"]["outputs"]


def floats(name):
    return torch.from_numpy(np.fromfile(folder / name, dtype=np.float32))


def layer_of(index, layer):
    attributes = layer.get("attributes", {})
    if layer["op"] == "Relu":
        return torch.nn.ReLU()
    if layer["op"] == "Flatten":
        return torch.nn.Flatten()
    if layer["op"] == "MaxPool":
        return torch.nn.MaxPool2d(attributes["kernel_shape"][0], attributes["strides"][0])
    weight = layer["weight"]
    if layer["op"] == "Gemm":
        own = torch.nn.Linear(weight[1], weight[0])
    else:
        pad = attributes.get("pads", [0])[0]
        own = torch.nn.Conv2d(weight[1], weight[0], weight[2], attributes["strides"][0], pad)
    with torch.no_grad():
        own.weight.copy_(floats(f"weight{index}.start").reshape(own.weight.shape))
        own.bias.copy_(floats(f"bias{index}.start"))
    return own


def labels_of(name):
    return floats(f"{name}.y") if outputs == 1 else floats(f"{name}.y").long()


sites = [(floats(f"site{i}.x").reshape(-1, *shape), labels_of(f"site{i}")) for i in range(study["sites"])]
test = floats("test.x").reshape(-1, *shape)
lossOf = torch.nn.BCEWithLogitsLoss() if outputs == 1 else torch.nn.CrossEntropyLoss()


def open_model():
    layers = [layer_of(i, own) for i, own in enumerate(study["model"]["layers"])]
    return GradSampleModule(torch.nn.Sequential(*layers))


def train_site(net, x, y, steps):
    optimizer = DPOptimizer(
        torch.optim.SGD(net.parameters(), lr=study["learningRate"]),
        noise_multiplier=study["noiseMultiplier"],
        max_grad_norm=study["clipNormL2"],
        expected_batch_size=study["samplingRate"] * len(y),
    )
    for _ in range(steps):
        batch = (torch.rand(len(y)) < study["samplingRate"]).nonzero().reshape(-1)
        optimizer.zero_grad(set_to_none=True)
        answer = net(x[batch])
        lossOf(answer.reshape(-1) if outputs == 1 else answer, y[batch]).backward()
        optimizer.step()


def seconds_with(threads):
    """Of a few steps that count for nothing."""
    torch.set_num_threads(threads)
    net = open_model()
    train_site(net, *sites[0], 2)
    start = time.perf_counter()
    train_site(net, *sites[0], 10)
    return time.perf_counter() - start


threads = min(2, 1, key=seconds_with)
torch.set_num_threads(threads)

begin, processor = time.perf_counter(), time.process_time()
net = open_model()
shared = {name: value.clone() for name, value in net.state_dict().items()}
for _ in range(study["rounds"]):
    total = {name: torch.zeros_like(value) for name, value in shared.items()}
    for x, y in sites:
        net.load_state_dict(shared)
        train_site(net, x, y, study["steps"])
        for name, value in net.state_dict().items():
            total[name] += value / len(sites)
    shared = total
seconds, processorSeconds = time.perf_counter() - begin, time.process_time() - processor

net.load_state_dict(shared)
net.eval()
with torch.no_grad():
    net._module(test).numpy().astype(np.float32).tofile(folder / "opacus.outputs")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"seconds": seconds, "processorSeconds": processorSeconds, "peakMib": peak, "threads": threads}))
