"""Translates one WebAssembly module to metered C. See tools/README.md."""


class Refused(Exception):
    """The module, or what was made of it, is not what the translator can vouch for."""
