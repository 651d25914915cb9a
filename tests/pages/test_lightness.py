"""What imports cost: pages and charts load nothing heavy until something is made."""

import subprocess
import sys


def test_importing_pages_and_draw_loads_nothing_heavy() -> None:
    code = (
        "import sys, mlplab.pages, mlplab.draw\n"
        "heavy = {'altair', 'pandas', 'numpy', 'vl_convert', 'torch', 'scipy', 'markdown_it',"
        " 'math_core', 'sklearn'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
