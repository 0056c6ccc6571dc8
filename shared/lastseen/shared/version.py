"""The version of this release, in one place: the build, both commands and the
server's stats read it.
"""

VERSION = "0.1.0"
