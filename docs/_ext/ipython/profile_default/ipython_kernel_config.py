"""Settings of the kernels that run the cells of a chapter."""

c = get_config()  # noqa: F821 - IPython passes it to its settings files
c.IPKernelApp.log_level = "ERROR"
