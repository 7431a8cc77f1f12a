"""What JUnit files may hold: the rules of the two schemas that readers of the format check against.

There is no standard. Jenkins' xUnit plugin refuses a file that its own schema does not allow (junit-10.xsd);
other validators use the schema of Ant's report task, which demands more of a suite. A file obeys both, but
for what Ant's has no place for: totals at the root, and a text beside a case that passed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

ANY, SOME = r"(?s:.*)", r"(?s:.*\S.*)"
COUNT = r"[0-9]+"
SECONDS = r"[0-9]+(\.[0-9]+)?"
WHEN = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"  # and no time zone
# Attributes by element: those that must be there, and those that may; each with what it must match.
MUST = {
    "testsuite": {
        "name": SOME,
        "package": SOME,
        "id": COUNT,
        "hostname": SOME,
        "timestamp": WHEN,
        "tests": COUNT,
        "failures": COUNT,
        "errors": COUNT,
        "time": SECONDS,
    },
    "testcase": {"name": SOME, "classname": SOME, "time": SECONDS},
    "property": {"name": SOME, "value": ANY},
    "failure": {"type": SOME},
    "error": {"type": SOME},
}
MAY = {
    "testsuites": {"name": ANY, "tests": COUNT, "failures": COUNT, "errors": COUNT, "time": SECONDS},
    "testsuite": {"skipped": COUNT},
    "failure": {"message": ANY},
    "error": {"message": ANY},
    "skipped": {"message": ANY, "type": ANY},
}
# What stands in an element, in this order.
INSIDE = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "properties": r"(property )*",
    "testcase": r"((skipped|error|failure) )?(system-out )?(system-err )?",
}
HOLD_TEXT = {"failure", "error", "skipped", "system-out", "system-err"}


def faults(node: Element, path: str = "") -> list[str]:
    """Return what a document does that no reader has to accept, each fault with its place."""
    here = f"{path}/{node.tag}"
    must, may = MUST.get(node.tag, {}), MAY.get(node.tag, {})
    found = [f"{here} lacks {name}" for name in must if name not in node.attrib]
    for name, value in node.attrib.items():
        pattern = {**must, **may}.get(name)
        if pattern is None:
            found.append(f"{here} knows no {name}")
        elif not re.fullmatch(pattern, value):
            found.append(f"{here} has {name}={value!r}")
    order = "".join(f"{child.tag} " for child in node)
    if not re.fullmatch(INSIDE.get(node.tag, ""), order):
        found.append(f"{here} holds {order.split()}")
    if node.tag not in HOLD_TEXT and (node.text or "").strip():
        found.append(f"{here} holds text")
    for child in node:
        found += faults(child, here)
    if node.tag == "testsuites" and not path:
        found += _miscounted(node)
    return found


def _miscounted(root: Element) -> list[str]:
    """Return the heads that do not say what stands below them."""
    found = [] if [suite.get("id") for suite in root] == [str(n) for n in range(len(root))] else ["ids"]
    for node in [root, *root]:
        cases = list(node.iter("testcase"))
        wanted = {"tests": len(cases)} | {
            f"{tag}s": sum(case.find(tag) is not None for case in cases) for tag in ("failure", "error")
        }
        if node is not root:
            wanted["skipped"] = sum(case.find("skipped") is not None for case in cases)
        found += [f"{node.tag} miscounts {key}" for key, n in wanted.items() if node.get(key) != str(n)]
    return found
