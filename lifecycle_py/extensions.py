"""Extensions within one build: their Dockerfiles are generated, then build image and run image are changed by them.

Spec: image_extension.md; platform.md "detector", "extender". The same steps are programs of their own for platforms
that run phases in containers: the detector generates, the restorer fetches, the extender extends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace

from lifecycle_py.analyzer import Analysis, image_target
from lifecycle_py.detector import Detected
from lifecycle_py.dockerfile.rules import DockerfileKind
from lifecycle_py.environment import inherited
from lifecycle_py.errors import ExtensionsUnsupportedError
from lifecycle_py.extender import ExtendedImages, ExtendInputs, ExtendPorts, extend
from lifecycle_py.extension_output import OutputLayout, find_dockerfiles
from lifecycle_py.generator import Generated, GenerateInputs, generate, with_generated
from lifecycle_py.image_root import ImageRoots
from lifecycle_py.inputs import BuildUser, ExtendedRunImage
from lifecycle_py.oci.blobs import BlobDirectory
from lifecycle_py.oci.compression import Compression
from lifecycle_py.oci.errors import ImageNotFoundError
from lifecycle_py.oci.model import Image
from lifecycle_py.oci.store import FoundImage
from lifecycle_py.output import Reporter
from lifecycle_py.run_buildpack import BuildpackRunner
from lifecycle_py.session import Session
from lifecycle_py.spec.api_versions import ApiVersion
from lifecycle_py.spec.plan_toml import Plan
from lifecycle_py.spec.run_toml import Run
from lifecycle_py.spec.toml_file import write_toml


@dataclass(frozen=True, kw_only=True, slots=True)
class ImageExtender:
    """What it takes to change images.

    ``open_session`` opens the place buildpacks run in anew, over another build image; ``find_run_image`` finds an
    image by the name an extension gave; ``cache`` keeps extended images.
    """

    build_image: Image
    roots: ImageRoots
    cache: ExtendedImages | None
    find_run_image: Callable[[str], FoundImage | None]
    open_session: Callable[[Image], AbstractContextManager[Session]]


@dataclass(frozen=True, kw_only=True, slots=True)
class ExtensionInputs:
    """What the build is like that extensions take part in."""

    user: BuildUser
    compression: Compression
    platform_api: ApiVersion
    blobs: BlobDirectory
    run: Run


@dataclass(frozen=True, kw_only=True, slots=True)
class AfterExtensions:
    """How the build goes on: the plan left to buildpacks, the images to work with, and who runs buildpacks."""

    plan: Plan
    analysis: Analysis
    runner: BuildpackRunner
    run_image: ExtendedRunImage | None = None


@contextmanager
def apply_extensions(
    detected: Detected,
    before: AfterExtensions,
    inputs: ExtensionInputs,
    extender: ImageExtender | None,
    reporter: Reporter,
) -> Iterator[AfterExtensions]:
    """Generate and extend; what is given holds as long as the block lasts.

    Raises:
        ExtensionsUnsupportedError: the group has extensions, and there is no ``extender``.
        GenerateFailedError, ExtensionOutputError, ExtendFailedError, RootUserError: an extension failed.
        ImageNotFoundError: a run image that an extension names is not there.
    """
    if not detected.group.extensions:
        yield before
        return
    if extender is None:
        raise ExtensionsUnsupportedError(extensions=tuple(map(str, detected.group.extensions)))
    applying = _Applying(detected, before.runner, inputs, extender, reporter)
    generated = applying.generate()
    analysis = applying.switch(before.analysis, generated)
    run_image = applying.extend(DockerfileKind.RUN, analysis.run_image.image) if generated.extend_run else None
    build_image = applying.extend(DockerfileKind.BUILD, extender.build_image) if generated.extend_build else None
    target = replace(before.runner.target, target=image_target(analysis.run_image.image.config))
    runner = replace(before.runner, target=target)
    opening = extender.open_session(build_image.image) if build_image else nullcontext(runner.session)
    with opening as session:
        if build_image:
            variables = build_image.image.config.environment()
            environment = inherited({name: value.encode() for name, value in variables.items()})
            runner = replace(runner, session=session, base_env=environment)
        yield AfterExtensions(plan=generated.plan, analysis=analysis, runner=runner, run_image=run_image)


class _Applying:
    """The extensions of one group."""

    def __init__(
        self,
        detected: Detected,
        runner: BuildpackRunner,
        inputs: ExtensionInputs,
        extender: ImageExtender,
        reporter: Reporter,
    ) -> None:
        self._runner = runner
        self._inputs = inputs
        self._extender = extender
        self._reporter = reporter
        self._layers = runner.directories.layers
        self._generate = GenerateInputs(
            extensions=detected.group.extensions,
            plan=detected.plan,
            generated=self._layers / "generated",
            user=inputs.user,
            run=inputs.run,
            platform_api=inputs.platform_api,
        )

    def generate(self) -> Generated:
        generated = generate(self._generate, self._runner, self._reporter)
        write_toml(self._layers.host / "plan.toml", generated.plan.to_toml())
        return generated

    def switch(self, analysis: Analysis, generated: Generated) -> Analysis:
        """Find the run image extensions want, and note it in analyzed.toml."""
        analyzed = with_generated(analysis.analyzed, generated, self._generate, self._reporter)
        found = analysis.run_image
        if analyzed.run_image.image != analysis.analyzed.run_image.image:
            name = analyzed.run_image.image
            wanted = self._extender.find_run_image(name)
            if wanted is None:
                raise ImageNotFoundError(reference=name, place="the run image's store")
            found = wanted
            run_image = replace(analyzed.run_image, reference=found.reference, target=image_target(found.image.config))
            analyzed = replace(analyzed, run_image=run_image)
        write_toml(self._layers.host / "analyzed.toml", analyzed.to_toml())
        return replace(analysis, analyzed=analyzed, run_image=found)

    def extend(self, kind: DockerfileKind, image: Image) -> ExtendedRunImage:
        """Apply the Dockerfiles of one kind."""
        layout = OutputLayout(
            generated=self._generate.generated,
            app=self._runner.directories.app,
            platform_api=self._inputs.platform_api,
        )
        dockerfiles = find_dockerfiles(self._generate.extensions, kind, layout)
        inputs = ExtendInputs(kind=kind, image=image, dockerfiles=dockerfiles, compression=self._inputs.compression)
        ports = ExtendPorts(
            roots=self._extender.roots,
            blobs=self._inputs.blobs,
            cache=self._extender.cache,
            reporter=self._reporter,
        )
        return extend(inputs, ports)
