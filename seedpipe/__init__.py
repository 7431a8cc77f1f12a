"""seedpipe: campaigns as code for AI image generation.

The package root holds nothing but the version, so that importing it costs nothing;
`seedpipe.app` is the table of contents.
"""

__version__ = "0.1.0"
