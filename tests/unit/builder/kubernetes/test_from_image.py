"""What an image's labels and config say becomes a plan."""

from __future__ import annotations

import dataclasses
import json

import pytest

from builder.errors import ForeignImageError, NothingToRunError, NumericUserError, QuantityError, RootUserError
from builder.kubernetes.from_image import parse_user, plan_from_image
from builder.kubernetes.plan import Role, User
from builder.kubernetes.plan_json import plan_to_json
from lifecycle_py.errors import ProcessNotFoundError
from lifecycle_py.oci.model import ImageConfig
from lifecycle_py.spec.errors import InvalidIdentifierError
from lifecycle_py.spec.image_labels import BUILD_METADATA_LABEL
from tests.unit.builder.kubernetes.samples import SHOP, app_image, plan_of, request


def test_quantities_are_herokus_first_formation() -> None:
    """One web process, and none of any other."""
    quantities = {process.type: process.quantity for process in plan_of(SHOP).processes}

    assert quantities == {"web": 1, "celery-beat": 0, "worker": 0}


def test_quantities_scaled() -> None:
    """What the user scales is what is planned, and the plan says that it was the user."""
    plan = plan_of(SHOP, worker=3)

    assert [process.quantity for process in plan.processes] == [1, 0, 3]
    assert plan.sources["processes/worker/quantity"] == "command line: --scale worker=3"


def test_quantities_of_unknown_process() -> None:
    """Scaling a process that is not kept running is an error that names the nearest."""
    with pytest.raises(ProcessNotFoundError) as caught:
        plan_of(SHOP, wroker=1)

    assert caught.value.explain().fix == ("Did you mean 'worker'?",)


def test_quantities_of_clock() -> None:
    """Two clocks would start everything twice."""
    with pytest.raises(QuantityError):
        plan_from_image(request(app_image(SHOP), quantities={"celery-beat": 2}))


@pytest.mark.parametrize(
    ("process_type", "role"),
    [
        ("web", Role.WEB),
        ("web-admin", Role.WORKER),
        ("clock", Role.CLOCK),
        ("Clock", Role.CLOCK),
        ("celery_beat", Role.CLOCK),
        ("mail.scheduler", Role.CLOCK),
        ("cron-worker", Role.WORKER),
    ],
)
def test_role_by_name(process_type: str, role: Role) -> None:
    """Only 'web' is web; a process is a clock by its last word."""
    assert [process.role for process in plan_of([process_type]).processes] == [role]


def test_only_web_has_a_port() -> None:
    """PORT is set where requests arrive and nowhere else, as on Heroku."""
    environments = {process.type: dict(process.run.env) for process in plan_of(["web", "worker"]).processes}

    assert environments == {"web": {"PORT": "8080"}, "worker": {}}


def test_release_and_tools_are_not_kept_running() -> None:
    """The release is planned apart, and what is started by hand is left out with the reason."""
    plan = plan_of(SHOP)

    assert plan.release is not None
    assert plan.release.run.command == "python manage.py migrate"
    assert [(one.type, one.reason) for one in plan.skipped] == [
        ("console", "a tool to start by hand, which Heroku never keeps running")
    ]


@pytest.mark.parametrize(
    ("exec_env", "kept"),
    [((), True), (("production",), True), (("test", "production"), True), (("*",), True), (("test",), False)],
)
def test_execution_environment(exec_env: tuple[str, ...], kept: bool) -> None:  # noqa: FBT001
    """A process that is for other execution environments only is left out."""
    base = app_image(["web"])
    metadata = json.loads(base.labels[BUILD_METADATA_LABEL])
    metadata["processes"].append({"type": "probe", "command": ["p"], "direct": True, "exec-env": list(exec_env)})
    config = dataclasses.replace(base, labels={**base.labels, BUILD_METADATA_LABEL: json.dumps(metadata)})

    plan = plan_from_image(request(config))

    assert ("probe" in {process.type for process in plan.processes}) is kept
    assert ("probe" in {process.type for process in plan.skipped}) is not kept


def test_every_value_has_a_source() -> None:
    """Each leaf of the plan has an origin: its own, or that of the value it is part of."""
    plan = plan_of(SHOP)
    document = json.loads(plan_to_json(plan))
    sources = document.pop("sources")

    missing = [path for path in _leaves(document) if not any(_within(path, known) for known in sources)]

    assert missing == ["apiVersion"]


def test_user_with_and_without_group() -> None:
    """The group is the image's own to know when its config names none."""
    assert parse_user("1000:1001").value == User(uid=1000, gid=1001)
    assert parse_user("1000").value == User(uid=1000)


@pytest.mark.parametrize("user", ["heroku", "1000:heroku", "1000:", "-1", "²"])
def test_user_by_name(user: str) -> None:
    """A cluster cannot look up names in the image, so a name is refused; an empty group is none."""
    if user == "1000:":
        assert parse_user(user).value == User(uid=1000)
        return
    with pytest.raises(NumericUserError):
        parse_user(user)


@pytest.mark.parametrize("user", ["", "root", "0", "0:0", "00", ":5", "root:root"])
def test_user_root(user: str) -> None:
    """Root is refused in each of its spellings, since its pods would be."""
    with pytest.raises(RootUserError):
        parse_user(user)


def test_image_without_label() -> None:
    """An image no buildpack made is told apart from one without processes."""
    with pytest.raises(ForeignImageError):
        plan_from_image(request(ImageConfig(user="1000")))


@pytest.mark.parametrize("types", [[], ["console"]])
def test_nothing_to_run(types: list[str]) -> None:
    """An image with nothing to keep running is an error."""
    with pytest.raises(NothingToRunError):
        plan_of(types)


def test_process_type_that_is_a_path() -> None:
    """A label cannot bring a path or a substitution into a command."""
    with pytest.raises(InvalidIdentifierError):
        plan_of(["$(HOME)/../x"])


def _leaves(value: object, path: str = "") -> list[str]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in _leaves(item, f"{path}/{key}" if path else str(key))]
    if isinstance(value, list) and all(isinstance(item, dict) and "type" in item for item in value):
        return [leaf for item in value for leaf in _leaves(item, f"{path}/{item['type']}")]
    return [path]


def _within(path: str, known: str) -> bool:
    return path == known or path.startswith(f"{known}/")
