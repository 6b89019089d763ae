"""The generate part of detection: extensions write Dockerfiles that change the build image and the run image.

Spec: image_extension.md "Phase: Generation", platform.md "detector"; facts: reference ``phase/generator.go``.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from lifecycle_py.caches.tree_pool import remove_tree
from lifecycle_py.dockerfile.rules import DockerfileKind
from lifecycle_py.errors import BuildpackOutputError, ExtensionOutputError, GenerateFailedError
from lifecycle_py.extension_output import (
    OutputLayout,
    check_output,
    find_dockerfiles,
    ignore_dockerfile,
    lay_out,
)
from lifecycle_py.inputs import BuildUser, make_directory
from lifecycle_py.layers_dir import read_document
from lifecycle_py.oci.fingerprint import tree_fingerprint
from lifecycle_py.output import Reporter
from lifecycle_py.plan import buildpack_plan, without_met
from lifecycle_py.run_buildpack import BuildpackRunner
from lifecycle_py.session import Place
from lifecycle_py.spec.analyzed_toml import Analyzed, RunImage
from lifecycle_py.spec.api_versions import PLATFORM_API, ApiVersion, PlatformFeature, supports
from lifecycle_py.spec.build_toml import Build
from lifecycle_py.spec.buildpack_toml import Buildpack, read_extension
from lifecycle_py.spec.errors import ExplainedError
from lifecycle_py.spec.group_toml import GroupElement
from lifecycle_py.spec.plan_toml import Plan
from lifecycle_py.spec.run_toml import Run
from lifecycle_py.spec.toml_file import write_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class GenerateInputs:
    """What is generated for. ``generated`` must be writable for ``user`` inside of the runner's session.

    ``run`` has the run images the platform knows; switching to another one is warned about.
    """

    extensions: tuple[GroupElement, ...]
    plan: Plan
    generated: Place
    user: BuildUser
    run: Run = field(default_factory=Run)
    platform_api: ApiVersion = PLATFORM_API


@dataclass(frozen=True, kw_only=True, slots=True)
class Generated:
    """What extensions want: ``run_image`` names the image to switch to, or is empty.

    ``plan`` is what buildpacks still have to meet.
    """

    plan: Plan
    run_image: str = ""
    extend_run: bool = False
    extend_build: bool = False


def generate(inputs: GenerateInputs, runner: BuildpackRunner, reporter: Reporter) -> Generated:
    """Run ``bin/generate`` of each extension in order, and leave its Dockerfiles in ``inputs.generated``.

    Raises:
        GenerateFailedError: a ``bin/generate`` ended with an error (91).
        ExtensionOutputError: an extension left something the specification forbids, or changed the app (92).
    """
    layout = OutputLayout(generated=inputs.generated, app=runner.directories.app, platform_api=inputs.platform_api)
    remove_tree(inputs.generated.host)
    make_directory(inputs.generated.host, inputs.user)
    plan = inputs.plan
    for element in inputs.extensions:
        extension = read_extension(runner.directories.extension(element.id, element.version).host)
        output = _output_of(element, layout, runner)
        make_directory(output.host, inputs.user)
        _run(extension, plan, output, runner, reporter)
        for warning in check_output(element, output):
            reporter.warning(warning)
        plan = without_met(plan, element.id, _unmet(element, output), extension=True)
        if not layout.by_extension:
            lay_out(element, output, layout)
    return _conclude(inputs.extensions, plan, layout, reporter)


def with_generated(analyzed: Analyzed, generated: Generated, inputs: GenerateInputs, reporter: Reporter) -> Analyzed:
    """Give analyzed.toml with the run image extensions want, and whether it is to be extended.

    Nothing is known of the target of an image that was switched to; the restorer finds it out.
    """
    run_image, wanted = analyzed.run_image, generated.run_image
    # Compared as extension authors write it: a digest is part of what they want.
    known = run_image.image if supports(inputs.platform_api, PlatformFeature.TARGETS) else ""
    if wanted and wanted != known:
        if not any(wanted in choice.names for choice in inputs.run.images):
            reporter.warning(f"The run image '{wanted}' that an extension chose is none of those the platform names")
        reporter.step(f"Extensions switch the run image to {wanted}", run_image=wanted)
        run_image = RunImage(reference=wanted, image=wanted)
    return replace(analyzed, run_image=replace(run_image, extend=generated.extend_run))


def _output_of(element: GroupElement, layout: OutputLayout, runner: BuildpackRunner) -> Place:
    if layout.by_extension:
        return layout.directory(element, DockerfileKind.RUN)
    return runner.directories.scratch / f"generated-{element.id.replace('/', '_')}"


def _run(extension: Buildpack, plan: Plan, output: Place, runner: BuildpackRunner, reporter: Reporter) -> None:
    home = runner.home(extension)
    if not (home.host / "bin" / "generate").exists():
        # The extension is its own output, made beforehand.
        if (home.host / "generate").is_dir():
            shutil.copytree(home.host / "generate", output.host, symlinks=True, dirs_exist_ok=True)
        return
    app = runner.directories.app.host
    before = tree_fingerprint(app, "")
    plan_file = runner.directories.scratch / f"extension-plan-{extension.id.replace('/', '_')}.toml"
    write_toml(plan_file.host, buildpack_plan(plan, extension.id, extension=True).to_toml())
    name = str(extension)
    status = runner.generate(extension, output, plan_file, lambda line: reporter.output(line, extension=name))
    if not status.ok:
        raise GenerateFailedError(extension=name, status=str(status))
    if tree_fingerprint(app, "") != before:
        raise ExtensionOutputError(extension=name, problem="its bin/generate changed the app directory")


def _unmet(element: GroupElement, output: Place) -> tuple[str, ...]:
    try:
        return Build.from_toml(read_document(output, "build.toml")).unmet
    except BuildpackOutputError:
        raise
    except ExplainedError as error:
        raise ExtensionOutputError(extension=str(element), problem=str(error)) from error


def _conclude(extensions: Sequence[GroupElement], plan: Plan, layout: OutputLayout, reporter: Reporter) -> Generated:
    """Find the last switch of the run image, and set aside what it makes useless."""
    wanted, extend = "", False
    for one in reversed(find_dockerfiles(extensions, DockerfileKind.RUN, layout)):
        if wanted:
            ignore_dockerfile(one.extension, layout)
            reporter.detail(f"{one.extension}: its run.Dockerfile has no effect, a later one switches the run image")
            continue
        wanted, extend = one.purpose.base, extend or one.purpose.extends
    build = find_dockerfiles(extensions, DockerfileKind.BUILD, layout)
    return Generated(plan=plan, run_image=wanted, extend_run=extend, extend_build=bool(build))
