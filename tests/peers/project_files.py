"""What the files of a Salesforce DX project declare, read without Landfall: objects, fields, value sets, record types."""

import fnmatch
import json
import re
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from urllib.parse import unquote

ALWAYS_IGNORED = ("*.dup", "package2-descriptor.json", "package2-manifest.json")


class Node:
    """An XML element without its namespace."""

    def __init__(self, element):
        self.element = element

    def all(self, name):
        """The children of this name."""
        return [Node(child) for child in self.element if child.tag.rsplit("}", 1)[-1] == name]

    def one(self, name):
        """The first child of this name; none if there is none."""
        found = self.all(name)
        return found[0] if found else None

    def text(self, name, otherwise=None):
        """The text of that child, without blanks around it."""
        found = self.one(name)
        return otherwise if found is None or found.element.text is None else found.element.text.strip()

    def raw(self, name):
        """The text of that child as it is."""
        found = self.one(name)
        return None if found is None else "".join(found.element.itertext())

    def says(self, name):
        """Whether that child is true."""
        return self.text(name) == "true"


def parsed(path):
    """The root of a file; none if it is not well-formed. Comments may come before the declaration, as readers of the
    service and its clients have it."""
    content = path.read_bytes()
    try:
        return Node(ElementTree.fromstring(content[max(content.find(b"<?xml"), 0) :]))
    except ElementTree.ParseError:
        return None


class Ignored:
    """The rules of a `.forceignore`, as far as projects use them."""

    def __init__(self, folder):
        self.rules = []
        file = folder / ".forceignore"
        lines = file.read_text(errors="replace").splitlines() if file.exists() else []
        for line in map(str.strip, lines):
            if line and not line.startswith("#"):
                kept = line.startswith("!")
                self.rules.append((self._pattern(line[1:] if kept else line), kept))

    @staticmethod
    def _pattern(line):
        anchored = "/" in line.rstrip("/")
        line = line.strip("/")
        text = ""
        for part in re.split(r"(\*\*/|\*\*|\*|\?|\[[^\]]*\])", line):
            text += {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part) or (
                part if part.startswith("[") else re.escape(part)
            )
        return re.compile(("" if anchored else "(?:.*/)?") + text + "(?:/.*)?$")

    def has(self, path):
        """Whether a path of the project is left out."""
        parts = path.split("/")
        if any(part.startswith(".") for part in parts):
            return True
        if any(fnmatch.fnmatch(parts[-1], pattern) for pattern in ALWAYS_IGNORED):
            return True
        ignored = False
        for pattern, kept in self.rules:
            if pattern.match(path):
                ignored = not kept
        return ignored


class Declared:
    """An object with what files say of it."""

    def __init__(self, name):
        self.name = name
        self.file = None
        self.fields = {}
        self.record_types = {}
        self.rules = {}


class Project:
    """All that a project declares."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.objects = {}
        self.value_sets = {}
        self.standard_value_sets = {}
        self.records = {}
        self.namespace = None
        self.ignored = Ignored(self.folder)
        for directory in self._directories():
            for path in sorted(directory.rglob("*")):
                relative = path.relative_to(self.folder).as_posix()
                if path.is_file() and not self.ignored.has(relative):
                    self._file(path)

    def _directories(self):
        file = self.folder / "sfdx-project.json"
        if not file.exists():
            return [self.folder]
        project = json.loads(file.read_text(encoding="utf-8-sig"))
        self.namespace = project.get("namespace") or None
        listed = [self.folder / entry["path"] for entry in project.get("packageDirectories") or []]
        present = [directory for directory in listed if directory.is_dir()]
        return present or [self.folder / "src"]

    def own(self, name):
        """A name without the namespace of the project."""
        prefix = f"{self.namespace}__"
        return name[len(prefix) :] if self.namespace and name.startswith(prefix) else name

    def bare(self, text):
        """A text with the names of the project as the org has them: without the namespace."""
        return re.sub(rf"\b{self.namespace}__(?=[A-Za-z])", "", text) if self.namespace and text else text

    def _object(self, name):
        return self.objects.setdefault(self.own(name), Declared(self.own(name)))

    def _file(self, path):
        name = path.name
        if name.endswith((".object-meta.xml", ".object")):
            root = parsed(path)
            if root is not None:
                self._whole(unquote(name.split(".object")[0]), root)
        elif name.endswith(".field-meta.xml"):
            self._part(path, "fields")
        elif name.endswith(".recordType-meta.xml"):
            self._part(path, "record_types")
        elif name.endswith(".validationRule-meta.xml"):
            self._part(path, "rules")
        elif ".globalValueSet" in name and (root := parsed(path)) is not None:
            self.value_sets[unquote(name.split(".globalValueSet")[0])] = root
        elif ".standardValueSet" in name and (root := parsed(path)) is not None:
            self.standard_value_sets[unquote(name.split(".standardValueSet")[0])] = root
        elif path.parent.name == "customMetadata" and ".md" in name:
            kind = name.split(".")[0]
            self.records.setdefault(self.own(kind) + "__mdt", []).append(unquote(name.split(".")[1]))

    def _whole(self, name, root):
        declared = self._object(name)
        declared.file = root
        for kind, tag in (("fields", "fields"), ("record_types", "recordTypes"), ("rules", "validationRules")):
            for part in root.all(tag):
                if part.text("fullName") and len(list(part.element)) > 1:
                    getattr(declared, kind)[self.own(part.text("fullName"))] = part

    def _part(self, path, kind):
        root = parsed(path)
        if root is None:
            return
        name = root.text("fullName") or unquote(path.name.split(".")[0])
        getattr(self._object(path.parent.parent.name), kind)[self.own(name)] = root


def values(field, project):
    """The values of a picklist as its file lists them: (value, label, default) of the active ones; none if it has no list."""
    value_set = field.one("valueSet")
    old = field.one("picklist")
    if old is not None:
        return [(v.text("fullName"), v.text("fullName"), v.says("default")) for v in old.all("picklistValues")]
    if value_set is None:
        return None
    definition = value_set.one("valueSetDefinition")
    if definition is not None:
        listed = definition.all("value")
    elif value_set.text("valueSetName") in project.value_sets:
        listed = project.value_sets[value_set.text("valueSetName")].all("customValue")
    else:
        return None
    return [
        (v.text("fullName"), v.text("label") or v.text("fullName"), v.says("default"))
        for v in listed
        if v.text("isActive") != "false"
    ]
