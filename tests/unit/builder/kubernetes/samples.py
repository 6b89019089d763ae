"""Images as buildpacks leave them, without an image."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping

from builder.images.processes import PROCFILE_LABEL
from builder.kubernetes.defaults import Sourced
from builder.kubernetes.from_image import TranslateRequest, plan_from_image
from builder.kubernetes.plan import Plan
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.spec.image_labels import BUILD_METADATA_LABEL

DIGEST = "sha256:" + "12345e678901" + "0" * 52
SHOP = {
    "web": "gunicorn shop.wsgi",
    "worker": "python manage.py worker",
    "celery-beat": "celery -A shop beat",
    "release": "python manage.py migrate",
    "console": "python manage.py shell",
}


def app_image(
    processes: Mapping[str, str] | Iterable[str], *, user: str = "1000:1000", exec_env: tuple[str, ...] = ()
) -> ImageConfig:
    """Make the config of an app image with a Procfile of these lines, or of these types."""
    lines = dict(processes) if isinstance(processes, Mapping) else dict.fromkeys(processes, "run it")
    metadata = {
        "processes": [
            {
                "type": one,
                "command": ["bash", "-c"],
                "args": [f"exec {command}"],
                "direct": True,
                "buildpackID": "offramp/procfile",
                "exec-env": list(exec_env),
            }
            for one, command in lines.items()
        ],
    }
    written = [{"type": one, "key": one, "command": command, "line": 1} for one, command in lines.items()]
    labels = {BUILD_METADATA_LABEL: json.dumps(metadata), PROCFILE_LABEL: json.dumps(written)}
    return ImageConfig(user=user, labels=labels)


def request(config: ImageConfig, *, app: str = "shop", quantities: Mapping[str, int] | None = None) -> TranslateRequest:
    """Ask for the translation of an image, as the command line would."""
    return TranslateRequest(
        app=Sourced(app, "test"),
        reference=Sourced(f"registry.example/team/shop@{DIGEST}", "test"),
        digest=Sourced(DIGEST, "test"),
        config=config,
        quantities=quantities or {},
    )


def plan_of(processes: Mapping[str, str] | Iterable[str], *, app: str = "shop", **quantities: int) -> Plan:
    """Plan an app of these processes."""
    return plan_from_image(request(app_image(processes), app=app, quantities=quantities))
