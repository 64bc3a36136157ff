"""Bring Superset's own database to its version, set the login, import the assets beside this file.

Run in Superset's environment before every start: what is in the assets is as the assets say, what
people added to it stays.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import flask_migrate
import yaml
from superset.app import create_app

_BI = Path(__file__).resolve().parent
sys.path.append(str(_BI))
from interface_words import compile_for_server  # noqa: E402

ASSETS = _BI / "assets"
DATABASE = "databases/kho_chiso766.yaml"


def main() -> None:
    """Bring everything up to date; an error ends the process."""
    folder = Path(os.environ["CHISO_SUPERSET"])
    warehouse_url = json.loads((folder / "settings.json").read_text())["warehouse_url"]
    [(user, password)] = json.loads((folder / "login.json").read_text()).items()
    compile_for_server()
    with create_app().app_context():
        flask_migrate.upgrade()
        _set_login(user, password)
        _import_assets(user, warehouse_url)


def _set_login(user: str, password: str) -> None:
    from superset.extensions import appbuilder, security_manager

    appbuilder.add_permissions(update_perms=True)
    security_manager.sync_role_definitions()
    known = security_manager.find_user(user)
    if known:
        security_manager.reset_password(known.id, password)
        return
    role = security_manager.find_role("Admin")
    security_manager.add_user(user, "Chỉ số", "766", f"{user}@localhost", role, password)


def _import_assets(user: str, warehouse_url: str) -> None:
    from superset.commands.importers.v1.assets import ImportAssetsCommand
    from superset.extensions import security_manager
    from superset.utils.core import override_user

    contents = {
        str(path.relative_to(ASSETS)): path.read_text(encoding="utf-8")
        for path in ASSETS.rglob("*.yaml")
    }
    database = yaml.safe_load(contents[DATABASE])
    contents[DATABASE] = yaml.safe_dump(database | {"sqlalchemy_uri": warehouse_url})
    with override_user(security_manager.find_user(user)):
        ImportAssetsCommand(contents).run()


if __name__ == "__main__":
    main()
