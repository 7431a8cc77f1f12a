"""The pure core: values, rules and decisions, with no clock, disk or network.

Everything worth arguing about lives here as a function from values to values.
"""
