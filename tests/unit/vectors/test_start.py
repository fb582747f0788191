"""Starting costs nothing until the index is used."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from service.vectors.reader import IndexReader
from service.vectors.upkeep import Upkeep
from service.vectors.writer import IndexWriter

IndexReader("db").close()
IndexWriter("db").close()
print(*{"lancedb", "pyarrow"} & set(sys.modules))
"""


def test_no_import_before_first_use() -> None:
    """Neither importing this package nor opening an index loads LanceDB or Arrow."""
    ran = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == []
