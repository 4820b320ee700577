"""Every link of the documentation leads somewhere, and every row of a fault table to the tests that it names.

A part of a cell of tests, up to a semicolon, has links and the names of tests, in backticks or quotes, that are found
in the linked files. A file that is one test as a whole is linked by its own name.
"""

from __future__ import annotations

import posixpath
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

import pytest

ROOT = Path(__file__).resolve().parents[2]
FAULTS = "docs/operations.md"
LINK = re.compile(r"\[([^\]]*)\]\(([^)\s]+)\)")
# Of an image that is a link, both.
TARGET = re.compile(r"\]\(([^)\s]+)\)")
NAME = re.compile(r"`([^`]+)`|\"([^\"]+)\"")


@dataclass
class Tree:
    """Files by their paths, and how they are read."""

    names: list[str]
    read: Callable[[str], str]

    def under(self, path: str) -> list[str]:
        """The file of that path, or all files of that directory."""
        return [name for name in self.names if name == path or name.startswith(f"{path}/")]


def tracked() -> Tree:
    """The project's own, as git knows them."""
    told = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return Tree(told.splitlines(), lambda name: (ROOT / name).read_text(encoding="utf-8"))


def prose(text: str) -> str:
    """What is not code."""
    return re.sub(r"^( *)(```|~~~).*?^ *\2 *$", "", text, flags=re.MULTILINE | re.DOTALL)


def anchors(text: str) -> set[str]:
    """What the headings of a page are called in links to them."""
    found: list[str] = []
    for heading in re.findall(r"^#{1,6} +(.+?) *#*$", prose(text), re.MULTILINE):
        shown = LINK.sub(r"\1", heading).lower()
        found.append(re.sub(r"[^\w\- ]", "", shown).replace(" ", "-"))
    return {name if not (times := found[:at].count(name)) else f"{name}-{times}" for at, name in enumerate(found)}


def place(page: str, target: str) -> str:
    """Where in the tree the target of a link leads."""
    path = unquote(target.partition("#")[0])
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), path)) if path else page


def broken_links(tree: Tree, page: str) -> Iterator[str]:
    """The links of a page that lead nowhere; those to other sites are not looked at."""
    for target in TARGET.findall(re.sub(r"`[^`\n]*`", "", prose(tree.read(page)))):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        where, anchor = place(page, target), target.partition("#")[2]
        if not tree.under(where):
            yield f"{page}: {target} is not in the tree"
        elif anchor and (not where.endswith(".md") or anchor not in anchors(tree.read(where))):
            yield f"{page}: {target} is no heading"


def tables(text: str) -> Iterator[list[list[str]]]:
    """The tables of a page: their cells, row by row, without the line under the header."""
    for block in re.findall(r"(?:^\|.*\n?)+", prose(text), re.MULTILINE):
        rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in block.splitlines()]
        yield [rows[0], *rows[2:]]


def fault_tables(text: str) -> list[list[list[str]]]:
    """Those that name tests in their last column."""
    return [table for table in tables(text) if table[0][-1] in ("test", "tests")]


def unproven(tree: Tree, page: str) -> Iterator[str]:
    """What the fault tables of a page say of tests without its being so."""
    for table in fault_tables(tree.read(page)):
        for row in table[1:]:
            for part in row[-1].split(";"):
                for wrong in unproven_part(tree, page, part):
                    yield f"{page}: {row[0]}: {wrong}"


def unproven_part(tree: Tree, page: str, part: str) -> Iterator[str]:
    """The same of links and the names that go with them."""
    names = ["".join(pair) for pair in NAME.findall(LINK.sub("", part))]
    linked = {place(page, target): shown for shown, target in LINK.findall(part)}
    homes = {where: [name for name in names if is_named(tree, where, name)] for where in linked}
    if not linked:
        yield f'"{part.strip()}" has no link'
    for name in names:
        if linked and not any(name in found for found in homes.values()):
            yield f'"{name}" is in none of {", ".join(linked)}'
    for where, shown in linked.items():
        if not homes[where] and (names or shown != posixpath.basename(where)):
            yield f"no test of {where} is named"


def is_named(tree: Tree, where: str, name: str) -> bool:
    """Whether a file, or one under a directory, has a test of that name, which is no part of a longer word."""
    whole = re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
    return any(whole.search(tree.read(file)) for file in tree.under(where))


TREE = tracked()


@pytest.mark.parametrize("page", [name for name in TREE.names if name.endswith(".md")])
def test_every_link_leads_to_a_file_or_a_heading(page: str) -> None:
    assert list(broken_links(TREE, page)) == []


def test_every_fault_table_names_its_tests() -> None:
    text = TREE.read(FAULTS)
    faults = [table for table in tables(text) if table[0][0] == "fault"]
    assert len(faults) == 2
    assert all(table in fault_tables(text) for table in faults)
    hosts = {table[0][0] for table in fault_tables(text)}
    assert hosts == {"fault", "Python", "Node", "Go", "C and C++"}


def test_every_row_of_a_fault_table_leads_to_the_tests_that_it_names() -> None:
    assert list(unproven(TREE, FAULTS)) == []


PAGES = {
    "docs/a.md": "# One `word`: two\n\n## Again\n\n## Again\n\n```sh\n# no heading\n[none](none.md)\n```\n",
    "docs/tests/b.py": 'def test_one(): "what is quoted"\n',
    "docs/tests/c.sh": "",
}


@pytest.mark.parametrize(
    ("link", "wrong"),
    [
        ("a.md", ""),
        ("a.md#one-word-two", ""),
        ("#again", ""),
        ("#again-1", ""),
        ("tests/b.py", ""),
        ("tests", ""),
        ("../docs/a.md", ""),
        ("https://example.com/none.md", ""),
        ("b.md", "is not in the tree"),
        ("test", "is not in the tree"),
        ("/docs/a.md", "is not in the tree"),
        ("a.md#one", "is no heading"),
        ("#again-2", "is no heading"),
        ("#no-heading", "is no heading"),
        ("tests#again", "is no heading"),
    ],
)
def test_a_broken_link_is_seen(link: str, wrong: str) -> None:
    pages = PAGES | {"docs/a.md": f"{PAGES['docs/a.md']}\n`[code](none.md)` and [a link]({link})\n"}
    found = list(broken_links(Tree(list(pages), pages.__getitem__), "docs/a.md"))
    assert [each.removeprefix(f"docs/a.md: {link} ") for each in found] == ([wrong] if wrong else [])


@pytest.mark.parametrize(
    ("cell", "wrong"),
    [
        ("[b](tests/b.py) `test_one`", []),
        ('[b](tests/b.py) `test_one`, "what is quoted"', []),
        ("[all](tests) `test_one`; [c.sh](tests/c.sh)", []),
        ("`test_one`", ['"`test_one`" has no link']),
        ("", ['"" has no link']),
        ("[b](tests/b.py) `test_one`; as above", ['"as above" has no link']),
        (
            "[b](tests/b.py) `test_on`",
            ['"test_on" is in none of docs/tests/b.py', "no test of docs/tests/b.py is named"],
        ),
        ("[b](tests/b.py) and [c](tests/c.sh) `test_one`", ["no test of docs/tests/c.sh is named"]),
        ("[b](tests/b.py)", ["no test of docs/tests/b.py is named"]),
    ],
)
def test_a_row_without_its_test_is_seen(cell: str, wrong: list[str]) -> None:
    table = f"| fault | tests |\n|---|---|\n| it fails | {cell} |\n"
    pages = PAGES | {"docs/a.md": f"text\n\n{table}\ntext\n"}
    found = list(unproven(Tree(list(pages), pages.__getitem__), "docs/a.md"))
    assert [each.removeprefix("docs/a.md: it fails: ") for each in found] == wrong
