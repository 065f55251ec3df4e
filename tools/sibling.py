# SPDX-License-Identifier: MIT
"""For the tools that use each other: they are programs first, so their files have no ending that import knows."""
import importlib.machinery
import importlib.util
import os


def tool(name):
    """The tool of this folder by that name, as a module."""
    loader = importlib.machinery.SourceFileLoader(name, os.path.join(os.path.dirname(os.path.abspath(__file__)), name))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    loader.exec_module(module)
    return module
