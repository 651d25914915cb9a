"""One run of an experiment as plain PyTorch: what a learner would write without mlplab."""

from __future__ import annotations

from itertools import pairwise

from mlplab.data import Task
from mlplab.experiment.source_code import flat_code
from mlplab.specs import MLP, SGD, Adam, AdamW, Run, SeedSplit
from mlplab.specs.activation import activation_settings

_ACTIVATIONS = {
    "relu": "nn.ReLU()",
    "tanh": "nn.Tanh()",
    "sigmoid": "nn.Sigmoid()",
    "gelu": "nn.GELU()",
    "silu": "nn.SiLU()",
    "softplus": "nn.Softplus()",
}
_INITS = {
    "he": "nn.init.kaiming_normal_(layer.weight, nonlinearity='relu')",
    "xavier": "nn.init.xavier_uniform_(layer.weight)",
    "normal": "nn.init.normal_(layer.weight, std={scale})",
    "zeros": "nn.init.zeros_(layer.weight)",
}


def torch_code(run: Run, task: Task) -> str:
    """Return lines of PyTorch that train one run of this setting and print its score.

    Its first weights and orders are torch's own draws: another sample of the same setting. Empty
    where the setting has no short form in PyTorch (modules, users' words, early stopping, ...).

    >>> from mlplab.data import load_task
    >>> print(torch_code(Run(), load_task("digits")).splitlines()[6])
    x = torch.tensor(task.inputs).float() * task.input_scale
    """
    net, optim, fit = run.net, run.optim, run.fit
    if not isinstance(net, MLP) or net.init.kind not in _INITS or task.soft is not None:
        return ""
    activation = activation_settings(net.activation)[0]
    step = _optimiser(run)
    plain = run.replace(
        net=MLP(hidden=net.hidden, activation=net.activation, init=net.init, dropout=net.dropout),
        optim=optim,
        fit=type(fit)(
            epochs=fit.epochs, batch_size=fit.batch_size, last_batch=fit.last_batch, test=fit.test
        ),
    )
    classes = task.kind == "classification"
    if plain != run or not step or (net.hidden and activation not in _ACTIVATIONS):
        return ""
    layers = []
    widths = (task.n_features, *net.hidden, task.n_outputs)
    for place, (inputs, outputs) in enumerate(pairwise(widths)):
        layers.append(f"nn.Linear({inputs}, {outputs})")
        if place < len(net.hidden):
            layers.append(_ACTIVATIONS[activation])
            if net.dropout and net.dropout[place]:
                layers.append(f"nn.Dropout({net.dropout[place]})")
    init = _INITS[net.init.kind].format(scale=net.init.scale)
    loss = "nn.functional.cross_entropy" if classes else "nn.functional.mse_loss"
    target = "torch.tensor(task.targets)" + (".long()" if classes else ".float().view(len(x), -1)")
    score = (
        "(outputs.argmax(1) == y[rows]).float().mean()" if classes else f"{loss}(outputs, y[rows])"
    )
    permute = f", permute={task.params['permute']}" if "permute" in task.params else ""
    more = permute + (f", valid={task.valid}" if task.valid else "")
    rows = "" if run.rows == SeedSplit() else f", rows={flat_code(run.rows)}"
    size, drop = fit.batch_size, fit.last_batch == "drop"
    batches = (
        f"rows[: len(rows) // {size} * {size}].split({size})" if drop else f"rows.split({size})"
    )
    return f"""import torch
from torch import nn
import mlplab as ml

torch.manual_seed(0)
task = ml.load_task({task.name!r}{more})
x = torch.tensor(task.inputs).float() * task.input_scale
y = {target}
train = torch.tensor(task.split(seed=0{rows}).train)
net = nn.Sequential({", ".join(layers)})
for layer in net:
    if isinstance(layer, nn.Linear):
        {init}
        nn.init.zeros_(layer.bias)
optimizer = {step}
for epoch in range({fit.epochs}):
    rows = train[torch.randperm(len(train))]
    for batch in {batches}:
        optimizer.zero_grad()
        {loss}(net(x[batch]), y[batch]).backward()
        optimizer.step()
net.eval()
rows = torch.tensor(task.test_rows("one run in plain PyTorch"))
outputs = net(x[rows])
print({score}.item())"""


def _optimiser(run: Run) -> str:
    """The optimiser of torch.optim; empty where torch has another rule, or a schedule acts."""
    optim = run.optim
    if optim.schedule.kind != "constant" or optim.clip_norm or optim.clip_value:
        return ""
    given = {"lr": optim.lr}
    if isinstance(optim, SGD):
        plain: SGD | Adam | AdamW = SGD(
            lr=optim.lr, momentum=optim.momentum, weight_decay=optim.weight_decay
        )
        name, given = "SGD", given | {"momentum": optim.momentum}
    elif isinstance(optim, AdamW):
        plain = AdamW(lr=optim.lr, weight_decay=optim.weight_decay)
        name = "AdamW"
    elif isinstance(optim, Adam):
        plain = Adam(lr=optim.lr, weight_decay=optim.weight_decay)
        name = "Adam"
    else:
        return ""
    if plain != optim:
        return ""
    given = {key: value for key, value in given.items() if value or key == "lr"}
    if optim.weight_decay or name == "AdamW":
        given["weight_decay"] = optim.weight_decay
    settings = ", ".join(f"{key}={value}" for key, value in given.items())
    return f"torch.optim.{name}(net.parameters(), {settings})"
