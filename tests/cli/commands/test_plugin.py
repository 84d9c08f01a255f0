"""`rudr plugin new` rejects names that would prevent the package from being loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rudr_py import catalog
from rudr_py.api import Trait
from rudr_py.catalog import Catalog, Offer
from rudr_py.plugins.loading import LoadedPlugins
from tests.cli.conftest import Invoke


def test_the_name_of_an_installed_type_is_rejected_before_writing(
    invoke: Invoke, everything: Catalog, tmp_path: Path
) -> None:
    taken = (("trait", "ingress"), ("trait", "cron-hpa"), ("trait", "autoscaler"))
    for category, name in taken:
        done = invoke("plugin", "new", category, name, "--dir", str(tmp_path), obj=LoadedPlugins(catalog=everything))
        assert done.exit_code == 1
        package = everything.trait(name).package
        assert f'the trait "{name}" already exists in {package}' in done.stderr
        assert "choose another name" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_name_is_free_for_its_own_package_and_in_another_category(
    invoke: Invoke, everything: Catalog, tmp_path: Path
) -> None:
    """An author can create the package again elsewhere while it is installed."""

    class Budget(Trait[Any]):
        name = "pod-budget"

    offer: Offer[Trait[Any]] = catalog.offer(Budget(), package="rudr-py-pod-budget 1.0")
    own = Catalog(traits={"pod-budget": offer})
    for number, found in enumerate((own, everything)):
        folder = tmp_path / str(number)
        done = invoke("plugin", "new", "trait", "pod-budget", "--dir", str(folder), obj=LoadedPlugins(catalog=found))
        assert done.exit_code == 0, done.output
        assert (folder / "rudr-py-pod-budget" / "pyproject.toml").exists()
