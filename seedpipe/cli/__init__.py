"""The command line: click commands, views from values to text or JSON, and the one error boundary.

Data goes to stdout, everything else to stderr. Nothing heavy is imported before a command needs it, so that
`seedpipe --help` answers at once.
"""
