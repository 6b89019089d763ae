"""The environment of rake in a build: production's, as on Heroku, and stand-ins for what comes at run time. Pure."""

from __future__ import annotations

from pathlib import Path

from buildpacks.ruby.bundle import Bundle
from buildpacks.ruby.database_url import dummy_database_url
from buildpacks.ruby.family import Family
from buildpacks.ruby.secret_key import build_secret

# Node.js takes no more than a part of a machine's memory, which is too little for some assets.
_NODE_OPTIONS = "--max_old_space_size=2560"


def rake_environment(bundle: Bundle, family: Family, bootsnap: Path) -> dict[str, str]:
    """Give what rake's environment needs besides the bundle's; what the user set there is kept.

    Args:
        bundle: the gems, which name the database's driver.
        family: the kind of app. Only Rails gets a database: others would take it for one that answers.
        bootsnap: where Bootsnap keeps what it compiles while rake runs. The cache of the image is made apart.
    """
    defaults = {"NODE_OPTIONS": _NODE_OPTIONS, "RACK_ENV": "production"}
    if family.is_rails:
        defaults |= {"RAILS_ENV": "production", "RAILS_GROUPS": "assets", "RAILS_LOG_TO_STDOUT": "enabled"}
        defaults |= build_secret(bundle, family)
        dummy = dummy_database_url(bundle.lock)
        if dummy:
            defaults["DATABASE_URL"] = dummy
    kept = {name: value for name, value in defaults.items() if name not in bundle.environment}
    return {**kept, "BOOTSNAP_CACHE_DIR": str(bootsnap)}


def keep_packages(bundle: Bundle) -> dict[str, str]:
    """Keep tasks from installing packages of Node.js that are there already, and npm from leaving logs in the app.

    jsbundling-rails and cssbundling-rails would install them anew over the Node.js buildpack's layer, and leave a copy
    of all of them in the app; npm writes a log of each script below HOME, which is the app directory.
    """
    defaults = {
        "SKIP_BUN_INSTALL": "1",
        "SKIP_YARN_INSTALL": "1",
        "npm_config_cache": "/tmp/offramp-npm",  # noqa: S108 - the sandbox's own; forgotten after the build
        "npm_config_update_notifier": "false",
    }
    return {name: value for name, value in defaults.items() if name not in bundle.environment}
