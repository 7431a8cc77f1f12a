"""Views: a value becomes text for people or one JSON document for programs.

Sums first, lists on request, and every view ends with the next sensible command. JSON documents carry
a `format` number; money in them is text, exact to the last digit. A module a kind of page.
"""
