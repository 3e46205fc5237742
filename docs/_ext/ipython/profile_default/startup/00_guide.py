"""Executed when a chapter's kernel starts: figures in two themes, warnings as errors."""

import warnings

import figures  # from docs/_ext, which the build puts on the path

figures.install()
warnings.filterwarnings("error", module="__main__")
