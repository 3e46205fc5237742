"""Link to other projects' documentation without asking them for their inventories.

Intersphinx normally downloads a list of every documented object of every project it links
to, so a build without a network fails. Here the few objects that the guide links to stand
in a text file, one a line, and are compiled to inventories when the build starts.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import sphobjinv

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config


def read_links(text: str) -> dict[str, tuple[str, list[sphobjinv.DataObjStr]]]:
    """Read sections ``[project] address`` followed by lines ``role name address``.

    Returns
    -------
    dict
        Project name -> base address and the objects below it.
    """
    projects: dict[str, tuple[str, list[sphobjinv.DataObjStr]]] = {}
    objects: list[sphobjinv.DataObjStr] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            name, _, base = line.lstrip("[").partition("]")
            objects = []
            projects[name] = (base.strip(), objects)
            continue
        try:
            role, name, uri = line.split()
            domain, _, role = role.partition(":")
        except ValueError:
            raise ValueError(
                f"Line {number} needs a role, a name and an address. Received: {line!r}"
            ) from None
        objects.append(
            sphobjinv.DataObjStr(
                name=name, domain=domain, role=role, priority="1", uri=uri, dispname="-"
            )
        )
    return projects


def compile_inventories(app: Sphinx, config: Config) -> None:
    """Write one inventory a project and point intersphinx to it."""
    source = Path(app.srcdir) / config.inventories_file
    folder = Path(app.doctreedir) / "inventories"
    folder.mkdir(parents=True, exist_ok=True)
    for project, (base, objects) in read_links(source.read_text(encoding="utf-8")).items():
        inventory = sphobjinv.Inventory()
        inventory.project, inventory.version = project, ""
        inventory.objects.extend(objects)
        target = folder / f"{project}.inv"
        data = sphobjinv.compress(inventory.data_file(contract=True))
        if not target.is_file() or target.read_bytes() != data:
            target.write_bytes(data)
        config.intersphinx_mapping[project] = (base, (str(target),))


def setup(app: Sphinx) -> dict[str, Any]:
    """Connect to Sphinx, before intersphinx checks its settings."""
    app.add_config_value("inventories_file", "_ext/links.txt", "env")
    app.connect("config-inited", compile_inventories, priority=50)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
