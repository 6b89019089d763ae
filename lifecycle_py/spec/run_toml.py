"""run.toml: the run images a platform offers, each with the mirrors that hold the same image.

Spec: platform.md "run.toml" (Platform API 0.12 and newer; before, "stack.toml" has one).
"""

from __future__ import annotations

from dataclasses import dataclass

from lifecycle_py.spec.toml_file import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class RunImageChoice:
    """A run image by name, and the other names it can be had by. An empty name is no choice."""

    image: str = ""
    mirrors: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Give every name, the image's own first."""
        return (self.image, *self.mirrors) if self.image else ()

    @classmethod
    def from_toml(cls, table: Table) -> RunImageChoice:
        """Read one ``[[images]]`` entry."""
        return cls(image=table.text("image", ""), mirrors=table.texts("mirrors"))

    def to_json(self) -> dict[str, object]:
        """Give the form of the lifecycle label, leaving out what is empty."""
        data: dict[str, object] = {}
        if self.image:
            data["image"] = self.image
        if self.mirrors:
            data["mirrors"] = list(self.mirrors)
        return data


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """The document."""

    images: tuple[RunImageChoice, ...] = ()

    @classmethod
    def from_toml(cls, document: Table) -> Run:
        """Read a run.toml."""
        return cls(images=tuple(RunImageChoice.from_toml(table) for table in document.tables("images")))

    @classmethod
    def from_stack_toml(cls, document: Table) -> Run:
        """Read a stack.toml, which says the same of one run image (Platform API before 0.12)."""
        choice = RunImageChoice.from_toml(document.table("run-image"))
        return cls(images=(choice,) if choice.image else ())
