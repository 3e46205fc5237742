"""Executed when a chapter's kernel starts: figures appear in their two themes."""

import warnings

import figures  # from docs/_ext, which the build puts on the path

figures.install()
warnings.simplefilter("error")
